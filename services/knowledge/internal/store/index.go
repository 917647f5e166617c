package store

import (
	"context"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// indexLearning puts a published learning into the text index, and takes any other out of it.
func indexLearning(tx *eventlog.Tx, l *domain.Learning) error {
	if tx.Engine() == db.Postgres {
		return indexPostgres(tx, l)
	}
	return indexSQLite(tx, l)
}

func indexSQLite(tx *eventlog.Tx, l *domain.Learning) error {
	if l.State == domain.Published {
		if _, err := tx.Exec("insert into learnings_indexed (name) values ($1) on conflict (name) do nothing", l.Name); err != nil {
			return err
		}
	}
	id, found, err := db.One[int64](context.Background(), tx, "select id from learnings_indexed where name = $1", l.Name)
	if err != nil || !found {
		return err
	}
	if _, err := tx.Exec("delete from learnings_text where rowid = $1", id); err != nil {
		return err
	}
	if l.State != domain.Published {
		_, err := tx.Exec("delete from learnings_indexed where id = $1", id)
		return err
	}
	_, err = tx.Exec("insert into learnings_text (rowid, claim, situation, tried, happened, tags, team) values ($1, $2, $3, $4, $5, $6, $7)",
		id, l.Claim, l.Situation, l.Tried, l.Happened, strings.Join(l.Tags, " "), teamWord(l.TeamID()))
	return err
}

func indexPostgres(tx *eventlog.Tx, l *domain.Learning) error {
	if l.State != domain.Published {
		_, err := tx.Exec("delete from learnings_text where name = $1", l.Name)
		return err
	}
	tags := strings.Join(l.Tags, " ")
	_, err := tx.Exec(`insert into learnings_text (name, team, body, words) values ($1, $2, $3,
			setweight(to_tsvector('english', $4::text), 'A') || setweight(to_tsvector('english', $5::text), 'B') ||
			setweight(to_tsvector('english', $6::text), 'C') || setweight(to_tsvector('english', $7::text), 'D'))
		on conflict (name) do update set team = excluded.team, body = excluded.body, words = excluded.words`,
		l.Name, l.TeamID(), joined(" · ", l.Claim, l.Situation, l.Tried, l.Happened, tags),
		plain(l.Claim), plain(tags), plain(l.Situation), plain(joined(" . ", l.Tried, l.Happened)))
	return err
}

// teamWord is the made-up word of a team. It begins with a character for private use, which no query can contain.
func teamWord(team string) string { return "\ue000" + hex.EncodeToString([]byte(team)) }

// plain is a text as Postgres shall see it: words only, without accents, as FTS5 does it by itself. NUL, which Postgres cannot
// store, is no word either.
func plain(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.Is(unicode.Mn, c):
			return -1
		case inWord(c):
			return c
		}
		return ' '
	}, norm.NFD.String(strings.ToValidUTF8(text, " ")))
	return strings.Join(strings.Fields(text), " ")
}

// joined joins what is not empty.
func joined(by string, texts ...string) string {
	var some []string
	for _, t := range texts {
		if t != "" {
			some = append(some, strings.ReplaceAll(t, "\x00", " "))
		}
	}
	return strings.Join(some, by)
}
