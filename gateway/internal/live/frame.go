package live

import (
	"bytes"
	"strings"
)

// appendFrame writes one event in the form of server-sent events.
func appendFrame(b *bytes.Buffer, id, event, data string) {
	b.WriteString("id: ")
	b.WriteString(id)
	b.WriteString("\nevent: ")
	b.WriteString(oneLine(event))
	for line := range strings.SplitSeq(data, "\n") {
		b.WriteString("\ndata: ")
		b.WriteString(oneLine(line))
	}
	b.WriteString("\n\n")
}

// appendPing writes what keeps the connection open. It brings the id, too: a client whose filter lets little through then
// goes on near the end and not where its last event was.
func appendPing(b *bytes.Buffer, id string) {
	b.WriteString(": ping\n")
	if id != "" {
		b.WriteString("id: ")
		b.WriteString(id)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

var lineEnds = strings.NewReplacer("\r", " ", "\n", " ")

func oneLine(s string) string { return lineEnds.Replace(s) }
