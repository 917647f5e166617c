package domain_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

const (
	actionName = "teams/payments/cycles/2026-w24/retrospective/actions/wiki"
	today      = "2026-06-19"
)

var people = []string{"users/jonas", "users/mina"}

// inState is a complete action in a state.
func inState(state domain.ActionState) *domain.Action {
	return &domain.Action{
		Name: actionName, Text: "write it down", Owner: "users/mina", DueDate: "2026-06-26", ExpectedEffect: "nobody asks again", State: state,
	}
}

// reasonOf is the reason of a refusal, or of its first violation; empty without a refusal.
func reasonOf(err error) string {
	f := fault.From(err)
	if f == nil {
		return ""
	}
	if len(f.Violations) > 0 {
		return f.Violations[0].Field + " " + f.Violations[0].Reason
	}
	return f.Reason
}

func TestProposeAction(t *testing.T) {
	long := domain.MaxProposals
	for name, test := range map[string]struct {
		stage     domain.Stage
		proposals int
		change    func(a *domain.Action)
		want      string
	}{
		"text is enough":             {domain.Collect, 0, func(a *domain.Action) { *a = domain.Action{Name: actionName, Text: "x"} }, ""},
		"in any stage":               {domain.Vote, 0, nil, ""},
		"the last one":               {domain.Decide, long - 1, nil, ""},
		"one too many":               {domain.Decide, long, nil, "TOO_MANY_ACTIONS"},
		"closed":                     {domain.Closed, 0, nil, "RETROSPECTIVE_CLOSED"},
		"no words":                   {domain.Decide, 0, func(a *domain.Action) { a.Text = " \n" }, "action.text TEXT_MISSING"},
		"no such day":                {domain.Decide, 0, func(a *domain.Action) { a.DueDate = "2026-02-30" }, "action.due_date DAY_INVALID"},
		"a year that no clock knows": {domain.Decide, 0, func(a *domain.Action) { a.DueDate = "0000-01-01" }, "action.due_date DAY_INVALID"},
		"a day that is over":         {domain.Decide, 0, func(a *domain.Action) { a.DueDate = "2020-01-01" }, ""}, // asked for at the end
		"a metric of the team":       {domain.Decide, 0, func(a *domain.Action) { a.Metric = "teams/payments/metrics/wait" }, ""},
		"a metric of all":            {domain.Decide, 0, func(a *domain.Action) { a.Metric = "organization/metrics/wait" }, ""},
		"a metric of others":         {domain.Decide, 0, func(a *domain.Action) { a.Metric = "teams/pay/metrics/wait" }, "action.metric OTHER_TEAM"},
		"a theme":                    {domain.Decide, 0, func(a *domain.Action) { a.Theme = "teams/payments/cycles/2026-w24/retrospective/themes/a" }, ""},
		"a theme of another": {
			domain.Decide, 0, func(a *domain.Action) { a.Theme = "teams/payments/cycles/2026-w22/retrospective/themes/a" }, "action.theme THEME_NOT_FOUND",
		},
	} {
		t.Run(name, func(t *testing.T) {
			given := *inState(domain.ActionStateDone)
			if test.change != nil {
				test.change(&given)
			}
			got, err := domain.ProposeAction(given, &domain.Retrospective{Stage: test.stage}, test.proposals)
			if reasonOf(err) != test.want {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if err == nil && got.State != domain.ActionStateProposed {
				t.Errorf("it is %s", got.State)
			}
		})
	}
}

// What may happen to an action in each state: the events, or the reason of the refusal.
func TestActionStates(t *testing.T) {
	verbs := []struct {
		name string
		do   func(a *domain.Action) ([]domain.Event, error)
	}{
		{"agree", (*domain.Action).Agree},
		{"complete", func(a *domain.Action) ([]domain.Event, error) { return a.Complete("WORKED", " nobody asked ") }},
		{"drop", func(a *domain.Action) ([]domain.Event, error) { return a.Drop(" too late ") }},
		{"update", func(a *domain.Action) ([]domain.Event, error) {
			return a.Update(func(a *domain.Action) { a.Text = "other" }, today, people)
		}},
		{"obstacle", func(a *domain.Action) ([]domain.Event, error) { return a.BecomesObstacle("teams/payments/obstacles/x") }},
		{"experiment", func(a *domain.Action) ([]domain.Event, error) {
			return a.BecomesExperiment("teams/payments/cycles/c/experiments/x")
		}},
	}
	for state, want := range map[domain.ActionState]string{
		domain.ActionStateProposed: "[ActionAgreed] OPEN, ACTION_NOT_AGREED, [ActionDropped] DROPPED, [ActionChanged] PROPOSED, [ActionChanged] PROPOSED, [ActionChanged] PROPOSED",
		domain.ActionStateOpen:     "[] OPEN, [ActionCompleted] DONE, [ActionDropped] DROPPED, [ActionChanged] OPEN, [ActionChanged] OPEN, [ActionChanged] OPEN",
		domain.ActionStateDone:     "[] DONE, ACTION_DONE, ACTION_DONE, ACTION_DONE, [ActionChanged] DONE, [ActionChanged] DONE",
		domain.ActionStateDropped:  "[] DROPPED, ACTION_DROPPED, ACTION_DROPPED, ACTION_DROPPED, ACTION_DROPPED, ACTION_DROPPED",
	} {
		var got []string
		for _, verb := range verbs {
			a := inState(state)
			events, err := verb.do(a)
			if err != nil {
				if !reflect.DeepEqual(a, inState(state)) {
					t.Errorf("%s: a refused %s left %+v", state, verb.name, a)
				}
				got = append(got, reasonOf(err))
				continue
			}
			got = append(got, fmt.Sprint(events, " ", a.State))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s:\n%s\nwant\n%s", state, strings.Join(got, ", "), want)
		}
	}
}

func TestWhatCameOfAnAction(t *testing.T) {
	done, dropped := inState(domain.ActionStateOpen), inState(domain.ActionStateOpen)
	if _, err := done.Complete("DID_NOT_WORK", " they still ask "); err != nil || done.Effect != "DID_NOT_WORK" || done.Result != "they still ask" {
		t.Errorf("completed %+v, %v", done, err)
	}
	if _, err := dropped.Drop(" too late "); err != nil || dropped.Effect != "" || dropped.Result != "too late" {
		t.Errorf("dropped %+v, %v", dropped, err)
	}
	if _, err := inState(domain.ActionStateOpen).Complete("WORKED", " "); reasonOf(err) != "result RESULT_MISSING" {
		t.Errorf("completed without words: %v", err)
	}
	if _, err := inState(domain.ActionStateOpen).Drop("\t"); reasonOf(err) != "reason REASON_MISSING" {
		t.Errorf("dropped without words: %v", err)
	}
}

// An action that was agreed on keeps what it was agreed on with; only what is new is held against today and the team.
func TestUpdateAction(t *testing.T) {
	left, late := inState(domain.ActionStateOpen), inState(domain.ActionStateOpen)
	left.Owner, late.DueDate = "users/gone", "2026-06-01"
	proposed := inState(domain.ActionStateProposed)
	for name, test := range map[string]struct {
		action *domain.Action
		change func(a *domain.Action)
		want   string
	}{
		"nothing new":               {inState(domain.ActionStateOpen), func(*domain.Action) {}, "no event"},
		"only blanks":               {inState(domain.ActionStateOpen), func(a *domain.Action) { a.Text = " write it down " }, "no event"},
		"another owner":             {inState(domain.ActionStateOpen), func(a *domain.Action) { a.Owner = "users/jonas" }, ""},
		"an owner who is not in it": {inState(domain.ActionStateOpen), func(a *domain.Action) { a.Owner = "users/max" }, "action.owner ACTION_OWNER_NOT_MEMBER"},
		"no owner":                  {inState(domain.ActionStateOpen), func(a *domain.Action) { a.Owner = "" }, "action.owner ACTION_OWNER_MISSING"},
		"today":                     {inState(domain.ActionStateOpen), func(a *domain.Action) { a.DueDate = today }, ""},
		"yesterday":                 {inState(domain.ActionStateOpen), func(a *domain.Action) { a.DueDate = "2026-06-18" }, "action.due_date ACTION_DATE_PAST"},
		"no day":                    {inState(domain.ActionStateOpen), func(a *domain.Action) { a.DueDate = "" }, "action.due_date ACTION_DATE_MISSING"},
		"no effect":                 {inState(domain.ActionStateOpen), func(a *domain.Action) { a.ExpectedEffect = "" }, "action.expected_effect ACTION_EFFECT_MISSING"},
		"a metric instead":          {inState(domain.ActionStateOpen), func(a *domain.Action) { a.ExpectedEffect, a.Metric = "", "organization/metrics/x" }, ""},
		"the owner has left":        {left, func(a *domain.Action) { a.Text = "other" }, ""},
		"it is late":                {late, func(a *domain.Action) { a.Text = "other" }, ""},
		"late, and later":           {late, func(a *domain.Action) { a.DueDate = "2026-06-02" }, "action.due_date ACTION_DATE_PAST"},
		"no text":                   {inState(domain.ActionStateOpen), func(a *domain.Action) { a.Text = "" }, "action.text TEXT_MISSING"},
		"proposed: anything may lack": {proposed, func(a *domain.Action) {
			*a = domain.Action{Name: a.Name, State: a.State, Text: "x", Owner: "users/max"}
		}, ""},
		"proposed: but the text": {proposed, func(a *domain.Action) { a.Text = "" }, "action.text TEXT_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			action := *test.action
			events, err := action.Update(test.change, today, people)
			got := reasonOf(err)
			if err == nil && len(events) == 0 {
				got = "no event"
			}
			if got != test.want {
				t.Errorf("got %v, %v, want %q", events, err, test.want)
			}
		})
	}
}

func TestUnmetActions(t *testing.T) {
	proposed := func(id string, change func(a *domain.Action)) *domain.Action {
		a := inState(domain.ActionStateProposed)
		a.Name = strings.TrimSuffix(a.Name, "wiki") + id
		if change != nil {
			change(a)
		}
		return a
	}
	three := []*domain.Action{proposed("a", nil), proposed("b", nil), proposed("c", nil)}
	for name, test := range map[string]struct {
		actions []*domain.Action
		want    []string
	}{
		"none":                          {nil, nil},
		"three":                         {three, nil},
		"four":                          {append(three[:3:3], proposed("d", nil)), []string{"actions TOO_MANY_ACTIONS"}},
		"four, one of them given up":    {append(three[:3:3], inState(domain.ActionStateDropped)), nil},
		"four, one agreed on before":    {append(three[:3:3], inState(domain.ActionStateOpen)), []string{"actions TOO_MANY_ACTIONS"}},
		"due today":                     {[]*domain.Action{proposed("a", func(a *domain.Action) { a.DueDate = today })}, nil},
		"a metric is an effect":         {[]*domain.Action{proposed("a", func(a *domain.Action) { a.ExpectedEffect, a.Metric = "", "organization/metrics/x" })}, nil},
		"what was given up lacks a lot": {[]*domain.Action{{Name: actionName, Text: "x", State: domain.ActionStateDropped}}, nil},
		"everything at once": {
			[]*domain.Action{
				{Name: actionName, Text: "x", State: domain.ActionStateProposed},
				proposed("b", func(a *domain.Action) { a.Owner, a.DueDate = "users/vera", "2026-06-18" }),
				proposed("c", nil), proposed("d", nil),
			},
			[]string{
				"actions/wiki.owner ACTION_OWNER_MISSING", "actions/wiki.due_date ACTION_DATE_MISSING", "actions/wiki.expected_effect ACTION_EFFECT_MISSING",
				"actions/b.owner ACTION_OWNER_NOT_MEMBER", "actions/b.due_date ACTION_DATE_PAST", "actions TOO_MANY_ACTIONS",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range domain.UnmetActions(test.actions, today, people) {
				got = append(got, v.Field+" "+v.Reason)
				if id, _, ofAction := strings.Cut(strings.TrimPrefix(v.Field, "actions/"), "."); ofAction && !strings.HasSuffix(v.Link, "/actions/"+id) {
					t.Errorf("%s is mended at %q", v.Field, v.Link)
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestWhatAnActionBecomes(t *testing.T) {
	a, other := inState(domain.ActionStateOpen), inState(domain.ActionStateOpen)
	other.Name += "2"
	if a.MadeID() != inState(domain.ActionStateDone).MadeID() || a.MadeID() == other.MadeID() {
		t.Error("the id is not the action's own")
	}
	if _, err := a.BecomesObstacle("first"); err != nil {
		t.Fatal(err)
	}
	if events, err := a.BecomesObstacle("second"); err != nil || events != nil || a.Obstacle != "first" {
		t.Errorf("once more: %v, %v, %s", events, err, a.Obstacle)
	}
	if _, err := a.BecomesExperiment("first"); err != nil {
		t.Fatal(err)
	}
	if events, err := a.BecomesExperiment("second"); err != nil || events != nil || a.Experiment != "first" {
		t.Errorf("once more: %v, %v, %s", events, err, a.Experiment)
	}
	for cycle, want := range map[string]string{"": "", "teams/payments/cycles/a": "", "teams/pay/cycles/a": "cycle OTHER_TEAM"} {
		if err := a.MayDraftIn(cycle); reasonOf(err) != want {
			t.Errorf("in %q: %v", cycle, err)
		}
	}
	odd := domain.Action{Name: "teams/cycles/cycles/actions/retrospective/actions/actions"}
	if odd.Team() != "teams/cycles" || odd.Cycle() != "teams/cycles/cycles/actions" || odd.Retrospective() != odd.Cycle()+"/retrospective" {
		t.Errorf("it is of %s, %s, %s", odd.Team(), odd.Cycle(), odd.Retrospective())
	}
	if a.Team() != "teams/payments" || a.Cycle() != "teams/payments/cycles/2026-w24" || a.Retrospective() != a.Cycle()+"/retrospective" {
		t.Errorf("it is of %s, %s, %s", a.Team(), a.Cycle(), a.Retrospective())
	}
}

func TestExperimentName(t *testing.T) {
	for text, want := range map[string]string{
		"write it\ndown":                "write it down",
		strings.Repeat("ä", 120):        strings.Repeat("ä", 120),
		strings.Repeat("ä", 121):        strings.Repeat("ä", 119) + "…",
		strings.Repeat("word ", 30):     strings.TrimSpace(strings.Repeat("word ", 23)) + "…",
		"a " + strings.Repeat("x", 200): "a " + strings.Repeat("x", 117) + "…",
	} {
		a := domain.Action{Text: text}
		if got := a.ExperimentName(); got != want || utf8.RuneCountInString(got) > 120 {
			t.Errorf("%q is called %q (%d), want %q", text, got, utf8.RuneCountInString(got), want)
		}
	}
}
