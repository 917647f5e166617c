package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const streamName = "teams/payments/valueStreams/change-to-customer"

func TestStepsThatAreNoMap(t *testing.T) {
	twice := slices.Repeat(published(), 11)
	tests := []struct {
		name   string
		steps  []domain.Step
		reason string
		fields []string
	}{
		{"none", nil, "VALUE_STREAM_STEPS_COUNT", []string{"value_stream.steps"}},
		{"one", published()[:1], "VALUE_STREAM_STEPS_COUNT", []string{"value_stream.steps"}},
		{"too many", twice, "VALUE_STREAM_STEPS_COUNT", []string{"value_stream.steps"}},
		{
			"everything at once",
			[]domain.Step{{Name: "Review", RejectsReturnTo: "Review"}, {Name: "Test", RejectsReturnTo: "Deploy"}, {Name: "review"}, {Name: "Deploy", RejectsReturnTo: "Design"}},
			"VALUE_STREAM_INVALID",
			[]string{"value_stream.steps[0].rejects_return_to", "value_stream.steps[1].rejects_return_to", "value_stream.steps[2].name", "value_stream.steps[3].rejects_return_to"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := domain.NewValueStream(streamName, "Change to customer", test.steps)
			f := fault.From(err)
			if f == nil || f.Reason != test.reason {
				t.Fatalf("got %v", err)
			}
			var fields []string
			for _, violation := range f.Violations {
				fields = append(fields, violation.Field)
			}
			if !slices.Equal(fields, test.fields) {
				t.Errorf("fields %v, want %v", fields, test.fields)
			}
		})
	}
	if _, err := domain.NewValueStream(streamName, " ", published()); fault.From(err).Reason != "DISPLAY_NAME_EMPTY" {
		t.Errorf("without a name: %v", err)
	}
}

func TestEachChangeOfTheStepsIsAVersion(t *testing.T) {
	v, err := domain.NewValueStream(streamName, "Change to customer", published())
	if err != nil || v.Version != 1 {
		t.Fatal(v, err)
	}
	edit := func(displayName *string, steps []domain.Step, version int, events ...domain.Event) {
		t.Helper()
		given := &steps
		if steps == nil {
			given = nil
		}
		got, err := v.Edit(displayName, given)
		if err != nil || v.Version != version || !slices.Equal(got, events) {
			t.Errorf("version %d, events %v, %v; want version %d, events %v", v.Version, got, err, version, events)
		}
	}
	named := "To the customer"
	edit(&named, nil, 1, domain.ValueStreamUpdated)
	edit(&named, published(), 1) // as it is
	steps := published()
	steps[3].CompleteAccuratePercent, steps[3].RejectsReturnTo = new(80.0), "INTAKE"
	edit(nil, steps, 2, domain.ValueStreamUpdated)
	if v.Steps[3].RejectsReturnTo != "Intake" {
		t.Errorf("rejects return to %q", v.Steps[3].RejectsReturnTo)
	}
	edit(nil, steps, 2) // the same in another spelling
	if _, err := v.Edit(&named, &[]domain.Step{}); err == nil || v.Version != 2 || len(v.Steps) != 5 {
		t.Errorf("a refusal changed the value stream: %+v, %v", v, err)
	}
	if current := v.Current(); current.Name != streamName+"/versions/2" || current.Number != 2 || !reflect.DeepEqual(current.Steps, v.Steps) {
		t.Errorf("version %+v", current)
	}
}
