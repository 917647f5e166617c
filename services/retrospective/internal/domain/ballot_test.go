package domain_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func exists(name string) bool { return slices.Contains([]string{"a", "b", "c"}, name) }

// cast casts a ballot of a voter: "mina: a b" has the secret "secret of mina".
func cast(t *testing.T, b *domain.Ballots, ballots ...string) {
	t.Helper()
	for _, ballot := range ballots {
		voter, themes, _ := strings.Cut(ballot, ":")
		if err := b.Cast("mark of "+voter, "secret of "+voter, strings.Fields(themes), exists, retrospectiveIn(domain.Vote, true)); err != nil {
			t.Fatal(err)
		}
	}
}

func replace(t *testing.T, b *domain.Ballots, ballots ...string) {
	t.Helper()
	b.Voting = true
	for _, ballot := range ballots {
		voter, themes, _ := strings.Cut(ballot, ":")
		if err := b.Replace("secret of "+voter, strings.Fields(themes), exists, retrospectiveIn(domain.Vote, true)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneBallotEach(t *testing.T) {
	r := retrospectiveIn(domain.Vote, true)
	for _, test := range []struct {
		name string
		do   func(b *domain.Ballots) error
		want string
	}{
		{"a second ballot", func(b *domain.Ballots) error { return b.Cast("mark of mina", "another", nil, exists, r) }, "ALREADY_VOTED"},
		{"another secret", func(b *domain.Ballots) error { return b.Replace("secret of jonas", nil, exists, r) }, "BALLOT_SECRET_WRONG"},
		{"too many votes", func(b *domain.Ballots) error { return b.Cast("m", "s", strings.Fields("a b c a"), exists, r) }, "TOO_MANY_VOTES"},
		{"too many votes instead", func(b *domain.Ballots) error {
			return b.Replace("secret of mina", strings.Fields("a a a a"), exists, r)
		}, "TOO_MANY_VOTES"},
		{"no theme", func(b *domain.Ballots) error { return b.Cast("m", "s", []string{"a", "d"}, exists, r) }, "THEME_NOT_FOUND"},
		{"too early", func(b *domain.Ballots) error {
			return b.Cast("m", "s", nil, exists, retrospectiveIn(domain.Group, true))
		}, "STAGE_MISMATCH"},
		{"too late", func(b *domain.Ballots) error {
			return b.Replace("secret of mina", nil, exists, retrospectiveIn(domain.Closed, true))
		}, "RETROSPECTIVE_CLOSED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &domain.Ballots{}
			cast(t, b, "mina: b a a")
			before, _ := json.Marshal(b)
			checkReason(t, test.do(b), test.want)
			if after, _ := json.Marshal(b); !bytes.Equal(after, before) {
				t.Errorf("a refusal changed %s into %s", before, after)
			}
		})
	}
}

// Whoever reads the document learns neither the order in which people voted nor which mark belongs to which ballot.
func TestTheDocumentIsTheSameInWhateverOrderPeopleVoted(t *testing.T) {
	documents := map[string]bool{}
	for _, order := range [][]string{{"mina: b", "jonas: a", "kim: c b"}, {"kim: b c", "mina: b", "jonas: a"}, {"jonas: a", "kim: c b", "mina: b"}} {
		b := &domain.Ballots{Retrospective: "r"}
		cast(t, b, order...)
		document, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(document), "secret of") {
			t.Errorf("a secret stands in %s", document)
		}
		documents[string(document)] = true
	}
	if len(documents) != 1 {
		t.Errorf("documents %v", documents)
	}
}

func TestWhenCountsAreShown(t *testing.T) {
	three := []string{"mina: a a", "jonas: b", "kim: b c"}
	for _, test := range []struct {
		name  string
		do    func(b *domain.Ballots)
		shown bool
		want  string // a, b, c
	}{
		{"nobody voted", func(*domain.Ballots) {}, false, ""},
		{"two", func(b *domain.Ballots) { cast(t, b, three[:2]...) }, false, ""},
		{"three, after others were lost", func(b *domain.Ballots) { *b = *domain.LostBallots("r"); cast(t, b, three...) }, false, ""},
		{"three", func(b *domain.Ballots) { cast(t, b, three...) }, true, "221"},
		{"three, of which one has no votes", func(b *domain.Ballots) { cast(t, b, "mina: a a", "jonas: b", "kim:") }, false, ""},
		{"three, of which one lost its votes", func(b *domain.Ballots) { cast(t, b, three...); b.Delete("a") }, false, ""},
		{"a theme that was joined to another", func(b *domain.Ballots) { cast(t, b, three...); b.Merge("a", "c") }, true, "023"},
		{"nobody changed", func(b *domain.Ballots) { cast(t, b, three...); b.Tally(); replace(t, b) }, false, ""},
		{"two changed", func(b *domain.Ballots) { cast(t, b, three...); b.Tally(); replace(t, b, "mina: c", "jonas: a") }, false, ""},
		{"one changed, two came", func(b *domain.Ballots) {
			cast(t, b, three...)
			b.Tally()
			replace(t, b, "mina: c")
			cast(t, b, "lee: c", "ada: c")
		}, true, "024"},
		{"one changed three times", func(b *domain.Ballots) {
			cast(t, b, three...)
			b.Tally()
			replace(t, b, "mina: c", "mina: b", "mina: b b")
		}, false, ""},
		{"three were cast anew, two as they were", func(b *domain.Ballots) {
			cast(t, b, three...)
			b.Tally()
			replace(t, b, "mina: c", "jonas: b", "kim: c b")
		}, false, ""},
		{"three changed what is the same since themes were joined", func(b *domain.Ballots) {
			cast(t, b, three...)
			b.Tally()
			replace(t, b, "mina: a a b", "jonas: c", "kim: c c")
			b.Merge("c", "b")
		}, false, ""},
		{"back to what was shown first, but for one", func(b *domain.Ballots) {
			cast(t, b, append(three, "lee: a")...)
			b.Tally()
			replace(t, b, "mina: c", "jonas: c", "kim: c")
			b.Tally()
			replace(t, b, "mina: a a", "jonas: b", "kim: b c", "lee: b")
		}, false, ""},
		{"back to what was shown first", func(b *domain.Ballots) {
			cast(t, b, three...)
			b.Tally()
			replace(t, b, "mina: c", "jonas: c", "kim: c")
			b.Tally()
			replace(t, b, three...)
		}, true, "221"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &domain.Ballots{Voting: true}
			test.do(b)
			counts, shown := b.Tally()
			got := ""
			for _, theme := range []string{"a", "b", "c"} {
				if shown {
					got += string(rune('0' + counts[theme]))
				}
			}
			if shown != test.shown || got != test.want {
				t.Errorf("counts %q, %v; want %q, %v", got, shown, test.want, test.shown)
			}
			if _, again := b.Tally(); again {
				t.Error("a voting that has ended was counted again")
			}
		})
	}
}

func TestWhyNoVotes(t *testing.T) {
	later := &domain.Ballots{Withheld: true}
	for _, test := range []struct {
		ballots *domain.Ballots
		stage   domain.Stage
		shown   bool
		want    string
	}{
		{&domain.Ballots{}, domain.Vote, false, "open"},
		{later, domain.Vote, false, "open"},
		{&domain.Ballots{}, domain.Group, false, "Nobody has voted yet"},
		{later, domain.Group, false, "three people have voted"},
		{later, domain.Decide, false, "three people have voted"},
		{later, domain.Closed, true, "earlier voting"},
		{&domain.Ballots{}, domain.Decide, true, ""},
		{domain.LostBallots("r"), domain.Decide, true, "cannot be read"},
	} {
		if got := test.ballots.WhyNoVotes(test.stage, test.shown); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.stage, got, test.want)
		}
	}
}
