package domain

import (
	"strings"
	"testing"
	"time"
)

// A refusal names the member and says what to do.
func TestRefusalsNameTheMember(t *testing.T) {
	cd := func(context, subject, more string) string {
		return `{"context":{"id":"1","type":"dev.cdevents.` + context + `},"subject":{` + subject + `}` + more + `}`
	}
	const deployed, opened = `service.deployed.0.3.0","timestamp":"2026-05-20T15:00:00Z"`, `incident.detected.0.3.0","timestamp":"2026-05-20T15:00:00Z"`
	const production = `"id":"checkout","content":{"environment":{"id":"production"}}`
	structured := DeliveryHeaders{"content-type": "application/cloudevents+json"}
	hub := func(event string) DeliveryHeaders { return DeliveryHeaders{"x-github-event": event} }
	status := func(state, at, id string) string {
		return `{"deployment_status":{"state":"` + state + `","environment":"production","created_at":"` + at + `"},"deployment":{` + id + `}}`
	}
	for _, c := range []struct {
		format      DeliveryFormat
		headers     DeliveryHeaders
		body        string
		want, words string // words begin or are within the text
	}{
		{PlainFormat, nil, `{}`, "event EVENT_UNKNOWN", "Say in `event` what has happened"},
		{PlainFormat, nil, `{"event":"exploded"}`, "event EVENT_UNKNOWN", `The event is "exploded"; it must be deployed`},
		{PlainFormat, nil, `{"event":"deployed","environment":"production"}`, "time TIME_MISSING", "Say in `time` when it happened"},
		{PlainFormat, nil, `{"event":"deployed","time":null,"environment":"production"}`, "time TIME_MISSING", "Say in `time`"},
		{PlainFormat, nil, `{"event":"deployed","time":"now","environment":"production"}`, "time TIME_INVALID", `The time "now" is not RFC 3339`},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-06-02T00:00:00Z","environment":"production"}`, "time TIME_AHEAD", "2026-06-02T00:00:00Z has not come yet: it is 2026-06-01T09:00:00Z here"},
		{PlainFormat, nil, `{"event":"deployed","time":"1969-05-20T15:00:00Z","environment":"production"}`, "time TIME_INVALID", "lies before 1970"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","commit_time":"x","environment":"production"}`, "commit_time TIME_INVALID", "git log -1"},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","commit_time":"2026-06-02T00:00:00Z","environment":"production"}`, "commit_time TIME_AHEAD", ""},
		{PlainFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","environment":"  "}`, "environment ENVIRONMENT_MISSING", ""},
		{PlainFormat, nil, `{"event":"incident_opened","time":"2026-05-20T15:00:00Z"}`, "incident INCIDENT_MISSING", ""},
		{PlainFormat, nil, `{"event":"deployed","unplanned":"yes"}`, "unplanned BODY_INVALID", `"unplanned" is a text; it has to be true or false.`},
		{PlainFormat, nil, `{"event":"deployed","deployment":41}`, "deployment BODY_INVALID", `"deployment" is a number; it has to be a text.`},
		{PlainFormat, nil, `{"event":"deployed","tme":"x"}`, "tme BODY_INVALID", `"tme" is no member`},
		{PlainFormat, nil, `[1]`, " BODY_INVALID", "The body is a list; send one object."},
		{PlainFormat, nil, `"deployed"`, " BODY_INVALID", "The body is a text; send one object."},
		{PlainFormat, nil, `7`, " BODY_INVALID", "The body is a number; send one object."},
		{PlainFormat, nil, ` `, " BODY_INVALID", "The body is empty; send one object."},
		{PlainFormat, nil, `{"event":"deployed"`, " BODY_INVALID", "The body ends before the JSON is complete."},
		{PlainFormat, nil, `{"event":deployed}`, " BODY_INVALID", "The body is no JSON: it goes wrong at byte 10."},
		{PlainFormat, nil, `{} {}`, " BODY_INVALID", "The body goes on after the object"},
		{PlainFormat, nil, `{} ]`, " BODY_INVALID", "The body goes on after the object"},
		{PlainFormat, nil, cd(deployed, production, ""), " OTHER_FORMAT", "This source takes plain JSON, and what was sent looks like CDEvents."},
		{PlainFormat, hub("push"), `{"commits":[]}`, " OTHER_FORMAT", "with the format DELIVERY_FORMAT_GITHUB"},
		{CDEventsFormat, nil, `{"event":"deployed","time":"2026-05-20T15:00:00Z","environment":"production"}`, " OTHER_FORMAT", "set up another source for the service, with the format DELIVERY_FORMAT_PLAIN"},
		{CDEventsFormat, structured, `{"event":"deployed"}`, " OTHER_FORMAT", "This source takes CDEvents"},
		{CDEventsFormat, nil, `[1]`, " BODY_INVALID", "The body is a list; send one object."},
		{CDEventsFormat, structured, `[1]`, " BODY_INVALID", "The body is a list; send one object."},
		{CDEventsFormat, structured, `{"id":"1","specversion":"1.0","data":[1]}`, " BODY_INVALID", "The member `data` is a list; send one object."},
		{CDEventsFormat, structured, `{"id":"1","specversion":"1.0"}`, " BODY_INVALID", "The member `data` is empty"},
		{CDEventsFormat, structured, `{"id":"1","specversion":"1.0","data_base64":"%"}`, "data_base64 BODY_INVALID", "is no base64."},
		{CDEventsFormat, structured, `{"id":1,"specversion":"1.0"}`, "id BODY_INVALID", ""},
		{CDEventsFormat, nil, `{"context":{"type":"com.example.deployed"}}`, "context.type EVENT_UNKNOWN", `This source takes CDEvents, whose types begin with dev.cdevents.; "com.example.deployed" is none.`},
		{CDEventsFormat, nil, cd(`service.deployed.0.3.0"`, production, ""), "context.timestamp TIME_MISSING", ""},
		{CDEventsFormat, nil, cd(`service.deployed.0.3.0","timestamp":"now"`, production, ""), "context.timestamp TIME_INVALID", ""},
		{CDEventsFormat, nil, cd(`service.deployed.0.3.0","timestamp":"2036-01-01T00:00:00Z"`, production, ""), "context.timestamp TIME_AHEAD", ""},
		{CDEventsFormat, nil, cd(deployed, `"id":"checkout"`, ""), "subject.content.environment.id ENVIRONMENT_MISSING", ""},
		{CDEventsFormat, nil, cd(deployed, `"content":{"environment":"production"}`, ""), "subject.content.environment BODY_INVALID", ""},
		{CDEventsFormat, nil, cd(opened, `"content":{"environment":{"id":"production"}}`, ""), "subject.id INCIDENT_MISSING", ""},
		{CDEventsFormat, nil, cd(deployed, production, `,"customData":{"commitTime":"x"}`), "customData.commitTime TIME_INVALID", ""},
		{CDEventsFormat, nil, cd(deployed, production, `,"customData":{"unplanned":"yes"}`), "customData.unplanned BODY_INVALID", ""},
		{GitHubFormat, hub("deployment_status"), `[1]`, " BODY_INVALID", "The body is a list; send one object."},
		{GitHubFormat, hub("deployment_status"), `{"deployment_status":{"state":7}}`, "deployment_status.state BODY_INVALID", ""},
		{GitHubFormat, hub("deployment_status"), `{}`, "deployment.id ID_MISSING", ""},
		{GitHubFormat, hub("deployment_status"), status("", "x", `"id":1`), "deployment_status.state BODY_INVALID", ""},
		{GitHubFormat, hub("deployment_status"), status("success", "", `"id":1`), "deployment_status.created_at TIME_MISSING", ""},
		{GitHubFormat, hub("deployment_status"), status("success", "x", `"id":1`), "deployment_status.created_at TIME_INVALID", ""},
		{GitHubFormat, hub("deployment_status"), status("success", "2036-01-01T00:00:00Z", `"id":1`), "deployment_status.created_at TIME_AHEAD", ""},
		{GitHubFormat, hub("deployment_status"), status("success", "x", `"id":"abc"`), " BODY_INVALID", "an id has to be a number"},
		{GitHubFormat, nil, `{"action":"x"}`, "X-GitHub-Event EVENT_UNKNOWN", ""},
		{GitHubFormat, hub("push"), `{"commits":[{"id":"9f2c1e7","timestamp":"2026-05-20T15:00:00Z"}]}`, "commits[0].id COMMIT_INVALID", `The id "9f2c1e7" is no whole hash`},
		{GitHubFormat, hub("push"), `{"commits":[{"id":"` + strings.Repeat("a", 40) + `","timestamp":"x"}]}`, "commits[0].timestamp TIME_INVALID", ""},
		{GitHubFormat, hub("push"), `{"commits":[{"id":"` + strings.Repeat("a", 40) + `","timestamp":"2036-01-01T00:00:00Z"}]}`, "commits.timestamp TIME_AHEAD", ""},
		{GitLabFormat, nil, `[1]`, " BODY_INVALID", "The body is a list; send one object."},
		{GitLabFormat, nil, `{}`, "object_kind EVENT_UNKNOWN", ""},
		{GitLabFormat, nil, `{"object_kind":"deployment"}`, "deployment_id ID_MISSING", ""},
		{GitLabFormat, nil, `{"object_kind":"deployment","deployment_id":1,"status":"success"}`, "status_changed_at TIME_MISSING", ""},
		{GitLabFormat, nil, `{"object_kind":"deployment","deployment_id":1,"status":"success","status_changed_at":"now"}`, "status_changed_at TIME_INVALID", ""},
	} {
		e := readOne(t, deliverySource(c.format), c.headers, c.body)
		if got := e.Field + " " + e.Reason; e.Outcome != DeliveryRefused || got != c.want || !strings.Contains(e.Text, c.words) {
			t.Errorf("%s %.120s: %s %q: %s, want %q", c.format, c.body, e.Outcome, got, e.Text, c.want)
		}
	}
}

// One event of a batch that cannot be read does not take the others along.
func TestBatchWithABadEvent(t *testing.T) {
	event := `{"id":"1","source":"/ci","data":{"context":{"id":"1","type":"dev.cdevents.service.deployed.0.3.0","timestamp":"2026-05-20T15:00:00Z"},"subject":{"id":"checkout","content":{"environment":{"id":"production"}}}}}`
	got := deliverySource(CDEventsFormat).ReadDelivery(DeliveryHeaders{"content-type": "application/cloudevents-batch+json"},
		[]byte("["+event+`,1,{"id":2},null]`), received)
	if len(got) != 4 {
		t.Fatalf("%d events", len(got))
	}
	for i, want := range []string{"ACCEPTED DEPLOYED", "REFUSED BODY_INVALID", "REFUSED BODY_INVALID", "REFUSED BODY_INVALID"} {
		if outcome(got[i]) != want {
			t.Errorf("event %d: %s (%s)", i, outcome(got[i]), got[i].Text)
		}
		for _, other := range got[:i] {
			if other.ID == got[i].ID {
				t.Errorf("event %d has the id of another: %s", i, other.ID)
			}
		}
	}
	if got[1].Text != "The event is a number; send one object." || got[2].Field != "id" {
		t.Errorf("%+v, %+v", got[1], got[2])
	}
}

// The receipt of an event that counts says what does not come of it.
func TestRemarks(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	deployed := func(more string) string {
		return `{"event":"deployed","time":"2026-05-18T10:00:00Z","environment":"production"` + more + `}`
	}
	status := `{"deployment_status":{"state":"success","environment":"production","created_at":"2026-05-18T10:00:00Z"},"deployment":{"id":7,"sha":"` + hash + `"}}`
	hub := DeliveryHeaders{"x-github-event": "deployment_status", "x-github-delivery": "d"}
	made := []DeliveryFact{{Kind: CommitMade, Key: hash, Time: mayAt(4, 1)}}
	opened := func(source string) DeliveryFact {
		return told(IncidentOpened, "INC-7", mayAt(18, 9), func(f *DeliveryFact) { f.Source = "teams/payments/deliverySources/" + source })
	}
	ended := `{"event":"incident_resolved","time":"2026-05-18T10:00:00Z","incident":"INC-7"}`
	for name, c := range map[string]struct {
		format      DeliveryFormat
		headers     DeliveryHeaders
		body        string
		before      []DeliveryFact
		want, words string
	}{
		"all is said":                 {PlainFormat, nil, deployed(`,"deployment":"1","commit_time":"2026-05-18T09:00:00Z"`), nil, "", ""},
		"no commit":                   {PlainFormat, nil, deployed(`,"deployment":"1"`), nil, "NO_LEAD_TIME", "it names no commit"},
		"a commit of no known time":   {PlainFormat, nil, deployed(`,"deployment":"1","commit":"9f2c1e7"`), nil, "NO_LEAD_TIME", "nothing says when its commit 9f2c1e7 was made. Send the same `deployment`"},
		"made after it was deployed":  {PlainFormat, nil, deployed(`,"deployment":"1","commit_time":"2026-05-19T10:00:00Z"`), nil, "NO_LEAD_TIME", "made at 2026-05-19T10:00:00Z, which is after it was deployed, at 2026-05-18T10:00:00Z."},
		"no deployment":               {PlainFormat, DeliveryHeaders{"idempotency-key": "b-1"}, deployed(`,"commit_time":"2026-05-18T09:00:00Z"`), nil, "DEPLOYMENT_UNNAMED", "the id of its delivery, b-1"},
		"neither":                     {PlainFormat, nil, deployed(""), nil, "NO_LEAD_TIME", "Send `commit_time` along; `git log -1 --format=%cI` writes it. It names no `deployment`"},
		"GitHub before the push":      {GitHubFormat, hub, status, nil, "NO_LEAD_TIME", "Let the webhook send pushes"},
		"GitHub after the push":       {GitHubFormat, hub, status, made, "", ""},
		"an end":                      {PlainFormat, nil, ended, []DeliveryFact{opened("mon")}, "", ""},
		"an end of nothing":           {PlainFormat, nil, ended, nil, "INCIDENT_NOT_OPENED", "Nobody has told the beginning"},
		"an end of one of two":        {PlainFormat, nil, ended, []DeliveryFact{opened("mon"), opened("other")}, "INCIDENT_END_UNRESOLVED", `told by mon and by other, under the same id "INC-7"`},
		"its own end":                 {PlainFormat, nil, ended, []DeliveryFact{opened("mon"), opened("x")}, "", ""},
		"an end before its beginning": {PlainFormat, nil, strings.Replace(ended, "18T10", "18T08", 1), []DeliveryFact{opened("mon")}, "INCIDENT_END_EARLY", "began at 2026-05-18T09:00:00Z"},
	} {
		e := readOne(t, deliverySource(c.format), c.headers, c.body)
		commits := map[string]time.Time{}
		for _, f := range c.before {
			if f.Kind == CommitMade {
				commits[f.Key] = f.Time
			}
		}
		h := NewDeliveryHistory(append(c.before, e.Facts...), commits)
		if reason, text := h.Remark(e.Facts[0], c.format); reason != "" {
			e.Remark(reason, text)
		}
		if e.Outcome != DeliveryAccepted || e.Reason != c.want || !strings.Contains(e.Text, c.words) {
			t.Errorf("%s: %s %s: %s", name, e.Outcome, e.Reason, e.Text)
		}
	}
}

// What is said wrongly of a commit is mended by what is told later, whatever the order.
func TestCommitTimeIsMended(t *testing.T) {
	at := func(day int, delivery string) DeliveryFact {
		return told(Deployed, "1", mayAt(18, 10), func(f *DeliveryFact) { f.CommitTime, f.DeliveryID = mayAt(day, 10), delivery })
	}
	for name, c := range map[string]struct {
		facts []DeliveryFact
		want  string
	}{
		"wrong":                  {[]DeliveryFact{at(19, "a")}, ""},
		"wrong, then right":      {[]DeliveryFact{at(19, "a"), at(17, "b")}, "deployment 1 (s)=24@18T10"},
		"right, then wrong":      {[]DeliveryFact{at(17, "a"), at(19, "b")}, "deployment 1 (s)=24@18T10"},
		"both could be right":    {[]DeliveryFact{at(17, "a"), at(16, "b")}, "deployment 1 (s)=24@18T10"},
		"wrong, then more wrong": {[]DeliveryFact{at(19, "a"), at(20, "b")}, ""},
	} {
		if got := written(NewDeliveryHistory(c.facts, nil).Readings(ChangeLeadTime, mayAt(25, 0))); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
