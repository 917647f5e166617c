package archive

import (
	"cmp"
	"context"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// readAgain is how often a team is read that others change at the same time.
const readAgain = 20

// Export returns the files of a team, `teams/{team}`, in the order of their paths. They show the team at one moment.
func (p *Part) Export(ctx context.Context, team string) ([]File, error) {
	all, err := p.snapshot(ctx, team)
	if err != nil {
		return nil, err
	}
	var files []File
	for i := range all {
		of, err := all[i].files()
		if err != nil {
			return nil, fault.From(err)
		}
		files = append(files, of...)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// snapshot reads a team until nobody has changed it meanwhile: a transaction for all of it would hold up every writer.
func (p *Part) snapshot(ctx context.Context, team string) ([]resource, error) {
	for range readAgain {
		all, err := p.resources(ctx, p.Log.DB().Read(), team)
		if err != nil {
			return nil, err
		}
		same, err := p.unchanged(ctx, team, all)
		if err != nil || same {
			return all, err
		}
	}
	return nil, fault.New(fault.Unavailable, "TEAM_BUSY", "The team is being changed all the time; try again.")
}

func (p *Part) unchanged(ctx context.Context, team string, all []resource) (bool, error) {
	n := 0
	for i := range p.Kinds {
		rows, err := p.Kinds[i].rows(ctx, p.Log.DB().Read(), p.Log, teamOf(team))
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			if n >= len(all) || all[n].name != r.name || all[n].version != r.version {
				return false, nil
			}
			n++
		}
	}
	return n == len(all), nil
}
