package store

import (
	"context"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const (
	// indexVersion is the version of what takes learnings apart and describes them: raise it with every change there, and the index is
	// made anew at the next start.
	indexVersion = 1
	// rebuiltAtOnce is how many learnings are indexed in one transaction, so that others can write between.
	rebuiltAtOnce = 500
)

// Rebuild makes the index anew from the learnings when another version has made it. It goes on where it was stopped; searches find
// meanwhile what is there already.
func Rebuild(ctx context.Context, l *eventlog.Log) error {
	if err := l.Do(ctx, clearOldIndex); err != nil {
		return err
	}
	for done := false; !done && ctx.Err() == nil; {
		err := l.Do(ctx, func(tx *eventlog.Tx) (err error) {
			done, err = rebuildSome(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// clearOldIndex empties an index of another version.
func clearOldIndex(tx *eventlog.Tx) error {
	if err := alone(tx); err != nil {
		return err
	}
	version, _, err := db.One[int64](context.Background(), tx, "select version from search_index where id = 1")
	if err != nil || version == indexVersion {
		return err
	}
	clear := "delete from learnings_text"
	if tx.Engine() == db.SQLite {
		clear = "insert into learnings_text (learnings_text) values ('delete-all')"
	}
	for _, statement := range []string{clear, "delete from learnings_indexed", "delete from vocabulary", "delete from stems"} {
		if _, err := tx.Exec(statement); err != nil {
			return err
		}
	}
	_, err = tx.Exec("update search_index set version = $1, rebuilt = '', documents = 0, tokens = 0 where id = 1", indexVersion)
	return err
}

// rebuildSome indexes the next published learnings, in the order in which they were learned, and tells whether it was the last of them.
func rebuildSome(tx *eventlog.Tx) (done bool, err error) {
	if err := alone(tx); err != nil {
		return false, err
	}
	rebuilt, _, err := db.One[*string](context.Background(), tx, "select rebuilt from search_index where id = 1")
	if err != nil || rebuilt == nil {
		return true, err
	}
	since, name, _ := strings.Cut(*rebuilt, " ")
	rows, err := learnings.Select(context.Background(), tx, tx.Log(), "select "+record.Columns+
		" from learnings where (sort_key, name) > ($1, $2) order by sort_key, name limit $3", since, name, rebuiltAtOnce)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if err := indexAgain(tx, row.Value); err != nil {
			return false, err
		}
	}
	var next any
	if done = len(rows) < rebuiltAtOnce; !done {
		last := rows[len(rows)-1].Value
		next = sortKey(last.Since) + " " + last.Name
	}
	_, err = tx.Exec("update search_index set rebuilt = $1 where id = 1", next)
	return done, err
}

// indexAgain indexes a learning unless a change of it came first.
func indexAgain(tx *eventlog.Tx, l *domain.Learning) error {
	_, found, err := indexedID(tx, l.Name)
	if err == nil && !found {
		indexLearning(tx, &domain.Learning{}, l)
	}
	return err
}
