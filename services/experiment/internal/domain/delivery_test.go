package domain

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// received is when the deliveries of these tests come.
var received = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)

func deliverySource(format DeliveryFormat) *DeliverySource {
	return &DeliverySource{Name: "teams/payments/deliverySources/x", Service: "checkout", Environments: []string{"production"}, Format: format, Salt: "salt"}
}

func payload(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/delivery/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// readOne reads a delivery of one event.
func readOne(t testing.TB, s *DeliverySource, headers DeliveryHeaders, body string) ReceivedEvent {
	t.Helper()
	events := s.ReadDelivery(headers, []byte(body), received)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	return events[0]
}

// outcome writes what came of an event, such as "IGNORED NOT_PRODUCTION" or "ACCEPTED DEPLOYED".
func outcome(e ReceivedEvent) string {
	if e.Outcome == DeliveryAccepted {
		return "ACCEPTED " + string(e.Facts[0].Kind)
	}
	return string(e.Outcome) + " " + e.Reason
}

// Every example of the specification for service, incident and change, in all three content modes and by itself.
func TestCDEvents(t *testing.T) {
	want := []string{
		"ACCEPTED DEPLOYED", "ACCEPTED DEPLOYED", "ACCEPTED DEPLOYED", "ACCEPTED DEPLOYED", "ACCEPTED ROLLED_BACK",
		"IGNORED TYPE_NOT_COUNTED", "IGNORED TYPE_NOT_COUNTED", "IGNORED NOT_PRODUCTION", "IGNORED OTHER_SERVICE",
		"ACCEPTED INCIDENT_OPENED", "ACCEPTED INCIDENT_OPENED", "ACCEPTED INCIDENT_RESOLVED", "ACCEPTED INCIDENT_OPENED",
		"IGNORED NO_COMMIT_TIME", "IGNORED NO_COMMIT_TIME", "IGNORED NO_COMMIT_TIME", "IGNORED NO_COMMIT_TIME", "IGNORED TYPE_NOT_COUNTED",
		"ACCEPTED COMMIT_MADE", "IGNORED TYPE_NOT_COUNTED",
	}
	source := deliverySource(CDEventsFormat)
	lines := bufio.NewScanner(bytes.NewReader(payload(t, "cdevents.ndjson")))
	var batch []string
	n := 0
	for ; lines.Scan(); n++ {
		line := lines.Text()
		var event cdEvent
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		c := event.Context
		quotes := func(s string) string { return string(must(json.Marshal(s))) }
		head := `{"specversion":"1.0","id":` + quotes(c.ID) + `,"source":` + quotes(c.Source) + `,"type":` + quotes(c.Type) + `,"time":` + quotes(c.Timestamp)
		structured := head + `,"datacontenttype":"application/json","data":` + line + `}`
		batch = append(batch, structured)
		for mode, e := range map[string]ReceivedEvent{
			"bare":       readOne(t, source, DeliveryHeaders{"content-type": "application/json"}, line),
			"structured": readOne(t, source, DeliveryHeaders{"content-type": "application/cloudevents+json; charset=UTF-8"}, structured),
			"base64": readOne(t, source, DeliveryHeaders{"content-type": "application/cloudevents+json"},
				head+`,"data_base64":"`+base64.StdEncoding.EncodeToString([]byte(line))+`"}`),
			"binary": readOne(t, source, DeliveryHeaders{
				"content-type": "application/cdevents+json", "ce-id": c.ID, "ce-source": c.Source, "ce-type": c.Type, "ce-time": c.Timestamp,
			}, line),
		} {
			if got := outcome(e); n >= len(want) || got != want[n] {
				t.Errorf("line %d, %s: %s (%s)", n+1, mode, got, e.Text)
			}
			if e.ID != "/pipelines/7 "+c.ID || e.Type != c.Type || !e.ReceiveTime.Equal(received) {
				t.Errorf("line %d, %s: id %q, type %q", n+1, mode, e.ID, e.Type)
			}
			if e.Outcome != DeliveryAccepted && e.Text == "" {
				t.Errorf("line %d, %s: no words for %s", n+1, mode, e.Reason)
			}
		}
	}
	if n != len(want) {
		t.Errorf("%d events, want %d", n, len(want))
	}
	all := source.ReadDelivery(DeliveryHeaders{"content-type": "application/cloudevents-batch+json"}, []byte("["+strings.Join(batch, ",")+"]"), received)
	for i, e := range all {
		if outcome(e) != want[i] {
			t.Errorf("event %d of the batch: %s", i, outcome(e))
		}
	}
	if len(all) != n {
		t.Errorf("%d events in the batch", len(all))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCDEventFacts(t *testing.T) {
	source := deliverySource(CDEventsFormat)
	deployed := `{"context":{"id":"d-1","source":"/ci","type":"dev.cdevents.service.deployed.0.9.1","timestamp":"2026-05-20T16:27:05.3153849+02:00","chainId":"c-1"},
		"subject":{"id":"checkout","content":{"environment":{"id":"Production"},"artifactId":"pkg:github/org/checkout@0123456789ABCDEF0123456789abcdef01234567?os=linux"}},
		"customData":{"commitTime":"2026-05-20T10:00:00Z","unplanned":true,"else":[1]}}`
	f := readOne(t, source, nil, deployed).Facts[0]
	if f.Key != "d-1" || f.Chain != "c-1" || f.Commit != "0123456789abcdef0123456789abcdef01234567" || !f.Unplanned || f.Environment != "Production" ||
		!f.Time.Equal(time.Date(2026, 5, 20, 14, 27, 5, 315384000, time.UTC)) || !f.CommitTime.Equal(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", f)
	}
	incident := `{"context":{"id":"i-1","source":"/mon","type":"dev.cdevents.incident.detected.0.3.0","timestamp":"2026-05-20T15:00:00Z",
		"links":[{"linkType":"RELATION","target":{"contextId":"d-1"}},{"linkType":"PATH","from":{"contextId":"d-0"}}]},
		"subject":{"id":"inc","content":{"environment":{"id":"production"}}}%s}`
	for custom, want := range map[string]string{
		"": "links d-1 d-0", `,"customData":{"deployment":"d-7"}`: "customData d-7", `,"customData":"text"`: "links d-1 d-0",
	} {
		f := readOne(t, source, nil, strings.Replace(incident, "%s", custom, 1)).Facts[0]
		if got := f.AboutBy + " " + strings.Join(f.About, " "); got != want || f.Key != "inc" {
			t.Errorf("with %q about %q, want %q", custom, got, want)
		}
	}
}

func TestRefusedAndIgnoredDeliveries(t *testing.T) {
	status := string(payload(t, "github_deployment_status.json"))
	deployment := string(payload(t, "gitlab_deployment.json"))
	github := DeliveryHeaders{"x-github-event": "deployment_status", "x-github-delivery": "72d3162e"}
	cd := func(context, content string) string {
		return `{"context":{` + context + `},"subject":{"id":"checkout","content":{` + content + `}}}`
	}
	const deployedType = `"type":"dev.cdevents.service.deployed.0.3.0","timestamp":"2026-05-20T15:00:00Z"`
	for _, c := range []struct {
		format  DeliveryFormat
		headers DeliveryHeaders
		body    string
		want    string
	}{
		{GitHubFormat, github, status, "ACCEPTED DEPLOYED"},
		{GitHubFormat, github, strings.Replace(status, `"task": "deploy"`, `"task": "deploy:rollback"`, 1), "ACCEPTED ROLLED_BACK"},
		{GitHubFormat, github, strings.Replace(status, `"state": "success"`, `"state": "failure"`, 1), "IGNORED STATE_NOT_SUCCESS"},
		{GitHubFormat, github, strings.Replace(status, `"state": "success"`, `"state": "in_progress"`, 1), "IGNORED STATE_NOT_SUCCESS"},
		{GitHubFormat, github, strings.Replace(status, `"environment": "production"`, `"environment": "staging"`, 1), "IGNORED NOT_PRODUCTION"},
		{GitHubFormat, github, strings.Replace(status, `"created_at": "2026-05-20T15:20:53Z"`, `"created_at": "yesterday"`, 1), "REFUSED TIME_INVALID"},
		{GitHubFormat, github, strings.ReplaceAll(status, `2026-05-20T15:20:53Z`, `2026-06-01T10:00:01Z`), "REFUSED TIME_AHEAD"},
		{GitHubFormat, github, `{"deployment_status":{"state":7}}`, "REFUSED BODY_INVALID"},
		{GitHubFormat, github, `[]`, "REFUSED BODY_INVALID"},
		{GitHubFormat, github, `{}`, "REFUSED ID_MISSING"},
		{GitHubFormat, DeliveryHeaders{"x-github-event": "ping"}, string(payload(t, "github_ping.json")), "IGNORED PING"},
		{GitHubFormat, DeliveryHeaders{"x-github-event": "push"}, string(payload(t, "github_push.json")), "ACCEPTED COMMIT_MADE"},
		{GitHubFormat, DeliveryHeaders{"x-github-event": "push"}, `{"commits":[]}`, "IGNORED NO_COMMITS"},
		{GitHubFormat, DeliveryHeaders{"x-github-event": "issues"}, `{}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitHubFormat, nil, `{}`, "REFUSED EVENT_UNKNOWN"},
		{GitLabFormat, nil, deployment, "ACCEPTED DEPLOYED"},
		{GitLabFormat, nil, strings.Replace(deployment, `"environment_tier": "production"`, `"environment_tier": "staging"`, 1), "IGNORED NOT_PRODUCTION"},
		{GitLabFormat, nil, strings.Replace(deployment, `"success"`, `"canceled"`, 1), "IGNORED STATE_NOT_SUCCESS"},
		{GitLabFormat, nil, strings.Replace(deployment, `21:50:00 +0200`, `21:50:00 CEST`, 1), "REFUSED TIME_INVALID"},
		{GitLabFormat, nil, strings.Replace(deployment, `"deployment_id": 15`, `"deployment_id": []`, 1), "REFUSED BODY_INVALID"},
		{GitLabFormat, nil, strings.Replace(deployment, `"deployment_id": 15`, `"a": 15`, 1), "REFUSED ID_MISSING"},
		{GitLabFormat, nil, string(payload(t, "gitlab_push.json")), "ACCEPTED COMMIT_MADE"},
		{GitLabFormat, nil, `{"object_kind":"issue"}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitLabFormat, nil, `{}`, "REFUSED EVENT_UNKNOWN"},
		{GitLabFormat, nil, `{"object_kind":`, "REFUSED BODY_INVALID"},
		{CDEventsFormat, nil, cd(`"id":"1",`+deployedType, `"environment":{"id":"production"}`), "ACCEPTED DEPLOYED"},
		{CDEventsFormat, nil, cd(deployedType, `"environment":{"id":"production"}`), "REFUSED ID_MISSING"},
		{CDEventsFormat, nil, cd(`"id":"  ",`+deployedType, `"environment":{"id":"production"}`), "REFUSED ID_MISSING"},
		{CDEventsFormat, nil, cd(`"id":"1",`+deployedType, ``), "REFUSED ENVIRONMENT_MISSING"},
		{CDEventsFormat, nil, cd(`"id":"1",`+deployedType, `"environment":"production"`), "REFUSED BODY_INVALID"},
		{CDEventsFormat, nil, cd(`"id":"1","type":"dev.cdevents.service.deployed.0.3.0"`, `"environment":{"id":"production"}`), "REFUSED TIME_MISSING"},
		{CDEventsFormat, nil, cd(`"id":"1","type":"com.example.deployed"`, ``), "REFUSED EVENT_UNKNOWN"},
		{CDEventsFormat, nil, cd(`"id":"1","type":"dev.cdevents."`, ``), "IGNORED TYPE_NOT_COUNTED"},
		{CDEventsFormat, nil, ``, "REFUSED BODY_INVALID"},
		{CDEventsFormat, DeliveryHeaders{"content-type": "application/cloudevents+json"}, `[]`, "REFUSED BODY_INVALID"},
		{CDEventsFormat, DeliveryHeaders{"content-type": "application/cloudevents+json"}, `{"id":"1","data_base64":"%"}`, "REFUSED BODY_INVALID"},
		{CDEventsFormat, DeliveryHeaders{"content-type": "application/cloudevents-batch+json"}, `[]`, "REFUSED BATCH_SIZE"},
		{CDEventsFormat, DeliveryHeaders{"content-type": "application/cloudevents-batch+json"}, `{}`, "REFUSED BODY_INVALID"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00+02:00","environment":"PRODUCTION"}`, "ACCEPTED DEPLOYED"},
		{PlainFormat, nil, `{"event":"rolledback","time":"2026-05-20T15:00:00Z","environment":"production"}`, "ACCEPTED ROLLED_BACK"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z"}`, "REFUSED ENVIRONMENT_MISSING"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20 15:00","environment":"production"}`, "REFUSED TIME_INVALID"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","environment":"production","commit_time":"x"}`, "REFUSED TIME_INVALID"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","environment":"production","service":"other"}`, "IGNORED OTHER_SERVICE"},
		{PlainFormat, nil, `{"event":"incident_opened","time":"2026-05-20T15:00:00Z"}`, "REFUSED INCIDENT_MISSING"},
		{PlainFormat, nil, `{"event":"incident_opened","time":"2026-05-20T15:00:00Z","incident":"7"}`, "ACCEPTED INCIDENT_OPENED"},
		{PlainFormat, nil, `{"event":"incident_resolved","time":"2026-05-20T15:00:00Z","incident":"7","environment":"staging"}`, "IGNORED NOT_PRODUCTION"},
		{PlainFormat, nil, `{"event":"exploded","time":"2026-05-20T15:00:00Z"}`, "REFUSED EVENT_UNKNOWN"},
		{PlainFormat, nil, `{"event":"deployed","tme":"x"}`, "REFUSED BODY_INVALID"},
		{PlainFormat, nil, `{"event":"deployed","unplanned":"yes"}`, "REFUSED BODY_INVALID"},
		{PlainFormat, nil, `{} {}`, "REFUSED BODY_INVALID"},
		{PlainFormat, nil, strings.Repeat("[", 200_000), "REFUSED BODY_INVALID"},
	} {
		e := readOne(t, deliverySource(c.format), c.headers, c.body)
		if got := outcome(e); got != c.want {
			t.Errorf("%s %.120s: %s (%s), want %s", c.format, c.body, got, e.Text, c.want)
		}
		if e.Outcome != DeliveryAccepted && e.Text == "" || e.ID == "" {
			t.Errorf("%s %.120s: id %q, text %q", c.format, c.body, e.ID, e.Text)
		}
	}
}

func TestForgeFacts(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	status := strings.Replace(string(payload(t, "github_deployment_status.json")), `"payload": {}`,
		`"payload": {"unplanned": true, "commit_time": "2026-05-20T10:00:00Z"}`, 1)
	hub := DeliveryHeaders{"x-github-event": "deployment_status", "x-github-delivery": "72d3162e"}
	f := readOne(t, deliverySource(GitHubFormat), hub, status).Facts[0]
	if f.Key != "145988746" || f.Commit != hash || f.DeliveryID != "72d3162e" || f.Service != "org/checkout" || !f.Unplanned ||
		!f.Time.Equal(time.Date(2026, 5, 20, 15, 20, 53, 0, time.UTC)) || !f.CommitTime.Equal(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("GitHub: %+v", f)
	}
	hub["content-type"] = "application/x-www-form-urlencoded"
	if got := outcome(readOne(t, deliverySource(GitHubFormat), hub, "payload=%7B%22deployment%22%3A%7B%22id%22%3A1%7D%2C%22deployment_status%22%3A%7B%22state%22%3A%22pending%22%7D%7D")); got != "IGNORED STATE_NOT_SUCCESS" {
		t.Errorf("a form of GitHub: %s", got)
	}
	other := deliverySource(GitHubFormat)
	other.EventServices = []string{"org/other"}
	delete(hub, "content-type")
	if got := outcome(readOne(t, other, hub, status)); got != "IGNORED OTHER_SERVICE" {
		t.Errorf("another repository: %s", got)
	}
	e := readOne(t, deliverySource(GitLabFormat), DeliveryHeaders{"webhook-id": "w-1", "x-gitlab-event-uuid": "u-1"}, string(payload(t, "gitlab_deployment.json")))
	f = e.Facts[0]
	if e.ID != "w-1" || f.Key != "15" || f.Commit != hash || f.Tier != "production" || !f.Time.Equal(time.Date(2026, 5, 20, 19, 50, 0, 0, time.UTC)) {
		t.Errorf("GitLab: %q %+v", e.ID, f)
	}
	for text, want := range map[string]string{
		"2022-08-05 14:25:15 +0800": "2022-08-05T06:25:15Z", "2022-08-05 14:25:15 UTC": "2022-08-05T14:25:15Z", "2022-08-05T14:25:15Z": "2022-08-05T14:25:15Z",
		"2022-08-05 14:25:15": "", "2022-08-05 14:25:15 EST": "", "": "",
	} {
		at, ok := gitLabTime(text)
		if ok != (want != "") || ok && at.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q is %v, %t", text, at, ok)
		}
	}
}

// A rollback has a key of its own, and undoes the deployment that it names.
func TestPlainRollback(t *testing.T) {
	s := deliverySource(PlainFormat)
	var facts []DeliveryFact
	for id, body := range map[string]string{
		"a": `{"event":"deployed","time":"2026-05-18T10:00:00Z","environment":"production","deployment":"1"}`,
		"b": `{"event":"deployed","time":"2026-05-18T11:00:00Z","environment":"production","deployment":"2"}`,
		"c": `{"event":"rolledback","time":"2026-05-18T12:00:00Z","environment":"production","deployment":"1"}`,
	} {
		facts = append(facts, readOne(t, s, DeliveryHeaders{"idempotency-key": id}, body).Facts...)
	}
	h := NewDeliveryHistory(facts, nil)
	if len(h.Deployments) != 3 {
		t.Fatalf("%d deployments", len(h.Deployments))
	}
	undid := h.Deployments[2].Undid
	if d := h.Deployments[2]; !d.Rollback || d.Key != "c" || undid == nil || undid.Deployment != "1" || undid.Basis != LinkDeclared || undid.Detail != "deployment" {
		t.Errorf("%+v, undid %+v", d, undid)
	}
	if !h.Deployments[0].Failed || h.Deployments[1].Failed {
		t.Error("the deployment that was undone is not the one that failed")
	}
}

// What a signature covers goes before what anybody can alter on the way.
func TestSignedIDsGoFirst(t *testing.T) {
	const body = `{"event":"deployed","time":"2026-05-18T10:00:00Z","environment":"production"}`
	cd := func(id string) string {
		return `{"context":{` + id + `"source":"/ci","type":"dev.cdevents.service.deployed.0.3.0","timestamp":"2026-05-20T15:00:00Z"},
			"subject":{"id":"checkout","content":{"environment":{"id":"production"}}}}`
	}
	binary := func(id string) DeliveryHeaders {
		return DeliveryHeaders{"content-type": "application/json", "ce-id": "forged", "ce-source": "/forged", "webhook-id": id}
	}
	both := DeliveryHeaders{"webhook-id": "signed", "idempotency-key": `"forged"`}
	for name, c := range map[string]struct {
		format    DeliveryFormat
		headers   DeliveryHeaders
		body      string
		id, about string
	}{
		"plain":                       {PlainFormat, both, body, "signed", "signed"},
		"plain, by a token":           {PlainFormat, DeliveryHeaders{"idempotency-key": `"mine"`}, body, "mine", "mine"},
		"GitLab":                      {GitLabFormat, both, string(payload(t, "gitlab_deployment.json")), "signed", "15"},
		"a binary CDEvent":            {CDEventsFormat, binary("signed"), cd(""), "/ci signed", "signed"},
		"a binary CDEvent with an id": {CDEventsFormat, binary("signed"), cd(`"id":"1",`), "/ci 1", "1"},
		"a binary one, by a token":    {CDEventsFormat, binary(""), cd(""), "/ci forged", "forged"},
	} {
		if e := readOne(t, deliverySource(c.format), c.headers, c.body); len(e.Facts) != 1 || e.ID != c.id || e.Facts[0].Key != c.about {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// One commit with a bad time does not void a push.
func TestPushWithABadCommit(t *testing.T) {
	push := func(times ...string) string {
		var commits []string
		for i, at := range times {
			commits = append(commits, `{"id":"`+strings.Repeat(string(rune('a'+i)), 40)+`","timestamp":"`+at+`"}`)
		}
		return `{"commits":[` + strings.Join(commits, ",") + `]}`
	}
	headers := DeliveryHeaders{"x-github-event": "push"}
	e := readOne(t, deliverySource(GitHubFormat), headers, push("2026-05-20T10:00:00Z", "2036-05-20T10:00:00Z", "0001-01-01T00:00:00Z", "2026-05-20T11:00:00Z"))
	if e.Outcome != DeliveryAccepted || len(e.Facts) != 2 || e.Facts[0].Key[0] != 'a' || e.Facts[1].Key[0] != 'd' {
		t.Errorf("%+v", e)
	}
	if got := outcome(readOne(t, deliverySource(GitHubFormat), headers, push("2036-05-20T10:00:00Z"))); got != "REFUSED TIME_AHEAD" {
		t.Errorf("nothing is left: %s", got)
	}
}

// CDEvents leave it to the sender whether an incident names its service.
func TestIncidentWithoutService(t *testing.T) {
	s := deliverySource(CDEventsFormat)
	s.EventServices = []string{"shop/checkout"}
	event := func(what, service string) string {
		return `{"context":{"id":"1","type":"dev.cdevents.` + what + `.0.3.0","timestamp":"2026-05-20T15:00:00Z"},
			"subject":{"id":"INC-7","content":{"environment":{"id":"production"}` + service + `}}}`
	}
	for body, want := range map[string]string{
		event("incident.detected", ""):                                  "ACCEPTED INCIDENT_OPENED",
		event("incident.resolved", ""):                                  "ACCEPTED INCIDENT_RESOLVED",
		event("incident.detected", `,"service":{"id":"shop/checkout"}`): "ACCEPTED INCIDENT_OPENED",
		event("incident.detected", `,"service":{"id":"shop/search"}`):   "IGNORED OTHER_SERVICE",
		event("service.deployed", ""):                                   "IGNORED OTHER_SERVICE",
	} {
		if got := outcome(readOne(t, s, nil, body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// Ids of a sender that cannot be kept as they are are known by their hashes, and stay different.
func TestKeptIDs(t *testing.T) {
	long := strings.Repeat("é", maxID)
	for _, id := range []string{"", "a", long} {
		if keptID(id) != id {
			t.Errorf("%q is kept as %q", id, keptID(id))
		}
	}
	seen := map[string]bool{}
	for _, id := range []string{long + "x", long + "y", "a\x00", "a\x01", "a\nb", "\u202eabc"} {
		kept := keptID(id)
		if !strings.HasPrefix(kept, "sha256-") || seen[kept] {
			t.Errorf("%q is kept as %q", id, kept)
		}
		seen[kept] = true
		if reason, _ := checkSourceKey((&Deployment{Key: kept, Source: "teams/a/deliverySources/ci"}).sourceKey()); reason != "" {
			t.Errorf("%q is no source key", kept)
		}
	}
}
