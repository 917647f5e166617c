package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/demo"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// zipped exports the board of a team.
func (s *started) zipped(t *testing.T, team string) []byte {
	t.Helper()
	return []byte(s.must(t, http.MethodGet, "/v1/teams/"+team+":export", "").Text)
}

// brought imports the board of a team.
func (s *started) brought(t *testing.T, team string, packed []byte, query string) answer {
	t.Helper()
	return s.call(t, s.Token, http.MethodPost, "/v1/teams/"+team+":import"+query, string(packed), "Content-Type", "application/zip")
}

// unzipped are the files of a zip, by their names.
func unzipped(t *testing.T, packed []byte) (files map[string]string, names []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name], names = string(content), append(names, f.Name)
	}
	return files, names
}

func zipOf(t *testing.T, files map[string]string, names []string) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for _, name := range names {
		file, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(file, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// odd are texts that a file of YAML could take for something else.
var odd = []string{
	"yes", "1e3", "~", "null", "2026-06-08", "- a", "a: b # c", "'quoted' \"twice\" \\ back", "  leading and trailing  ", "emoji 👩‍👩‍👧 and ünïcödé \u202e",
	"one\r\ntwo\rthree\nfour", "lines\n  indented\n\nafter a blank", "ends with\n", "\nbegins with", "tab\there", strings.Repeat("very long ", 45), "{{ .Template }}", "|", "&a *a", "\u2028", "%x", "@y", "!tag", "0x1f",
}

// quoted is a text as JSON.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always marshals
	return string(b)
}

// oddBoard makes a team with something of every kind, in texts that are hard to write down.
func oddBoard(t *testing.T, s *started) {
	t.Helper()
	day := func(n int) string { return s.clock().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	s.must(t, http.MethodPost, "/v1/teams?teamId=odd", `{"displayName":"yes: \"odd\" | # 👩‍👩‍👧","timeZone":"Europe/Berlin","cycleDays":14,
		"holidays":[{"date":"`+day(40)+`","displayName":"1e3"}],"improvementCapacityPercent":20}`)
	jonas := s.member(t, "odd-jonas", "odd", "TEAM_ROLE_MEMBER")
	s.member(t, "odd-mina", "odd", "TEAM_ROLE_COACH")
	as := func(token, method, path, body string, headers ...string) {
		t.Helper()
		if got := s.call(t, token, method, "/v1/teams/odd/"+path, body, headers...); got.Status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
		}
	}
	post := func(path, body string) { t.Helper(); as(jonas, http.MethodPost, path, body) }
	post("challenges?challengeId=direction", `{"statement":`+quoted(odd[11])+`,"horizonDate":"`+day(700)+`"}`)
	post("metrics?metricId=wait", `{"displayName":"yes","unit":"1e3","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_OUTCOME"}`)
	post("metrics?metricId=empty", `{"displayName":"Nobody measured it","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	as(jonas, http.MethodPost, "metrics/wait:import", "time,value,source_key\n"+day(-9)+"T08:00:00.123456Z,1e3,\"a,b\"\n"+day(-8)+"T08:00:00Z,-0.1,\"say \"\"yes\"\"\"\n", "Content-Type", "text/csv")
	as(jonas, http.MethodPost, "metrics/wait:import", "time,value,source_key\n"+day(-10)+"T08:00:00Z,5,x\n"+day(-7)+"T08:00:00Z,4.000000001,👩‍👩‍👧\n", "Content-Type", "text/csv")
	for _, value := range []string{"6", "7"} {
		as(jonas, http.MethodPost, "metrics/wait:correct", `{"time":"`+day(-10)+`T08:00:00Z","sourceKey":"x","valueBefore":`+map[string]string{"6": "5", "7": "6"}[value]+`,"value":`+value+`,"reason":"no, \"`+value+`\", 👩‍👩‍👧"}`)
	}
	post("metrics/wait/baselines?baselineId=null", `{"decision":{"reason":"1e3"}}`)
	as(jonas, http.MethodPatch, "metrics/empty", `{"source":"yes","floorAtZero":true}`)
	post("targetConditions?targetConditionId=next", `{"challenge":"teams/odd/challenges/direction","achieveByDate":"`+day(50)+`","outcomeMetric":"teams/odd/metrics/wait",
		"outcomeValue":2.5,"operatingPattern":`+quoted(odd[10]+odd[8])+`}`)
	for i, text := range odd {
		post(fmt.Sprintf("obstacles?obstacleId=o%d", i), `{"description":`+quoted("x"+text)+`}`)
	}
	post("obstacles/o1:makeCurrent", `{}`)
	post("obstacles/o2:makeCurrent", `{"insteadOf":"teams/odd/obstacles/o1","reason":`+quoted(odd[5])+`}`)
	post("obstacles/o3:settle", `{"state":"OBSTACLE_STATE_DROPPED","reason":`+quoted(odd[9])+`}`)
	post("obstacles/o5:link", `{"sameAs":"teams/odd/obstacles/o6"}`)
	post("obstacles/o7:escalate", `{"owner":"users/odd-mina","reason":`+quoted(odd[10])+`}`)
	post("obstacles/o8:escalate", `{"owner":"users/odd-mina","reason":"y"}`)
	post("obstacles/o8:answer", `{"answer":`+quoted(odd[12])+`,"state":"OBSTACLE_STATE_PARKED"}`)
	post("obstacles/o9:move", `{"after":"teams/odd/obstacles/o12"}`)
	post("valueStreams?valueStreamId=change", publishedMap(""))
	as(jonas, http.MethodPatch, "valueStreams/change", publishedMap(`,"completeAccuratePercent":80,"rejectsReturnTo":"Development"`))
	post("painfulActivities?painfulActivityId=release", `{"displayName":"no","pain":4,"frequency":"FREQUENCY_MONTHLY","targetFrequency":"FREQUENCY_DAILY"}`)
	post("painfulActivities/release:score", `{"pain":3,"frequency":"FREQUENCY_WEEKLY","note":`+quoted(odd[8])+`}`)
	as(jonas, http.MethodPatch, "coachingCadence", `{"weekdays":["WEEKDAY_MONDAY","WEEKDAY_SUNDAY"]}`)
	post("coachingSessions?coachingSessionId=first", `{"coach":"users/odd-mina","learner":"users/odd-jonas","targetConditionAnswer":`+quoted(odd[7])+`}`)
	post("capacityEntries?capacityEntryId="+day(0), `{"availableHours":40,"improvementHours":0.1}`)
	for _, cycle := range []string{"one", "two"} {
		post("cycles?cycleId="+cycle, `{"displayName":`+quoted(odd[6])+`,"targetCondition":"teams/odd/targetConditions/next",
			"currentCondition":{"metric":"teams/odd/metrics/wait","baselineValue":4,"baselineDate":"`+day(-1)+`","description":"y"},"valueStreamFocus":{"step":"null","constraint":true}}`)
		post("cycles/"+cycle+"/andons?andonId=red", `{"problem":`+quoted(odd[12])+`,"where":"on"}`)
		post("cycles/"+cycle+"/experiments?experimentId=draft", `{"displayName":"~","prediction":{"change":`+quoted(odd[11])+`,"expectedValue":1e300,"confidencePercent":50}}`)
		post("cycles/"+cycle+"/experiments?experimentId=given-up", `{"displayName":"Given up"}`)
		post("cycles/"+cycle+"/experiments/given-up:abandon", `{"reason":`+quoted(odd[4])+`}`)
		post("cycles/"+cycle+"/andons/red:resolve", `{"countermeasure":`+quoted(odd[10])+`}`)
		if cycle == "one" {
			post("cycles/one:cancel", `{"reason":`+quoted(odd[18])+`}`)
		}
	}
	post("targetConditions/next:close", `{"state":"TARGET_CONDITION_STATE_REPLACED","reason":`+quoted(odd[13])+`}`)
	post("challenges/direction:close", `{"state":"CHALLENGE_STATE_REPLACED","reason":`+quoted(odd[14])+`}`)
}

// boardTeams are the teams that richBoards makes.
var boardTeams = []string{"odd", "payments", "mobile", "platform", "filling-test"}

// richBoards makes teams in the middle of their work.
func richBoards(t *testing.T, s *started) {
	t.Helper()
	oddBoard(t, s)
	runScript(t, s.URL, s.Token)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	if err := demo.Tell(t.Context(), s.URL, s.Token, s.clock(), func(string) {}); err != nil {
		t.Fatal(err)
	}
}

// recorded is how many events a service has recorded.
func (s *started) recorded(t *testing.T) (count [2]int64) {
	t.Helper()
	for i, service := range []string{"cycle", "experiment"} {
		n, _, err := db.One[int64](t.Context(), s.logOf(service).DB().Read(), "select count(*) from event_log")
		if err != nil {
			t.Fatal(err)
		}
		count[i] = n
	}
	return count
}

// rows counts the rows of a table of the cycle service.
func (s *started) rows(t *testing.T, table string) int64 {
	t.Helper()
	n, _, err := db.One[int64](t.Context(), s.logOf("cycle").DB().Read(), "select count(*) from "+table)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// applied waits until every service has applied what the others recorded, and nothing was put aside.
func (s *started) applied(t *testing.T) {
	t.Helper()
	for _, service := range s.services {
		for _, c := range service.Consumers() {
			head, err := s.logOf(c.Source()).Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			testkit.Eventually(t, service.EventLog().Source()+" applies the events of "+c.Source(), func() bool { return c.Status().Seq >= head.Seq })
			if n := c.Status().Quarantined; n > 0 {
				t.Errorf("%s put %d events of %s aside", service.EventLog().Source(), n, c.Source())
			}
		}
	}
}

func TestABoardTravelsBetweenInstallations(t *testing.T) {
	for _, from := range dbtest.Engines {
		t.Run("from "+string(from), func(t *testing.T) {
			source := startOn(t, databaseURL(t, from))
			richBoards(t, source)
			source.applied(t)
			packed := map[string][]byte{}
			for _, team := range boardTeams {
				packed[team] = source.zipped(t, team)
				if again := source.zipped(t, team); !bytes.Equal(again, packed[team]) {
					t.Errorf("%s is exported in two ways", team)
				}
				before := source.recorded(t)
				checkOutcomes(t, source.brought(t, team, packed[team], ""), "IMPORT_OUTCOME_UNCHANGED")
				if after := source.recorded(t); after != before {
					t.Errorf("importing what is there recorded %v events after %v", after, before)
				}
			}
			for _, to := range dbtest.Engines {
				t.Run("to "+string(to), func(t *testing.T) {
					target := startOn(t, databaseURL(t, to))
					for _, team := range boardTeams {
						checkArrival(t, target, team, packed[team])
					}
					target.applied(t)
					for _, team := range boardTeams {
						if !bytes.Equal(target.zipped(t, team), packed[team]) {
							t.Errorf("%s changed after it had arrived", team)
						}
					}
				})
			}
		})
	}
}

// checkOutcomes expects the same outcome of every resource but the team.
func checkOutcomes(t *testing.T, got answer, want string) {
	t.Helper()
	resources, _ := got.Body["resources"].([]any)
	if got.Status != http.StatusOK || len(resources) < 2 {
		t.Fatalf("the import is answered %d %s", got.Status, got.Text)
	}
	for _, r := range resources {
		if at(r, "outcome") != want {
			t.Errorf("%v: %v, want %s", at(r, "resource"), at(r, "outcome"), want)
		}
	}
}

// checkArrival imports a board into an installation that has none, tried first and repeated afterwards.
func checkArrival(t *testing.T, s *started, team string, packed []byte) {
	t.Helper()
	before := s.recorded(t)
	checkOutcomes(t, s.brought(t, team, packed, "?validateOnly=true"), "IMPORT_OUTCOME_CREATED")
	if got := s.call(t, s.Token, http.MethodGet, "/v1/teams/"+team, ""); got.Status != http.StatusNotFound || s.recorded(t) != before {
		t.Errorf("a dry run left something of %s: %d", team, got.Status)
	}
	checkOutcomes(t, s.brought(t, team, packed, ""), "IMPORT_OUTCOME_CREATED")
	arrived := s.zipped(t, team)
	if !bytes.Equal(arrived, packed) {
		want, names := unzipped(t, packed)
		got, gotNames := unzipped(t, arrived)
		for _, name := range names {
			if got[name] != want[name] {
				t.Errorf("%s came back as\n%s\nwant\n%s", name, got[name], want[name])
			}
		}
		t.Errorf("the zip differs, files %d and %d", len(names), len(gotNames))
	}
	before = s.recorded(t)
	checkOutcomes(t, s.brought(t, team, packed, ""), "IMPORT_OUTCOME_UNCHANGED")
	if s.recorded(t) != before {
		t.Errorf("the second import of %s recorded something", team)
	}
}

// What was changed after the export does not come in, wherever the change is, and the answer names the file. Nothing of the
// rest comes in either.
func TestAChangedBoardIsRefused(t *testing.T) {
	s := start(t)
	oddBoard(t, s)
	packed := s.zipped(t, "odd")
	files, names := unzipped(t, packed)
	empty := start(t)
	before := empty.recorded(t)
	for name, c := range map[string]struct{ file, old, new, reason, field string }{
		"a document":              {"obstacles/o1.yaml", "x1e3", "x1e4", "ARCHIVE_INCONSISTENT", "history/obstacles/o1.yaml"},
		"a hidden field":          {"obstacles/o1.yaml", "rank: ", "rank: a", "ARCHIVE_INCONSISTENT", "obstacles/o1.yaml:"},
		"a time":                  {"obstacles/o1.yaml", "updateTime: \"2", "updateTime: \"3", "ARCHIVE_INCONSISTENT", "history/obstacles/o1.yaml"},
		"a middle of a history":   {"history/obstacles/o2.yaml", "actor: users/odd-jonas", "actor: users/odd-mina", "ARCHIVE_INCONSISTENT", "obstacles/o2.yaml:"},
		"an end of a history":     {"history/obstacles/o2.yaml", "state: OBSTACLE_STATE_CURRENT", "state: OBSTACLE_STATE_PARKED", "ARCHIVE_INCONSISTENT", "history/obstacles/o2.yaml"},
		"an event of another":     {"history/obstacles/o1.yaml", "event: ObstacleMadeCurrent", "event: CycleStarted", "ARCHIVE_FILE_INVALID", "history/obstacles/o1.yaml"},
		"an unknown event":        {"history/obstacles/o1.yaml", "event: ObstacleMadeCurrent", "event: ObstacleEaten", "ARCHIVE_FILE_INVALID", "history/obstacles/o1.yaml"},
		"a measurement":           {"metrics/wait.csv", "-0.1", "-0.2", "ARCHIVE_INCONSISTENT", "metrics/wait.yaml:"},
		"a drawing":               {"valueStreams/change/versions/1.yaml", "Intake", "Outtake", "ARCHIVE_INCONSISTENT", "valueStreams/change/versions/1.yaml:"},
		"an unknown field":        {"cycles/two.yaml", "  displayName:", "  nickname: x\n  displayName:", "ARCHIVE_FILE_INVALID", "cycles/two.yaml:5"},
		"another spelling":        {"obstacles/o1.yaml", "  description:", "  Description:", "ARCHIVE_FILE_INVALID", "obstacles/o1.yaml:"},
		"a field of the file":     {"cycles/two.yaml", "document:", "note: x\ndocument:", "ARCHIVE_FILE_INVALID", "cycles/two.yaml:3"},
		"no YAML":                 {"cycles/two.yaml", "document:", "document: [", "ARCHIVE_FILE_INVALID", "cycles/two.yaml"},
		"another name":            {"obstacles/o1.yaml", "obstacles/o1\n", "obstacles/o2\n", "ARCHIVE_INCONSISTENT", "obstacles/o1.yaml:4"},
		"another team":            {"obstacles/o1.yaml", "teams/odd/", "teams/even/", "ARCHIVE_INCONSISTENT", "obstacles/o1.yaml:4"},
		"another team's settings": {"team.yaml", "teams/odd", "teams/even", "ARCHIVE_INCONSISTENT", "team.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := map[string]string{}
			for file, content := range files {
				changed[file] = content
			}
			file := "odd/" + c.file
			if changed[file] = strings.Replace(files[file], c.old, c.new, 1); changed[file] == files[file] {
				t.Fatalf("%s does not hold %q:\n%s", file, c.old, files[file])
			}
			got := empty.brought(t, "odd", zipOf(t, changed, names), "")
			field, _ := at(got.Body, "violations", 0, "field").(string)
			if got.Status != http.StatusBadRequest || got.Body["reason"] != c.reason || !strings.HasPrefix(field, c.field) {
				t.Errorf("%d %s", got.Status, got.Text)
			}
		})
	}
	for name, c := range map[string]struct {
		leave, add, reason string
	}{
		"a resource that is left out": {"odd/cycles/two.yaml", "", "ARCHIVE_INCONSISTENT"},
		"a history that is left out":  {"odd/history/cycles/two.yaml", "", "ARCHIVE_INCONSISTENT"},
		"measurements left out":       {"odd/metrics/wait.csv", "", "ARCHIVE_INCONSISTENT"},
		"a file of nobody":            {"", "odd/notes.yaml", "ARCHIVE_FILE_UNKNOWN"},
		"an id that is none":          {"", "odd/obstacles/O_1.yaml", "ARCHIVE_FILE_UNKNOWN"},
		"an empty file":               {"", "odd/obstacles/empty.yaml", "ARCHIVE_FILE_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			var kept []string
			for _, file := range names {
				if file != c.leave {
					kept = append(kept, file)
				}
			}
			if c.add != "" {
				kept = append(kept, c.add)
			}
			if got := empty.brought(t, "odd", zipOf(t, files, kept), ""); got.Status != http.StatusBadRequest || got.Body["reason"] != c.reason {
				t.Errorf("%d %s", got.Status, got.Text)
			}
		})
	}
	if got := empty.call(t, empty.Token, http.MethodGet, "/v1/teams/odd", ""); got.Status != http.StatusNotFound || empty.recorded(t) != before {
		t.Errorf("a refused import left something: %d, %v after %v", got.Status, empty.recorded(t), before)
	}
	// Blanks, comments and line ends are no contents.
	for file := range files {
		if strings.HasSuffix(file, ".yaml") {
			files[file] = "# kept by us\r\n" + strings.ReplaceAll(files[file], "\n", "\r\n")
		}
	}
	files["odd/metrics/wait.csv"] = strings.ReplaceAll(files["odd/metrics/wait.csv"], "\n", "\r\n")
	checkOutcomes(t, empty.brought(t, "odd", zipOf(t, files, names), ""), "IMPORT_OUTCOME_CREATED")
	if !bytes.Equal(empty.zipped(t, "odd"), packed) {
		t.Error("with line ends of Windows the board is another one")
	}
	checkConflicts(t, empty, packed)
}

// checkConflicts goes on with an imported board: what came later stands against the files, and events go on counting.
func checkConflicts(t *testing.T, s *started, packed []byte) {
	t.Helper()
	s.must(t, http.MethodPatch, "/v1/teams/odd/obstacles/o5", `{"description":"other words"}`)
	s.must(t, http.MethodPost, "/v1/teams/odd/obstacles/o6:settle", `{"state":"OBSTACLE_STATE_OVERCOME","reason":"done"}`)
	before := s.recorded(t)
	got := s.brought(t, "odd", packed, "")
	if violations, _ := got.Body["violations"].([]any); got.Status != http.StatusConflict || got.Body["reason"] != "ARCHIVE_CONFLICT" || len(violations) != 2 ||
		at(violations, 0, "field") != "teams/odd/obstacles/o5" || at(violations, 1, "field") != "teams/odd/obstacles/o6" {
		t.Errorf("a board that went on: %d %s", got.Status, got.Text)
	}
	other := start(t)
	other.must(t, http.MethodPost, "/v1/teams?teamId=odd", `{"displayName":"Odd"}`)
	other.must(t, http.MethodPost, "/v1/teams/odd/obstacles?obstacleId=own", `{"description":"x"}`)
	if got := other.brought(t, "odd", packed, ""); got.Status != http.StatusConflict || at(got.Body, "violations", 0, "field") != "teams/odd/obstacles/own" {
		t.Errorf("a board of its own: %d %s", got.Status, got.Text)
	}
	again := s.zipped(t, "odd")
	checkOutcomes(t, s.brought(t, "odd", again, ""), "IMPORT_OUTCOME_UNCHANGED")
	if s.recorded(t) != before {
		t.Error("a refused import recorded something")
	}
	checkArrival(t, start(t), "odd", again)
}

// Two imports at once end as one would have, and only admins import.
func TestTwoImportsAtOnce(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := start(t)
			oddBoard(t, s)
			packed := s.zipped(t, "odd")
			target := startOn(t, databaseURL(t, engine))
			var wait sync.WaitGroup
			answers := make([]answer, 4)
			for i := range answers {
				wait.Go(func() { answers[i] = target.brought(t, "odd", packed, "") })
			}
			wait.Wait()
			for _, got := range answers {
				if got.Status != http.StatusOK {
					t.Errorf("%d %s", got.Status, got.Text)
				}
			}
			if !bytes.Equal(target.zipped(t, "odd"), packed) {
				t.Error("the board is another one")
			}
			for _, table := range []string{"obstacle_texts", "value_stream_versions", "pain_scores"} {
				if got, want := target.rows(t, table), s.rows(t, table); got != want || want == 0 {
					t.Errorf("%s has %d rows, want %d", table, got, want)
				}
			}
			target.applied(t)
			testkit.Eventually(t, "the audit log tells of it", func() bool {
				restored := target.audited(t, "actions=AUDIT_ACTION_RESTORED")
				return len(restored) == 2 && restored[0].Resource == "teams/odd" && restored[0].Actor == "users/root" &&
					len(target.audited(t, "actions=AUDIT_ACTION_EXPORTED&resource=teams/odd")) == 2
			})
			coach := s.member(t, "odd-ida", "odd", "TEAM_ROLE_COACH")
			for _, query := range []string{"", "?validateOnly=true"} {
				got := s.call(t, coach, http.MethodPost, "/v1/teams/odd:import"+query, string(packed), "Content-Type", "application/zip")
				if got.Status != http.StatusForbidden {
					t.Errorf("a coach imports: %d %s", got.Status, got.Text)
				}
			}
			viewer := s.member(t, "odd-vera", "odd", "TEAM_ROLE_VIEWER")
			if got := s.call(t, viewer, http.MethodGet, "/v1/teams/odd:export", ""); got.Status != http.StatusForbidden {
				t.Errorf("a viewer exports: %d", got.Status)
			}
			if got := s.call(t, coach, http.MethodGet, "/v1/teams/odd:export", ""); got.Status != http.StatusOK || got.Text != string(packed) {
				t.Errorf("a coach exports: %d", got.Status)
			}
		})
	}
}

// The folder on the command line: what an earlier export wrote is replaced, and what others wrote stays.
func TestTheBoardOnTheCommandLine(t *testing.T) {
	s := start(t)
	oddBoard(t, s)
	dir := t.TempDir()
	client := &restClient{url: s.URL, token: s.Token}
	export := func() string {
		t.Helper()
		var out bytes.Buffer
		if err := (&boardExportCommand{Team: "teams/odd", Dir: dir}).export(t.Context(), client, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	files, _ := unzipped(t, s.zipped(t, "odd"))
	if out := export(); !strings.HasPrefix(out, fmt.Sprint(len(files))+" files in ") {
		t.Errorf("said %s", out)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("odd/obstacles/gone.yaml", "stale")
	write("odd/history/obstacles/gone.yaml", "stale")
	write("odd/notes.md", "ours")
	write("odd/.git/config", "ours")
	write("even/notes.md", "ours")
	export()
	for name, there := range map[string]bool{"odd/obstacles/gone.yaml": false, "odd/history/obstacles/gone.yaml": false, "odd/notes.md": true, "odd/.git/config": true, "even/notes.md": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, content := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "odd", "notes.md")); err != nil {
		t.Fatal(err)
	}
	target := start(t)
	bring := func(command boardImportCommand) (string, error) {
		var out bytes.Buffer
		err := command.restore(t.Context(), &restClient{url: target.URL, token: target.Token}, &out)
		return out.String(), err
	}
	if out, err := bring(boardImportCommand{Dir: dir + "/odd", DryRun: true}); err != nil || !strings.Contains(out, "created  teams/odd/cycles/one") || !strings.Contains(out, "A dry run: ") {
		t.Errorf("a dry run: %v\n%s", err, out)
	}
	if out, err := bring(boardImportCommand{Dir: dir + "/odd"}); err != nil || !strings.HasSuffix(out, " created, 0 unchanged\n") {
		t.Errorf("an import: %v\n%s", err, out)
	}
	if out, err := bring(boardImportCommand{Dir: dir + "/odd"}); err != nil || !strings.Contains(out, "\n0 created, ") {
		t.Errorf("again: %v\n%s", err, out)
	}
	for given, want := range map[string]string{dir: "give the team's own folder", filepath.Join(dir, "none"): "holds no team.yaml"} {
		if _, err := bring(boardImportCommand{Dir: given}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", given, err)
		}
	}
	if err := (&boardExportCommand{Team: "even", Dir: dir}).export(t.Context(), client, io.Discard); err == nil {
		t.Error("a team that is not there is exported")
	}
	write("payments/cycles/x.yaml", "somebody else's")
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	if err := (&boardExportCommand{Team: "payments", Dir: dir}).export(t.Context(), client, io.Discard); err == nil || !strings.Contains(err.Error(), "choose another folder") {
		t.Errorf("a folder of somebody else: %v", err)
	}
}

// A board comes to services that are processes of their own, and a refusal finds its way back from there.
func TestABoardTravelsToNineProcesses(t *testing.T) {
	s := start(t)
	oddBoard(t, s)
	packed := s.zipped(t, "odd")
	a := spawnApart(t, false)
	target := &started{URL: a.url, Token: a.token}
	for _, list := range []string{"/v1/teams/odd/obstacles", "/v1/teams/odd/metrics"} { // an import is a stream, which nobody sends again
		testkit.Eventually(t, "each process knows who is calling", func() bool {
			return target.call(t, target.Token, http.MethodGet, list, "").Status != http.StatusServiceUnavailable
		})
	}
	checkOutcomes(t, target.brought(t, "odd", packed, "?validateOnly=true"), "IMPORT_OUTCOME_CREATED")
	checkOutcomes(t, target.brought(t, "odd", packed, ""), "IMPORT_OUTCOME_CREATED")
	if !bytes.Equal(target.zipped(t, "odd"), packed) {
		t.Error("the board is another one")
	}
	files, names := unzipped(t, packed)
	files["odd/metrics/wait.yaml"] += "note: x\n"
	if got := target.brought(t, "odd", zipOf(t, files, names), ""); got.Status != http.StatusBadRequest || got.Body["reason"] != "ARCHIVE_FILE_INVALID" {
		t.Errorf("a changed file: %d %s", got.Status, got.Text)
	}
}
