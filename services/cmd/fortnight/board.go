package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

type boardCommand struct {
	Export boardExportCommand `cmd:"" help:"Write a team's board and history as files. It asks the program at FORTNIGHT_URL with the token in FORTNIGHT_TOKEN."`
	Import boardImportCommand `cmd:"" help:"Restore a team's board and history from its files, with an admin's token."`
}

type boardExportCommand struct {
	Team string `arg:"" help:"The team, for instance payments."`
	Dir  string `arg:"" help:"The folder in which the team's folder is written. Files of an earlier export in it are replaced."`
}

type boardImportCommand struct {
	Dir    string `arg:"" help:"The team's folder, the one that holds team.yaml."`
	DryRun bool   `help:"Only say what would be done."`
}

const (
	// boardTimeout bounds an export or import as a whole.
	boardTimeout = 5 * time.Minute
	teamFile     = "team.yaml"
)

// Run writes the files of the team.
func (c *boardExportCommand) Run(ctx context.Context) error {
	client, err := newRESTClient()
	if err != nil {
		return err
	}
	return c.export(ctx, client, os.Stdout)
}

func (c *boardExportCommand) export(ctx context.Context, client *restClient, out io.Writer) error {
	team := strings.TrimPrefix(c.Team, "teams/")
	if !teamID.MatchString(team) {
		return fmt.Errorf("%q is no team: give its id, for instance payments", c.Team)
	}
	ctx, cancel := context.WithTimeout(ctx, boardTimeout)
	defer cancel()
	answer, err := client.send(ctx, http.MethodGet, "/v1/teams/"+team+":export", nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	body, err := io.ReadAll(answer)
	if err != nil {
		return fmt.Errorf("the export broke off, and nothing was written: %w", err)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return fmt.Errorf("the answer is no zip, and nothing was written: %w", err)
	}
	dir := filepath.Join(filepath.Clean(c.Dir), team)
	n, err := writeBoard(dir, team, z)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d files in %s\n", n, dir)
	return err
}

var teamID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// boardFile are the files that an export may have written in a team's folder.
var boardFile = regexp.MustCompile(`^(README\.md|team\.yaml|(history/)?(coachingCadence|(challenges|targetConditions|obstacles|cycles|valueStreams|` +
	`painfulActivities|coachingSessions|capacityEntries|metrics)(/[a-zA-Z0-9-]+)+)\.(yaml|csv))$`)

// writeBoard writes the files of a zip into a team's folder, and takes away those of an export before.
func writeBoard(dir, team string, z *zip.Reader) (int, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, err
	}
	stale, err := written(dir)
	if err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir) // nothing can be written outside of it, whatever the zip says
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, team+"/")
		if !ok || !boardFile.MatchString(name) {
			return 0, fmt.Errorf("the export holds %q, which is no file of a board", f.Name)
		}
		delete(stale, name)
		if err := writeFile(root, name, f); err != nil {
			return 0, err
		}
	}
	for name := range stale {
		if err := root.Remove(name); err != nil {
			return 0, err
		}
	}
	return len(z.File), nil
}

func writeFile(root *os.Root, name string, f *zip.File) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	content, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(name), 0o750); err != nil {
		return err
	}
	return root.WriteFile(name, content, 0o640)
}

// written are the files of an export in a folder. A folder that holds something and no team.yaml is not one of ours.
func written(dir string) (map[string]bool, error) {
	found, others := map[string]bool{}, false
	err := filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); entry.Type().IsRegular() && boardFile.MatchString(name) {
			found[name] = true
		} else if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			others = true
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && at != dir {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if (others || len(found) > 0) && !found[teamFile] {
		return nil, fmt.Errorf("%s holds files and no team.yaml, so it is no export of a board: choose another folder", dir)
	}
	return found, nil
}

// Run imports the folder into the program at FORTNIGHT_URL.
func (c *boardImportCommand) Run(ctx context.Context) error {
	client, err := newRESTClient()
	if err != nil {
		return err
	}
	return c.restore(ctx, client, os.Stdout)
}

func (c *boardImportCommand) restore(ctx context.Context, client *restClient, out io.Writer) error {
	team, packed, err := packBoard(filepath.Clean(c.Dir))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, boardTimeout)
	defer cancel()
	query := ""
	if c.DryRun {
		query = "?validateOnly=true"
	}
	answered, err := client.sendAs(ctx, http.MethodPost, "/v1/teams/"+team+":import"+query, "application/zip", packed)
	if err != nil {
		return err
	}
	defer func() { _ = answered.Close() }()
	var answer struct {
		Resources []struct{ Resource, Outcome string }
	}
	if err := json.NewDecoder(answered).Decode(&answer); err != nil {
		return fmt.Errorf("the answer cannot be read; import again to see what came of it: %w", err)
	}
	counts := map[string]int{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OUTCOME\tRESOURCE")
	for _, r := range answer.Resources {
		outcome := strings.ToLower(strings.TrimPrefix(r.Outcome, "IMPORT_OUTCOME_"))
		counts[outcome]++
		fmt.Fprintf(table, "%s\t%s\n", outcome, r.Resource)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	form := "%d created, %d unchanged\n"
	if c.DryRun {
		form = "A dry run: %d would be created, %d are unchanged\n"
	}
	_, err = fmt.Fprintf(out, form, counts["created"], counts["unchanged"])
	return err
}

var teamName = regexp.MustCompile(`(?m)^name: "?teams/([a-z0-9-]+)"?\s*$`)

// packBoard zips a team's folder. Files and folders whose name begins with a dot are not the board's.
func packBoard(dir string) (team string, packed *bytes.Buffer, err error) {
	settings, err := os.ReadFile(filepath.Join(dir, teamFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s holds no team.yaml: give the team's own folder, such as boards/payments", dir)
	}
	if err != nil {
		return "", nil, err
	}
	name := teamName.FindSubmatch(settings)
	if name == nil {
		return "", nil, fmt.Errorf("%s does not say which team it is: it needs a line such as `name: teams/payments`", filepath.Join(dir, teamFile))
	}
	root, err := os.OpenRoot(dir) // nothing outside of it is read, even when somebody puts a link there meanwhile
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = root.Close() }()
	packed = &bytes.Buffer{}
	z := zip.NewWriter(packed)
	err = fs.WalkDir(root.FS(), ".", func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case at != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is no file: a board has only files, no links", filepath.Join(dir, at))
		}
		content, err := root.ReadFile(at)
		if err != nil {
			return err
		}
		file, err := z.Create(at)
		if err == nil {
			_, err = file.Write(content)
		}
		return err
	})
	if err == nil {
		err = z.Close()
	}
	return string(name[1]), packed, err
}
