package feed

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// scope is what a feed is of; empty means all.
type scope struct{ tag, team, learning, followedBy string }

// fields are the parts of a scope by their names in the query.
func (s *scope) fields() map[string]*string {
	return map[string]*string{"tag": &s.tag, "team": &s.team, "learning": &s.learning, "followedBy": &s.followedBy}
}

// parse reads the query. What a tag or a name must be like, the service says.
func parse(raw string) (of scope, p *problem.Problem) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return of, problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	fields := of.fields()
	for _, parameter := range slices.Sorted(maps.Keys(query)) { // the same request gets the same answer
		field, ok := fields[parameter]
		switch {
		case !ok:
			return of, form.Unknown(parameter)
		case len(query[parameter]) > 1:
			return of, form.Repeated(parameter)
		case query.Get(parameter) == "" || !utf8.ValidString(query.Get(parameter)):
			return of, problem.Invalid(parameter, "QUERY_PARAMETER_INVALID",
				"The query parameter "+parameter+" says nothing that can be looked for. Leave it out, or give it a value.")
		}
		*field = query.Get(parameter)
	}
	if of.learning != "" && len(query) > 1 {
		return of, problem.Invalid("learning", "QUERY_PARAMETER_INVALID",
			"The feed of one learning takes no other parameter. Leave the others out, or `learning`.")
	}
	return of, nil
}

// query is the scope as a query, the same for the same scope.
func (s scope) query() string {
	query := url.Values{}
	for name, value := range s.fields() {
		if *value != "" {
			query.Set(name, *value)
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// title names the feed.
func (s scope) title(f found) string {
	if s.learning != "" {
		if len(f.revisions) == 0 {
			return "A learning"
		}
		return "A learning: " + picture.Plain(f.revisions[0].GetLearning().GetClaim())
	}
	title := "What teams have learned"
	if s.team != "" {
		title = "What " + id(s.team) + " has learned"
	}
	if s.tag != "" {
		title += ", tagged " + picture.Plain(s.tag)
	}
	if s.followedBy != "" {
		title += ", as followed by " + id(s.followedBy)
	}
	return title
}

func id(team string) string { return picture.Plain(strings.TrimPrefix(team, "teams/")) }
