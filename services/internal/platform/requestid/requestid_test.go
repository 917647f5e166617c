package requestid_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
)

func TestContext(t *testing.T) {
	ctx := context.Background()
	if got := requestid.From(ctx); got != "" {
		t.Errorf("an empty context carries %q", got)
	}
	id := requestid.New()
	if got := requestid.From(requestid.With(ctx, id)); got != id {
		t.Errorf("got %q, want %q", got, id)
	}
	if id == requestid.New() {
		t.Error("the same id twice")
	}
}

func TestValid(t *testing.T) {
	for id, want := range map[string]bool{
		requestid.New():          true,
		"a.B_9-z":                true,
		strings.Repeat("a", 128): true,
		strings.Repeat("a", 129): false,
		"":                       false,
		"two\nlines":             false,
		"spa ce":                 false,
		"ümlaut":                 false,
	} {
		if got := requestid.Valid(id); got != want {
			t.Errorf("Valid(%q) = %v", id, got)
		}
	}
}
