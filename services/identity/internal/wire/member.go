package wire

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Member converts to the contract. The row of a member who came back is older than the membership.
func Member(row record.Row[domain.Member]) *identityv1.Member {
	return &identityv1.Member{
		Name:       row.Value.Name,
		User:       row.Value.User,
		Role:       TeamRole(row.Value.Role),
		Etag:       row.Etag,
		CreateTime: instant(row.Value.AddTime),

		ProvisionedBy: row.Value.ProvisionedBy,
		Group:         row.Value.Group,
	}
}

// MemberEvent is the data of an event about a member.
func MemberEvent(row record.Row[domain.Member], e domain.Event) proto.Message {
	switch e {
	case domain.MemberAdded:
		return &identityv1.MemberAdded{Member: Member(row)}
	case domain.MemberUpdated:
		return &identityv1.MemberUpdated{Member: Member(row)}
	case domain.MemberRemoved:
		return &identityv1.MemberRemoved{Member: Member(row)}
	default: // an event about something else
		return nil
	}
}
