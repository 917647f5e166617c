package cycle_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// sent is a call that was answered and has a request id.
type sent struct {
	who, name string
	at        time.Time
	again     func(ctx context.Context) (proto.Message, error)
	answer    proto.Message
}

// verdict is what the machine expects of a call.
type verdict int

const (
	either verdict = iota // the machine does not say
	passes
	refused
)

// call is one call that the machine makes.
type call struct {
	verb string
	who  string
	// wants is what the call must come to for somebody who may write.
	wants verdict
	// bare calls carry no drawn etag or request id.
	bare bool
}

// may turns an expectation into a verdict for a caller.
func may(who string, ok bool) verdict {
	if !ok || !mayWrite(who) {
		return refused
	}
	return passes
}

// send makes a call with a drawn etag and request id, and checks everything that holds for every call.
func send[Q, A proto.Message](t *rapid.T, m *machine, c call, rpc func(context.Context, Q, ...grpc.CallOption) (A, error), req Q, target string) (A, error) {
	t.Helper()
	if !c.bare {
		if m.drawEtag(t, req, target) {
			c.wants = refused
		}
		if seldom(t, "request id", 3) {
			m.requests++
			with(req, "request_id", fmt.Sprintf("%s-%d", m.team, m.requests))
		}
	}
	again := func(ctx context.Context) (proto.Message, error) { return rpc(ctx, req) }
	answer, err := rpc(m.As(m.caller(c.who)), req)
	t.Logf("%s as %s %v: %v", c.verb, c.who, req, err)
	m.before, m.newest = m.board, nil
	if err != nil {
		m.seen[c.verb+" refused"]++
		m.seen[rpcserver.FromStatus(err).Reason]++
		m.refusal(t, c, err, target)
		return answer, err
	}
	m.seen[c.verb+" passes"]++
	if c.wants == refused {
		t.Fatalf("%s as %s had to be refused: %v", c.verb, c.who, req)
	}
	m.board = m.look(t)
	m.compare(t, c.verb, any(answer).(resource))
	if id := requestID(req); id != "" {
		m.sent = append(m.sent, sent{c.who, c.verb, m.Clock.Now(), again, answer})
		m.sendAgain(t, m.sent[len(m.sent)-1])
	}
	return answer, nil
}

func requestID(req proto.Message) string {
	r := req.ProtoReflect()
	f := r.Descriptor().Fields().ByName("request_id")
	return r.Get(f).String()
}

// drawEtag gives a request no etag, the resource's or one of before. It tells whether it is one of before.
func (m *machine) drawEtag(t *rapid.T, req proto.Message, target string) bool {
	r, known := m.board.resources[target]
	if !known {
		return false
	}
	switch dice(t, "etag", 8) {
	case 0, 1:
		with(req, "etag", r.GetEtag())
	case 2:
		if old := m.stale[target]; old != "" && with(req, "etag", old) {
			return true
		}
	}
	return false
}

// refusal checks a call that was refused: it says why, and changed nothing.
func (m *machine) refusal(t *rapid.T, c call, err error, target string) {
	t.Helper()
	f := rpcserver.FromStatus(err)
	if c.wants == passes {
		t.Fatalf("%s as %s was refused: %v", c.verb, c.who, f)
	}
	if f.Reason == "" || f.Message == "" || f.Kind == fault.Internal {
		t.Fatalf("%s: a refusal that does not say why: %v", c.verb, err)
	}
	if !mayWrite(c.who) && c.verb != "AnswerEscalation" && f.Kind != fault.PermissionDenied && f.Kind != fault.Unauthenticated && f.Kind != fault.NotFound {
		t.Fatalf("%s as %s may not be judged, but was: %v", c.verb, c.who, f)
	}
	if f.Reason == "ETAG_MISMATCH" && f.Metadata["current_etag"] != m.board.resources[target].GetEtag() {
		t.Fatalf("%s: the etag is %s, the refusal says %v", c.verb, m.board.resources[target].GetEtag(), f.Metadata)
	}
	m.nothingChanged(t, c.verb+" was refused")
}

// nothingChanged checks that no row and no event is different from before.
func (m *machine) nothingChanged(t *rapid.T, what string) {
	t.Helper()
	now := &board{storedByName: map[string]string{}}
	now.read(t, m)
	if now.stored != m.board.stored {
		for _, name := range slices.Sorted(maps.Keys(now.storedByName)) {
			if now.storedByName[name] != m.board.storedByName[name] {
				t.Errorf("was %swhich is %s", m.board.storedByName[name], now.storedByName[name])
			}
		}
		t.Fatalf("%s, and changed the board", what)
	}
	if head := m.head(t); head != m.seq {
		t.Fatalf("%s, and recorded %d events", what, head-m.seq)
	}
}

// sendAgain repeats a call with its request id: the answer is the first one, and nothing happens.
func (m *machine) sendAgain(t *rapid.T, s sent) {
	t.Helper()
	answer, err := s.again(m.As(m.caller(s.who)))
	if err != nil {
		if m.away && rpcserver.FromStatus(err).Kind == fault.Unavailable {
			return // what has to be asked before cannot be asked
		}
		t.Fatalf("%s as %s repeated with its request id: %v", s.name, s.who, err)
	}
	if !proto.Equal(answer, s.answer) {
		t.Fatalf("%s repeated with its request id answers %v, not %v", s.name, answer, s.answer)
	}
	m.nothingChanged(t, s.name+" was repeated")
}

// repeat repeats a call of before, as long as its answer is kept.
func (m *machine) repeat(t *rapid.T) {
	if len(m.sent) == 0 {
		return
	}
	s := choose(t, "again", m.sent)
	if m.Clock.Now().Sub(s.at) >= 23*time.Hour {
		return // the answer is no longer kept
	}
	t.Logf("%s as %s again", s.name, s.who)
	m.sendAgain(t, s)
}

// compare looks at what a call changed: only by events, only those that the verb may bring, each with an etag of its own.
func (m *machine) compare(t *rapid.T, verb string, answer resource) {
	t.Helper()
	now, known := m.board.resources[answer.GetName()]
	if known && !proto.Equal(now, answer) {
		t.Fatalf("%s answered\n%v\nbut the list says\n%v", verb, answer, now)
	}
	if !known {
		t.Fatalf("%s answered %s, which is in no list", verb, answer.GetName())
	}
	m.events(t, verb, answer.GetName())
	for name, after := range m.board.resources {
		before, was := m.before.resources[name]
		if was && (before.GetEtag() == after.GetEtag()) != proto.Equal(before, after) {
			t.Fatalf("%s: the etag of %s tells nothing of its change from\n%v\nto\n%v", verb, name, before, after)
		}
		if was && before.GetEtag() != after.GetEtag() {
			m.stale[name] = before.GetEtag()
		}
	}
}
