package upstream

import (
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

const fieldUpdateMask protoreflect.Name = "update_mask"

// tidyMask corrects the mask of a PATCH. One that the client has named may be written in lowerCamelCase like everything in
// REST. One that grpc-gateway has read out of the body names the fields of the resource, each to be replaced as a whole, and
// leaves out what only the server sets, so that a resource can be read, changed and sent back.
func tidyMask(x *exchange.Exchange, route *routes.Route, request protoreflect.Message) {
	field := request.Descriptor().Fields().ByName(fieldUpdateMask)
	resource := route.BodyMessage()
	if route.Method != http.MethodPatch || field == nil || resource == nil || !request.Has(field) {
		return
	}
	mask, ok := request.Get(field).Message().Interface().(*fieldmaskpb.FieldMask)
	if !ok {
		return
	}
	if x.MaskGiven {
		for i, path := range mask.GetPaths() {
			mask.Paths[i] = routes.ContractPath(resource, path)
		}
		return
	}
	var paths []string
	for _, path := range mask.GetPaths() {
		top, _, _ := strings.Cut(path, ".")
		if !slices.Contains(paths, top) && !serverOwned(resource.Fields().ByName(protoreflect.Name(top))) {
			paths = append(paths, top)
		}
	}
	mask.Paths = paths
}

func serverOwned(field protoreflect.FieldDescriptor) bool {
	if field == nil {
		return false
	}
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY) || slices.Contains(behaviors, annotations.FieldBehavior_IDENTIFIER)
}
