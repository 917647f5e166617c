package analyze

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// form is a form that an answer comes in.
type form struct {
	// name is what ?format= says.
	name, media string
}

// forms in the order of preference, where a client likes two alike.
var forms = []form{
	{"json", "application/json"},
	{"csv", "text/csv"},
	{"svg", "image/svg+xml"},
	{"png", "image/png"},
}

// negotiate finds the form that is asked for: by the query, or else by the header Accept (RFC 9110, 12.5.1).
func negotiate(r *http.Request, query url.Values) (form, *problem.Problem) {
	if asked := query["format"]; len(asked) > 1 {
		return form{}, problem.Invalid("format", "QUERY_PARAMETER_REPEATED", `Give the query parameter "format" once.`)
	} else if len(asked) == 1 {
		for _, f := range forms {
			if f.name == asked[0] {
				return f, nil
			}
		}
		return form{}, notAcceptable()
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return forms[0], nil
	}
	wanted := parseAccept(accept)
	var best form
	bestQuality, bestPrecision := 0.0, 0
	for _, f := range forms {
		quality, precision := liking(wanted, f.media)
		if quality > bestQuality || quality == bestQuality && precision > bestPrecision {
			best, bestQuality, bestPrecision = f, quality, precision
		}
	}
	if bestQuality == 0 {
		return form{}, notAcceptable()
	}
	return best, nil
}

// accepted is one entry of an Accept header.
type accepted struct {
	media   string
	quality float64
}

// parseAccept leaves out what cannot be read, as a client that asks for nothing readable takes anything that is left.
func parseAccept(header string) (list []accepted) {
	for entry := range strings.SplitSeq(header, ",") {
		media, parameters, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := parameters["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		list = append(list, accepted{media, quality})
	}
	return list
}

// liking is how much a client wants a media type, and how precisely it said so: the most precise entry decides.
func liking(wanted []accepted, media string) (quality float64, precision int) {
	kind, _, _ := strings.Cut(media, "/")
	for _, w := range wanted {
		precise := map[string]int{"*/*": 1, kind + "/*": 2, media: 3}[w.media]
		if precise > precision {
			quality, precision = w.quality, precise
		}
	}
	return quality, precision
}

func notAcceptable() *problem.Problem {
	names, media := make([]string, len(forms)), make([]string, len(forms))
	for i, f := range forms {
		names[i], media[i] = f.name, f.media
	}
	p := problem.New(http.StatusNotAcceptable, codes.InvalidArgument, "NOT_ACCEPTABLE",
		"A chart comes as "+strings.Join(media, ", ")+". Send one of them in Accept, or one of "+strings.Join(names, ", ")+" as ?format=.")
	p.Metadata = map[string]string{"forms": strings.Join(media, ", ")}
	return p
}
