package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// What the quiet one writes, and what a named one writes, in texts that stand nowhere else.
const (
	quietText, namedText = "the-quokka-sat-on-the-keyboard", "the-wombat-sat-on-the-keyboard"
	quietTeam            = "teams/payments"
	quietRetro           = quietTeam + "/cycles/quiet/retrospective"
)

// Noor signs in and then does nothing but what is anonymous: notes, votes, taps, an addition to what is closed. All that the program has
// written by then is read: every row of every service's database, every event, the log at level debug, the audit log, the traces, the
// metrics, the files of the data directory and a copy of them. Nothing in it leads from what she did to her. Whoever writes a named note is
// found by the same search in rows, events, log and audit log.
func TestNobodyFindsOutWhoWroteVotedOrTapped(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			q := newQuietStory(t, databaseURL(t, engine))
			before := q.lines(t)
			q.whisper(t)
			spoken := q.lines(t)
			q.checkNothingLeadsTo(t, "the quiet one", q.traits, added(before, spoken))
			q.checkRetrospectiveService(t, spoken, engine)
			q.checkCopy(t, engine)
			q.end(t)
			ended := q.lines(t)
			q.checkNothingLeadsTo(t, "the quiet one, after the end", q.traits, added(before, ended))
			q.checkTraces(t)
			q.checkErased(t)
			q.checkControl(t, ended)
		})
	}
}

// quietStory is a program whose every output is kept, with a person who only whispers.
type quietStory struct {
	*secretStory
	offset *offset
	// tokens are those of the people, by id.
	tokens map[string]string
	// cookie is a second way in of the quiet one: a session of a browser.
	cookie []string
	// traits are all that tells who she is, by what it is.
	traits map[string]string
	// deeds are what other calls of hers may have had, too: they must not stand beside what she did.
	deeds map[string]string
	days  []string
}

// quiet is the id of the one that nobody may find.
const quiet = "noor-the-quiet"

func newQuietStory(t *testing.T, databaseURL string) *quietStory {
	t.Helper()
	// At nine in the morning today and yesterday are open for taps.
	now := time.Now().UTC()
	q := &quietStory{offset: &offset{by: time.Date(now.Year(), now.Month(), now.Day()+1, 9, 0, 0, 0, time.UTC).Sub(now)}, tokens: map[string]string{}}
	q.secretStory = newSecretStoryAt(t, q.offset.Now, withPassword(t, databaseURL))
	q.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments","timeZone":"UTC"}`)
	for _, user := range []string{quiet, "lou-the-loud", "ada", "ben"} {
		q.must(t, http.MethodPost, "/v1/users?userId="+user, `{"displayName":"Name of `+user+`","email":"`+user+`@example.com"}`)
		q.must(t, http.MethodPost, "/v1/"+quietTeam+"/members", `{"user":"users/`+user+`","role":"TEAM_ROLE_MEMBER"}`)
		q.tokens[user] = q.must(t, http.MethodPost, "/v1/users/"+user+"/tokens?tokenId=token-of-"+user, `{"displayName":"x"}`).Body["secret"].(string)
	}
	q.reach(t, "quiet", `{"anonymous":true,"facilitator":"users/lou-the-loud"}`)
	session := q.signIn(t)
	for _, day := range []int{0, -1} {
		q.days = append(q.days, q.clock().UTC().AddDate(0, 0, day).Format(time.DateOnly))
	}
	q.traits = map[string]string{
		"her id": quiet, "her token's name": "token-of-" + quiet, "her token": q.tokens[quiet], "her session": session,
		"the secret of her session": strings.TrimPrefix(q.cookie[1], "fortnight-session="),
		"her idempotency key":       "key-of-her-client", "her address": "198.51.100.77",
	}
	q.deeds = map[string]string{"her request id": "request-of-her-client", "her trace": "4bf92f3577b34da6a3ce929d0e0e4736"}
	for what, text := range map[string]string{"her id": quiet, "her name": "users/" + quiet, "her token": q.tokens[quiet]} {
		sum := sha256.Sum256([]byte(text))
		q.traits["a plain hash of "+what] = hex.EncodeToString(sum[:16])
		q.traits["a plain hash of "+what+", in bytes"] = string(sum[:16])
	}
	return q
}

// reach opens the retrospective of a new cycle of the team.
func (q *quietStory) reach(t *testing.T, cycle, opening string) {
	t.Helper()
	at := "/v1/" + quietTeam + "/cycles"
	q.must(t, http.MethodPost, at+"?cycleId="+cycle, `{}`)
	q.must(t, http.MethodPost, at+"/"+cycle+"/experiments?experimentId=only", `{"displayName":"Only"}`)
	q.must(t, http.MethodPost, at+"/"+cycle+"/experiments/only:abandon", `{"reason":"It was begun too late, which taught us something"}`)
	for _, phase := range []string{"PLAN", "DO", "CHECK"} {
		q.must(t, http.MethodPost, at+"/"+cycle+":advance", `{"coachReason":"we go on","phase":"PHASE_`+phase+`"}`)
	}
	q.must(t, http.MethodPost, at+"/"+cycle+"/retrospective:open", opening)
}

// signIn opens a session for the quiet one, and returns its id.
func (q *quietStory) signIn(t *testing.T) string {
	t.Helper()
	link, err := url.Parse(q.must(t, http.MethodPost, "/v1/users/"+quiet+"/signInLinks", `{}`).Body["path"].(string))
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := identityv1.NewIdentityServiceClient(q.server.Conn()).SignInWithLink(t.Context(), &identityv1.SignInWithLinkRequest{Secret: link.Query().Get("secret")})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("csrf:" + signedIn.GetSecret()))
	q.cookie = []string{"Cookie", "fortnight-session=" + signedIn.GetSecret(), "X-Fortnight-Csrf", base64.RawURLEncoding.EncodeToString(sum[:])}
	name := signedIn.GetSession().GetName()
	return name[strings.LastIndexByte(name, '/')+1:]
}

// as calls as one of the people.
func (q *quietStory) as(t *testing.T, user, method, path, body string) answer {
	t.Helper()
	got := q.call(t, q.tokens[user], method, "/v1/"+path, body)
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %s %s: %d %s", user, method, path, got.Status, got.Text)
	}
	return got
}

// quietly calls as the quiet one, with everything along that could tell her: by her token, or by her session's cookie.
func (q *quietStory) quietly(t *testing.T, cookie bool, method, path, body string) answer {
	t.Helper()
	token, headers := q.tokens[quiet], []string{
		"Idempotency-Key", "key-of-her-client", "X-Request-Id", "request-of-her-client",
		"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Forwarded-For", "198.51.100.77",
	}
	if cookie {
		token, headers = "", append(headers, q.cookie...)
	}
	headers[1] += path // a key is for one request
	if strings.Contains(body, quietText+" once more") {
		headers[1] += "-again"
	}
	got := q.call(t, token, method, "/v1/"+path, body, headers...)
	if got.Status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
	}
	return got
}

// stage moves the retrospective, by somebody who does not hide.
func (q *quietStory) stage(t *testing.T, retrospective, from, to string) {
	t.Helper()
	q.as(t, "lou-the-loud", http.MethodPost, retrospective+":move", fmt.Sprintf(`{"stage":"STAGE_%s","currentStage":"STAGE_%s"}`, to, from))
}

// whisper is all that can be done anonymously; the others do it, too, so that there is something to be seen.
func (q *quietStory) whisper(t *testing.T) {
	t.Helper()
	note := func(cookie bool, id string) answer {
		return q.quietly(t, cookie, http.MethodPost, quietRetro+"/notes?noteId="+id, `{"prompt":"PROMPT_HELPED","text":"`+quietText+`"}`)
	}
	first, second := note(false, "by-token"), note(true, "by-cookie")
	q.quietly(t, true, http.MethodPatch, quietRetro+"/notes/by-token", fmt.Sprintf(`{"text":"%s once more","secret":%q}`, quietText, first.Body["secret"]))
	q.quietly(t, false, http.MethodPost, quietRetro+"/notes/by-cookie:withdraw", fmt.Sprintf(`{"secret":%q}`, second.Body["secret"]))
	q.stage(t, quietRetro, "COLLECT", "GROUP")
	q.as(t, "lou-the-loud", http.MethodPost, quietRetro+"/themes?themeId=keys", `{"title":"Keys","notes":["`+quietRetro+`/notes/by-token"]}`)
	q.stage(t, quietRetro, "GROUP", "VOTE")
	ballot := `{"themes":["` + quietRetro + `/themes/keys"]`
	cast := q.quietly(t, false, http.MethodPost, quietRetro+":vote", ballot+`}`)
	again := q.call(t, "", http.MethodPost, "/v1/"+quietRetro+":vote", fmt.Sprintf(`%s,"secret":%q}`, ballot, cast.Body["secret"]), q.cookie...)
	if again.Status != http.StatusOK {
		t.Fatalf("the ballot is changed with %d %s", again.Status, again.Text)
	}
	for _, user := range []string{"lou-the-loud", "ada"} {
		q.as(t, user, http.MethodPost, quietRetro+":vote", ballot+`}`)
	}
	for i, day := range q.days {
		q.quietly(t, i == 0, http.MethodPost, quietTeam+"/goodDays/"+day+":tap", `{"mood":"MOOD_BAD","cause":"meetings","note":"`+quietText+` on a day"}`)
		q.as(t, "ada", http.MethodPost, quietTeam+"/goodDays/"+day+":tap", `{"mood":"MOOD_GOOD"}`)
		q.as(t, "ben", http.MethodPost, quietTeam+"/goodDays/"+day+":tap", `{"mood":"MOOD_GOOD"}`)
	}
	// What is refused must not tell either.
	for path, body := range map[string]string{quietRetro + ":vote": ballot + `}`, quietTeam + "/goodDays/2020-01-01:tap": `{"mood":"MOOD_BAD"}`} {
		if got := q.call(t, q.tokens[quiet], http.MethodPost, "/v1/"+path, body); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, got.Status, got.Text)
		}
	}
}

// end closes the retrospective and the days, and the quiet one adds to what is closed.
func (q *quietStory) end(t *testing.T) {
	t.Helper()
	q.stage(t, quietRetro, "VOTE", "DECIDE")
	if themes := q.as(t, "ada", http.MethodGet, quietRetro+"/themes", ""); at(themes.Body, "themes", 0, "votes") != 3.0 {
		t.Errorf("the votes are counted as %s", themes.Text)
	}
	q.as(t, "lou-the-loud", http.MethodPost, quietRetro+":close",
		`{"learnings":[{"experiment":"`+quietTeam+`/cycles/quiet/experiments/only","claim":"What was learned in silence"}]}`)
	q.quietly(t, false, http.MethodPost, quietRetro+":amend", `{"text":"`+quietText+` afterwards"}`)
	q.offset.advance(28 * time.Hour)
	testkit.Eventually(t, "the days are closed", func() bool {
		days, _ := q.must(t, http.MethodGet, "/v1/"+quietTeam+"/goodDays", "").Body["goodDays"].([]any)
		return len(days) == len(q.days) && at(days[0], "people") == 3.0
	})
}

// lines are all that the program has written, in lines, by where they are.
func (q *quietStory) lines(t *testing.T) map[string][]string {
	t.Helper()
	q.settle(t)
	kept := map[string][]string{"the log": strings.Split(q.log.String(), "\n"), "the traces": {q.traces.String()}}
	for _, service := range q.services {
		log := service.EventLog()
		records, err := log.List(t.Context(), 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			where := "the events of " + log.Source()
			kept[where] = append(kept[where], string(record.CloudEvent()))
		}
		kept["the database of "+log.Source()] = own(log.Source(), dump(t, log.DB()))
	}
	audit := q.must(t, http.MethodGet, "/v1/auditEvents:export", "")
	kept["the audit log"] = strings.Split(audit.Text, "\n")
	return kept
}

// checkTraces: what she did is in traces of its own, and not in the one that her client began. Before the name of a span stands the id of its
// trace, in bytes.
func (q *quietStory) checkTraces(t *testing.T) {
	t.Helper()
	hers, _ := hex.DecodeString(q.deeds["her trace"])
	text := q.traces.String()
	in := map[string]int{}
	for _, name := range []string{"IdentityService/Authenticate", "CreateNote", "UpdateNote", "WithdrawNote", "CastVotes", "TapDay", "AmendRetrospective"} {
		parts := strings.Split(text, name)
		if len(parts) == 1 {
			t.Errorf("there is no span of %s", name)
		}
		for _, before := range parts[:len(parts)-1] {
			if strings.Contains(before[max(0, len(before)-120):], string(hers)) {
				in[name]++
			}
		}
	}
	if in["IdentityService/Authenticate"] == 0 || len(in) != 1 {
		t.Errorf("in the trace of her client are %v; her authentication is, and nothing that she did", in)
	}
}

// own are the lines of a service's own tables: on Postgres a dump has those of all services.
func own(service, dump string) (lines []string) {
	mine := true
	for line := range strings.SplitSeq(dump, "\n") {
		if schema, _, qualified := strings.Cut(line, "."); qualified && slices.Contains(serviceNames(), schema) {
			mine = schema == service
		}
		if mine {
			lines = append(lines, line)
		}
	}
	return lines
}

// settle waits until no event is on its way any more and the spans are sent.
func (q *quietStory) settle(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the spans arrive", func() bool { return strings.Contains(q.traces.String(), "RetrospectiveService") })
	last := ""
	testkit.Eventually(t, "everything comes to rest", func() bool {
		now := fmt.Sprint(len(q.traces.String()))
		for _, service := range q.services {
			head, err := service.EventLog().List(t.Context(), 0, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			now += fmt.Sprint(" ", len(head))
		}
		rested := now == last
		last = now
		return rested
	})
}

// added are the lines that have come since; of what is one text, the part that has.
func added(before, after map[string][]string) map[string][]string {
	news := map[string][]string{}
	for where, lines := range after {
		if len(lines) == 1 && len(before[where]) == 1 {
			news[where] = []string{strings.TrimPrefix(lines[0], before[where][0])}
			continue
		}
		count := map[string]int{}
		for _, line := range before[where] {
			count[line]++
		}
		for _, line := range lines {
			if count[line]--; count[line] < 0 {
				news[where] = append(news[where], line)
			}
		}
	}
	return news
}

// lastUse are the rows of her credentials: they tell to the minute when each was last used, for whatever. They are on Postgres beside those
// of all services.
var lastUse = regexp.MustCompile(`^\(?'?users/` + quiet + `/tokens/token-of-` + quiet + `'?[,|]\d+\)?$|^[^{]*` + quiet + `[^{]*$`)

// checkNothingLeadsTo looks for traits of a person in lines.
func (q *quietStory) checkNothingLeadsTo(t *testing.T, whom string, traits map[string]string, lines map[string][]string) {
	t.Helper()
	for where, some := range lines {
		for _, line := range some {
			if strings.HasPrefix(where, "the database of") && lastUse.MatchString(line) && !strings.Contains(line, "etrospective") && !strings.Contains(line, "goodDay") {
				continue
			}
			about := maps.Clone(traits)
			if strings.Contains(line, "etrospective") || strings.Contains(line, "goodDay") || strings.Contains(line, quietText) {
				maps.Copy(about, q.deeds)
			}
			for what, trait := range about {
				if form := found(line, trait); form != "" {
					t.Errorf("%s: %s is in %s, %s:\n%.2000s", whom, what, where, form, line)
				}
			}
		}
	}
}

// checkRetrospectiveService: what she did is there, and the service that keeps it has never heard of her: in no row, no event, no file.
func (q *quietStory) checkRetrospectiveService(t *testing.T, lines map[string][]string, engine db.Engine) {
	t.Helper()
	mine := map[string][]string{}
	for _, where := range []string{"the events of retrospective", "the database of retrospective"} {
		mine[where] = lines[where]
		if len(lines[where]) == 0 {
			t.Errorf("there is nothing in %s, so nothing was looked at", where)
		}
	}
	if text := strings.Join(mine["the database of retrospective"], "\n"); !strings.Contains(text, quietText+" once more") {
		t.Error("her note is not in the database, so nothing was looked at")
	} else if strings.Contains(text, quietText+" on a day") || strings.Contains(text, "MOOD_BAD") {
		t.Error("a tap can be read while its day is open")
	}
	mine["the files of retrospective"] = []string{q.files(t, q.dir, engine)}
	q.checkNothingLeadsTo(t, "the quiet one", q.traits, mine)
}

// files are the files of the retrospective service: its database, and what the broker keeps of its events.
func (q *quietStory) files(t *testing.T, dir string, engine db.Engine) string {
	t.Helper()
	var all strings.Builder
	looked := map[string]bool{}
	eachFile(t, dir, func(path string, content []byte) {
		if strings.Contains(strings.ToLower(path), "retrospective") {
			all.Write(content)
			looked[strings.Split(path, string(filepath.Separator))[0]] = true
		}
	})
	if engine == db.SQLite && !looked["retrospective"] || !looked["nats"] {
		t.Errorf("only files of %v were looked at", looked)
	}
	return all.String()
}

// checkCopy makes a copy of the data directory, as a backup does, and opens the database in it.
func (q *quietStory) checkCopy(t *testing.T, engine db.Engine) {
	t.Helper()
	if engine != db.SQLite { // the dump of all tables was that of pg_dump
		return
	}
	dir := t.TempDir()
	eachFile(t, q.dir, func(path string, content []byte) {
		to := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	copied, err := db.Open(t.Context(), db.Config{URL: "sqlite:" + filepath.Join(dir, "retrospective", "retrospective.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = copied.Close() }()
	text := dump(t, copied)
	if !strings.Contains(text, quietText) {
		t.Error("her note is not in the copy, so nothing was looked at")
	}
	q.checkNothingLeadsTo(t, "the quiet one", q.traits, map[string][]string{"a copy": {text}, "the files of a copy": {q.files(t, dir, engine)}})
}

// checkErased: when all is closed nothing is left of ballots, taps and marks.
func (q *quietStory) checkErased(t *testing.T) {
	t.Helper()
	for _, service := range q.services {
		if log := service.EventLog(); log.Source() == "retrospective" {
			for _, table := range []string{"ballots", "open_good_days"} {
				rows, err := db.All[int64](t.Context(), log.DB().Read(), "select count(*) from "+table)
				if err != nil || rows[0] != 0 {
					t.Errorf("%s has the rows %v, %v", table, rows, err)
				}
			}
		}
	}
}

// checkControl lets somebody write a named note: the same search finds them, in the rows, the events and the files; and the log and the
// audit log that were looked at are those of the program.
func (q *quietStory) checkControl(t *testing.T, before map[string][]string) {
	t.Helper()
	q.must(t, http.MethodPost, "/v1/"+quietTeam+"/cycles/quiet:advance", `{"coachReason":"we go on","phase":"PHASE_ACT"}`)
	drafts, _ := q.must(t, http.MethodGet, "/v1/"+quietTeam+"/cycles?states=CYCLE_STATE_DRAFT", "").Body["cycles"].([]any)
	for _, draft := range drafts {
		q.must(t, http.MethodPost, "/v1/"+at(draft, "name").(string)+":cancel", `{"reason":"another one"}`)
	}
	const named = quietTeam + "/cycles/named/retrospective"
	q.reach(t, "named", `{"anonymous":false,"facilitator":"users/lou-the-loud"}`)
	q.as(t, "ben", http.MethodPost, named+"/notes", `{"prompt":"PROMPT_HELPED","text":"`+namedText+`"}`)
	q.as(t, "ben", http.MethodGet, named, "")
	q.call(t, q.tokens["ben"], http.MethodGet, "/v1/teams/of-nobody/cycles", "") // is denied
	testkit.Eventually(t, "the denial arrives", func() bool { return strings.Contains(strings.Join(q.lines(t)["the audit log"], "\n"), "users/ben") })
	news := added(before, q.lines(t))
	for where, word := range map[string]string{
		"the database of retrospective": namedText, "the events of retrospective": "NoteWritten", "the log": "RetrospectiveService/GetRetrospective", "the audit log": "ACCESS_DENIED",
	} {
		if !slices.ContainsFunc(news[where], func(line string) bool { return strings.Contains(line, word) && found(line, "users/ben") != "" }) {
			t.Errorf("who wrote a named note is not found in %s:\n%s", where, strings.Join(news[where], "\n"))
		}
	}
	spans := strings.Count(strings.Join(before["the traces"], ""), "CreateNote")
	testkit.Eventually(t, "the span of the named note arrives", func() bool { return strings.Count(q.traces.String(), "CreateNote") > spans })
}
