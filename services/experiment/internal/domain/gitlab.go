package domain

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// gitLabDeployment is the payload of a deployment event, as far as it is looked at.
type gitLabDeployment struct {
	Kind            string      `json:"object_kind"`
	Status          string      `json:"status"`
	StatusChangedAt string      `json:"status_changed_at"`
	DeploymentID    json.Number `json:"deployment_id"`
	Environment     string      `json:"environment"`
	EnvironmentTier string      `json:"environment_tier"`
	ShortSHA        string      `json:"short_sha"`
	CommitURL       string      `json:"commit_url"`
	Project         struct {
		Path string `json:"path_with_namespace"`
	} `json:"project"`
}

// readGitLab reads a webhook of GitLab: a deployment, or a push, which tells when commits were made. Source: docs.gitlab.com,
// "Webhook events". The id of the delivery is the header webhook-id, which a signature covers, Idempotency-Key or X-Gitlab-Event-UUID.
func readGitLab(headers DeliveryHeaders, body []byte) ReceivedEvent {
	e := ReceivedEvent{Delivery: Delivery{
		ID:   cmp.Or(headers["webhook-id"], bare(headers["idempotency-key"]), headers["x-gitlab-event-uuid"]),
		Type: headers["x-gitlab-event"],
	}}
	var d gitLabDeployment
	if err := json.Unmarshal(body, &d); err != nil {
		return e.unreadable("The body", body, err)
	}
	switch e.Type = cmp.Or(d.Kind, e.Type); d.Kind {
	case "deployment":
		return d.read(e)
	case "push":
		return readPush(e, body)
	case "":
		return e.refuse("object_kind", "EVENT_UNKNOWN", "The body has no object_kind.")
	}
	return e.ignore("TYPE_NOT_COUNTED", "Events of this type change none of the delivery metrics; choose deployment events, and push events for the times of commits.")
}

func (d *gitLabDeployment) read(e ReceivedEvent) ReceivedEvent {
	if d.DeploymentID == "" {
		return e.refuse("deployment_id", "ID_MISSING", "The body has no deployment_id.")
	}
	if d.Status != "success" {
		return e.ignore("STATE_NOT_SUCCESS", "The status is "+inQuotes(d.Status)+"; a deployment counts once it is success.")
	}
	if d.StatusChangedAt == "" {
		return e.refuse("status_changed_at", "TIME_MISSING", "The body has no status_changed_at, which is when it was deployed.")
	}
	at, ok := gitLabTime(d.StatusChangedAt)
	if !ok {
		return e.refuse("status_changed_at", "TIME_INVALID", "status_changed_at is no time such as 2026-06-01 09:30:00 +0200.")
	}
	return e.accept(DeliveryFact{
		Kind: Deployed, Key: d.DeploymentID.String(), Time: at, Service: d.Project.Path, Environment: d.Environment, Tier: d.EnvironmentTier,
		Commit: d.commit(),
	})
}

// commit is the whole hash of the commit, which only its address tells; or "".
func (d *gitLabDeployment) commit() string {
	hash := d.CommitURL[strings.LastIndexByte(d.CommitURL, '/')+1:]
	if isHash(hash) && strings.HasPrefix(hash, d.ShortSHA) {
		return hash
	}
	return ""
}

// gitLabTime reads a time as GitLab's webhooks write it, which is not RFC 3339 everywhere.
func gitLabTime(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", time.RFC3339Nano} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if name, offset := at.Zone(); layout == "2006-01-02 15:04:05 MST" && (offset != 0 || name != "UTC") {
			return time.Time{}, false // the offset of any other abbreviation would be a guess
		}
		return at, true
	}
	return time.Time{}, false
}
