package caller_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var start = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestMintAndVerify(t *testing.T) {
	for name, c := range map[string]caller.Caller{
		"user":    {Subject: "users/mina", Manager: true, Teams: map[string]caller.Role{"payments": caller.Coach, "search": caller.Viewer}},
		"admin":   callertest.Admin("root"),
		"service": callertest.Service("cycle"),
	} {
		t.Run(name, func(t *testing.T) {
			k := &clock{start}
			a := callertest.New(k.Now)
			token, expires, err := a.Minter.Mint(c)
			if err != nil {
				t.Fatal(err)
			}
			if want := start.Add(caller.Lifetime); !expires.Equal(want) {
				t.Errorf("expires %v, want %v", expires, want)
			}
			want := c
			want.Token = token
			for range 2 { // verified, then remembered
				got, err := a.Verifier.Verify(context.Background(), token)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
}

func TestMintRefusesSubjectsThatAreNobody(t *testing.T) {
	a := callertest.New(nil)
	for _, c := range []caller.Caller{
		{}, {Subject: "users/"}, {Subject: "mina"}, {Subject: "services/cycle"}, {Subject: "users/mina", Service: true}, {Subject: "users/mina/tokens/x"},
	} {
		if token, _, err := a.Minter.Mint(c); err == nil {
			t.Errorf("%+v got the token %s", c, token)
		}
	}
}

// forgery is a token built by hand from a header, claims and a way to sign.
func forgery(t *testing.T, header, claims map[string]any, sign func(text string) []byte) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
}

func TestForgedTokensAreRefused(t *testing.T) {
	k := &clock{start}
	a := callertest.New(k.Now)
	other := callertest.New(k.Now)
	genuine, _, err := a.Minter.Mint(callertest.User("mina", "payments", caller.Member))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(genuine, ".")
	decode := func(s string) map[string]any {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	header, claims := decode(parts[0]), decode(parts[1])
	with := func(m map[string]any, key string, value any) map[string]any {
		m = maps.Clone(m)
		if value == nil {
			delete(m, key)
		} else {
			m[key] = value
		}
		return m
	}
	signed := func(text string) []byte { return ed25519.Sign(a.Minter.Key, []byte(text)) }
	public := a.Minter.Key.Public().(ed25519.PublicKey)
	kept := func(string) []byte {
		b, _ := base64.RawURLEncoding.DecodeString(parts[2])
		return b
	}

	// The forger is able to forge: only what each case changes makes the difference.
	if _, err := a.Verifier.Verify(context.Background(), forgery(t, header, claims, signed)); err != nil {
		t.Fatalf("the unchanged copy is refused: %v", err)
	}

	for name, c := range map[string]struct {
		token  string
		reason string
	}{
		"signed with another key under our key id": {forgery(t, header, claims, func(text string) []byte { return ed25519.Sign(other.Minter.Key, []byte(text)) }), caller.ReasonInvalid},
		"key id of another key":                    {forgery(t, with(header, "kid", other.Minter.KeyID), claims, signed), caller.ReasonInvalid},
		"no key id":                                {forgery(t, with(header, "kid", nil), claims, signed), caller.ReasonInvalid},
		"key id is no text":                        {forgery(t, with(header, "kid", 7), claims, signed), caller.ReasonInvalid},
		"another audience":                         {forgery(t, header, with(claims, "aud", []string{"elsewhere"}), signed), caller.ReasonInvalid},
		"no audience":                              {forgery(t, header, with(claims, "aud", nil), signed), caller.ReasonInvalid},
		"another issuer":                           {forgery(t, header, with(claims, "iss", "elsewhere"), signed), caller.ReasonInvalid},
		"another audience and expired":             {forgery(t, header, with(with(claims, "aud", "elsewhere"), "exp", start.Unix()-1), signed), caller.ReasonInvalid},
		"expired":                                  {forgery(t, header, with(claims, "exp", start.Unix()), signed), caller.ReasonExpired},
		"never expires":                            {forgery(t, header, with(claims, "exp", nil), signed), caller.ReasonInvalid},
		"algorithm none":                           {forgery(t, with(header, "alg", "none"), claims, func(string) []byte { return nil }), caller.ReasonInvalid},
		"algorithm None with our signature":        {forgery(t, with(header, "alg", "None"), claims, signed), caller.ReasonInvalid},
		"HS256 with the public key as the secret": {forgery(t, with(header, "alg", "HS256"), claims, func(text string) []byte {
			mac, err := jwt.SigningMethodHS256.Sign(text, []byte(public))
			if err != nil {
				t.Fatal(err)
			}
			return mac
		}), caller.ReasonInvalid},
		"claims changed, signature kept":        {forgery(t, header, with(claims, "admin", true), kept), caller.ReasonInvalid},
		"a user who claims to be a service":     {forgery(t, header, with(claims, "svc", true), signed), caller.ReasonInvalid},
		"a service's subject without svc":       {forgery(t, header, with(claims, "sub", "services/cycle"), signed), caller.ReasonInvalid},
		"no subject":                            {forgery(t, header, with(claims, "sub", nil), signed), caller.ReasonInvalid},
		"last character changed":                {genuine[:len(genuine)-1] + flip(genuine[len(genuine)-1]), caller.ReasonInvalid},
		"the same signature, spelled otherwise": {genuine[:len(genuine)-1] + string(genuine[len(genuine)-1]+1), caller.ReasonInvalid},
		"padded":                                {genuine + "==", caller.ReasonInvalid},
		"signature cut off":                     {parts[0] + "." + parts[1] + ".", caller.ReasonInvalid},
		"two parts":                             {parts[0] + "." + parts[1], caller.ReasonInvalid},
		"nothing":                               {"", caller.ReasonInvalid},
		"noise":                                 {"not a token", caller.ReasonInvalid},
		"endless":                               {genuine + strings.Repeat("A", 1<<20), caller.ReasonInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := a.Verifier.Verify(context.Background(), c.token)
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			if f := fault.From(err); f.Kind != fault.Unauthenticated || f.Reason != c.reason {
				t.Errorf("got %v %s (%v), want %s", f.Kind, f.Reason, err, c.reason)
			}
			if !got.Anonymous() {
				t.Errorf("an error and the caller %+v", got)
			}
		})
	}
}

func TestNoKeyIsLookedUpForAnotherAlgorithm(t *testing.T) {
	a := callertest.New(nil)
	a.Verifier.Keys = func(context.Context, string) (ed25519.PublicKey, error) {
		t.Error("the key was asked for")
		return nil, caller.ErrUnknownKey
	}
	claims := map[string]any{"iss": "fortnight/identity", "aud": "fortnight", "sub": "users/mina", "exp": time.Now().Add(time.Minute).Unix()}
	for _, alg := range []string{"none", "HS256", "RS256", "ES256", "PS256"} {
		token := forgery(t, map[string]any{"alg": alg, "kid": a.Minter.KeyID}, claims, func(string) []byte { return []byte("x") })
		if _, err := a.Verifier.Verify(context.Background(), token); fault.From(err).Reason != caller.ReasonInvalid {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

// flip returns another base64 digit, one that changes bits that count.
func flip(c byte) string {
	if c == 'A' {
		return "Q"
	}
	return "A"
}

func TestRememberedTokensExpire(t *testing.T) {
	k := &clock{start}
	a := callertest.New(k.Now)
	fetches := 0
	keys := a.Verifier.Keys
	a.Verifier.Keys = func(ctx context.Context, kid string) (ed25519.PublicKey, error) { fetches++; return keys(ctx, kid) }
	token, expires, err := a.Minter.Mint(callertest.Admin("mina"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := a.Verifier.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	if fetches != 1 {
		t.Errorf("the token was verified %d times, want once", fetches)
	}
	k.now = expires
	if _, err := a.Verifier.Verify(context.Background(), token); fault.From(err).Reason != caller.ReasonExpired {
		t.Errorf("at its end the token gives %v", err)
	}
	fresh := &caller.Verifier{Keys: keys, Clock: k.Now}
	if _, err := fresh.Verify(context.Background(), token); fault.From(err).Reason != caller.ReasonExpired {
		t.Errorf("a verifier that never saw it says %v", err)
	}
}

func TestMemoryOfTokensIsBounded(t *testing.T) {
	k := &clock{start}
	a := callertest.New(k.Now)
	fetches := 0
	keys := a.Verifier.Keys
	a.Verifier.Keys = func(ctx context.Context, kid string) (ed25519.PublicKey, error) { fetches++; return keys(ctx, kid) }
	first, _, err := a.Minter.Mint(callertest.Admin("first"))
	if err != nil {
		t.Fatal(err)
	}
	a.Verifier.Remember = 8
	const many = 9 // one more
	for i := range many {
		token := first
		if i > 0 {
			if token, _, err = a.Minter.Mint(callertest.User(fmt.Sprintf("u%d", i), "", "")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Verifier.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Verifier.Verify(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	if fetches != many+1 {
		t.Errorf("%d verifications, want %d: the first token must have been forgotten", fetches, many+1)
	}
}

func TestMissingKeysAreNotTheCallersFault(t *testing.T) {
	a := callertest.New(nil)
	token, _, err := a.Minter.Mint(callertest.Admin("mina"))
	if err != nil {
		t.Fatal(err)
	}
	v := &caller.Verifier{Keys: func(context.Context, string) (ed25519.PublicKey, error) { return nil, errors.New("connection refused") }}
	_, err = v.Verify(context.Background(), token)
	if f := fault.From(err); f.Kind != fault.Unavailable || f.Reason != caller.ReasonKeysUnavailable || strings.Contains(f.Message, "refused") {
		t.Errorf("got %v %s %q", f.Kind, f.Reason, f.Message)
	}
}

func TestKeySet(t *testing.T) {
	k := &clock{start}
	key := func() ed25519.PublicKey {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
	one, two := key(), key()
	down := errors.New("identity is down")
	notYet := errors.New("anything but ErrUnknownKey")
	var current map[string]ed25519.PublicKey
	var failure error
	fetches := 0
	set := &caller.KeySet{Clock: k.Now, Fetch: func(ctx context.Context) (map[string]ed25519.PublicKey, error) {
		fetches++
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return current, failure
	}}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()

	for i, step := range []struct {
		after   time.Duration
		failure error
		keys    map[string]ed25519.PublicKey
		kid     string
		err     error
		fetches int
	}{
		{0, down, nil, "one", down, 1},
		{500 * time.Millisecond, nil, map[string]ed25519.PublicKey{"one": one}, "one", down, 1}, // not at once again
		{time.Second, nil, map[string]ed25519.PublicKey{"one": one}, "one", nil, 2},
		{time.Second, nil, nil, "one", nil, 2}, // remembered
		{time.Second, nil, nil, "invented", caller.ErrUnknownKey, 3},
		{500 * time.Millisecond, nil, map[string]ed25519.PublicKey{"one": one, "two": two}, "two", notYet, 3}, // no flood, and no verdict
		{500 * time.Millisecond, nil, nil, "two", nil, 4},                                                     // rotation
		{time.Second, nil, nil, "one", nil, 4},
		{10 * time.Minute, down, nil, "one", nil, 5},                                                     // stale, but better than nothing
		{5 * time.Second, nil, map[string]ed25519.PublicKey{"two": two}, "one", caller.ErrUnknownKey, 6}, // withdrawn
	} {
		k.now = k.now.Add(step.after)
		failure = step.failure
		if step.keys != nil {
			current = step.keys
		}
		got, err := set.Key(cancelled, step.kid) // one caller who leaves spoils it for nobody
		if err != nil && !errors.Is(err, caller.ErrUnknownKey) && !errors.Is(err, down) {
			err = notYet
		}
		if !errors.Is(err, step.err) {
			t.Errorf("step %d: error %v, want %v", i, err, step.err)
		}
		if err == nil && !got.Equal(current[step.kid]) {
			t.Errorf("step %d: another key", i)
		}
		if fetches != step.fetches {
			t.Errorf("step %d: %d fetches, want %d", i, fetches, step.fetches)
		}
	}
}

func BenchmarkVerifyRemembered(b *testing.B) {
	a := callertest.New(nil)
	token, _, err := a.Minter.Mint(callertest.User("mina", "payments", caller.Member))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.Verifier.Verify(context.Background(), token); err != nil && fault.From(err).Reason != caller.ReasonExpired {
			b.Fatal(err)
		}
	}
}
