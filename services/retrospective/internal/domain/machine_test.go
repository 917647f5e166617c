package domain_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// oracle is what a retrospective must look like, told by the words of the contract and not by the code: a few flat fields.
type oracle struct {
	stage       domain.Stage
	end         time.Time // zero: stands open
	movesByTime bool
	hours       map[domain.Stage]int
	decided     map[string]domain.DecisionKind
	amendments  int
}

// endOf is when a stage that begins now ends.
func (o *oracle) endOf(stage domain.Stage, now time.Time) time.Time {
	if hours, ok := o.hours[stage]; ok {
		return now.Add(time.Duration(hours) * time.Hour)
	}
	return time.Time{}
}

// step is one call: what it does to the oracle, and the reason for which it must be refused, or how many events it makes.
func (o *oracle) move(to, believed domain.Stage, end, now time.Time) (reason string, events int) {
	switch {
	case o.stage == domain.Closed:
		return "RETROSPECTIVE_CLOSED", 0
	case believed != "" && believed != o.stage:
		return "STAGE_CHANGED", 0
	case !end.IsZero() && !end.After(now):
		return "STAGE_END_OUT_OF_RANGE", 0
	}
	if end.IsZero() {
		end = o.endOf(to, now)
	}
	if to == o.stage && end.Equal(o.end) {
		return "", 0
	}
	o.stage, o.end = to, end
	return "", 1
}

func (o *oracle) tick(now time.Time) (events int) {
	at := slices.Index(stages, o.stage)
	if !o.movesByTime || at < 0 || at == len(stages)-1 || o.end.IsZero() || now.Before(o.end) {
		return 0
	}
	o.stage = stages[at+1]
	o.end = o.endOf(o.stage, now)
	return 1
}

func (o *oracle) decide(experiment string, kind domain.DecisionKind) (reason string, events int) {
	switch {
	case o.stage == domain.Closed:
		return "RETROSPECTIVE_CLOSED", 0
	case o.stage != domain.Decide:
		return "STAGE_MISMATCH", 0
	case experiment == "given-up":
		return "EXPERIMENT_NOT_TRIED", 0
	case o.decided[experiment] == kind:
		return "", 0
	}
	o.decided[experiment] = kind
	return "", 1
}

func (o *oracle) close(learned []string, boldest string) (reason string, events int) {
	switch {
	case o.stage == domain.Closed:
		return "RETROSPECTIVE_CLOSED", 0
	case o.stage != domain.Decide:
		return "STAGE_MISMATCH", 0
	}
	complete := boldest != "" && len(learned) > 0
	for _, experiment := range []string{"rota", "pairing"} {
		kind, decided := o.decided[experiment]
		complete = complete && decided && (kind != domain.Adopt || slices.Contains(learned, experiment))
	}
	if !complete {
		return "RETROSPECTIVE_INCOMPLETE", 0
	}
	o.stage, o.end = domain.Closed, time.Time{}
	return "", 1
}

func (o *oracle) amend() (reason string, events int) {
	if o.stage != domain.Closed {
		return "RETROSPECTIVE_OPEN", 0
	}
	o.amendments++
	return "", 1
}

// Whatever is called in whatever order, the retrospective is what the oracle says, every refusal has the oracle's reason and changes
// nothing, and what is closed changes by amendments only.
func TestRetrospectiveStateMachine(t *testing.T) {
	reached := map[domain.Stage]int{}
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		o := &oracle{stage: domain.Collect, movesByTime: rapid.Bool().Draw(t, "moves by time"), hours: map[domain.Stage]int{}, decided: map[string]domain.DecisionKind{}}
		settings := domain.Settings{MoveByTime: o.movesByTime}
		for _, stage := range stages {
			if rapid.Bool().Draw(t, "has hours") {
				o.hours[stage] = rapid.IntRange(1, 5).Draw(t, "hours")
				settings.StageHours = append(settings.StageHours, domain.StageHours{Stage: stage, Hours: o.hours[stage]})
			}
		}
		r, err := domain.Open(domain.Opening{Name: "r"}, act, domain.FactsStrip{Experiments: facts}, settings, now)
		if err != nil {
			t.Fatal(err)
		}
		o.end = o.endOf(domain.Collect, now)
		stage := rapid.SampledFrom(stages)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := *r
			var events []domain.Event
			var err error
			var reason string
			var wanted int
			switch verb := rapid.SampledFrom([]string{"move", "forward", "decide", "decide", "close", "amend", "clock", "time"}).Draw(t, "verb"); verb {
			case "move", "forward":
				to, believed, end := stage.Draw(t, "to"), domain.Stage(""), time.Time{}
				if verb == "forward" { // half of the moves go where closing is
					to = domain.Decide
				}
				if rapid.Bool().Draw(t, "believes") {
					believed = stage.Draw(t, "believed")
				}
				var given *time.Time
				if rapid.Bool().Draw(t, "has an end") {
					end = now.Add(time.Duration(rapid.IntRange(-1, 4).Draw(t, "end")) * time.Hour)
					given = &end
				}
				events, err = r.Move(to, believed, given, now)
				reason, wanted = o.move(to, believed, end, now)
			case "decide":
				d := domain.Decision{
					Experiment: rapid.SampledFrom([]string{"rota", "pairing", "given-up"}).Draw(t, "experiment"),
					Kind:       rapid.SampledFrom([]domain.DecisionKind{domain.Adopt, domain.Adapt, domain.Abandon}).Draw(t, "kind"), Text: "x",
				}
				events, err = r.Decide(d)
				reason, wanted = o.decide(d.Experiment, d.Kind)
			case "close":
				learned := rapid.SampledFrom([][]string{nil, {"rota"}, {"rota", "pairing"}, {"rota", "pairing", "given-up"}}).Draw(t, "learned")
				c := domain.Closing{Boldest: rapid.SampledFrom([]string{"", "pairing", "given-up"}).Draw(t, "boldest")}
				for _, experiment := range learned {
					c.Learnings = append(c.Learnings, domain.DistilledLearning{Experiment: experiment})
				}
				events, err = r.Close(c, now)
				reason, wanted = o.close(learned, c.Boldest)
			case "amend":
				events, err = r.Amend("late", "users/mina", now)
				reason, wanted = o.amend()
			case "clock":
				events, err = r.MoveByTime(now)
				wanted = o.tick(now)
			case "time":
				now = now.Add(time.Duration(rapid.IntRange(0, 6*60).Draw(t, "minutes")) * time.Minute)
			}
			checkOracle(t, o, r, &before, events, err, reason, wanted)
		}
		reached[r.Stage]++
	})
	if reached[domain.Closed] == 0 {
		t.Errorf("no run was closed: %v; the verbs prove little", reached)
	}
}

func checkOracle(t *rapid.T, o *oracle, r, before *domain.Retrospective, events []domain.Event, err error, reason string, wanted int) {
	got := ""
	if err != nil {
		got = fault.From(err).Reason
	}
	if got != reason || len(events) != wanted {
		t.Fatalf("ended %q with %v, want %q with %d events", got, events, reason, wanted)
	}
	if wanted == 0 && !reflect.DeepEqual(r, before) {
		t.Fatalf("nothing was to change: %+v, before %+v", r, before)
	}
	end := time.Time{}
	if r.StageEndTime != nil {
		end = *r.StageEndTime
	}
	decided := map[string]domain.DecisionKind{}
	for _, d := range r.Decisions {
		decided[d.Experiment] = d.Kind
	}
	if r.Stage != o.stage || !end.Equal(o.end) || !reflect.DeepEqual(decided, o.decided) || len(r.Decisions) != len(decided) ||
		len(r.Amendments) != o.amendments || (r.CloseTime != nil) != (o.stage == domain.Closed) {
		t.Fatalf("it is %+v, the oracle says %+v", r, o)
	}
	if before.Stage == domain.Closed {
		rest := *r
		rest.Amendments = before.Amendments
		if !reflect.DeepEqual(&rest, before) || !slices.Equal(r.Amendments[:len(before.Amendments)], before.Amendments) {
			t.Fatalf("a closed retrospective changed: %+v, before %+v", r, before)
		}
	}
}
