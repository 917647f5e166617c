package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/installation"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// event is a row of an event log.
type event struct {
	Seq                        int64
	Chain, ID, Type, Aggregate string
	Version                    int64
	Salt, PayloadHash          string
	Payload                    []byte
	Redacted                   bool
}

// name is the event's type without its package.
func (e event) name() string { return e.Type[strings.LastIndexByte(e.Type, '.')+1:] }

// state is all that a service's database holds and the checker needs.
type state struct {
	service     string
	epoch       string
	events      []event
	versions    map[string]int64 // of all aggregates, by name
	cursors     map[string]head
	quarantined []string
	damage      []string // what SQLite itself finds wrong
	projection  map[string][]string
	offers      map[string]bool // by name, which is a team's and a learning's
}

// head is where the log ends.
func (s *state) head() head {
	if len(s.events) == 0 {
		return head{Epoch: s.epoch}
	}
	return head{Epoch: s.epoch, Seq: s.events[len(s.events)-1].Seq}
}

// readState reads a whole database.
func readState(ctx context.Context, service, path string) (*state, error) {
	d, err := installation.Open(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	s := &state{service: service, versions: map[string]int64{}, projection: map[string][]string{}, offers: map[string]bool{}}
	for _, read := range []func(context.Context, *sql.DB) error{s.readLog, s.readInbox, s.readTables, s.readDamage} {
		if err := read(ctx, d); err != nil {
			return nil, fmt.Errorf("%s: %w", service, err)
		}
	}
	return s, nil
}

func (s *state) readLog(ctx context.Context, d *sql.DB) error {
	if err := d.QueryRowContext(ctx, "select epoch from log_meta").Scan(&s.epoch); err != nil {
		return err
	}
	return installation.Each(ctx, d, `select seq, chain, event_id, event_type, aggregate_id, aggregate_version, salt, payload_hash, payload, redacted_at is not null
		from event_log order by seq`, func(rows *sql.Rows) error {
		var e event
		err := rows.Scan(&e.Seq, &e.Chain, &e.ID, &e.Type, &e.Aggregate, &e.Version, &e.Salt, &e.PayloadHash, &e.Payload, &e.Redacted)
		s.events = append(s.events, e)
		return err
	})
}

func (s *state) readInbox(ctx context.Context, d *sql.DB) (err error) {
	if s.cursors, err = installation.ReadCursors(ctx, d); err != nil {
		return err
	}
	return installation.Each(ctx, d, "select source, seq, reason from quarantine where replayed_at is null", func(rows *sql.Rows) error {
		var source, reason string
		var seq int64
		err := rows.Scan(&source, &seq, &reason)
		s.quarantined = append(s.quarantined, fmt.Sprintf("event %d of %s: %s", seq, source, reason))
		return err
	})
}

// platformTables hold no state of the product.
var platformTables = []string{"event_log", "log_meta", "idem", "inbox_cursor", "quarantine", "schema_migrations", "audit_outbox", "audit_epoch"}

// timedTables hold what depends on when the knowledge service got to it, beside what follows from the events: which of a team's offers
// came first and are open, and until when. What they say otherwise, checkOffers compares.
var timedTables = []string{"due", "offers"}

// volatile are columns that differ between two projections of the same events: when and in which order they were applied.
var volatile = []string{"id", "version", "create_time", "update_time", "updated_at", "circumstance"}

// volatileInDoc are the same in a document: when a grade was computed.
var volatileInDoc = []string{"changed"}

// readTables reads the product's tables: versions of aggregates, and every row without its volatile columns.
func (s *state) readTables(ctx context.Context, d *sql.DB) error {
	var tables, virtual []string
	err := installation.Each(ctx, d, "select name, coalesce(sql, '') from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name", func(rows *sql.Rows) error {
		var name, text string
		err := rows.Scan(&name, &text)
		if strings.HasPrefix(strings.ToLower(text), "create virtual table") {
			virtual = append(virtual, name)
		}
		tables = append(tables, name)
		return err
	})
	if err != nil {
		return err
	}
	for _, table := range tables {
		shadow := slices.ContainsFunc(virtual, func(v string) bool { return strings.HasPrefix(table, v+"_") })
		if shadow || slices.Contains(platformTables, table) {
			continue
		}
		if err := s.readTable(ctx, d, table); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

func (s *state) readTable(ctx context.Context, d *sql.DB, table string) error {
	return installation.Each(ctx, d, "select * from "+table, func(rows *sql.Rows) error {
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		values, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			return err
		}
		row := map[string]any{}
		for i, column := range columns {
			if b, ok := values[i].([]byte); ok {
				values[i] = string(b)
			}
			row[column] = values[i]
		}
		if name, version, ok := aggregate(row); ok {
			s.versions[name] = version
			if table == "offers" {
				s.offers[name] = true
			}
		}
		if slices.Contains(timedTables, table) {
			return nil
		}
		for _, column := range volatile {
			delete(row, column)
		}
		if text, ok := row["doc"].(string); ok {
			var doc map[string]any
			if err := json.Unmarshal([]byte(text), &doc); err != nil {
				return err
			}
			forget(doc, volatileInDoc)
			row["doc"] = doc
		}
		line, err := json.Marshal(row)
		s.projection[table] = append(s.projection[table], string(line))
		return err
	})
}

// forget takes fields out of a document, at whatever depth.
func forget(doc map[string]any, fields []string) {
	for name, value := range doc {
		if slices.Contains(fields, name) {
			delete(doc, name)
		}
		if inner, ok := value.(map[string]any); ok {
			forget(inner, fields)
		}
	}
}

// aggregate reads name and version of a row of a collection; false for any other row.
func aggregate(row map[string]any) (name string, version int64, ok bool) {
	_, hasDoc := row["doc"]
	_, hasKey := row["sort_key"]
	name, named := row["name"].(string)
	version, versioned := row["version"].(int64)
	return name, version, hasDoc && hasKey && named && versioned
}

// readDamage asks SQLite whether its file is whole.
func (s *state) readDamage(ctx context.Context, d *sql.DB) error {
	err := installation.Each(ctx, d, "pragma integrity_check", func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		if line != "ok" {
			s.damage = append(s.damage, line)
		}
		return err
	})
	if err != nil {
		return err
	}
	return installation.Each(ctx, d, "select \"table\", parent from pragma_foreign_key_check", func(rows *sql.Rows) error {
		var table, parent string
		err := rows.Scan(&table, &parent)
		s.damage = append(s.damage, fmt.Sprintf("a row of %s refers to none of %s", table, parent))
		return err
	})
}

// verify reads the log as an outsider would: numbers without a hole, payloads with the hash recorded for them, an unbroken
// chain. It returns what is wrong with the first event that is not right.
func (s *state) verify() error {
	chain := ""
	for i, e := range s.events {
		switch want := int64(i) + 1; {
		case e.Seq != want:
			return fmt.Errorf("event %d is missing", want)
		case !e.Redacted && eventlog.PayloadHash(e.Salt, e.Payload) != e.PayloadHash:
			return fmt.Errorf("the payload of event %d has another hash", e.Seq)
		case eventlog.NextChain(chain, e.ID, e.PayloadHash) != e.Chain:
			return fmt.Errorf("the chain breaks at event %d", e.Seq)
		}
		chain = e.Chain
	}
	return nil
}
