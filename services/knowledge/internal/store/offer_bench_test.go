package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

const (
	benchTeams     = 1_000
	benchObstacles = 10 // for each team
	vocabulary     = 3_000
)

// said is a text of so many words of a vocabulary in which, as in any language, few words are used often (Zipf).
func said(r *rand.Rand, words int) string {
	text := make([]string, words)
	for i := range text {
		rank := zipf(r)
		text[i] = fmt.Sprintf("word%c%c%c", 'a'+rank%26, 'a'+rank/26%26, 'a'+rank/676)
	}
	return strings.Join(text, " ")
}

// zipf draws the rank of a word: the k-th is used about 1/k as often as the first. The first ones are left out: they would be "the".
func zipf(r *rand.Rand) int {
	const first = 50
	return int(math.Exp(math.Log(first)+r.Float64()*math.Log(vocabulary/first))) - first
}

// BenchmarkOffer publishes one learning, of 40 words, while 1,000 teams have 10 obstacles of 12 words each, half of the teams have said
// something about themselves, and finds and makes its offers.
func BenchmarkOffer(b *testing.B) {
	for _, engine := range dbtest.Engines {
		b.Run(string(engine), func(b *testing.B) {
			m := openMarket(b, engine)
			r := rand.New(rand.NewPCG(1, 2)) // the same texts in every run
			for t := range benchTeams {
				m.do(func(tx *eventlog.Tx) error {
					id := fmt.Sprintf("team%04d", t)
					all := []domain.Circumstance{
						{Kind: domain.ActiveTeam, Name: "teams/" + id, Team: "teams/" + id, Holds: true},
						{Kind: domain.TeamProcess, Name: "teams/" + id + "/valueStreams/v", Team: "teams/" + id, Text: said(r, 2), Holds: true},
					}
					for o := range benchObstacles {
						all = append(all, obstacle(id, fmt.Sprint("o", o), said(r, 12), o == 0))
					}
					for _, c := range all {
						if err := store.Note(tx, c, m.clock.Now(), 1); err != nil {
							return err
						}
					}
					if t%2 == 0 {
						return nil
					}
					_, err := store.Settings.Create(tx, &domain.Settings{
						Name: "teams/" + id + "/knowledgeSettings", Context: domain.Context{Process: said(r, 2)}, MutedTags: []string{"muted"},
					}, domain.KnowledgeSettingsUpdated)
					return err
				})
			}
			learnings := 0
			for name, similarity := range map[string]float64{"nobody is like it": 0.99, "the default": 0.2} {
				m.rules(func(r *domain.OfferRules) { r.Similarity = similarity })
				b.Run(name, func(b *testing.B) {
					n, before := 0, m.events(domain.OfferMade)
					for b.Loop() {
						b.StopTimer()
						n++
						learnings++
						l := m.published(fmt.Sprint("l", learnings), said(r, 12))
						l.Situation, l.Context.Process = said(r, 28), said(r, 2)
						m.publish(l)
						b.StartTimer()
						m.do(func(tx *eventlog.Tx) error { return store.MakeOffers(tx, l.Name) })
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(n), "ms/learning")
					b.ReportMetric(float64(m.events(domain.OfferMade)-before)/float64(n), "offers/learning")
				})
			}
		})
	}
}

// BenchmarkNote takes in obstacles of 12 words, as they come after a downtime: in transactions of 100 events.
func BenchmarkNote(b *testing.B) {
	for _, engine := range dbtest.Engines {
		b.Run(string(engine), func(b *testing.B) {
			m := openMarket(b, engine)
			r := rand.New(rand.NewPCG(1, 2)) // the same texts in every run
			n := 0
			for b.Loop() {
				m.do(func(tx *eventlog.Tx) error {
					for range 100 {
						n++
						if err := store.Note(tx, obstacle(fmt.Sprint("team", n%1000), fmt.Sprint("o", n), said(r, 12), false), m.clock.Now(), 1); err != nil {
							return err
						}
					}
					return nil
				})
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
