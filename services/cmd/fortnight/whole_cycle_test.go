package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/demo"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// stepEvents are the events that the example of a first cycle leaves, one at least for each of its steps that change
// something.
var stepEvents = []string{
	"fortnight.identity.v1.TeamCreated", "fortnight.cycle.v1.ChallengeCreated", "fortnight.experiment.v1.MetricCreated",
	"fortnight.experiment.v1.MeasurementsRecorded", "fortnight.cycle.v1.TargetConditionCreated", "fortnight.cycle.v1.ObstacleParked",
	"fortnight.cycle.v1.ObstacleMadeCurrent", "fortnight.cycle.v1.CycleStarted", "fortnight.experiment.v1.ExperimentDrafted",
	"fortnight.experiment.v1.ExperimentLocked", "fortnight.cycle.v1.CycleAdvanced", "fortnight.experiment.v1.ExperimentStarted",
	"fortnight.experiment.v1.ExperimentConcluded", "fortnight.retrospective.v1.RetrospectiveOpened", "fortnight.retrospective.v1.NoteWritten",
	"fortnight.retrospective.v1.RetrospectiveMoved", "fortnight.retrospective.v1.ThemeChanged", "fortnight.retrospective.v1.ActionProposed",
	"fortnight.retrospective.v1.ActionAgreed", "fortnight.retrospective.v1.RetrospectiveDecided", "fortnight.retrospective.v1.RetrospectiveClosed",
	"fortnight.knowledge.v1.LearningPublished", "fortnight.experiment.v1.HoldChecksScheduled", "fortnight.cycle.v1.CycleFinished",
	"fortnight.notification.v1.ReminderScheduled", "fortnight.identity.v1.UserCreated", "fortnight.identity.v1.MemberAdded",
	"fortnight.identity.v1.TokenCreated",
}

func TestFirstCycleInOneProcess(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			checkFirstCycle(t, startOn(t, databaseURL(t, engine)))
		})
	}
}

func checkFirstCycle(t *testing.T, s *started) {
	t.Helper()
	out := runScript(t, s.URL, s.Token)
	for _, line := range []string{
		"what the gate still needs: LOCKED_EXPERIMENT_MISSING", "the verdict that the numbers suggest: VERDICT_AS_PREDICTED",
		"centre:50.81 upper:55.804", "the counts of the votes: Votes are shown when at least three people have voted.", "found: A wider valve raises the flow rate", "the cycle itself stays with its team",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the script does not say %q:\n%s", line, out)
		}
	}
	follow(t, s.URL, s.Token, stepEvents...)
	cycle := s.must(t, http.MethodGet, "/v1/teams/filling-test/cycles/first", "")
	if cycle.Body["state"] != "CYCLE_STATE_FINISHED" {
		t.Errorf("the cycle is %v", cycle.Body["state"])
	}
	report := s.must(t, http.MethodGet, "/v1/reports/learning?teams=teams/filling-test", "")
	if report.Body["cyclesFinished"] != float64(1) || report.Body["learningsPublished"] != float64(1) {
		t.Errorf("the report says %s", report.Text)
	}
}

func TestAnonymousNoteHasNoAuthorAnywhere(t *testing.T) {
	s := start(t)
	runScript(t, s.URL, s.Token)
	notes := s.must(t, http.MethodGet, "/v1/teams/filling-test/cycles/first/retrospective/notes", "")
	note := notes.Body["notes"].([]any)[0].(map[string]any)
	if note["author"] != "" {
		t.Errorf("the note names %v", note["author"])
	}
	for _, service := range s.services {
		records, err := service.EventLog().List(t.Context(), 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			if strings.HasSuffix(record.Type, ".NoteWritten") && record.Actor != "" {
				t.Errorf("the event of the note names %s", record.Actor)
			}
		}
	}
}

func TestDemoStory(t *testing.T) {
	s := start(t)
	var said []string
	if err := demo.Tell(t.Context(), s.URL, s.Token, s.clock(), func(line string) { said = append(said, line) }); err == nil {
		t.Fatal("the story needs Mina, who is not there")
	}
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	// Once more: the steps that were made before are not made twice.
	said = nil
	if err := demo.Tell(t.Context(), s.URL, s.Token, s.clock(), func(line string) { said = append(said, line) }); err != nil {
		t.Fatal(err)
	}
	if len(said) != 5 {
		t.Errorf("said %q", said)
	}
	teams := s.must(t, http.MethodGet, "/v1/teams", "")
	var names []string
	for _, team := range teams.Body["teams"].([]any) {
		names = append(names, team.(map[string]any)["name"].(string))
	}
	if !slices.Equal(names, []string{"teams/mobile", "teams/payments", "teams/platform"}) {
		t.Errorf("teams %v", names)
	}
	surprise := s.must(t, http.MethodGet, "/v1/teams/mobile/cycles/third/experiments/warm-cache", "")
	if outcome := surprise.Body["outcome"].(map[string]any); outcome["surprise"] != true {
		t.Errorf("Mobile's experiment came out %v", outcome)
	}
	// Three people of Payments voted, and two of Mobile: what two have voted is not told.
	for team, wanted := range map[string]any{"payments": 4.0, "mobile": nil} {
		themes := s.must(t, http.MethodGet, "/v1/teams/"+team+"/cycles/first/retrospective/themes", "")
		if most := at(themes.Body, "themes", map[string]int{"payments": 2, "mobile": 1}[team], "votes"); most != wanted {
			t.Errorf("%s has the themes %s, want %v votes", team, themes.Text, wanted)
		}
	}
	agreed := s.must(t, http.MethodGet, "/v1/teams/mobile/cycles/-/retrospective/actions?states=ACTION_STATE_DONE", "")
	if at(agreed.Body, "actions", 0, "effect") != "ACTION_EFFECT_WORKED" {
		t.Errorf("Mobile has done %s", agreed.Text)
	}
	carried := s.must(t, http.MethodGet, "/v1/teams/payments/cycles/-/retrospective/actions?states=ACTION_STATE_OPEN", "")
	if at(carried.Body, "actions", 0, "metric") != "teams/payments/metrics/queue-looks" {
		t.Errorf("Payments has agreed on %s", carried.Text)
	}
	gate := s.must(t, http.MethodGet, "/v1/teams/platform/cycles/first:preview", "")
	if gate.Body["open"] != false {
		t.Errorf("Platform's gate: %s", gate.Text)
	}
}
