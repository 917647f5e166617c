package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Whatever is published, answered, taken up, retired and left alone, in whatever order: the rules alone never open more offers than a team
// wants, no room stays empty while something waits, and nothing is offered twice.
func TestOpenOffersNeverExceedTheirNumber(t *testing.T) {
	m := openMarket(t, db.SQLite)
	const most = 2
	m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers, r.AnswerDays = most, 2 })
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		team, tag, learnings := fmt.Sprint("team", run), fmt.Sprint("tag", run), 0
		m.teams(team)
		m.settings(team, domain.Settings{FollowedTags: []string{tag}})
		learning := func(t *rapid.T) string {
			return fmt.Sprintf("l%d-%d", run, rapid.IntRange(0, max(learnings-1, 0)).Draw(t, "learning"))
		}
		refused := func(err error, reasons ...string) {
			if err != nil && !slices.Contains(reasons, fault.From(err).Reason) {
				t.Fatalf("%v", err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				m.settle()
				byRule, open, waiting, names := 0, 0, 0, map[string]bool{}
				for _, o := range m.offers(team) {
					switch {
					case names[o.Name]:
						t.Fatalf("offered twice: %s", o.Name)
					case o.State == domain.Open && o.ByRule():
						byRule++
					}
					names[o.Name] = true
					open += map[domain.OfferState]int{domain.Open: 1}[o.State]
					waiting += map[domain.OfferState]int{domain.Waiting: 1}[o.State]
				}
				if byRule > most || waiting > 0 && open < most || len(names) != learnings {
					t.Fatalf("of %d learnings %d are offered, %d open, %d of them by rule, %d wait", learnings, len(names), open, byRule, waiting)
				}
			},
			"publish": func(*rapid.T) {
				m.publish(m.published(fmt.Sprintf("l%d-%d", run, learnings), "A claim.", tag))
				learnings++
			},
			"answer": func(t *rapid.T) {
				refused(m.answer(team, learning(t), rapid.SampledFrom([]domain.Reply{decline, {Answer: domain.Adopt}}).Draw(t, "reply")),
					"OFFER_NOT_FOUND", "OFFER_WITHDRAWN", "LEARNING_RETIRED")
			},
			"take": func(t *rapid.T) {
				_, err := m.take(team, learning(t))
				refused(err, "LEARNING_NOT_FOUND", "LEARNING_RETIRED")
			},
			"retire": func(t *rapid.T) {
				if learnings > 0 {
					m.retire(learning(t))
				}
			},
			"wait": func(*rapid.T) { m.clock.Advance(30 * time.Hour) },
		})
	})
}
