package db

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// texts turns query texts into what the engine takes, and remembers them. To SQLite $1 is a name, numbered by first
// appearance: "select $2, $1" would return swapped values without an error. ?1 is a number.
type texts struct {
	engine Engine
	known  sync.Map // string → prepared
	count  atomic.Int64
}

type prepared struct {
	text   string
	params int
}

// maxTexts bounds the memory for texts made at run time; the program's own are a few hundred.
const maxTexts = 4096

// bind returns the text for the engine, after checking the arguments against it.
func (t *texts) bind(query string, args []any) (string, error) {
	p := t.prepare(query)
	if p.params != len(args) {
		return "", fault.New(fault.Internal, "STATEMENT_ARGUMENTS", "A statement takes %d arguments and got %d.", p.params, len(args))
	}
	for i, a := range args {
		switch a.(type) {
		case time.Time, *time.Time:
			return "", fault.New(fault.Internal, "STATEMENT_ARGUMENTS", "Argument %d is a time.Time; store instants as db.Micros.", i+1)
		}
	}
	return p.text, nil
}

func (t *texts) prepare(query string) prepared {
	if p, ok := t.known.Load(query); ok {
		return p.(prepared)
	}
	text, params := rewrite(query, t.engine)
	p := prepared{text, params}
	if t.count.Add(1) > maxTexts {
		t.known.Clear()
		t.count.Store(1)
	}
	t.known.Store(strings.Clone(query), p)
	return p
}

// rewrite turns $N into ?N outside of string literals, quoted names and comments, and returns the largest N. For Postgres
// it only counts.
func rewrite(query string, engine Engine) (string, int) {
	var b strings.Builder
	params, done := 0, 0
	for i := 0; i < len(query); {
		switch c := query[i]; {
		case c == '\'' || c == '"' || c == '`':
			i = afterQuote(query, i+1, c)
		case c == '[' && engine == SQLite: // a quoted name there, an array on Postgres
			i = after(query, i+1, "]")
		case strings.HasPrefix(query[i:], "--"):
			i = after(query, i+2, "\n")
		case strings.HasPrefix(query[i:], "/*"):
			i = after(query, i+2, "*/")
		case c == '$' && (i == 0 || !inWord(query[i-1])):
			end := i + 1
			for end < len(query) && query[end] >= '0' && query[end] <= '9' {
				end++
			}
			n, err := strconv.Atoi(query[i+1 : end])
			if err == nil && n > 0 && (end == len(query) || !inWord(query[end])) {
				b.WriteString(query[done:i])
				b.WriteByte('?')
				done = i + 1
				params = max(params, n)
			}
			i = end
		default:
			i++
		}
	}
	if done == 0 || engine == Postgres {
		return query, params
	}
	b.WriteString(query[done:])
	return b.String(), params
}

// afterQuote returns the place after the closing quote; a doubled quote stands for itself.
func afterQuote(s string, i int, quote byte) int {
	for i < len(s) {
		if s[i] != quote {
			i++
		} else if i+1 < len(s) && s[i+1] == quote {
			i += 2
		} else {
			return i + 1
		}
	}
	return len(s)
}

func after(s string, i int, end string) int {
	if j := strings.Index(s[min(i, len(s)):], end); j >= 0 {
		return i + j + len(end)
	}
	return len(s)
}

// inWord says whether c can be part of a name, so that the $ in a$1 is left alone.
func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
