package domain_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const restore = "teams/payments/painfulActivities/restore"

// rungs is the ladder as it is published.
var rungs = []domain.Frequency{
	domain.Rarely, domain.Yearly, domain.Quarterly, domain.Monthly, domain.Fortnightly, domain.Weekly, domain.Daily, domain.SeveralTimesADay,
}

func TestNewPainfulActivity(t *testing.T) {
	tests := []struct {
		name        string
		displayName string
		pain        int
		now, target domain.Frequency
		reason      string
	}{
		{"whole", "Restore", 5, domain.Yearly, domain.Weekly, ""},
		{"no name", " ", 5, domain.Yearly, domain.Weekly, "DISPLAY_NAME_EMPTY"},
		{"no pain", "Restore", 0, domain.Yearly, domain.Weekly, "PAIN_MISSING"},
		{"no frequency", "Restore", 5, "", domain.Weekly, "FREQUENCY_MISSING"},
		{"no target", "Restore", 5, domain.Yearly, "", "TARGET_FREQUENCY_MISSING"},
		{"target is now", "Restore", 5, domain.Weekly, domain.Weekly, "TARGET_NOT_MORE_OFTEN"},
		{"target is more rarely", "Restore", 5, domain.Weekly, domain.Monthly, "TARGET_NOT_MORE_OFTEN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := domain.NewPainfulActivity(restore, test.displayName, test.pain, test.now, test.target, noon)
			if test.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != test.reason {
					t.Errorf("got %v", err)
				}
				return
			}
			want := domain.PainScore{Name: restore + "/scores/1", Pain: 5, Frequency: domain.Yearly, Time: noon}
			if err != nil || a.Score != want || a.Scores != 1 || a.Next() != domain.Quarterly {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

func TestEditPainfulActivity(t *testing.T) {
	a, err := domain.NewPainfulActivity(restore, "Restore", 5, domain.Monthly, domain.Weekly, noon)
	if err != nil {
		t.Fatal(err)
	}
	name, daily, yearly, unsaid := "Restore the database", domain.Daily, domain.Yearly, domain.Frequency("")
	if events, err := a.Edit(&name, &daily); err != nil || !slices.Equal(events, []domain.Event{domain.PainfulActivityUpdated}) || a.DisplayName != name || a.Target != daily {
		t.Errorf("%+v, %v, %v", a, events, err)
	}
	if events, err := a.Edit(&name, &daily); err != nil || events != nil {
		t.Errorf("as it is: %v, %v", events, err)
	}
	for _, target := range []*domain.Frequency{&yearly, &unsaid} {
		if _, err := a.Edit(nil, target); fault.From(err).Reason != "TARGET_NOT_MORE_OFTEN" || a.Target != daily {
			t.Errorf("target %q: %+v, %v", *target, a, err)
		}
	}
}

// However an activity is scored, the next rung is one above the present one and never beyond the target.
func TestTheLadderIsClimbedOneRungAtATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.IntRange(0, len(rungs)-2).Draw(t, "first")
		target := rapid.IntRange(first+1, len(rungs)-1).Draw(t, "target")
		a, err := domain.NewPainfulActivity(restore, "Restore", 3, rungs[first], rungs[target], noon)
		if err != nil {
			t.Fatal(err)
		}
		now := first
		for scored := 2; scored < 8; scored++ {
			at := noon.Add(time.Duration(scored) * time.Hour)
			frequency := domain.Frequency("")
			if rapid.Bool().Draw(t, "said") {
				now = rapid.IntRange(0, len(rungs)-1).Draw(t, "now")
				frequency = rungs[now]
			}
			if events := a.Rescore(2, frequency, "", at); !slices.Equal(events, []domain.Event{domain.PainfulActivityScored}) {
				t.Fatalf("events %v", events)
			}
			want := domain.Frequency("")
			if now < target {
				want = rungs[now+1]
			}
			if a.Next() != want || a.Scores != scored || a.Score.Frequency != rungs[now] || a.Score.Frequency.Rung() != now || !a.Score.Time.Equal(at) {
				t.Fatalf("next %q, want %q: %+v", a.Next(), want, a)
			}
		}
	})
}
