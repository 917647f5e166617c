package rpc

import (
	"context"
	"encoding/json"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxJournal is how many bytes a journal may have, as JSON.
const maxJournal = 1 << 20

// ImportJournal makes a journal the recorded result of a game day.
func (s *Server) ImportJournal(ctx context.Context, req *experimentv1.ImportJournalRequest) (*experimentv1.Experiment, error) {
	object := req.GetJournal().AsMap()
	if sizeOf(object) > maxJournal {
		return nil, fault.Invalid("journal", "JOURNAL_TOO_LARGE", "A journal may have 1 MiB. Leave the outputs of its activities out.")
	}
	journal, err := domain.ReadJournal(object)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, e *domain.Experiment, now time.Time) ([]domain.Event, error) {
		return e.ImportJournal(journal, now)
	})
}

// sizeOf is how many bytes a JSON object has without white space.
func sizeOf(object map[string]any) (n counter) {
	e := json.NewEncoder(&n)
	e.SetEscapeHTML(false)
	if err := e.Encode(object); err != nil {
		return maxJournal + 1 // never: a Struct holds nothing that JSON cannot
	}
	return n
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// inGameDay changes a part of a game day, which need not be one before. What is none stays none when it shall be none.
func inGameDay(set func(to, from *domain.GameDay)) func(to, from *domain.Experiment) {
	return func(to, from *domain.Experiment) {
		given := from.GameDay
		switch {
		case given == nil && to.GameDay == nil:
			return
		case given == nil:
			given = &domain.GameDay{}
		case to.GameDay == nil:
			to.GameDay = &domain.GameDay{}
		}
		set(to.GameDay, given)
	}
}
