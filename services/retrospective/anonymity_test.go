package retrospective_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Jonas writes, changes and withdraws notes and votes, and nothing else. When the retrospective is anonymous, nothing that is kept may hold
// his name: no row, no event, no answer kept for a repeated request, no line of the log, neither here nor where the names for the hint come
// from. What somebody else does to a theme of his note is that one's doing. The named retrospective is the control, and its votes are
// anonymous, too.
func TestTheAuthorOfAnAnonymousNoteIsNowhere(t *testing.T) {
	for _, engine := range dbtest.Engines {
		for name, anonymous := range map[string]bool{"anonymous": true, "named": false} {
			t.Run(string(engine)+", "+name, func(t *testing.T) {
				w, kept := newWorldIn(t, engine)
				_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: &anonymous, Facilitator: "users/mina"})
				w.must(err)
				note := w.writesAsJonas()
				author := "users/jonas"
				if anonymous {
					author = ""
				}
				if note.GetAuthor() != author {
					t.Errorf("answered %v", note)
				}
				for _, event := range testkit.Records(t, w.service.Log) {
					if event.AggregateType == "note" && (event.Actor != author || event.Traceparent != "" || strings.Contains(string(event.Data), "rota")) ||
						event.AggregateType != "note" && event.Actor == "users/jonas" {
						t.Errorf("event %+v", event)
					}
				}
				w.published()
				everything := kept()
				if !strings.Contains(everything, "the rota held") || !strings.Contains(everything, "users/mina") {
					t.Fatal("this is not what the service keeps: a search in it proves nothing")
				}
				if found := strings.Contains(everything, "jonas") || strings.Contains(everything, hex.EncodeToString([]byte("jonas"))); found == anonymous {
					t.Errorf("the author is kept: %v", found)
				}
				if log := w.Output(); !strings.Contains(log, "users/mina") || !strings.Contains(log, "CastVotes") || !strings.Contains(log, "IdentityService/ListMembers") {
					t.Error("the log is not the service's")
				} else if strings.Contains(log, "jonas") {
					t.Error("the log names who wrote a note")
				}
			})
		}
	}
}

// Jonas alone votes, in a named retrospective in which he does nothing else. Nothing tells that he did.
func TestAVoterIsNowhere(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			w, kept := newWorldIn(t, engine)
			_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: new(false), Facilitator: "users/mina"})
			w.must(err)
			w.move(group)
			_, err = w.theme("a")
			w.must(err)
			w.move(vote)
			ballot := w.votesAsJonas("a")
			w.published()
			everything := kept()
			if !strings.Contains(everything, "theme a") || !strings.Contains(everything, "users/mina") {
				t.Fatal("this is not what the service keeps: a search in it proves nothing")
			}
			for what, trace := range map[string]string{
				"name": "jonas", "secret": ballot.GetSecret(), "hash of the secret": domain.HashSecret(ballot.GetSecret()),
				"mark": domain.Mark([]byte("the key of the installation, 32B"), "ballot", retro, "users/jonas"),
			} {
				if strings.Contains(everything, trace) || strings.Contains(everything, hex.EncodeToString([]byte(trace))) {
					t.Errorf("the voter's %s is kept", what)
				}
			}
			if strings.Contains(w.Output(), "jonas") {
				t.Error("the log names a voter")
			}
		})
	}
}

// Who has a copy of the database and knows the Idempotency-Key of a request, for instance because it is "1", tries every member. Only the
// key of the installation keeps that from telling who asked; a service without one is the control.
func TestAWeakIdempotencyKeyDoesNotTellWhoAsked(t *testing.T) {
	for name, key := range map[string][]byte{"with the key of the installation": []byte("a key of the installation"), "without": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, func(kit *service.Kit) { kit.SecretKey = key })
			_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: new(true)})
			w.must(err)
			_, err = w.CreateNote(w.jonas(), &retrospectivev1.CreateNoteRequest{Parent: retro, RequestId: "1", Note: &retrospectivev1.Note{Prompt: helped, Text: "x"}})
			w.must(err)
			guess := sha256.Sum256([]byte("key|users/jonas|fortnight.retrospective.v1.CreateNoteRequest|1"))
			if found := strings.Contains(w.files(), string(guess[:16])); found != (key == nil) {
				t.Errorf("who asked can be guessed: %v", found)
			}
		})
	}
}

func TestNotesAreTheTeams(t *testing.T) {
	w := opened(t, collect)
	_, err := w.note("x")
	w.must(err)
	tests := []struct {
		name                      string
		who                       caller.Caller
		readsNotes, writes, reads bool
	}{
		{"member", callertest.User("kim", "payments", caller.Member), true, true, true},
		{"viewer", callertest.User("vera", "payments", caller.Viewer), false, false, true},
		{"manager", callertest.Manager("max"), false, false, true},
		{"member of another team", callertest.User("olga", "mobile", caller.Coach), false, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx := w.As(test.who)
			for what, call := range map[string]struct {
				let bool
				do  func(context.Context) error
			}{
				"list notes": {test.readsNotes, func(ctx context.Context) error {
					_, err := w.ListNotes(ctx, &retrospectivev1.ListNotesRequest{Parent: retro})
					return err
				}},
				"write a note": {test.writes, func(ctx context.Context) error {
					_, err := w.CreateNote(ctx, &retrospectivev1.CreateNoteRequest{Parent: retro, Note: &retrospectivev1.Note{Prompt: 1, Text: "x"}})
					return err
				}},
				"list actions": {test.reads, func(ctx context.Context) error {
					_, err := w.ListActions(ctx, &retrospectivev1.ListActionsRequest{Parent: retro})
					return err
				}},
			} {
				err := call.do(ctx)
				if call.let && err != nil {
					t.Errorf("may not %s: %v", what, err)
				}
				if !call.let {
					testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
				}
			}
		})
	}
}
