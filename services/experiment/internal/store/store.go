// Package store keeps metrics, measurements and experiments: one SQL text for SQLite and Postgres.
package store

import (
	"embed"
	"io/fs"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

//go:embed migrations
var migrations embed.FS

// Migrations holds the tables of this service, in sqlite/ and postgres/.
var Migrations = sub(migrations, "migrations")

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // only for an invalid name
	}
	return s
}

// Metrics of the teams, by id.
var Metrics = &record.Collection[domain.Metric, domain.MetricEvent]{
	Table: "metrics", Type: "metric", Noun: "metric",
	Key: func(m *domain.Metric) record.Key {
		return record.Key{
			Name: m.Name, Parent: domain.ParentOf(m.Name), Team: domain.TeamOf(m.Name), SortKey: domain.IDOf(m.Name),
		}
	},
	Data: wire.MetricEvent,
}

// Experiments of the cycles, by id.
var Experiments = &record.Collection[domain.Experiment, domain.Event]{
	Table: "experiments", Type: "experiment", Noun: "experiment",
	Key: func(e *domain.Experiment) record.Key {
		return record.Key{
			Name: e.Name, Parent: domain.ParentOf(e.Name), Team: e.Team(), State: string(e.State), SortKey: domain.IDOf(e.Name),
		}
	},
	Data: wire.ExperimentEvent,
	Also: project,
}

// RunningExperiments returns the names of the experiments that the team runs. Until the transaction ends nobody else can ask
// for the same team, so that two starts at once cannot both see none.
func RunningExperiments(tx *eventlog.Tx, team string) ([]string, error) {
	if err := tx.Lock("experiment/running/" + team); err != nil {
		return nil, err
	}
	return db.All[string](noContext, tx, "select name from experiments where team = $1 and state = $2 order by name",
		team, string(domain.Running))
}

// FindMetric returns a metric, or nil when it does not exist.
func FindMetric(tx *eventlog.Tx, name string) (*domain.Metric, error) {
	row, _, err := Metrics.Find(tx, name)
	return row.Value, err
}
