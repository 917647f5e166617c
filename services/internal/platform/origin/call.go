package origin

import (
	"context"
	"sync/atomic"
)

// Call is the method call that something is done for. The server puts one into the context of each call.
type Call struct {
	// Method is what was called, such as "fortnight.cycle.v1.CycleService/AdvanceCycle".
	Method string
	// HideCaller says that nothing may be kept that tells who called.
	HideCaller bool

	refusalKept atomic.Bool
}

type callKey struct{}

// WithCall returns a context that carries c.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf returns the call that ctx belongs to, or nil when nobody called a method.
func CallOf(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// KeepRefusal says that the audit log has the call's refusal, so that it is not written down twice.
func (c *Call) KeepRefusal() {
	if c != nil {
		c.refusalKept.Store(true)
	}
}

// RefusalKept tells whether KeepRefusal was called.
func (c *Call) RefusalKept() bool { return c != nil && c.refusalKept.Load() }
