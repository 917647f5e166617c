package keyring_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestKeysTakeTurns(t *testing.T) {
	k := testkit.New(t)
	log := k.Log(db.SQLite, "identity", migrations.FS)
	mine, theirs := keyring.New(log), keyring.New(log) // two processes on one database
	verifier := func(keys func(context.Context, string) (ed25519.PublicKey, error)) *caller.Verifier {
		return &caller.Verifier{Keys: keys, Clock: k.Clock.Now}
	}
	mint := func(ring *keyring.Keyring) string {
		t.Helper()
		token, expires, err := ring.Mint(t.Context(), callertest.User("mina", "payments", caller.Coach))
		if err != nil || !expires.Equal(k.Clock.Now().Add(caller.Lifetime)) {
			t.Fatalf("expires %v, %v", expires, err)
		}
		return token
	}
	keys := func() int {
		t.Helper()
		list, err := mine.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}

	// Each process verifies what the other signs.
	for _, token := range []string{mint(mine), mint(theirs)} {
		for _, ring := range []*keyring.Keyring{mine, theirs} {
			c, err := verifier(ring.Public).Verify(t.Context(), token)
			if err != nil || c.Subject != "users/mina" || c.Teams["payments"] != caller.Coach {
				t.Errorf("caller = %+v, %v", c, err)
			}
		}
	}
	if _ = mint(mine); keys() != 2 {
		t.Errorf("%d keys, want one for each process", keys())
	}

	// A day later a new key signs; what the old one signed a moment ago stays good.
	k.Clock.Advance(24*time.Hour - time.Second)
	last := mint(mine)
	k.Clock.Advance(time.Second)
	_ = mint(mine)
	if keys() != 3 {
		t.Errorf("%d keys after a day, want a third", keys())
	}
	if _, err := verifier(theirs.Public).Verify(t.Context(), last); err != nil {
		t.Errorf("the last token of the old key: %v", err)
	}
	k.Clock.Advance(2 * time.Hour)
	if keys() != 1 {
		t.Errorf("%d keys two hours later, want those that ended gone", keys())
	}
	if _, err := mine.Public(t.Context(), "unknown"); !errors.Is(err, caller.ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestKeyGoesOnWhileItsSuccessorCannotBeStored(t *testing.T) {
	k := testkit.New(t)
	log := k.Log(db.SQLite, "identity", migrations.FS)
	ring := keyring.New(log)
	mint := func() error {
		_, _, err := ring.Mint(t.Context(), callertest.Service("cycle"))
		return err
	}
	if err := mint(); err != nil {
		t.Fatal(err)
	}
	if err := log.DB().Close(); err != nil {
		t.Fatal(err)
	}
	k.Clock.Advance(25 * time.Hour)
	if err := mint(); err != nil {
		t.Errorf("an hour after its turn: %v", err)
	}
	k.Clock.Advance(time.Hour)
	if err := mint(); err == nil {
		t.Error("a key that is no longer published signed")
	}
}

func TestOpenTeamsThatDoNotFitAreLeftOut(t *testing.T) {
	k := testkit.New(t)
	ring := keyring.New(k.Log(db.SQLite, "identity", migrations.FS))
	var said bytes.Buffer
	ring.Logger = slog.New(slog.NewJSONHandler(&said, nil))
	verifier := &caller.Verifier{Keys: ring.Public, Clock: k.Clock.Now}
	who := callertest.User("mina", "payments", caller.Coach)
	mint := func(open int) caller.Caller {
		t.Helper()
		who.OpenTeams = nil
		for i := range open {
			who.OpenTeams = append(who.OpenTeams, fmt.Sprintf("a-team-with-20-c%05d", i))
		}
		token, _, err := ring.Mint(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		c, err := verifier.Verify(t.Context(), token)
		if err != nil || c.Teams["payments"] != caller.Coach {
			t.Fatalf("%+v, %v", c, err)
		}
		return c
	}
	if c := mint(1000); len(c.OpenTeams) != 1000 || said.Len() > 0 {
		t.Errorf("1,000 open teams: %d arrive, said %s", len(c.OpenTeams), said.String())
	}
	for range 2 {
		if c := mint(10_000); len(c.OpenTeams) != 0 || c.CanRead("a-team-with-20-c00001") {
			t.Errorf("10,000 open teams: %d arrive", len(c.OpenTeams))
		}
	}
	if lines := strings.Count(said.String(), "\n"); lines != 1 || !strings.Contains(said.String(), `"teams":10000`) {
		t.Errorf("said %s", said.String())
	}

	// Somebody's own teams are never left out: without them nothing would be right.
	who.Teams = map[string]caller.Role{}
	for i := range 3000 {
		who.Teams[fmt.Sprintf("a-team-with-20-c%05d", i)] = caller.Viewer
	}
	for _, open := range [][]string{nil, {"search"}} {
		who.OpenTeams = open
		if _, _, err := ring.Mint(t.Context(), who); fault.From(err).Reason != caller.ReasonTooManyTeams {
			t.Errorf("in 3,000 teams: %v", err)
		}
	}
}
