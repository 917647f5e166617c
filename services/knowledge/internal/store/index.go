package store

import (
	"context"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// textChange is what one transaction makes of a learning's place in the index.
type textChange struct {
	id       int64
	indexed  bool
	was, is  domain.Learning
	from, to indexText
}

// textChanges are those of one transaction, in the order in which they came up.
type textChanges struct {
	order  []*textChange
	byName map[string]*textChange
}

// indexLearning puts a published learning into the index, and takes any other out of it. was is the learning before the change: its
// words are no longer counted. All learnings of a transaction are indexed together at its end: most of the words are the same.
func indexLearning(tx *eventlog.Tx, was, is *domain.Learning) {
	if was.State != domain.Published && is.State != domain.Published {
		return
	}
	if was.State == is.State && sameText(was, is) && descriptionOf(was) == descriptionOf(is) {
		return
	}
	all := eventlog.Gather(tx, indexAll)
	change, known := all.byName[is.Name]
	if !known {
		if all.byName == nil {
			all.byName = map[string]*textChange{}
		}
		change = &textChange{was: snapshot(was)}
		all.byName[is.Name] = change
		all.order = append(all.order, change)
	}
	change.is = snapshot(is)
}

// snapshot is a copy that later changes of the learning leave alone.
func snapshot(l *domain.Learning) domain.Learning {
	c := *l
	c.Tags, c.Context.Stack, c.Reviews = slices.Clone(l.Tags), slices.Clone(l.Context.Stack), slices.Clone(l.Reviews)
	return c
}

// indexAll indexes what a transaction changed. The engine gathers the texts that follow each other without other statements between.
func indexAll(tx *eventlog.Tx, all *textChanges) error {
	var sum counted
	for _, c := range all.order {
		if err := c.describe(tx); err != nil {
			return err
		}
		sum.add(c)
	}
	if err := sum.save(tx); err != nil {
		return err
	}
	for _, c := range all.order {
		if err := c.write(tx); err != nil {
			return err
		}
	}
	return nil
}

// describe finds the learning in the index, saves what a search must know of it beside its words, and takes its texts apart.
func (c *textChange) describe(tx *eventlog.Tx) (err error) {
	published := c.is.State == domain.Published
	// A published learning may yet have to be indexed: see Rebuild.
	if c.was.State == domain.Published {
		if c.id, c.indexed, err = indexedID(tx, c.is.Name); err != nil {
			return err
		}
	}
	switch {
	case published:
		c.id, err = describe(tx, &c.is)
	case c.indexed:
		_, err = tx.Exec("delete from learnings_indexed where id = $1", c.id)
	}
	if err != nil || c.kept() {
		return err
	}
	if c.indexed {
		c.from = textOf(&c.was)
	}
	if published {
		c.to = textOf(&c.is)
	}
	return nil
}

// kept tells whether the words stay as they are indexed: a grade or a review is no change of them.
func (c *textChange) kept() bool {
	return c.indexed && c.is.State == domain.Published && sameText(&c.was, &c.is)
}

// write replaces the words of the learning.
func (c *textChange) write(tx *eventlog.Tx) error {
	if c.kept() {
		return nil
	}
	if c.indexed {
		if err := removeText(tx, c.id); err != nil {
			return err
		}
	}
	if c.is.State != domain.Published {
		return nil
	}
	return addText(tx, c.id, c.to)
}

func indexedID(tx *eventlog.Tx, name string) (id int64, found bool, err error) {
	return db.One[int64](context.Background(), tx, "select id from learnings_indexed where name = $1", name)
}

// description is what a search must know of a learning beside its words.
type description struct {
	published, confirmed, reviewBy int64
	grade                          domain.GradeLevel
	verdict, facets                string
	evidence                       float64
}

func descriptionOf(l *domain.Learning) description {
	d := description{
		published: db.Micros(l.PublishTime), confirmed: db.Micros(l.Confirmed()), grade: gradeOf(l), verdict: l.Verdict,
		evidence: domain.EvidenceWeight(l.Grade), facets: facetsOf(l),
	}
	if by := l.ReviewBy(); !by.IsZero() {
		d.reviewBy = db.Micros(by)
	}
	return d
}

// describe saves the description of a learning, and returns its id.
func describe(tx *eventlog.Tx, l *domain.Learning) (int64, error) {
	d := descriptionOf(l)
	id, _, err := db.One[int64](context.Background(), tx, `insert into learnings_indexed
		(name, published, confirmed, review_by, grade, verdict, evidence, facets) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (name) do update set published = excluded.published, confirmed = excluded.confirmed,
		review_by = excluded.review_by, grade = excluded.grade, verdict = excluded.verdict, evidence = excluded.evidence,
		facets = excluded.facets returning id`,
		l.Name, d.published, d.confirmed, d.reviewBy, string(d.grade), d.verdict, d.evidence, d.facets)
	return id, err
}

func addText(tx *eventlog.Tx, id int64, t indexText) error {
	if tx.Engine() == db.Postgres {
		_, err := tx.Exec("insert into learnings_text (id, tokens, words) values ($1, $2, $3::text::tsvector)", id, t.tokens(), t.vector())
		return err
	}
	_, err := tx.Exec("insert into learnings_text (rowid, claim, labels, situation, story, keys) values ($1, $2, $3, $4, $5, $6)",
		id, strings.Join(t.columns[claimColumn], " "), strings.Join(t.columns[labelsColumn], " "), strings.Join(t.columns[situationColumn], " "),
		strings.Join(t.columns[storyColumn], " "), strings.Join(t.keys, " "))
	return err
}

func removeText(tx *eventlog.Tx, id int64) error {
	column := "rowid"
	if tx.Engine() == db.Postgres {
		column = "id"
	}
	_, err := tx.Exec("delete from learnings_text where "+column+" = $1", id)
	return err
}
