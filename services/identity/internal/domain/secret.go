package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"log/slog"
	"math/big"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// What secrets are for, by how they begin. No prefix is the beginning of another.
const (
	// TokenSecret begins the secret of an API token.
	TokenSecret = "fn_"
	// SessionSecret begins the secret of a browser's session.
	SessionSecret = "fns_"
	// LinkSecret begins the secret of a sign-in link.
	LinkSecret = "fnl_"
	// BindingSecret begins the secret that ties a sign-in at the OpenID provider to the browser that began it.
	BindingSecret = "fnb_"
)

// Form of a secret that is made here: prefix, 256 random bits, and a checksum by which scanners tell it from chance.
const (
	secretDigits   = 43 // 62^43 is just above 2^256
	checksumDigits = 6  // 62^6 is above 2^32
	// minChosenSecret is the least length of a secret that a person chose.
	minChosenSecret = 20
)

// Secret is what lets a user in. It prints, logs and marshals as a mask; Reveal alone gives it away.
type Secret struct{ text string }

const mask = "[secret]"

// NewSecret makes a secret of 32 random bytes: the prefix, 43 digits of base 62, and the CRC-32 of both as 6 more.
func NewSecret(prefix string, random [32]byte) Secret {
	body := prefix + base62(new(big.Int).SetBytes(random[:]), secretDigits)
	return Secret{body + checksum(body)}
}

// ChosenSecret takes a secret that a person chose, and refuses one that is too short to be safe, or that looks like one that
// was made here and is not: it would be refused wherever it is sent.
func ChosenSecret(text string) (Secret, error) {
	if len(text) < minChosenSecret {
		return Secret{}, fault.New(fault.InvalidArgument, "SECRET_WEAK", "the secret is too weak: give it at least %d characters", minChosenSecret)
	}
	if s := (Secret{text}); !s.Malformed() {
		return s, nil
	}
	return Secret{}, fault.New(fault.InvalidArgument, "SECRET_MALFORMED", "the secret begins with %s but is none that this program made: copy all of it, or choose one that begins otherwise", TokenSecret)
}

// SentSecret takes a secret as a caller sent it.
func SentSecret(text string) Secret { return Secret{text} }

// Malformed tells whether the secret begins as an API token's does and cannot be one: its length, its digits or its
// checksum are wrong. It was mistyped or invented, and nothing needs to be looked up to refuse it. What a person chose has
// no such form and is not malformed.
func (s Secret) Malformed() bool {
	return strings.HasPrefix(s.text, TokenSecret) && !wellFormed(s.text, TokenSecret)
}

// WellFormed tells whether the secret has the form of one that NewSecret makes with the prefix.
func (s Secret) WellFormed(prefix string) bool { return wellFormed(s.text, prefix) }

func wellFormed(text, prefix string) bool {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok || len(rest) != secretDigits+checksumDigits || strings.Trim(rest, alphabet) != "" {
		return false
	}
	end := len(text) - checksumDigits
	return text[end:] == checksum(text[:end])
}

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

// checksum is the CRC-32 of a secret's body.
func checksum(body string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), checksumDigits)
}

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
