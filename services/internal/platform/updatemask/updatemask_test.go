package updatemask_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

func TestPaths(t *testing.T) {
	allowed := []string{"epoch", "chain"}
	full := &eventlogv1.Head{Epoch: "e", Sequence: 1}
	tests := []struct {
		name   string
		mask   []string
		head   *eventlogv1.Head
		want   []string
		reason string
	}{
		{"named", []string{"chain"}, full, []string{"chain"}, ""},
		{"all", []string{"*"}, full, allowed, ""},
		{"none: what is set and allowed", nil, full, []string{"epoch"}, ""},
		{"none and nothing set", nil, &eventlogv1.Head{Sequence: 1}, nil, "NOTHING_TO_CHANGE"},
		{"server-owned", []string{"epoch", "sequence"}, full, nil, "FIELD_NOT_UPDATABLE"},
		{"unknown", []string{"nonsense"}, full, nil, "FIELD_NOT_UPDATABLE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := updatemask.Paths(&fieldmaskpb.FieldMask{Paths: test.mask}, test.head, allowed...)
			if test.reason != "" {
				if f := fault.From(err); f.Violations[0].Reason != test.reason || f.Violations[0].Field != "update_mask" {
					t.Errorf("got %v, want %s", err, test.reason)
				}
				return
			}
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}
