package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const (
	benchTeam = "bench"
	// perRetrospective is how many learnings a retrospective can have.
	perRetrospective = 20
)

// description is the text of the i-th obstacle.
func description(i int) string {
	return fmt.Sprintf("Changes wait for a second reviewer who sits in another time zone (%d)", i)
}

func obstacleID(i int) string { return fmt.Sprintf("o-%06d", i) }

// markers are words of a known share of the learnings, one in so many.
var markers = []struct {
	word string
	of   int
}{{"bokuda", 10}, {"tirame", 30}, {"sevoni", 100}, {"pulaki", 1000}}

// queries are what is searched, in turn: a word in a tenth of the learnings, in a hundredth, in a thousandth, two words in a
// tenth and a thirtieth, and a frequent together with a rare one.
var queries = []string{"bokuda", "sevoni", "pulaki", "bokuda tirame", "bokuda pulaki"}

// words makes a text of so many words of a dictionary of 4,096, each in the same place of the alphabet as often as any other.
func words(r *rand.Rand, n int) string {
	syllables := [16]string{"ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va"}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		w := r.IntN(4096)
		b.WriteString(syllables[w&15] + syllables[w>>4&15] + syllables[w>>8] + "x")
	}
	return b.String()
}

// seedLearnings writes closed retrospectives into the event log of the retrospective service before the program starts for
// the first time. The program then does the rest as it always does: publish, consume, project, index.
func seedLearnings(ctx context.Context, dataDir string, n int) error {
	dir := filepath.Join(dataDir, "retrospective")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Config{URL: "sqlite:" + filepath.Join(dir, "retrospective.db"), Migrations: eventlog.Migrations})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	log, err := eventlog.Open(ctx, d, "retrospective", nil)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same texts in every run
	const together = 100
	for from := 0; from < n/perRetrospective; from += together {
		err := log.Do(ctx, func(tx *eventlog.Tx) error {
			for i := from; i < min(from+together, n/perRetrospective); i++ {
				cycle := fmt.Sprintf("teams/%s/cycles/c%05d", benchTeam, i)
				closed := &retrospectivev1.Retrospective{Name: cycle + "/retrospective", Stage: retrospectivev1.Stage_STAGE_CLOSED}
				for k := range perRetrospective {
					closed.Learnings = append(closed.Learnings, distilled(r, cycle, i*perRetrospective+k))
				}
				if err := tx.Append(eventlog.Event{
					Team: benchTeam, AggregateType: "retrospective", AggregateID: closed.GetName(), AggregateVersion: 1, Subject: closed.GetName(),
					Data: &retrospectivev1.RetrospectiveClosed{Retrospective: closed},
				}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.Close()
}

func distilled(r *rand.Rand, cycle string, i int) *retrospectivev1.DistilledLearning {
	claim := words(r, 10)
	for _, m := range markers {
		if r.IntN(m.of) == 0 {
			claim += " " + m.word
		}
	}
	return &retrospectivev1.DistilledLearning{
		Experiment: fmt.Sprintf("%s/experiments/e%06d", cycle, i), Claim: fmt.Sprintf("%s n%06d", claim, i), Situation: words(r, 25),
		Tags: strings.Fields(words(r, 3)),
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
