package db_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// files makes a file system of the same files for both engines.
func files(named map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range named {
		m["sqlite/"+name] = &fstest.MapFile{Data: []byte(text)}
		m["postgres/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestMigrations(t *testing.T) {
	first := map[string]string{
		"0010_a.sql": "create table a (x bigint);\n-- two statements\ninsert into a values (1);",
		"0011_b.sql": "insert into a select x + 1 from a;",
	}
	with := func(more map[string]string) fs.FS {
		all := map[string]string{}
		for _, m := range []map[string]string{first, more} {
			for name, text := range m {
				all[name] = text
			}
		}
		return files(all)
	}
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			ctx := context.Background()
			cfg := dbtest.Config(t, engine)
			cfg.Clock = func() time.Time { return time.Unix(42, 0) }
			steps := []struct {
				name   string
				fs     fs.FS
				reason string
				says   string
				rows   int64 // of table a afterwards
			}{
				{"first start", with(nil), "", "", 2},
				{"second start", with(nil), "", "", 2},
				{"broken", with(map[string]string{"0012_c.sql": "insert into a values (9); insert into nowhere values (1);"}), "MIGRATION_FAILED", "0012_c.sql", 2},
				{"repaired", with(map[string]string{"0012_c.sql": "insert into a values (9);"}), "", "", 3},
				{"a platform file added later", with(map[string]string{"0001_p.sql": "insert into a values (0);", "0012_c.sql": "x"}), "", "", 4},
				{"an older program", with(nil), "DATABASE_NEWER", "0001_p.sql", 4},
				{"no such folder", fstest.MapFS{}, "MIGRATIONS_INVALID", "", 4},
			}
			for _, s := range steps {
				cfg.Migrations = s.fs
				d, err := db.Open(ctx, cfg)
				if reason(err) != s.reason || err != nil && !strings.Contains(fault.From(err).Message, s.says) {
					t.Fatalf("%s: got %v, want %q with %q", s.name, err, s.reason, s.says)
				}
				if d != nil {
					if err := d.Close(); err != nil {
						t.Errorf("%s: %v", s.name, err)
					}
				}
				bare := cfg
				bare.Migrations = nil
				d, err = db.Open(ctx, bare)
				if err != nil {
					t.Fatal(err)
				}
				if n := count(t, d, "a"); n != s.rows {
					t.Errorf("%s: %d rows, want %d", s.name, n, s.rows)
				}
				applied, _, err := db.One[int64](ctx, d.Read(), "select min(applied_at) from schema_migrations")
				if err != nil || applied != 42_000_000 {
					t.Errorf("%s: applied at %d, %v", s.name, applied, err)
				}
				_ = d.Close()
			}
		})
	}
}

func TestCheckMigrations(t *testing.T) {
	good := files(map[string]string{"0010_a.sql": "select 1", "0011_b_2.sql": "select 1"})
	for name, c := range map[string]struct {
		change func(m fstest.MapFS)
		says   string
	}{
		"good":             {func(fstest.MapFS) {}, ""},
		"one engine lacks": {func(m fstest.MapFS) { delete(m, "postgres/0011_b_2.sql") }, "sqlite has 0011_b_2.sql, postgres does not"},
		"other lacks":      {func(m fstest.MapFS) { delete(m, "sqlite/0010_a.sql") }, "postgres has 0010_a.sql, sqlite does not"},
		"bad name":         {func(m fstest.MapFS) { m["sqlite/10_a.sql"] = m["sqlite/0010_a.sql"] }, "10_a.sql"},
		"number twice":     {func(m fstest.MapFS) { m["sqlite/0010_z.sql"] = m["sqlite/0010_a.sql"] }, "same number"},
		"empty":            {func(m fstest.MapFS) { m["postgres/0010_a.sql"] = &fstest.MapFile{Data: []byte("\n ")} }, "empty"},
		"engine missing": {func(m fstest.MapFS) {
			delete(m, "sqlite/0010_a.sql")
			delete(m, "sqlite/0011_b_2.sql")
		}, "sqlite"},
	} {
		t.Run(name, func(t *testing.T) {
			m := fstest.MapFS{}
			for k, v := range good {
				m[k] = v
			}
			c.change(m)
			err := db.CheckMigrations(m)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	platform, own := files(map[string]string{"0001_p.sql": "p"}), files(map[string]string{"0010_o.sql": "o"})
	m := db.Merge(own, platform)
	if err := db.CheckMigrations(m); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := fs.WalkDir(m, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			text, err := fs.ReadFile(m, path)
			if err != nil {
				return err
			}
			names = append(names, fmt.Sprintf("%s=%s", path, text))
		}
		return err
	})
	want := []string{"postgres/0001_p.sql=p", "postgres/0010_o.sql=o", "sqlite/0001_p.sql=p", "sqlite/0010_o.sql=o"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v", names, err)
	}
	twice := db.Merge(platform, platform)
	if _, err := fs.ReadDir(twice, "sqlite"); err == nil {
		t.Error("listing shows a file that is there twice")
	}
	if _, err := fs.ReadFile(twice, "sqlite/0001_p.sql"); err == nil {
		t.Error("a file that is there twice was opened")
	}
	for _, name := range []string{"nothing", "sqlite/nothing"} {
		if _, err := m.Open(name); !isNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := fs.ReadDir(m, name); !isNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
