package config

import (
	"fmt"
	"strings"
)

// parseFile reads NAME=value lines.
func (l *loader) parseFile(path, content string) source {
	from := source{}
	for i, line := range strings.Split(content, "\n") {
		where := fmt.Sprintf("file %s:%d", path, i+1)
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, text, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			l.problem("%s: not a line of the form NAME=value", where) // the line itself may be half of a secret
			continue
		}
		text = strings.TrimSpace(text)
		if n := len(text); n > 0 && (text[0] == '"' || text[0] == '\'') {
			if n < 2 || text[n-1] != text[0] {
				l.problem("%s: %s has a quote that does not end", where, key)
				continue
			}
			text = text[1 : n-1]
		}
		if before, twice := from[key]; twice {
			l.problem("%s: %s is set already (%s)", where, key, before.source)
			continue
		}
		from[key] = value{text, where}
	}
	return from
}
