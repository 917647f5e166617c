package eventlogrpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// watchPage is how many events a watch reads at once.
const watchPage = 200

// WatchEvents follows a log until the caller leaves. The first step tells epoch and position at once. Events that the
// caller may not see only move the position; such moves are sent together, once a second at most. After 30 seconds the
// stream ends without an error: the caller goes on from its position with a fresh credential, because roles may have been
// taken away meanwhile.
func (s *Server) WatchEvents(req *eventlogv1.WatchEventsRequest, stream grpc.ServerStreamingServer[eventlogv1.WatchEventsResponse]) error {
	l, err := s.log("source", req.GetSource())
	if err != nil {
		return err
	}
	ctx := stream.Context()
	w := &watch{log: l, stream: stream, caller: caller.From(ctx), at: req.GetAfterSequence()}
	err = s.follow(ctx, w, req.GetEpoch())
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the caller left; what failed because of that is no failure
	}
	return err
}

// follow is WatchEvents behind the choice of the log.
func (s *Server) follow(ctx context.Context, w *watch, epoch string) error {
	if err := w.begin(ctx, epoch); err != nil {
		return err
	}
	end := time.NewTimer(s.lifetime)
	defer end.Stop()
	quiet := time.NewTimer(s.positionEvery)
	defer quiet.Stop()
	var poll <-chan time.Time
	if w.log.DB().Engine() == db.Postgres {
		t := time.NewTicker(s.poll)
		defer t.Stop()
		poll = t.C
	}
	for {
		changed := w.log.Changed() // before reading, so that nothing falls between
		if err := w.drain(ctx); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-poll:
		case <-quiet.C:
			if err := w.position(); err != nil {
				return err
			}
			quiet.Reset(s.positionEvery)
		case <-end.C:
			return w.position()
		case <-s.closing:
			return fault.New(fault.Unavailable, "SHUTTING_DOWN", "The service is shutting down; connect again.")
		case <-ctx.Done():
			return nil
		}
	}
}

// watch is one caller following one log.
type watch struct {
	log    *eventlog.Log
	stream grpc.ServerStreamingServer[eventlogv1.WatchEventsResponse]
	caller caller.Caller
	at     int64 // read up to here
	told   int64 // the caller knows to be here
}

// begin finds the place to start from and tells it.
func (w *watch) begin(ctx context.Context, epoch string) error {
	h, err := w.log.Head(ctx)
	if err != nil {
		return err
	}
	switch {
	case w.at < 0:
		w.at = h.Seq
	case epoch != "" && epoch != h.Epoch, w.at > h.Seq:
		w.at = 0 // the position is of another log
	}
	w.told = -1
	return w.position()
}

// drain sends what is there.
func (w *watch) drain(ctx context.Context) error {
	for {
		records, err := w.log.List(ctx, w.at, watchPage)
		if err != nil {
			return err
		}
		for _, r := range records {
			w.at = r.Seq
			if !visible(w.caller, r.Type, r.Team) {
				continue
			}
			step := &eventlogv1.WatchEventsResponse{Epoch: r.Epoch, Sequence: r.Seq, CloudEvent: string(r.CloudEvent()), Type: r.Type, Team: r.Team}
			if err := w.stream.Send(step); err != nil {
				return err
			}
			w.told = r.Seq
		}
		if len(records) < watchPage {
			return nil
		}
	}
}

// position tells how far the log was read, if the caller does not know.
func (w *watch) position() error {
	if w.told == w.at {
		return nil
	}
	w.told = w.at
	return w.stream.Send(&eventlogv1.WatchEventsResponse{Epoch: w.log.Epoch(), Sequence: w.at})
}
