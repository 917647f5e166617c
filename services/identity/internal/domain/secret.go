package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"log/slog"
	"math/big"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Form of a secret that is made here: prefix, 256 random bits, and a checksum by which scanners tell it from chance.
const (
	secretPrefix   = "fn_"
	secretDigits   = 43 // 62^43 is just above 2^256
	checksumDigits = 6  // 62^6 is above 2^32
	// minChosenSecret is the least length of a secret that a person chose.
	minChosenSecret = 20
)

// Secret is what lets a user in. It prints, logs and marshals as a mask; Reveal alone gives it away.
type Secret struct{ text string }

const mask = "[secret]"

// NewSecret makes a secret of 32 random bytes: "fn_", 43 digits of base 62, and their CRC-32 as 6 more.
func NewSecret(random [32]byte) Secret {
	body := secretPrefix + base62(new(big.Int).SetBytes(random[:]), secretDigits)
	sum := crc32.ChecksumIEEE([]byte(body))
	return Secret{body + base62(new(big.Int).SetUint64(uint64(sum)), checksumDigits)}
}

// ChosenSecret takes a secret that a person chose, and refuses one that is too short to be safe.
func ChosenSecret(text string) (Secret, error) {
	if len(text) < minChosenSecret {
		return Secret{}, fault.New(fault.InvalidArgument, "SECRET_WEAK", "the secret is too weak: give it at least %d characters", minChosenSecret)
	}
	return Secret{text}, nil
}

// SentSecret takes a secret as a caller sent it.
func SentSecret(text string) Secret { return Secret{text} }

// Reveal returns the secret itself, for the one answer that may hold it.
func (s Secret) Reveal() string { return s.text }

// Hash is what is stored of the secret: its SHA-256 in hexadecimal. A secret of 256 random bits needs no salt and no
// slow hash.
func (s Secret) Hash() string {
	sum := sha256.Sum256([]byte(s.text))
	return hex.EncodeToString(sum[:])
}

// String masks the secret.
func (s Secret) String() string { return mask }

// GoString masks the secret.
func (s Secret) GoString() string { return mask }

// LogValue masks the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText masks the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// base62 writes n in the alphabet with leading zeros.
func base62(n *big.Int, digits int) string {
	text := make([]byte, digits)
	base, digit := big.NewInt(62), new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		text[i] = alphabet[digit.Int64()]
	}
	return string(text)
}
