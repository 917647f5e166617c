package updatemask_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

func TestPaths(t *testing.T) {
	allowed := []string{"service", "source"}
	full := &eventlogv1.ReplayQuarantinedEventRequest{Service: "s", Sequence: 1}
	// Every field of a head is the server's.
	head := &eventlogv1.Head{Epoch: "e"}
	tests := []struct {
		name     string
		mask     []string
		resource proto.Message
		want     []string
		reason   string
	}{
		{"named", []string{"source"}, full, []string{"source"}, ""},
		{"all", []string{"*"}, full, allowed, ""},
		{"none: what is set and allowed", nil, full, []string{"service"}, ""},
		{"none and nothing set", nil, &eventlogv1.ReplayQuarantinedEventRequest{Sequence: 1}, nil, "NOTHING_TO_CHANGE"},
		{"not to be changed", []string{"service", "sequence"}, full, nil, "FIELD_NOT_UPDATABLE"},
		{"below what is allowed", []string{"service.name"}, full, nil, "FIELD_NOT_UPDATABLE"},
		{"unknown", []string{"nonsense"}, full, nil, "FIELD_NOT_UPDATABLE"},
		{"server-owned only", []string{"epoch", "chain"}, head, nil, "NOTHING_TO_CHANGE"},
		{"server-owned beside what is not there", []string{"epoch", "nonsense"}, head, nil, "FIELD_NOT_UPDATABLE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := updatemask.Paths(&fieldmaskpb.FieldMask{Paths: test.mask}, test.resource, allowed...)
			if test.reason != "" {
				if f := fault.From(err); err == nil || f.Violations[0].Reason != test.reason || f.Violations[0].Field != "update_mask" {
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
