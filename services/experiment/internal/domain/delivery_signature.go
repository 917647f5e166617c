package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

const (
	// secretPrefix begins a secret of Standard Webhooks.
	secretPrefix = "whsec_"
	// signatureTolerance is how far the time of a signature may be from now: Standard Webhooks' advice against replays.
	signatureTolerance = 5 * time.Minute
)

// DeliveryHeaders are the headers of a delivery by their names in lower case.
type DeliveryHeaders map[string]string

// Authentic tells whether one of the secrets vouches for a delivery, in the way of the source's format:
//
//   - GitHub: X-Hub-Signature-256, `sha256=` and the HMAC-SHA256 of the body in hexadecimal, with the whole secret as the key
//     (docs.github.com, "Validating webhook deliveries").
//   - GitLab: X-Gitlab-Token, which is the secret itself, or a signature of Standard Webhooks.
//   - CDEvents and plain JSON: a signature of Standard Webhooks, which is the base64 of the HMAC-SHA256 of `{id}.{timestamp}.{body}`, with
//     the bytes behind `whsec_` as the key, and a time at most 5 minutes from now (standardwebhooks.com, specification 1.0.0).
//
// All comparisons take the same time, whatever is wrong.
func (f DeliveryFormat) Authentic(secrets []string, headers DeliveryHeaders, body []byte, now time.Time) bool {
	good := false
	for _, secret := range secrets {
		switch f {
		case GitHubFormat:
			good = signedByGitHub(secret, headers["x-hub-signature-256"], body) || good
		case GitLabFormat:
			good = sameSecret(secret, headers["x-gitlab-token"]) || good
			good = signedAsStandard(secret, headers, body, now) || good
		default:
			good = signedAsStandard(secret, headers, body, now) || good
		}
	}
	return good
}

func signedByGitHub(secret, signature string, body []byte) bool {
	given, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body) // never fails
	return hmac.Equal(given, mac.Sum(nil)) && err == nil && strings.HasPrefix(signature, "sha256=")
}

// sameSecret compares by hashes, so that not even the length can be found out.
func sameSecret(secret, given string) bool {
	a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func signedAsStandard(secret string, headers DeliveryHeaders, body []byte, now time.Time) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return false
	}
	id, timestamp := headers["webhook-id"], headers["webhook-timestamp"]
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + timestamp + "."))
	_, _ = mac.Write(body)
	want := mac.Sum(nil)
	good := false
	for i, signature := range strings.Fields(headers["webhook-signature"]) {
		if i == maxSignatures {
			break
		}
		if text, ok := strings.CutPrefix(signature, "v1,"); ok {
			given, err := base64.StdEncoding.DecodeString(text)
			good = hmac.Equal(given, want) && err == nil || good
		}
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	age := now.Sub(time.Unix(seconds, 0)).Abs()
	return good && err == nil && id != "" && age <= signatureTolerance
}

// maxSignatures is how many signatures of one delivery are looked at; while a secret changes there are two.
const maxSignatures = 8
