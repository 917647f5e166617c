package audit

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

const (
	// window is how long copies of a denial are counted instead of kept.
	window = time.Minute
	// flushEvery is how often ended windows are looked for.
	flushEvery = 5 * time.Second
	// denialTimeout is how long an answer waits for its denial to be on disk, and recordTimeout when it is given up.
	denialTimeout, recordTimeout = 2 * time.Second, 10 * time.Second
	// kindsOfSource is how many different denials of one caller at one address are kept apart in a window. Beyond it their
	// resources are left out, so that somebody who tries every name there is does not fill the disk.
	kindsOfSource = 100
	// kindsAtMost is how many are kept apart altogether. Beyond it callers and addresses are left out as well, so that many
	// addresses do not fill the memory.
	kindsAtMost = 10_000
)

// Denials records what was refused. The first of its kind is on disk before the answer leaves; copies within the next minute,
// by the same caller at the same address for the same reason, become one more event with the detail "count". Its method
// Tell is the Denied of rpcserver.Config. It is safe for concurrent use.
type Denials struct {
	// Log returns the log of a service of this process by its name, or nil. It is asked with "" for the methods that every
	// service has.
	Log func(service string) *eventlog.Log
	// Clock tells the time.
	Clock func() time.Time
	// Logger receives what could not be recorded.
	Logger *slog.Logger

	mu      sync.Mutex
	open    map[kind]*copies
	sources map[source]int // how many of open each has
}

// source is where denials come from.
type source struct{ actor, address string }

// kind is what makes two denials copies of each other.
type kind struct {
	source
	door                              origin.Door
	client                            string // what a client at the MCP door calls itself
	hidden                            bool   // the method hides its caller
	action                            commonv1.AuditAction
	service, method, resource, reason string
	leftOut                           string // what was left out because there is too much of it
}

// copies counts the denials of a kind that stand in no event yet.
type copies struct {
	begin time.Time
	count int
}

// Tell records a denial. It returns once that is on disk, or after two seconds; then the logger says so.
func (d *Denials) Tell(ctx context.Context, denied rpcserver.Denial) {
	k, first := d.count(kindOf(ctx, denied))
	if !first {
		return
	}
	id := requestid.From(ctx)
	// In a goroutine of its own, because a stuck database holds on to a write for longer than an answer may wait.
	recorded := make(chan error, 1)
	go func() { //nolint:gosec // without the call's context: a caller who leaves must not keep the denial from the log
		bounded, cancel := context.WithTimeout(context.Background(), recordTimeout)
		defer cancel()
		err := d.record(requestid.With(bounded, id), k, nil)
		if err != nil {
			d.putBack(k, copies{begin: d.Clock(), count: 1})
		}
		recorded <- err
	}()
	timer := time.NewTimer(denialTimeout)
	defer timer.Stop()
	var err error
	select {
	case err = <-recorded:
	case <-timer.C:
		err = context.DeadlineExceeded
	}
	if err != nil {
		d.Logger.Error("a denial is not on disk yet", "method", k.method, "reason", k.reason, "error", err)
	}
}

// kindOf is the kind of a denial. Of methods that hide their caller it holds nothing that tells who it was.
func kindOf(ctx context.Context, denied rpcserver.Denial) kind {
	from, call := origin.From(ctx), origin.CallOf(ctx)
	k := kind{
		source: source{denied.Caller, from.Address}, door: from.Door, hidden: call != nil && call.HideCaller,
		action: commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED, service: denied.Service, method: denied.Method,
		resource: clean(denied.Resource, maxResource), reason: denied.Reason,
	}
	if k.door == origin.MCP {
		k.client = from.UserAgent
	}
	if denied.Credential {
		k.action = commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED
	}
	if k.hidden {
		k.source, k.client = source{}, ""
	}
	return k
}

// count counts a denial, and tells whether it is the first of its kind, under which kind.
func (d *Denials) count(k kind) (kind, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open, d.sources = map[kind]*copies{}, map[source]int{}
	}
	if d.open[k] == nil && d.sources[k.source] >= kindsOfSource {
		k.resource, k.client, k.leftOut = "", "", "resource"
	}
	if d.open[k] == nil && len(d.open) >= kindsAtMost {
		k.source, k.resource, k.client, k.leftOut = source{}, "", "", "actor, address, resource"
	}
	if c := d.open[k]; c != nil {
		c.count++
		return k, false
	}
	d.open[k] = &copies{begin: d.Clock()}
	d.sources[k.source]++
	return k, true
}

// putBack counts again what could not be recorded.
func (d *Denials) putBack(k kind, c copies) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.open[k]; known != nil {
		known.count += c.count
		return
	}
	d.open[k] = &c
	d.sources[k.source]++
}

// Run records the copies of denials whose minute is over, until ctx ends.
func (d *Denials) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.Flush(ctx, false)
		}
	}
}

// Flush records the copies of denials whose minute is over, or all of them. The program does so before it closes the
// databases.
func (d *Denials) Flush(ctx context.Context, all bool) {
	for k, c := range d.ended(all) {
		if c.count == 0 {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, recordTimeout)
		err := d.record(bounded, k, map[string]string{"count": strconv.Itoa(c.count), "since": c.begin.UTC().Format(time.RFC3339)})
		cancel()
		if err != nil {
			d.Logger.Error("denials are not on disk yet", "method", k.method, "reason", k.reason, "count", c.count, "error", err)
			d.putBack(k, c)
		}
	}
}

// ended takes out the kinds whose minute is over, or all.
func (d *Denials) ended(all bool) map[kind]copies {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken, now := map[kind]copies{}, d.Clock()
	for k, c := range d.open {
		if !all && now.Sub(c.begin) < window {
			continue
		}
		taken[k] = *c
		delete(d.open, k)
		if d.sources[k.source]--; d.sources[k.source] == 0 {
			delete(d.sources, k.source)
		}
	}
	return taken
}

// record records an event of a kind. The context brings nothing but its end and the request id: what a call had in its own,
// such as the caller's token, is not kept for a minute.
func (d *Denials) record(ctx context.Context, k kind, details map[string]string) error {
	log := d.Log(k.service)
	if log == nil {
		return errNotHere
	}
	ctx = origin.With(ctx, origin.Origin{Door: k.door, Address: k.address, UserAgent: k.client})
	ctx = origin.WithCall(ctx, &origin.Call{Method: k.method, HideCaller: k.hidden})
	if k.leftOut != "" {
		if details == nil {
			details = map[string]string{}
		}
		details["left_out"] = k.leftOut
	}
	return RecordNow(ctx, log, Event{Action: k.action, Actor: k.actor, Resource: k.resource, Reason: k.reason, Details: details})
}

var errNotHere = errors.New("the service of the method is not in this process")
