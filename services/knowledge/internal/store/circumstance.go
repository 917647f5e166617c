package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

// known is the latest that is kept of a circumstance.
type known struct {
	ID      int64  `db:"id"`
	Team    string `db:"team"`
	Text    string `db:"text"`
	Current int64  `db:"is_current"`
	Version int64  `db:"version"`
	Told    int64  `db:"told"`
	Until   *int64 `db:"until"`
}

func (k known) holds() bool { return k.Until == nil }

// Note takes in what an event, with its time and the version of its aggregate, tells of a circumstance. An event that was taken in before,
// and an older one, changes nothing. Learnings that were published since then are looked at again, as far as domain.Memory goes back.
func Note(tx *eventlog.Tx, c domain.Circumstance, at time.Time, version int64) error {
	if err := alone(tx); err != nil {
		return err
	}
	last, found, err := db.One[known](context.Background(), tx, "select id, team, text, is_current, version, told, until from circumstances"+
		" where kind = $1 and name = $2 order by id desc limit 1", string(c.Kind), c.Name)
	if err != nil {
		return err
	}
	told, current := db.Micros(at), int64(0)
	if c.Current {
		current = 1
	}
	switch {
	// The version alone would pass over what a source tells that was restored, and the time alone what one tells whose clock was put back.
	case found && told <= last.Told && version <= last.Version:
		return nil
	case found && last.holds() && c.Holds && last.Text == c.Text && last.Current == current:
		_, err := tx.Exec("update circumstances set version = $2, told = $3 where id = $1", last.ID, version, told)
		return err
	case found && last.holds():
		if _, err := tx.Exec("update circumstances set until = $2, version = $3, told = $2 where id = $1", last.ID, told, version); err != nil {
			return err
		}
	case !c.Holds:
		return nil
	}
	if !c.Holds {
		return nil
	}
	stems := stemsOf(c.Text)
	id, _, err := db.One[int64](context.Background(), tx, "insert into circumstances"+
		" (kind, name, team, text, is_current, words, stems, version, told, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) returning id",
		string(c.Kind), c.Name, c.Team, c.Text, current, strings.Join(stems, " "), len(stems), version, told)
	if err != nil {
		return err
	}
	if c.Kind == domain.TeamObstacle {
		if err := noteStems(tx, id, stems); err != nil {
			return err
		}
	}
	if c.Kind == domain.ActiveTeam {
		if err := MakeDue(tx, OpenOffers, c.Team, tx.Log().Now()); err != nil {
			return err
		}
	}
	return offerAgain(tx, at)
}

// noteStems makes an obstacle findable by its words.
func noteStems(tx *eventlog.Tx, circumstance int64, stems []string) error {
	// In powers of two, so that there are few different statements to prepare.
	for len(stems) > 0 {
		n := 1
		for n*2 <= len(stems) {
			n *= 2
		}
		rows, args := make([]string, n), []any{circumstance}
		for i, stem := range stems[:n] {
			args = append(args, stem)
			rows[i] = "($" + strconv.Itoa(i+2) + ", $1)"
		}
		if _, err := tx.Exec("insert into circumstance_words (stem, circumstance) values "+strings.Join(rows, ", "), args...); err != nil {
			return err
		}
		stems = stems[n:]
	}
	return nil
}

// offerAgain has teams looked for again for what was published since a time: something was so by then that was not known.
func offerAgain(tx *eventlog.Tx, since time.Time) error {
	if oldest := tx.Log().Now().Add(-domain.Memory); since.Before(oldest) {
		since = oldest
	}
	return makeAllDue(tx, OfferLearning, "select learning as name from offered_learnings where at >= $3", db.Micros(since))
}

// forgottenAtOnce bounds the transaction that happens to clean up.
const forgottenAtOnce = 200

// forget drops what ended so long ago that no learning of that time can still come, and the learnings that nothing is remembered for.
func forget(tx *eventlog.Tx, now time.Time) error {
	gone := db.Micros(now.Add(-domain.Memory - domain.Lag))
	if _, err := tx.Exec("delete from offered_learnings where at < $1", gone); err != nil {
		return err
	}
	type ended struct {
		ID    int64  `db:"id"`
		Words string `db:"words"`
	}
	old, err := db.All[ended](context.Background(), tx, "select id, words from circumstances where until < $1 order by until limit $2",
		gone, forgottenAtOnce)
	if err != nil {
		return err
	}
	for _, c := range old {
		for _, stem := range strings.Fields(c.Words) {
			if _, err := tx.Exec("delete from circumstance_words where stem = $1 and circumstance = $2", stem, c.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("delete from circumstances where id = $1", c.ID); err != nil {
			return err
		}
	}
	return nil
}

// stemsOf are the different stems of the words that say what a text is about, sorted. Neither common words nor bare numbers do.
func stemsOf(text string) []string {
	var stems []string
	for _, w := range words.Of(text) {
		if tells(w) {
			stems = append(stems, w.Stem)
		}
	}
	slices.Sort(stems)
	return slices.Compact(stems)
}

func tells(w words.Word) bool {
	return !words.Common(w.Plain) && strings.Trim(w.Plain, "0123456789") != ""
}

// sharedWords are the words of a text whose stems are among those given (sorted), as they stand there, each once.
func sharedWords(text string, stems []string) []string {
	var shared, seen []string
	for _, w := range words.Of(text) {
		if _, found := slices.BinarySearch(stems, w.Stem); found && tells(w) && !slices.Contains(seen, w.Stem) {
			seen = append(seen, w.Stem)
			shared = append(shared, w.Plain)
		}
	}
	return shared
}
