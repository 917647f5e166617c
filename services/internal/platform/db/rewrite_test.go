package db_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

var rewriteTable = []struct {
	name, in, want string
	params         int
}{
	{"nothing", "select 1", "select 1", 0},
	{"in order", "select $1, $2", "select ?1, ?2", 2},
	{"out of order", "select $2, $1", "select ?2, ?1", 2},
	{"repeated", "select $1, $1", "select ?1, ?1", 1},
	{"ten and more", "select $10, $1, $11", "select ?10, ?1, ?11", 11},
	{"at the end", "limit $1", "limit ?1", 1},
	{"adjacent", "($1,$2)", "(?1,?2)", 2},
	{"cast", "$1+0", "?1+0", 1},
	{"string", "select '$1', $1", "select '$1', ?1", 1},
	{"string with quote", "select 'it''s $1', $1", "select 'it''s $1', ?1", 1},
	{"name", `select "$1", $1`, `select "$1", ?1`, 1},
	{"name with quote", `select "a""$1", $1`, `select "a""$1", ?1`, 1},
	{"backtick", "select `$1`, $1", "select `$1`, ?1", 1},
	{"bracket", "select [$1], $1", "select [$1], ?1", 1},
	{"line comment", "select $1 -- $2\n, $3", "select ?1 -- $2\n, ?3", 3},
	{"line comment at the end", "select $1 -- $2", "select ?1 -- $2", 1},
	{"block comment", "select /* $2 */ $1", "select /* $2 */ ?1", 1},
	{"open string", "select '$1", "select '$1", 0},
	{"open comment", "select /* $1", "select /* $1", 0},
	{"minus", "select 1-$1", "select 1-?1", 1},
	{"division", "select 4/$1", "select 4/?1", 1},
	{"json path", "select doc->>'$.a' where x = $1", "select doc->>'$.a' where x = ?1", 1},
	{"inside a name", "select a$1", "select a$1", 0},
	{"named", "select $a", "select $a", 0},
	{"zero", "select $0", "select $0", 0},
	{"lone", "select $", "select $", 0},
	{"beyond the alphabet", "select 'ä$1', ä$1, $1", "select 'ä$1', ä$1, ?1", 1},
}

func TestRewrite(t *testing.T) {
	for _, c := range rewriteTable {
		t.Run(c.name, func(t *testing.T) {
			got, params := db.Rewrite(c.in, db.SQLite)
			if got != c.want || params != c.params {
				t.Errorf("got %q with %d parameters, want %q with %d", got, params, c.want, c.params)
			}
			if got, _ := db.Rewrite(c.in, db.Postgres); got != c.in {
				t.Errorf("for Postgres the text changed to %q", got)
			}
		})
	}
	if _, n := db.Rewrite("select array[$1, $2]", db.Postgres); n != 2 {
		t.Errorf("an array on Postgres has %d parameters, want 2", n)
	}
}

// FuzzRewrite: only dollar signs become question marks, and only outside of what is quoted.
func FuzzRewrite(f *testing.F) {
	for _, c := range rewriteTable {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, params := db.Rewrite(in, db.SQLite)
		if len(out) != len(in) {
			t.Fatalf("%q became %q: another length", in, out)
		}
		changed := 0
		for i := range len(in) {
			if in[i] == out[i] {
				continue
			}
			changed++
			if in[i] != '$' || out[i] != '?' || i+1 == len(in) || in[i+1] < '0' || in[i+1] > '9' {
				t.Fatalf("%q became %q at %d", in, out, i)
			}
		}
		if (changed == 0) != (params == 0) {
			t.Fatalf("%q: %d changes, %d parameters", in, changed, params)
		}
		if again, n := db.Rewrite(out, db.SQLite); again != out || n != 0 {
			t.Fatalf("%q became %q and then %q", in, out, again)
		}
		// In a string, nothing is a placeholder.
		quoted := "'" + strings.ReplaceAll(in, "'", "''") + "'"
		if got, n := db.Rewrite(quoted, db.SQLite); got != quoted || n != 0 {
			t.Fatalf("the string %q became %q", quoted, got)
		}
	})
}

func TestPlaceholdersMeanTheSameOnBoth(t *testing.T) {
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		const query = `select $2 || $1 || $10 || '$1' as x -- $1
where $1 <> $3 and $4 <> $5 and $6 <> $7 and $8 <> $9`
		args := []any{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
		for range 2 { // the second time from the cache
			got, ok, err := db.One[string](context.Background(), d.Read(), query, args...)
			if err != nil || !ok || got != "baj$1" {
				t.Errorf("got %q %v %v", got, ok, err)
			}
		}
	})
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		for name, args := range map[string][]any{
			"too few":  {},
			"too many": {1, 2},
			"a time":   {time.Unix(0, 0)},
		} {
			_, err := db.All[int64](context.Background(), d.Read(), "select 1 where 1 = $1", args...)
			if reason(err) != "STATEMENT_ARGUMENTS" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
