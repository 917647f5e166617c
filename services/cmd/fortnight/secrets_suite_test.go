package main

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// credentialForm is the form of every secret that the program makes: tokens, sessions, sign-in links, and what binds a sign-in
// to its browser. As it is, or in hexadecimal, as a dump writes columns of bytes.
var credentialForm = regexp.MustCompile(`fn[slb]?_[0-9A-Za-z]{49}|(?i:666e(73|6c|62)?5f(3[0-9]|[46][1-9a-f]|[57][0-9a]){49})`)

// keepsSecrets looks for credentials in all that a program of the suite has kept and said, whatever its test was about: every
// row of every database, the metrics, and the log at level debug.
func keepsSecrets(t *testing.T, p *Program, log string) {
	t.Helper()
	page := httptest.NewRecorder()
	telemetry.AdminHandler(p.metrics).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	places := map[string]string{"the log": log, "the metrics": page.Body.String()}
	for _, s := range p.services {
		places["the database of "+s.EventLog().Source()] = dump(t, s.EventLog().DB())
	}
	for place, text := range places {
		if text == "" {
			t.Errorf("nothing was read of %s", place)
		}
		if at := credentialForm.FindStringIndex(text); at != nil {
			t.Errorf("%s holds a credential: …%s…", place, text[max(0, at[0]-100):at[0]+6])
		}
		if strings.Contains(text, p.serviceKey) {
			t.Errorf("%s holds the service key", place)
		}
	}
}

func TestCredentialsAreRecognised(t *testing.T) {
	s := start(t)
	s.call(t, s.Token, "GET", "/v1/users/root", "") // a program that has answered has written a log
	for _, written := range []string{`"token":"` + s.Token + `"`, hex.EncodeToString([]byte("x" + s.Token)), fmt.Sprintf("X'%X'", s.Token)} {
		if !credentialForm.MatchString(written) {
			t.Errorf("a token is not seen in %.12s…", written)
		}
	}
	if credentialForm.MatchString("users/mina/tokens/fn_laptop") {
		t.Error("a name is taken for a token")
	}
}
