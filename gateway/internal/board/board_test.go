package board

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

type entry struct {
	name, content string
	mode          fs.FileMode
}

func pack(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			header.SetMode(e.mode)
		}
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = w.Write([]byte(e.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var team = entry{name: "payments/team.yaml", content: "name: teams/payments\n"}

func TestUnpack(t *testing.T) {
	for name, entries := range map[string][]entry{
		"an export":           {team, {name: "payments/cycles/one.yaml", content: "x"}},
		"with folders":        {{name: "payments/", mode: fs.ModeDir | 0o755}, team, {name: "payments/cycles/", mode: fs.ModeDir | 0o755}, {name: "payments/cycles/one.yaml", content: "x"}},
		"without its folder":  {{name: "team.yaml"}, {name: "cycles/one.yaml", content: "x"}},
		"in a deeper folder":  {{name: "repository/boards/payments/cycles/one.yaml", content: "x"}, {name: "repository/boards/payments/team.yaml"}},
		"in its folder twice": {team, {name: "payments/cycles/one.yaml", content: "x"}, {name: "payments/cycles/deep/team.yaml"}},
	} {
		files, err := unpack(pack(t, entries...))
		if err != nil || files[0].path != "cycles/one.yaml" && files[1].path != "cycles/one.yaml" {
			t.Errorf("%s: %v %v", name, files, err)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	large := strings.Repeat("0", maxFile+1)
	for name, c := range map[string]struct {
		reason  string
		entries []entry
	}{
		"out of the folder": {"ARCHIVE_INVALID", []entry{team, {name: "payments/../../etc/passwd"}}},
		"above":             {"ARCHIVE_INVALID", []entry{team, {name: "../x"}}},
		"an absolute path":  {"ARCHIVE_INVALID", []entry{team, {name: "/etc/passwd"}}},
		"a path of Windows": {"ARCHIVE_INVALID", []entry{team, {name: `payments\x`}}},
		"a drive":           {"ARCHIVE_INVALID", []entry{team, {name: "C:/x"}}},
		"a dot":             {"ARCHIVE_INVALID", []entry{team, {name: "payments/./x.yaml"}}},
		"a file twice":      {"ARCHIVE_INVALID", []entry{team, team}},
		"in another case":   {"ARCHIVE_INVALID", []entry{team, {name: "payments/A.yaml"}, {name: "payments/a.yaml"}}},
		"a link":            {"ARCHIVE_INVALID", []entry{team, {name: "payments/x.yaml", content: "/etc/passwd", mode: fs.ModeSymlink | 0o777}}},
		"a device":          {"ARCHIVE_INVALID", []entry{team, {name: "payments/x.yaml", mode: fs.ModeDevice | 0o600}}},
		"no team":           {"ARCHIVE_INVALID", []entry{{name: "payments/cycles/one.yaml"}}},
		"beside the folder": {"ARCHIVE_FILE_UNKNOWN", []entry{team, {name: "README.md"}}},
		"a large file":      {"ARCHIVE_TOO_LARGE", []entry{team, {name: "payments/x.yaml", content: large}}},
		"large ones together": {"ARCHIVE_TOO_LARGE", []entry{
			team, {name: "payments/metrics/a.csv", content: strings.Repeat(large, 4)}, {name: "payments/metrics/b.csv", content: strings.Repeat(large, 4)},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpack(pack(t, c.entries...))
			var p *problem.Problem
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest || p.Reason != c.reason {
				t.Errorf("%v, want %s", err, c.reason)
			}
		})
	}
	if _, err := unpack([]byte("no zip")); err == nil {
		t.Error("what is no zip is taken")
	}
	if files, err := unpack(pack(t, team, entry{name: "payments/metrics/a.csv", content: large})); err != nil || len(files) != 2 {
		t.Errorf("a large file of measurements: %v", err)
	}
}

func TestTheTeamsFile(t *testing.T) {
	given := &identityv1.Team{
		Name: "teams/payments", DisplayName: "yes: #1", TimeZone: "Europe/Berlin", CycleDays: 14, Etag: "x", ProvisionedBy: "x", ExternalId: "x",
		State: identityv1.TeamState_TEAM_STATE_ACTIVE, WorkingDays: []identityv1.Weekday{identityv1.Weekday_WEEKDAY_MONDAY},
	}
	content, err := teamFile(given)
	if err != nil {
		t.Fatal(err)
	}
	back, err := readTeam(content, "teams/payments")
	if err != nil || back.GetDisplayName() != given.GetDisplayName() || back.GetCycleDays() != 14 || len(back.GetWorkingDays()) != 1 || back.GetEtag()+back.GetProvisionedBy()+back.GetExternalId() != "" || back.GetState() != 0 {
		t.Errorf("%v %v from\n%s", back, err, content)
	}
	for _, wrong := range []string{"", "name: teams/search\n", "name: teams/payments\nboss: x\n", "- x\n", "name: [\n"} {
		if _, err := readTeam([]byte(wrong), "teams/payments"); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestWhichServiceAFileIsOf(t *testing.T) {
	for file, want := range map[string]string{
		"cycles/one.yaml": "cycle", "cycles/one/andons/red.yaml": "cycle", "cycles/one/experiments/x.yaml": "experiment", "metrics/wait.csv": "experiment",
		"history/metrics/wait.yaml": "experiment", "history/cycles/one/experiments/x.yaml": "experiment", "obstacles/experiments.yaml": "cycle", "notes.txt": "cycle",
	} {
		if got := sourceOf(file); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
}

func TestTheReadme(t *testing.T) {
	b := &board{team: &identityv1.Team{Name: "teams/payments", DisplayName: "Payments"}}
	for file, content := range map[string]string{
		"challenges/old.yaml":              "document: {name: teams/payments/challenges/old, state: MET, statement: Old}",
		"challenges/direction.yaml":        "document: {name: teams/payments/challenges/direction, state: ACTIVE, statement: 'Every change, <within> a day', horizonDate: '2027-01-01'}",
		"obstacles/b.yaml":                 "document: {name: teams/payments/obstacles/b, state: PARKED, description: Second, rank: b}",
		"obstacles/a.yaml":                 "document: {name: teams/payments/obstacles/a, state: PARKED, description: Third, rank: c}",
		"obstacles/c.yaml":                 "document: {name: teams/payments/obstacles/c, state: CURRENT, description: \"First | of\\nall\"}",
		"cycles/one.yaml":                  "document: {name: teams/payments/cycles/one, state: FINISHED, startDate: '2026-01-05', endDate: '2026-01-19', phase: ACT}",
		"cycles/one/experiments/rota.yaml": "document: {name: teams/payments/cycles/one/experiments/rota, displayName: Rota, state: CONCLUDED, outcome: {happened: It fell, learned: Owners matter}}",
	} {
		if !b.wants(file) {
			t.Errorf("%s is not read", file)
		}
		if err := b.add(file, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	text := string(b.markdown())
	for _, want := range []string{
		"# Payments\n", "until 2027-01-01: Every change, &lt;within> a day\n", "- ★ First \\| of all (current)\n- Second (parked)\n- Third (parked)\n",
		"| one | 2026-01-05 | 2026-01-19 | finished | ACT |  |\n", "### Rota\n\n- In: one (concluded)\n- Happened: It fell\n- Learned: Owners matter\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Old") || b.wants("cycles/one/andons/red.yaml") || b.wants("history/cycles/one.yaml") {
		t.Error("the README tells of what is over")
	}
}
