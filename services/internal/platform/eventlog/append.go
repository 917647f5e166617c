package eventlog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Event is a fact to be recorded.
type Event struct {
	// Team is the id of the team the event belongs to; empty for an event of the organisation.
	Team string
	// AggregateType and AggregateID name what the event is about, such as "cycle" and its resource name.
	AggregateType, AggregateID string
	// AggregateVersion numbers the events of one aggregate from 1 on; a number that is taken means a lost race.
	AggregateVersion int64
	// Subject is the resource name that readers of the event should look at.
	Subject string
	// Data is what happened; the event's type is its full name, such as fortnight.cycle.v1.CycleAdvanced.
	Data proto.Message
	// Anonymous leaves out who did it, and the trace that would lead there.
	Anonymous bool
}

// tail is the last event that this process appended in SQLite, whether it was committed or not. It only saves a question
// to the database: an insert takes it for true only if the table's last row says so too.
type tail struct {
	mu    sync.Mutex
	seq   int64
	chain string
}

const (
	// The condition makes a stale tail harmless: nothing is inserted, and the tail is read again.
	insertNumbered = `insert into event_log (seq, chain, event_id, event_type, team, subject, aggregate_type, aggregate_id, aggregate_version,
			occurred_at, actor, traceparent, salt, payload_hash, payload)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
		where coalesce((select chain from event_log order by seq desc limit 1), '') = $16`
	insertUnnumbered = `insert into event_log (event_id, event_type, team, subject, aggregate_type, aggregate_id, aggregate_version,
			occurred_at, actor, traceparent, salt, payload_hash, payload)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	// On SQLite seq is never null; on Postgres it is, until the row is numbered.
	selectHead = "select seq, chain from event_log where seq is not null order by seq desc limit 1"
)

// Append records an event in the transaction, after the change that it tells of. An aggregate version that is taken is a
// lost race: Aborted CONCURRENT_CHANGE.
func (tx *Tx) Append(e Event) error {
	actor, trace := tx.actor, tx.traceparent
	if e.Anonymous {
		actor, trace = "", ""
	}
	return tx.insert(e, tx.Now(), actor, trace)
}

// insert records an event of an instant.
func (tx *Tx) insert(e Event, at time.Time, actor, trace string) error {
	if e.Data == nil || e.AggregateType == "" || e.AggregateID == "" || e.AggregateVersion < 1 {
		return fault.New(fault.Internal, "EVENT_INVALID", "An event lacks its data or its aggregate.")
	}
	payload, err := protojson.Marshal(e.Data)
	if err != nil {
		return fault.New(fault.Internal, "EVENT_INVALID", "An event cannot be written as JSON.").Because(err)
	}
	id, salt := identify(at)
	args := [16]any{
		2: id, 3: string(e.Data.ProtoReflect().Descriptor().FullName()), 4: e.Team, 5: e.Subject,
		6: e.AggregateType, 7: e.AggregateID, 8: e.AggregateVersion, 9: db.Micros(at), 10: actor, 11: trace,
		12: salt, 13: PayloadHash(salt, payload), 14: string(payload),
	}
	if tx.Engine() == db.SQLite {
		err = tx.insertNumbered(&args)
	} else {
		_, err = tx.Exec(insertUnnumbered, args[2:15]...)
	}
	if err != nil {
		if reasonOf(err) == "ALREADY_EXISTS" {
			return fault.New(fault.Aborted, "CONCURRENT_CHANGE", "It was changed by somebody else at the same time; read it again.").Because(err)
		}
		return err
	}
	tx.appended = true
	return nil
}

// insertNumbered fills in number and chain hash and inserts the row.
func (tx *Tx) insertNumbered(args *[16]any) error {
	t := &tx.log.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	for range 2 {
		seq, chain := t.seq+1, NextChain(t.chain, args[2].(string), args[13].(string))
		args[0], args[1], args[15] = seq, chain, t.chain
		n, err := tx.Exec(insertNumbered, args[:]...)
		if err != nil {
			return err
		}
		if n == 1 {
			t.seq, t.chain = seq, chain
			return nil
		}
		// A savepoint was rolled back, or the log has just been opened.
		h, err := readHead(context.Background(), tx)
		if err != nil {
			return err
		}
		t.seq, t.chain = h.Seq, h.Chain
	}
	return fault.New(fault.Internal, "EVENT_LOG_DAMAGED", "The event log does not end where it says.")
}

// identify makes a UUIDv7 for the instant and a salt of 16 bytes, hexadecimal.
func identify(now time.Time) (id, salt string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	u := uuid.UUID(b[:16])
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u.String(), hex.EncodeToString(b[16:])
}

// NewID makes the id of something that happened at an instant: a UUIDv7.
func NewID(now time.Time) string {
	id, _ := identify(now)
	return id
}

// PayloadHash is the hexadecimal SHA-256 of salt and payload. The salt keeps a redacted text from being guessed back.
func PayloadHash(salt string, payload []byte) string {
	b := make([]byte, 0, len(salt)+len(payload))
	b = append(append(b, salt...), payload...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// NextChain is the chain hash of an event: the hexadecimal SHA-256 of the chain hash before it ("" for the first), the
// event's id and its payload hash.
func NextChain(previous, eventID, payloadHash string) string {
	b := make([]byte, 0, 192)
	b = append(append(append(b, previous...), eventID...), payloadHash...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Redact takes the text out of a recorded event: its data becomes an empty object and its salt is forgotten. Number, type
// and hashes stay, so that the chain still verifies. It reports whether the event exists.
func (tx *Tx) Redact(seq int64) (bool, error) {
	n, err := tx.Exec("update event_log set payload = '{}', salt = '', redacted_at = $1 where seq = $2", db.Micros(tx.Now()), seq)
	return n == 1, err
}
