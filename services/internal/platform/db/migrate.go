package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// migrationName is 0010_what_it_does.sql. Files run in the order of their names; platform tables are 0001 to 0009, a
// service's own begin at 0010.
var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// migrate applies what is missing, each file in a transaction of its own together with the note that it ran.
func migrate(ctx context.Context, d *DB, cfg Config) error {
	err := d.backend.write(ctx, func(tx *Tx) error {
		if err := tx.Lock("migrations"); err != nil {
			return err
		}
		_, err := tx.Exec("create table if not exists schema_migrations (name text primary key, applied_at bigint not null)")
		return err
	}, true)
	if err != nil || cfg.Migrations == nil {
		return err
	}
	names, err := migrationNames(cfg.Migrations, d.engine)
	if err != nil {
		return fault.New(fault.Internal, "MIGRATIONS_INVALID", "The migrations cannot be read.").Because(err)
	}
	if err := refuseNewer(ctx, d, names); err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(cfg.Migrations, path.Join(string(d.engine), name))
		if err != nil {
			return fault.New(fault.Internal, "MIGRATIONS_INVALID", "Migration %s cannot be read.", name).Because(err)
		}
		if err := apply(ctx, d, name, string(text)); err != nil {
			f := fault.From(err)
			return fault.New(f.Kind, "MIGRATION_FAILED", "Migration %s failed; start again when the cause is removed.", name).Because(err)
		}
	}
	return nil
}

// refuseNewer stops an old program from working on a database that a newer one has changed.
func refuseNewer(ctx context.Context, d *DB, names []string) error {
	applied, err := All[string](ctx, d.Read(), "select name from schema_migrations order by name")
	if err != nil {
		return err
	}
	for _, name := range applied {
		if !slices.Contains(names, name) {
			return fault.New(fault.FailedPrecondition, "DATABASE_NEWER",
				"The database has migration %s, which this program does not know: it was written by a newer version. Start that version, or restore a backup from before.", name)
		}
	}
	return nil
}

func apply(ctx context.Context, d *DB, name, text string) error {
	return d.backend.write(ctx, func(tx *Tx) error {
		if err := tx.Lock("migrations"); err != nil {
			return err
		}
		// Asked inside the lock: another replica may have just done it.
		done, _, err := One[int64](ctx, tx, "select count(*) from schema_migrations where name = $1", name)
		if err != nil || done > 0 {
			return err
		}
		if err := tx.script(text); err != nil {
			return err
		}
		_, err = tx.Exec("insert into schema_migrations (name, applied_at) values ($1, $2)", name, Micros(tx.Now()))
		return err
	}, true)
}

// script runs a text of several statements as it is.
func (tx *Tx) script(text string) error {
	if _, err := tx.run.ExecContext(tx.ctx, text); err != nil {
		return tx.fail(err)
	}
	return nil
}

// migrationNames lists the files for an engine in order.
func migrationNames(fsys fs.FS, engine Engine) ([]string, error) {
	entries, err := fs.ReadDir(fsys, string(engine))
	if err != nil {
		return nil, err
	}
	var names []string
	numbers := map[string]string{}
	for _, e := range entries {
		m := migrationName.FindStringSubmatch(e.Name())
		if m == nil || e.IsDir() {
			return nil, fmt.Errorf("%s/%s is not named like 0010_what_it_does.sql", engine, e.Name())
		}
		if other, ok := numbers[m[1]]; ok {
			return nil, fmt.Errorf("%s/%s and %s have the same number", engine, other, e.Name())
		}
		numbers[m[1]] = e.Name()
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names, nil
}

// CheckMigrations reports what is wrong with a set of migrations: a name out of form, a number used twice, a file that only
// one engine has, an empty file. A test of every service calls it.
func CheckMigrations(fsys fs.FS) error {
	var errs []error
	byEngine := map[Engine][]string{}
	for _, engine := range []Engine{SQLite, Postgres} {
		names, err := migrationNames(fsys, engine)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		byEngine[engine] = names
		for _, name := range names {
			text, err := fs.ReadFile(fsys, path.Join(string(engine), name))
			if err == nil && strings.TrimSpace(string(text)) == "" {
				err = errors.New("the file is empty")
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s/%s: %w", engine, name, err))
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, pair := range [][2]Engine{{SQLite, Postgres}, {Postgres, SQLite}} {
		for _, name := range byEngine[pair[0]] {
			if !slices.Contains(byEngine[pair[1]], name) {
				errs = append(errs, fmt.Errorf("%s has %s, %s does not", pair[0], name, pair[1]))
			}
		}
	}
	return errors.Join(errs...)
}
