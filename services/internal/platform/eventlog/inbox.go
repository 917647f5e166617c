package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// LoadCursor returns how far this service has applied the events of source; Seq is 0 and Epoch empty when it has not begun.
// Until the transaction ends no other process moves the same cursor.
func LoadCursor(tx *Tx, source string) (Head, error) {
	if err := tx.Lock("cursor of " + source); err != nil {
		return Head{}, err
	}
	return ReadCursor(context.Background(), tx, source)
}

// ReadCursor is LoadCursor for those who only look.
func ReadCursor(ctx context.Context, q db.Queryer, source string) (Head, error) {
	type row struct {
		Epoch string `db:"epoch"`
		Seq   int64  `db:"seq"`
		Chain string `db:"chain"`
	}
	r, _, err := db.One[row](ctx, q, "select epoch, seq, chain from inbox_cursor where source = $1", source)
	return Head(r), err
}

// SaveCursor notes, in the transaction that applied it, the last event of source that was applied.
func SaveCursor(tx *Tx, source, epoch string, seq int64, chain string) error {
	_, err := tx.Exec(`insert into inbox_cursor (source, epoch, seq, chain, updated_at) values ($1, $2, $3, $4, $5)
		on conflict (source) do update set epoch = excluded.epoch, seq = excluded.seq, chain = excluded.chain, updated_at = excluded.updated_at`,
		source, epoch, seq, chain, db.Micros(tx.Now()))
	return err
}

// Quarantined is an event that this service could not apply.
type Quarantined struct {
	// Source, Epoch and Seq say which event it is.
	Source, Epoch string
	Seq           int64
	EventID       string
	// Reason is a sentence for the operator.
	Reason string
	// Attempts counts how often the event was put aside or replayed in vain.
	Attempts int32
	// FirstTime is when it was first put aside, UTC.
	FirstTime time.Time
	// Replayed says whether it was applied meanwhile.
	Replayed bool
	// CloudEvent is the event as structured CloudEvents JSON.
	CloudEvent []byte
}

type quarantineRow struct {
	Source     string `db:"source"`
	Epoch      string `db:"epoch"`
	Seq        int64  `db:"seq"`
	EventID    string `db:"event_id"`
	Reason     string `db:"reason"`
	Attempts   int32  `db:"attempts"`
	FirstAt    int64  `db:"first_at"`
	ReplayedAt *int64 `db:"replayed_at"`
	CloudEvent []byte `db:"cloud_event"`
}

const selectQuarantine = "select source, epoch, seq, event_id, reason, attempts, first_at, replayed_at, cloud_event from quarantine "

func (r quarantineRow) quarantined() Quarantined {
	return Quarantined{
		Source: r.Source, Epoch: r.Epoch, Seq: r.Seq, EventID: r.EventID, Reason: r.Reason, Attempts: r.Attempts,
		FirstTime: db.Time(r.FirstAt), Replayed: r.ReplayedAt != nil, CloudEvent: r.CloudEvent,
	}
}

// Quarantine puts an event aside that could not be applied; reason is shown to the operator and must hold no driver text.
// Once more for the same event counts a further attempt.
func Quarantine(tx *Tx, r Record, reason string) error {
	_, err := tx.Exec(`insert into quarantine (source, epoch, seq, event_id, reason, attempts, first_at, cloud_event)
		values ($1, $2, $3, $4, $5, 1, $6, $7)
		on conflict (source, epoch, seq) do update set reason = excluded.reason, attempts = quarantine.attempts + 1, replayed_at = null`,
		r.Source, r.Epoch, r.Seq, r.ID, reason, db.Micros(tx.Now()), string(r.CloudEvent()))
	return err
}

// ListQuarantined returns the events put aside, oldest first, 1,000 at most: those replayed meanwhile only as far as there is
// room.
func ListQuarantined(ctx context.Context, q db.Queryer) ([]Quarantined, error) {
	rows, err := db.All[quarantineRow](ctx, q, "select * from ("+selectQuarantine+
		"order by replayed_at is not null, first_at, source, seq limit 1000) as listed order by first_at, source, seq")
	if err != nil {
		return nil, err
	}
	all := make([]Quarantined, len(rows))
	for i, r := range rows {
		all[i] = r.quarantined()
	}
	return all, nil
}

// FindQuarantined returns the event with the number, of the epoch last put aside.
func FindQuarantined(ctx context.Context, q db.Queryer, source string, seq int64) (Quarantined, bool, error) {
	r, found, err := db.One[quarantineRow](ctx, q, selectQuarantine+"where source = $1 and seq = $2 order by first_at desc limit 1", source, seq)
	return r.quarantined(), found, err
}

// MarkReplayed notes, in the transaction that applied it, that an event put aside was applied.
func MarkReplayed(tx *Tx, source, epoch string, seq int64) error {
	_, err := tx.Exec("update quarantine set replayed_at = $1 where source = $2 and epoch = $3 and seq = $4", db.Micros(tx.Now()), source, epoch, seq)
	return err
}

// OnReplay sets what applies an event of source when it is replayed from quarantine: the consumer's own function.
func (l *Log) OnReplay(source string, apply func(tx *Tx, r Record) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replays[source] = apply
}

// Replay applies an event again that was put aside. If the consumer stopped before it, its cursor moves on. An event that
// was applied already stays so. Reasons: QUARANTINED_EVENT_NOT_FOUND, REPLAY_FAILED (the attempt is counted),
// REPLAY_IMPOSSIBLE (no consumer of that source). What also does, if anything, is done in the transaction that applies the event.
func (l *Log) Replay(ctx context.Context, source string, seq int64, also ...func(tx *Tx) error) (Quarantined, error) {
	l.mu.Lock()
	apply := l.replays[source]
	l.mu.Unlock()
	if apply == nil {
		return Quarantined{}, fault.New(fault.FailedPrecondition, "REPLAY_IMPOSSIBLE", "%s does not consume the events of %s.", l.source, source)
	}
	var done Quarantined
	err := l.Do(ctx, func(tx *Tx) error {
		// The cursor's lock is the consumer's own, so the two do not apply the same event side by side.
		at, err := LoadCursor(tx, source)
		if err != nil {
			return err
		}
		q, found, err := FindQuarantined(ctx, tx, source, seq)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, "QUARANTINED_EVENT_NOT_FOUND", "%s has not put aside event %d of %s.", l.source, seq, source)
		}
		if done = q; q.Replayed {
			return nil
		}
		r, err := ParseCloudEvent(q.CloudEvent)
		if err != nil {
			return err
		}
		if err := apply(tx, r); err != nil {
			return &refusal{record: r, cause: err}
		}
		if at.Epoch == r.Epoch && at.Seq == r.Seq-1 {
			if err := SaveCursor(tx, source, r.Epoch, r.Seq, r.Chain); err != nil {
				return err
			}
		}
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		done.Replayed = true
		return MarkReplayed(tx, source, r.Epoch, r.Seq)
	})
	var refused *refusal
	switch {
	case err == nil:
		return done, nil
	case !errors.As(err, &refused):
		return Quarantined{}, err
	}
	why := fault.From(refused.cause).Message
	if err := l.Do(ctx, func(tx *Tx) error { return Quarantine(tx, refused.record, why) }); err != nil {
		return Quarantined{}, err
	}
	return Quarantined{}, fault.New(fault.FailedPrecondition, "REPLAY_FAILED", "The event could not be applied: %s", why).Because(refused.cause)
}

// refusal is the failure of a consumer's function during a replay.
type refusal struct {
	record Record
	cause  error
}

func (r *refusal) Error() string { return "replay: " + r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }
