package wire

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Token converts to the contract, without a secret: the domain's token holds none.
func Token(row record.Row[domain.Token]) *identityv1.Token {
	return &identityv1.Token{
		Name:        row.Value.Name,
		DisplayName: row.Value.DisplayName,
		ExpireTime:  instant(row.Value.ExpireTime),
		RevokeTime:  instant(row.Value.RevokeTime),
		CreateTime:  instant(row.CreateTime),
	}
}

// NewToken is Token for the one answer that shows the secret.
func NewToken(row record.Row[domain.Token], secret domain.Secret) *identityv1.Token {
	t := Token(row)
	t.Secret = secret.Reveal()
	return t
}

// ToToken converts from the contract what a caller may set.
func ToToken(t *identityv1.Token) domain.Token {
	return domain.Token{Name: t.GetName(), DisplayName: t.GetDisplayName(), ExpireTime: toInstant(t.GetExpireTime())}
}

// TokenEvent is the data of an event about a token.
func TokenEvent(row record.Row[domain.Token], e domain.Event) proto.Message {
	switch e {
	case domain.TokenCreated:
		return &identityv1.TokenCreated{Token: Token(row)}
	case domain.TokenRevoked:
		return &identityv1.TokenRevoked{Token: Token(row)}
	default: // an event about something else
		return nil
	}
}
