// Package eventlogrpc answers EventLogService for all event logs of a process.
package eventlogrpc

import (
	"context"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// maxEvents bounds one answer of ListEvents by number.
	maxEvents = 500
	// maxBytes bounds it by size: gRPC refuses to receive more than 4 MiB.
	maxBytes = 2 << 20
)

// Server answers eventlogv1.EventLogService.
type Server struct {
	eventlogv1.UnimplementedEventLogServiceServer
	logs    map[string]*eventlog.Log
	closing chan struct{}
	close   sync.Once

	// lifetime bounds a WatchEvents: after it the caller must show a fresh credential.
	lifetime time.Duration
	// positionEvery is how often a position alone is sent at most.
	positionEvery time.Duration
	// poll is how often a watch looks for itself: another process may write to the same Postgres.
	poll time.Duration
}

var _ eventlogv1.EventLogServiceServer = (*Server)(nil)

// New answers for the logs of the services in this process.
func New(logs ...*eventlog.Log) *Server {
	s := &Server{
		logs: map[string]*eventlog.Log{}, closing: make(chan struct{}),
		lifetime: 30 * time.Second, positionEvery: time.Second, poll: time.Second,
	}
	for _, l := range logs {
		s.logs[l.Source()] = l
	}
	return s
}

// Register puts the contract on a server, answered for the logs of the services in this process. Close what it returns
// before the server stops.
func Register(registrar grpc.ServiceRegistrar, logs ...*eventlog.Log) *Server {
	s := New(logs...)
	eventlogv1.RegisterEventLogServiceServer(registrar, s)
	return s
}

// Close ends every WatchEvents with Unavailable, so that a graceful stop of the server does not wait for them.
func (s *Server) Close() { s.close.Do(func() { close(s.closing) }) }

func (s *Server) log(field, name string) (*eventlog.Log, error) {
	l, ok := s.logs[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "EVENT_LOG_NOT_FOUND", "There is no service %q here.", name).With("field", field)
	}
	return l, nil
}

// GetHead tells where a service's log ends.
func (s *Server) GetHead(ctx context.Context, req *eventlogv1.GetHeadRequest) (*eventlogv1.Head, error) {
	l, err := s.log("source", req.GetSource())
	if err != nil {
		return nil, err
	}
	return head(ctx, l)
}

func head(ctx context.Context, l *eventlog.Log) (*eventlogv1.Head, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	return &eventlogv1.Head{Epoch: h.Epoch, Sequence: h.Seq, Chain: h.Chain}, nil
}

// ListEvents lists events in order. It may return fewer than asked for although there are more: head tells.
func (s *Server) ListEvents(ctx context.Context, req *eventlogv1.ListEventsRequest) (*eventlogv1.ListEventsResponse, error) {
	l, err := s.log("source", req.GetSource())
	if err != nil {
		return nil, err
	}
	limit := int(req.GetLimit())
	if limit <= 0 || limit > maxEvents {
		limit = maxEvents
	}
	records, err := l.List(ctx, req.GetAfterSequence(), limit)
	if err != nil {
		return nil, err
	}
	answer := &eventlogv1.ListEventsResponse{Events: make([]*eventlogv1.LoggedEvent, 0, len(records))}
	size := 0
	for _, r := range records {
		event := r.CloudEvent()
		if size += len(event); size > maxBytes && len(answer.GetEvents()) > 0 {
			break
		}
		answer.Events = append(answer.Events, &eventlogv1.LoggedEvent{Sequence: r.Seq, CloudEvent: string(event)})
	}
	answer.Head, err = head(ctx, l)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// ListQuarantinedEvents lists what a service could not apply.
func (s *Server) ListQuarantinedEvents(ctx context.Context, req *eventlogv1.ListQuarantinedEventsRequest) (*eventlogv1.ListQuarantinedEventsResponse, error) {
	l, err := s.log("service", req.GetService())
	if err != nil {
		return nil, err
	}
	all, err := eventlog.ListQuarantined(ctx, l.DB().Read())
	if err != nil {
		return nil, err
	}
	answer := &eventlogv1.ListQuarantinedEventsResponse{}
	for _, q := range all {
		answer.QuarantinedEvents = append(answer.QuarantinedEvents, quarantined(l, q))
	}
	return answer, nil
}

// ReplayQuarantinedEvent applies a quarantined event again.
func (s *Server) ReplayQuarantinedEvent(ctx context.Context, req *eventlogv1.ReplayQuarantinedEventRequest) (*eventlogv1.QuarantinedEvent, error) {
	l, err := s.log("service", req.GetService())
	if err != nil {
		return nil, err
	}
	q, err := l.Replay(ctx, req.GetSource(), req.GetSequence(), func(tx *eventlog.Tx) error {
		return audit.Record(tx, audit.Event{
			Action: commonv1.AuditAction_AUDIT_ACTION_EVENT_REPLAYED, Resource: "services/" + l.Source(),
			Details: map[string]string{"source": req.GetSource(), "sequence": strconv.FormatInt(req.GetSequence(), 10)},
		})
	})
	if err != nil {
		return nil, err
	}
	return quarantined(l, q), nil
}

func quarantined(l *eventlog.Log, q eventlog.Quarantined) *eventlogv1.QuarantinedEvent {
	return &eventlogv1.QuarantinedEvent{
		Service: l.Source(), Source: q.Source, Sequence: q.Seq, EventId: q.EventID, Reason: q.Reason, Attempts: q.Attempts,
		FirstTime: timestamppb.New(q.FirstTime), Replayed: q.Replayed, CloudEvent: string(q.CloudEvent),
	}
}
