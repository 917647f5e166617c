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

// noteObstacle keeps the obstacle's recurrence id, and that its words are to be indexed. Words cost more than the obstacle itself,
// and are only wanted by who asks what is alike: see IndexNewWords.
func noteObstacle(tx *eventlog.Tx, o *domain.Obstacle) error {
	text := TextOf(o)
	noted, err := tx.Exec("insert into obstacle_texts (name, team, recurrence) values ($1, $2, $3) on conflict (name) do nothing",
		text.Name, text.Team, text.Recurrence)
	if err != nil || noted == 1 {
		return err
	}
	before, _, err := db.One[domain.ObstacleText](context.Background(), tx, textColumns+" where name = $1", o.Name)
	if err != nil || before == text {
		return err
	}
	if before.Plain == text.Plain {
		_, err = tx.Exec("update obstacle_texts set recurrence = $2 where name = $1", text.Name, text.Recurrence)
		return err
	}
	for _, word := range domain.Words(before.Plain) {
		if _, err := tx.Exec("delete from obstacle_words where word = $1 and name = $2", word, o.Name); err != nil {
			return err
		}
	}
	_, err = tx.Exec("update obstacle_texts set recurrence = $2, plain = null where name = $1", text.Name, text.Recurrence)
	return err
}

// indexWords makes the obstacle findable by its words.
func indexWords(tx *eventlog.Tx, o *domain.Obstacle) error {
	text := TextOf(o)
	if _, err := tx.Exec("update obstacle_texts set plain = $2 where name = $1", text.Name, text.Plain); err != nil {
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

// IndexNewWords indexes what was entered or reworded since it was last asked. Nothing else about the obstacles changes.
func IndexNewWords(ctx context.Context, l *eventlog.Log) error {
	const batch = 500
	for {
		fresh, err := db.All[string](ctx, l.DB().Read(), "select name from obstacle_texts where plain is null order by name limit "+strconv.Itoa(batch))
		if err != nil || len(fresh) == 0 {
			return err
		}
		if err := l.Do(ctx, func(tx *eventlog.Tx) error {
			for _, name := range fresh {
				if err := indexIfNew(tx, name); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
}

// indexIfNew indexes the words of an obstacle, unless somebody else who asked at the same time has done so.
func indexIfNew(tx *eventlog.Tx, name string) error {
	row, err := Obstacles.Hold(tx, name)
	if err != nil {
		return err
	}
	_, fresh, err := db.One[string](context.Background(), tx, "select name from obstacle_texts where name = $1 and plain is null", name)
	if err != nil || !fresh {
		return err
	}
	return indexWords(tx, row.Value)
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
