package domain

import (
	"fmt"
	"strings"
	"testing"
)

// Every subject and predicate around services, incidents, changes and environments, in the shapes of the releases 0.3 to 0.5 (with `version` or
// `specversion`, with and without subject.type, links and chain), structured and binary. The values are our own.
func TestCDEventsOfEachRelease(t *testing.T) {
	const links = `,"chainId":"c-1","schemaUri":"https://example.com/s","links":[{"linkType":"RELATION","linkKind":"TRIGGER","target":{"contextId":"d-9"},"tags":{"a":"b"}},{"linkType":"PATH","from":{"contextId":"d-8"}},{"linkType":"END","from":{"contextId":"d-7"}}]`
	releases := []struct{ name, version, versionKey, more, subjectType string }{
		{"0.3", "0.1.1", "version", "", `,"type":"%s"`},
		{"0.4", "0.2.0", "version", links, `,"type":"%s"`},
		{"0.5 draft", "0.3.0-draft", "version", links, `,"type":"%s"`},
		{"0.5", "0.3.0", "specversion", links, ""},
	}
	const place, repository = `"environment":{"id":"production","source":"/iaas"}`, `"repository":{"id":"org/checkout","source":"https://example.com"}`
	running := place + `,"artifactId":"pkg:oci/checkout@sha256%3A0b31b1"`
	trouble := place + `,"description":"slow","service":{"id":"checkout","source":"/cluster"},"artifactId":"pkg:oci/checkout@sha256%3A0b31b1"`
	for what, c := range map[string]struct{ content, want string }{
		"service.deployed": {running, "ACCEPTED DEPLOYED"}, "service.upgraded": {running, "ACCEPTED DEPLOYED"}, "service.rolledback": {running, "ACCEPTED ROLLED_BACK"},
		"service.removed": {place, "IGNORED TYPE_NOT_COUNTED"}, "service.published": {place, "IGNORED TYPE_NOT_COUNTED"},
		"incident.detected": {trouble, "ACCEPTED INCIDENT_OPENED"}, "incident.reported": {trouble + `,"ticketURI":"https://example.com/1"`, "ACCEPTED INCIDENT_OPENED"},
		"incident.resolved": {trouble, "ACCEPTED INCIDENT_RESOLVED"},
		"change.created":    {`"description":"x",` + repository, "IGNORED NO_COMMIT_TIME"}, "change.reviewed": {repository, "IGNORED NO_COMMIT_TIME"},
		"change.merged": {repository, "IGNORED NO_COMMIT_TIME"}, "change.updated": {repository, "IGNORED NO_COMMIT_TIME"},
		"change.abandoned":     {repository, "IGNORED TYPE_NOT_COUNTED"},
		"environment.created":  {`"name":"prod","url":"https://example.com"`, "IGNORED TYPE_NOT_COUNTED"},
		"environment.modified": {`"name":"prod","environment":"prod","service":7`, "IGNORED TYPE_NOT_COUNTED"}, // other content under names that are known
		"environment.deleted":  {`"name":null`, "IGNORED TYPE_NOT_COUNTED"},
		"service.deployed ":    {`"environment":null`, "REFUSED ENVIRONMENT_MISSING"}, "service.upgraded ": {`"environment":"production"`, "REFUSED BODY_INVALID"},
		"incident.detected ": {`"environment":null,"service":null`, "ACCEPTED INCIDENT_OPENED"},
	} {
		for _, r := range releases {
			what := strings.TrimSpace(what)
			subject, _, _ := strings.Cut(what, ".")
			kind := "dev.cdevents." + what + "." + r.version
			if r.subjectType != "" {
				subject = fmt.Sprintf(r.subjectType, subject)
			} else {
				subject = ""
			}
			data := `{"context":{"` + r.versionKey + `":"0.4.1","id":"e-1","source":"/ci","type":"` + kind + `","timestamp":"2026-05-20T14:27:05.315384Z"` + r.more +
				`},"subject":{"id":"checkout","source":"/ci"` + subject + `,"content":{` + c.content + `}},"customData":"PGE+","customDataContentType":"application/xml"}`
			structured := `{"specversion":"1.0","id":"e-1","source":"/ci","type":"` + kind + `","subject":"checkout","datacontenttype":"application/json","data":` + data + `}`
			for mode, e := range map[string]ReceivedEvent{
				"structured": readOne(t, deliverySource(CDEventsFormat), DeliveryHeaders{"content-type": "application/cloudevents+json"}, structured),
				"binary": readOne(t, deliverySource(CDEventsFormat), DeliveryHeaders{
					"content-type": "application/json", "ce-id": "e-1", "ce-source": "/ci", "ce-type": kind, "ce-specversion": "1.0",
				}, data),
			} {
				if got := outcome(e); got != c.want || e.Type != kind || e.ID != "/ci e-1" || (e.Text == "") != strings.HasPrefix(c.want, "ACCEPTED") {
					t.Errorf("%s of %s, %s: %s %q, want %s", what, r.name, mode, got, e.Text, c.want)
				}
			}
		}
	}
}

// The other payloads of the forges, with what may be null, are ignored or refused with a reason.
func TestForgePayloadsWithNulls(t *testing.T) {
	const status = `{"action":"created","deployment_status":{"state":"success","environment":null,"created_at":"2026-05-20T10:00:00Z","creator":null,"performed_via_github_app":null},
		"deployment":{"id":7,"sha":"0123456789abcdef0123456789abcdef01234567","task":"deploy","environment":"production","payload":%s,"description":null},"check_run":null,"workflow":null,"workflow_run":null,"repository":{"full_name":"org/checkout","language":null},"organization":null}`
	hub := func(event string) DeliveryHeaders {
		return DeliveryHeaders{"x-github-event": event, "x-github-delivery": "1"}
	}
	for _, c := range []struct {
		format     DeliveryFormat
		headers    DeliveryHeaders
		body, want string
	}{
		{GitHubFormat, hub("deployment_status"), fmt.Sprintf(status, "null"), "ACCEPTED DEPLOYED"},
		{GitHubFormat, hub("deployment_status"), fmt.Sprintf(status, `"text"`), "ACCEPTED DEPLOYED"},
		{GitHubFormat, hub("deployment_status"), `{"deployment_status":null,"deployment":null,"repository":null}`, "REFUSED ID_MISSING"},
		{GitHubFormat, hub("deployment"), `{"action":"created","deployment":{"id":7,"payload":{}},"workflow_run":null}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitHubFormat, hub("push"), `{"ref":"refs/heads/x","deleted":true,"base_ref":null,"head_commit":null,"commits":[]}`, "IGNORED NO_COMMITS"},
		{GitHubFormat, hub("push"), `{"commits":null}`, "IGNORED NO_COMMITS"},
		{GitHubFormat, hub("push"), `{"commits":[null,{"id":null,"timestamp":null}]}`, "REFUSED COMMIT_INVALID"},
		{GitHubFormat, hub("pull_request"), `{"action":"closed","number":1,"pull_request":{"merged_at":null}}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitHubFormat, hub("workflow_run"), `{"action":"completed","workflow_run":{"conclusion":null}}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitHubFormat, hub("ping"), `{"zen":"x","hook_id":1,"hook":{}}`, "IGNORED PING"},
		{GitHubFormat, hub("ping"), `null`, "IGNORED PING"},
		{GitLabFormat, nil, `{"object_kind":"deployment","status":"success","status_changed_at":"2026-05-20 10:00:00 +0200","deployment_id":7,"deployable_id":null,"environment":"production","environment_tier":null,"project":null,"short_sha":null,"commit_url":null,"user":null}`, "ACCEPTED DEPLOYED"},
		{GitLabFormat, nil, `{"object_kind":"deployment","status":null,"deployment_id":7}`, "IGNORED STATE_NOT_SUCCESS"},
		{GitLabFormat, nil, `{"object_kind":"push","after":"0000","checkout_sha":null,"commits":[],"total_commits_count":0}`, "IGNORED NO_COMMITS"},
		{GitLabFormat, nil, `{"object_kind":"pipeline","object_attributes":{"status":"success","finished_at":null},"merge_request":null,"builds":[]}`, "IGNORED TYPE_NOT_COUNTED"},
		{GitLabFormat, nil, `{"object_kind":null}`, "REFUSED EVENT_UNKNOWN"},
		{GitLabFormat, nil, `null`, "REFUSED EVENT_UNKNOWN"},
	} {
		if got := outcome(readOne(t, deliverySource(c.format), c.headers, c.body)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.format, c.body, got, c.want)
		}
	}
}
