package live

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
)

// Pauses after a source could not be read.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// fromNow asks a log for what comes from now on.
const fromNow = -1

// errRenewed ends a call because there is a newer caller token.
var errRenewed = errors.New("a newer caller token")

// step is what a source has read: an event that the client wants, or only a new position.
type step struct {
	source string
	point  Point
	event  *eventlogv1.WatchEventsResponse // nil: only the position moved
}

// source follows the log of one service for one client, over as many calls as it takes.
type source struct {
	name    string
	client  eventlogv1.EventLogServiceClient
	session *session
	filter  filter
	out     chan<- step
	logger  *slog.Logger
	request *exchange.Exchange
	pause   time.Duration // the first one

	// point is where the next call goes on. It means something once known is set: before, the log is followed from now on.
	point Point
	known atomic.Bool
}

// run reads until the context ends.
func (s *source) run(ctx context.Context) {
	pause := s.pause
	for ctx.Err() == nil {
		token, renewed := s.session.current()
		moved, err := s.follow(ctx, token, renewed)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errRenewed):
			continue
		case moved:
			pause = s.pause
		default:
			pause = min(2*pause, max(mostPause, s.pause))
		}
		if code := status.Code(err); code != codes.Unavailable {
			s.logger.DebugContext(ctx, "a source of the live stream ended", "source", s.name, "code", code.String(), "request", s.request.RequestID)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-renewed: // a newer token may be what was missing
			timer.Stop()
		case <-timer.C:
		}
	}
}

// follow makes one call and reads it until it ends. It tells whether it got anything.
func (s *source) follow(ctx context.Context, token string, renewed <-chan struct{}) (moved bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-renewed:
			if s.known.Load() { // otherwise step ends the call, at its first answer
				cancel(errRenewed)
			}
		case <-stop:
		}
	}()
	request := &eventlogv1.WatchEventsRequest{Source: s.name, AfterSequence: fromNow}
	if s.known.Load() {
		request.AfterSequence, request.Epoch = s.point.Sequence, s.point.Epoch
	}
	call := exchange.With(ctx, &exchange.Exchange{
		RequestID: s.request.RequestID, Traceparent: s.request.Traceparent, CallerToken: token,
	})
	stream, err := s.client.WatchEvents(call, request)
	for err == nil {
		var answer *eventlogv1.WatchEventsResponse
		if answer, err = stream.Recv(); err != nil {
			break
		}
		if err = s.step(ctx, answer, renewed); err == nil {
			moved = true
		}
	}
	if errors.Is(context.Cause(ctx), errRenewed) {
		err = errRenewed
	}
	return moved, err
}

// step takes one answer on.
func (s *source) step(ctx context.Context, answer *eventlogv1.WatchEventsResponse, renewed <-chan struct{}) error {
	next := Point{Epoch: answer.GetEpoch(), Sequence: answer.GetSequence()}
	known := s.known.Load()
	if known && next.Epoch == s.point.Epoch && next.Sequence <= s.point.Sequence && answer.GetCloudEvent() != "" {
		return nil // seen before
	}
	if isClosed(renewed) {
		// The call is older than the caller token: what it brings is read again, by a call that asks for what the caller may
		// see today. A call whose place was not known could not be ended before, or an event might have fallen in between.
		if !known {
			if answer.GetCloudEvent() != "" {
				next.Sequence--
			}
			s.point = next
			s.known.Store(true)
		}
		return errRenewed
	}
	event := answer
	if answer.GetCloudEvent() == "" || !s.filter.wants(answer.GetType(), answer.GetTeam()) {
		event = nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.out <- step{source: s.name, point: next, event: event}:
	}
	s.point = next
	s.known.Store(true)
	return nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
