package eventlogrpc

import (
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

var audiences sync.Map // event type → commonv1.Audience

// audienceOf returns who may see events of a type, as the contract says. A type that this program does not know, such as one
// that a later version recorded, is for nobody.
func audienceOf(eventType string) commonv1.Audience {
	if a, ok := audiences.Load(eventType); ok {
		return a.(commonv1.Audience)
	}
	audience := commonv1.Audience_AUDIENCE_UNSPECIFIED
	if t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(eventType)); err == nil {
		if a, ok := proto.GetExtension(t.Descriptor().Options(), commonv1.E_Audience).(commonv1.Audience); ok {
			audience = a
		}
	}
	audiences.Store(eventType, audience)
	return audience
}

// visible tells whether c may see an event of the team. What is for a team's people but belongs to no team is for admins
// and services.
func visible(c caller.Caller, eventType, team string) bool {
	if c.Anonymous() {
		return false
	}
	switch audienceOf(eventType) {
	case commonv1.Audience_AUDIENCE_TEAM_READERS:
		return team != "" && c.CanRead(team) || team == "" && (c.Admin || c.Service)
	case commonv1.Audience_AUDIENCE_TEAM_MEMBERS:
		return team != "" && c.CanWrite(team) || team == "" && (c.Admin || c.Service)
	case commonv1.Audience_AUDIENCE_ORGANIZATION:
		return true
	case commonv1.Audience_AUDIENCE_ADMINS:
		return c.Admin || c.Service
	default: // unspecified, or of a later version
		return false
	}
}
