package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// pages is the names on all pages of a list.
func pages(ctx context.Context, t rapid.TB, l *eventlog.Log, reader store.Reader, q store.ListQuery) (names []string) {
	for {
		rows, next, err := store.List(ctx, l, reader, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			names = append(names, row.Value.Name)
		}
		if q.PageToken = next; next == "" {
			return names
		}
	}
}

// Whatever is asked for, and however small the pages are: what is listed is what a look at every learning finds.
func TestListsChooseAndPage(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		const learnings = 24
		byName := map[string]*domain.Learning{}
		var changed []string // latest change first
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		do := func(fn func(tx *eventlog.Tx) error) { must(l.Do(t.Context(), fn)) }
		for i := range learnings {
			do(func(tx *eventlog.Tx) error {
				x := &domain.Learning{
					Name: fmt.Sprintf("learnings/l%02d", i), Team: []string{"teams/a", "teams/b", ""}[i%3], Claim: fmt.Sprint("Claim number ", i), State: domain.Draft,
					Since: monday.Add(time.Duration(i*7%learnings) * time.Hour), Tags: [][]string{nil, {"red"}, {"red", "blue"}, {"blue"}}[i%4],
				}
				byName[x.Name], changed = x, append([]string{x.Name}, changed...)
				_, err := store.Create(tx, x, domain.LearningDrafted)
				return err
			})
		}
		for i := range learnings {
			if i%5 == 0 {
				continue
			}
			name := fmt.Sprintf("learnings/l%02d", i)
			do(func(tx *eventlog.Tx) error {
				row, err := store.Change(tx, name, "", func(x *domain.Learning, now time.Time) ([]domain.Event, error) {
					x.Tags = slices.Compact(append(x.Tags, "new"))
					return x.Publish(domain.Settings{}, now)
				})
				byName[name] = row.Value
				return err
			})
			changed = append([]string{name}, slices.DeleteFunc(changed, func(n string) bool { return n == name })...)
		}
		do(func(tx *eventlog.Tx) error {
			_, err := store.Settings.Create(tx, &domain.Settings{
				Name: "teams/a/knowledgeSettings", FollowedTags: []string{"blue"}, FollowedTeams: []string{"teams/b"},
				FollowedLearnings: []string{"learnings/l03", "learnings/none"},
			}, domain.KnowledgeSettingsUpdated)
			return err
		})
		learned := slices.Sorted(func(yield func(string) bool) {
			for name := range byName {
				if !yield(name) {
					return
				}
			}
		})
		slices.SortFunc(learned, func(a, b string) int { return byName[b].Since.Compare(byName[a].Since) })
		ctx := t.Context()
		rapid.Check(t, func(t *rapid.T) {
			reader := store.Reader{
				Principal: "users/mina", Everything: rapid.Bool().Draw(t, "everything"),
				Teams: rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(t, "teams"),
			}
			q := store.ListQuery{
				Team: rapid.SampledFrom([]string{"", "a"}).Draw(t, "team"), Tag: rapid.SampledFrom([]string{"", "red", "blue", "new", "none"}).Draw(t, "tag"),
				FollowedBy:        rapid.SampledFrom([]string{"", "teams/a", "teams/b"}).Draw(t, "followed by"),
				LatestChangeFirst: rapid.Bool().Draw(t, "latest change first"), PageSize: rapid.Int32Range(1, 7).Draw(t, "page size"),
				States: rapid.SampledFrom([][]domain.State{nil, {domain.Draft}, {domain.Published, domain.Retired}}).Draw(t, "states"),
			}
			var want []string
			for _, name := range map[bool][]string{false: learned, true: changed}[q.LatestChangeFirst] {
				x := byName[name]
				follows := slices.Contains(x.Tags, "blue") || x.Team == "teams/b" || name == "learnings/l03"
				switch {
				case q.Team != "" && x.TeamID() != q.Team, q.Tag != "" && !slices.Contains(x.Tags, q.Tag), len(q.States) > 0 && !slices.Contains(q.States, x.State):
				case q.FollowedBy == "teams/b", q.FollowedBy == "teams/a" && !follows:
				case x.State == domain.Draft && !reader.Everything && !slices.Contains(reader.Teams, x.TeamID()):
				default:
					want = append(want, name)
				}
			}
			if got := pages(ctx, t, l, reader, q); !slices.Equal(got, want) {
				t.Fatalf("%+v by %+v:\ngot  %q\nwant %q", q, reader, got, want)
			}
		})
	})
}

// What was there before there were lists by tag is listed too.
func TestTagsOfOldLearningsAreFound(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			before := fstest.MapFS{}
			for _, directory := range []string{"sqlite", "postgres"} {
				entries, err := fs.ReadDir(tables, directory)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					file := path.Join(directory, e.Name())
					data, err := fs.ReadFile(tables, file)
					if err != nil {
						t.Fatal(err)
					}
					if e.Name() < "0025" {
						before[file] = &fstest.MapFile{Data: data}
					}
				}
			}
			cfg := dbtest.Config(t, engine)
			cfg.Migrations = before
			d, err := db.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Write(t.Context(), func(tx *db.Tx) error {
				for name, doc := range map[string]string{
					"learnings/a": `{"name":"learnings/a","claim":"x","state":"PUBLISHED","tags":["red","blue","red"]}`,
					"learnings/b": `{"name":"learnings/b","claim":"y","state":"PUBLISHED"}`,
				} {
					if _, err := tx.Exec("insert into learnings (name, parent, team, state, sort_key, version, doc, create_time, update_time)"+
						" values ($1, '', 'payments', 'PUBLISHED', '1', 1, $2, 1, 1)", name, doc); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.Migrations = tables
			l := openLog(t, dbtest.Start(t, cfg))
			for tag, want := range map[string]int{"red": 1, "blue": 1, "green": 0} {
				if got := pages(t.Context(), t, l, store.Reader{}, store.ListQuery{Tag: tag}); len(got) != want {
					t.Errorf("%s: %q", tag, got)
				}
			}
		})
	}
}
