package caller_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
)

func TestRights(t *testing.T) {
	for name, c := range map[string]struct {
		caller             caller.Caller
		read, write, coach bool
	}{
		"anonymous":                        {caller.Caller{}, false, false, false},
		"anonymous that claims everything": {caller.Caller{Admin: true, Service: true, Teams: map[string]caller.Role{"payments": caller.Coach}}, false, false, false},
		"member":                           {callertest.User("mina", "payments", caller.Member), true, true, false},
		"coach":                            {callertest.User("mina", "payments", caller.Coach), true, true, true},
		"viewer":                           {callertest.User("mina", "payments", caller.Viewer), true, false, false},
		"role that does not exist":         {callertest.User("mina", "payments", "owner"), false, false, false},
		"coach of another team":            {callertest.User("mina", "search", caller.Coach), false, false, false},
		"manager":                          {callertest.Manager("mina"), true, false, false},
		"admin":                            {callertest.Admin("mina"), true, true, true},
		"service":                          {callertest.Service("cycle"), true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.caller.CanRead("payments"); got != c.read {
				t.Errorf("CanRead = %v", got)
			}
			if got := c.caller.CanWrite("payments"); got != c.write {
				t.Errorf("CanWrite = %v", got)
			}
			if got := c.caller.CanCoach("payments"); got != c.coach {
				t.Errorf("CanCoach = %v", got)
			}
			if c.caller.CanRead("") || c.caller.CanWrite("") || c.caller.CanCoach("") {
				t.Error("a right on no team at all")
			}
		})
	}
}

func TestIs(t *testing.T) {
	for name, c := range map[string]struct {
		caller caller.Caller
		user   string
		want   bool
	}{
		"the user":                      {callertest.User("mina", "", ""), "mina", true},
		"another user":                  {callertest.User("mina", "", ""), "min", false},
		"nobody":                        {caller.Caller{}, "", false},
		"a user without an id":          {caller.Caller{Subject: "users/"}, "", false},
		"a service of the same name":    {callertest.Service("mina"), "mina", false},
		"a service with a user's name":  {caller.Caller{Subject: "users/mina", Service: true}, "mina", false},
		"a longer name is another user": {callertest.User("mina2", "", ""), "mina", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.caller.Is(c.user); got != c.want {
				t.Errorf("Is(%q) = %v", c.user, got)
			}
		})
	}
}

func TestContext(t *testing.T) {
	ctx := context.Background()
	if got := caller.From(ctx); !got.Anonymous() {
		t.Errorf("an empty context carries %+v", got)
	}
	if got := caller.From(caller.With(ctx, callertest.Admin("mina"))); got.Subject != "users/mina" || !got.Admin {
		t.Errorf("got %+v back", got)
	}
}

func TestOutgoing(t *testing.T) {
	base := metadata.AppendToOutgoingContext(context.Background(), "other", "kept", caller.MetadataKey, "stale")
	for name, c := range map[string]struct {
		token string
		want  string
	}{
		"a caller replaces what was there": {"new", "new"},
		"nobody adds nothing":              {"", "stale"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := caller.Outgoing(caller.With(base, caller.Caller{Subject: "users/mina", Token: c.token}))
			md, _ := metadata.FromOutgoingContext(ctx)
			if got := md.Get(caller.MetadataKey); len(got) != 1 || got[0] != c.want {
				t.Errorf("token %v, want %q", got, c.want)
			}
			if got := md.Get("other"); len(got) != 1 || got[0] != "kept" {
				t.Errorf("other metadata became %v", got)
			}
		})
	}
	before, _ := metadata.FromOutgoingContext(base)
	if got := before.Get(caller.MetadataKey); len(got) != 1 || got[0] != "stale" {
		t.Errorf("the context that was given changed: %v", got)
	}
}

func TestOutgoingAsReplacesTheCaller(t *testing.T) {
	ctx := caller.Outgoing(caller.With(context.Background(), caller.Caller{Subject: "users/mina", Token: "user"}))
	md, _ := metadata.FromOutgoingContext(caller.OutgoingAs(ctx, "service"))
	if got := md.Get(caller.MetadataKey); len(got) != 1 || got[0] != "service" {
		t.Errorf("tokens %v", got)
	}
}
