package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

var (
	admin   = caller.Caller{Subject: "users/ada", Admin: true}
	learned = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
)

// house is the knowledge service of one installation, behind the real chain of interceptors.
type house struct {
	t         *testing.T
	name      string
	log       *eventlog.Log
	client    knowledgev1.KnowledgeServiceClient
	authority *callertest.Authority
}

// named knows the teams by their names for people.
type named struct {
	identityv1.UnimplementedIdentityServiceServer
}

func (named) ListTeams(context.Context, *identityv1.ListTeamsRequest) (*identityv1.ListTeamsResponse, error) {
	return &identityv1.ListTeamsResponse{Teams: []*identityv1.Team{{Name: "teams/payments", DisplayName: "Payments & Co."}}}, nil
}

func installed(t *testing.T, engine db.Engine, name string) *house {
	t.Helper()
	h := &house{t: t, name: name, authority: callertest.New(nil)}
	var err error
	tables := db.Merge(eventlog.Migrations, audit.Migrations, migrations.FS)
	if h.log, err = eventlog.Open(t.Context(), dbtest.Open(t, engine, tables), "knowledge", nil); err != nil {
		t.Fatal(err)
	}
	server := rpcserver.New(rpcserver.Config{Verifier: h.authority.Verifier, Logger: slog.New(slog.DiscardHandler)})
	knowledgev1.RegisterKnowledgeServiceServer(server, rpc.New(h.log, func(string) grpc.ClientConnInterface { return rpcserver.Asking(server.Conn()) }))
	identityv1.RegisterIdentityServiceServer(server, named{})
	if err := server.Check(); err != nil {
		t.Fatal(err)
	}
	h.client = knowledgev1.NewKnowledgeServiceClient(server.Conn())
	return h
}

// keep saves learnings, with a chart where they say so.
func (h *house) keep(all ...domain.Learning) {
	h.t.Helper()
	for _, l := range all {
		err := h.log.Do(h.t.Context(), func(tx *eventlog.Tx) error {
			event := map[domain.State]domain.Event{domain.Draft: domain.LearningDrafted, domain.Published: domain.LearningPublished, domain.Retired: domain.LearningRetired}[l.State]
			if l.HasChart {
				if err := store.KeepChart(tx, drawn(l.Name)); err != nil {
					return err
				}
			}
			_, err := store.Create(tx, &l, event)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) export(c caller.Caller) []*knowledgev1.ExportedLearning {
	h.t.Helper()
	stream, err := h.client.ExportLearnings(h.authority.Context(h.t.Context(), c), &knowledgev1.ExportLearningsRequest{Installation: h.name})
	var all []*knowledgev1.ExportedLearning
	for err == nil {
		var l *knowledgev1.ExportedLearning
		if l, err = stream.Recv(); err == nil {
			all = append(all, l)
		}
	}
	if !errors.Is(err, io.EOF) {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) tryImport(c caller.Caller, only bool, all ...*knowledgev1.ExportedLearning) (*knowledgev1.ImportLearningsResponse, error) {
	stream, err := h.client.ImportLearnings(h.authority.Context(h.t.Context(), c))
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if err := stream.Send(&knowledgev1.ImportLearningsRequest{Learning: l, ValidateOnly: only}); err != nil {
			break
		}
	}
	return stream.CloseAndRecv()
}

// bring imports learnings, and expects so many to be created, updated, unchanged and refused.
func (h *house) bring(all []*knowledgev1.ExportedLearning, created, updated, unchanged, refused int) *knowledgev1.ImportLearningsResponse {
	h.t.Helper()
	got, err := h.tryImport(admin, false, all...)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(got.GetCreated()) != created || len(got.GetUpdated()) != updated || int(got.GetUnchanged()) != unchanged || len(got.GetRefused()) != refused {
		h.t.Errorf("%s: %v, want %d created, %d updated, %d unchanged, %d refused", h.name, got, created, updated, unchanged, refused)
	}
	return got
}

func (h *house) events() int64 {
	h.t.Helper()
	n, _, err := db.One[int64](h.t.Context(), h.log.DB().Read(), "select count(*) from event_log")
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func onBoth(t *testing.T, fn func(t *testing.T, engine db.Engine)) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, engine) })
	}
}

func drawn(learning string) *knowledgev1.LearningChart {
	c := &experimentv1.ProcessBehaviourChart{
		Metric: "teams/payments/metrics/wait", Segments: []*experimentv1.ChartSegment{{EndPoint: 3, Limits: &experimentv1.Limits{Centre: 5, Upper: 8, Lower: 2}, Baseline: "teams/payments/metrics/wait/baselines/first"}},
		Signals: []*experimentv1.Signal{{Rule: "R1", Points: []int32{2}}},
	}
	for i := range 3 {
		c.Points = append(c.Points, &experimentv1.ChartPoint{Time: timestamppb.New(learned.AddDate(0, 0, i)), Value: float64(4 + i)})
	}
	return &knowledgev1.LearningChart{Name: learning, Chart: c, Metric: &experimentv1.Metric{Name: c.GetMetric(), DisplayName: "Wait", Unit: "h", Direction: experimentv1.Direction_DIRECTION_LOWER}}
}

// everyKind are learnings of every kind, the draft included.
func everyKind() []domain.Learning {
	return []domain.Learning{
		{Name: "learnings/draft", Claim: "Not yet said aloud", Team: "teams/payments", State: domain.Draft, Since: learned},
		{
			Name: "learnings/rota", Claim: "A rota makes reviews wait less — 👩‍👩‍👧", Situation: "Two of us\n\n- answer *beside*\n- the work", Tried: "A rota", Happened: "Less <b>wait</b>",
			MayNotHold: "=1+1", HowToTry: "`week`", Tags: []string{"code-review", "waiting"}, Team: "teams/payments", Cycle: "teams/payments/cycles/w24",
			Context: domain.Context{Process: "code review", ConstraintType: "waiting", TeamSize: 7, Stack: []string{"go"}}, Verdict: "NOT_AS_PREDICTED",
			Experiment: "teams/payments/cycles/w24/experiments/rota", State: domain.Published, HasChart: true, ReviewByDate: "2026-12-08",
			Grade: domain.Grade{Level: domain.Observed, Supporting: 1, Explanation: "One team found it."}, Reviews: []domain.Review{{Text: "It still holds for us", Time: learned.AddDate(0, 0, 9)}},
			Since: learned.Add(time.Hour), PublishTime: learned.Add(2 * time.Hour),
		},
		{
			Name: "learnings/flags", Claim: "Flags make releases calm", Team: "teams/search", State: domain.Retired, RetireReason: "They piled up.",
			Since: learned.Add(2 * time.Hour), PublishTime: learned.Add(3 * time.Hour),
		},
	}
}

// said is what a learning says wherever it is.
func said(all []*knowledgev1.ExportedLearning) []*knowledgev1.ExportedLearning {
	var bare []*knowledgev1.ExportedLearning
	for _, e := range all {
		c := proto.CloneOf(e)
		l := c.GetLearning()
		l.Name, l.Team, l.Cycle, l.Experiment, l.Grade, l.Provenance, l.Revision, l.CreateTime, l.UpdateTime = "", "", "", "", nil, nil, 0, nil, nil
		c.Evidence, c.Provenance = nil, nil
		if chart := c.GetChart(); chart != nil {
			chart.Name, chart.Metric.Name, chart.Chart.Metric = "", "", ""
			for _, s := range chart.GetChart().GetSegments() {
				s.Baseline = ""
			}
		}
		bare = append(bare, c)
	}
	return bare
}

func same(t *testing.T, got, want []*knowledgev1.ExportedLearning) {
	t.Helper()
	got, want = said(got), said(want)
	if len(got) != len(want) {
		t.Fatalf("%d learnings, want %d", len(got), len(want))
	}
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("learning %d says\n%v\nwant\n%v", i, got[i], want[i])
		}
	}
}

func TestLearningsTravelBetweenInstallations(t *testing.T) {
	for i, engine := range dbtest.Engines {
		other := dbtest.Engines[(i+1)%len(dbtest.Engines)]
		t.Run(string(engine)+" to "+string(other), func(t *testing.T) {
			a, b := installed(t, engine, "a.example.com"), installed(t, other, "b.example.com")
			a.keep(everyKind()...)
			left := a.export(stranger)
			if len(left) != 2 || left[0].GetLearning().GetName() != "learnings/rota" || left[0].GetChart() == nil || left[0].GetProvenance().GetTeam() != "Payments & Co." ||
				left[1].GetProvenance().GetTeam() != "search" || left[0].GetProvenance().GetInstallation() != a.name {
				t.Fatalf("exported %v", left)
			}
			made := b.bring(left, 2, 0, 0, 0)
			arrived := b.export(stranger)
			same(t, arrived, left)
			for n, e := range arrived {
				l, p := e.GetLearning(), e.GetProvenance()
				if l.GetTeam()+l.GetCycle()+l.GetExperiment() != "" || len(e.GetEvidence()) != 0 || l.GetGrade().GetLevel() != knowledgev1.GradeLevel_GRADE_LEVEL_ANECDOTE {
					t.Errorf("came along: %v", e)
				}
				if l.GetName() != made.GetCreated()[n] || p.GetInstallation() != a.name || p.GetLearning() != left[n].GetLearning().GetName() || !slices.Equal(p.GetEarlier(), []string{b.name}) ||
					p.GetGrade().GetLevel() != left[n].GetLearning().GetGrade().GetLevel() || !proto.Equal(p.GetExportTime(), left[n].GetProvenance().GetExportTime()) {
					t.Errorf("provenance %v", p)
				}
			}
			if c := arrived[0].GetChart(); c.GetName() != made.GetCreated()[0] || c.GetMetric().GetName() != "" || c.GetChart().GetSegments()[0].GetBaseline() != "" {
				t.Errorf("the chart names what is there: %v", c)
			}
			before := b.events()
			b.bring(left, 0, 0, 2, 0)
			b.bring(arrived, 0, 0, 2, 0)
			a.bring(left, 0, 0, 2, 0)
			a.bring(arrived, 0, 0, 2, 0)
			if b.events() != before || len(a.export(admin)) != 2 {
				t.Errorf("what is there was recorded again")
			}
		})
	}
}

func TestAnImportFollowsWhatChangesThere(t *testing.T) {
	a, b := installed(t, db.SQLite, "a.example.com"), installed(t, db.SQLite, "b.example.com")
	a.keep(everyKind()...)
	old := a.export(admin)
	rota := b.bring(old, 2, 0, 0, 0).GetCreated()[0]
	change := func(h *house, name string, rule func(l *domain.Learning) error) {
		t.Helper()
		if err := h.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Change(tx, name, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) {
				return []domain.Event{domain.LearningPublished}, rule(l)
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	change(a, "learnings/rota", func(l *domain.Learning) error {
		l.Claim, l.Tried = "A rota of two makes reviews wait less", "A rota of two"
		return nil
	})
	change(b, rota, func(l *domain.Learning) error {
		l.Tried, l.Worded = "What we call a rota", []string{"tried"}
		return nil
	})
	b.bring(a.export(admin), 0, 1, 1, 0)
	got := b.export(admin)[0].GetLearning()
	if got.GetClaim() != "A rota of two makes reviews wait less" || got.GetTried() != "What we call a rota" {
		t.Errorf("followed: %v", got)
	}
	b.bring(old, 0, 0, 2, 0) // a file from before says nothing new
	change(a, "learnings/rota", func(l *domain.Learning) error {
		l.State, l.RetireReason = domain.Retired, "Pairs need none."
		return nil
	})
	late := a.export(admin)
	b.bring(late, 0, 1, 1, 0)
	if got := b.export(admin)[0].GetLearning(); got.GetState() != knowledgev1.LearningState_LEARNING_STATE_RETIRED || got.GetRetireReason() != "Pairs need none." {
		t.Errorf("retired there, here: %v", got)
	}
	late[0].Learning.State, late[0].Learning.RetireReason = knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, ""
	b.bring(late, 0, 0, 2, 0) // what is retired stays so
	late[0].Chart.Chart.Points[1].Value = 7
	b.bring(late, 0, 1, 1, 0)
	if got := b.export(admin)[0].GetChart().GetChart().GetPoints()[1].GetValue(); got != 7 {
		t.Errorf("the chart shows %v", got)
	}
	// Another learning that has the name is left alone, and so are others that only look as if they had come back.
	squatter := installed(t, db.SQLite, "c.example.com")
	squatter.keep(domain.Learning{Name: rota, Claim: "Something else altogether", Team: "teams/x", State: domain.Published, Since: learned, PublishTime: learned},
		domain.Learning{Name: "learnings/flags", Claim: "Other flags", Team: "teams/x", State: domain.Published, Since: learned, PublishTime: learned})
	if got := squatter.bring(old, 1, 0, 0, 1); !strings.Contains(got.GetRefused()[0].GetReason(), "Another learning") {
		t.Errorf("refused: %v", got)
	}
}

func TestATrialKeepsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, engine db.Engine) {
		a, b := installed(t, db.SQLite, "a.example.com"), installed(t, engine, "b.example.com")
		a.keep(everyKind()...)
		left := a.export(admin)
		before := b.events()
		got, err := b.tryImport(admin, true, left...)
		if err != nil || len(got.GetCreated()) != 2 || b.events() != before || len(b.export(admin)) != 0 {
			t.Errorf("%v, %v, %d events after %d", got, err, b.events(), before)
		}
	})
}

func TestOnlyAdminsImport(t *testing.T) {
	b := installed(t, db.SQLite, "b.example.com")
	for _, c := range []caller.Caller{member, manager, stranger} {
		if _, err := b.tryImport(c, false); status.Code(err) != codes.PermissionDenied {
			t.Errorf("%s imports: %v", c.Subject, err)
		}
	}
}

// foreign is a learning that is fine.
func foreign() *knowledgev1.ExportedLearning {
	return &knowledgev1.ExportedLearning{
		Learning: &knowledgev1.Learning{Claim: "A rota makes reviews wait less", State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, PublishTime: timestamppb.New(learned)},
		Chart:    drawn(""), Provenance: &knowledgev1.Provenance{Installation: "a.example.com", Learning: "learnings/rota", ExportTime: timestamppb.New(learned)},
	}
}

func TestWhatIsWrongIsRefusedAndTheRestIsTaken(t *testing.T) {
	type learning = *knowledgev1.ExportedLearning
	cases := map[string]struct {
		change func(e learning)
		reason string
	}{
		"a draft":                  {func(e learning) { e.Learning.State = knowledgev1.LearningState_LEARNING_STATE_DRAFT }, "learning.state"},
		"a state of later":         {func(e learning) { e.Learning.State = 77 }, "learning.state"},
		"retired without a reason": {func(e learning) { e.Learning.State = knowledgev1.LearningState_LEARNING_STATE_RETIRED }, "learning.retireReason"},
		"no claim":                 {func(e learning) { e.Learning.Claim = "" }, "learning.claim"},
		"a claim of nothing":       {func(e learning) { e.Learning.Claim = strings.Repeat("\u200b\u202e", 10) }, "learning.claim"},
		"a short claim":            {func(e learning) { e.Learning.Claim = "A rota" }, "learning.claim"},
		"a claim of 1 MiB":         {func(e learning) { e.Learning.Claim = strings.Repeat("claim ", 1<<20/6) }, "learning.claim"},
		"a text of 3 MiB":          {func(e learning) { e.Learning.Tried = strings.Repeat("tried ", 3<<20/6) }, "learning.tried"},
		"a long reason":            {func(e learning) { e.Learning.State, e.Learning.RetireReason = 3, strings.Repeat("x", 1001) }, "learning.retireReason"},
		"a tag":                    {func(e learning) { e.Learning.Tags = []string{"Not A Tag"} }, "learning.tags"},
		"a tag twice":              {func(e learning) { e.Learning.Tags = []string{"a", "a"} }, "learning.tags"},
		"a verdict":                {func(e learning) { e.Learning.Verdict = "SUCCESS" }, "learning.verdict"},
		"a day":                    {func(e learning) { e.Learning.ReviewByDate = "2026-13-45" }, "learning.reviewByDate"},
		"no time":                  {func(e learning) { e.Learning.PublishTime = nil }, "learning.publishTime"},
		"a time before all clocks": {func(e learning) { e.Learning.PublishTime = &timestamppb.Timestamp{Seconds: -62135596801} }, "learning.publishTime"},
		"a review of nothing":      {func(e learning) { e.Learning.Reviews = []*knowledgev1.LearningReview{{}} }, "learning.reviews"},
		"a control character":      {func(e learning) { e.Learning.Situation = "a\x00b" }, "learning.situation"},
		"no origin":                {func(e learning) { e.Provenance = nil }, "provenance.installation"},
		"an address as a host":     {func(e learning) { e.Provenance.Installation = "https://a.example.com/" }, "provenance.installation"},
		"a name that is none":      {func(e learning) { e.Provenance.Learning = "learnings/../x" }, "provenance.learning"},
		"through what is no host":  {func(e learning) { e.Provenance.Earlier = []string{"<script>"} }, "provenance.earlier"},
		"no export time":           {func(e learning) { e.Provenance.ExportTime = nil }, "provenance.exportTime"},
		"no points":                {func(e learning) { e.Chart.Chart.Points = nil }, "chart.chart.points"},
		"too many points":          {func(e learning) { e.Chart.Chart.Points = slices.Repeat(e.Chart.Chart.Points[:1], 2001) }, "chart.chart.points"},
		"no number":                {func(e learning) { e.Chart.Chart.Points[1].Value = math.NaN() }, "chart.chart.value"},
		"infinite":                 {func(e learning) { e.Chart.Chart.Segments[0].Limits.Upper = math.Inf(1) }, "chart.chart.upper"},
		"out of measure":           {func(e learning) { e.Chart.Chart.Points[1].Value = 1e300 }, "chart.chart.value"},
		"back in time":             {func(e learning) { slices.Reverse(e.Chart.Chart.Points) }, "chart.chart.points"},
		"a signal of no point":     {func(e learning) { e.Chart.Chart.Signals[0].Points = []int32{3} }, "chart.chart.signals"},
		"a signal before":          {func(e learning) { e.Chart.Chart.Signals[0].Points = []int32{-1} }, "chart.chart.signals"},
		"a rule in markup":         {func(e learning) { e.Chart.Chart.Signals[0].Rule = "<svg onload=x>" }, "chart.chart.signals"},
		"a segment beyond":         {func(e learning) { e.Chart.Chart.Segments[0].EndPoint = 4 }, "chart.chart.segments"},
		"a segment backwards":      {func(e learning) { e.Chart.Chart.Segments[0].FirstPoint = 3 }, "chart.chart.segments"},
		"a metric without a name":  {func(e learning) { e.Chart.Metric.DisplayName = "" }, "chart.metric.displayName"},
	}
	h := installed(t, db.SQLite, "b.example.com")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h.t = t
			bad, good := foreign(), foreign()
			c.change(bad)
			good.Provenance.Learning = fmt.Sprintf("learnings/good-%d", len(h.export(admin)))
			got := h.bring([]*knowledgev1.ExportedLearning{bad, good}, 1, 0, 0, 1)
			if r := got.GetRefused(); len(r) == 1 && (!strings.Contains(r[0].GetReason(), c.reason) || bad.GetProvenance().GetLearning() != r[0].GetLearning() || len(r[0].GetReason()) > 1000) {
				t.Errorf("refused as %v, want %s", r[0], c.reason)
			}
		})
	}
	h.t = t
	if got := h.bring([]*knowledgev1.ExportedLearning{foreign(), foreign()}, 1, 0, 0, 1); !strings.Contains(got.GetRefused()[0].GetReason(), "twice; only the first one counts") {
		t.Errorf("twice: %v", got)
	}
}

func TestAnImportOfMereRefusalsEnds(t *testing.T) {
	h := installed(t, db.SQLite, "b.example.com")
	var bad []*knowledgev1.ExportedLearning
	for n := range 1001 {
		bad = append(bad, foreign())
		bad[n].Provenance.Learning, bad[n].Learning.Claim = fmt.Sprintf("learnings/bad-%d", n), ""
	}
	if _, err := h.tryImport(admin, false, bad...); rpcserver.FromStatus(err).Reason != "LEARNINGS_IMPORT_REFUSED" || !strings.Contains(rpcserver.FromStatus(err).Message, "learnings/bad-1000 (learning.claim: It claims nothing that can be read). What was taken") {
		t.Errorf("%v", err)
	}
}

func TestAWholeBaseIsReadPageByPage(t *testing.T) {
	onBoth(t, func(t *testing.T, engine db.Engine) {
		a, b := installed(t, engine, "a.example.com"), installed(t, engine, "b.example.com")
		for n := range 230 {
			at := learned.Add(time.Duration(n/7) * time.Hour)
			a.keep(domain.Learning{
				Name: fmt.Sprintf("learnings/l%03d", n), Claim: fmt.Sprintf("What was learned the %dth time", n), Team: "teams/payments",
				State: domain.Published, Since: at, PublishTime: at,
			})
		}
		left := a.export(admin)
		for n, e := range left {
			if e.GetLearning().GetName() != fmt.Sprintf("learnings/l%03d", n) {
				t.Fatalf("at %d is %s", n, e.GetLearning().GetName())
			}
		}
		if len(left) != 230 {
			t.Fatalf("%d", len(left))
		}
		b.bring(left, 230, 0, 0, 0)
		b.bring(left, 0, 0, 230, 0)
	})
}

// Whatever a learning says that was cleaned as ours are, it says the same elsewhere.
func TestTextsArriveAsTheyLeft(t *testing.T) {
	a, b := installed(t, db.SQLite, "a.example.com"), installed(t, db.SQLite, "b.example.com")
	text := rapid.StringOfN(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\n\t *#<>=`\u200d\u202e\u00ad👩é"))), 0, 300, -1)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		l := domain.Learning{
			Name: fmt.Sprintf("learnings/p%06d", n), Claim: "It was learned: " + text.Draw(r, "claim"), Situation: text.Draw(r, "situation"), Tried: text.Draw(r, "tried"), Happened: text.Draw(r, "happened"),
			MayNotHold: text.Draw(r, "may not hold"), HowToTry: text.Draw(r, "how to try"), Context: domain.Context{Process: text.Draw(r, "process")}, Team: "teams/payments",
			State: domain.Published, Since: learned.Add(time.Duration(n) * time.Minute), PublishTime: learned.Add(time.Duration(n) * time.Minute),
		}
		l.Clean()
		a.keep(l)
		left := a.export(admin)
		left = left[len(left)-1:]
		b.bring(left, 1, 0, 0, 0)
		arrived := b.export(admin)
		same(t, arrived[len(arrived)-1:], left)
	})
}
