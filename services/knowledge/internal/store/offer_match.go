package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// maxStems is how many different stems of a learning are compared; statements take no more, and the longest claims are no better known
// by more of them.
const maxStems = 400

// teamsFor are the teams that a published learning may help, with what speaks for each, by their names.
func teamsFor(tx *eventlog.Tx, l *domain.Learning, rules domain.OfferRules) ([]domain.Candidate, error) {
	m := matching{tx: tx, learning: l, rules: rules, teams: map[string]*domain.Candidate{}}
	// The obstacles first: they look at every team that there is so far.
	for _, find := range []func() error{m.obstacles, m.processes, m.constraints, m.settings} {
		if err := find(); err != nil {
			return nil, err
		}
	}
	all := make([]domain.Candidate, 0, len(m.teams))
	for _, c := range m.teams {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b domain.Candidate) int { return cmp.Compare(a.Team, b.Team) })
	return all, nil
}

type matching struct {
	tx       *eventlog.Tx
	learning *domain.Learning
	rules    domain.OfferRules
	teams    map[string]*domain.Candidate
}

func (m *matching) team(name string) *domain.Candidate {
	c := m.teams[name]
	if c == nil {
		c = &domain.Candidate{Team: name}
		m.teams[name] = c
	}
	return c
}

// held is the condition that a circumstance c held when the learning was published, as far as one can know, with its arguments.
func (m *matching) held(where *conditions) {
	at := m.learning.SharedSince()
	where.add("c.since <= ", db.Micros(at))
	where.text = append(where.text, "(c.until is null or c.until > "+where.arg(db.Micros(at.Add(-domain.Lag)))+")")
}

// obstacles finds for each team the obstacle that is most like the learning. Only what is like enough is read; its text is taken apart
// again only for what is then said.
func (m *matching) obstacles() error {
	l := m.learning
	// These are what the retrospective distils; what the experiment adds may come at another time, and must not matter.
	stems := stemsOf(strings.Join(append([]string{l.Claim, l.Situation}, l.Tags...), " "))
	stems = stems[:min(len(stems), maxStems)]
	if len(stems) < domain.LeastShared {
		return nil
	}
	type like struct {
		Name    string `db:"name"`
		Team    string `db:"team"`
		Text    string `db:"text"`
		Current int64  `db:"is_current"`
		Stems   int    `db:"stems"`
		Shared  int    `db:"shared"`
	}
	var where conditions
	in := where.in(stems)
	m.held(&where)
	// Squared, because not every engine has roots, and a little less, because what is like enough is decided below.
	enough := m.rules.Similarity * m.rules.Similarity * float64(len(stems)) * 0.999
	where.text = append(where.text, "near.shared * near.shared >= cast("+where.arg(enough)+" as double precision) * c.stems")
	where.add("c.team <> ", l.Team)
	if m.rules.WithoutParked {
		where.add("c.is_current = ", 1)
	}
	found, err := db.All[like](context.Background(), m.tx, "select c.name, c.team, c.text, c.is_current, c.stems, near.shared from"+
		" (select circumstance, count(*) as shared from circumstance_words where stem in "+in+" group by circumstance having count(*) >= "+
		strconv.Itoa(domain.LeastShared)+") near join circumstances c on c.id = near.circumstance"+where.String(), where.args...)
	if err != nil {
		return err
	}
	for _, f := range found {
		o := &domain.LikeObstacle{Name: f.Name, Text: f.Text, Current: f.Current == 1, Likeness: domain.Likeness(f.Shared, f.Stems, len(stems))}
		if c := m.team(f.Team); c.Obstacle == nil || domain.MoreLike(o, c.Obstacle) < 0 {
			c.Obstacle = o
		}
	}
	for _, c := range m.teams {
		c.Obstacle.Shared = sharedWords(c.Obstacle.Text, stems)
	}
	return nil
}

// processes finds the teams whose value stream or constraint is the learning's process.
func (m *matching) processes() error {
	return m.called(m.learning.Context.Process, func(c *domain.Candidate, text string) { c.Process = text }, domain.TeamProcess, domain.TeamConstraint)
}

// constraints finds the teams whose constraint is called like the learning's type of constraint.
func (m *matching) constraints() error {
	return m.called(m.learning.Context.ConstraintType, func(c *domain.Candidate, text string) { c.Constraint = text }, domain.TeamConstraint)
}

// called finds what has the same words, in any order and form.
func (m *matching) called(text string, note func(c *domain.Candidate, text string), kinds ...domain.CircumstanceKind) error {
	stems := stemsOf(text)
	if len(stems) == 0 {
		return nil
	}
	type row struct {
		Team string `db:"team"`
		Text string `db:"text"`
	}
	for _, kind := range kinds {
		var where conditions
		where.add("c.kind = ", string(kind))
		where.add("c.words = ", strings.Join(stems, " "))
		m.held(&where)
		found, err := db.All[row](context.Background(), m.tx, "select c.team, c.text from circumstances c"+where.String(), where.args...)
		if err != nil {
			return err
		}
		// Here and not by the engines, whose alphabets differ: which of several of a team is named must not depend on them.
		slices.SortFunc(found, func(a, b row) int { return cmp.Compare(a.Text, b.Text) })
		for _, f := range found {
			note(m.team(f.Team), f.Text)
		}
	}
	return nil
}

// settings adds what the teams say of themselves, and what they follow and have muted.
func (m *matching) settings() error {
	rows, err := Settings.Select(context.Background(), m.tx, m.tx.Log(), "select "+record.Columns+" from knowledge_settings")
	if err != nil {
		return err
	}
	about := m.learning.Context
	process := stemsOf(about.Process)
	for _, row := range rows {
		said := row.Value
		c := m.team(domain.TeamOf(said.Name))
		c.Settings = *said
		if len(process) > 0 && said.Context.Process != "" && slices.Equal(process, stemsOf(said.Context.Process)) {
			c.Process = said.Context.Process
		}
		if about.ConstraintType != "" && about.ConstraintType == said.Context.ConstraintType {
			c.Constraint = about.ConstraintType
		}
	}
	return nil
}

// in is a list of the values. It is filled up with the last one to a power of two, so that there are few different statements to prepare.
func (c *conditions) in(values []string) string {
	size := 1
	for size < len(values) {
		size *= 2
	}
	places := make([]string, size)
	for i := range places {
		places[i] = c.arg(values[min(i, len(values)-1)])
	}
	return "(" + strings.Join(places, ", ") + ")"
}

// activeSince is since when a team works with Fortnight; false when it does not.
func activeSince(tx *eventlog.Tx, team string) (time.Time, bool, error) {
	since, found, err := db.One[int64](context.Background(), tx, "select since from circumstances where kind = $1 and name = $2 and until is null",
		string(domain.ActiveTeam), team)
	return db.Time(since), found, err
}
