package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

const (
	// maxBeginnings is how many words a beginning stands for, those in most learnings, of the first maxBegun that begin so.
	maxBeginnings = 12
	maxBegun      = 500
	// maxAlike bounds how many words of the vocabulary one unknown word is compared with, on each of its two sides.
	maxAlike = 5000
)

// stemCount is in how many learnings a stem is.
type stemCount struct {
	Word      string `db:"word"`
	Stem      string `db:"stem"`
	Documents int64  `db:"documents"`
}

// counts are in how many learnings the stems are; those in none are left out.
func counts(ctx context.Context, q db.Queryer, stems []string) (map[string]int64, error) {
	known, _, err := lookUp(ctx, q, stems, "")
	return known, err
}

// lookUp tells in how many learnings the stems are, those in none left out, and the stems of the words that begin as a beginning does, those
// in most learnings first; of an empty beginning there are none. It is one statement, for most searches cost by the statement.
func lookUp(ctx context.Context, q db.Queryer, stems []string, beginning string) (known map[string]int64, begun []stemCount, err error) {
	known = make(map[string]int64, len(stems))
	if len(stems) == 0 {
		return known, nil, nil
	}
	var where conditions
	places := make([]string, len(stems))
	for i, s := range stems {
		places[i] = where.arg(s)
	}
	query := "select '' as word, stem, documents from stems where documents > 0 and stem in (" + strings.Join(places, ", ") + ")"
	if beginning != "" {
		query += ` union all select * from (select distinct 'begun' as word, s.stem, s.documents from
			(select stem from vocabulary where word >= ` + where.arg(beginning) + " and word < " + where.arg(beginning+string(utf8.MaxRune)) +
			" order by word limit " + where.arg(maxBegun) + `) v join stems s on s.stem = v.stem where s.documents > 0
			order by s.documents desc, s.stem limit ` + where.arg(maxBeginnings) + ") b"
	}
	found, err := db.All[stemCount](ctx, q, query, where.args...)
	for _, f := range found {
		if f.Word == "" {
			known[f.Stem] = f.Documents
		} else {
			begun = append(begun, f)
		}
	}
	slices.SortFunc(begun, func(a, b stemCount) int {
		return cmp.Or(cmp.Compare(b.Documents, a.Documents), cmp.Compare(a.Stem, b.Stem))
	})
	return known, begun, err
}

// alike is the word nearest to one that nothing has; false when none is near. Of words equally near it is the one in most
// learnings, and of those the first of the alphabet. Looked at are words that begin or end alike: with one error, and most of the
// time with two, one side of a word is whole.
func alike(ctx context.Context, q db.Queryer, word string) (stemCount, bool, error) {
	letters := utf8.RuneCountInString(word)
	most := words.MaxErrors(letters)
	backwards := reversed(word)
	if most == 0 || backwards == "" {
		return stemCount{}, false, nil
	}
	side := 2
	if letters < 6 {
		side = 1
	}
	head, tail := string([]rune(word)[:side]), string([]rune(backwards)[:side])
	found, err := db.All[stemCount](ctx, q, `select v.word, v.stem, s.documents from (
		select word, stem from (select word, stem from vocabulary where word >= $1 and word < $2
			and length(word) between $5 and $6 and reversed is not null order by word limit $7) begun
		union
		select word, stem from (select word, stem from vocabulary where reversed >= $3 and reversed < $4
			and length(word) between $5 and $6 order by reversed limit $7) ended
		) v join stems s on s.stem = v.stem where s.documents > 0`,
		head, head+string(utf8.MaxRune), tail, tail+string(utf8.MaxRune), letters-most, letters+most, maxAlike)
	if err != nil {
		return stemCount{}, false, err
	}
	type candidate struct {
		stemCount
		errors int
	}
	var near []candidate
	for _, f := range found {
		if n := words.Errors(word, f.Word, most); n <= most {
			near = append(near, candidate{f, n})
		}
	}
	if len(near) == 0 {
		return stemCount{}, false, nil
	}
	best := slices.MinFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.errors, b.errors), cmp.Compare(b.Documents, a.Documents), cmp.Compare(a.Word, b.Word))
	})
	return best.stemCount, true, nil
}
