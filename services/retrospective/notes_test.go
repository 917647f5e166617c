package retrospective_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	helped   = retrospectivev1.Prompt_PROMPT_HELPED
	heldBack = retrospectivev1.Prompt_PROMPT_HELD_BACK
)

// openedAs is a world whose retrospective collects, anonymous or not.
func openedAs(t *testing.T, anonymous bool) *world {
	t.Helper()
	w := newWorld(t)
	_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: &anonymous})
	w.must(err)
	return w
}

// rewrite gives a note another text.
func (w *world) rewrite(ctx context.Context, note *retrospectivev1.Note, text, secret string) (*retrospectivev1.Note, error) {
	return w.UpdateNote(ctx, &retrospectivev1.UpdateNoteRequest{Note: &retrospectivev1.Note{Name: note.GetName(), Text: text, Secret: secret}})
}

func (w *world) notes() []*retrospectivev1.Note {
	w.Helper()
	listed, err := w.ListNotes(w.mina(), &retrospectivev1.ListNotesRequest{Parent: retro})
	w.must(err)
	return listed.GetNotes()
}

func TestTheAuthorChangesANamedNote(t *testing.T) {
	w := openedAs(t, false)
	note, err := w.note("the rota")
	w.must(err)
	if note.GetAuthor() != "users/jonas" || note.GetSecret() != "" {
		t.Errorf("written %v", note)
	}
	_, err = w.rewrite(w.mina(), note, "no rota", "")
	testkit.Refused(t, err, fault.PermissionDenied, "NOT_THE_AUTHOR")
	_, err = w.WithdrawNote(w.mina(), &retrospectivev1.WithdrawNoteRequest{Name: note.GetName()})
	testkit.Refused(t, err, fault.PermissionDenied, "NOT_THE_AUTHOR")
	w.move(group)
	changed, err := w.UpdateNote(w.jonas(), &retrospectivev1.UpdateNoteRequest{
		Note: &retrospectivev1.Note{Name: note.GetName(), Prompt: heldBack, Text: "ignored"}, Etag: note.GetEtag(),
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"prompt"}},
	})
	if err != nil || changed.GetPrompt() != heldBack || changed.GetText() != "the rota" || changed.GetEtag() == note.GetEtag() {
		t.Errorf("changed %v, %v", changed, err)
	}
	_, err = w.UpdateNote(w.jonas(), &retrospectivev1.UpdateNoteRequest{Note: &retrospectivev1.Note{Name: note.GetName(), Text: "late"}, Etag: note.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = w.UpdateNote(w.jonas(), &retrospectivev1.UpdateNoteRequest{
		Note: &retrospectivev1.Note{Name: note.GetName(), Author: "users/mina"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"votes"}},
	})
	testkit.Refused(t, err, fault.InvalidArgument, "FIELD_NOT_UPDATABLE", "update_mask")
	w.move(vote)
	_, err = w.rewrite(w.jonas(), note, "late", "")
	testkit.Refused(t, err, fault.FailedPrecondition, "STAGE_MISMATCH")
	_, err = w.rewrite(w.jonas(), &retrospectivev1.Note{Name: retro + "/notes/none"}, "x", "")
	testkit.Refused(t, err, fault.NotFound, "NOTE_NOT_FOUND")
}

func TestTheSecretChangesAnAnonymousNote(t *testing.T) {
	w := openedAs(t, true)
	note, err := w.note("the rota")
	w.must(err)
	again, err := w.note("the rota")
	if err != nil || note.GetSecret() == "" || again.GetSecret() != note.GetSecret() || note.GetAuthor() != "" {
		t.Fatalf("written %v, again %v, %v", note, again, err)
	}
	if listed := w.notes(); len(listed) != 1 || listed[0].GetSecret() != "" {
		t.Errorf("listed %v", listed)
	}
	for _, secret := range []string{"", "x", strings.ToLower(note.GetSecret())} {
		_, err = w.rewrite(w.jonas(), note, "no rota", secret)
		testkit.Refused(t, err, fault.PermissionDenied, "NOTE_SECRET_WRONG")
		_, err = w.WithdrawNote(w.jonas(), &retrospectivev1.WithdrawNoteRequest{Name: note.GetName(), Secret: secret})
		testkit.Refused(t, err, fault.PermissionDenied, "NOTE_SECRET_WRONG")
	}
	// Whoever has the secret is the writer.
	changed, err := w.UpdateNote(w.mina(), &retrospectivev1.UpdateNoteRequest{
		Note:       &retrospectivev1.Note{Name: note.GetName(), Text: "no rota", Secret: note.GetSecret()},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"text", "secret"}}, // as the gateway makes it of the fields of a body
	})
	if err != nil || changed.GetText() != "no rota" || changed.GetSecret() != "" {
		t.Errorf("changed %v, %v", changed, err)
	}
	withdraw := &retrospectivev1.WithdrawNoteRequest{Name: note.GetName(), Secret: note.GetSecret(), RequestId: "once"}
	for range 2 { // a copy of the request is answered as the first one
		_, err = w.WithdrawNote(w.jonas(), withdraw)
		w.must(err)
	}
	withdraw.RequestId = ""
	_, err = w.WithdrawNote(w.jonas(), withdraw)
	testkit.Refused(t, err, fault.NotFound, "NOTE_NOT_FOUND")
	if listed := w.notes(); len(listed) != 0 {
		t.Errorf("listed %v", listed)
	}
	if got := w.events(); got != "RetrospectiveOpened NoteWritten NoteChanged NoteWithdrawn" {
		t.Errorf("events %s", got)
	}
}

func TestTheHintIsForTheWriterAlone(t *testing.T) {
	w := openedAs(t, true)
	blaming := &retrospectivev1.CreateNoteRequest{
		Parent: retro, Note: &retrospectivev1.Note{Prompt: heldBack, Text: "We waited for Mina"}, RequestId: "once",
	}
	note, err := w.CreateNote(w.jonas(), blaming)
	w.must(err)
	again, err := w.CreateNote(w.jonas(), blaming)
	if err != nil || !strings.Contains(note.GetHint(), "Mina Weber") || !proto.Equal(note, again) {
		t.Errorf("written %v, again %v, %v", note, again, err)
	}
	if listed := w.notes(); listed[0].GetHint() != "" {
		t.Errorf("listed %v", listed)
	}
	if mended, err := w.rewrite(w.jonas(), note, "We waited for reviews", note.GetSecret()); err != nil || mended.GetHint() != "" {
		t.Errorf("mended %v, %v", mended, err)
	}
	if worse, err := w.rewrite(w.jonas(), note, "We waited for Ada", note.GetSecret()); err != nil || !strings.Contains(worse.GetHint(), "Ada Weber") {
		t.Errorf("worse %v, %v", worse, err)
	}
	for _, method := range []string{"GetUser", "ListMembers"} {
		w.set(func(o *others) { o.silent[method] = true })
		unhinted, err := w.CreateNote(w.jonas(), &retrospectivev1.CreateNoteRequest{Parent: retro, Note: blaming.GetNote()})
		if err != nil || unhinted.GetHint() != "" {
			t.Errorf("without identity's %s: %v, %v", method, unhinted, err)
		}
	}
	if strings.Contains(w.files(), "situation instead") {
		t.Error("a hint is stored")
	}
}
