package signin

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReturn is the longest page to return to, in bytes, as the contract says.
const maxReturn = 2000

// returnTo reads the page to show after the sign-in: a path of this installation, or the first page. Identity checks it, too;
// here it keeps what leads elsewhere out of links and forms.
func returnTo(query url.Values) string {
	path := query.Get("returnTo")
	if !local(path) {
		return "/"
	}
	for _, own := range []string{"/sign-in", "/sign-out"} { // nobody wants to end there
		if path == own || strings.HasPrefix(path, own+"/") || strings.HasPrefix(path, own+"?") {
			return "/"
		}
	}
	return path
}

// local tells whether browsers take a text for a path of the host that they are at. They take //x and /\x for other hosts,
// and drop control characters before they decide.
func local(path string) bool {
	if path == "" || len(path) > maxReturn || path[0] != '/' || !utf8.ValidString(path) || strings.Contains(path, `\`) {
		return false
	}
	if strings.ContainsFunc(path, func(c rune) bool { return unicode.IsControl(c) || unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) }) {
		return false
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	return !strings.HasPrefix(path, "//") && !strings.HasPrefix(u.Path, "//") && !strings.ContainsFunc(u.Path, func(c rune) bool { return c == '\\' || unicode.IsControl(c) })
}

// elsewhere tells whether a text is the address of another site that a browser may be sent to.
func elsewhere(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
