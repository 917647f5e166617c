package keyring_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
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
