package credential

import (
	"net/http"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// AdmitAssistant is Admit for the MCP door. Only the header Authorization counts there: a cookie would let any page make the
// browser speak to it.
func (e *Entrance) AdmitAssistant(w http.ResponseWriter, r *http.Request) (Admitted, *problem.Problem) {
	exchange.From(r.Context()).Door = exchange.MCP
	if p := e.SameOrigin(r); p != nil {
		return Admitted{}, p
	}
	return e.admit(w, r, ofAssistant, e.Known, e.Authenticate)
}

func ofAssistant(r *http.Request) (Credential, *problem.Problem) {
	if len(r.Header["Authorization"]) == 0 {
		return Credential{}, nil
	}
	shown, p := Of(r)
	if p == nil {
		shown.Kind = AssistantToken
	}
	return shown, p
}
