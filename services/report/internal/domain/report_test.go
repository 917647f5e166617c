package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
)

func TestNewPeriod(t *testing.T) {
	now := time.Date(2026, 6, 19, 15, 4, 0, 0, time.UTC)
	tests := []struct{ from, to, wantFrom, wantTo, reason string }{
		{"", "", "2026-06-06", "2026-06-20", ""},
		{"2026-06-01", "", "2026-06-01", "2026-06-20", ""},
		{"", "2026-06-10", "2026-05-27", "2026-06-10", ""},
		{"2026-06-01", "2026-06-02", "2026-06-01", "2026-06-02", ""},
		{"2026-06-02", "2026-06-02", "", "", "PERIOD_EMPTY"},
		{"2026-06-03", "2026-06-02", "", "", "PERIOD_EMPTY"},
		{"2026-02-30", "", "", "", "DAY_INVALID"},
		{"", "June", "", "", "DAY_INVALID"},
	}
	for _, test := range tests {
		got, err := domain.NewPeriod(test.from, test.to, now)
		if test.reason != "" {
			if err == nil || fault.From(err).Reason != test.reason {
				t.Errorf("%q to %q: %v, want %s", test.from, test.to, err, test.reason)
			}
			continue
		}
		if err != nil || got.From.Format(time.DateOnly) != test.wantFrom || got.To.Format(time.DateOnly) != test.wantTo {
			t.Errorf("%q to %q: %v, %v", test.from, test.to, got, err)
		}
	}
}

func TestTeamsAreAlphabeticalWhateverTheirNumbers(t *testing.T) {
	report := domain.Report{Teams: []domain.TeamLearning{
		{DisplayName: "zebra", CyclesFinished: 9}, {DisplayName: "Alpha"}, {DisplayName: "beta", CyclesFinished: 5},
	}}
	report.Arrange()
	var order []string
	for _, team := range report.Teams {
		order = append(order, team.DisplayName)
	}
	if got := strings.Join(order, " "); got != "Alpha beta zebra" {
		t.Errorf("order: %s", got)
	}
}

func TestMissingIsSaidInWords(t *testing.T) {
	empty := domain.Report{}
	if got := empty.Missing(); len(got) != 3 {
		t.Errorf("an empty report says %q", got)
	}
	full := domain.Report{DataTime: time.Unix(1, 0), Teams: []domain.TeamLearning{
		{CyclesFinished: 1, Predictions: domain.Predictions{AsPredicted: 12, NotAsPredicted: 7}},
		{CyclesFinished: 2, Predictions: domain.Predictions{AsPredicted: 1, CannotTell: 9}},
	}}
	if got := full.Missing(); len(got) != 0 {
		t.Errorf("a full report says %q", got)
	}
	if total := full.Total(); total.CyclesFinished != 3 || total.Predictions.AsPredicted != 13 || total.Predictions.CannotTell != 9 {
		t.Errorf("total: %+v", total)
	}
	full.Teams[0].Predictions.AsPredicted = 11
	if got := full.Missing(); len(got) != 1 || !strings.HasPrefix(got[0], "19 resolved") {
		t.Errorf("one prediction too few: %q", got)
	}
}
