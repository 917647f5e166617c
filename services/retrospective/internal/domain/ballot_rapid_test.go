package domain_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// voting is what an observer sees of a voting, beside an oracle that knows the truth. The oracle keeps every ballot as it was cast and
// follows themes by where they went; it shares nothing with the rules that it watches.
type voting struct {
	t       *rapid.T
	r       *domain.Retrospective
	ballots domain.Ballots
	themes  map[string]*domain.Theme // what is there

	went     map[string]string     // where a theme went, "" when it was deleted
	cast     map[string][]string   // the truth: what everybody voted
	states   []map[string][]string // the truth behind each state that was shown, the first of which is nothing
	expected map[string]int        // what an observer must see now, when nothing is concealed
	made     int
}

func TestNoSequenceOfVotingsLaysFewerThanThreeBallotsOpen(t *testing.T) {
	shows := 0
	rapid.Check(t, func(t *rapid.T) {
		v := &voting{
			t: t, r: retrospectiveIn(domain.Group, true), themes: map[string]*domain.Theme{},
			went: map[string]string{}, cast: map[string][]string{}, states: []map[string][]string{{}}, expected: map[string]int{},
		}
		for range 3 {
			v.create()
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"move", "cast", "replace", "round", "round", "round", "merge", "split", "create", "delete"}).Draw(t, "verb") {
			case "move":
				v.move(rapid.SampledFrom([]domain.Stage{domain.Collect, domain.Group, domain.Vote, domain.Vote, domain.Decide}).Draw(t, "to"))
			case "cast":
				v.vote(false)
			case "replace":
				v.vote(true)
			case "round":
				v.round()
			case "merge":
				v.merge()
			case "split":
				v.split()
			case "create":
				v.create()
			case "delete":
				v.delete()
			}
			v.look()
		}
		shows += len(v.states) - 1
	})
	if shows == 0 {
		t.Error("no count was ever shown: the test proves nothing")
	}
}

// look compares what is seen with what must be seen.
func (v *voting) look() {
	seen := map[string]int{}
	for name, theme := range v.themes {
		if theme.Votes != nil {
			seen[name] = *theme.Votes
		}
	}
	if v.r.Stage == domain.Vote {
		if len(seen) > 0 {
			v.t.Fatalf("while the voting is open, %v is seen", seen)
		}
		return
	}
	if !maps.Equal(seen, v.expected) {
		v.t.Fatalf("seen is %v, and should be %v", seen, v.expected)
	}
}

func (v *voting) move(to domain.Stage) {
	from := v.r.Stage
	v.r.Stage = to
	switch {
	case from != domain.Vote && to == domain.Vote:
		v.ballots.Voting = true
		for _, theme := range v.themes {
			theme.Conceal()
		}
	case from == domain.Vote && to != domain.Vote:
		counts, shown := v.ballots.Tally()
		for name, theme := range v.themes {
			if shown {
				theme.Count(new(counts[name]))
			} else {
				theme.Count(nil)
			}
		}
		v.ended()
	}
}

// round is a voting as a team has one: some people vote or change their votes, and the rest is as it was.
func (v *voting) round() {
	v.move(domain.Vote)
	v.look()
	first := rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(v.t, "what most vote for")
	for voter := range rapid.IntRange(0, 5).Draw(v.t, "voters") {
		themes := []string{}
		if v.themes[first] != nil {
			themes = append(themes, first)
		}
		if voter == 0 && rapid.Bool().Draw(v.t, "otherwise") {
			themes = []string{v.any()}
		}
		_, voted := v.cast[fmt.Sprint("v", voter+1)]
		v.ballot(fmt.Sprint("v", voter+1), themes, voted)
	}
	v.move(rapid.SampledFrom([]domain.Stage{domain.Group, domain.Group, domain.Decide}).Draw(v.t, "to"))
}

// ended is what the oracle says when a voting has ended. A count may be shown that differs from each one before in the votes of three
// people or in nobody's, and from the last one in three people's.
func (v *voting) ended() {
	now := v.contents(v.cast)
	for i, state := range v.states {
		n := 0
		for voter := range now {
			if !slices.Equal(now[voter], v.contents(state)[voter]) {
				n++
			}
		}
		if n < 3 && (n > 0 || i == 0 || i == len(v.states)-1) {
			return
		}
	}
	v.states, v.expected = append(v.states, now), map[string]int{}
	for name := range v.themes {
		v.expected[name] = 0
	}
	for _, themes := range now {
		for _, theme := range themes {
			v.expected[theme]++
		}
	}
}

// contents are ballots in terms of the themes that are there now.
func (v *voting) contents(ballots map[string][]string) map[string][]string {
	now := map[string][]string{}
	for voter, themes := range ballots {
		now[voter] = nil // also whoever has no votes left has a ballot
		for _, theme := range themes {
			for theme != "" && v.themes[theme] == nil {
				theme = v.went[theme]
			}
			if theme != "" {
				now[voter] = append(now[voter], theme)
			}
		}
		slices.Sort(now[voter])
	}
	return now
}

func (v *voting) vote(replace bool) {
	voter := fmt.Sprint("v", rapid.IntRange(1, 6).Draw(v.t, "voter"))
	v.ballot(voter, rapid.SliceOfN(rapid.SampledFrom(append(v.names(), "none")), 0, 4).Draw(v.t, "votes"), replace)
}

func (v *voting) ballot(voter string, themes []string, replace bool) {
	exists := func(name string) bool { return v.themes[name] != nil }
	var err error
	if replace {
		err = v.ballots.Replace("secret of "+voter, themes, exists, v.r)
	} else {
		err = v.ballots.Cast("mark of "+voter, "secret of "+voter, themes, exists, v.r)
	}
	_, voted := v.cast[voter]
	if may := v.r.Stage == domain.Vote && len(themes) <= 3 && !slices.Contains(themes, "none") && voted == replace; may != (err == nil) {
		v.t.Fatalf("%s votes for %v in %s: %v", voter, themes, v.r.Stage, err)
	}
	if err == nil {
		v.cast[voter] = themes
	}
}

func (v *voting) merge() {
	into, other := v.any(), v.any()
	if _, err := v.themes[into].Merge(v.themes[other], v.r); (err == nil) != (v.r.Stage == domain.Group && into != other) {
		v.t.Fatalf("%s joined to %s in %s: %v", other, into, v.r.Stage, err)
	} else if err != nil {
		return
	}
	v.end(other)
	v.ballots.Merge(other, into)
	v.went[other] = into
	if votes, shown := v.expected[other]; shown {
		v.expected[into] += votes
		delete(v.expected, other)
	}
}

func (v *voting) split() {
	theme := v.themes[v.any()]
	if v.r.Stage != domain.Group || len(theme.Notes) == 0 {
		return
	}
	split, _, err := theme.Split(v.newName(), "rest", theme.Notes[:1:1], v.r)
	if err != nil {
		v.t.Fatal(err)
	}
	v.themes[split.Name] = split
}

func (v *voting) create() {
	name := v.newName()
	theme, err := domain.NewTheme(domain.Theme{Name: name, Title: name, Notes: []string{"note of " + name}}, v.r)
	if (err == nil) != (v.r.Stage == domain.Group) {
		v.t.Fatalf("a theme in %s: %v", v.r.Stage, err)
	}
	if err == nil {
		v.themes[name] = theme
	}
}

func (v *voting) delete() {
	name := v.any()
	if v.r.Stage != domain.Group || len(v.themes) < 2 {
		return
	}
	v.end(name)
	v.ballots.Delete(name)
	v.went[name] = ""
	delete(v.expected, name)
}

func (v *voting) end(name string) {
	if _, err := v.themes[name].Delete(v.r); err != nil || v.themes[name].Votes != nil {
		v.t.Fatalf("deleted %+v: %v", v.themes[name], err)
	}
	delete(v.themes, name)
}

func (v *voting) names() []string { return slices.Sorted(maps.Keys(v.themes)) }

func (v *voting) any() string { return rapid.SampledFrom(v.names()).Draw(v.t, "theme") }

func (v *voting) newName() string {
	v.made++
	return fmt.Sprint("t", v.made)
}

// The oracle of the test above finds a rule that shows too much.
func TestTheOracleIsNoRubberStamp(t *testing.T) {
	v := &voting{
		r: retrospectiveIn(domain.Vote, true), themes: map[string]*domain.Theme{"a": {}, "b": {}}, went: map[string]string{"c": "b", "d": ""},
		cast:   map[string][]string{"v1": {"a"}, "v2": {"c", "a"}, "v3": {"b", "d"}},
		states: []map[string][]string{{}}, expected: map[string]int{},
	}
	v.ended()
	if want := map[string]int{"a": 2, "b": 2}; !maps.Equal(v.expected, want) || len(v.states) != 2 {
		t.Fatalf("expected %v, want %v", v.expected, want)
	}
	shown := v.expected
	v.cast["v1"], v.cast["v2"] = []string{"b"}, []string{"b"}
	v.ended()
	if !reflect.DeepEqual(v.expected, shown) || len(v.states) != 2 {
		t.Errorf("two changed ballots are told from %v", v.expected)
	}
}
