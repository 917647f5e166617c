package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// Deliveries through the door: GitHub's with its signature, curl's with a token, the chart's reading, and the events behind it.
func TestDeliveriesOverREST(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := startOn(t, databaseURL(t, engine))
			s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments","timeZone":"Europe/Berlin"}`)
			jonas := s.member(t, "jonas", "payments", "TEAM_ROLE_MEMBER")
			checkGitHubDoor(t, s, jonas)
			checkCurlDoor(t, s, jonas)
			checkExplainDoor(t, s, jonas)
			follow(t, s.URL, s.Token, "fortnight.experiment.v1.DeliverySourceCreated", "fortnight.experiment.v1.MetricCreated", "fortnight.experiment.v1.MeasurementsRecorded")
		})
	}
}

const doorOf = "/v1/teams/payments/deliverySources/"

func deliverySource(t *testing.T, s *started, token, id, format string) (secret string) {
	t.Helper()
	made := s.call(t, token, http.MethodPost, "/v1/teams/payments/deliverySources?deliverySourceId="+id,
		`{"service":"checkout","environments":["production"],"format":"DELIVERY_FORMAT_`+format+`"}`)
	if made.Status != http.StatusOK || at(made.Body, "receivePath") != doorOf+id+":receive" {
		t.Fatalf("%d %s", made.Status, made.Text)
	}
	if got := s.call(t, token, http.MethodGet, doorOf+id, ""); at(got.Body, "secret") != "" || got.Status != http.StatusOK {
		t.Errorf("the secret is shown again: %s", got.Text)
	}
	return at(made.Body, "secret").(string)
}

func checkGitHubDoor(t *testing.T, s *started, jonas string) {
	t.Helper()
	secret := deliverySource(t, s, jonas, "hub", "GITHUB")
	body := `{"action":"created","deployment_status":{"state":"success","environment":"production","created_at":"2026-05-04T10:00:00Z"},
		"deployment":{"id":7,"sha":"0123456789abcdef0123456789abcdef01234567","task":"deploy","payload":{"commit_time":"2026-05-04T07:30:00Z"}},"repository":{"full_name":"org/checkout"}}`
	send := func(id, body, signature string) answer {
		return s.call(t, "", http.MethodPost, doorOf+"hub:receive", body, "X-GitHub-Event", "deployment_status", "X-GitHub-Delivery", id, "X-Hub-Signature-256", signature)
	}
	signed := func(body string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write([]byte(body))
		return "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	for _, c := range []struct {
		name, id, body, signature string
		status                    int
		outcome, reason           string
	}{
		{"new", "d-1", body, signed(body), http.StatusAccepted, "DELIVERY_OUTCOME_ACCEPTED", ""},
		{"known", "d-1", body, signed(body), http.StatusOK, "DELIVERY_OUTCOME_ACCEPTED", ""},
		{"another under its id", "d-1", strings.Replace(body, "success", "queued", 1), signed(strings.Replace(body, "success", "queued", 1)), http.StatusConflict, "", "DELIVERY_ID_REUSED"},
		{"ignored", "d-2", strings.Replace(body, "success", "queued", 1), signed(strings.Replace(body, "success", "queued", 1)), http.StatusAccepted, "DELIVERY_OUTCOME_IGNORED", "STATE_NOT_SUCCESS"},
		{"refused", "d-3", "[]", signed("[]"), http.StatusBadRequest, "", "BODY_INVALID"},
		{"forged", "d-4", body, signed(body + " "), http.StatusUnauthorized, "", "DELIVERY_NOT_AUTHENTIC"},
		{"unsigned", "d-4", body, "", http.StatusUnauthorized, "", "DELIVERY_NOT_AUTHENTIC"},
	} {
		got := send(c.id, c.body, c.signature)
		outcome, reason := at(got.Body, "receipts", 0, "delivery", "outcome"), at(got.Body, "receipts", 0, "delivery", "reason")
		if got.Status >= http.StatusBadRequest {
			outcome, reason = "", at(got.Body, "reason")
		}
		if got.Status != c.status || outcome != c.outcome || reason != c.reason {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Text)
		}
	}
	unknown := s.call(t, "", http.MethodPost, doorOf+"none:receive", body, "X-Hub-Signature-256", signed(body))
	forged := send("d-5", body, signed("x"))
	if unknown.Status != forged.Status || at(unknown.Body, "detail") != at(forged.Body, "detail") || at(unknown.Body, "type") != at(forged.Body, "type") {
		t.Errorf("an unknown source is told from a wrong signature: %s %s", unknown.Text, forged.Text)
	}
}

func checkCurlDoor(t *testing.T, s *started, jonas string) {
	t.Helper()
	deliverySource(t, s, jonas, "curl", "PLAIN")
	door := doorOf + "curl:receive"
	body := `{"event":"deployed","environment":"production","deployment":"8","time":"2026-05-05T10:00:00Z"}`
	mira := s.member(t, "mira", "payments", "TEAM_ROLE_VIEWER")
	for _, c := range []struct {
		name, method, token, body string
		headers                   []string
		status                    int
		reason                    string
	}{
		{"deployed", http.MethodPost, jonas, body, []string{"Idempotency-Key", `"build-8"`}, http.StatusAccepted, ""},
		{"again", http.MethodPost, jonas, body, []string{"Idempotency-Key", "build-8"}, http.StatusOK, ""},
		{"incident", http.MethodPost, jonas, `{"event":"incident_opened","incident":"a","time":"2026-05-05T11:00:00Z","environment":"production","deployment":"8"}`, nil, http.StatusAccepted, ""},
		{"resolved", http.MethodPost, jonas, `{"event":"incident_resolved","incident":"a","time":"2026-05-05T12:30:00Z"}`, nil, http.StatusAccepted, ""},
		{"a viewer", http.MethodPost, mira, body, nil, http.StatusUnauthorized, "DELIVERY_NOT_AUTHENTIC"},
		{"nobody", http.MethodPost, "", body, nil, http.StatusUnauthorized, "DELIVERY_NOT_AUTHENTIC"},
		{"a bad token", http.MethodPost, "fn_no", body, nil, http.StatusUnauthorized, "TOKEN_INVALID"},
		{"reading", http.MethodGet, jonas, "", nil, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED"},
		{"a huge body", http.MethodPost, jonas, strings.Repeat(" ", 1<<20+1), nil, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE"},
		{"a large body", http.MethodPost, jonas, body + strings.Repeat(" ", 1<<20-len(body)), nil, http.StatusAccepted, ""},
		{"compressed", http.MethodPost, jonas, body, []string{"Content-Encoding", "gzip"}, http.StatusUnsupportedMediaType, "CONTENT_ENCODING_UNSUPPORTED"},
	} {
		got := s.call(t, c.token, c.method, door, c.body, c.headers...)
		if got.Status != c.status || c.reason != "" && at(got.Body, "reason") != c.reason {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Text)
		}
	}
	listed := s.call(t, jonas, http.MethodGet, doorOf+"curl/deliveries?pageSize=1", "")
	if at(listed.Body, "deliveries", 0, "type") != "deployed" || at(listed.Body, "nextPageToken") == nil {
		t.Errorf("deliveries: %s", listed.Text)
	}
}

func checkExplainDoor(t *testing.T, s *started, jonas string) {
	t.Helper()
	explain := func(metric, key, when string) answer {
		t.Helper()
		got := s.call(t, jonas, http.MethodGet, "/v1/teams/payments/metrics/checkout-"+metric+":explain?time="+when+"&sourceKey="+url.QueryEscape(key), "")
		if got.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", metric, got.Status, got.Text)
		}
		return got
	}
	for metric, c := range map[string]struct {
		key, when string
		value     float64
	}{
		"change-lead-time":                {"deployment 7 (hub)", "2026-05-04T10:00:00Z", 2.5},
		"deployment-frequency":            {"deployment 8 (curl)", "2026-05-05T10:00:00Z", 24},
		"failed-deployment-recovery-time": {"incident a (curl)", "2026-05-05T12:30:00Z", 1.5},
	} {
		if got := explain(metric, c.key, c.when); at(got.Body, "measurement", "value") != c.value || at(got.Body, "rule") == nil {
			t.Errorf("%s: %s", metric, got.Text)
		}
	}
	got := explain("failed-deployment-recovery-time", "incident a (curl)", "2026-05-05T12:30:00Z")
	if at(got.Body, "incidents", 0, "causedBy", "basis") != "LINK_BASIS_DECLARED" || at(got.Body, "deployments", 0, "deployment") != "8" || at(got.Body, "deployments", 0, "failed") != true {
		t.Errorf("the incident: %s", got.Text)
	}
	if time.Now().After(time.Date(2026, 5, 11, 0, 0, 0, 0, time.UTC)) { // the week is over
		got := explain("change-fail-rate", "week 2026-W19", "2026-05-11T00:00:00Z")
		if at(got.Body, "measurement", "value") != 50.0 || at(got.Body, "deployments", 1, "failed") != true {
			t.Errorf("the week: %s", got.Text)
		}
	}
}

// The key of the secrets lies beside the databases, is the same at every start, and is for its owner only.
func TestSecretKey(t *testing.T) {
	dir := t.TempDir()
	choose := func(serviceKey string) string {
		t.Helper()
		p := &Program{settings: Settings{DataDir: dir}, chosen: serveAll()}
		p.settings.ServiceKey = config.Secret(serviceKey)
		if err := p.chooseSecretKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		return string(p.secretKey)
	}
	derived := choose("a-service-key-of-the-tests")
	if derived != choose("a-service-key-of-the-tests") || derived == choose("another-key-of-the-tests") || len(derived) != sha256.Size {
		t.Error("the key is not derived from the service key")
	}
	path := filepath.Join(dir, secretKeyFile)
	if _, err := os.Stat(path); err == nil {
		t.Error("a key that can be derived is written")
	}
	made := choose("")
	if made == derived || made != choose("") || made != choose("a-service-key-of-the-tests") {
		t.Error("the key is another one at the next start")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(path, []byte("00ff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&Program{settings: Settings{DataDir: dir}, chosen: serveAll()}).chooseSecretKey(t.Context()); err == nil {
		t.Error("a short key is taken")
	}
}

// labDoor is the source that the story of the secrets sets up.
const labDoor = doorOf + "lab:receive"

// deliverySecrets sets a source of deliveries up, uses its secrets, also wrongly, and remembers them.
func (s *secretStory) deliverySecrets(t *testing.T) {
	t.Helper()
	made := s.must(t, http.MethodPost, "/v1/teams/payments/deliverySources?deliverySourceId=lab",
		`{"service":"checkout","environments":["production"],"format":"DELIVERY_FORMAT_GITLAB"}`)
	rotated := s.must(t, http.MethodPost, doorOf+"lab:rotateSecret", `{}`)
	for what, answer := range map[string]answer{"the secret of a source": made, "the next secret of a source": rotated} {
		secret := at(answer.Body, "secret").(string)
		s.secret(what, secret)
		s.secret(what+", its bytes", strings.TrimPrefix(secret, "whsec_"))
		if got := s.call(t, "", http.MethodPost, labDoor, `{"object_kind":"issue","what":"`+what+`"}`, "X-Gitlab-Token", secret, "X-Gitlab-Event-UUID", what); got.Status != http.StatusAccepted {
			t.Errorf("%s: %d %s", what, got.Status, got.Text)
		}
		mistyped := secret[:len(secret)-2] + "A="
		s.secret(what+", mistyped", mistyped)
		s.refused(t, "", http.MethodPost, labDoor, `{}`, "X-Gitlab-Token", mistyped)
	}
}

// checkNothingVouches tries what is in the databases as the secret of the source.
func (s *secretStory) checkNothingVouches(t *testing.T, candidates map[string]bool) {
	t.Helper()
	client := experimentv1.NewExperimentServiceClient(s.server.Conn())
	for candidate := range candidates {
		for _, prefix := range []string{"", "whsec_"} {
			_, err := client.ReceiveDelivery(t.Context(), &experimentv1.ReceiveDeliveryRequest{
				Name: "teams/payments/deliverySources/lab", Body: []byte("{}"),
				Headers: []*experimentv1.DeliveryHeader{{Name: "x-gitlab-token", Value: prefix + candidate}},
			})
			if status.Code(err) != codes.Unauthenticated {
				t.Errorf("%s in a database vouches for a delivery: %v", candidate, err)
			}
		}
	}
}
