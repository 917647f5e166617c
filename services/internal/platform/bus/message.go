package bus

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const (
	contentType = "application/cloudevents+json; charset=utf-8"
	// maxMessage is what a stream takes, headers included.
	maxMessage = 256 << 10
	// maxBody leaves room for the headers. A longer event travels without its body: consumers get it from the source.
	maxBody = maxMessage - 4<<10
)

// position is one event of one log.
type position struct {
	source string
	epoch  string
	seq    int64
}

// String is the message id: source:epoch:sequence.
func (p position) String() string {
	return p.source + ":" + p.epoch + ":" + strconv.FormatInt(p.seq, 10)
}

func parsePosition(id string) (position, bool) {
	parts := strings.Split(id, ":")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" {
		return position{}, false
	}
	seq, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || seq <= 0 {
		return position{}, false
	}
	return position{parts[0], parts[1], seq}, true
}

// positionOf reads a message's id.
func positionOf(h nats.Header) (position, bool) { return parsePosition(h.Get(jetstream.MsgIDHeader)) }

// newMessage makes the message of an event.
func newMessage(r eventlog.Record) *nats.Msg {
	body := r.CloudEvent()
	if len(body) > maxBody {
		body = nil
	}
	return &nats.Msg{Subject: subject(r), Header: nats.Header{"Content-Type": []string{contentType}}, Data: body}
}

// subject is fortnight.evt.v1.<source>.<team or "-">.<Name>.
func subject(r eventlog.Record) string {
	return "fortnight.evt.v1." + r.Source + "." + token(r.Team) + "." + token(r.Type[strings.LastIndexByte(r.Type, '.')+1:])
}

// token makes s one legal part of a subject.
func token(s string) string {
	if s == "" || len(s) > 255 || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '.' || c == '*' || c == '>' }) {
		return "-"
	}
	return s
}

// beat is what a relay says about its log's end.
type beat struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"head_seq"`
	Chain string `json:"head_chain"`
}

func (b beat) encode() []byte {
	out, _ := json.Marshal(b) // strings and a number: cannot fail
	return out
}

func decodeBeat(data []byte) (b beat, err error) {
	err = json.Unmarshal(data, &b)
	return b, err
}
