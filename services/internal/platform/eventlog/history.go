package eventlog

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// Change is an event beside what its aggregate was before.
type Change struct {
	// Record is the event. On Postgres Seq is 0 and Chain empty until it is numbered.
	Record
	// Before is the Data of the aggregate's latest event before this one whose text is still there; nil when there is none.
	Before json.RawMessage
	// Redacted says that the text of the event was taken out, so that Data says nothing.
	Redacted bool
	// Place is what HistoryQuery.Behind continues with; it means nothing else.
	Place int64
}

// HistoryQuery says which events History reads.
type HistoryQuery struct {
	// Team is the id of the team whose events are wanted.
	Team string
	// Under, if any, leaves only the aggregate with this id and those whose ids continue it with a slash.
	Under string
	// Behind, if any, is the Place of the last event of the page before.
	Behind int64
	// Limit bounds how many are returned.
	Limit int
}

// historyRow is a row of event_log with its place and what was before.
type historyRow struct {
	logRow
	Place  int64           `db:"place"`
	Before json.RawMessage `db:"before"`
}

// History returns events of a team, the latest first, each with what was before it. On Postgres events that are not numbered
// yet are the latest; one that is numbered between two pages is neither repeated nor left out.
func (l *Log) History(ctx context.Context, q HistoryQuery) ([]Change, error) {
	text, args, err := l.historyText(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := db.All[historyRow](ctx, l.db.Read(), text, args...)
	if err != nil {
		return nil, err
	}
	changes := make([]Change, len(rows))
	for i, r := range rows {
		changes[i] = Change{Record: l.record(r.logRow), Before: r.Before, Redacted: r.RedactedAt != nil, Place: r.Place}
	}
	return changes, nil
}

// What was before is looked up by the index of the aggregates, for the rows of a page only.
const selectHistory = ` as place, coalesce(e.seq, 0) as seq, coalesce(e.chain, '') as chain, e.event_id, e.event_type, e.team, e.subject,
		e.aggregate_type, e.aggregate_id, e.aggregate_version, e.occurred_at, e.actor, e.traceparent, e.salt, e.payload_hash,
		e.payload, e.redacted_at, (
			select b.payload from event_log b
			where b.aggregate_type = e.aggregate_type and b.aggregate_id = e.aggregate_id
				and b.aggregate_version < e.aggregate_version and b.redacted_at is null
			order by b.aggregate_version desc limit 1
		) as before
	from event_log e where e.team = $1`

func (l *Log) historyText(ctx context.Context, q HistoryQuery) (string, []any, error) {
	place := "e.seq"
	if l.db.Engine() == db.Postgres {
		place = "e.row_id" // the one number that a row has from the beginning
	}
	text, args := []string{"select " + place + selectHistory}, []any{q.Team}
	if q.Under != "" {
		text = append(text, "and (e.aggregate_id = $2 or substr(e.aggregate_id, 1, length($3)) = $3)")
		args = append(args, q.Under, q.Under+"/")
	}
	if q.Behind != 0 {
		behind, numbers, err := l.behind(ctx, q.Behind, len(args))
		if err != nil {
			return "", nil, err
		}
		text, args = append(text, behind), append(args, numbers...)
	}
	args = append(args, q.Limit)
	// Both engines read the index of the team backwards, and Postgres begins with what has no number.
	text = append(text, "order by e.seq desc, "+place+" desc limit $"+strconv.Itoa(len(args)))
	return strings.Join(text, " "), args, nil
}

// behind is the condition for what comes behind the event at place, with the arguments that follow n others.
func (l *Log) behind(ctx context.Context, place int64, n int) (condition string, args []any, err error) {
	next := "$" + strconv.Itoa(n+1)
	if l.db.Engine() == db.SQLite {
		return "and e.seq < " + next, []any{place}, nil
	}
	// One statement, so that nothing is numbered between the two questions.
	type row struct {
		Seq  *int64 `db:"seq"`
		Head int64  `db:"head"`
	}
	at, _, err := db.One[row](ctx, l.db.Read(),
		"select (select seq from event_log where row_id = $1) as seq, coalesce((select max(seq) from event_log), 0) as head", place)
	if err != nil {
		return "", nil, err
	}
	if at.Seq != nil {
		return "and e.seq < " + next, []any{*at.Seq}, nil
	}
	// Until the next statement some that were seen may get numbers, but only greater ones than the head.
	return "and (e.seq <= " + next + " or e.row_id < $" + strconv.Itoa(n+2) + ")", []any{at.Head, place}, nil
}
