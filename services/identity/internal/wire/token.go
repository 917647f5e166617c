package wire

import (
	"time"

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
		Scopes:      scopes(row.Value.Scopes),

		ProvisionedBy: row.Value.ProvisionedBy,
	}
}

// UsedToken is Token with the instant of its last use, zero when it never was.
func UsedToken(row record.Row[domain.Token], lastUse time.Time) *identityv1.Token {
	t := Token(row)
	t.LastUseTime = instant(lastUse)
	return t
}

func scopes(scopes []domain.Scope) (out []string) {
	for _, s := range scopes {
		out = append(out, string(s))
	}
	return out
}

// NewToken is Token for the one answer that shows the secret.
func NewToken(row record.Row[domain.Token], secret domain.Secret) *identityv1.Token {
	t := Token(row)
	t.Secret = secret.Reveal()
	return t
}

// ToToken converts from the contract what a caller may set.
func ToToken(t *identityv1.Token) domain.Token {
	out := domain.Token{Name: t.GetName(), DisplayName: t.GetDisplayName(), ExpireTime: toInstant(t.GetExpireTime())}
	for _, s := range t.GetScopes() {
		out.Scopes = append(out.Scopes, domain.Scope(s))
	}
	return out
}

// TokenEvent is the data of an event about a token.
func TokenEvent(row record.Row[domain.Token], e domain.Event) proto.Message {
	switch e {
	case domain.TokenCreated:
		return &identityv1.TokenCreated{Token: Token(row)}
	case domain.TokenUpdated:
		return &identityv1.TokenUpdated{Token: Token(row)}
	case domain.TokenRevoked:
		return &identityv1.TokenRevoked{Token: Token(row)}
	default: // an event about something else
		return nil
	}
}
