package rpc

import (
	"context"
	"path"
	"time"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateValueStream draws a value stream.
func (s *Server) CreateValueStream(ctx context.Context, req *cyclev1.CreateValueStreamRequest) (*cyclev1.ValueStream, error) {
	given := req.GetValueStream()
	stream, err := domain.NewValueStream(req.GetParent()+"/valueStreams/"+names.ID(req.GetValueStreamId()), given.GetDisplayName(), wire.Steps(given.GetSteps()))
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.ValueStream, error) {
		row, err := store.CreateValueStream(tx, stream)
		if err != nil {
			return nil, err
		}
		return wire.ValueStream(row), nil
	})
}

// GetValueStream gets a value stream.
func (s *Server) GetValueStream(ctx context.Context, req *cyclev1.GetValueStreamRequest) (*cyclev1.ValueStream, error) {
	row, err := store.ValueStreams.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.ValueStream(row), nil
}

// ListValueStreams lists a team's value streams.
func (s *Server) ListValueStreams(ctx context.Context, req *cyclev1.ListValueStreamsRequest) (*cyclev1.ListValueStreamsResponse, error) {
	rows, next, err := store.ValueStreams.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListValueStreamsResponse{ValueStreams: record.Map(rows, wire.ValueStream), NextPageToken: next}, nil
}

// UpdateValueStream renames a value stream or draws its steps anew.
func (s *Server) UpdateValueStream(ctx context.Context, req *cyclev1.UpdateValueStreamRequest) (*cyclev1.ValueStream, error) {
	given := req.GetValueStream()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "display_name", "steps")
	if err != nil {
		return nil, err
	}
	var displayName *string
	var steps *[]domain.Step
	for _, path := range paths {
		switch path {
		case "display_name":
			displayName = new(given.GetDisplayName())
		case "steps":
			steps = new(wire.Steps(given.GetSteps()))
		}
	}
	return s.changeValueStream(ctx, req, given.GetName(), req.GetEtag(), func(v *domain.ValueStream, _ time.Time) ([]domain.Event, error) {
		return v.Edit(displayName, steps)
	})
}

// ConfirmConstraint makes a step the constraint. A bot or a service cannot go and see, so neither can confirm.
func (s *Server) ConfirmConstraint(ctx context.Context, req *cyclev1.ConfirmConstraintRequest) (*cyclev1.ValueStream, error) {
	who := caller.From(ctx)
	if !mayConfirm(who) {
		return nil, fault.New(fault.PermissionDenied, "PERSON_NEEDED", "a person of the team confirms the constraint, not a bot or a service")
	}
	return s.changeValueStream(ctx, req, req.GetName(), req.GetEtag(), func(v *domain.ValueStream, now time.Time) ([]domain.Event, error) {
		return v.ConfirmConstraint(req.GetStep(), req.GetReason(), who.Subject, now)
	})
}

// GetValueStreamVersion gets a version.
func (s *Server) GetValueStreamVersion(ctx context.Context, req *cyclev1.GetValueStreamVersionRequest) (*cyclev1.ValueStreamVersion, error) {
	row, err := store.ValueStreamVersions.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.ValueStreamVersion(row), nil
}

// ListValueStreamVersions lists the versions of a value stream, the latest first.
func (s *Server) ListValueStreamVersions(ctx context.Context, req *cyclev1.ListValueStreamVersionsRequest) (*cyclev1.ListValueStreamVersionsResponse, error) {
	rows, next, err := store.ValueStreamVersions.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListValueStreamVersionsResponse{ValueStreamVersions: record.Map(rows, wire.ValueStreamVersion), NextPageToken: next}, nil
}

// CompareValueStreamVersions compares two versions; the second is the latest when it is not named.
func (s *Server) CompareValueStreamVersions(ctx context.Context, req *cyclev1.CompareValueStreamVersionsRequest) (*cyclev1.CompareValueStreamVersionsResponse, error) {
	found, err := store.ValueStreams.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	second := int(req.GetToVersion())
	if second == 0 {
		second = found.Value.Version
	}
	from, err := store.ValueStreamVersions.Get(ctx, s.log, found.Value.VersionName(int(req.GetFromVersion())))
	if err != nil {
		return nil, err
	}
	to, err := store.ValueStreamVersions.Get(ctx, s.log, found.Value.VersionName(second))
	if err != nil {
		return nil, err
	}
	return wire.Comparison(from, to), nil
}

// changeValueStream applies one rule to a value stream.
func (s *Server) changeValueStream(
	ctx context.Context, req proto.Message, name, etag string, rule func(v *domain.ValueStream, now time.Time) ([]domain.Event, error),
) (*cyclev1.ValueStream, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.ValueStream, error) {
		row, err := store.UpdateValueStream(tx, name, etag, rule)
		if err != nil {
			return nil, err
		}
		return wire.ValueStream(row), nil
	})
}

// focus is the step that a cycle is to work on: as the request says, or as the value stream that it names has it.
func focus(tx *eventlog.Tx, team string, given *cyclev1.ValueStreamFocus) (*domain.ValueStreamFocus, error) {
	wanted := wire.ValueStreamFocus(given)
	if wanted == nil || wanted.ValueStream == "" {
		return wanted, nil
	}
	if err := tx.Lock(team); err != nil { // no constraint is confirmed between the look and the commit
		return nil, err
	}
	row, found, err := store.ValueStreams.Find(tx, wanted.ValueStream)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.Invalid("cycle.value_stream_focus.value_stream", "VALUE_STREAM_NOT_FOUND", "the team has no value stream %q", path.Base(wanted.ValueStream))
	}
	return row.Value.Focus("cycle.value_stream_focus.step", *wanted)
}
