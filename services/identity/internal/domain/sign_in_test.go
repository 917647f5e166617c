package domain_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestReturnTo(t *testing.T) {
	for path, want := range map[string]string{
		"": "/", "/": "/", "/teams/payments": "/teams/payments", "/a?b=c&d=%2F#e": "/a?b=c&d=%2F#e", "/%C3%A9": "/%C3%A9",
		"/search?q=http://x": "/search?q=http://x", "/a//b": "/a//b",
	} {
		if got, err := domain.ReturnTo(path); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", path, got, err, want)
		}
	}
	for _, path := range []string{
		"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, "https://evil.example", "https:/evil.example", "javascript:alert(1)",
		"evil.example", "teams/payments", "?a=b", "#a", "/\tevil", "/\r\nSet-Cookie: a=b", "/a b", "\t//evil.example", " /a", "/\x00", "/\u202e", "/\u2028",
		"/%2Fevil.example", "/%5Cevil.example", "/%0d%0aX: y", "/%zz", "/\xff", "/" + strings.Repeat("a", 2000), "/a\\b",
	} {
		if got, err := domain.ReturnTo(path); err == nil || fault.From(err).Reason != "SIGN_IN_RETURN_TO_INVALID" || got != "" {
			t.Errorf("%q got through as %q, %v", path, got, err)
		}
	}
}

// Whatever gets through leads a browser to a page of this installation: it is read as browsers read a reference.
func FuzzReturnTo(f *testing.F) {
	for _, seed := range []string{"", "/", "//x", `/\x`, "/a?b#c", "https://x", "/%2f%2fx", "/\t/x", "/.//x", "/..//x"} {
		f.Add(seed)
	}
	here, err := url.Parse("https://kata.example.com/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := domain.ReturnTo(path)
		if err != nil {
			return
		}
		if path != "" && got != path {
			t.Fatalf("%q became %q", path, got)
		}
		// As browsers do: without tabs and line ends, and with slashes for backslashes.
		read := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(got))
		to, err := here.Parse(read)
		if err != nil || to.Host != here.Host || to.Scheme != here.Scheme || to.User != nil || strings.HasPrefix(read, "//") || !strings.HasPrefix(read, "/") {
			t.Fatalf("%q leads to %v, %v", path, to, err)
		}
	})
}

func TestPendingSignInsComeBackHere(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	p, err := domain.NewPendingSignIn("https://kata.example.com/sign-in/callback", "/x", now)
	if err != nil || p.ReturnTo != "/x" || !p.ExpireTime.Equal(now.Add(10*time.Minute)) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, uri := range []string{"javascript:alert(1)", "/callback", "https://x/#f", "ftp://x/", "https:///x"} {
		if _, err := domain.NewPendingSignIn(uri, "", now); err == nil || fault.From(err).Reason != "SIGN_IN_REDIRECT_URI_INVALID" {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// Nonce and verifier belong to one browser and one sign-in, and neither tells of the other.
func TestDerivedSecretsDiffer(t *testing.T) {
	secret := func(prefix string, n byte) domain.Secret { return domain.NewSecret(prefix, [32]byte{n}) }
	seen := map[string]bool{}
	for _, binding := range []byte{1, 2} {
		for _, state := range []byte{3, 4} {
			b, s := secret(domain.BindingSecret, binding), secret("", state)
			for _, derived := range []string{domain.Nonce(b, s), domain.CodeVerifier(b, s)} {
				if len(derived) != 43 || seen[derived] {
					t.Errorf("%q has %d characters, or was there before", derived, len(derived))
				}
				seen[derived] = true
			}
			if first := domain.Nonce(b, s); first != domain.Nonce(b, s) {
				t.Error("derived twice, it differs")
			}
		}
	}
}

func TestSealed(t *testing.T) {
	right, wrong := domain.NewSecret(domain.SessionSecret, [32]byte{1}), domain.NewSecret(domain.SessionSecret, [32]byte{2})
	sealed := right.Seal("an ID token")
	if strings.Contains(string(sealed), "ID token") || right.Open(sealed) != "an ID token" || wrong.Open(sealed) != "" || right.Open(nil) != "" {
		t.Error("who has the secret reads it, and nobody else")
	}
	sealed[0] ^= 1
	if right.Open(sealed) != "" {
		t.Error("what was altered is opened")
	}
}

func TestSessionLimits(t *testing.T) {
	for name, c := range map[string]struct {
		given  domain.SessionLimits
		want   domain.SessionLimits
		reason string
	}{
		"defaults":  {domain.SessionLimits{}, domain.SessionLimits{Idle: 24 * time.Hour, Lifetime: 720 * time.Hour}, ""},
		"given":     {domain.SessionLimits{Idle: time.Hour, Lifetime: 8 * time.Hour}, domain.SessionLimits{Idle: time.Hour, Lifetime: 8 * time.Hour}, ""},
		"too short": {domain.SessionLimits{Idle: time.Second}, domain.SessionLimits{}, "SESSION_IDLE_TOO_SHORT"},
		"negative":  {domain.SessionLimits{Idle: -time.Hour}, domain.SessionLimits{}, "SESSION_IDLE_TOO_SHORT"},
		"crossed":   {domain.SessionLimits{Idle: 48 * time.Hour, Lifetime: time.Hour}, domain.SessionLimits{}, "SESSION_LIFETIME_TOO_SHORT"},
	} {
		got, err := c.given.Settle()
		if c.reason != "" {
			if err == nil || fault.From(err).Reason != c.reason {
				t.Errorf("%s: %v, want %s", name, err, c.reason)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}
