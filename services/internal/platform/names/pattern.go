package names

import (
	"fmt"
	"strings"
)

// pattern is one compiled resource name pattern; a variable segment is "".
type pattern struct {
	text     string
	segments []string
}

// parsePattern compiles a pattern such as "teams/{team}/boxes/{box}/seal".
func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	for part := range strings.SplitSeq(text, "/") {
		inner := part
		isVariable := strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}")
		if isVariable {
			inner = part[1 : len(part)-1]
		}
		if inner == "" || strings.ContainsAny(inner, "{}*~=") {
			return pattern{}, fmt.Errorf("pattern %q has a segment %q that is neither a word nor one {variable}", text, part)
		}
		if isVariable {
			part = ""
		}
		p.segments = append(p.segments, part)
	}
	return p, nil
}

// parent returns the pattern of the thing that contains p: without the last variable and its collection, or without the
// last word of a singleton. A top-level collection has no parent.
func (p pattern) parent() (pattern, bool) {
	n := len(p.segments) - 1
	if p.segments[n] == "" {
		n--
	}
	if n < 1 {
		return pattern{}, false
	}
	return pattern{text: strings.Join(strings.Split(p.text, "/")[:n], "/"), segments: p.segments[:n]}, true
}

// matches tells whether name has the pattern's shape, without allocating.
func (p pattern) matches(name string) bool {
	last := len(p.segments) - 1
	for i, segment := range p.segments {
		part, rest, more := strings.Cut(name, "/")
		if more == (i == last) {
			return false
		}
		if segment == "" {
			if !ValidID(part) {
				return false
			}
		} else if part != segment {
			return false
		}
		name = rest
	}
	return true
}

// ValidID tells whether id is a resource id: 1 to 63 lower-case letters, digits and hyphens that begin and end with a
// letter or digit; as a regular expression ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$.
func ValidID(id string) bool {
	if id == "" || len(id) > 63 || id[0] == '-' || id[len(id)-1] == '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// shape is what a field accepts: one of several patterns.
type shape struct {
	patterns []pattern
	want     string // for people
}

func newShape(patterns []pattern) *shape {
	texts := make([]string, len(patterns))
	for i, p := range patterns {
		texts[i] = p.text
	}
	return &shape{patterns: patterns, want: "must look like " + strings.Join(texts, " or ") + "; an id is 1 to 63 lower-case letters, digits and hyphens"}
}

func (s *shape) accepts(name string) bool {
	for _, p := range s.patterns {
		if p.matches(name) {
			return true
		}
	}
	return false
}
