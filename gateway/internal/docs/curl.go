package docs

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// curlParts is a command line but for the host, which is the reader's own.
type curlParts struct {
	path  string
	flags []string
}

// computedMetric is a metric of the demo that has events behind its readings.
const computedMetric = "checkout-change-lead-time"

var pathVariable = regexp.MustCompile(`\{([^}]+)\}`)

func newCurlParts(o operation) curlParts {
	c := curlParts{path: pathVariable.ReplaceAllStringFunc(o.Path, func(v string) string {
		name := strings.Trim(v, "{}")
		if name == "metric" && strings.HasSuffix(o.Path, ":explain") {
			return computedMetric
		}
		if sample := samples[name]; sample != "" {
			return sample
		}
		return "example"
	})}
	var query []string
	for _, p := range o.Parameters {
		switch {
		case p.In == "query" && p.Required:
			value, ok := queries[p.Name]
			if !ok {
				value = "example"
			}
			query = append(query, p.Name+"="+value)
		case p.In == "header" && p.Name == "Idempotency-Key":
			c.flags = append(c.flags, `-H "Idempotency-Key: $(uuidgen)"`)
		}
	}
	if choice, ok := choices[o.ID]; ok {
		query = append(query, choice)
	}
	if len(query) > 0 {
		c.path += "?" + strings.Join(query, "&")
	}
	switch {
	case o.Answer != nil && o.Answer.Type == "text/event-stream":
		c.flags = append(c.flags, "-N")
	case o.Method != http.MethodGet:
		c.flags = append([]string{"-X " + o.Method}, c.flags...)
	}
	if !o.Public {
		c.flags = append(c.flags, `-H "Authorization: Bearer $FORTNIGHT_TOKEN"`)
	}
	switch file, ok := files[o.ID]; {
	case o.Request == nil:
	case ok:
		c.flags = append(c.flags, "-H 'Content-Type: "+o.Request.Type+"'", "--data-binary @"+file)
	case o.Request.Example != "":
		c.flags = append(c.flags, "-H 'Content-Type: application/json'", "-d "+shellQuote(o.Request.Example))
	}
	return c
}

// command is the whole command line for a reader of base, now.
func (c curlParts) command(base string, now time.Time) string {
	lines := append([]string{fmt.Sprintf("curl -sS %s", shellQuote(base+c.path))}, c.flags...)
	return dated(strings.Join(lines, " \\\n  "), now)
}

// shellQuote makes s one word of a POSIX shell.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
