package keyring

import (
	"crypto/rand"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// NewSecret makes a random secret for a token.
func NewSecret() domain.Secret {
	var random [32]byte
	_, _ = rand.Read(random[:]) // cannot fail: it would end the program
	return domain.NewSecret(random)
}
