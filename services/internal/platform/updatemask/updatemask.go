// Package updatemask decides which fields an update changes. Only the fields that a method lists can be changed, so that
// a mask never reaches what the server owns.
package updatemask

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Paths returns the fields of resource to change, out of allowed. No mask means the fields that are set, `*` means all of
// allowed. A path beyond allowed, or nothing to change at all, is refused with a violation of update_mask.
func Paths(mask *fieldmaskpb.FieldMask, resource proto.Message, allowed ...string) ([]string, error) {
	given := mask.GetPaths()
	if slices.Equal(given, []string{"*"}) {
		return allowed, nil
	}
	if len(given) == 0 {
		given = populated(resource, allowed)
	}
	if len(given) == 0 {
		return nil, fault.Invalid("update_mask", "NOTHING_TO_CHANGE", "set at least one of %s", strings.Join(allowed, ", "))
	}
	for _, path := range given {
		if !slices.Contains(allowed, path) {
			return nil, fault.Invalid("update_mask", "FIELD_NOT_UPDATABLE", "%q cannot be changed; what can be: %s", path, strings.Join(allowed, ", "))
		}
	}
	return given, nil
}

func populated(resource proto.Message, allowed []string) []string {
	message := resource.ProtoReflect()
	var set []string
	for _, path := range allowed {
		if field := message.Descriptor().Fields().ByTextName(path); field != nil && message.Has(field) {
			set = append(set, path)
		}
	}
	return set
}
