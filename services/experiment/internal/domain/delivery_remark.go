package domain

import (
	"slices"
	"strings"
	"time"
)

// Remark tells what does not come of a fact that counts, as things stand; empty when everything does. What is told later may change that.
func (h *DeliveryHistory) Remark(f DeliveryFact, format DeliveryFormat) (reason, text string) {
	switch f.Kind {
	case Deployed:
		return h.remarkDeployment(f, format)
	case IncidentResolved:
		return h.remarkEnd(f)
	case RolledBack, IncidentOpened, CommitMade:
	}
	return "", ""
}

// commitTimeWays are how the time of a commit is told.
var commitTimeWays = map[DeliveryFormat]string{
	PlainFormat:    "Send the same `deployment` again, under another id of the delivery, with `commit_time`; `git log -1 --format=%cI` writes it.",
	CDEventsFormat: "Put `commit` and `commitTime` into customData of such events, or of those about the change.",
	GitHubFormat:   "Let the webhook send pushes, too, or put `commit_time` into the payload of the deployment.",
	GitLabFormat:   "Let the webhook send push events, too.",
}

func (h *DeliveryHistory) remarkDeployment(f DeliveryFact, format DeliveryFormat) (reason, text string) {
	d := h.byIdentity[f.identity()]
	if d == nil || d.Rollback || !d.noLeadTime() {
		return "", ""
	}
	why := "it names no commit, and nothing says when that was made. "
	switch {
	case !d.CommitTime.IsZero():
		why = "its commit is said to have been made at " + shownTime(d.CommitTime) + ", which is after it was deployed, at " + shownTime(d.Time) + ". "
	case d.Commit != "":
		why = "nothing says when its commit " + d.Commit + " was made. "
	}
	way := commitTimeWays[format]
	if format == PlainFormat && f.Key == f.DeliveryID {
		way = "Send `commit_time` along; `git log -1 --format=%cI` writes it."
	}
	return "NO_LEAD_TIME", "It counts, but has no lead time so far: " + why + way
}

func (h *DeliveryHistory) remarkEnd(f DeliveryFact) (reason, text string) {
	could := meant(f, h.incidents[f.Key], func(i *Incident) identity { return identity{i.Source, i.scope, i.Key} })
	switch {
	case len(could) == 0:
		return "INCIDENT_NOT_OPENED", "Nobody has told the beginning of the incident " + inQuotes(f.Key) + " yet; its end counts once somebody has."
	case len(could) > 1:
		var senders []string
		for _, i := range could {
			senders = append(senders, senderOf(i.Source, i.scope))
		}
		slices.Sort(senders)
		return "INCIDENT_END_UNRESOLVED", "It ends no incident: its beginning was told by " + strings.Join(senders, " and by ") + ", under the same id " +
			inQuotes(f.Key) + ", and the end could be that of each. Let who told the beginning tell the end as well, or use ids that differ."
	case f.Time.Before(could[0].OpenTime):
		return "INCIDENT_END_EARLY", "It ends nothing: the incident began at " + shownTime(could[0].OpenTime) + ", which is later. Look at the clocks of the senders."
	}
	return "", ""
}

func shownTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
