package retrospective_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// onBoth runs fn in a world on each engine.
func onBoth(t *testing.T, fn func(w *world)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(daysWorld(t, engine)) })
	}
}

// A day from its first tap to its place in the week.
func TestADayIsTappedClosedAndShown(t *testing.T) {
	onBoth(t, func(w *world) {
		first := w.tap("ada", goodMood, "flow", "the build is fast")
		if first.GetSecret() == "" || first.GetGoodDay() != w.today(0) || first.GetMood() != goodMood || first.GetCause() != "flow" ||
			!first.GetCloseTime().AsTime().Equal(time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC)) {
			w.Errorf("the tap is answered as %v", first)
		}
		_, err := w.TapDay(w.member("ada"), &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: badMood})
		testkit.Refused(w.T, err, fault.FailedPrecondition, "ALREADY_TAPPED")
		_, err = w.TapDay(w.member("ben"), &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: badMood, Secret: first.GetSecret()})
		testkit.Refused(w.T, err, fault.PermissionDenied, "TAP_SECRET_WRONG")
		replaced, err := w.TapDay(w.member("ada"), &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: badMood, Cause: "help", Secret: first.GetSecret()})
		if err != nil || replaced.GetSecret() != first.GetSecret() || replaced.GetMood() != badMood {
			w.Errorf("replaced: %v, %v", replaced, err)
		}
		again := &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: goodMood, Cause: "flow", RequestId: "once"}
		one, err := w.TapDay(w.member("ben"), again)
		w.must(err)
		if two, err := w.TapDay(w.member("ben"), again); err != nil || !proto.Equal(one, two) {
			w.Errorf("repeated: %v, %v, want %v", two, err, one)
		}
		w.tap("cleo", goodMood, "flow", "")
		if _, err := w.TapDay(w.member("dan"), &retrospectivev1.TapDayRequest{Name: w.today(-1), Mood: badMood}); err != nil {
			w.Errorf("yesterday before noon: %v", err)
		}
		w.Clock.Advance(3*time.Hour - time.Second) // to 12:00 in Berlin
		w.Clock.Advance(time.Second)
		if days := w.days(1); len(days) != 1 || days[0].GetName() != "teams/payments/goodDays/2026-03-01" || days[0].People != nil || days[0].Share != nil ||
			!strings.Contains(days[0].GetWithheld(), "Fewer than three") || !days[0].GetStartTime().AsTime().Equal(time.Date(2026, 2, 28, 23, 0, 0, 0, time.UTC)) {
			w.Errorf("closed: %v", days)
		}
		if weeks := w.weeks(1); len(weeks) != 1 || weeks[0].GetName() != "teams/payments/goodWeeks/2026-w09" || weeks[0].GetDays() != 0 || weeks[0].Share != nil {
			w.Errorf("the week before: %v", weeks)
		}
		_, err = w.TapDay(w.member("eva"), &retrospectivev1.TapDayRequest{Name: w.today(-1), Mood: goodMood})
		testkit.Refused(w.T, err, fault.FailedPrecondition, "DAY_NOT_OPEN", "name")
		w.Clock.Advance(24 * time.Hour)
		days := w.days(2)
		if days[0].GetName() != "teams/payments/goodDays/2026-03-02" || days[0].GetPeople() != 3 || days[0].GetShare() != 2.0/3 || days[0].GetWithheld() != "" {
			w.Errorf("closed: %v", days)
		}
		w.Clock.Advance(6 * 24 * time.Hour)
		weeks := w.weeks(2)
		if weeks[0].GetDays() != 1 || weeks[0].GetShare() != 2.0/3 || len(weeks[0].GetGoodCauses())+len(weeks[0].GetBadCauses())+len(weeks[0].GetNotes()) != 0 {
			w.Errorf("the week: %v", weeks)
		}
		if events := w.events(); events != "GoodDayClosed GoodDayClosed" {
			w.Errorf("events %s", events)
		}
		for _, r := range testkit.Records(w.T, w.service.Log) {
			if r.Actor != "" || r.Traceparent != "" || r.Team != "payments" {
				w.Errorf("event %+v", r)
			}
		}
	})
}

// Three people on different days make a cause and a note of the week, and no day alone.
func TestAWeekTellsWhatThreePeopleSaid(t *testing.T) {
	onBoth(t, func(w *world) {
		for i, who := range [][]string{{"ada", "ben", "cleo", "dan"}, {"ben", "ada", "cleo", "eva"}} {
			for j, id := range who {
				cause, note := "", ""
				if j < 2-i { // ada and ben, then ben: two people, of whom one twice
					cause, note = "flow", fmt.Sprintf("note %d%d", i, j)
				}
				if i == 1 && id == "eva" {
					cause, note = "flow", "note of eva"
				}
				w.tap(id, goodMood, cause, note)
			}
			w.Clock.Advance(24 * time.Hour)
		}
		w.Clock.Advance(7 * 24 * time.Hour)
		week := w.weeks(1)[0]
		if len(week.GetGoodCauses()) != 1 || week.GetGoodCauses()[0].GetCause() != "flow" || week.GetGoodCauses()[0].GetPeople() != 3 || len(week.GetBadCauses()) != 0 {
			w.Errorf("causes %v", week)
		}
		if notes := slices.Sorted(slices.Values(week.GetNotes())); !slices.Equal(notes, []string{"note 00", "note 01", "note 10", "note of eva"}) {
			w.Errorf("notes %q", notes)
		}
	})
}

func TestWhoMayTap(t *testing.T) {
	w := daysWorld(t, db.SQLite)
	admin := callertest.User("root", "", "")
	admin.Admin = true
	for _, test := range []struct {
		name                     string
		who                      caller.Caller
		taps, readsDays, readsWs bool
		reason                   string
	}{
		{"member", callertest.User("kim", "payments", caller.Member), true, true, true, ""},
		{"coach", callertest.User("jonas", "payments", caller.Coach), true, true, true, ""},
		{"viewer", callertest.User("vera", "payments", caller.Viewer), false, true, false, "PERMISSION_DENIED"},
		{"manager", callertest.Manager("max"), false, true, false, "PERMISSION_DENIED"},
		{"member of another team", callertest.User("olga", "mobile", caller.Coach), false, false, false, "PERMISSION_DENIED"},
		{"admin", admin, false, true, true, "TAP_MEMBERS_ONLY"},
		{"bot of the team", caller.Caller{Subject: "teams/payments/tokens/chat", Teams: map[string]caller.Role{"payments": caller.Member}}, false, true, true, "TAP_MEMBERS_ONLY"},
		{"service", callertest.Service("cycle"), false, true, true, "TAP_MEMBERS_ONLY"},
	} {
		ctx := w.As(test.who)
		_, tap := w.TapDay(ctx, &retrospectivev1.TapDayRequest{Name: w.today(0), Mood: goodMood})
		if test.taps && tap != nil {
			t.Errorf("%s may not tap: %v", test.name, tap)
		}
		if !test.taps {
			testkit.Refused(t, tap, fault.PermissionDenied, test.reason)
		}
		if _, err := w.ListGoodDays(ctx, &retrospectivev1.ListGoodDaysRequest{Parent: team}); (err == nil) != test.readsDays {
			t.Errorf("%s lists days: %v", test.name, err)
		}
		if _, err := w.ListGoodWeeks(ctx, &retrospectivev1.ListGoodWeeksRequest{Parent: team}); (err == nil) != test.readsWs {
			t.Errorf("%s lists weeks: %v", test.name, err)
		}
	}
}

// A cause is one of the team's. What is open keeps those that it began with.
func TestCausesAreTheTeams(t *testing.T) {
	w := daysWorld(t, db.SQLite)
	tap := func(who, day, cause string) error {
		_, err := w.TapDay(w.member(who), &retrospectivev1.TapDayRequest{Name: day, Mood: goodMood, Cause: cause})
		return err
	}
	if f := testkit.Refused(t, tap("ada", w.today(0), "boss"), fault.InvalidArgument, "CAUSE_UNKNOWN", "cause"); !strings.Contains(f.Message, "focus-time, help") {
		t.Errorf("the causes are not listed: %s", f.Message)
	}
	w.must(tap("ada", w.today(0), "flow"))
	_, err := w.UpdateRetrospectiveSettings(w.mina(), &retrospectivev1.UpdateRetrospectiveSettingsRequest{
		RetrospectiveSettings: &retrospectivev1.RetrospectiveSettings{Name: team + "/retrospectiveSettings", Causes: []string{"boss"}},
		UpdateMask:            &fieldmaskpb.FieldMask{Paths: []string{"causes"}},
	})
	w.must(err)
	testkit.Refused(t, tap("ben", w.today(0), "boss"), fault.InvalidArgument, "CAUSE_UNKNOWN", "cause")
	w.must(tap("ben", w.today(0), "flow"))
	w.must(tap("ben", w.today(-1), "boss"))
	if f := testkit.Refused(t, tap("ada", w.today(-1), "flow"), fault.InvalidArgument, "CAUSE_UNKNOWN", "cause"); !strings.Contains(f.Message, "one of boss") {
		t.Errorf("the causes are not listed: %s", f.Message)
	}
}

func TestListsOfDays(t *testing.T) {
	w := daysWorld(t, db.SQLite)
	for range 5 {
		w.tap("ada", goodMood, "", "")
		w.Clock.Advance(24 * time.Hour)
	}
	w.Clock.Advance(24 * time.Hour)
	w.days(5)
	list := func(req *retrospectivev1.ListGoodDaysRequest) string {
		var days []string
		for req.Parent = team; ; {
			page, err := w.ListGoodDays(w.mina(), req)
			w.must(err)
			if req.GetPageSize() > 0 && len(page.GetGoodDays()) > int(req.GetPageSize()) {
				t.Errorf("%d days on a page", len(page.GetGoodDays()))
			}
			for _, d := range page.GetGoodDays() {
				days = append(days, d.GetName()[len(d.GetName())-1:])
			}
			if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
				return strings.Join(days, "")
			}
		}
	}
	for want, req := range map[string]*retrospectivev1.ListGoodDaysRequest{
		"65432": {PageSize: 2}, "654": {StartDate: "2026-03-04"}, "432": {EndDate: "2026-03-04", PageSize: 1}, "43": {StartDate: "2026-03-03", EndDate: "2026-03-04"}, "": {StartDate: "2026-04-01"},
	} {
		if got := list(req); got != want {
			t.Errorf("days %s, want %s", got, want)
		}
	}
	_, err := w.ListGoodDays(w.mina(), &retrospectivev1.ListGoodDaysRequest{Parent: team, StartDate: "2026-02-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "start_date")
}

// People who tap a day at the same moment are all taken, each once.
func TestTapsAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		day := w.today(0)
		tap := func(ctx context.Context) error {
			_, err := w.TapDay(ctx, &retrospectivev1.TapDayRequest{Name: day, Mood: goodMood})
			return err
		}
		if ends := race(8, func(i int) error { return tap(w.member(fmt.Sprint("m", i))) }); ends[""] != 8 {
			w.Errorf("eight people: %v", ends)
		}
		if ends := race(8, func(int) error { return tap(w.member("ada")) }); ends[""] != 1 || ends["ALREADY_TAPPED"] != 7 {
			w.Errorf("one person: %v", ends)
		}
		w.Clock.Advance(48 * time.Hour)
		if days := w.days(1); days[0].GetPeople() != 9 {
			w.Errorf("closed: %v", days)
		}
	})
}
