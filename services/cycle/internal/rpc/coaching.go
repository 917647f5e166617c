package rpc

import (
	"context"
	"path"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// sessionFields are the fields of a coaching session that a request can set, the date first.
var sessionFields = []string{
	"date", "coach", "learner", "second_coach", "target_condition_answer", "actual_condition_answer", "last_step", "expected", "happened",
	"learned", "obstacles_answer", "obstacle", "next_step", "next_expected", "go_and_see_date", "threshold_question", "threshold_note",
	"experiment",
}

// CreateCoachingSession opens a coaching session.
func (s *Server) CreateCoachingSession(ctx context.Context, req *cyclev1.CreateCoachingSessionRequest) (*cyclev1.CoachingSession, error) {
	given, parent := req.GetCoachingSession(), req.GetParent()
	paths := sessionFields
	if given.GetDate() == "" {
		paths = paths[1:] // today
	}
	change, last, err := s.coachingChange(ctx, &domain.CoachingSession{}, parent, given, paths)
	if err != nil {
		return nil, err
	}
	team, err := s.team(ctx, parent)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CoachingSession, error) {
		if err := obstacleOf(tx, parent, &change); err != nil {
			return nil, err
		}
		name := parent + "/coachingSessions/" + names.ID(req.GetCoachingSessionId())
		session, err := domain.NewCoachingSession(name, change, last, domain.Today(tx.Now(), team.zone))
		if err != nil {
			return nil, err
		}
		row, err := store.CoachingSessions.Create(tx, session, domain.CoachingSessionCreated)
		if err != nil {
			return nil, err
		}
		return wire.CoachingSession(row), nil
	})
}

// GetCoachingSession gets a coaching session.
func (s *Server) GetCoachingSession(ctx context.Context, req *cyclev1.GetCoachingSessionRequest) (*cyclev1.CoachingSession, error) {
	row, err := store.CoachingSessions.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.CoachingSession(row), nil
}

// ListCoachingSessions lists a team's coaching sessions, the latest day first.
func (s *Server) ListCoachingSessions(ctx context.Context, req *cyclev1.ListCoachingSessionsRequest) (*cyclev1.ListCoachingSessionsResponse, error) {
	rows, next, err := store.CoachingSessions.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListCoachingSessionsResponse{CoachingSessions: record.Map(rows, wire.CoachingSession), NextPageToken: next}, nil
}

// UpdateCoachingSession gives answers, or changes who takes part.
func (s *Server) UpdateCoachingSession(ctx context.Context, req *cyclev1.UpdateCoachingSessionRequest) (*cyclev1.CoachingSession, error) {
	given := req.GetCoachingSession()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, sessionFields...)
	if err != nil {
		return nil, err
	}
	found, err := store.CoachingSessions.Get(ctx, s.log, given.GetName())
	if err != nil {
		return nil, err
	}
	change, last, err := s.coachingChange(ctx, found.Value, teamOf(given.GetName()), given, paths)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CoachingSession, error) {
		if err := obstacleOf(tx, teamOf(given.GetName()), &change); err != nil {
			return nil, err
		}
		row, err := store.CoachingSessions.Update(tx, given.GetName(), req.GetEtag(), func(s *domain.CoachingSession, _ time.Time) ([]domain.Event, error) {
			return s.Edit(change, last)
		})
		if err != nil {
			return nil, err
		}
		return wire.CoachingSession(row), nil
	})
}

// HoldCoachingSession ends a session that has every answer.
func (s *Server) HoldCoachingSession(ctx context.Context, req *cyclev1.HoldCoachingSessionRequest) (*cyclev1.CoachingSession, error) {
	team, err := s.team(ctx, teamOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.CoachingSession, error) {
		row, err := store.CoachingSessions.Update(tx, req.GetName(), req.GetEtag(), func(s *domain.CoachingSession, now time.Time) ([]domain.Event, error) {
			return s.Hold(now, domain.Today(now, team.zone))
		})
		if err != nil {
			return nil, err
		}
		return wire.CoachingSession(row), nil
	})
}

// coachingChange is what a request changes in the session, with the answers of the services that have to be asked: identity for the
// people who are named anew, experiment for the last step.
func (s *Server) coachingChange(
	ctx context.Context, session *domain.CoachingSession, team string, given *cyclev1.CoachingSession, paths []string,
) (domain.CoachingChange, *domain.LastStep, error) {
	change := wire.CoachingChange(given, paths)
	if err := domain.OfTeam(team,
		domain.Reference{Field: "coaching_session.obstacle", Name: given.GetObstacle()},
		domain.Reference{Field: "coaching_session.experiment", Name: given.GetExperiment()}); err != nil {
		return change, nil, err
	}
	for field, day := range map[string]*string{"date": (*string)(change.Date), "go_and_see_date": answerOf(change, domain.GoAndSee)} {
		if day == nil || *day == "" && field == "go_and_see_date" {
			continue
		}
		if _, err := domain.ParseDay("coaching_session."+field, *day); err != nil {
			return change, nil, err
		}
	}
	for _, part := range []struct {
		field, before string
		named         *string
	}{{"coach", session.Coach, change.Coach}, {"learner", session.Learner, change.Learner}, {"second_coach", session.SecondCoach, change.SecondCoach}} {
		if part.named == nil || *part.named == "" || *part.named == part.before {
			continue
		}
		role, err := s.roleOf(ctx, team, *part.named)
		if err != nil {
			return change, nil, err
		}
		if err := domain.Suits(part.field, *part.named, role); err != nil {
			return change, nil, err
		}
		if err := s.activeUser(ctx, "coaching_session."+part.field, *part.named); err != nil {
			return change, nil, err
		}
	}
	if !session.NeedsFacts(change) {
		return change, nil, nil
	}
	last, err := s.lastStep(ctx, team)
	return change, last, err
}

// obstacleOf looks at the obstacle that a change names, and finds the team's current one for a change that answers question 3
// without naming any.
func obstacleOf(tx *eventlog.Tx, team string, change *domain.CoachingChange) error {
	if change.Obstacle != nil && *change.Obstacle != "" {
		_, found, err := store.Obstacles.Find(tx, *change.Obstacle)
		if err == nil && !found {
			err = fault.Invalid("coaching_session.obstacle", "OBSTACLE_NOT_FOUND", "the team has no obstacle %q", path.Base(*change.Obstacle))
		}
		return err
	}
	if change.Answers[domain.Obstacles] == "" {
		return nil
	}
	var err error
	change.CurrentObstacle, err = store.CurrentObstacle(tx, team)
	return err
}

func answerOf(change domain.CoachingChange, q domain.Question) *string {
	if text, said := change.Answers[q]; said {
		return &text
	}
	return nil
}
