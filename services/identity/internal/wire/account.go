package wire

import (
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// Account converts to the contract.
func Account(a domain.Account) *identityv1.Account {
	return &identityv1.Account{
		Name:       a.Name,
		Issuer:     a.Issuer,
		Subject:    a.Subject,
		Email:      a.Email,
		Groups:     a.Groups,
		Grants:     a.Grants,
		SignInTime: instant(a.SignInTime),
		CreateTime: instant(a.CreateTime),
	}
}
