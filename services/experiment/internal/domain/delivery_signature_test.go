package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"testing"
	"time"
)

// The vector that GitHub publishes (docs.github.com, "Validating webhook deliveries").
func TestGitHubSignature(t *testing.T) {
	const secret, body, signature = "It's a Secret to Everybody", "Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	for given, want := range map[string]bool{
		"sha256=" + signature: true, "sha256=" + "8" + signature[1:]: false, signature: false, "sha256=": false, "": false, "sha1=" + signature: false,
		"sha256=" + signature + "00": false, "sha256=zz": false,
	} {
		if got := GitHubFormat.Authentic([]string{secret}, DeliveryHeaders{"x-hub-signature-256": given}, []byte(body), received); got != want {
			t.Errorf("%q: %t", given, got)
		}
	}
	headers := DeliveryHeaders{"x-hub-signature-256": "sha256=" + signature}
	if GitHubFormat.Authentic([]string{secret}, headers, []byte(body+" "), received) || GitHubFormat.Authentic(nil, headers, []byte(body), received) ||
		!GitHubFormat.Authentic([]string{"another", secret}, headers, []byte(body), received) {
		t.Error("an altered body, no secret, or the second of two secrets is judged wrongly")
	}
}

// The example that Standard Webhooks and the libraries of its authors publish.
func TestStandardSignature(t *testing.T) {
	const secret, id, stamp, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`
	const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	at := time.Unix(1614265330, 0)
	good := DeliveryHeaders{"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": signature}
	with := func(name, value string) DeliveryHeaders {
		changed := DeliveryHeaders{name: value}
		for k, v := range good {
			if k != name {
				changed[k] = v
			}
		}
		return changed
	}
	for name, c := range map[string]struct {
		headers DeliveryHeaders
		body    string
		now     time.Time
		want    bool
	}{
		"good":                      {good, body, at, true},
		"five minutes late":         {good, body, at.Add(5 * time.Minute), true},
		"five minutes early":        {good, body, at.Add(-5 * time.Minute), true},
		"later than that":           {good, body, at.Add(5*time.Minute + time.Second), false},
		"earlier than that":         {good, body, at.Add(-5*time.Minute - time.Second), false},
		"an altered body":           {good, body + " ", at, false},
		"another id":                {with("webhook-id", "msg_2"), body, at, false},
		"another time":              {with("webhook-timestamp", "1614265331"), body, at, false},
		"no time":                   {with("webhook-timestamp", ""), body, at, false},
		"a time that is none":       {with("webhook-timestamp", "99999999999999999999"), body, at, false},
		"an altered signature":      {with("webhook-signature", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), body, at, false},
		"another version":           {with("webhook-signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), body, at, false},
		"the second of two":         {with("webhook-signature", "v1,aGVsbG8= "+signature), body, at, true},
		"asymmetric beside it":      {with("webhook-signature", "v1a,aGVsbG8= "+signature), body, at, true},
		"no signature":              {with("webhook-signature", ""), body, at, false},
		"a signature behind others": {with("webhook-signature", "a b c d e f g h "+signature), body, at, false},
	} {
		for _, format := range []DeliveryFormat{GitLabFormat, CDEventsFormat, PlainFormat} {
			if got := format.Authentic([]string{secret}, c.headers, []byte(c.body), c.now); got != c.want {
				t.Errorf("%s as %s: %t", name, format, got)
			}
		}
		if GitHubFormat.Authentic([]string{secret}, c.headers, []byte(c.body), c.now) {
			t.Errorf("%s: GitHub does not sign like that", name)
		}
	}
}

func TestGitLabToken(t *testing.T) {
	for given, want := range map[string]bool{"whsec_a": true, "whsec_b": true, "whsec_": false, "": false, "whsec_aa": false} {
		if got := GitLabFormat.Authentic([]string{"whsec_a", "whsec_b"}, DeliveryHeaders{"x-gitlab-token": given}, nil, received); got != want {
			t.Errorf("%q: %t", given, got)
		}
	}
	if PlainFormat.Authentic([]string{"whsec_a"}, DeliveryHeaders{"x-gitlab-token": "whsec_a"}, nil, received) {
		t.Error("the token of GitLab counts elsewhere")
	}
}

// A secret is made from name, salt and key, and from nothing less; a deleted source has none.
func TestDeliverySecrets(t *testing.T) {
	key := []byte("key")
	s := deliverySource(GitLabFormat)
	first := s.Secret(key)
	raw, err := base64.StdEncoding.DecodeString(first[len("whsec_"):])
	if err != nil || len(raw) != 32 {
		t.Fatalf("%q: %v", first, err)
	}
	other := *s
	other.Name += "y"
	if other.Secret(key) == first || s.Secret([]byte("another")) == first {
		t.Error("another source, or another key, has the same secret")
	}
	if _, err := s.Rotate("next", received); err != nil {
		t.Fatal(err)
	}
	second := s.Secret(key)
	if got := s.Secrets(key, received.Add(24*time.Hour-1)); len(got) != 2 || got[0] != second || got[1] != first || first == second {
		t.Errorf("while it changes: %d secrets", len(got))
	}
	if got := s.Secrets(key, received.Add(24*time.Hour)); len(got) != 1 || got[0] != second {
		t.Errorf("after a day: %d secrets", len(got))
	}
	if _, err := s.Rotate("third", received.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := s.Secrets(key, received.Add(2*time.Hour)); len(got) != 2 || got[1] != second {
		t.Errorf("after the second change: %d secrets", len(got))
	}
	if _, err := s.Delete(received); err != nil || len(s.Secrets(key, received)) != 0 {
		t.Error("a deleted source has secrets")
	}
	for name, again := range map[string]func() ([]DeliverySourceEvent, error){
		"delete": func() ([]DeliverySourceEvent, error) { return s.Delete(received) },
		"rotate": func() ([]DeliverySourceEvent, error) { return s.Rotate("x", received) },
	} {
		if _, err := again(); err == nil {
			t.Errorf("%s works on a deleted source", name)
		}
	}
}

// sign signs as a sender of a format does.
func sign(format DeliveryFormat, secret string, id string, body []byte, now time.Time) DeliveryHeaders {
	key, text, headers := []byte(secret), body, DeliveryHeaders{}
	if format != GitHubFormat {
		raw, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
		if err != nil {
			panic(err)
		}
		stamp := strconv.FormatInt(now.Unix(), 10)
		key, text = raw, append([]byte(id+"."+stamp+"."), body...)
		headers["webhook-id"], headers["webhook-timestamp"] = id, stamp
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(text)
	if format == GitHubFormat {
		headers["x-hub-signature-256"] = "sha256=" + hex.EncodeToString(mac.Sum(nil))
	} else {
		headers["webhook-signature"] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return headers
}

// What the server makes, the ways of all formats verify.
func TestSecretsSign(t *testing.T) {
	for _, format := range []DeliveryFormat{GitHubFormat, GitLabFormat, CDEventsFormat, PlainFormat} {
		s, body := deliverySource(format), []byte(`{"a":1}`)
		secrets := s.Secrets([]byte("key"), received)
		if !format.Authentic(secrets, sign(format, secrets[0], "1", body, received), body, received) {
			t.Errorf("%s: a good signature is refused", format)
		}
		if format.Authentic(s.Secrets([]byte("another"), received), sign(format, secrets[0], "1", body, received), body, received) {
			t.Errorf("%s: a signature under another key is taken", format)
		}
	}
}
