package domain

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// gitHubDeploymentStatus is the payload of the event deployment_status, as far as it is looked at.
type gitHubDeploymentStatus struct {
	DeploymentStatus struct {
		State       string `json:"state"`
		Environment string `json:"environment"`
		CreatedAt   string `json:"created_at"`
	} `json:"deployment_status"`
	Deployment struct {
		ID          json.Number     `json:"id"`
		SHA         string          `json:"sha"`
		Task        string          `json:"task"`
		Environment string          `json:"environment"`
		Payload     json.RawMessage `json:"payload"`
	} `json:"deployment"`
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
}

// gitHubPayload is what a team may have put into the payload of a deployment.
type gitHubPayload struct {
	CommitTime string `json:"commit_time"`
	Unplanned  bool   `json:"unplanned"`
}

// pushed is the payload of a push at GitHub and at GitLab, as far as it is looked at.
type pushed struct {
	Commits []struct {
		ID        string `json:"id"`
		Timestamp string `json:"timestamp"`
	} `json:"commits"`
}

// maxPushed is how many commits of a push are noted; GitHub sends no more.
const maxPushed = 2048

// readGitHub reads a webhook of GitHub: deployment_status, and push, which tells when commits were made. Source: docs.github.com,
// "Webhook events and payloads".
func readGitHub(headers DeliveryHeaders, body []byte) ReceivedEvent {
	e := ReceivedEvent{Delivery: Delivery{ID: headers["x-github-delivery"], Type: headers["x-github-event"]}}
	if media, _, _ := mime.ParseMediaType(headers["content-type"]); media == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil || form.Get("payload") == "" {
			return e.refuse("payload", "BODY_INVALID", "The form has no payload.")
		}
		body = []byte(form.Get("payload"))
	}
	switch e.Type {
	case "deployment_status":
		var d gitHubDeploymentStatus
		if err := json.Unmarshal(body, &d); err != nil {
			return e.unreadable("The body", body, err)
		}
		return d.read(e)
	case "push":
		return readPush(e, body)
	case "ping":
		return e.ignore("PING", "The webhook reaches this source and is signed well.")
	case "":
		return e.refuse("X-GitHub-Event", "EVENT_UNKNOWN", "The header X-GitHub-Event is missing.")
	}
	return e.ignore("TYPE_NOT_COUNTED", "Events of this type change none of the delivery metrics; choose deployment statuses, and pushes for the times of commits.")
}

func (d *gitHubDeploymentStatus) read(e ReceivedEvent) ReceivedEvent {
	status, deployment := d.DeploymentStatus, d.Deployment
	if deployment.ID == "" {
		return e.refuse("deployment.id", "ID_MISSING", "The body is no deployment_status: it has no deployment.id.")
	}
	if status.State == "" {
		return e.refuse("deployment_status.state", "BODY_INVALID", "The body is no deployment_status: it has no deployment_status.state.")
	}
	switch status.State {
	case "success":
	case "failure", "error":
		return e.ignore("STATE_NOT_SUCCESS", "The attempt did not reach the environment; only what runs there can fail as a change.")
	default:
		return e.ignore("STATE_NOT_SUCCESS", "The state is "+inQuotes(status.State)+"; a deployment counts once it is success.")
	}
	f := DeliveryFact{
		Kind: Deployed, Key: deployment.ID.String(), Service: d.Repository.FullName, Commit: deployment.SHA, Environment: status.Environment,
	}
	if f.Environment == "" {
		f.Environment = deployment.Environment
	}
	if strings.Contains(deployment.Task, "rollback") {
		f.Kind = RolledBack
	}
	var err error
	if status.CreatedAt == "" {
		return e.refuse("deployment_status.created_at", "TIME_MISSING", "The body has no deployment_status.created_at, which is when it was deployed.")
	}
	if f.Time, err = time.Parse(time.RFC3339Nano, status.CreatedAt); err != nil {
		return e.refuse("deployment_status.created_at", "TIME_INVALID", "deployment_status.created_at is not RFC 3339.")
	}
	var payload gitHubPayload
	if json.Unmarshal(deployment.Payload, &payload) == nil { // whatever else a team keeps there is none of our business
		f.Unplanned = payload.Unplanned
		f.CommitTime, _ = optionalTime(payload.CommitTime)
	}
	return e.accept(f)
}

// readPush notes when the commits of a push were made. Those that cannot be read do not take the others along.
func readPush(e ReceivedEvent, body []byte) ReceivedEvent {
	var p pushed
	if err := json.Unmarshal(body, &p); err != nil {
		return e.unreadable("The body", body, err)
	}
	if len(p.Commits) == 0 {
		return e.ignore("NO_COMMITS", "The push brings no commits.")
	}
	var facts []DeliveryFact
	var bad ReceivedEvent
	for i, commit := range p.Commits[:min(len(p.Commits), maxPushed)] {
		made, err := time.Parse(time.RFC3339Nano, commit.Timestamp)
		at := "commits[" + strconv.Itoa(i) + "]"
		switch {
		case !isHash(commit.ID):
			bad = e.refuse(at+".id", "COMMIT_INVALID", "The id "+inQuotes(commit.ID)+" is no whole hash of a commit, of 40 or 64 hexadecimal digits.")
		case err != nil:
			bad = e.refuse(at+".timestamp", "TIME_INVALID", "The timestamp "+inQuotes(commit.Timestamp)+" is not RFC 3339 with its zone.")
		default:
			facts = append(facts, DeliveryFact{Kind: CommitMade, Key: commit.ID, Time: made})
		}
	}
	if len(facts) == 0 {
		return bad
	}
	if bad.Outcome != "" {
		e.leaveOut(min(len(p.Commits), maxPushed)-len(facts), bad)
	}
	return e.accept(facts...)
}

// leaveOut notes that so many commits of a push cannot be kept, and why the last of them cannot.
func (e *ReceivedEvent) leaveOut(count int, last ReceivedEvent) {
	e.Remark("COMMITS_LEFT_OUT", fmt.Sprintf("Commits that were left out: %d. Of the last of them: %s", count, last.Text))
}
