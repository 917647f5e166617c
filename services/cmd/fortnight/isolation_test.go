package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/access"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// isolationFile is the matrix as people have checked it: one line for each RPC, a column for each kind of caller.
const isolationFile = "testdata/isolation.txt"

// Nobody sees or changes what is not theirs: one world, and every way in.
func TestIsolation(t *testing.T) {
	w := newWorld(t)
	t.Run("anonymous", w.checkAnonymous)
	t.Run("REST", w.checkREST)
	t.Run("cookies", w.checkCookies)
	t.Run("exports", w.checkExports)
	t.Run("masks", w.checkMasks)
	t.Run("files", w.checkFiles)
	t.Run("events", w.checkEvents)
	t.Run("pages", w.checkPages)
	t.Run("references", w.checkReferences)
	t.Run("recognition", w.checkRecognition)
	t.Run("keys", w.checkKeys)
	t.Run("removal", w.checkRemoval)
	t.Run("matrix", w.checkMatrix) // last, because those who may change things do
}

// checkMatrix tries every RPC as every kind of caller on what two teams have, and compares who was let in with the file.
// FORTNIGHT_WRITE_ISOLATION=1 writes the file anew; read the difference before you keep it.
func (w *world) checkMatrix(t *testing.T) {
	covered := map[string]bool{}
	lines := map[string]string{}
	var order []string
	for _, c := range isolationCases() {
		name, _, _ := strings.Cut(c.rpc, " ")
		covered[name] = true
		if _, twice := lines[c.rpc]; twice {
			t.Errorf("%s is there twice", c.rpc)
		}
		lines[c.rpc] = w.checkCase(t, c)
		order = append(order, c.rpc)
	}
	eachMethod(func(method protoreflect.MethodDescriptor, _ *commonv1.AccessRule) {
		service := strings.Split(string(method.FullName()), ".")[1]
		if name := service + "." + string(method.Name()); !covered[name] {
			t.Errorf("%s is new: say in isolationCases what it is asked for, and in %s whom it lets in", name, isolationFile)
		}
	})
	if os.Getenv("FORTNIGHT_WRITE_ISOLATION") != "" {
		writeIsolation(t, order, lines)
		return
	}
	expected := readIsolation(t)
	for _, rpc := range order {
		if want, ok := expected[rpc]; !ok {
			t.Errorf("%s has no line in %s; it would be:\n%s", rpc, isolationFile, isolationLine(rpc, lines[rpc]))
		} else if want != lines[rpc] {
			t.Errorf("%s lets others in than %s says:\n%s\n%s\n%s", rpc, isolationFile, isolationLine("", header()), isolationLine("expected", want), isolationLine("is", lines[rpc]))
		}
	}
	for rpc := range expected {
		if _, ok := lines[rpc]; !ok {
			t.Errorf("%s has a line for %s, which is no RPC", isolationFile, rpc)
		}
	}
}

// checkCase tries one case and returns its cells: "+" let in on both teams, "o" on the open one only, "!" on the closed one
// only, "-" on none.
func (w *world) checkCase(t *testing.T, c isolationCase) string {
	t.Helper()
	w.refresh()
	in := map[string]map[string]bool{}
	var answered []string
	for _, team := range []string{closedTeam, openTeam} {
		in[team] = map[string]bool{}
		for _, column := range columns {
			made := ""
			if c.before != nil {
				made = c.before(t, w, team)
				w.refresh()
			}
			request := c.message(t, w, team, made)
			got := w.ask(t, c, request, column, team)
			if got.refused() {
				w.checkRefusal(t, c, request, column, team, got)
				continue
			}
			in[team][column] = true
			if got.status.Code() == codes.OK {
				answered = append(answered, column)
			}
			for _, word := range leaks(column, got.text) {
				t.Errorf("%s tells a caller of the kind %q of %s: %s", c.rpc, column, word, got.text)
			}
			if got.status.Code() == codes.Internal || got.status.Code() == codes.Unknown {
				t.Errorf("%s of team %s as %s: %v", c.rpc, team, column, got.status.Err())
			}
			if last := got.status; c.refuses == "" && last.Code() != codes.OK && len(answered) == 0 {
				t.Logf("%s of team %s as %s: %v", c.rpc, team, column, last.Err())
			}
		}
	}
	if c.refuses == "" && len(answered) == 0 {
		t.Errorf("%s: nobody was answered, so nothing was protected", c.rpc)
	}
	if c.refuses != "" && len(answered) > 0 {
		t.Errorf("%s: %v were answered although %s", c.rpc, answered, c.refuses)
	}
	cells := make([]string, len(columns))
	for i, column := range columns {
		cells[i] = map[[2]bool]string{{true, true}: "+", {false, true}: "o", {true, false}: "!"}[[2]bool{in[closedTeam][column], in[openTeam][column]}]
		if cells[i] == "" {
			cells[i] = "-"
		}
	}
	return strings.Join(cells, " ")
}

// outcome is what an RPC answered.
type outcome struct {
	status *status.Status
	header metadata.MD
	text   string
}

// refused tells whether the caller was turned away, or told that there is no such thing.
func (o outcome) refused() bool {
	switch reason := reasonOf(o.status); {
	case o.status.Code() == codes.OK:
		return false
	case o.status.Code() == codes.PermissionDenied, reason == access.ReasonUnauthenticated, reason == caller.ReasonInvalid, reason == caller.ReasonExpired,
		reason == "DELIVERY_NOT_AUTHENTIC":
		return true
	default:
		return o.status.Code() == codes.NotFound && reason != "QUARANTINED_EVENT_NOT_FOUND"
	}
}

func reasonOf(s *status.Status) string {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// ask makes one call as the caller of a column.
func (w *world) ask(t *testing.T, c isolationCase, request proto.Message, column, team string) outcome {
	t.Helper()
	method := c.descriptor(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if token := w.caller(t, column, team); token != "" {
		ctx = caller.OutgoingAs(ctx, token)
	}
	full := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	got, answer := outcome{}, message(t, method.Output())
	var err error
	if method.IsStreamingServer() || method.IsStreamingClient() {
		var stream grpc.ClientStream
		desc := &grpc.StreamDesc{ServerStreams: method.IsStreamingServer(), ClientStreams: method.IsStreamingClient()}
		if stream, err = w.server.Conn().NewStream(ctx, desc, full); err == nil {
			if err = stream.SendMsg(request); err == nil || desc.ClientStreams && errors.Is(err, io.EOF) { // the refusal is there already
				_ = stream.CloseSend()
				if err = stream.RecvMsg(answer); errors.Is(err, io.EOF) { // there was nothing to send
					err = nil
				}
			}
		}
	} else {
		err = w.server.Conn().Invoke(ctx, full, request, answer, grpc.Header(&got.header))
	}
	got.status = status.Convert(err)
	got.text = prototext.Format(answer) + prototext.Format(got.status.Proto())
	return got
}

// checkRefusal asks the same of something that is not there: but for the name that was sent, the answers are equal, and no word
// of the team is in either.
func (w *world) checkRefusal(t *testing.T, c isolationCase, request proto.Message, column, team string, got outcome) {
	t.Helper()
	if strings.Contains(got.text, workWord) || strings.Contains(got.text, draftWord) || strings.Contains(got.text, noteWord) {
		t.Errorf("%s refuses a caller of the kind %q with words of the team: %s", c.rpc, column, got.text)
	}
	path := c.field(t)
	if path == "" || c.mayKnow(column, team) {
		return
	}
	other := proto.Clone(request)
	holder, field := leaf(other, path)
	name := holder.Get(field).String()
	missing := missingName(name)
	holder.Set(field, protoreflect.ValueOfString(missing))
	none := w.ask(t, c, other, column, team)
	here, nowhere := plainRefusal(got, name), plainRefusal(none, missing)
	if here != nowhere {
		t.Errorf("%s tells a caller of the kind %q what is there:\n%s\n%s", c.rpc, column, here, nowhere)
	}
}

// leaf follows the path of a field.
func leaf(m proto.Message, path string) (protoreflect.Message, protoreflect.FieldDescriptor) {
	holder, parts := m.ProtoReflect(), strings.Split(path, ".")
	for _, part := range parts[:len(parts)-1] {
		holder = holder.Mutable(holder.Descriptor().Fields().ByTextName(part)).Message()
	}
	return holder, holder.Descriptor().Fields().ByTextName(parts[len(parts)-1])
}

// missingName is the name of something that is not there, beside the thing of the given name: its last id is another one.
func missingName(name string) string {
	parts := strings.Split(name, "/")
	last := len(parts) - 1
	for slices.Contains([]string{"retrospective", "factsStrip", "retrospectiveSettings", "knowledgeSettings", "coachingCadence", "storyboard", "calibration"}, parts[last]) {
		last-- // it has no id of its own
	}
	parts[last] = "not-there"
	return strings.Join(parts, "/")
}

// plainRefusal is all that a refusal tells, without the name that was sent.
func plainRefusal(o outcome, name string) string {
	header := maps.Clone(o.header)
	delete(header, "fortnight-request-id")
	return strings.ReplaceAll(strings.Join([]string{o.status.Code().String(), o.status.Message(), detailsOf(o.status), fmt.Sprint(header)}, "\n"), name, "NAME")
}

func detailsOf(s *status.Status) string {
	var details bytes.Buffer
	for _, detail := range s.Details() {
		if m, ok := detail.(proto.Message); ok {
			text, _ := prototext.MarshalOptions{}.Marshal(m)
			details.Write(bytes.ReplaceAll(text, []byte("  "), []byte(" "))) // prototext varies its blanks on purpose
		}
	}
	return details.String()
}
