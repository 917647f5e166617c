package domain

import (
	"encoding/json"
	"testing"
	"time"
)

// older is what a plan looked like that was locked before ranges, falsifications and current obstacles were asked for.
const older = `{"name":"teams/payments/cycles/2026-w23/experiments/review-rota","displayName":"Review rota","obstacle":"teams/payments/obstacles/reviews-wait",` +
	`"prediction":{"change":"One person reviews all day","metric":"teams/payments/metrics/review-wait","baselineValue":42,"expectedValue":30,` +
	`"byDate":"2026-06-12","reason":"Nobody waits for somebody to look","confidencePercent":70},"safeToFail":"We can go back any day.",` +
	`"timeZone":"Europe/Berlin","state":"DRAFT","lockTime":"2026-06-01T00:30:00Z","planHash":"` + plainHash + `",` +
	`"amendments":[{"kind":"AMENDMENT","text":"Otto joins later.","createTime":"2026-06-01T00:40:00Z","measurementsSeen":0}]}`

func TestAnOlderPlanRunsToItsEnd(t *testing.T) {
	var e Experiment
	if err := json.Unmarshal([]byte(older), &e); err != nil {
		t.Fatal(err)
	}
	must := func(_ []Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if e.PlanHash != plainHash || e.planHash() != plainHash {
			t.Fatalf("the hash became %s, computed %s", e.PlanHash, e.planHash())
		}
	}
	must(e.Start(inDo, monday.Add(time.Hour)))
	must(e.Amend("We count weekends too.", []PlanChange{{Field: FieldByDate, After: "2026-06-15"}}, 4, monday.Add(2*time.Hour)))
	must(e.Conclude(words, readings(4, monday.Add(2*time.Hour), 29), Judging{}, monday.Add(3*time.Hour)))
	if o := e.Outcome; o.Verdict != AsPredicted || o.AmendmentCount != 1 || o.DeviationCount != 1 {
		t.Errorf("outcome %+v", o)
	}
	before := e
	for name, refused := range map[string]func() ([]Event, error){
		"start":   func() ([]Event, error) { return e.Start(inDo, monday) },
		"abandon": func() ([]Event, error) { return e.Abandon("no use") },
		"amend":   func() ([]Event, error) { return e.Amend("later", nil, 4, monday) },
	} {
		if _, err := refused(); err == nil || e.State != before.State || len(e.Amendments) != len(before.Amendments) {
			t.Errorf("%s after the end: %v, %s", name, err, e.State)
		}
	}
}
