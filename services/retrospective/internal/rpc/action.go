package rpc

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// CreateAction proposes an action.
func (s *Server) CreateAction(ctx context.Context, req *retrospectivev1.CreateActionRequest) (*retrospectivev1.Action, error) {
	unknown := s.metricUnknown(ctx, req.GetAction().GetMetric())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Action, error) {
		if unknown != nil {
			return nil, unknown // in here, so that a repeated request gets its first answer
		}
		retrospective, err := store.Retrospectives.Hold(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		proposals, err := store.CountActions(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		given := wire.ActionFrom(req.GetParent()+"/actions/"+names.ID(req.GetActionId()), req.GetAction())
		action, err := domain.ProposeAction(given, retrospective.Value, proposals)
		if err != nil {
			return nil, err
		}
		if err := themed(tx, action); err != nil {
			return nil, err
		}
		row, err := store.Actions.Create(tx, action, domain.ActionProposed)
		if err != nil {
			return nil, err
		}
		return wire.Action(row), nil
	})
}

// UpdateAction changes what is said of an action.
func (s *Server) UpdateAction(ctx context.Context, req *retrospectivev1.UpdateActionRequest) (*retrospectivev1.Action, error) {
	given := req.GetAction()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "text", "owner", "due_date", "expected_effect", "metric", "theme")
	if err != nil {
		return nil, err
	}
	next := wire.ActionFrom(given.GetName(), given)
	team, asked := s.askForAction(ctx, next.Team(), paths)
	if asked == nil && slices.Contains(paths, "metric") {
		asked = s.metricUnknown(ctx, next.Metric)
	}
	return s.changeAction(ctx, req, given.GetName(), req.GetEtag(), func(tx *eventlog.Tx, a *domain.Action, now time.Time) ([]domain.Event, error) {
		if asked != nil {
			return nil, asked // in here, so that a repeated request gets its first answer
		}
		if slices.Contains(paths, "theme") {
			if err := themed(tx, &next); err != nil {
				return nil, err
			}
		}
		return a.Update(func(a *domain.Action) { takeAction(a, &next, paths) }, now.In(team.zone).Format(time.DateOnly), team.people)
	})
}

// metricUnknown refuses a metric that does not exist. It stands in nobody's way while the experiment service does not answer.
func (s *Server) metricUnknown(ctx context.Context, metric string) error {
	if metric == "" {
		return nil
	}
	_, err := s.experiments.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: metric})
	if status.Code(err) != codes.NotFound {
		return nil
	}
	return fault.Invalid("action.metric", "METRIC_UNKNOWN", "there is no metric %s; name one of the team's, or leave it out and say what will be seen", metric)
}

// actionTeam is what a change of an action has to know of the team.
type actionTeam struct {
	zone   *time.Location
	people []string
}

// askForAction asks identity for what the new values of the fields are held against.
func (s *Server) askForAction(ctx context.Context, name string, paths []string) (team actionTeam, err error) {
	team.zone = time.UTC
	if slices.Contains(paths, "due_date") {
		if team.zone, err = s.zone(ctx, name); err != nil {
			return team, err
		}
	}
	if slices.Contains(paths, "owner") {
		team.people, err = s.people(ctx, name)
	}
	return team, err
}

// themed refuses a theme that is not there; none at all passes.
func themed(tx *eventlog.Tx, a *domain.Action) error {
	if a.Theme == "" {
		return nil
	}
	row, found, err := store.Themes.Find(tx, a.Theme)
	if err == nil && (!found || row.Value.State != domain.ThemeStateKept) {
		err = a.ThemeNotFound()
	}
	return err
}

// takeAction changes the fields of a that the paths name to those of next.
func takeAction(a, next *domain.Action, paths []string) {
	for _, path := range paths {
		switch path {
		case "text":
			a.Text = next.Text
		case "owner":
			a.Owner = next.Owner
		case "due_date":
			a.DueDate = next.DueDate
		case "expected_effect":
			a.ExpectedEffect = next.ExpectedEffect
		case "metric":
			a.Metric = next.Metric
		case "theme":
			a.Theme = next.Theme
		}
	}
}

// ListActions lists the actions of a retrospective, or of all retrospectives of a team.
func (s *Server) ListActions(ctx context.Context, req *retrospectivev1.ListActionsRequest) (*retrospectivev1.ListActionsResponse, error) {
	query := record.PageOf(ctx, req)
	if team, everyCycle := strings.CutSuffix(req.GetParent(), "/cycles/-/retrospective"); everyCycle {
		query.Parent, query.Team = "", strings.TrimPrefix(team, "teams/")
	}
	for _, state := range req.GetStates() {
		query.States = append(query.States, string(wire.ActionState(state)))
	}
	rows, next, err := store.Actions.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListActionsResponse{Actions: record.Map(rows, wire.Action), NextPageToken: next}, nil
}

// CompleteAction ends an action and says whether it worked.
func (s *Server) CompleteAction(ctx context.Context, req *retrospectivev1.CompleteActionRequest) (*retrospectivev1.Action, error) {
	return s.changeAction(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, a *domain.Action, _ time.Time) ([]domain.Event, error) {
		return a.Complete(wire.ActionEffect(req.GetEffect()), req.GetResult())
	})
}

// DropAction gives an action up.
func (s *Server) DropAction(ctx context.Context, req *retrospectivev1.DropActionRequest) (*retrospectivev1.Action, error) {
	return s.changeAction(ctx, req, req.GetName(), req.GetEtag(), func(_ *eventlog.Tx, a *domain.Action, _ time.Time) ([]domain.Event, error) {
		return a.Drop(req.GetReason())
	})
}
