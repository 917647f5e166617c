package audit

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// batch is how many events are sent at once; the contract takes 500.
	batch = 200
	// lookEvery is how often events are looked for that nobody woke the sender for: those of another process.
	lookEvery = 10 * time.Second
	// sendTimeout bounds one sending.
	sendTimeout = 10 * time.Second
	// The keeper of the log is asked again after firstWait, then less and less often.
	firstWait, mostWait = 100 * time.Millisecond, 15 * time.Second
)

// Sender hands the events of one service's outbox to whoever keeps the audit log, and deletes what was taken. An event that
// was taken may be sent again when its deletion fails; its id stays the same.
type Sender struct {
	// Log is the service's event log, in whose database the outbox is.
	Log *eventlog.Log
	// Send hands events over; it returns nil once they are kept.
	Send func(ctx context.Context, events []*commonv1.AuditEvent) error
	// Logger receives what the sender has to say.
	Logger *slog.Logger
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	logger := s.Logger.With("component", "audit", "service", s.Log.Source())
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	tries := 0
	for ctx.Err() == nil {
		woken := s.Log.Woken(topic) // before looking, so that no commit falls between
		more, err := s.sendBatch(ctx, logger)
		switch {
		case err != nil && ctx.Err() == nil:
			if tries == 0 {
				logger.Warn("audit events wait in the outbox", "error", err)
			}
			wait(ctx, tries) // and not at every commit while the keeper is away
			tries++
			continue
		case tries > 0 && err == nil:
			logger.Info("audit events are taken again")
			tries = 0
		}
		if more {
			continue
		}
		select {
		case <-woken:
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func wait(ctx context.Context, tries int) {
	most := min(mostWait, firstWait<<min(tries, 16))
	timer := time.NewTimer(most/2 + rand.N(most/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

type waiting struct {
	RowID int64  `db:"row_id"`
	Event []byte `db:"audit_event"`
}

// sendBatch sends the oldest events, and tells whether there may be more.
func (s *Sender) sendBatch(ctx context.Context, logger *slog.Logger) (more bool, err error) {
	rows, err := db.All[waiting](ctx, s.Log.DB().Read(),
		"select row_id, audit_event from audit_outbox where refused = '' order by row_id limit $1", batch)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	err = s.send(ctx, rows)
	if refused(err) {
		err = s.sendEach(ctx, rows, logger)
	} else if err == nil {
		err = s.remove(ctx, rows)
	}
	return err == nil && len(rows) == batch, err
}

func (s *Sender) send(ctx context.Context, rows []waiting) error {
	events := make([]*commonv1.AuditEvent, len(rows))
	for i, row := range rows {
		events[i] = &commonv1.AuditEvent{}
		// What a newer version wrote may hold fields that this one does not know.
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(row.Event, events[i]); err != nil {
			return fault.Invalid("audit_event", "AUDIT_EVENT_INVALID", "An audit event in the outbox cannot be read.").Because(err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return s.Send(ctx, events)
}

// sendEach finds the events that are refused among those of a batch, and sets them aside, so that they do not hold up the
// others for ever.
func (s *Sender) sendEach(ctx context.Context, rows []waiting, logger *slog.Logger) error {
	for i := range rows {
		one := rows[i : i+1]
		err := s.send(ctx, one)
		if err != nil && !refused(err) {
			return err
		}
		if err == nil {
			if err := s.remove(ctx, one); err != nil {
				return err
			}
			continue
		}
		reason := fault.From(err).Reason
		logger.Error("an audit event was refused and stays in the outbox", "row_id", rows[i].RowID, "reason", reason, "error", err)
		err = s.Log.Do(ctx, func(tx *eventlog.Tx) error {
			_, err := tx.Exec("update audit_outbox set refused = $1 where row_id = $2", reason, rows[i].RowID)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Sender) remove(ctx context.Context, rows []waiting) error {
	return s.Log.Do(ctx, func(tx *eventlog.Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec("delete from audit_outbox where row_id = $1", row.RowID); err != nil {
				return err
			}
		}
		return nil
	})
}

// refused tells whether events are not taken because of what they are, however often they are sent.
func refused(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.InvalidArgument
}
