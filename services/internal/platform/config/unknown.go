package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Kubernetes tells every container about the services around it, in variables that begin with the service's name: a
// service called fortnight makes FORTNIGHT_SERVICE_HOST, FORTNIGHT_PORT_8080_TCP and more.
var (
	serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	servicePort = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// refuseUnknown reports every key that is no setting. In the environment only keys with the prefix are looked at.
func (l *loader) refuseUnknown(from source, environment bool) {
	known := l.known()
	for _, key := range slices.Sorted(maps.Keys(from)) {
		if known[key] {
			continue
		}
		if environment {
			ours := l.Prefix != "" && strings.HasPrefix(key, l.Prefix)
			link := serviceLink.MatchString(key) || strings.HasSuffix(key, "_PORT") && servicePort.MatchString(from[key].text)
			if !ours || link || key == l.FileKey || slices.Contains(l.Ignore, key) {
				continue
			}
		}
		hint := ""
		if plain, isFile := strings.CutSuffix(key, "_FILE"); isFile && known[plain] {
			hint = fmt.Sprintf("; only secrets are read from files, set %s", plain)
		} else if near := l.nearest(key, slices.Sorted(maps.Keys(known))); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		l.problem("%s (%s) is not a setting%s", key, from[key].source, hint)
	}
}

// known returns the names that may be set.
func (l *loader) known() map[string]bool {
	known := map[string]bool{}
	for _, f := range l.fields {
		known[f.key] = true
		if f.secret {
			known[f.key+"_FILE"] = true
		}
	}
	return known
}

// nearest returns the name that takes the fewest changes to get to from key, or "" when none is near.
func (l *loader) nearest(key string, names []string) string {
	best, fewest := "", max(2, len(strings.TrimPrefix(key, l.Prefix))/3)+1
	for _, name := range names {
		if d := distance(key, name); d < fewest {
			best, fewest = name, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
