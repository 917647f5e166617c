package wire_test

import (
	"strings"
	"testing"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// A word of the domain that the contract does not have would be sent as "not said".
func TestEveryFrequencyIsARung(t *testing.T) {
	for number, name := range cyclev1.Frequency_name {
		frequency := wire.Frequency(cyclev1.Frequency(number))
		if number == 0 {
			if frequency != "" {
				t.Errorf("%s is %q", name, frequency)
			}
			continue
		}
		if frequency.Rung() != int(number)-1 {
			t.Errorf("%s is rung %d", name, frequency.Rung())
		}
		sent := wire.PainScore(record.Row[domain.PainScore]{Value: &domain.PainScore{Frequency: frequency}})
		if sent.GetFrequency() != cyclev1.Frequency(number) {
			t.Errorf("%s is sent as %s", name, sent.GetFrequency())
		}
	}
}

func TestEveryFigureHasItsName(t *testing.T) {
	nothing := []domain.Step{{Name: "Build"}, {Name: "Review"}}
	sent := wire.ValueStream(record.Row[domain.ValueStream]{Value: &domain.ValueStream{Steps: nothing}})
	named := map[cyclev1.ValueStreamFigure]bool{}
	for _, missing := range sent.GetFigures().GetIncomplete() {
		for _, figure := range missing.GetFigures() {
			named[figure] = true
		}
	}
	if len(named) != len(cyclev1.ValueStreamFigure_name)-1 || named[0] {
		t.Errorf("figures %v", named)
	}
	from := record.Row[domain.ValueStreamVersion]{Value: &domain.ValueStreamVersion{Steps: nothing}}
	to := record.Row[domain.ValueStreamVersion]{Value: &domain.ValueStreamVersion{Steps: []domain.Step{{Name: "Review", QueueLength: new(int32(3))}, {Name: "Test"}}}}
	var changes []string
	for _, difference := range wire.Comparison(from, to).GetStepDifferences() {
		changes = append(changes, difference.GetChange().String())
	}
	if got := strings.Join(changes, " "); got != "STEP_CHANGE_CHANGED STEP_CHANGE_ADDED STEP_CHANGE_REMOVED" {
		t.Errorf("changes %s", got)
	}
}
