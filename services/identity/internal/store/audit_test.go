package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// Whoever adds an event says what the audit log calls it.
func TestEveryEventHasAnAuditAction(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../domain/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		constant, ok := node.(*ast.ValueSpec)
		if !ok || len(constant.Values) != 1 {
			return true
		}
		text, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		if store.AuditActions[domain.Event(text)] == 0 {
			t.Errorf("%s has no audit action", text)
		}
		return true
	})
	if n < 14 || n != len(store.AuditActions) {
		t.Errorf("found %d events and %d actions", n, len(store.AuditActions))
	}
	if store.Users.Audit == nil || store.Teams.Audit == nil || store.Members.Audit == nil || store.Tokens.Audit == nil {
		t.Error("a collection is not audited")
	}
}

func TestAuditTells(t *testing.T) {
	user := domain.User{Name: "users/mina", DisplayName: "Mina", Email: "mina@example.com", Roles: []domain.OrganizationRole{domain.Manager}}
	renamed, promoted, both := user, user, user
	renamed.DisplayName, renamed.Email = "Mina M", "m@example.com"
	promoted.Roles = []domain.OrganizationRole{domain.Admin, domain.Manager}
	both.DisplayName, both.Roles = "Mina M", nil
	for name, c := range map[string]struct {
		after   domain.User
		action  string
		details map[string]string
	}{
		"names, but not the values": {renamed, "USER_UPDATED", map[string]string{"fields": "display_name,email"}},
		"roles":                     {promoted, "ORGANIZATION_ROLES_CHANGED", map[string]string{"roles": "MANAGER -> ADMIN,MANAGER"}},
		"both":                      {both, "USER_UPDATED", map[string]string{"roles": "MANAGER -> none", "fields": "display_name"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, ok := store.Users.Audit(&user, &c.after, domain.UserUpdated)
			if !ok || e.Action.String() != "AUDIT_ACTION_"+c.action || len(e.Details) != len(c.details) {
				t.Fatalf("%v %v, want %s %v", e.Action, e.Details, c.action, c.details)
			}
			for k, v := range c.details {
				if e.Details[k] != v {
					t.Errorf("%s is %q, want %q", k, e.Details[k], v)
				}
			}
		})
	}
}

// The database itself keeps the audit log, whatever the program around it does.
func TestTheAuditLogIsAppendOnly(t *testing.T) {
	const day = 24 * time.Hour
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			k := testkit.New(t)
			l := k.Log(engine, "identity", migrations.FS)
			do := func(query string, args ...any) error {
				return l.Do(t.Context(), func(tx *eventlog.Tx) error {
					_, err := tx.Exec(query, args...)
					return err
				})
			}
			count := func() (n int) {
				if err := store.EachAuditEvent(t.Context(), l, wire.AuditFilter{}, func(e wire.AuditEvent) error {
					if n++; e.OccurTime.Year() != k.Clock.Now().Year() {
						t.Errorf("%s was replaced", e.ID)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				return n
			}
			for _, id := range []string{"old", "young"} {
				if err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
					return store.KeepAuditEvent(tx, wire.AuditEvent{ID: id, OccurTime: tx.Now(), Action: "SIGNED_IN", Doc: "{}"})
				}); err != nil {
					t.Fatal(err)
				}
				k.Clock.Advance(100 * day)
			}
			newest := k.Clock.Now().Add(-100 * day).UnixMicro()
			refused := func(what, query string, args ...any) {
				t.Helper()
				if do(query, args...) == nil {
					t.Errorf("%s was possible", what)
				}
				if n := count(); n != 2 {
					t.Fatalf("%s: %d events are left", what, n)
				}
			}
			micros := func(d time.Duration) int64 { return d.Microseconds() }
			refused("an update", "update audit_events set actor = 'users/else' where audit_event_id = 'old'")
			refused("a deletion", "delete from audit_events where audit_event_id = 'old'")
			refused("a deletion of all", "delete from audit_events")
			refused("a floor of now", "insert into audit_floors (floor, retention, set_time) values ($1, $2, $3)", k.Clock.Now().UnixMicro(), micros(30*day), k.Clock.Now().UnixMicro())
			refused("a retention of a day", "insert into audit_floors (floor, retention, set_time) values ($1, $2, $3)", newest-micros(day), micros(day), newest)
			refused("a floor nearer than its retention", "insert into audit_floors (floor, retention, set_time) values ($1, $2, $3)", newest-micros(29*day), micros(30*day), newest)
			if engine == "sqlite" {
				_ = do("insert or replace into audit_events (audit_event_id, occur_time, record_time, action, actor, resource, address, event) values ('old', 1, 1, 'x', 'x', 'x', 'x', '{}')")
			} else {
				refused("a truncation", "truncate audit_events")
			}
			if events := count(); events != 2 {
				t.Fatalf("%d events are left", events)
			}
			if err := do("insert into audit_floors (floor, retention, set_time) values ($1, $2, $3)", newest-micros(30*day), micros(30*day), newest); err != nil {
				t.Fatal(err)
			}
			refused("a deletion of what is too young", "delete from audit_events where audit_event_id = 'young'")
			refused("a change of the floors", "update audit_floors set floor = 0")
			refused("a deletion of the floors", "delete from audit_floors")
			refused("an earlier floor", "insert into audit_floors (floor, retention, set_time) values (1, $1, 1)", micros(30*day))
			if err := do("delete from audit_events where audit_event_id = 'old'"); err != nil || count() != 1 {
				t.Errorf("what is old enough stays: %v", err)
			}
		})
	}
}
