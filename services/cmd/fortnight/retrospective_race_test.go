package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const (
	crowdSize   = 12
	crowdRetro  = "teams/payments/cycles/crowded/retrospective"
	crowdNotes  = 3 // that each of them writes
	crowdEnough = 3 // votes that each of them has, and actions that a retrospective agrees on
)

// crowd is a team of twelve who all press the same buttons at once.
type crowd struct {
	*rivals
	tokens []string
	// notes are the texts that must be there, by name.
	notes map[string]string
	// votes are those that must be counted, by theme.
	votes map[string]int
}

// Twelve people hold one retrospective, and everything that they do they do at the same moment. Nothing is lost or doubled, and the
// retrospective goes from stage to stage once each.
func TestTwelvePeopleInOneRetrospective(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := newCrowd(t, startOn(t, databaseURL(t, engine)))
			for _, chapter := range []struct {
				name string
				tell func(*testing.T)
			}{
				{"open", c.open},
				{"write, change and withdraw notes", c.write},
				{"move to GROUP while more notes are written", c.moveWhileWriting},
				{"make themes of one's own notes, and draw one note here and there", c.group},
				{"move to VOTE, where every note has a theme", c.toVote},
				{"vote, twice at once, and change the votes", c.castVotes},
				{"move to DECIDE, where the votes are counted", c.toDecide},
				{"propose actions, and drop all but three", c.propose},
				{"close", c.close},
				{"the event log tells the same", c.checkLog},
			} {
				if !t.Run(chapter.name, chapter.tell) {
					return // each chapter rests on those before
				}
			}
		})
	}
}

// newCrowd takes a team of twelve to the ACT phase of its cycle.
func newCrowd(t *testing.T, s *started) *crowd {
	t.Helper()
	c := &crowd{rivals: &rivals{started: s}, notes: map[string]string{}, votes: map[string]int{}}
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	for i := range crowdSize {
		c.tokens = append(c.tokens, s.member(t, crowdUser(i), "payments", "TEAM_ROLE_MEMBER"))
	}
	c.jonas = c.tokens[0]
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles?cycleId=crowded", `{}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles/crowded/experiments?experimentId=only", `{"displayName":"Only"}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles/crowded/experiments/only:abandon", `{"reason":"It was begun too late, which taught us something"}`)
	for _, phase := range []string{"PLAN", "DO", "CHECK"} {
		s.must(t, http.MethodPost, "/v1/teams/payments/cycles/crowded:advance", `{"coachReason":"we go on","phase":"PHASE_`+phase+`"}`)
	}
	return c
}

func crowdUser(i int) string { return fmt.Sprintf("p%02d", i) }

// at is a place in the retrospective.
func (c *crowd) at(path string) string { return "/v1/" + crowdRetro + path }

// all sends what each of them asks for at the same moment.
func (c *crowd) all(t *testing.T, ask func(i int) rival) []answer {
	t.Helper()
	requests := make([]rival, crowdSize)
	for i := range requests {
		requests[i] = ask(i)
		requests[i].token = c.tokens[i]
	}
	return c.meet(t, requests...)
}

// well expects that every answer is a success.
func well(t *testing.T, answers []answer) {
	t.Helper()
	for i, a := range answers {
		if a.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", crowdUser(i), a.Status, a.Text)
		}
	}
}

// single expects one success, and of the others the reason; it returns the winner's answer and those of the losers.
func single(t *testing.T, answers []answer, status int, reason string) (winner answer, losers []answer) {
	t.Helper()
	won := 0
	for i, a := range answers {
		switch {
		case a.Status == http.StatusOK:
			winner = a
			won++
		case a.Status != status || a.Body["reason"] != reason:
			t.Errorf("%s gets %d %s, want %d %s", crowdUser(i), a.Status, a.Text, status, reason)
		default:
			losers = append(losers, a)
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d won", won, len(answers))
	}
	return winner, losers
}

func (c *crowd) open(t *testing.T) {
	winner, _ := single(t, c.all(t, func(int) rival {
		return rival{method: http.MethodPost, path: c.at(":open"), body: `{"anonymous":true}`}
	}), http.StatusConflict, "RETROSPECTIVE_ALREADY_EXISTS")
	c.stored(t, c.at(""), winner)
	if winner.Body["facilitator"] != "users/"+crowdUser(0) || winner.Body["stage"] != "STAGE_COLLECT" {
		t.Errorf("opened as %s", winner.Text)
	}
}

// writeOne lets each of them write a note.
func (c *crowd) writeOne(t *testing.T, n int) []answer {
	t.Helper()
	prompts := []string{"PROMPT_HELPED", "PROMPT_HELD_BACK", "PROMPT_SURPRISED"}
	return c.all(t, func(i int) rival {
		return rival{method: http.MethodPost, path: c.at("/notes"), body: fmt.Sprintf(`{"prompt":%q,"text":"note %d of somebody, the %dth"}`, prompts[n%3], n, i)}
	})
}

// write: each writes three notes, changes the second and withdraws the third, which are different things at the same moment.
func (c *crowd) write(t *testing.T) {
	var written [][]answer
	for n := range crowdNotes {
		answers := c.writeOne(t, n)
		well(t, answers)
		written = append(written, answers)
		for _, a := range answers {
			c.notes[a.Body["name"].(string)] = a.Body["text"].(string)
		}
	}
	well(t, c.all(t, func(i int) rival {
		changed, gone := written[1][i].Body, written[2][i].Body
		if i%2 == 0 {
			text := fmt.Sprintf("changed by the %dth", i)
			c.notes[changed["name"].(string)] = text
			return rival{method: http.MethodPatch, path: "/v1/" + changed["name"].(string), body: fmt.Sprintf(`{"text":%q,"secret":%q}`, text, changed["secret"])}
		}
		delete(c.notes, gone["name"].(string))
		return rival{method: http.MethodPost, path: "/v1/" + gone["name"].(string) + ":withdraw", body: fmt.Sprintf(`{"secret":%q}`, gone["secret"])}
	}))
	// The secret of another one's note does not do.
	for i, a := range c.all(t, func(i int) rival {
		return rival{method: http.MethodPatch, path: "/v1/" + written[0][i].Body["name"].(string), body: fmt.Sprintf(`{"text":"mine","secret":%q}`, written[0][(i+1)%crowdSize].Body["secret"])}
	}) {
		if a.Status != http.StatusForbidden || a.Body["reason"] != "NOTE_SECRET_WRONG" {
			t.Errorf("%s changes a note of another: %d %s", crowdUser(i), a.Status, a.Text)
		}
	}
	c.checkNotes(t)
}

// checkNotes compares the notes that are listed with those that must be there: none lost, none doubled, none by name.
func (c *crowd) checkNotes(t *testing.T) {
	t.Helper()
	got := map[string]string{}
	list := c.list(t, "notes")
	for _, note := range list {
		got[note["name"].(string)] = note["text"].(string)
		if note["author"] != "" || note["secret"] != "" {
			t.Errorf("a note tells of its writer: %v", note)
		}
	}
	if len(got) != len(list) || !maps.Equal(got, c.notes) {
		t.Errorf("%d notes are there as\n%v\nwant %d:\n%v", len(list), got, len(c.notes), c.notes)
	}
}

// list reads one collection of the retrospective, page by page.
func (c *crowd) list(t *testing.T, collection string) (all []map[string]any) {
	t.Helper()
	for page := ""; ; {
		got := c.ok(t, http.MethodGet, c.at("/"+collection+"?pageSize=10&pageToken="+page), "")
		some, _ := got.Body[collection].([]any)
		for _, one := range some {
			all = append(all, one.(map[string]any))
		}
		if page, _ = got.Body["nextPageToken"].(string); page == "" {
			return all
		}
	}
}

// press lets everybody press the button to the next stage, and checks what those who were late are told.
func (c *crowd) press(t *testing.T, from, to string) {
	t.Helper()
	body := fmt.Sprintf(`{"stage":"STAGE_%s","currentStage":"STAGE_%s"}`, to, from)
	winner, losers := single(t, c.all(t, func(int) rival {
		return rival{method: http.MethodPost, path: c.at(":move"), body: body}
	}), http.StatusConflict, "STAGE_CHANGED")
	c.checkLosers(t, to, winner, losers)
}

func (c *crowd) checkLosers(t *testing.T, to string, winner answer, losers []answer) {
	t.Helper()
	if winner.Body["stage"] != "STAGE_"+to {
		t.Errorf("the winner stands at %s", winner.Text)
	}
	for _, loser := range losers {
		if at(loser.Body, "metadata", "stage") != to || at(loser.Body, "metadata", "current_etag") == nil || !strings.Contains(loser.Text, to) {
			t.Errorf("who was late is told %s", loser.Text)
		}
	}
	c.stored(t, c.at(""), winner)
}

// moveWhileWriting: half of them press the button while the others write; GROUP still takes notes, so none is lost.
func (c *crowd) moveWhileWriting(t *testing.T) {
	answers := c.all(t, func(i int) rival {
		if i%2 == 0 {
			return rival{method: http.MethodPost, path: c.at(":move"), body: `{"stage":"STAGE_GROUP","currentStage":"STAGE_COLLECT"}`}
		}
		return rival{method: http.MethodPost, path: c.at("/notes"), body: fmt.Sprintf(`{"prompt":"PROMPT_HELPED","text":"late, the %dth"}`, i)}
	})
	var movers []answer
	for i, a := range answers {
		if i%2 == 0 {
			movers = append(movers, a)
			continue
		}
		if a.Status != http.StatusOK {
			t.Fatalf("a late note: %d %s", a.Status, a.Text)
		}
		c.notes[a.Body["name"].(string)] = a.Body["text"].(string)
	}
	winner, losers := single(t, movers, http.StatusConflict, "STAGE_CHANGED")
	c.checkLosers(t, "GROUP", winner, losers)
	c.checkNotes(t)
}

// group: each makes a theme of a note of their own and of one that all of them want. A note is in one theme at most, so one has it.
func (c *crowd) group(t *testing.T) {
	names := slices.Sorted(maps.Keys(c.notes))
	wanted := names[crowdSize]
	answers := c.all(t, func(i int) rival {
		return rival{method: http.MethodPost, path: c.at(fmt.Sprintf("/themes?themeId=theme-%02d", i)), body: fmt.Sprintf(`{"title":"Theme %d","notes":[%q,%q]}`, i, names[i], wanted)}
	})
	well(t, answers)
	c.checkThemes(t, crowdSize, names[:crowdSize+1])
}

// checkThemes expects so many themes, in which each of the notes is once and no other is.
func (c *crowd) checkThemes(t *testing.T, themes int, notes []string) []map[string]any {
	t.Helper()
	list := c.list(t, "themes")
	var in []string
	for _, theme := range list {
		some, _ := theme["notes"].([]any)
		for _, note := range some {
			in = append(in, note.(string))
		}
	}
	slices.Sort(in)
	if len(list) != themes || !slices.Equal(in, notes) {
		t.Errorf("%d themes hold the notes\n%v\nwant %d with\n%v", len(list), in, themes, notes)
	}
	return list
}

// toVote: with the move every note that is in no theme becomes one, once.
func (c *crowd) toVote(t *testing.T) {
	c.press(t, "GROUP", "VOTE")
	notes := slices.Sorted(maps.Keys(c.notes))
	c.checkThemes(t, crowdSize+len(notes)-(crowdSize+1), notes)
}

// castVotes: everybody sends two ballots at the same moment; one of the two counts. Then half of them change their votes.
func (c *crowd) castVotes(t *testing.T) {
	themes := func(of ...int) (names []string) {
		for _, i := range of {
			names = append(names, fmt.Sprintf("%s/themes/theme-%02d", crowdRetro, i%crowdSize))
		}
		return names
	}
	cast := func(i int, secret string, names []string) rival {
		body, _ := json.Marshal(map[string]any{"themes": names, "secret": secret})
		return rival{token: c.tokens[i], method: http.MethodPost, path: c.at(":vote"), body: string(body)}
	}
	var twice []rival
	for i := range crowdSize {
		twice = append(twice, cast(i, "", themes(i, i, i+1)), cast(i, "", themes(0, i, i)))
	}
	answers := c.meet(t, twice...)
	var secrets []string
	var votes [][]string
	for i := range crowdSize {
		winner, _ := single(t, answers[2*i:2*i+2], http.StatusBadRequest, "ALREADY_VOTED")
		secrets = append(secrets, winner.Body["secret"].(string))
		var names []string
		for _, name := range winner.Body["themes"].([]any) {
			names = append(names, name.(string))
		}
		votes = append(votes, names)
	}
	changes := c.all(t, func(i int) rival {
		if i%2 == 0 {
			return rival{method: http.MethodGet, path: c.at("/themes")}
		}
		votes[i] = themes(i-1, i-1, i-1)
		return cast(i, secrets[i], votes[i])
	})
	well(t, changes)
	for _, a := range changes {
		if strings.Contains(a.Text, `"votes"`) {
			t.Errorf("counts are told while the voting is open: %s", a.Text)
		}
	}
	for _, names := range votes {
		if len(names) != crowdEnough {
			t.Errorf("a ballot has the votes %v", names)
		}
		for _, name := range names {
			c.votes[name]++
		}
	}
}

// toDecide: every vote is counted once.
func (c *crowd) toDecide(t *testing.T) {
	c.press(t, "VOTE", "DECIDE")
	got, sum := map[string]int{}, 0
	for _, theme := range c.list(t, "themes") {
		votes, counted := theme["votes"].(float64)
		if !counted {
			t.Fatalf("there is no count of %v", theme)
		}
		sum += int(votes)
		if votes > 0 {
			got[theme["name"].(string)] = int(votes)
		}
	}
	if sum != crowdSize*crowdEnough || !maps.Equal(got, c.votes) {
		t.Errorf("%d votes are counted as\n%v\nwant\n%v", sum, got, c.votes)
	}
}

// propose: each proposes an action, then all but three are dropped.
func (c *crowd) propose(t *testing.T) {
	well(t, c.all(t, func(i int) rival {
		return rival{method: http.MethodPost, path: c.at(fmt.Sprintf("/actions?actionId=action-%02d", i)), body: fmt.Sprintf(`{"text":"Action %d"}`, i)}
	}))
	day := c.clock().UTC().AddDate(0, 0, 7).Format("2006-01-02")
	well(t, c.all(t, func(i int) rival {
		name := c.at(fmt.Sprintf("/actions/action-%02d", i))
		if i >= crowdEnough {
			return rival{method: http.MethodPost, path: name + ":drop", body: `{"reason":"three are enough"}`}
		}
		return rival{method: http.MethodPatch, path: name, body: fmt.Sprintf(`{"owner":"users/%s","dueDate":%q,"expectedEffect":"less of it"}`, crowdUser(i), day)}
	}))
	c.checkActions(t, "ACTION_STATE_PROPOSED")
}

// checkActions expects three actions in a state, and the others dropped.
func (c *crowd) checkActions(t *testing.T, state string) {
	t.Helper()
	states := map[string]int{}
	for _, action := range c.list(t, "actions") {
		states[action["state"].(string)]++
	}
	if want := map[string]int{state: crowdEnough, "ACTION_STATE_DROPPED": crowdSize - crowdEnough}; !maps.Equal(states, want) {
		t.Errorf("the actions are %v, want %v", states, want)
	}
}

// close: one of them closes; those who are late are told what still can be done.
func (c *crowd) close(t *testing.T) {
	winner, losers := single(t, c.all(t, func(i int) rival {
		return rival{method: http.MethodPost, path: c.at(":close"), body: fmt.Sprintf(
			`{"learnings":[{"experiment":"teams/payments/cycles/crowded/experiments/only","claim":"What the %dth has learned of it"}]}`, i)}
	}), http.StatusBadRequest, "RETROSPECTIVE_CLOSED")
	for _, loser := range losers {
		if !strings.Contains(loser.Text, ":amend") {
			t.Errorf("who was late is told %s", loser.Text)
		}
	}
	c.stored(t, c.at(""), winner)
	if learnings, _ := winner.Body["learnings"].([]any); len(learnings) != 1 || winner.Body["stage"] != "STAGE_CLOSED" {
		t.Errorf("closed as %s", winner.Text)
	}
	c.checkActions(t, "ACTION_STATE_OPEN")
}

// checkLog: each stage was entered once, and each deed is one event.
func (c *crowd) checkLog(t *testing.T) {
	var entered []string
	count := map[string]int{}
	for _, record := range c.records(t, "retrospective") {
		name := record.Type[strings.LastIndexByte(record.Type, '.')+1:]
		count[name]++
		if strings.HasPrefix(name, "Note") && record.Actor != "" {
			t.Errorf("%s names %s", name, record.Actor)
		}
		if strings.HasPrefix(name, "Retrospective") {
			var data struct{ Retrospective struct{ Stage string } }
			if err := json.Unmarshal(record.Data, &data); err != nil {
				t.Fatal(err)
			}
			entered = append(entered, data.Retrospective.Stage)
		}
	}
	if want := []string{"STAGE_COLLECT", "STAGE_GROUP", "STAGE_VOTE", "STAGE_DECIDE", "STAGE_CLOSED"}; !slices.Equal(entered, want) {
		t.Errorf("the stages were %v, want %v", entered, want)
	}
	for name, want := range map[string]int{
		"RetrospectiveOpened": 1, "RetrospectiveMoved": 3, "RetrospectiveClosed": 1, "NoteWritten": crowdSize*crowdNotes + crowdSize/2,
		"NoteChanged": crowdSize / 2, "NoteWithdrawn": crowdSize / 2, "ActionProposed": crowdSize, "ActionDropped": crowdSize - crowdEnough,
		"ActionChanged": crowdEnough, "ActionAgreed": crowdEnough,
	} {
		if count[name] != want {
			t.Errorf("%d events %s, want %d", count[name], name, want)
		}
	}
}

// records are the events of a service, the oldest first.
func (s *started) records(t *testing.T, source string) []eventlog.Record {
	t.Helper()
	for _, service := range s.services {
		if log := service.EventLog(); log.Source() == source {
			records, err := log.List(t.Context(), 0, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			return records
		}
	}
	t.Fatalf("there is no service %s", source)
	return nil
}
