package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// HashSecret is what is kept of a secret: its SHA-256, hexadecimal. Secrets are random, so nobody guesses them back.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// isSecretOf tells whether a secret has a hash, in a time that says nothing about either. Nothing has the empty hash.
func isSecretOf(hash, secret string) bool {
	return hash != "" && subtle.ConstantTimeCompare([]byte(hash), []byte(HashSecret(secret))) == 1
}

// Mark is what tells that somebody took part in something already: an HMAC-SHA256 under the key of the installation, the first 16 bytes,
// hexadecimal. kind says what was done, such as "ballot", and where is the resource name that it was done in. Without the key, which
// lies outside of the database, nobody can tell from a mark whose it is.
func Mark(key []byte, kind, where, subject string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(kind + "|" + where + "|" + subject)) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
