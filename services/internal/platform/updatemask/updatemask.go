// Package updatemask decides which fields an update changes. Only the fields that a method lists can be changed, so that
// a mask never reaches what the server owns.
package updatemask

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Paths returns the fields of resource to change, out of allowed. No mask means the fields that are set, `*` means all of
// allowed. A path into a message of allowed stands for the whole message, unless allowed names the path itself. What only
// the server sets (name, etag, times) is passed over, so that a resource can be sent back as it was read. Any other path,
// or nothing to change at all, is refused with a violation of update_mask.
func Paths(mask *fieldmaskpb.FieldMask, resource proto.Message, allowed ...string) ([]string, error) {
	given := mask.GetPaths()
	if slices.Equal(given, []string{"*"}) {
		return allowed, nil
	}
	message := resource.ProtoReflect()
	if len(given) == 0 {
		given = populated(message, allowed)
	}
	var wanted []string
	for _, path := range given {
		known, serverOwned := look(message.Descriptor(), path)
		if serverOwned {
			continue
		}
		covering := cover(path, allowed)
		if !known || covering == "" {
			return nil, fault.Invalid("update_mask", "FIELD_NOT_UPDATABLE", "%q cannot be changed; what can be: %s", path, strings.Join(allowed, ", "))
		}
		if !slices.Contains(wanted, covering) {
			wanted = append(wanted, covering)
		}
	}
	if len(wanted) == 0 {
		return nil, fault.Invalid("update_mask", "NOTHING_TO_CHANGE", "set at least one of %s", strings.Join(allowed, ", "))
	}
	return wanted, nil
}

// cover is the longest of allowed that is path or holds it; empty when there is none.
func cover(path string, allowed []string) string {
	longest := ""
	for _, candidate := range allowed {
		if (path == candidate || strings.HasPrefix(path, candidate+".")) && len(candidate) > len(longest) {
			longest = candidate
		}
	}
	return longest
}

func populated(message protoreflect.Message, allowed []string) []string {
	var set []string
	for _, path := range allowed {
		if field := message.Descriptor().Fields().ByTextName(path); field != nil && message.Has(field) {
			set = append(set, path)
		}
	}
	return set
}

// look follows a path: whether it leads to a field, and whether a part of it is declared OUTPUT_ONLY or IDENTIFIER.
func look(message protoreflect.MessageDescriptor, path string) (known, serverOwned bool) {
	for part := range strings.SplitSeq(path, ".") {
		if message == nil {
			return false, serverOwned
		}
		field := message.Fields().ByTextName(part)
		if field == nil {
			return false, serverOwned
		}
		behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
		if slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY) || slices.Contains(behaviors, annotations.FieldBehavior_IDENTIFIER) {
			serverOwned = true
		}
		message = field.Message()
	}
	return true, serverOwned
}
