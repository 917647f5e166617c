package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/report"
)

const (
	as        = experimentv1.Verdict_VERDICT_AS_PREDICTED
	notAs     = experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED
	cannot    = experimentv1.Verdict_VERDICT_CANNOT_TELL
	noOutcome = experimentv1.Verdict_VERDICT_UNSPECIFIED
)

// world is the report service, fed with the events of services that are not there.
type world struct {
	*testing.T
	*testkit.Kit
	reportv1.ReportServiceClient
	service                                *report.Service
	identity, cycle, experiment, knowledge *eventlog.Log
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, Kit: testkit.New(t)}
	var err error
	if w.service, err = report.New(t.Context(), w.Service("report")); err != nil {
		t.Fatal(err)
	}
	w.identity, w.cycle, w.experiment, w.knowledge = w.Source("identity"), w.Source("cycle"), w.Source("experiment"), w.Source("knowledge")
	w.Start(w.service)
	w.ReportServiceClient = reportv1.NewReportServiceClient(w.Conn())
	return w
}

// happen records an event now.
func (w *world) happen(l *eventlog.Log, team, subject string, version int64, data proto.Message) {
	w.Helper()
	err := l.Do(w.Context(), func(tx *eventlog.Tx) error {
		return tx.Append(eventlog.Event{
			Team: team, AggregateType: "thing", AggregateID: subject, AggregateVersion: version, Subject: subject, Data: data,
		})
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) team(id, displayName string) {
	w.Helper()
	w.happen(w.identity, id, "teams/"+id, 1, &identityv1.TeamCreated{Team: &identityv1.Team{Name: "teams/" + id, DisplayName: displayName}})
}

// tried records, now, an experiment's lock and, with a verdict, its conclusion.
func (w *world) tried(team, id string, verdict experimentv1.Verdict) {
	w.Helper()
	x := &experimentv1.Experiment{
		Name: "teams/" + team + "/cycles/2026-w10/experiments/" + id, DisplayName: "The " + id,
		LockTime: timestamppb.New(w.Clock.Now()), Prediction: &experimentv1.Prediction{Sentence: "If " + id + "."},
	}
	w.happen(w.experiment, team, x.GetName(), 2, &experimentv1.ExperimentLocked{Experiment: x})
	if verdict == noOutcome {
		return
	}
	x.Outcome = &experimentv1.Outcome{Verdict: verdict, Happened: "Then " + id + ".", Learned: "That " + id + ".", ConcludeTime: timestamppb.New(w.Clock.Now())}
	w.happen(w.experiment, team, x.GetName(), 4, &experimentv1.ExperimentConcluded{Experiment: x})
}

// finished records, now, the end of a cycle, a learning and an escalated obstacle.
func (w *world) finished(team, id string) {
	w.Helper()
	w.happen(w.cycle, team, "teams/"+team+"/cycles/"+id, 5, &cyclev1.CycleFinished{})
	w.happen(w.knowledge, team, "learnings/"+team+id, 2, &knowledgev1.LearningPublished{Learning: &knowledgev1.Learning{Team: "teams/" + team}})
	w.happen(w.cycle, team, "teams/"+team+"/obstacles/"+id, 2, &cyclev1.ObstacleEscalated{Obstacle: &cyclev1.Obstacle{
		Description: "the " + id + " of " + team, State: cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED,
	}})
}

// report reads a report as somebody, once everything has arrived.
func (w *world) report(who caller.Caller, req *reportv1.GetLearningReportRequest) *reportv1.LearningReport {
	w.Helper()
	w.Settled(w.service)
	got, err := w.GetLearningReport(w.As(who), req)
	if err != nil {
		w.Fatal(err)
	}
	return got
}

var manager = callertest.Manager("max")

func TestLearningReport(t *testing.T) {
	w := newWorld(t)
	w.finished("search", "w10") // before the team itself
	w.team("search", "search")
	w.team("payments", "Payments")
	w.team("quiet", "Quiet")
	w.tried("payments", "rota", as)
	w.tried("payments", "pairs", notAs)
	w.tried("payments", "swarm", cannot)
	w.tried("search", "cache", notAs)
	w.tried("search", "index", noOutcome)
	w.finished("payments", "w10")
	w.happen(w.cycle, "payments", "teams/payments/obstacles/noise", 2, &cyclev1.ObstacleSettled{Obstacle: &cyclev1.Obstacle{
		Description: "noise", State: cyclev1.ObstacleState_OBSTACLE_STATE_DROPPED,
	}})

	surprise := func(team, id string) *reportv1.Surprise {
		return &reportv1.Surprise{
			Experiment:  "teams/" + team + "/cycles/2026-w10/experiments/" + id,
			DisplayName: "The " + id, Expected: "If " + id + ".", Happened: "Then " + id + ".", Learned: "That " + id + ".",
		}
	}
	want := &reportv1.LearningReport{
		From: "2026-02-17", To: "2026-03-03", DataTime: timestamppb.New(w.Clock.Now()),
		CyclesFinished: 2, LearningsPublished: 2,
		Predictions: &reportv1.PredictionCounts{Locked: 5, AsPredicted: 1, NotAsPredicted: 2, CannotTell: 1},
		Surprises:   []*reportv1.Surprise{surprise("payments", "pairs"), surprise("search", "cache")},
		Teams: []*reportv1.TeamLearning{
			{
				Team: "teams/payments", DisplayName: "Payments", CyclesFinished: 1, LearningsPublished: 1,
				Predictions: &reportv1.PredictionCounts{Locked: 3, AsPredicted: 1, NotAsPredicted: 1, CannotTell: 1},
			},
			{Team: "teams/quiet", DisplayName: "Quiet", Predictions: &reportv1.PredictionCounts{}},
			{
				Team: "teams/search", DisplayName: "search", CyclesFinished: 1, LearningsPublished: 1,
				Predictions: &reportv1.PredictionCounts{Locked: 2, NotAsPredicted: 1},
			},
		},
		EscalatedObstacles: []string{"the w10 of payments", "the w10 of search"},
		Missing:            []string{"3 resolved predictions are too few for a verdict on calibration; it takes 20."},
	}
	if got := w.report(manager, &reportv1.GetLearningReportRequest{}); !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}

	// What comes late, of an older version, and what no report knows changes nothing.
	w.happen(w.experiment, "payments", "teams/payments/cycles/2026-w10/experiments/pairs", 3, &experimentv1.ExperimentLocked{
		Experiment: &experimentv1.Experiment{Name: "teams/payments/cycles/2026-w10/experiments/pairs", LockTime: timestamppb.New(w.Clock.Now())},
	})
	w.happen(w.cycle, "payments", "teams/payments/cycles/w10", 4, &cyclev1.CycleFinished{})
	w.happen(w.cycle, "payments", "teams/payments/cycles/w10", 6, &cyclev1.CycleUpdated{})
	if got := w.report(manager, &reportv1.GetLearningReportRequest{}); !proto.Equal(got, want) {
		t.Errorf("afterwards %v\nwant %v", got, want)
	}
}

func TestWhoReadsWhat(t *testing.T) {
	w := newWorld(t)
	for _, team := range []string{"mobile", "payments", "search"} {
		w.team(team, team)
		w.tried(team, "rota", notAs)
		w.finished(team, "w10")
	}
	both := callertest.User("mina", "payments", caller.Member)
	both.Teams["search"] = caller.Viewer
	tests := []struct {
		name string
		who  caller.Caller
		asks []string
		sees []string
	}{
		{"manager", manager, nil, []string{"mobile", "payments", "search"}},
		{"admin", callertest.Admin("ada"), nil, []string{"mobile", "payments", "search"}},
		{"member", callertest.User("jonas", "payments", caller.Member), nil, []string{"payments"}},
		{"member here, viewer there", both, nil, []string{"payments", "search"}},
		{"of one team", both, []string{"search"}, []string{"search"}},
		{"twice the same", manager, []string{"mobile", "mobile"}, []string{"mobile"}},
		{"in no team", callertest.User("nils", "", ""), nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req := &reportv1.GetLearningReportRequest{}
			for _, team := range test.asks {
				req.Teams = append(req.Teams, "teams/"+team)
			}
			got := w.report(test.who, req)
			var sees []string
			for _, team := range got.GetTeams() {
				sees = append(sees, team.GetDisplayName())
			}
			if n := len(test.sees); !slices.Equal(sees, test.sees) || len(got.GetSurprises()) != n || len(got.GetEscalatedObstacles()) != n || int(got.GetCyclesFinished()) != n {
				t.Errorf("sees %v of %v", sees, got)
			}
			for _, surprise := range got.GetSurprises() {
				if team := strings.Split(surprise.GetExperiment(), "/")[1]; !slices.Contains(test.sees, team) {
					t.Errorf("sees the surprise of %s", team)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.team("search", "Search")
	w.Settled(w.service)
	member := callertest.User("jonas", "payments", caller.Coach)
	tests := []struct {
		name   string
		who    caller.Caller
		req    *reportv1.GetLearningReportRequest
		kind   fault.Kind
		reason string
		fields []string
	}{
		{"another team", member, &reportv1.GetLearningReportRequest{Teams: []string{"teams/payments", "teams/search"}}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"a team that is not there", member, &reportv1.GetLearningReportRequest{Teams: []string{"teams/none"}}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"nobody", caller.Caller{}, &reportv1.GetLearningReportRequest{}, fault.Unauthenticated, "UNAUTHENTICATED", nil},
		{"an id for a name", member, &reportv1.GetLearningReportRequest{Teams: []string{"payments"}}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"teams[0]"}},
		{"no days", member, &reportv1.GetLearningReportRequest{From: "last week", To: "2026-3-1"}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"from", "to"}},
		{"a day that is none", member, &reportv1.GetLearningReportRequest{From: "2026-02-30"}, fault.InvalidArgument, "DAY_INVALID", []string{"from"}},
		{"an end before the beginning", member, &reportv1.GetLearningReportRequest{From: "2026-03-02", To: "2026-03-01"}, fault.InvalidArgument, "PERIOD_EMPTY", []string{"from"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.GetLearningReport(w.As(test.who), test.req)
			testkit.Refused(t, err, test.kind, test.reason, test.fields...)
		})
	}
}

// A period has the days from its first one up to, and without, the one that it ends with.
func TestPeriods(t *testing.T) {
	w := newWorld(t)
	w.team("payments", "Payments")
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for id, moment := range map[string]string{
		"a": "2026-03-01T23:59:59.999999Z", "b": "2026-03-02T00:00:00Z", "c": "2026-03-15T23:59:59.999999Z", "d": "2026-03-16T00:00:00Z",
	} {
		w.Clock.Set(at(moment))
		w.tried("payments", id, notAs)
		w.finished("payments", id)
	}
	w.Clock.Set(at("2026-03-16T12:00:00Z"))
	for _, test := range []struct{ from, to, want string }{
		{"2026-03-02", "2026-03-16", "b c"},
		{"", "2026-03-16", "b c"}, // two weeks
		{"2026-03-01", "2026-03-02", "a"},
		{"2026-03-02", "2026-03-03", "b"},
		{"2026-03-03", "", "c d"}, // up to and with today
		{"", "", "c d"},
		{"1900-01-01", "2100-01-01", "a b c d"},
		{"2026-03-17", "2026-03-18", ""},
	} {
		got := w.report(manager, &reportv1.GetLearningReportRequest{From: test.from, To: test.to})
		var surprises, obstacles []string
		for _, surprise := range got.GetSurprises() {
			surprises = append(surprises, surprise.GetExperiment()[strings.LastIndexByte(surprise.GetExperiment(), '/')+1:])
		}
		for _, obstacle := range got.GetEscalatedObstacles() {
			obstacles = append(obstacles, strings.Fields(obstacle)[1])
		}
		n := int32(len(strings.Fields(test.want)))
		counts := got.GetTeams()[0]
		if strings.Join(surprises, " ") != test.want || strings.Join(obstacles, " ") != test.want || counts.GetCyclesFinished() != n ||
			counts.GetLearningsPublished() != n || !proto.Equal(counts.GetPredictions(), &reportv1.PredictionCounts{Locked: n, NotAsPredicted: n}) {
			t.Errorf("%q to %q: %v, want %q", test.from, test.to, got, test.want)
		}
	}
}

func TestAnEmptyPeriodSaysSo(t *testing.T) {
	w := newWorld(t)
	const noEvent, noCycle, few = "No event has arrived yet.", "No cycle was finished in this period.", "0 resolved predictions are too few for a verdict on calibration; it takes 20."
	got := w.report(manager, &reportv1.GetLearningReportRequest{})
	if !slices.Equal(got.GetMissing(), []string{noEvent, noCycle, few}) || got.GetDataTime() != nil {
		t.Errorf("before everything: %v", got)
	}
	w.team("payments", "Payments")
	w.finished("payments", "w10")
	arrived := w.Clock.Now()
	w.Clock.Advance(30 * 24 * time.Hour)
	got = w.report(manager, &reportv1.GetLearningReportRequest{})
	if !slices.Equal(got.GetMissing(), []string{noCycle, few}) || !got.GetDataTime().AsTime().Equal(arrived) || len(got.GetTeams()) != 1 {
		t.Errorf("a month later: %v", got)
	}
}
