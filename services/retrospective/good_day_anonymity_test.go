package retrospective_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Everything that the service leaves behind after each tap and each closing, laid side by side as somebody with a copy of the disk could,
// holds no name, no mark and nothing of a tap: so there is nothing whose order, time or transaction could join the two.
func TestNothingOnTheDiskTellsWhoTappedWhat(t *testing.T) {
	onBoth(t, func(w *world) {
		people := []string{"annabel", "bartholomew", "cleopatra", "desdemona"}
		var forbidden []string // in any form, in any copy
		var copies []string
		secrets := map[string]string{}
		copyDisk := func() { copies = append(copies, w.dump()) }
		tap := func(who, secret string, mood retrospectivev1.Mood, cause, note string) {
			tapped, err := w.TapDay(w.member(who), &retrospectivev1.TapDayRequest{
				Name: w.today(0), Mood: mood, Cause: cause, Note: note, Secret: secret, RequestId: "request of " + w.today(0) + note,
			})
			w.must(err)
			secrets[who] = tapped.GetSecret()
			hash, mark := domain.HashSecret(tapped.GetSecret()), domain.Mark(tapKey, "tap", w.today(0), "users/"+who)
			forbidden = append(forbidden, tapped.GetSecret(), hash, mark, string(unhex(w.T, hash)), string(unhex(w.T, mark)))
			copyDisk()
		}
		for i, who := range people {
			forbidden = append(forbidden, who)
			tap(who, "", goodMood, []string{"unclear-work", "interruptions"}[i%2], "zebra "+who[:1])
			w.Clock.Advance(time.Minute)
		}
		tap(people[2], secrets[people[2]], badMood, "interruptions", "zebra replaced")
		forbidden = append(forbidden, "unclear-work", "interruptions", "GOOD\"", "BAD\"", "MOOD_")
		w.checkRows(len(people))
		for _, dump := range append(copies, w.Output()) {
			if found := inAnyForm(dump, append(forbidden, "zebra")); found != "" {
				w.Errorf("before the day is closed, what is left behind holds %q", found)
			}
		}
		w.Clock.Advance(48 * time.Hour)
		w.days(1)
		w.Clock.Advance(8 * 24 * time.Hour)
		if notes := w.weeks(1)[0].GetNotes(); len(notes) != 4 {
			w.Fatalf("the week has the notes %q", notes)
		}
		testkit.Eventually(w.T, "the broker has the event", func() bool { return w.service.Relay().Status().Published >= 1 })
		after := w.dump()
		if !strings.Contains(after, "GoodDayClosed") || !strings.Contains(after, "zebra replaced") || !strings.Contains(w.Output(), "TapDay") {
			w.Fatal("the copy is not that of the service: a search in it proves nothing")
		}
		for _, dump := range []string{after, w.Output()} {
			if found := inAnyForm(dump, forbidden); found != "" {
				w.Errorf("what is left behind holds %q", found)
			}
		}
	})
}

// checkRows looks at the rows in the order in which they lie: those of the taps are one, with nothing but the day, its end and a sealed
// document of one length, and a row of an answer to a request tells nothing either.
func (w *world) checkRows(taps int) {
	w.Helper()
	var names, ends, docs []string
	for _, row := range w.rows("open_good_days") {
		names, ends, docs = append(names, row["name"]), append(ends, row["close_time"]), append(docs, row["doc"])
		for column := range row {
			if !slices.Contains([]string{"name", "close_time", "doc", "ctid", "xmin", "rowid"}, column) {
				w.Errorf("a column %s", column)
			}
		}
	}
	if len(names) != 1 || names[0] != w.today(0) || ends[0] != fmt.Sprint(time.Date(2026, 3, 3, 11, 0, 0, 0, time.UTC).UnixMicro()) {
		w.Errorf("the rows of %d taps are %q, until %q", taps, names, ends)
	}
	if sealed, err := base64.StdEncoding.DecodeString(docs[0]); err != nil || (len(sealed)-28)%4096 != 0 {
		w.Errorf("a document of %d bytes, %v: its length tells what was added", len(sealed), err)
	}
	if events := w.rows("event_log"); len(events) != 0 {
		w.Errorf("taps are events: %v", events)
	}
}

// rows are the rows of a table in the order in which they lie on the disk, with what the engine itself keeps of each.
func (w *world) rows(table string) (list []map[string]string) {
	w.Helper()
	query := "select rowid, * from " + table + " order by rowid"
	if w.service.Log.DB().Engine() == db.Postgres {
		query = "select ctid::text, xmin::text, t.* from " + table + " t order by ctid"
	}
	rows, err := w.service.Log.DB().Read().Query(context.Background(), query)
	w.must(err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	w.must(err)
	for rows.Next() {
		values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		w.must(rows.Scan(into...))
		row := map[string]string{}
		for i, column := range columns {
			row[column] = string(values[i])
		}
		list = append(list, row)
	}
	w.must(rows.Err())
	return list
}

// dump is all that the service has on disk: every row of every table on Postgres, else the database file with its write-ahead log; and the
// files of the broker.
func (w *world) dump() string {
	w.Helper()
	var all strings.Builder
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && !strings.HasPrefix(entry.Name(), "experiment.db") {
			content, _ := os.ReadFile(path)
			_, _ = all.Write(content) // never fails
		}
		return nil // the broker may remove a file meanwhile
	})
	w.must(err)
	if w.service.Log.DB().Engine() != db.Postgres {
		return all.String()
	}
	tables, err := db.All[string](context.Background(), w.service.Log.DB().Read(), "select table_name::text from information_schema.tables where table_schema = 'retrospective'")
	w.must(err)
	for _, table := range tables {
		for _, row := range w.rows(table) {
			fmt.Fprintln(&all, table, row)
		}
	}
	return all.String()
}

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{64,}={0,2}`)

// inAnyForm is what a dump holds of words: as they are, or in base64 or hexadecimal text.
func inAnyForm(dump string, words []string) string {
	forms := dump
	for _, text := range base64Text.FindAllString(dump, -1) {
		if plain, err := base64.StdEncoding.DecodeString(text[:len(text)/4*4]); err == nil {
			forms += "\n" + string(plain)
		}
	}
	for _, word := range words {
		if strings.Contains(forms, word) || strings.Contains(forms, hex.EncodeToString([]byte(word))) {
			return word
		}
	}
	return ""
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
