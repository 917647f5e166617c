package store_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func always(string) bool { return true }

// recognize is what the team's obstacle is recognised as.
func recognize(t testing.TB, l *eventlog.Log, name string) domain.Sames {
	t.Helper()
	if err := store.IndexNewWords(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	row, err := store.Obstacles.Get(t.Context(), l, name)
	if err != nil {
		t.Fatal(err)
	}
	own := store.TextOf(row.Value)
	texts, err := store.TextsLike(t.Context(), l.DB().Read(), own)
	if err != nil {
		t.Fatal(err)
	}
	same := domain.Recognize(own, texts, always)
	if _, err := store.ObstaclesNamed(t.Context(), l, same.Names()); err != nil {
		t.Fatal(err)
	}
	return same
}

// migrationsUpTo are the migrations with smaller numbers.
func migrationsUpTo(t *testing.T, number string) fs.FS {
	t.Helper()
	older := fstest.MapFS{}
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := fs.ReadDir(migrations.FS, engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if file.Name() >= number {
				continue
			}
			data, err := fs.ReadFile(migrations.FS, engine+"/"+file.Name())
			if err != nil {
				t.Fatal(err)
			}
			older[engine+"/"+file.Name()] = &fstest.MapFile{Data: data}
		}
	}
	return older
}

// What was entered before there were ranks keeps its order, takes part in moves, and is recognised.
func TestObstaclesFromBefore(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			cfg := dbtest.Config(t, engine)
			cfg.Migrations = db.Merge(eventlog.Migrations, migrationsUpTo(t, "0050"))
			before := dbtest.Start(t, cfg)
			err := before.Write(t.Context(), func(tx *db.Tx) error {
				for id, state := range map[string]string{"b": "PARKED", "a": "PARKED", "d": "OVERCOME", "c": "CURRENT", "e": "ESCALATED", "f": "PARKED"} {
					name := team + "/obstacles/" + id
					doc := `{"name":"` + name + `","description":"Reviews wait \u0000 ` + id + `","state":"` + state + `"}`
					if _, err := tx.Exec("insert into obstacles (name, parent, team, state, sort_key, version, doc, create_time, update_time)"+
						" values ($1, $2, 'payments', $3, $1, 1, $4, 1, 1)", name, team, state, doc); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := before.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.Migrations = db.Merge(eventlog.Migrations, migrations.FS)
			l, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "cycle", nil)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := store.Obstacles.All(t.Context(), l.DB().Read(), l, team)
			if err != nil {
				t.Fatal(err)
			}
			var order strings.Builder
			recurrences := map[string]bool{}
			for _, row := range rows {
				order.WriteString(strings.TrimPrefix(row.Value.Name, team+"/obstacles/"))
				recurrences[row.Value.Recurrence] = true
				if (row.Value.State == domain.ObstacleParked) != (row.Value.Rank != "") {
					t.Errorf("%+v", row.Value)
				}
			}
			if order.String() != "cabfed" || len(recurrences) != 6 || recurrences[""] {
				t.Errorf("order %s, recurrence ids %v", order.String(), recurrences)
			}
			do(t, l, func(tx *eventlog.Tx) error {
				front, err := store.RankAtFront(tx, team, "new")
				if err != nil {
					return err
				}
				end, err := store.RankAtEnd(tx, team, "new")
				if front >= rows[1].Value.Rank || end <= rows[3].Value.Rank {
					t.Errorf("front %s, end %s, between %s and %s", front, end, rows[1].Value.Rank, rows[3].Value.Rank)
				}
				return err
			})
			if same := recognize(t, l, team+"/obstacles/a"); len(same) != 5 {
				t.Errorf("recognised %v", same)
			}
		})
	}
}

// A lot in which ranks are missing gets them when one is needed behind these.
func TestRankBehindOnesWithout(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, team, map[string]string{"obstacles/a": "PARKED", "obstacles/b": "PARKED"})
		do(t, l, func(tx *eventlog.Tx) error {
			rank, err := store.RankAtEnd(tx, team, team+"/obstacles/c")
			if err != nil {
				return err
			}
			lot, err := store.ParkingLot(tx, team)
			if len(lot) != 2 || lot[0].Rank >= lot[1].Rank || lot[1].Rank >= rank || lot[0].Name != team+"/obstacles/a" {
				t.Errorf("the lot is %v, and %s comes behind", lot, rank)
			}
			return err
		})
	})
}

// The words and the recurrence id follow the obstacle.
func TestRecognizedByWhatItSaysNow(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		do(t, l, func(tx *eventlog.Tx) error {
			for id, text := range map[string]string{"a": "Reviews wait for volunteers", "b": "No environment", "c": "???"} {
				if _, err := store.Obstacles.Create(tx, domain.NewObstacle(team+"/obstacles/"+id, text, "i00"+id, "r"+id), domain.ObstacleParkedAgain); err != nil {
					return err
				}
			}
			return nil
		})
		change := func(rule func(o *domain.Obstacle) ([]domain.Event, error)) {
			t.Helper()
			do(t, l, func(tx *eventlog.Tx) error {
				_, err := store.Obstacles.Update(tx, team+"/obstacles/b", "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) { return rule(o) })
				return err
			})
		}
		check := func(want string) {
			t.Helper()
			if got := fmt.Sprint(recognize(t, l, team+"/obstacles/a")); got != want {
				t.Errorf("recognised %s, want %s", got, want)
			}
		}
		check("[]")
		change(func(o *domain.Obstacle) ([]domain.Event, error) {
			return o.Edit("volunteers; " + strings.Repeat("Ǆ", 400)) // in form NFKC a word that is no key for Postgres unless it is cut
		})
		check("[]")
		change(func(o *domain.Obstacle) ([]domain.Event, error) {
			return o.Edit("ＲＥＶＩＥＷＳ wait - for volunteers")
		})
		check("[{teams/payments/obstacles/b 100 false}]")
		change(func(o *domain.Obstacle) ([]domain.Event, error) { return o.Link("ra"), nil })
		check("[{teams/payments/obstacles/b 100 true}]")
		change(func(o *domain.Obstacle) ([]domain.Event, error) { return o.Edit("No environment") })
		check("[{teams/payments/obstacles/b 0 true}]")
	})
}

// BenchmarkRecognize is the recognition of one of 20,000 obstacles of 1,000 teams: of one with the words that people use, of which
// some are in every tenth text, and of one that a tenth of all teams entered in the same words.
func BenchmarkRecognize(b *testing.B) {
	l := testkit.New(b).Log(db.SQLite, "cycle", migrations.FS)
	random := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(random, 1.1, 8, 3000)
	for from := 0; from < 20_000; from += 1000 {
		if err := l.Do(b.Context(), func(tx *eventlog.Tx) error {
			for i := from; i < from+1000; i++ {
				words := []string{"Reviews", "wait", "for", "volunteers", "on", "Fridays"}
				if i%200 != 0 {
					for j := range words {
						words[j] = fmt.Sprintf("word%d", often.Uint64())
					}
				}
				name := fmt.Sprintf("teams/t%d/obstacles/o%d", i%1000, i)
				o := domain.NewObstacle(name, strings.Join(words, " "), "i000", fmt.Sprint("r", i))
				if _, err := store.Obstacles.Create(tx, o, domain.ObstacleParkedAgain); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	for name, obstacle := range map[string]string{"usual": "teams/t7/obstacles/o7", "repeated": "teams/t0/obstacles/o0"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				recognize(b, l, obstacle)
			}
		})
	}
}
