package rpc

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

const (
	// importBatch is how many learnings, and importBytes how much of them, are saved in one transaction.
	importBatch, importBytes = 50, 1 << 20
	// maxForeign is how large one learning with its chart may be.
	maxForeign = 2 << 20
	// maxImport is how many learnings one import may bring, maxRefused how many of them may be refused: the answer names them.
	maxImport, maxRefused = 100_000, 1_000
)

// ImportLearnings takes learnings of another installation. What is wrong with one of them is told, and the others are taken. An import that
// breaks off has taken what it has taken; done again, it goes on.
func (s *Server) ImportLearnings(stream grpc.ClientStreamingServer[knowledgev1.ImportLearningsRequest, knowledgev1.ImportLearningsResponse]) error {
	i := &learningImport{server: s, ctx: stream.Context(), answer: &knowledgev1.ImportLearningsResponse{}, seen: map[string]bool{}}
	for n := 0; ; n++ {
		// Received by hand: a message that its contract refuses is one learning that is refused.
		req := &knowledgev1.ImportLearningsRequest{}
		err := stream.RecvMsg(req)
		if errors.Is(err, io.EOF) {
			break
		}
		if n == 0 {
			i.only = req.GetValidateOnly()
		}
		if n == maxImport {
			return fault.Invalid("learning", "LEARNINGS_IMPORT_TOO_LARGE",
				"One import takes at most %d learnings. Those before have been taken; bring the others with another one.", maxImport)
		}
		if err := i.add(req.GetLearning(), err); err != nil {
			return err
		}
	}
	if err := i.save(); err != nil {
		return err
	}
	return stream.SendAndClose(i.answer)
}

// learningImport is one import on its way.
type learningImport struct {
	server *Server
	ctx    context.Context //nolint:containedctx // it lives as long as the call
	// only says that nothing is kept.
	only   bool
	answer *knowledgev1.ImportLearningsResponse
	// seen are the learnings of this import by what they are called here.
	seen  map[string]bool
	batch []*knowledgev1.ExportedLearning
	bytes int
}

// add takes a learning up, or says why not. Received is what was wrong with it as a message.
func (i *learningImport) add(e *knowledgev1.ExportedLearning, received error) error {
	if received != nil {
		return i.refuse(e, received)
	}
	size := proto.Size(e)
	if size > maxForeign {
		return i.refuse(e, fault.New(fault.InvalidArgument, "IMPORTED_LEARNING_INVALID", "The learning is larger than 2 MiB."))
	}
	if err := checkChart(e.GetChart()); err != nil {
		return i.refuse(e, err)
	}
	name := wire.Foreign(e).Name()
	if i.seen[name] {
		return i.refuse(e, fault.New(fault.InvalidArgument, "IMPORTED_LEARNING_TWICE", "It comes twice; only the first one counts."))
	}
	i.seen[name] = true
	i.batch, i.bytes = append(i.batch, e), i.bytes+size
	if len(i.batch) < importBatch && i.bytes < importBytes {
		return nil
	}
	return i.save()
}

// refuse tells why a learning is not taken. What is no fault of the learning ends the import.
func (i *learningImport) refuse(e *knowledgev1.ExportedLearning, err error) error {
	if !refusal(err) {
		return err
	}
	if len(i.answer.GetRefused()) == maxRefused {
		return fault.Invalid("learning", "LEARNINGS_IMPORT_REFUSED",
			"More than %d learnings are refused; the last one is %s (%s). What was taken before stays.",
			maxRefused, calledThere(e), strings.TrimSuffix(inWords(err), "."))
	}
	i.answer.Refused = append(i.answer.Refused, &knowledgev1.RefusedLearning{Learning: calledThere(e), Reason: inWords(err)})
	return nil
}

// errTried ends the transaction of a trial, so that nothing of it is kept.
var errTried = errors.New("rpc: only tried")

// save takes in what has been collected.
func (i *learningImport) save() error {
	var outcomes []store.ImportOutcome
	var names []string
	var refused []error
	err := i.server.log.Do(i.ctx, func(tx *eventlog.Tx) error {
		outcomes, names, refused = make([]store.ImportOutcome, len(i.batch)), make([]string, len(i.batch)), make([]error, len(i.batch))
		for n, e := range i.batch {
			name, outcome, err := store.Import(tx, wire.Foreign(e), e.GetChart())
			if err != nil && !refusal(err) {
				return err
			}
			names[n], outcomes[n], refused[n] = name, outcome, err
		}
		if i.only {
			return errTried
		}
		return nil
	})
	if err != nil && !errors.Is(err, errTried) {
		return err
	}
	batch := i.batch
	i.batch, i.bytes = nil, 0
	for n, e := range batch {
		switch {
		case refused[n] != nil:
			if err := i.refuse(e, refused[n]); err != nil {
				return err
			}
		case outcomes[n] == store.Created:
			i.answer.Created = append(i.answer.Created, names[n])
		case outcomes[n] == store.Updated:
			i.answer.Updated = append(i.answer.Updated, names[n])
		default:
			i.answer.Unchanged++
		}
	}
	return nil
}

// refusal tells what is wrong with one learning from what has befallen the import.
func refusal(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && (f.Kind == fault.InvalidArgument || f.Kind == fault.AlreadyExists)
}

// inWords is a refusal for people, with the fields that it is about as a document has them.
func inWords(err error) string {
	f := fault.From(err)
	if len(f.Violations) == 0 {
		return f.Message
	}
	texts := make([]string, len(f.Violations))
	for i, v := range f.Violations {
		field := v.Field
		if f.Reason == rpcserver.ReasonValidation { // of the message, not of the learning in it
			field = snake.ReplaceAllStringFunc(strings.TrimPrefix(field, "learning."), func(s string) string { return strings.ToUpper(s[1:]) })
		}
		texts[i] = strings.TrimSpace(field + ": " + v.Description)
	}
	return strings.Join(texts, "; ")
}

// snake is where the name of a field in the contract has a word that begins with a capital in JSON.
var snake = regexp.MustCompile(`_[a-z]`)

// calledThere is what a learning is called where it comes from.
func calledThere(e *knowledgev1.ExportedLearning) string {
	return cmp.Or(e.GetProvenance().GetLearning(), e.GetLearning().GetName())
}
