package eventlog

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ReplayedHeader is the gRPC response header that says, with the value "true", that an answer was given before.
const ReplayedHeader = "idempotency-replayed"

// errKeyTaken rolls a transaction back whose request id has an answer already.
var errKeyTaken = errors.New("eventlog: the request id is taken")

// Write answers a request that changes something: it runs change in one transaction and returns its answer once that is
// durable. What db.DB.Write says holds here: change may run again, and must not wait for anything but its own statements.
//
// A request with a request id (a field request_id that is not empty) has its effect once: its answer is kept for 24 hours,
// in the same transaction, and given again to every further copy of the same caller, with the header ReplayedHeader. The
// same id with another request is InvalidArgument IDEMPOTENCY_KEY_REUSED. Only successes are kept: a refused request may
// be repeated with its id. Of concurrent copies one has the effect and the others wait for its answer. A caller who has
// not signed in has no request ids: they would be shared by everybody. Who may no longer do what the request asks for, and is
// told so by change, does not get the answer of a time when they still might.
func Write[R proto.Message](ctx context.Context, l *Log, req proto.Message, change func(tx *Tx) (R, error)) (R, error) {
	var none R
	id := ""
	if r, ok := req.(interface{ GetRequestId() string }); ok {
		id = r.GetRequestId()
	}
	principal := caller.From(ctx).Subject
	if id == "" || principal == "" {
		return do(ctx, l, change)
	}
	k, err := l.newKey(principal, id, req)
	if err != nil {
		return none, err
	}
	// The second turn is for a copy that found the key taken by a transaction that was then not committed.
	for turn := 1; ; turn++ {
		answer, err := do(ctx, l, keeping(k, change))
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil && errors.Is(err, errKeyTaken):
			return none, ctx.Err() // there is an answer, and nobody left to give it to
		case ctx.Err() != nil:
			return none, err
		case !errors.Is(err, errKeyTaken) && fault.From(err).Kind == fault.PermissionDenied:
			return none, err
		}
		// Whatever went wrong: if the request had its effect before, that was the answer.
		kept, found, lookup := l.kept(ctx, k)
		switch {
		case lookup != nil && reasonOf(lookup) == reasonKeyReused:
			return none, lookup
		case lookup != nil && errors.Is(err, errKeyTaken):
			return none, lookup
		case lookup == nil && found:
			return replay[R](ctx, kept)
		case !errors.Is(err, errKeyTaken):
			return none, err
		case turn == 2:
			return none, fault.New(fault.Unavailable, "REQUEST_RUNNING", "A request with the same id is being answered; try again.").Because(err)
		}
	}
}

// do runs the change in a transaction. After an error the answer is not looked at: with an unknown outcome the change may
// still be running.
func do[R proto.Message](ctx context.Context, l *Log, change func(tx *Tx) (R, error)) (R, error) {
	var answer R
	err := l.Do(ctx, func(tx *Tx) (err error) {
		answer, err = change(tx)
		return err
	})
	if err != nil {
		var none R
		return none, err
	}
	return answer, nil
}

// keeping is the change together with the row that keeps its answer.
func keeping[R proto.Message](k key, change func(tx *Tx) (R, error)) func(tx *Tx) (R, error) {
	return func(tx *Tx) (R, error) {
		var none R
		// On Postgres the row comes first, so that a concurrent copy waits for this transaction. On SQLite there is one
		// writer and nobody to wait for: the row comes last and costs one statement.
		if tx.Engine() == db.Postgres {
			if err := k.claim(tx, []byte{}); err != nil {
				return none, err
			}
		}
		answer, err := change(tx)
		if err != nil {
			return none, err
		}
		plain, err := proto.Marshal(answer)
		if err != nil {
			return none, fault.From(err)
		}
		sealed, err := k.seal(plain)
		if err != nil {
			return none, fault.From(err)
		}
		if tx.Engine() == db.SQLite {
			return answer, k.claim(tx, sealed)
		}
		_, err = tx.Exec("update idem set answer = $1 where key = $2", sealed, k.id[:])
		return answer, err
	}
}

// replay gives a kept answer again.
func replay[R proto.Message](ctx context.Context, kept []byte) (R, error) {
	var none R
	answer, ok := none.ProtoReflect().Type().New().Interface().(R)
	if !ok {
		return none, fault.New(fault.Internal, "ANSWER_UNREADABLE", "The answer given before cannot be read.")
	}
	if err := proto.Unmarshal(kept, answer); err != nil {
		return none, fault.New(fault.Internal, "ANSWER_UNREADABLE", "The answer given before cannot be read.").Because(err)
	}
	// Outside of a gRPC call there is no header to set, and nobody to read it.
	_ = grpc.SetHeader(ctx, metadata.Pairs(ReplayedHeader, "true"))
	return answer, nil
}
