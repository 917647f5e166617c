package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

var (
	noon    = time.Date(2026, 6, 19, 12, 0, 0, 0, time.UTC)
	act     = domain.CycleFact{Running: true, Phase: "ACT"}
	facts   = []domain.Fact{{Experiment: "rota", Verdict: "AS_PREDICTED"}, {Experiment: "pairing", Verdict: "CANNOT_TELL"}, {Experiment: "given-up"}}
	members = []string{"users/ada", "users/jonas", "users/mina"}
)

// inStage is a retrospective that stands in a stage, with facts of three experiments of which two were tried.
func inStage(stage domain.Stage) *domain.Retrospective {
	return &domain.Retrospective{Name: "r", Stage: stage, FactsStrip: domain.FactsStrip{FetchTime: noon, Experiments: facts}}
}

func TestOpenNeedsTheActPhase(t *testing.T) {
	for _, cycle := range []domain.CycleFact{{Running: true, Phase: "CHECK"}, {Running: false, Phase: "ACT"}, {}} {
		_, err := domain.Open(domain.Opening{Name: "r"}, cycle, domain.FactsStrip{}, domain.Settings{}, noon)
		checkReason(t, err, "CYCLE_NOT_IN_ACT")
	}
}

func TestOpenTakesTheSettingsUnlessToldOtherwise(t *testing.T) {
	settings := domain.Settings{
		Anonymous: true, MoveByTime: true, VotesPerMember: 5, StageHours: []domain.StageHours{{Stage: domain.Collect, Hours: 4}},
		Prompts: []domain.WordedPrompt{{Prompt: domain.HeldBack, Text: "What was in the way?"}},
	}
	two := noon.Add(2 * time.Hour)
	for _, test := range []struct {
		name     string
		opening  domain.Opening
		settings domain.Settings
		want     domain.Retrospective
		end      time.Time // zero: none
	}{
		{"nothing said at all", domain.Opening{}, domain.Settings{}, domain.Retrospective{VotesPerMember: 3}, time.Time{}},
		{"as the settings have it", domain.Opening{}, settings, domain.Retrospective{Anonymous: true, MovesByTime: true, VotesPerMember: 5}, noon.Add(4 * time.Hour)},
		{
			"other than the settings",
			domain.Opening{Anonymous: new(false), StageEndTime: &two},
			settings,
			domain.Retrospective{MovesByTime: true, VotesPerMember: 5},
			two,
		},
		{"anonymous without settings", domain.Opening{Anonymous: new(true)}, domain.Settings{}, domain.Retrospective{Anonymous: true, VotesPerMember: 3}, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := domain.Open(test.opening, act, domain.FactsStrip{Experiments: facts}, test.settings, noon)
			if err != nil {
				t.Fatal(err)
			}
			if r.Stage != domain.Collect || r.Anonymous != test.want.Anonymous || r.MovesByTime != test.want.MovesByTime ||
				r.VotesPerMember != test.want.VotesPerMember || len(r.FactsStrip.Experiments) != 3 || len(r.Prompts) != 3 {
				t.Errorf("opened %+v", r)
			}
			checkEnd(t, r, test.end)
		})
	}
	r, err := domain.Open(domain.Opening{}, act, domain.FactsStrip{}, settings, noon)
	if want := []domain.WordedPrompt{{Prompt: domain.Helped, Text: "What helped us?"}, {Prompt: domain.HeldBack, Text: "What was in the way?"}, {Prompt: domain.Surprised, Text: "What surprised us?"}}; err != nil || !slices.Equal(r.Prompts, want) {
		t.Errorf("prompts %v, want %v; %v", r.Prompts, want, err)
	}
	past := noon
	_, err = domain.Open(domain.Opening{StageEndTime: &past}, act, domain.FactsStrip{}, settings, noon)
	checkReason(t, err, "STAGE_END_OUT_OF_RANGE")
}

func TestTheFacilitatorGoesRound(t *testing.T) {
	for _, test := range []struct {
		name        string
		given, last string
		members     []string
		want        string
	}{
		{"the first time", "", "", members, "users/ada"},
		{"the one after", "", "users/ada", members, "users/jonas"},
		{"after the last of them", "", "users/mina", members, "users/ada"},
		{"after somebody who has left", "", "users/bea", members, "users/jonas"},
		{"after somebody who has left and would be last", "", "users/zoe", members, "users/ada"},
		{"a team of one", "", "users/ada", members[:1], "users/ada"},
		{"a team of nobody", "", "users/ada", nil, ""},
		{"named", "users/mina", "users/ada", members, "users/mina"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := domain.Open(domain.Opening{Facilitator: test.given, LastFacilitator: test.last, Members: test.members}, act, domain.FactsStrip{}, domain.Settings{}, noon)
			if err != nil || r.Facilitator != test.want {
				t.Errorf("facilitator %+v, %v, want %s", r, err, test.want)
			}
		})
	}
	_, err := domain.Open(domain.Opening{Facilitator: "users/vera", Members: members}, act, domain.FactsStrip{}, domain.Settings{}, noon)
	checkReason(t, err, "FACILITATOR_NOT_MEMBER")
}

func TestHandOver(t *testing.T) {
	r := inStage(domain.Vote)
	r.Facilitator = "users/ada"
	if events, err := r.HandOver("users/ada", members); len(events) != 0 || err != nil {
		t.Errorf("handed over to the same: %v, %v", events, err)
	}
	if events, err := r.HandOver("users/mina", members); !slices.Equal(events, []domain.Event{domain.RetrospectiveHandedOver}) || err != nil || r.Facilitator != "users/mina" {
		t.Errorf("handed over: %v, %v, %s", events, err, r.Facilitator)
	}
	_, err := r.HandOver("users/vera", members)
	checkReason(t, err, "FACILITATOR_NOT_MEMBER")
	_, err = inStage(domain.Closed).HandOver("users/ada", members)
	checkReason(t, err, "RETROSPECTIVE_CLOSED")
}

func TestAmend(t *testing.T) {
	for _, stage := range []domain.Stage{domain.Collect, domain.Group, domain.Vote, domain.Decide} {
		_, err := inStage(stage).Amend("late", "users/mina", noon)
		checkReason(t, err, "RETROSPECTIVE_OPEN")
	}
	for _, anonymous := range []bool{true, false} {
		r := inStage(domain.Closed)
		r.Anonymous = anonymous
		events, err := r.Amend("  it was the cache \n", "users/mina", noon)
		want, event := domain.Amendment{Text: "it was the cache", CreateTime: noon, Author: "users/mina"}, domain.RetrospectiveAmended
		if anonymous {
			want.Author, event = "", domain.AnonymousRetrospectiveAmended
		}
		if err != nil || !slices.Equal(r.Amendments, []domain.Amendment{want}) || !slices.Equal(events, []domain.Event{event}) {
			t.Errorf("anonymous %t: %v, %v, %v", anonymous, r.Amendments, events, err)
		}
		_, err = r.Amend(" \n", "users/mina", noon)
		checkReason(t, err, "TEXT_MISSING")
		for range domain.MaxAmendments - 1 {
			if _, err := r.Amend("more", "users/mina", noon); err != nil {
				t.Fatal(err)
			}
		}
		_, err = r.Amend("too much", "users/mina", noon)
		checkReason(t, err, "TOO_MANY_AMENDMENTS")
	}
}

func checkEnd(t *testing.T, r *domain.Retrospective, want time.Time) {
	t.Helper()
	if want.IsZero() != (r.StageEndTime == nil) || r.StageEndTime != nil && !r.StageEndTime.Equal(want) {
		t.Errorf("the stage ends at %v, want %v", r.StageEndTime, want)
	}
}

func checkReason(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || fault.From(err).Reason != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
