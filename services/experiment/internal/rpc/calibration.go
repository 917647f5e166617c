package rpc

import (
	"context"
	"strings"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// organization is the parent of what belongs to all teams together.
const organization = "organization"

// GetCalibration tells how well confidence and outcome agree.
func (s *Server) GetCalibration(ctx context.Context, req *experimentv1.GetCalibrationRequest) (*experimentv1.Calibration, error) {
	parent, ok := strings.CutSuffix(req.GetName(), "/calibration")
	team, err := whose("name", parent, ok)
	if err != nil {
		return nil, err
	}
	span := domain.Span{Start: req.GetStartDate(), End: req.GetEndDate()}
	if err := span.Check(team == ""); err != nil {
		return nil, err
	}
	counts, err := store.Forecasts(ctx, s.log.DB().Read(), team, span)
	if err != nil {
		return nil, err
	}
	return wire.Calibration(req.GetName(), domain.TallyForecasts(counts, team == "", s.log.Now()), team == ""), nil
}

// whose returns the team that a summary is about; "" is all teams.
func whose(field, parent string, ok bool) (team string, err error) {
	if ok && parent == organization {
		return "", nil
	}
	if team = domain.TeamOf(parent); !ok || team == "" || parent != "teams/"+team {
		return "", fault.Invalid(field, "NAME_INVALID", "%q names neither a team's nor the organisation's numbers.", field)
	}
	return team, nil
}
