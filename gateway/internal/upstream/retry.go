package upstream

import (
	"context"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// Retry says how an unreachable service is tried again.
type Retry struct {
	// Budget is how long a request waits for a service in all.
	Budget time.Duration
	// First is the first pause; each next one is twice as long.
	First time.Duration
	// Most is the longest pause.
	Most time.Duration
}

// networked is what a real gRPC connection can tell about itself; an in-process channel cannot.
type networked interface {
	GetState() connectivity.State
	WaitForStateChange(ctx context.Context, source connectivity.State) bool
	Connect()
}

// do calls until the answer is another than UNAVAILABLE or the budget is used up. A call that may not be repeated is made
// once, but not before there is a connection: what was never sent had no effect.
func (r Retry) do(ctx context.Context, conn grpc.ClientConnInterface, repeatable bool, call func() error) error {
	if _, ok := conn.(networked); !ok {
		// In process there is nothing to connect, and nearly every call succeeds at once: it needs no budget.
		err := call()
		if !repeatable || status.Code(err) != codes.Unavailable || !pause(ctx, r.First) {
			return err
		}
	}
	waiting, cancel := context.WithTimeout(ctx, r.Budget)
	defer cancel()
	for next := r.First; ; next = min(2*next, r.Most) {
		if !connected(waiting, conn) {
			if ctx.Err() != nil {
				return status.FromContextError(ctx.Err()).Err()
			}
			return unreachable()
		}
		err := call()
		if !repeatable || status.Code(err) != codes.Unavailable || !pause(waiting, next) {
			return err
		}
	}
}

// pause waits; false means that ctx has ended meanwhile.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// connected waits until a networked connection can carry calls.
func connected(ctx context.Context, conn grpc.ClientConnInterface) bool {
	network, ok := conn.(networked)
	if !ok {
		return true
	}
	for {
		state := network.GetState()
		switch state {
		case connectivity.Ready:
			return true
		case connectivity.Shutdown:
			return false
		case connectivity.Idle:
			network.Connect()
		case connectivity.Connecting, connectivity.TransientFailure: // it is being tried
		}
		if !network.WaitForStateChange(ctx, state) {
			return false
		}
	}
}

func unreachable() error {
	st := status.New(codes.Unavailable, "A part of Fortnight cannot be reached at the moment. The request had no effect. Try again.")
	detailed, err := st.WithDetails(&errdetails.ErrorInfo{Reason: "SERVICE_UNREACHABLE", Domain: problem.Domain})
	if err != nil { // an ErrorInfo always marshals
		return st.Err()
	}
	return detailed.Err()
}
