package domain

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// How long the steps of a sign-in may take.
const (
	// SignInLinkLifetime is how long a sign-in link is good for.
	SignInLinkLifetime = 15 * time.Minute
	// PendingSignInLifetime is how long somebody may take at the OpenID provider.
	PendingSignInLifetime = 10 * time.Minute
	// maxReturnTo is the length of the longest page to return to, in bytes.
	maxReturnTo = 2000
)

// SignInLink is a link that signs a user in, once. It never holds its secret.
type SignInLink struct {
	Name       string
	ReturnTo   string
	ExpireTime time.Time
}

// NewSignInLink makes a link for a user, given by resource name, who may sign in.
func NewSignInLink(user *User, id, returnTo string, now time.Time) (SignInLink, error) {
	if user.Deactivated {
		return SignInLink{}, fault.Unmet("USER_DEACTIVATED", "A deactivated user cannot sign in.", fault.Violation{
			Field: "parent", Reason: "USER_DEACTIVATED", Description: "Reactivate " + user.Name + " first.",
		})
	}
	to, err := ReturnTo(returnTo)
	if err != nil {
		return SignInLink{}, err
	}
	return SignInLink{Name: SignInLinkName(user.Name, id), ReturnTo: to, ExpireTime: now.Add(SignInLinkLifetime)}, nil
}

// SignInLinkName is the resource name of the sign-in link with the given id of a user, given by resource name.
func SignInLinkName(user, id string) string { return user + "/signInLinks/" + id }

// LinkPath is the path and query of a sign-in link, to be put behind the installation's address.
func LinkPath(secret Secret) string {
	return "/sign-in/link?secret=" + url.QueryEscape(secret.Reveal())
}

// ReturnTo checks the page to show after a sign-in; "" is the first page. It must be a path of this installation, because a
// link that signs in here and ends elsewhere is what phishing is made of. Browsers take "//x" and "/\x" for other hosts and
// drop control characters, so none of these gets through, and neither do they when they are escaped twice as a path.
func ReturnTo(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	if !localPath(path) {
		return "", fault.Invalid("return_to", "SIGN_IN_RETURN_TO_INVALID",
			"the page to return to must be a path of this installation that begins with one slash, such as /teams/payments")
	}
	return path, nil
}

func localPath(path string) bool {
	if len(path) > maxReturnTo || path[0] != '/' || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || !utf8.ValidString(path) {
		return false
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) {
		return false
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return false
	}
	// What a careless reader would unescape before it redirects.
	return !strings.HasPrefix(u.Path, "//") && !strings.Contains(u.Path, `\`) && !strings.ContainsFunc(u.Path, unicode.IsControl)
}

// PendingSignIn is a sign-in that somebody has begun at the OpenID provider. It holds nothing by which it could be completed.
type PendingSignIn struct {
	RedirectURI string
	ReturnTo    string
	ExpireTime  time.Time
}

// NewPendingSignIn begins a sign-in that ends at the given page.
func NewPendingSignIn(redirectURI, returnTo string, now time.Time) (PendingSignIn, error) {
	to, err := ReturnTo(returnTo)
	if err != nil {
		return PendingSignIn{}, err
	}
	u, err := url.Parse(redirectURI)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" {
		return PendingSignIn{}, fault.Invalid("redirect_uri", "SIGN_IN_REDIRECT_URI_INVALID",
			"the address to come back to must be the whole address of this installation's page, such as https://kata.example.com/sign-in/callback")
	}
	return PendingSignIn{RedirectURI: redirectURI, ReturnTo: to, ExpireTime: now.Add(PendingSignInLifetime)}, nil
}

// Nonce is what the provider has to put into the ID token of a sign-in. It is derived from what only the browser holds, so
// that nobody has to store it.
func Nonce(binding, state Secret) string { return derive(binding, "nonce", state.text) }

// CodeVerifier is the PKCE verifier of a sign-in, derived as the nonce is.
func CodeVerifier(binding, state Secret) string { return derive(binding, "code verifier", state.text) }

func derive(key Secret, use, of string) string {
	mac := hmac.New(sha256.New, []byte(key.text))
	_, _ = mac.Write([]byte(use + "\n" + of)) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Seal encrypts a text so that only who has the secret can open it. Use it once for each secret: the key is the secret's own,
// which is why no nonce has to be chance.
func (s Secret) Seal(text string) []byte {
	return s.cipher().Seal(nil, make([]byte, 12), []byte(text), nil)
}

// Open decrypts what Seal made; "" when it is not of this secret.
func (s Secret) Open(sealed []byte) string {
	text, err := s.cipher().Open(nil, make([]byte, 12), sealed, nil)
	if err != nil {
		return ""
	}
	return string(text)
}

func (s Secret) cipher() cipher.AEAD {
	key := sha256.Sum256([]byte(derive(s, "seal", "")))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a key of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a cipher of another block size
	}
	return aead
}
