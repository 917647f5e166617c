package cycle_test

import (
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestCoachingCadence(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	const name = team + "/coachingCadence"
	unsaid, err := w.cycles.GetCoachingCadence(w.member(), &cyclev1.GetCoachingCadenceRequest{Name: name})
	must(t, err)
	if unsaid.GetName() != name || len(unsaid.GetWeekdays()) != 0 || unsaid.GetEtag() != "" || unsaid.GetCreateTime() != nil {
		t.Errorf("nothing was said: %v", unsaid)
	}
	measure := func(start, end string) *cyclev1.CoachingCadenceHealth {
		t.Helper()
		health, err := w.cycles.MeasureCoachingCadence(w.member(), &cyclev1.MeasureCoachingCadenceRequest{Name: name, StartDate: start, EndDate: end})
		must(t, err)
		return health
	}
	w.open(t)
	// It is Monday in the team's zone. Wednesday before was a holiday; a session that is open is not held.
	if h := measure("2026-02-23", "2026-03-08"); h.GetPlannedDays() != 5 || h.GetHeldDays() != 0 || h.GetHeldSessions() != 0 || h.GetEndDate() != "2026-03-02" {
		t.Errorf("each working day: %v", h)
	}
	_, err = w.answer(&cyclev1.CoachingSession{
		TargetConditionAnswer: "12 h", ActualConditionAnswer: "19 h", ObstaclesAnswer: "the queue", NextStep: "ask", NextExpected: "a name", GoAndSeeDate: "2026-03-04",
	})
	must(t, err)
	_, err = w.cycles.HoldCoachingSession(w.member(), &cyclev1.HoldCoachingSessionRequest{Name: coached})
	must(t, err)
	change := func(etag string, days ...identityv1.Weekday) (*cyclev1.CoachingCadence, error) {
		return w.cycles.UpdateCoachingCadence(w.member(), &cyclev1.UpdateCoachingCadenceRequest{
			CoachingCadence: &cyclev1.CoachingCadence{Name: name, Weekdays: days}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"weekdays"}}, Etag: etag,
		})
	}
	if same, err := change(""); err != nil || same.GetEtag() != "" {
		t.Errorf("each working day, said: %v, %v", same, err)
	}
	_, err = change(`"00000000-1"`, identityv1.Weekday_WEEKDAY_MONDAY)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	friday, monday := identityv1.Weekday_WEEKDAY_FRIDAY, identityv1.Weekday_WEEKDAY_MONDAY
	said, err := change("", friday, monday)
	must(t, err)
	if days := said.GetWeekdays(); len(days) != 2 || days[0] != monday || days[1] != friday {
		t.Errorf("weekdays %v", days)
	}
	if h := measure("2026-02-23", "2026-03-02"); h.GetPlannedDays() != 3 || h.GetHeldDays() != 1 || h.GetHeldSessions() != 1 {
		t.Errorf("Mondays and Fridays: %v", h)
	}
	_, err = change(`"00000000-9"`, monday)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = change(said.GetEtag(), monday)
	must(t, err)
	_, err = w.cycles.MeasureCoachingCadence(w.member(), &cyclev1.MeasureCoachingCadenceRequest{Name: name, StartDate: "2026-03-02", EndDate: "2026-03-01"})
	testkit.Refused(t, err, fault.InvalidArgument, "PERIOD_BACKWARDS", "start_date")
	if types := w.eventTypes(t); !slices.Equal(types[len(types)-3:], []string{"CoachingSessionHeld", "CoachingCadenceUpdated", "CoachingCadenceUpdated"}) {
		t.Errorf("events %v", types)
	}
}

func TestCapacityLedger(t *testing.T) {
	w := newWorld(t)
	hours := func(available, improvement float64) *cyclev1.CapacityEntry {
		return &cyclev1.CapacityEntry{AvailableHours: &available, ImprovementHours: &improvement}
	}
	create := func(day string, e *cyclev1.CapacityEntry) (*cyclev1.CapacityEntry, error) {
		return w.cycles.CreateCapacityEntry(w.member(), &cyclev1.CreateCapacityEntryRequest{Parent: team, CapacityEntryId: day, CapacityEntry: e})
	}
	today, err := create("", hours(40, 5))
	must(t, err)
	if today.GetName() != team+"/capacityEntries/2026-03-02" || today.GetPlannedPercent() != 15 {
		t.Errorf("entered %v", today)
	}
	_, err = create("2026-03-02", hours(40, 6))
	testkit.Refused(t, err, fault.AlreadyExists, "CAPACITY_ENTRY_ALREADY_EXISTS")
	_, err = create("2026-02-27", &cyclev1.CapacityEntry{Note: "x"})
	testkit.Refused(t, err, fault.InvalidArgument, "AVAILABLE_HOURS_MISSING", "capacity_entry.available_hours")
	_, err = create("2026-02-27", hours(4, 5))
	testkit.Refused(t, err, fault.InvalidArgument, "IMPROVEMENT_HOURS_EXCEED", "capacity_entry.improvement_hours")
	_, err = create("2026-02-27", hours(20000, 5))
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "capacity_entry.available_hours")
	_, err = create("2026-03-03", hours(40, 5))
	testkit.Refused(t, err, fault.InvalidArgument, "CAPACITY_DAY_AHEAD", "capacity_entry_id")

	put := func(day, etag string, missing bool, e *cyclev1.CapacityEntry) (*cyclev1.CapacityEntry, error) {
		e.Name = team + "/capacityEntries/" + day
		return w.cycles.UpdateCapacityEntry(w.member(), &cyclev1.UpdateCapacityEntryRequest{CapacityEntry: e, Etag: etag, AllowMissing: missing})
	}
	_, err = put("2026-02-27", "", false, hours(20, 3))
	testkit.Refused(t, err, fault.NotFound, "CAPACITY_ENTRY_NOT_FOUND")
	_, err = put("2026-02-27", today.GetEtag(), true, hours(20, 3))
	testkit.Refused(t, err, fault.NotFound, "CAPACITY_ENTRY_NOT_FOUND")
	_, err = put("2026-02-27", "", true, hours(20, 3))
	must(t, err)
	again, err := put("2026-02-27", "", true, &cyclev1.CapacityEntry{Note: "the build"})
	must(t, err)
	if again.GetImprovementHours() != 3 || again.GetNote() != "the build" {
		t.Errorf("put again: %v", again)
	}
	zero, err := put("2026-02-27", again.GetEtag(), false, hours(20, 0))
	must(t, err)
	if zero.ImprovementHours == nil || zero.GetImprovementHours() != 0 {
		t.Errorf("nothing spent: %v", zero)
	}
	_, err = put("2026-02-27", again.GetEtag(), false, hours(20, 1))
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")

	list, err := w.cycles.ListCapacityEntries(w.member(), &cyclev1.ListCapacityEntriesRequest{Parent: team, StartDate: "2026-02-28"})
	must(t, err)
	if e := list.GetCapacityEntries(); len(e) != 1 || e[0].GetEtag() != today.GetEtag() {
		t.Errorf("listed %v", e)
	}
	_, err = w.cycles.ListCapacityEntries(w.member(), &cyclev1.ListCapacityEntriesRequest{Parent: team, EndDate: "2026-02-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "end_date")
	sum, err := w.cycles.SummarizeCapacity(w.member(), &cyclev1.SummarizeCapacityRequest{Parent: team, StartDate: "2026-02-23", EndDate: "2026-03-06"})
	must(t, err)
	if sum.GetEnteredDays() != 2 || sum.GetAvailableHours() != 60 || sum.GetPlannedHours() != 9 || sum.GetImprovementHours() != 5 || sum.GetPlannedPercent() != 15 ||
		sum.GetEndDate() != "2026-03-02" || !slices.Equal(sum.GetMissingDates(), []string{"2026-02-23", "2026-02-24", "2026-02-26"}) {
		t.Errorf("sum %v", sum)
	}
	none, err := w.cycles.SummarizeCapacity(w.member(), &cyclev1.SummarizeCapacityRequest{Parent: team, StartDate: "2026-01-03", EndDate: "2026-01-04"})
	must(t, err)
	if none.PlannedPercent != nil || none.ImprovementPercent != nil || len(none.GetMissingDates()) != 0 {
		t.Errorf("a weekend: %v", none)
	}
	if types := w.eventTypes(t); !slices.Equal(types, []string{"CapacityEntryCreated", "CapacityEntryCreated", "CapacityEntryUpdated", "CapacityEntryUpdated"}) {
		t.Errorf("events %v", types)
	}
}

// Many put the same day and say how often the team is coached at once: each is made once, and nobody is told that it is there.
func TestPuttingAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx := w.member()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			_, err := w.cycles.UpdateCapacityEntry(ctx, &cyclev1.UpdateCapacityEntryRequest{AllowMissing: true, CapacityEntry: &cyclev1.CapacityEntry{
				Name: team + "/capacityEntries/2026-03-02", AvailableHours: new(40.0), ImprovementHours: new(float64(i)),
			}})
			if err != nil {
				t.Error(err)
			}
			_, err = w.cycles.UpdateCoachingCadence(ctx, &cyclev1.UpdateCoachingCadenceRequest{CoachingCadence: &cyclev1.CoachingCadence{
				Name: team + "/coachingCadence", Weekdays: []identityv1.Weekday{identityv1.Weekday(1 + i%7)},
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	made := 0
	for _, happening := range w.eventTypes(t) {
		if happening == "CapacityEntryCreated" {
			made++
		}
	}
	if made != 1 {
		t.Errorf("the day was entered %d times", made)
	}
}
