package store

import (
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Filter says which of the published learnings count. Empty fields choose nothing.
type Filter struct {
	// Team is an id.
	Team string
	// Tags are all wanted, of Grades and Verdicts any.
	Tags     []string
	Grades   []domain.GradeLevel
	Verdicts []string
	// PublishedAfter is included, PublishedBefore is not.
	PublishedAfter, PublishedBefore time.Time
	// Refuted chooses those whose experiment did not come out as predicted, or whose claim is contested.
	Refuted bool
}

// match is what the engines look for: all of the groups, or any of those that are not quoted, in the learnings that the filter chooses.
type match struct {
	groups []group
	any    bool
	filter Filter
	// most is how many learnings are ranked, the newest.
	most int
}

// keys are the made-up words that must be there.
func (f Filter) keys() []string {
	var keys []string
	if f.Team != "" {
		keys = append(keys, key(teamKey, f.Team))
	}
	for _, tag := range f.Tags {
		keys = append(keys, key(tagKey, tag))
	}
	return keys
}

// described adds what a row i of learnings_indexed must meet.
func (f Filter) described(where *conditions) {
	if len(f.Grades) > 0 {
		in(where, "i.grade", f.Grades)
	}
	if len(f.Verdicts) > 0 {
		in(where, "i.verdict", f.Verdicts)
	}
	if !f.PublishedAfter.IsZero() {
		where.add("i.published >= ", micros(f.PublishedAfter))
	}
	if !f.PublishedBefore.IsZero() {
		where.add("i.published < ", micros(f.PublishedBefore))
	}
	if f.Refuted {
		where.text = append(where.text, "(i.verdict = "+where.arg("NOT_AS_PREDICTED")+" or i.grade = "+where.arg(string(domain.Contested))+")")
	}
}

// micros is the first whole microsecond that is not before t: published instants are whole ones.
func micros(t time.Time) int64 { return db.Micros(t.Add(time.Microsecond - time.Nanosecond)) }

// in adds that a column has one of the values.
func in[T ~string](c *conditions, column string, values []T) {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = c.arg(string(v))
	}
	c.text = append(c.text, column+" in ("+strings.Join(places, ", ")+")")
}

// scope is the filter as a part of the scope of a page token.
func (f Filter) scope() []string {
	parts := []string{f.Team, strconv.FormatBool(f.Refuted), f.PublishedAfter.Format(time.RFC3339Nano), f.PublishedBefore.Format(time.RFC3339Nano)}
	for _, t := range f.Tags {
		parts = append(parts, "tag", t)
	}
	for _, g := range f.Grades {
		parts = append(parts, "grade", string(g))
	}
	for _, v := range f.Verdicts {
		parts = append(parts, "verdict", v)
	}
	return parts
}

// boolean writes the groups in an engine's language, given its words for one group, and, and or. Quoted groups are always wanted.
func (m match) boolean(write func(g group) string, and, or string) string {
	var all, some []string
	for _, g := range m.groups {
		if text := write(g); m.any && !g.quoted {
			some = append(some, text)
		} else {
			all = append(all, text)
		}
	}
	if len(some) > 0 {
		all = append(all, "("+strings.Join(some, or)+")")
	}
	return strings.Join(all, and)
}
