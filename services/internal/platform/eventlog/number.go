package eventlog

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// numberBatch bounds one transaction of Number.
const numberBatch = 500

// Number gives the committed events that have no number yet their place in the log, and returns how many it numbered. On
// SQLite events are numbered when they are appended and it does nothing.
//
// A sequence of Postgres is drawn before the commit, so a reader that remembers the greatest one it saw misses a
// transaction that committed later with a smaller one. Numbers given after the commit, under one lock, have no such gap.
func (l *Log) Number(ctx context.Context) (int, error) {
	if l.db.Engine() == db.SQLite {
		return 0, nil
	}
	l.number.Lock()
	defer l.number.Unlock()
	total := 0
	for {
		// A cheap look first: most calls find nothing, and must not queue for the lock.
		_, found, err := db.One[int64](ctx, l.db.Read(), "select row_id from event_log where seq is null order by row_id limit 1")
		if err != nil || !found {
			return total, err
		}
		n := 0
		err = l.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = number(ctx, tx)
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
		if n > 0 {
			l.announce()
		}
		if n < numberBatch {
			return total, nil
		}
	}
}

func number(ctx context.Context, tx *db.Tx) (int, error) {
	// Each statement after the lock sees what the lock's last holder committed.
	if err := tx.Lock("eventlog number"); err != nil {
		return 0, err
	}
	head, err := readHead(ctx, tx)
	if err != nil {
		return 0, err
	}
	type row struct {
		RowID       int64  `db:"row_id"`
		EventID     string `db:"event_id"`
		PayloadHash string `db:"payload_hash"`
	}
	rows, err := db.All[row](ctx, tx, "select row_id, event_id, payload_hash from event_log where seq is null order by row_id limit $1", numberBatch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	ids, seqs, chains := make([]int64, len(rows)), make([]int64, len(rows)), make([]string, len(rows))
	seq, chain := head.Seq, head.Chain
	for i, r := range rows {
		seq, chain = seq+1, NextChain(chain, r.EventID, r.PayloadHash)
		ids[i], seqs[i], chains[i] = r.RowID, seq, chain
	}
	n, err := tx.Exec(`update event_log e set seq = v.seq, chain = v.chain
		from unnest($1::bigint[], $2::bigint[], $3::text[]) as v(row_id, seq, chain)
		where e.row_id = v.row_id and e.seq is null`, ids, seqs, chains)
	if err != nil {
		return 0, err
	}
	if int(n) != len(rows) {
		return 0, fault.New(fault.Aborted, "CONCURRENT_CHANGE", "The event log was numbered by somebody else at the same time.")
	}
	return len(rows), nil
}
