package caller_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// wide is a member of 20 teams in an organisation with so many open ones, all with ids of 20 characters.
func wide(open int) caller.Caller {
	c := caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{}, Audience: []string{"cycle", "experiment", "identity", "knowledge", "notification", "report", "retrospective"}}
	for i := range 20 {
		c.Teams[fmt.Sprintf("a-member-of-team%04d", i)] = caller.Member
	}
	for i := range open {
		c.OpenTeams = append(c.OpenTeams, fmt.Sprintf("a-team-with-20-c%04d", i))
	}
	return c
}

func TestTokensHaveABoundedSize(t *testing.T) {
	a := callertest.New(nil)
	for open, want := range map[int]struct{ least, most int }{0: {500, 2 << 10}, 100: {3 << 10, 5 << 10}, 1000: {30 << 10, 36 << 10}} {
		token, _, err := a.Minter.Mint(wide(open))
		if err != nil {
			t.Fatal(err)
		}
		if len(token) < want.least || len(token) > want.most {
			t.Errorf("%d open teams: %d bytes, want %d to %d", open, len(token), want.least, want.most)
		}
		c, err := a.Verifier.Verify(context.Background(), token)
		if err != nil || len(c.OpenTeams) != open || len(c.Teams) != 20 {
			t.Errorf("%d open teams: %d, %v", open, len(c.OpenTeams), err)
		}
	}
	if token, _, err := a.Minter.Mint(wide(5000)); fault.From(err).Reason != caller.ReasonTooManyTeams {
		t.Errorf("5,000 open teams: %d bytes, %v", len(token), err)
	}
}

// A few thousand long tokens must not fill the memory.
func TestMemoryOfTokensIsBoundedInBytes(t *testing.T) {
	k := &clock{start}
	a := callertest.New(k.Now)
	lookups := 0
	keys := a.Verifier.Keys
	a.Verifier.Keys = func(ctx context.Context, kid string) (ed25519.PublicKey, error) { lookups++; return keys(ctx, kid) }
	c := wide(1000)
	var first string
	const many = 600 // of 32 kB, more than half of what is kept in all
	for i := range many {
		c.Subject = fmt.Sprintf("users/u%d", i)
		token, _, err := a.Minter.Mint(c)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = token
		}
		if _, err := a.Verifier.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Verifier.Verify(context.Background(), first); err != nil || lookups != many {
		t.Errorf("%v, %d lookups: the older half is kept for a while", err, lookups)
	}
	for i := range many {
		c.Subject = fmt.Sprintf("users/v%d", i)
		token, _, err := a.Minter.Mint(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Verifier.Verify(context.Background(), token); err != nil {
			t.Fatal(err)
		}
	}
	lookups = 0
	if _, err := a.Verifier.Verify(context.Background(), first); err != nil || lookups != 1 {
		t.Errorf("%v, %d lookups: the first token must have been forgotten", err, lookups)
	}
}

// The size of a token is what it costs on every call between processes.
func BenchmarkVerify(b *testing.B) {
	for _, open := range []int{0, 100, 1000} {
		a := callertest.New((&clock{start}).Now)
		token, _, err := a.Minter.Mint(wide(open))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("cold/open=%d", open), func(b *testing.B) {
			b.ReportMetric(float64(len(token)), "token-bytes")
			b.ReportAllocs()
			for b.Loop() {
				fresh := &caller.Verifier{Keys: a.Verifier.Keys, Clock: a.Verifier.Clock}
				if _, err := fresh.Verify(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("remembered/open=%d", open), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				// As it comes from the network: another string with the same bytes.
				if _, err := a.Verifier.Verify(context.Background(), strings.Clone(token)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("mint/open=%d", open), func(b *testing.B) {
			c := wide(open)
			for b.Loop() {
				if _, _, err := a.Minter.Mint(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
