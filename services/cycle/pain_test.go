package cycle_test

import (
	"slices"
	"testing"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestPainLadder(t *testing.T) {
	w := newWorld(t)
	const restore = team + "/painfulActivities/restore"
	create := func(id string, a *cyclev1.PainfulActivity) error {
		_, err := w.cycles.CreatePainfulActivity(w.member(), &cyclev1.CreatePainfulActivityRequest{Parent: team, PainfulActivityId: id, PainfulActivity: a})
		return err
	}
	weekly, yearly := cyclev1.Frequency_FREQUENCY_WEEKLY, cyclev1.Frequency_FREQUENCY_YEARLY
	must(t, create("restore", &cyclev1.PainfulActivity{DisplayName: "Restore the database", Pain: 4, Frequency: yearly, TargetFrequency: weekly}))
	must(t, create("deploy", &cyclev1.PainfulActivity{DisplayName: "Deploy", Pain: 3, Frequency: weekly, TargetFrequency: cyclev1.Frequency_FREQUENCY_DAILY}))
	testkit.Refused(t, create("", &cyclev1.PainfulActivity{DisplayName: "x", Frequency: yearly, TargetFrequency: weekly}), fault.InvalidArgument, "PAIN_MISSING", "painful_activity.pain")
	testkit.Refused(t, create("", &cyclev1.PainfulActivity{DisplayName: "x", Pain: 6, Frequency: yearly, TargetFrequency: weekly}), fault.InvalidArgument, "VALIDATION_FAILED", "painful_activity.pain")
	testkit.Refused(t, create("", &cyclev1.PainfulActivity{DisplayName: "x", Pain: 1, Frequency: weekly, TargetFrequency: yearly}), fault.InvalidArgument, "TARGET_NOT_MORE_OFTEN", "painful_activity.target_frequency")

	w.Clock.Advance(14 * 24 * time.Hour)
	scored, err := w.cycles.ScorePainfulActivity(w.member(), &cyclev1.ScorePainfulActivityRequest{Name: restore, Pain: 2, Frequency: cyclev1.Frequency_FREQUENCY_QUARTERLY, Note: "scripted"})
	must(t, err)
	if scored.GetPain() != 2 || scored.GetNextFrequency() != cyclev1.Frequency_FREQUENCY_MONTHLY || !scored.GetScoreTime().AsTime().Equal(w.Clock.Now()) {
		t.Errorf("scored %v", scored)
	}
	_, err = w.cycles.ScorePainfulActivity(w.member(), &cyclev1.ScorePainfulActivityRequest{Name: restore})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "pain")
	scores, err := w.cycles.ListPainScores(w.member(), &cyclev1.ListPainScoresRequest{Parent: restore})
	must(t, err)
	if s := scores.GetPainScores(); len(s) != 2 || s[0].GetPain() != 4 || s[0].GetFrequency() != yearly || s[1].GetPain() != 2 || s[1].GetNote() != "scripted" ||
		!s[1].GetCreateTime().AsTime().After(s[0].GetCreateTime().AsTime()) {
		t.Errorf("scores %v", s)
	}
	ladder, err := w.cycles.ListPainfulActivities(w.member(), &cyclev1.ListPainfulActivitiesRequest{Parent: team})
	must(t, err)
	if a := ladder.GetPainfulActivities(); len(a) != 2 || a[0].GetDisplayName() != "Deploy" || a[1].GetName() != restore {
		t.Errorf("ladder %v", a)
	}
	updated, err := w.cycles.UpdatePainfulActivity(w.member(), &cyclev1.UpdatePainfulActivityRequest{PainfulActivity: &cyclev1.PainfulActivity{
		Name: restore, TargetFrequency: cyclev1.Frequency_FREQUENCY_DAILY, Pain: 5,
	}, Etag: scored.GetEtag()})
	must(t, err)
	if updated.GetTargetFrequency() != cyclev1.Frequency_FREQUENCY_DAILY || updated.GetPain() != 2 || updated.GetDisplayName() != "Restore the database" {
		t.Errorf("updated %v", updated)
	}
	var types []string
	for _, happening := range testkit.Events(t, w.service.Log) {
		types = append(types, happening.Type[len("fortnight.cycle.v1."):])
	}
	if want := []string{"PainfulActivityCreated", "PainfulActivityCreated", "PainfulActivityScored", "PainfulActivityUpdated"}; !slices.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}
