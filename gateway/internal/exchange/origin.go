package exchange

import "strings"

// Door is the way in that a request has taken.
type Door string

// The doors of the gateway.
const (
	REST  Door = "rest"
	Pages Door = "pages"
	MCP   Door = "mcp"
)

// maxAgent is how much is told of what a client calls itself.
const maxAgent = 200

// Origin tells the services where the request came from, for their audit log: door, address and user agent with single spaces
// between, "-" for an unknown address. The services read this form, so it does not change.
func (x *Exchange) Origin() string {
	if x.Door == "" {
		return ""
	}
	var room [320]byte
	text := append(append(room[:0], x.Door...), ' ')
	if x.Address.IsValid() {
		text = x.Address.Unmap().WithZone("").AppendTo(text)
	} else {
		text = append(text, '-')
	}
	if agent := printable(x.UserAgent); agent != "" {
		text = append(append(text, ' '), agent...)
	}
	return string(text)
}

// printable keeps what can be in a line of a log and in a header of gRPC.
func printable(text string) string {
	plain := len(text) <= maxAgent
	for i := 0; plain && i < len(text); i++ {
		plain = text[i] >= ' ' && text[i] <= '~'
	}
	if !plain {
		text = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, text)
		text = text[:min(maxAgent, len(text))]
	}
	return strings.TrimSpace(text)
}
