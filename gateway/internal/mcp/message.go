package mcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// shapes are the params of the methods that have some. The SDK would tell a client about Go types when they do not fit.
var shapes = map[string]func() any{
	"initialize":     func() any { return &mcp.InitializeParams{} },
	"tools/call":     func() any { return &mcp.CallToolParamsRaw{} },
	"tools/list":     func() any { return &mcp.ListToolsParams{} },
	"prompts/get":    func() any { return &mcp.GetPromptParams{} },
	"prompts/list":   func() any { return &mcp.ListPromptsParams{} },
	"resources/read": func() any { return &mcp.ReadResourceParams{} },
	"resources/list": func() any { return &mcp.ListResourcesParams{} },
}

// check refuses what is no message in words of our own.
func check(body []byte) *problem.Problem {
	var message struct {
		Version string          `json:"jsonrpc"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(body, &message)
	switch {
	case errors.As(err, &syntax):
		return notTaken("", fmt.Sprintf("The message is not valid JSON at byte %d: %s.", syntax.Offset, syntax.Error()))
	case err != nil:
		return misfit("", err)
	case message.Version != "2.0":
		return notTaken("jsonrpc", `A message is a JSON object in which "jsonrpc" is "2.0".`)
	case len(message.Params) > 0 && message.Params[0] != '{':
		return notTaken("params", `The field "params" must be an object.`)
	}
	if shape, ok := shapes[message.Method]; ok && len(message.Params) > 0 {
		if err := json.Unmarshal(message.Params, shape()); err != nil {
			return misfit("params.", err)
		}
	}
	return nil
}

// misfit tells which field has a value that it cannot have.
func misfit(at string, err error) *problem.Problem {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || at+wrong.Field == "" {
		return notTaken("", "The message must be a JSON object, with the fields that the protocol has for its method.")
	}
	field := strings.TrimSuffix(at+wrong.Field, ".")
	return notTaken(field, fmt.Sprintf("The field %q cannot be of the type %s.", field, wrong.Value))
}

func notTaken(field, text string) *problem.Problem {
	if field == "" {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "MESSAGE_INVALID", text)
	}
	return problem.Invalid(field, "MESSAGE_INVALID", text)
}

// spoken says what the SDK answers as the other doors do: its refusals, which are plain text, as problems, and nothing is kept on the way.
type spoken struct {
	http.ResponseWriter
	r       *http.Request
	refused int
}

func (s *spoken) WriteHeader(status int) {
	s.Header().Set("Cache-Control", "no-store")
	if status >= http.StatusBadRequest && strings.HasPrefix(s.Header().Get("Content-Type"), "text/plain") {
		s.refused = status // its text follows
		return
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *spoken) Write(text []byte) (int, error) {
	if s.refused == 0 {
		s.Header().Set("Cache-Control", "no-store") // a first Write is a WriteHeader, too
		return s.ResponseWriter.Write(text)
	}
	p := problem.New(s.refused, codes.InvalidArgument, "MESSAGE_INVALID", "The message was not taken: "+strings.TrimSpace(string(text))+".")
	switch {
	case s.refused == http.StatusForbidden:
		p = problem.New(s.refused, codes.PermissionDenied, "HOST_REFUSED", fmt.Sprintf("This door is not asked for under the name %.100q here.", s.r.Host))
	case s.refused >= http.StatusInternalServerError:
		p = problem.New(s.refused, codes.Internal, "INTERNAL", "Something went wrong that is not the client's fault.")
	}
	problem.Write(s.ResponseWriter, s.r, p)
	return len(text), nil
}

// Unwrap is for http.ResponseController.
func (s *spoken) Unwrap() http.ResponseWriter { return s.ResponseWriter }
