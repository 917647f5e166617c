package eventlog

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Head is a place in a log: where it ends, or how far a consumer has come.
type Head struct {
	// Epoch is the log's epoch; empty for a consumer that has not begun.
	Epoch string
	// Seq is the number of the last event, 0 before the first.
	Seq int64
	// Chain is the chain hash of that event, hexadecimal, "" before the first.
	Chain string
}

// Record is an event as it was recorded.
type Record struct {
	// Seq numbers the events of a log from 1 on, without a hole.
	Seq int64
	// Epoch is the log's epoch, Source the service whose log it is, ID a UUIDv7.
	Epoch, Source, ID string
	// Type is the full name of the message that Data is in JSON, such as fortnight.cycle.v1.CycleAdvanced.
	Type string
	// Team is the id of the team the event belongs to, or empty.
	Team string
	// Subject is the resource name that the event is about.
	Subject string
	// Actor is who did it, users/…, teams/…/tokens/… or services/…; empty when anonymous.
	Actor string
	// AggregateType, AggregateID and AggregateVersion say which event of which aggregate it is.
	AggregateType, AggregateID string
	AggregateVersion           int64
	// Time is when it happened, UTC, in whole microseconds.
	Time time.Time
	// Traceparent is the W3C trace context of the request behind it, or empty.
	Traceparent string
	// Data is the message in protojson, a JSON object.
	Data json.RawMessage
	// PayloadHash and Chain are what NextChain takes and gives, hexadecimal.
	PayloadHash, Chain string
}

// Head returns where the log ends. On Postgres events that are not numbered yet do not count.
func (l *Log) Head(ctx context.Context) (Head, error) {
	h, err := readHead(ctx, l.db.Read())
	if err != nil {
		return Head{}, err
	}
	h.Epoch = l.epoch
	return h, nil
}

func readHead(ctx context.Context, q db.Queryer) (Head, error) {
	type row struct {
		Seq   int64  `db:"seq"`
		Chain string `db:"chain"`
	}
	r, _, err := db.One[row](ctx, q, selectHead)
	return Head{Seq: r.Seq, Chain: r.Chain}, err
}

// logRow is a row of event_log.
type logRow struct {
	Seq              int64           `db:"seq"`
	Chain            string          `db:"chain"`
	ID               string          `db:"event_id"`
	Type             string          `db:"event_type"`
	Team             string          `db:"team"`
	Subject          string          `db:"subject"`
	AggregateType    string          `db:"aggregate_type"`
	AggregateID      string          `db:"aggregate_id"`
	AggregateVersion int64           `db:"aggregate_version"`
	OccurredAt       int64           `db:"occurred_at"`
	Actor            string          `db:"actor"`
	Traceparent      string          `db:"traceparent"`
	Salt             string          `db:"salt"`
	PayloadHash      string          `db:"payload_hash"`
	Payload          json.RawMessage `db:"payload"`
	RedactedAt       *int64          `db:"redacted_at"`
}

// A null is not greater than anything, so that events without a number are left out.
const selectAfter = `select seq, chain, event_id, event_type, team, subject, aggregate_type, aggregate_id, aggregate_version, occurred_at,
		actor, traceparent, salt, payload_hash, payload, redacted_at
	from event_log where seq > $1 order by seq limit $2`

// List returns the events with a number greater than after, in order and without a hole, at most limit.
func (l *Log) List(ctx context.Context, after int64, limit int) ([]Record, error) {
	rows, err := db.All[logRow](ctx, l.db.Read(), selectAfter, after, limit)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(rows))
	for i, r := range rows {
		records[i] = l.record(r)
	}
	return records, nil
}

func (l *Log) record(r logRow) Record {
	return Record{
		Seq: r.Seq, Epoch: l.epoch, Source: l.source, ID: r.ID, Type: r.Type, Team: r.Team, Subject: r.Subject, Actor: r.Actor,
		AggregateType: r.AggregateType, AggregateID: r.AggregateID, AggregateVersion: r.AggregateVersion,
		Time: db.Time(r.OccurredAt), Traceparent: r.Traceparent, Data: r.Payload, PayloadHash: r.PayloadHash, Chain: r.Chain,
	}
}

// Verify reads the whole log and checks that the numbers have no hole, that every payload has the hash recorded for it
// (unless it was redacted) and that the chain holds. It returns where the log ends; the fault is Internal
// EVENT_LOG_DAMAGED with the metadata "sequence".
func (l *Log) Verify(ctx context.Context) (Head, error) {
	head := Head{Epoch: l.epoch}
	for {
		rows, err := db.All[logRow](ctx, l.db.Read(), selectAfter, head.Seq, 1000)
		if err != nil || len(rows) == 0 {
			return head, err
		}
		for _, r := range rows {
			intact := r.RedactedAt != nil || PayloadHash(r.Salt, r.Payload) == r.PayloadHash
			if r.Seq != head.Seq+1 || !intact || NextChain(head.Chain, r.ID, r.PayloadHash) != r.Chain {
				return head, fault.New(fault.Internal, "EVENT_LOG_DAMAGED", "The event log is damaged at number %d; restore a backup.", head.Seq+1).
					With("sequence", strconv.FormatInt(head.Seq+1, 10))
			}
			head.Seq, head.Chain = r.Seq, r.Chain
		}
	}
}
