package domain

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata" // as in the program: the zones must not depend on the machine

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var now = time.Date(2026, 3, 20, 13, 0, 0, 0, time.UTC)

// reason is the reason of a fault, or "" when there is none.
func reason(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("not a fault: %v", err)
	}
	return f.Reason
}

// happened fails unless exactly the wanted events happened.
func happened(t *testing.T, got []Event, want ...Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("events = %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("events = %v, want %v", got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ name, parent, id string }{
		{UserName("mina"), "", "mina"},
		{TeamName("payments"), "", "payments"},
		{MemberName("teams/payments", "users/mina"), "teams/payments", "mina"},
		{TokenName("users/mina", "ci"), "users/mina", "ci"},
	} {
		if Parent(test.name) != test.parent || ID(test.name) != test.id {
			t.Errorf("%s: parent %q, id %q; want %q, %q", test.name, Parent(test.name), ID(test.name), test.parent, test.id)
		}
	}
	for name, want := range map[string]string{
		"teams/payments": "payments", "teams/payments/tokens/slack": "payments", "users/teams": "", "teams": "", "": "", "users/mina/tokens/teams": "",
	} {
		if got := TeamID(name); got != want {
			t.Errorf("team of %q = %q, want %q", name, got, want)
		}
	}
}
