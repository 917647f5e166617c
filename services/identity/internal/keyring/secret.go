package keyring

import (
	"crypto/rand"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// NewSecret makes a random secret that begins with one of the domain's prefixes.
func NewSecret(prefix string) domain.Secret {
	var random [32]byte
	_, _ = rand.Read(random[:]) // cannot fail: it would end the program
	return domain.NewSecret(prefix, random)
}
