package notification_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1" // experiments refer to learnings
	notificationv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/notification"
)

const (
	team  = "teams/payments"
	cycle = team + "/cycles/2026-w10"
	retro = cycle + "/retrospective"
)

// world is the notification service, fed with the events of services that are not there.
type world struct {
	*testing.T
	*testkit.Kit
	notificationv1.NotificationServiceClient
	service                                    *notification.Service
	identity, cycle, experiment, retrospective *eventlog.Log
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, Kit: testkit.New(t)}
	var err error
	if w.service, err = notification.New(t.Context(), w.Service("notification")); err != nil {
		t.Fatal(err)
	}
	w.identity, w.cycle, w.experiment, w.retrospective = w.Source("identity"), w.Source("cycle"), w.Source("experiment"), w.Source("retrospective")
	w.Start(w.service)
	w.NotificationServiceClient = notificationv1.NewNotificationServiceClient(w.Conn())
	return w
}

// happen records an event and waits until it has been applied.
func (w *world) happen(l *eventlog.Log, subject string, version int64, data proto.Message) {
	w.Helper()
	err := l.Do(w.Context(), func(tx *eventlog.Tx) error {
		return tx.Append(eventlog.Event{
			Team: "payments", AggregateType: "thing", AggregateID: subject, AggregateVersion: version, Subject: subject, Data: data,
		})
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Settled(w.service)
}

func (w *world) zone(version int64, zone string) {
	w.Helper()
	w.happen(w.identity, team, version, &identityv1.TeamUpdated{Team: &identityv1.Team{TimeZone: zone}})
}

// agree agrees on an action that is due on a day of March.
func (w *world) agree(id, day string) {
	w.Helper()
	name := retro + "/actions/" + id
	w.happen(w.retrospective, name, 1, &retrospectivev1.ActionAgreed{Action: &retrospectivev1.Action{
		Name: name, Text: id, DueDate: "2026-03-" + day, State: retrospectivev1.ActionState_ACTION_STATE_OPEN,
	}})
}

func (w *world) complete(id string) {
	w.Helper()
	name := retro + "/actions/" + id
	w.happen(w.retrospective, name, 2, &retrospectivev1.ActionCompleted{Action: &retrospectivev1.Action{
		Name: name, Text: id, DueDate: "2026-03-31", State: retrospectivev1.ActionState_ACTION_STATE_DONE,
	}})
}

func (w *world) member() context.Context {
	return w.As(callertest.User("jonas", "payments", caller.Member))
}

func (w *world) list(req *notificationv1.ListRemindersRequest) []*notificationv1.Reminder {
	w.Helper()
	req.Parent = team
	answer, err := w.ListReminders(w.member(), req)
	if err != nil {
		w.Fatal(err)
	}
	return answer.GetReminders()
}

// listed tells, in the list's order, what the reminders are about and when they are due, and where answered ones stand.
func listed(reminders []*notificationv1.Reminder) string {
	var lines []string
	for _, r := range reminders {
		line := r.GetSubject()[strings.LastIndexByte(r.GetSubject(), '/')+1:] + " " + r.GetDueTime().AsTime().Format("01-02T15:04")
		if r.GetState() != notificationv1.ReminderState_REMINDER_STATE_PENDING {
			line += strings.TrimPrefix(r.GetState().String(), "REMINDER_STATE_")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

// only is the one reminder there is.
func (w *world) only() *notificationv1.Reminder {
	w.Helper()
	all := w.list(&notificationv1.ListRemindersRequest{ShowAnswered: true})
	if len(all) != 1 {
		w.Fatalf("reminders %v, want one", all)
	}
	return all[0]
}

func TestTheDuePointsOfACycle(t *testing.T) {
	w := newWorld(t)
	w.zone(1, "Europe/Berlin")
	phases := &cyclev1.Cycle{Name: cycle, State: cyclev1.CycleState_CYCLE_STATE_ACTIVE, Phase: cyclev1.Phase_PHASE_PLAN, PhasePlan: []*cyclev1.PhasePlan{
		{Phase: cyclev1.Phase_PHASE_PLAN, StartDate: "2026-03-02", EndDate: "2026-03-04"},
		{Phase: cyclev1.Phase_PHASE_DO, StartDate: "2026-03-04", EndDate: "2026-03-12"},
		{Phase: cyclev1.Phase_PHASE_CHECK, StartDate: "2026-03-12", EndDate: "2026-03-14"},
		{Phase: cyclev1.Phase_PHASE_ACT, StartDate: "2026-03-14", EndDate: "2026-03-16"},
	}}
	// The retrospective's source is ahead of the cycle's.
	w.happen(w.retrospective, retro, 5, &retrospectivev1.RetrospectiveClosed{Retrospective: &retrospectivev1.Retrospective{Name: retro}})
	w.happen(w.cycle, cycle, 1, &cyclev1.CycleStarted{Cycle: phases})
	w.happen(w.cycle, cycle+"/andons/red", 1, &cyclev1.AndonRaised{Andon: &cyclev1.Andon{
		Name: cycle + "/andons/red", Problem: "red", State: cyclev1.AndonState_ANDON_STATE_OPEN, CreateTime: timestamppb.New(w.Clock.Now()),
	}})
	x := &experimentv1.Experiment{
		Name: cycle + "/experiments/rota", DisplayName: "Rota", State: experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING,
		StartTime: timestamppb.New(w.Clock.Now()), Prediction: &experimentv1.Prediction{ByDate: "2026-03-11"},
	}
	w.happen(w.experiment, x.GetName(), 3, &experimentv1.ExperimentStarted{Experiment: x})
	const andon, outcome = "red 03-02T08:00", "rota 03-11T08:00"
	const planned = "2026-w10 03-02T08:00, 2026-w10 03-04T08:00, 2026-w10 03-12T08:00, 2026-w10 03-14T08:00, 2026-w10 03-16T08:00"
	got := listed(w.list(&notificationv1.ListRemindersRequest{}))
	for _, part := range append(strings.Split(planned, ", "), andon, outcome) {
		if !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
	if n := len(strings.Split(got, ", ")); n != 7 { // the retrospective's own is settled
		t.Errorf("%d reminders: %s", n, got)
	}

	x.State = experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED
	w.happen(w.experiment, x.GetName(), 4, &experimentv1.ExperimentConcluded{Experiment: x})
	for _, check := range []struct {
		day   string
		weeks int32
	}{{"2026-03-30", 2}, {"2026-04-27", 6}, {"2026-06-08", 12}} {
		x.HoldChecks = append(x.HoldChecks, &experimentv1.HoldCheck{DueDate: check.day, Weeks: check.weeks})
	}
	w.happen(w.experiment, x.GetName(), 5, &experimentv1.HoldChecksScheduled{Experiment: x})
	w.happen(w.cycle, cycle+"/andons/red", 2, &cyclev1.AndonResolved{Andon: &cyclev1.Andon{Name: cycle + "/andons/red", State: cyclev1.AndonState_ANDON_STATE_RESOLVED}})
	phases.Phase, phases.State = cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_FINISHED
	w.happen(w.cycle, cycle, 5, &cyclev1.CycleFinished{Cycle: phases})
	// Berlin's clocks move on 29 March.
	if got := listed(w.list(&notificationv1.ListRemindersRequest{})); got != "rota 03-30T07:00, rota 04-27T07:00, rota 06-08T07:00" {
		t.Errorf("after the end: %s", got)
	}
}

func TestDueOnlyGoesByTheClock(t *testing.T) {
	w := newWorld(t)
	w.zone(1, "Asia/Tokyo")
	w.agree("a", "03")
	w.agree("b", "04")
	for _, step := range []struct{ now, due string }{
		{"2026-03-02T23:59:59.999Z", ""},
		{"2026-03-03T00:00:00Z", "a 03-03T00:00"},
		{"2026-03-03T23:59:59Z", "a 03-03T00:00"},
		{"2026-03-04T00:00:00.001Z", "a 03-03T00:00, b 03-04T00:00"},
	} {
		now, err := time.Parse(time.RFC3339, step.now)
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Set(now)
		if got := listed(w.list(&notificationv1.ListRemindersRequest{DueOnly: true})); got != step.due {
			t.Errorf("at %s due is %q, want %q", step.now, got, step.due)
		}
		if got := w.list(&notificationv1.ListRemindersRequest{}); len(got) != 2 {
			t.Errorf("at %s all are %v", step.now, got)
		}
	}
}

func TestZones(t *testing.T) {
	w := newWorld(t)
	w.agree("a", "03")
	w.agree("b", "20")
	w.Clock.Set(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
	for i, step := range []struct{ zone, want string }{
		{"", "a 03-03T09:00, b 03-20T09:00"},                 // not heard of yet
		{"Asia/Tokyo", "a 03-03T00:00, b 03-20T00:00"},       // heard of at last: this is where they always belonged
		{"America/New_York", "a 03-03T00:00, b 03-20T13:00"}, // the team moves: what is past stays
		{"UTC", "a 03-03T00:00, b 03-20T09:00"},
	} {
		if step.zone != "" {
			w.zone(int64(i), step.zone)
		}
		if got := listed(w.list(&notificationv1.ListRemindersRequest{})); got != step.want {
			t.Errorf("%s: %s, want %s", step.zone, got, step.want)
		}
	}
}

func TestAcknowledge(t *testing.T) {
	w := newWorld(t)
	w.agree("a", "03")
	pending := w.only()
	acknowledge := func(ctx context.Context, etag string) (*notificationv1.Reminder, error) {
		return w.AcknowledgeReminder(ctx, &notificationv1.AcknowledgeReminderRequest{Name: pending.GetName(), Etag: etag})
	}
	_, err := acknowledge(w.As(callertest.User("vera", "payments", caller.Viewer)), "")
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	_, err = acknowledge(w.member(), `"00000000-9"`)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")

	first, err := acknowledge(w.member(), pending.GetEtag())
	if err != nil || first.GetState() != notificationv1.ReminderState_REMINDER_STATE_ACKNOWLEDGED || first.GetEtag() == pending.GetEtag() {
		t.Fatalf("acknowledged: %v, %v", first, err)
	}
	again, err := acknowledge(w.member(), "")
	if err != nil || !proto.Equal(again, first) {
		t.Errorf("once more: %v, %v, want %v", again, err, first)
	}
	if records := testkit.Records(t, w.service.Log); len(records) != 2 || !strings.HasSuffix(records[1].Type, ".ReminderAcknowledged") ||
		records[0].Actor != "services/notification" || records[1].Actor != "users/jonas" {
		t.Errorf("events %+v", records)
	}
	w.complete("a") // what was answered stays as it is
	if got, err := w.GetReminder(w.member(), &notificationv1.GetReminderRequest{Name: pending.GetName()}); err != nil || !proto.Equal(got, first) {
		t.Errorf("after the action: %v, %v", got, err)
	}
}

func TestWhatIsDoneIsNotAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.agree("a", "03")
	w.complete("a")
	obsolete := w.only()
	_, err := w.AcknowledgeReminder(w.member(), &notificationv1.AcknowledgeReminderRequest{Name: obsolete.GetName()})
	testkit.Refused(t, err, fault.FailedPrecondition, "REMINDER_OBSOLETE")
	if now := w.only(); !proto.Equal(now, obsolete) || now.GetState() != notificationv1.ReminderState_REMINDER_STATE_OBSOLETE {
		t.Errorf("a refusal changed %v into %v", obsolete, now)
	}
}

func TestShowAnswered(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"1", "2", "3"} {
		w.agree(id, "0"+id)
	}
	w.complete("2")
	first := w.list(&notificationv1.ListRemindersRequest{})[0]
	if _, err := w.AcknowledgeReminder(w.member(), &notificationv1.AcknowledgeReminderRequest{Name: first.GetName()}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Set(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	for _, test := range []struct {
		due, answered bool
		want          string
	}{
		{false, false, "3 03-03T09:00"},
		{false, true, "1 03-01T09:00ACKNOWLEDGED, 2 03-02T09:00OBSOLETE, 3 03-03T09:00"},
		{true, false, ""},
		{true, true, "1 03-01T09:00ACKNOWLEDGED, 2 03-02T09:00OBSOLETE"},
	} {
		if got := listed(w.list(&notificationv1.ListRemindersRequest{DueOnly: test.due, ShowAnswered: test.answered})); got != test.want {
			t.Errorf("due only %v, answered %v: %q, want %q", test.due, test.answered, got, test.want)
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"05", "02", "04", "01", "03"} {
		w.agree(id, id)
	}
	w.Clock.Set(time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC))
	for _, due := range []bool{false, true} {
		req := &notificationv1.ListRemindersRequest{Parent: team, PageSize: 2, DueOnly: due}
		var all []string
		for {
			page, err := w.ListReminders(w.member(), req)
			if err != nil {
				t.Fatalf("due only %v, after %v: %v", due, all, err)
			}
			for _, r := range page.GetReminders() {
				all = append(all, r.GetSubject()[len(retro+"/actions/"):])
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				break
			}
			w.Clock.Advance(2 * time.Second) // nobody reads pages in no time
		}
		if !slices.Equal(all, []string{"01", "02", "03", "04", "05"}) {
			t.Errorf("due only %v: %v", due, all)
		}
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.agree("a", "03")
	w.agree("b", "04")
	page, err := w.ListReminders(w.member(), &notificationv1.ListRemindersRequest{Parent: team, PageSize: 1})
	if err != nil || page.GetNextPageToken() == "" {
		t.Fatal(page, err)
	}
	list := func(who caller.Caller, req *notificationv1.ListRemindersRequest) error {
		if req.Parent == "" {
			req.Parent = team
		}
		_, err := w.ListReminders(w.As(who), req)
		return err
	}
	get := func(name string) error {
		_, err := w.GetReminder(w.member(), &notificationv1.GetReminderRequest{Name: name})
		return err
	}
	member, outsider := callertest.User("jonas", "payments", caller.Member), callertest.User("olga", "mobile", caller.Coach)
	for _, test := range []struct {
		name   string
		err    error
		kind   fault.Kind
		reason string
		fields []string
	}{
		{"nobody", list(caller.Caller{}, &notificationv1.ListRemindersRequest{}), fault.Unauthenticated, "UNAUTHENTICATED", nil},
		{"another team", list(outsider, &notificationv1.ListRemindersRequest{}), fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"not there", get(team + "/reminders/none"), fault.NotFound, "REMINDER_NOT_FOUND", nil},
		{"another team's", get("teams/mobile/reminders/none"), fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"no name of a reminder", get(cycle), fault.InvalidArgument, "VALIDATION_FAILED", []string{"name"}},
		{"negative page", list(member, &notificationv1.ListRemindersRequest{PageSize: -1}), fault.InvalidArgument, "VALIDATION_FAILED", []string{"page_size"}},
		{"made-up token", list(member, &notificationv1.ListRemindersRequest{PageToken: "x"}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", []string{"page_token"}},
		{"token of another caller", list(callertest.Admin("ada"), &notificationv1.ListRemindersRequest{PageToken: page.GetNextPageToken()}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", []string{"page_token"}},
		{"token of another filter", list(member, &notificationv1.ListRemindersRequest{PageToken: page.GetNextPageToken(), DueOnly: true}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", []string{"page_token"}},
	} {
		t.Run(test.name, func(t *testing.T) { testkit.Refused(t, test.err, test.kind, test.reason, test.fields...) })
	}
}
