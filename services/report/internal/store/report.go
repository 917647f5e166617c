package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
)

// teamCount is one number of one team.
type teamCount struct {
	Team  string `db:"team"`
	Kind  string `db:"kind"`
	Count int    `db:"count"`
}

// counts adds up, per team, what happened in the period [$1, $2).
const counts = `
	select team, 'cycles' as kind, count(*) as count from report_cycles where finish_time >= $1 and finish_time < $2 group by team
	union all
	select team, 'locked', count(*) from report_experiments where lock_time >= $1 and lock_time < $2 group by team
	union all
	select team, verdict, count(*) from report_experiments where conclude_time >= $1 and conclude_time < $2 group by team, verdict
	union all
	select team, 'learnings', count(*) from report_learnings where publish_time >= $1 and publish_time < $2 group by team`

// LearningReport reads the report of a period over the teams that mayRead lets through, given their resource names. A team
// of the organisation that did nothing in the period is part of it all the same.
func LearningReport(ctx context.Context, q db.Queryer, period domain.Period, mayRead func(team string) bool) (domain.Report, error) {
	report := domain.Report{Period: period}
	from, to := db.Micros(period.From), db.Micros(period.To)
	teams, err := readTeams(ctx, q, from, to, mayRead)
	if err != nil {
		return report, err
	}
	report.Teams = teams
	report.Arrange()
	surprises, err := db.All[struct {
		Name        string `db:"name"`
		Team        string `db:"team"`
		DisplayName string `db:"display_name"`
		Expected    string `db:"expected"`
		Happened    string `db:"happened"`
		Learned     string `db:"learned"`
	}](ctx, q, `select name, team, display_name, expected, happened, learned from report_experiments
		where conclude_time >= $1 and conclude_time < $2 and verdict = 'NOT_AS_PREDICTED' order by name`, from, to)
	if err != nil {
		return report, err
	}
	for _, x := range surprises {
		if mayRead(x.Team) {
			report.Surprises = append(report.Surprises, domain.Surprise{
				Experiment: x.Name, DisplayName: x.DisplayName, Expected: x.Expected, Happened: x.Happened, Learned: x.Learned,
			})
		}
	}
	obstacles, err := db.All[struct {
		Team        string `db:"team"`
		Description string `db:"description"`
	}](ctx, q, `select team, description from report_obstacles where escalate_time >= $1 and escalate_time < $2 order by name`, from, to)
	if err != nil {
		return report, err
	}
	for _, obstacle := range obstacles {
		if mayRead(obstacle.Team) {
			report.EscalatedObstacles = append(report.EscalatedObstacles, obstacle.Description)
		}
	}
	latest, _, err := db.One[int64](ctx, q, "select coalesce(max(data_time), 0) from report_sources")
	if latest > 0 {
		report.DataTime = db.Time(latest)
	}
	return report, err
}

func readTeams(ctx context.Context, q db.Queryer, from, to int64, mayRead func(team string) bool) ([]domain.TeamLearning, error) {
	known, err := db.All[struct {
		Team        string `db:"team"`
		DisplayName string `db:"display_name"`
	}](ctx, q, "select team, display_name from report_teams")
	if err != nil {
		return nil, err
	}
	rows, err := db.All[teamCount](ctx, q, counts, from, to)
	if err != nil {
		return nil, err
	}
	teams := map[string]*domain.TeamLearning{}
	for _, team := range known {
		teams[team.Team] = &domain.TeamLearning{Team: team.Team, DisplayName: team.DisplayName}
	}
	for _, row := range rows {
		team := teams[row.Team]
		if team == nil {
			// The team's own event is still on its way from identity.
			team = &domain.TeamLearning{Team: row.Team, DisplayName: row.Team}
			teams[row.Team] = team
		}
		switch row.Kind {
		case "cycles":
			team.CyclesFinished = row.Count
		case "learnings":
			team.LearningsPublished = row.Count
		case "locked":
			team.Predictions.Locked = row.Count
		case "AS_PREDICTED":
			team.Predictions.AsPredicted = row.Count
		case "NOT_AS_PREDICTED":
			team.Predictions.NotAsPredicted = row.Count
		case "CANNOT_TELL":
			team.Predictions.CannotTell = row.Count
		}
	}
	var readable []domain.TeamLearning
	for _, team := range teams {
		if mayRead(team.Team) {
			readable = append(readable, *team)
		}
	}
	return readable, nil
}
