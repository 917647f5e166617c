package live

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// maxFilter is how many entries a filter may have.
const maxFilter = 100

var (
	typePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,199}\*?$|^\*$`)
	teamPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// filter is which events a client wants. An empty list wants all.
type filter struct {
	types []string
	teams []string
}

func (f filter) wants(eventType, team string) bool {
	return f.wantsType(eventType) && (len(f.teams) == 0 || slices.Contains(f.teams, team))
}

func (f filter) wantsType(eventType string) bool {
	if len(f.types) == 0 {
		return true
	}
	return slices.ContainsFunc(f.types, func(want string) bool {
		if prefix, open := strings.CutSuffix(want, "*"); open {
			return strings.HasPrefix(eventType, prefix)
		}
		return want == eventType
	})
}

// request is what a client asks of the stream.
type request struct {
	filter filter
	// from is where the client has stopped reading; a source that it does not name is followed from now on.
	from Position
	// start reads every log from its beginning. A position goes before.
	start bool
}

func parseRequest(r *http.Request) (request, *problem.Problem) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return request{}, problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	for name := range query {
		if !slices.Contains([]string{"types", "teams", "since", "lastEventId"}, name) {
			return request{}, problem.Invalid(name, "UNKNOWN_QUERY_PARAMETER", fmt.Sprintf("There is no query parameter %q here.", name))
		}
	}
	var q request
	var p *problem.Problem
	if q.filter.types, p = list(query, "types", typePattern, "types of events such as fortnight.cycle.v1.CycleCreated or fortnight.cycle.*"); p != nil {
		return request{}, p
	}
	if q.filter.teams, p = list(query, "teams", teamPattern, "ids of teams such as payments"); p != nil {
		return request{}, p
	}
	switch since := query.Get("since"); since {
	case "":
	case "start":
		q.start = true
	default:
		return request{}, problem.Invalid("since", "QUERY_PARAMETER_INVALID", "since knows `start` only. To go on where a stream has ended, send Last-Event-ID.")
	}
	last, name := r.Header.Get("Last-Event-ID"), "Last-Event-ID"
	if last == "" {
		last, name = query.Get("lastEventId"), "lastEventId"
	}
	if q.from, err = ParsePosition(last); err != nil {
		return request{}, problem.Invalid(name, "LAST_EVENT_ID_INVALID", name+" must be the id of a frame of this stream.")
	}
	if len(q.from) > 0 {
		q.start = false
	}
	return q, nil
}

// list reads a list with commas between.
func list(query url.Values, name string, pattern *regexp.Regexp, what string) ([]string, *problem.Problem) {
	var entries []string
	for _, value := range query[name] {
		for entry := range strings.SplitSeq(value, ",") {
			if !pattern.MatchString(entry) || len(entries) == maxFilter {
				return nil, problem.Invalid(name, "QUERY_PARAMETER_INVALID", fmt.Sprintf("%s must be %s, with commas between, %d at most.", name, what, maxFilter))
			}
			entries = append(entries, entry)
		}
	}
	return entries, nil
}
