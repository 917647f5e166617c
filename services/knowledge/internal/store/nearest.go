package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

const (
	maxNear = 100
	// nearTerms is how many words of a text are looked for, the rarest.
	nearTerms = 32
)

// NearestQuery says what published learnings shall be near to.
type NearestQuery struct {
	// Text is a draft in words; their order does not matter.
	Text string
	// Refuted chooses those whose experiment did not come out as predicted, or whose claim is contested.
	Refuted bool
	// Limit 0 means 20; more than 100 is capped.
	Limit int
}

// Near is one learning that is near.
type Near struct {
	Learning record.Row[domain.Learning]
	// Score is BM25 over the words that are looked for, greater for a nearer one; comparable for one text only.
	Score float64
	// Matched are the words of the text, as they were written there, that the learning has, the rarest first.
	Matched []string
	// Coverage is how much of the text's weight the learning has, 0 to 1: rare words weigh more.
	Coverage float64
	// Rarest is how many learnings have the rarest of the matched words, Weight how much that word tells: ln(1 / share of all learnings that
	// have it), about.
	Rarest int64
	Weight float64
}

// sought is a word of the text that something is near to.
type sought struct {
	written, stem string
	documents     int64
	// weight is how much the word tells: ln(1 + (documents − n + 0.5) / (n + 0.5)) for one that n of all documents have. One that none
	// has tells as much as the others do on average: by the formula it would tell most, and the names and typing errors of a long text
	// would drown the words that count; without any weight, a text about something else would be near by a single word.
	weight float64
}

// Nearest finds the published learnings that have most of a text's words, the nearest first. Words that say nothing, such as "the", are
// passed over. Ranked are the newest of those with any of the rarest words.
func Nearest(ctx context.Context, l *eventlog.Log, q NearestQuery) ([]Near, error) {
	terms, err := soughtIn(ctx, l.DB().Read(), q.Text)
	if err != nil {
		return nil, err
	}
	var groups []group
	for _, t := range terms[:min(len(terms), nearTerms)] {
		if t.documents > 0 {
			groups = append(groups, group{phrases: []phrase{{t.stem}}, documents: t.documents})
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultFindings
	}
	m := match{any: true, groups: rarest(groups, candidates), filter: Filter{Refuted: q.Refuted}, most: candidates}
	hits, err := rank(ctx, l.DB(), m, min(limit, maxNear))
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	byID, err := byIDs(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Near, 0, len(hits))
	for _, h := range hits {
		if row, ok := byID[h.ID]; ok {
			near := Near{Learning: row, Score: h.Text}
			near.cover(terms)
			all = append(all, near)
		}
	}
	return all, nil
}

// soughtIn are the words of a text that say something, each once, the rarest first.
func soughtIn(ctx context.Context, q db.Queryer, text string) ([]sought, error) {
	var terms []sought
	var stems []string
	for _, w := range words.Of(strings.ToValidUTF8(text, " ")) {
		if !words.Common(w.Plain) && !slices.Contains(stems, w.Stem) && len(stems) < 10*nearTerms {
			stems = append(stems, w.Stem)
			terms = append(terms, sought{written: text[w.Start:w.End], stem: w.Stem})
		}
	}
	known, err := counts(ctx, q, stems)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	documents, _, err := db.One[int64](ctx, q, "select documents from search_index where id = 1")
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for i, t := range terms {
		if n := float64(known[t.stem]); n > 0 {
			terms[i].documents = known[t.stem]
			terms[i].weight = math.Log1p(max(float64(documents)-n+0.5, 0.5) / (n + 0.5))
			sum += terms[i].weight
		}
	}
	for i, t := range terms {
		if t.documents == 0 {
			terms[i].weight = sum / float64(len(known))
		}
	}
	// Words that nothing has cannot be looked for: they come last.
	slices.SortStableFunc(terms, func(a, b sought) int {
		if (a.documents == 0) != (b.documents == 0) {
			return cmp.Compare(b.documents, a.documents)
		}
		return cmp.Compare(a.documents, b.documents)
	})
	return terms, nil
}

// cover tells which of the words the learning has, and their share of the weight of all.
func (n *Near) cover(terms []sought) {
	had := map[string]bool{}
	for _, t := range terms {
		had[t.stem] = false
	}
	for _, text := range textsOf(n.Learning.Value) {
		words.Each(text, func(start, end int) {
			stem := words.Stem(words.Plain(text[start:end]))
			if _, wanted := had[stem]; wanted {
				had[stem] = true
			}
		})
	}
	all, its := 0.0, 0.0
	for _, t := range terms {
		all += t.weight
		if !had[t.stem] {
			continue
		}
		its += t.weight
		if len(n.Matched) == 0 {
			n.Rarest, n.Weight = t.documents, t.weight
		}
		n.Matched = append(n.Matched, t.written)
	}
	n.Coverage = its / all
}
