package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

type importCommand struct {
	CSV       importCSVCommand       `cmd:"" name:"csv" help:"Import from CSV: team, team_display_name, time_zone, user, display_name, email, role."`
	Backstage importBackstageCommand `cmd:"" help:"Import groups and users of a Backstage catalogue."`
}

// importFile is what both forms have in common.
type importFile struct {
	File   string `short:"f" required:"" placeholder:"FILE" help:"The file; - reads what is piped in."`
	DryRun bool   `help:"Only say what would be done."`
}

type importCSVCommand struct{ importFile }

// Run imports the file into the program at FORTNIGHT_URL.
func (c *importCSVCommand) Run(ctx context.Context) error {
	return c.send(ctx, os.Stdout, &identityv1.ImportDirectoryRequest{Format: identityv1.DirectoryFormat_DIRECTORY_FORMAT_CSV})
}

type importBackstageCommand struct {
	importFile
	GroupType []string `placeholder:"TYPE" help:"Types of groups that are teams; team when not given."`
}

// Run imports the file into the program at FORTNIGHT_URL.
func (c *importBackstageCommand) Run(ctx context.Context) error {
	return c.send(ctx, os.Stdout, &identityv1.ImportDirectoryRequest{
		Format: identityv1.DirectoryFormat_DIRECTORY_FORMAT_BACKSTAGE, GroupTypes: c.GroupType,
	})
}

func (c *importFile) send(ctx context.Context, out io.Writer, req *identityv1.ImportDirectoryRequest) error {
	content, err := c.read()
	if err != nil {
		return err
	}
	client, err := newRESTClient()
	if err != nil {
		return err
	}
	req.Content, req.ValidateOnly = string(content), c.DryRun
	answer := &identityv1.ImportDirectoryResponse{}
	if err := client.post(ctx, "/v1/directory:import", req, answer); err != nil {
		return err
	}
	return reportImport(out, answer)
}

func (c *importFile) read() ([]byte, error) {
	if c.File == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(filepath.Clean(c.File))
}

// reportImport prints what was done, or would be, or is wrong. Problems are an error.
func reportImport(out io.Writer, answer *identityv1.ImportDirectoryResponse) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if problems := answer.GetProblems(); len(problems) > 0 {
		fmt.Fprintln(table, "LINE\tCOLUMN\tREASON\tWHAT TO DO")
		for _, p := range problems {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", p.GetLine(), p.GetColumn(), p.GetReason(), p.GetDescription())
		}
		if err := table.Flush(); err != nil {
			return err
		}
		return errors.New("nothing was changed: mend the lines above and import the file again")
	}
	counts := map[identityv1.DirectoryAction]int{}
	fmt.Fprintln(table, "LINE\tACTION\tRESOURCE")
	for _, c := range answer.GetChanges() {
		counts[c.GetAction()]++
		fmt.Fprintf(table, "%d\t%s\t%s\n", c.GetLine(), strings.ToLower(strings.TrimPrefix(c.GetAction().String(), "DIRECTORY_ACTION_")), c.GetResource())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	form := "%d created, %d updated, %d kept\n"
	if !answer.GetApplied() {
		form = "A dry run: %d would be created, %d updated, %d kept\n"
	}
	_, err := fmt.Fprintf(out, form, counts[identityv1.DirectoryAction_DIRECTORY_ACTION_CREATE],
		counts[identityv1.DirectoryAction_DIRECTORY_ACTION_UPDATE], counts[identityv1.DirectoryAction_DIRECTORY_ACTION_KEEP])
	return err
}
