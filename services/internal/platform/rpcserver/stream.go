package rpcserver

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// stream is the chain for streaming calls, in process and over TCP. There is no default deadline: a stream may live as
// long as the server does.
func (s *Server) stream(implementation any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx, c := s.begin(ss.Context(), info.FullMethod)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.stopping, func() { cancel(errStopping) })
	defer func() {
		stop()
		err = s.end(ctx, c, recover(), err)
		cancel(nil)
	}()
	who, err := s.identify(ctx, c)
	if err != nil {
		return err
	}
	ctx = caller.With(ctx, who)
	checked := &serverStream{ServerStream: ss, ctx: ctx, server: s, call: c, who: who}
	if !c.exempt {
		if err := c.rule.CheckCaller(who); err != nil {
			return err
		}
	}
	checked.admitted = c.exempt || !c.rule.NeedsRequest()
	if err := handler(implementation, checked); err != nil {
		return err
	}
	if !checked.admitted {
		return fmt.Errorf("%s answered without looking at a request, so nobody decided whether the caller may", c.name)
	}
	return nil
}

// serverStream checks each message that comes in, and lets nothing out before the first was admitted.
type serverStream struct {
	grpc.ServerStream
	ctx      context.Context
	server   *Server
	call     *call
	who      caller.Caller
	admitted bool
}

// Context returns the context with caller, request id and span.
func (ss *serverStream) Context() context.Context { return ss.ctx }

// RecvMsg receives the next message, and refuses it when the caller may not send it or when it is not valid.
func (ss *serverStream) RecvMsg(into any) error {
	err := ss.ServerStream.RecvMsg(into)
	message, ok := into.(proto.Message)
	if !ok {
		return fmt.Errorf("the request is a %T and no message", into)
	}
	if errors.Is(err, io.EOF) && !ss.admitted {
		// The caller sent nothing, so there is nothing that could let the caller in.
		return ss.server.admit(ss.call, ss.who, message)
	}
	if err != nil {
		return err
	}
	if err := ss.server.admit(ss.call, ss.who, message); err != nil {
		return err
	}
	if err := ss.server.validate(ss.call, message); err != nil {
		return err
	}
	ss.admitted = true
	return nil
}

// SendMsg sends an answer.
func (ss *serverStream) SendMsg(answer any) error {
	if !ss.admitted {
		return fmt.Errorf("%s answers before it looked at a request", ss.call.name)
	}
	err := ss.ServerStream.SendMsg(answer)
	if errors.Is(err, io.EOF) && ss.ctx.Err() != nil {
		return ss.ctx.Err() // in process, this is how a stream says that the caller has gone
	}
	return err
}
