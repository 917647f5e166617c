package domain

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Whatever is called in whatever order: a locked plan keeps its text and its hash, states only go forward, what is refused
// changes nothing, and every refusal says why.
func TestNoSequenceOfCallsChangesALockedPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{e: planned(), now: monday}
		t.Repeat(map[string]func(*rapid.T){
			"update": func(t *rapid.T) {
				text := rapid.SampledFrom([]string{"", "a", "b", " a "}).Draw(t, "text")
				value := rapid.SampledFrom([]float64{-1, 30, 42, 1e301}).Draw(t, "value")
				m.call(t, func(e *Experiment) ([]Event, error) {
					return e.Update(func(e *Experiment) {
						e.Prediction.Change, e.Prediction.ExpectedValue, e.SafeToFail = text, &value, text
					})
				})
			},
			"lock": func(t *rapid.T) {
				k := Known{CurrentObstacle: rapid.SampledFrom([]string{"", known.CurrentObstacle}).Draw(t, "obstacle"), Metric: rapid.SampledFrom([]*Metric{nil, &wait}).Draw(t, "metric")}
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Lock(k, m.now) })
			},
			"amend": func(t *rapid.T) {
				text := rapid.SampledFrom([]string{"", "why"}).Draw(t, "text")
				changes := rapid.SliceOfN(planChange, 0, 3).Draw(t, "changes")
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Amend(text, changes, int64(len(m.readings)), m.now) })
			},
			"start": func(t *rapid.T) {
				s := Starting{
					Phase:       rapid.SampledFrom([]Phase{PhaseDo, PhaseDo, PhasePlan, "CHECK"}).Draw(t, "phase"),
					Running:     rapid.SampledFrom([][]string{nil, nil, {"other"}, {"other", "third"}}).Draw(t, "running"),
					CoachReason: rapid.SampledFrom([]string{"", "two"}).Draw(t, "reason"), Coach: rapid.Bool().Draw(t, "coach"),
					Arrived: int64(len(m.readings)),
				}
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Start(s, m.now) })
			},
			"restore": func(t *rapid.T) { // what a backup holds is the document
				document, err := json.Marshal(m.e)
				if err != nil {
					t.Fatal(err)
				}
				var restored Experiment
				if err := json.Unmarshal(document, &restored); err != nil {
					t.Fatal(err)
				}
				m.e = &restored
			},
			"measure": func(t *rapid.T) {
				shift := time.Duration(rapid.IntRange(-48, 48).Draw(t, "hours")) * time.Hour
				value := rapid.Float64Range(-100, 100).Draw(t, "value")
				m.readings = append(m.readings, Reading{Measurement{m.now.Add(shift), value, ""}, int64(len(m.readings)) + 1})
			},
			"conclude": func(t *rapid.T) {
				c := Conclusion{
					Window:         rapid.SampledFrom([]Window{{}, {From: m.now.AddDate(0, 0, -1)}, {To: m.now}}).Draw(t, "window"),
					Verdict:        rapid.SampledFrom([]Verdict{"", AsPredicted, NotAsPredicted, CannotTell}).Draw(t, "verdict"),
					OverruleReason: rapid.SampledFrom([]string{"", "away"}).Draw(t, "overrule"),
					Happened:       "It moved.", Learned: rapid.SampledFrom([]string{"", "Waiting was the problem."}).Draw(t, "learned"),
				}
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Conclude(c, m.readings, Judging{}, m.now) })
			},
			"abandon": func(t *rapid.T) {
				reason := rapid.SampledFrom([]string{"", "no use"}).Draw(t, "reason")
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Abandon(reason) })
			},
			"hold": func(t *rapid.T) {
				m.call(t, func(e *Experiment) ([]Event, error) { return e.ScheduleHoldChecks(m.now) })
			},
			"": m.check,
		})
	})
}

// planChange is a change to a field, with a text that may or may not suit it.
var planChange = rapid.Custom(func(t *rapid.T) PlanChange {
	return PlanChange{
		Field: rapid.SampledFrom([]PlanField{
			FieldChange, FieldExpectedValue, FieldExpectedUpperValue, FieldByDate, FieldReason, FieldFalsification, FieldConfidencePercent, FieldSafeToFail,
		}).Draw(t, "field"),
		After: rapid.SampledFrom([]string{"", "a", "28.5", "55", "2026-06-15"}).Draw(t, "after"),
	}
})

type machine struct {
	e        *Experiment
	now      time.Time
	readings []Reading
	plan     string // the canonical plan at the lock
	hash     string
	sentence string
	changes  []Amendment
}

var rank = map[State]int{Draft: 0, Running: 1, Concluded: 2, Abandoned: 2}

// call works on a copy, as the store does: it saves only what was allowed.
func (m *machine) call(t *rapid.T, do func(*Experiment) ([]Event, error)) {
	m.now = m.now.Add(time.Hour)
	next := *m.e
	next.Amendments = append([]Amendment(nil), m.e.Amendments...)
	events, err := do(&next)
	if err != nil {
		var f *fault.Error
		if !errors.As(err, &f) || f.Reason == "" || f.Kind != fault.FailedPrecondition && f.Kind != fault.InvalidArgument && f.Kind != fault.PermissionDenied {
			t.Fatalf("a refusal without a reason: %v", err)
		}
		if events != nil {
			t.Fatalf("refused with events %v", events)
		}
		return
	}
	if rank[next.State] < rank[m.e.State] || m.e.Ended() && next.State != m.e.State {
		t.Fatalf("%s became %s", m.e.State, next.State)
	}
	if len(events) == 0 {
		return // nothing is saved
	}
	m.e = &next
}

func (m *machine) check(t *rapid.T) {
	e := m.e
	if !e.Locked() {
		if e.PlanHash != "" || e.State == Running || e.State == Concluded || len(e.Amendments) > 0 {
			t.Fatalf("not locked, but %+v", e)
		}
		return
	}
	if m.hash == "" {
		m.plan, m.hash, m.sentence = e.CanonicalPlan(), e.PlanHash, e.Prediction.Sentence()
	}
	if e.CanonicalPlan() != m.plan || e.Prediction.Sentence() != m.sentence || e.PlanHash != m.hash || e.planHash() != m.hash {
		t.Fatalf("the locked plan changed:\n%s %s\n%s %s", m.plan, m.hash, e.CanonicalPlan(), e.PlanHash)
	}
	if n := len(m.changes); n > len(e.Amendments) || n > 0 && !reflect.DeepEqual(m.changes, e.Amendments[:n]) {
		t.Fatalf("an amendment is lost or changed: %+v became %+v", m.changes, e.Amendments)
	}
	m.changes = slices.Clone(e.Amendments)
	if (e.State == Concluded) != (e.Outcome != nil) || (e.State == Abandoned) != (e.AbandonReason != "") {
		t.Fatalf("state %s with outcome %v and reason %q", e.State, e.Outcome, e.AbandonReason)
	}
	if o := e.Outcome; o != nil && (len(o.Learned) < minLearned || o.Readings == 0 || o.Verdict != o.Suggested && o.OverruleReason == "") {
		t.Fatalf("outcome %+v", o)
	}
}
