package store

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// KeepAuditEvent adds an event to the audit log, unless it is there already.
func KeepAuditEvent(tx *eventlog.Tx, e wire.AuditEvent) error {
	_, err := tx.Exec(`insert into audit_events (audit_event_id, occur_time, record_time, action, actor, resource, address, event)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (audit_event_id) do nothing`,
		e.ID, db.Micros(e.OccurTime), db.Micros(tx.Now()), e.Action, e.Actor, e.Resource, e.Address, e.Doc)
	return err
}

type auditRow struct {
	ID        string `db:"audit_event_id"`
	OccurTime int64  `db:"occur_time"`
	Event     string `db:"event"`
}

func auditEvents(rows []auditRow) []wire.AuditEvent {
	events := make([]wire.AuditEvent, len(rows))
	for i, r := range rows {
		events[i] = wire.AuditEvent{ID: r.ID, OccurTime: db.Time(r.OccurTime), Doc: r.Event}
	}
	return events
}

// ListAuditEvents returns one page of the audit log, newest first, and the token of the next page. Of the query only page and
// principal count.
func ListAuditEvents(ctx context.Context, l *eventlog.Log, f wire.AuditFilter, q record.Query) (events []wire.AuditEvent, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope(append([]string{"audit events", q.Principal}, f.Scope()...)...)
	text, args := auditQuery(f)
	if q.PageToken != "" {
		last, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		at, err := strconv.ParseInt(last[0], 10, 64)
		if err != nil {
			return nil, "", err
		}
		args = append(args, at, last[1])
		text += " and (occur_time, audit_event_id) < " + pair(args)
	}
	args = append(args, size+1) // one more than wanted, to know whether there is a next page
	text += " order by occur_time desc, audit_event_id desc limit $" + strconv.Itoa(len(args))
	rows, err := db.All[auditRow](ctx, l.DB().Read(), text, args...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > size {
		rows = rows[:size]
		next = record.Token(l, scope, strconv.FormatInt(rows[size-1].OccurTime, 10), rows[size-1].ID)
	}
	return auditEvents(rows), next, nil
}

// auditPage is how many events an export reads at once.
const auditPage = 500

// EachAuditEvent calls use with every event of the audit log that the filter wants, oldest first. It reads in pages, and
// while use takes its time nothing is open in the database.
func EachAuditEvent(ctx context.Context, l *eventlog.Log, f wire.AuditFilter, use func(wire.AuditEvent) error) error {
	after := auditRow{OccurTime: math.MinInt64}
	for {
		text, args := auditQuery(f)
		args = append(args, after.OccurTime, after.ID)
		text += " and (occur_time, audit_event_id) > " + pair(args) + " order by occur_time, audit_event_id limit " + strconv.Itoa(auditPage)
		rows, err := db.All[auditRow](ctx, l.DB().Read(), text, args...)
		if err != nil {
			return err
		}
		for _, e := range auditEvents(rows) {
			if err := use(e); err != nil {
				return err
			}
		}
		if len(rows) < auditPage {
			return nil
		}
		after = rows[len(rows)-1]
	}
}

// auditQuery is the part of a query that the filter decides, and its arguments.
func auditQuery(f wire.AuditFilter) (text string, args []any) {
	var b strings.Builder
	b.WriteString("select audit_event_id, occur_time, event from audit_events where true")
	and := func(condition string, value any) {
		args = append(args, value)
		b.WriteString(" and " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.Actor != "" {
		and("actor = ?", f.Actor)
	}
	if f.Address != "" {
		and("address = ?", f.Address)
	}
	if f.Resource != "" { // '0' is the character after '/'
		args = append(args, f.Resource, f.Resource+"/", f.Resource+"0")
		n := len(args)
		b.WriteString(" and (resource = $" + strconv.Itoa(n-2) + " or resource >= $" + strconv.Itoa(n-1) + " and resource < $" + strconv.Itoa(n) + ")")
	}
	if !f.Start.IsZero() {
		and("occur_time >= ?", db.Micros(f.Start))
	}
	if !f.End.IsZero() {
		and("occur_time < ?", db.Micros(f.End))
	}
	for i, action := range f.Actions {
		args = append(args, action)
		b.WriteString([]string{" and action in (", ", "}[min(i, 1)] + "$" + strconv.Itoa(len(args)))
	}
	if len(f.Actions) > 0 {
		b.WriteString(")")
	}
	return b.String(), args
}

// pair are the last two arguments, to compare two columns with.
func pair(args []any) string {
	return "($" + strconv.Itoa(len(args)-1) + ", $" + strconv.Itoa(len(args)) + ")"
}

// auditDeleted is how many events are deleted in one transaction.
const auditDeleted = 1000

// DeleteOldAuditEvents deletes the oldest events that the log was kept for longer than retention, at most a thousand, and
// tells how many. The floor that it notes is what the database deletes by; it does not let one be too young.
func DeleteOldAuditEvents(ctx context.Context, l *eventlog.Log, retention time.Duration) (deleted int64, err error) {
	newest, _, err := db.One[*int64](ctx, l.DB().Read(), "select max(record_time) from audit_events")
	if err != nil || newest == nil {
		return 0, err
	}
	floor := db.Micros(domain.AuditFloor(l.Now(), db.Time(*newest), retention))
	old, _, err := db.One[int64](ctx, l.DB().Read(), "select count(*) from (select 1 from audit_events where record_time < $1 limit 1) as old", floor)
	if err != nil || old == 0 {
		return 0, err
	}
	err = l.Do(ctx, func(tx *eventlog.Tx) error {
		known, _, err := db.One[*int64](ctx, tx, "select max(floor) from audit_floors")
		if err != nil {
			return err
		}
		if known == nil || *known < floor {
			if _, err := tx.Exec("insert into audit_floors (floor, retention, set_time) values ($1, $2, $3)",
				floor, retention.Microseconds(), db.Micros(tx.Now())); err != nil {
				return err
			}
		}
		deleted, err = tx.Exec(`delete from audit_events where audit_event_id in
			(select audit_event_id from audit_events where record_time < $1 order by record_time, audit_event_id limit `+strconv.Itoa(auditDeleted)+")", floor)
		return err
	})
	return deleted, err
}

type settingRow struct {
	Name   string `db:"name"`
	Source string `db:"source"`
	Value  string `db:"value"`
}

// Settings are the settings that the program was last started with.
func Settings(ctx context.Context, q db.Queryer) ([]domain.Setting, error) {
	rows, err := db.All[settingRow](ctx, q, "select name, source, value from audit_settings order by name")
	settings := make([]domain.Setting, len(rows))
	for i, r := range rows {
		settings[i] = domain.Setting(r)
	}
	return settings, err
}

// ReplaceSettings keeps the settings that the program is started with.
func ReplaceSettings(tx *eventlog.Tx, settings []domain.Setting) error {
	if _, err := tx.Exec("delete from audit_settings"); err != nil {
		return err
	}
	for _, s := range settings {
		if _, err := tx.Exec("insert into audit_settings (name, source, value) values ($1, $2, $3)", s.Name, s.Source, s.Value); err != nil {
			return err
		}
	}
	return nil
}
