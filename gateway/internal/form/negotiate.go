package form

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// negotiate finds the form that is asked for: by the query, or else by the header Accept (RFC 9110, 12.5.1). Where a client likes two alike, the
// earlier one is taken.
func negotiate(r *http.Request, query url.Values, there []Form) (Form, *problem.Problem) {
	if asked := query["format"]; len(asked) > 1 {
		return Form{}, Repeated("format")
	} else if len(asked) == 1 {
		for _, f := range there {
			if f.Name == asked[0] {
				return f, nil
			}
		}
		return Form{}, notAcceptable(there)
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return there[0], nil
	}
	wanted := parseAccept(accept)
	var best Form
	bestQuality, bestPrecision := 0.0, 0
	for _, f := range there {
		quality, precision := liking(wanted, f.Media)
		if quality > bestQuality || quality == bestQuality && precision > bestPrecision {
			best, bestQuality, bestPrecision = f, quality, precision
		}
	}
	if bestQuality == 0 {
		return Form{}, notAcceptable(there)
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

func notAcceptable(there []Form) *problem.Problem {
	names, media := make([]string, len(there)), make([]string, len(there))
	for i, f := range there {
		names[i], media[i] = f.Name, f.Media
	}
	p := problem.New(http.StatusNotAcceptable, codes.InvalidArgument, "NOT_ACCEPTABLE",
		"This comes as "+strings.Join(media, ", ")+". Send one of them in Accept, or one of "+strings.Join(names, ", ")+" as ?format=.")
	p.Metadata = map[string]string{"forms": strings.Join(media, ", ")}
	return p
}
