package store

import (
	"context"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// A blank is no plain text: it differs from that of an obstacle which is in the index.
const textColumns = "select name, team, recurrence, coalesce(plain, ' ') as plain from obstacle_texts"

// TextOf is what the obstacle is recognised by, also one that is not in the index yet.
func TextOf(o *domain.Obstacle) domain.ObstacleText {
	return domain.ObstacleText{
		Name: o.Name, Team: teamKey(o.Name, "", "").Team, Recurrence: o.RecurrenceID(), Plain: domain.PlainText(norm.NFKC.String(o.Description)),
	}
}

// indexObstacle makes the obstacle findable by its words and its recurrence id.
func indexObstacle(tx *eventlog.Tx, o *domain.Obstacle) error {
	text := TextOf(o)
	before, found, err := db.One[domain.ObstacleText](context.Background(), tx, textColumns+" where name = $1", o.Name)
	if err != nil || found && before == text {
		return err
	}
	if found {
		if _, err := tx.Exec("delete from obstacle_words where name = $1", o.Name); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("insert into obstacle_texts (name, team, recurrence, plain) values ($1, $2, $3, $4)"+
		" on conflict (name) do update set recurrence = excluded.recurrence, plain = excluded.plain", text.Name, text.Team, text.Recurrence, text.Plain); err != nil {
		return err
	}
	for words := domain.Words(text.Plain); len(words) > 0; {
		n := powerOfTwo(len(words))
		args := []any{o.Name}
		for _, word := range words[:n] {
			args = append(args, word)
		}
		if _, err := tx.Exec(insertWords(n), args...); err != nil {
			return err
		}
		words = words[n:]
	}
	return nil
}

// powerOfTwo is the greatest one up to n, so that there are few different statements to prepare.
func powerOfTwo(n int) int {
	power := 1
	for power*2 <= n {
		power *= 2
	}
	return power
}

func insertWords(n int) string {
	var text strings.Builder
	text.WriteString("insert into obstacle_words (name, word) values ")
	for i := range n {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString("($1, $" + strconv.Itoa(i+2) + ")")
	}
	return text.String()
}

// IndexOldObstacles indexes what was entered before there was an index. Nothing else about it changes.
func IndexOldObstacles(ctx context.Context, l *eventlog.Log) error {
	const batch = 500
	for {
		old, err := db.All[string](ctx, l.DB().Read(), "select name from obstacle_texts where plain is null order by name limit "+strconv.Itoa(batch))
		if err != nil || len(old) == 0 {
			return err
		}
		if err := l.Do(ctx, func(tx *eventlog.Tx) error {
			for _, name := range old {
				row, err := Obstacles.Hold(tx, name)
				if err != nil {
					return err
				}
				if err := indexObstacle(tx, row.Value); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// TextsLike are all that have the text's recurrence id, and all whose words may be alike. Some may come twice.
func TextsLike(ctx context.Context, q db.Queryer, text domain.ObstacleText) ([]domain.ObstacleText, error) {
	linked, err := db.All[domain.ObstacleText](ctx, q, textColumns+" where recurrence = $1", text.Recurrence)
	if err != nil {
		return nil, err
	}
	alike, err := textsWithWords(ctx, q, domain.Words(text.Plain))
	return append(linked, alike...), err
}

// LinkedInTeam are the names of the team's obstacles that have the recurrence id.
func LinkedInTeam(tx *eventlog.Tx, team, recurrence string) ([]string, error) {
	return db.All[string](context.Background(), tx, "select name from obstacle_texts where recurrence = $1 and team = $2 order by name",
		recurrence, strings.TrimPrefix(team, "teams/"))
}

// textsWithWords are all that may be alike to one with these words: all that have one of the rarest of them. See domain.Telling.
func textsWithWords(ctx context.Context, q db.Queryer, words []string) ([]domain.ObstacleText, error) {
	if len(words) == 0 {
		return nil, nil
	}
	in, args := inList(words)
	rarest, err := db.All[string](ctx, q, "select word from obstacle_words where word in "+in+" group by word order by count(*), word", args...)
	if err != nil {
		return nil, err
	}
	// A word that nobody has finds nothing and takes its part of the words that are enough.
	enough := domain.Telling(len(words)) - (len(words) - len(rarest))
	if enough <= 0 {
		return nil, nil
	}
	in, args = inList(rarest[:enough])
	return db.All[domain.ObstacleText](ctx, q, textColumns+" where name in (select name from obstacle_words where word in "+in+")", args...)
}

// ObstaclesNamed reads obstacles by their names.
func ObstaclesNamed(ctx context.Context, l *eventlog.Log, names []string) (map[string]*domain.Obstacle, error) {
	const batch = 200
	found := map[string]*domain.Obstacle{}
	for len(names) > 0 {
		n := min(batch, len(names))
		in, args := inList(names[:n])
		rows, err := Obstacles.Select(ctx, l.DB().Read(), l, "select "+record.Columns+" from obstacles where name in "+in, args...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found[row.Value.Name] = row.Value
		}
		names = names[n:]
	}
	return found, nil
}

// inList is a list of placeholders for the values. It is filled up with the last value to a power of two, so that there are few
// different statements to prepare.
func inList(values []string) (string, []any) {
	size := powerOfTwo(len(values))
	if size < len(values) {
		size *= 2
	}
	var text strings.Builder
	args := make([]any, size)
	for i := range size {
		text.WriteString(map[bool]string{true: "(", false: ", "}[i == 0] + "$" + strconv.Itoa(i+1))
		args[i] = values[min(i, len(values)-1)]
	}
	text.WriteString(")")
	return text.String(), args
}
