// Package store keeps the rows that reports are read from.
package store

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// SaveTeam keeps a team's name.
func SaveTeam(tx *eventlog.Tx, team, displayName string, version int64) error {
	_, err := tx.Exec(`insert into report_teams (team, display_name, version) values ($1, $2, $3)
		on conflict (team) do update set display_name = excluded.display_name, version = excluded.version
		where excluded.version > report_teams.version`, team, displayName, version)
	return err
}

// SaveFinishedCycle keeps when a cycle went through its last gate.
func SaveFinishedCycle(tx *eventlog.Tx, name, team string, finished time.Time, version int64) error {
	_, err := tx.Exec(`insert into report_cycles (name, team, finish_time, version) values ($1, $2, $3, $4)
		on conflict (name) do nothing`, name, team, db.Micros(finished), version)
	return err
}

// Experiment is what a report shows of an experiment. A zero time means that it has not come to that yet.
type Experiment struct {
	Name, Team, DisplayName              string
	Locked, Concluded                    time.Time
	Verdict, Expected, Happened, Learned string
	Version                              int64
}

// SaveExperiment keeps how an experiment stands.
func SaveExperiment(tx *eventlog.Tx, x Experiment) error {
	_, err := tx.Exec(`insert into report_experiments
		(name, team, display_name, lock_time, conclude_time, verdict, expected, happened, learned, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (name) do update set display_name = excluded.display_name, lock_time = excluded.lock_time,
			conclude_time = excluded.conclude_time, verdict = excluded.verdict, expected = excluded.expected,
			happened = excluded.happened, learned = excluded.learned, version = excluded.version
		where excluded.version > report_experiments.version`,
		x.Name, x.Team, x.DisplayName, microsOrZero(x.Locked), microsOrZero(x.Concluded), x.Verdict, x.Expected, x.Happened, x.Learned, x.Version)
	return err
}

// SavePublishedLearning keeps when a learning was published.
func SavePublishedLearning(tx *eventlog.Tx, name, team string, published time.Time, version int64) error {
	_, err := tx.Exec(`insert into report_learnings (name, team, publish_time, version) values ($1, $2, $3, $4)
		on conflict (name) do nothing`, name, team, db.Micros(published), version)
	return err
}

// SaveEscalatedObstacle keeps when an obstacle was escalated.
func SaveEscalatedObstacle(tx *eventlog.Tx, name, team, description string, escalated time.Time, version int64) error {
	_, err := tx.Exec(`insert into report_obstacles (name, team, description, escalate_time, version) values ($1, $2, $3, $4, $5)
		on conflict (name) do nothing`, name, team, description, db.Micros(escalated), version)
	return err
}

// SaveDataTime keeps the time of the latest event that was applied from a source.
func SaveDataTime(tx *eventlog.Tx, source string, at time.Time) error {
	_, err := tx.Exec(`insert into report_sources (source, data_time) values ($1, $2)
		on conflict (source) do update set data_time = excluded.data_time
		where excluded.data_time > report_sources.data_time`, source, db.Micros(at))
	return err
}

func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return db.Micros(t)
}
