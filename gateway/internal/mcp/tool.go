package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
)

// tool is one thing that an assistant can do: one call of a service.
type tool[Arguments, Request, Answer proto.Message] struct {
	name, title, description string
	// inputs are the fields of Arguments that an assistant can give.
	inputs []input
	// request makes the request of the arguments; nil when they are the request.
	request func(Arguments) Request
	call    func(context.Context, Request, ...grpc.CallOption) (Answer, error)
	// drafts says that it writes.
	drafts bool
}

// add puts a tool behind the door. The SDK would check the arguments against the schema in words of its own; here they are refused in
// the words that REST has, most of them by the service.
func add[Arguments, Request, Answer proto.Message](server *mcp.Server, t tool[Arguments, Request, Answer]) {
	var arguments Arguments
	var answer Answer
	if t.request == nil {
		t.request = func(arguments Arguments) Request {
			request, _ := any(arguments).(Request)
			return request
		}
	}
	closed, destructive := false, false
	server.AddTool(&mcp.Tool{
		Name: t.name, Title: t.title, Description: t.description,
		InputSchema:  inputSchema(arguments.ProtoReflect().Descriptor(), t.inputs),
		OutputSchema: outputSchema(answer.ProtoReflect().Descriptor()),
		Annotations: &mcp.ToolAnnotations{
			ReadOnlyHint: !t.drafts, IdempotentHint: !t.drafts, DestructiveHint: &destructive, OpenWorldHint: &closed,
		},
	}, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		parsed, _ := arguments.ProtoReflect().New().Interface().(Arguments)
		if p := parse(r.Params.Arguments, parsed, t.inputs); p != nil {
			return refuse(p, exchange.From(ctx)), nil
		}
		answered, err := t.call(ctx, t.request(parsed))
		if err != nil {
			if t.drafts && status.Code(err) == codes.PermissionDenied {
				return refuse(err, exchange.From(ctx), whoDrafts), nil
			}
			return refuse(err, exchange.From(ctx)), nil
		}
		return answerOf(answered)
	})
}

// parse reads the arguments of a tool. An argument that the tool has not is refused, although the contract may have it.
func parse(given json.RawMessage, into proto.Message, inputs []input) *problem.Problem {
	if len(given) == 0 {
		given = json.RawMessage("{}")
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(given, &names); err != nil {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "ARGUMENTS_UNREADABLE", "The arguments of a tool are one object.")
	}
	fields, known := into.ProtoReflect().Descriptor().Fields(), []string{}
	for _, in := range inputs {
		field := fields.ByName(in.field)
		known = append(known, field.JSONName())
		if value, ok := names[field.JSONName()]; in.required && (!ok || isEmpty(value)) {
			return problem.Invalid(field.JSONName(), "ARGUMENT_MISSING", fmt.Sprintf("The argument %q is missing.", field.JSONName()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(known, name) {
			return problem.Invalid("", "UNKNOWN_ARGUMENT", fmt.Sprintf("There is no argument %.100q; the tool takes %s.", name, strings.Join(known, ", ")))
		}
	}
	if err := protojson.Unmarshal(given, into); err != nil {
		return transcode.DecodeProblem(err.Error(), given, into.ProtoReflect().Descriptor(), "")
	}
	return nil
}

func isEmpty(value json.RawMessage) bool {
	return slices.Contains([]string{"null", `""`}, string(value))
}
