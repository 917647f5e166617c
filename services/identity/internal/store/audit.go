package store

import (
	"slices"
	"strings"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
)

// AuditActions is what the audit log calls each event about users, teams, members and tokens.
var AuditActions = map[domain.Event]commonv1.AuditAction{
	domain.UserCreated:     commonv1.AuditAction_AUDIT_ACTION_USER_CREATED,
	domain.UserUpdated:     commonv1.AuditAction_AUDIT_ACTION_USER_UPDATED,
	domain.UserDeactivated: commonv1.AuditAction_AUDIT_ACTION_USER_DEACTIVATED,
	domain.UserReactivated: commonv1.AuditAction_AUDIT_ACTION_USER_REACTIVATED,
	domain.TeamCreated:     commonv1.AuditAction_AUDIT_ACTION_TEAM_CREATED,
	domain.TeamUpdated:     commonv1.AuditAction_AUDIT_ACTION_TEAM_UPDATED,
	domain.TeamDeactivated: commonv1.AuditAction_AUDIT_ACTION_TEAM_DEACTIVATED,
	domain.TeamReactivated: commonv1.AuditAction_AUDIT_ACTION_TEAM_REACTIVATED,
	domain.MemberAdded:     commonv1.AuditAction_AUDIT_ACTION_MEMBER_ADDED,
	domain.MemberUpdated:   commonv1.AuditAction_AUDIT_ACTION_MEMBER_UPDATED,
	domain.MemberRemoved:   commonv1.AuditAction_AUDIT_ACTION_MEMBER_REMOVED,
	domain.TokenCreated:    commonv1.AuditAction_AUDIT_ACTION_TOKEN_CREATED,
	domain.TokenUpdated:    commonv1.AuditAction_AUDIT_ACTION_TOKEN_UPDATED,
	domain.TokenRevoked:    commonv1.AuditAction_AUDIT_ACTION_TOKEN_REVOKED,
}

// The functions below are the Audit of the collections. Names and addresses of people are never told, only that they
// changed: the audit log outlives them. Roles, scopes and visibility are told, because they are what it is read for.

func auditUser(before, after *domain.User, e domain.Event) (audit.Event, bool) {
	from, to := domain.User{}, *after
	if before != nil {
		from = *before
	}
	d := details{}
	d.change("roles", joined(from.Roles), joined(to.Roles))
	d.change("group_roles", joined(from.GroupRoles), joined(to.GroupRoles))
	d.change("provisioned_by", from.ProvisionedBy, to.ProvisionedBy)
	rolesOnly := len(d) > 0 && d["provisioned_by"] == ""
	if before != nil {
		rolesOnly = !d.fields(
			field{"display_name", from.DisplayName != to.DisplayName}, field{"email", from.Email != to.Email},
			field{"external_id", from.ExternalID != to.ExternalID},
		) && rolesOnly
	}
	event, known := audited(e, d)
	if e == domain.UserUpdated && rolesOnly {
		event.Action = commonv1.AuditAction_AUDIT_ACTION_ORGANIZATION_ROLES_CHANGED
	}
	return event, known
}

func auditTeam(before, after *domain.Team, e domain.Event) (audit.Event, bool) {
	from, to := domain.Team{}, *after
	if before != nil {
		from = *before
	}
	d := details{}
	d.change("visibility", string(from.Visibility), string(to.Visibility))
	d.change("provisioned_by", from.ProvisionedBy, to.ProvisionedBy)
	if before != nil {
		d.fields(
			field{"display_name", from.DisplayName != to.DisplayName}, field{"time_zone", from.TimeZone != to.TimeZone},
			field{"working_days", !slices.Equal(from.WorkingDays, to.WorkingDays)}, field{"holidays", !slices.Equal(from.Holidays, to.Holidays)},
			field{"cadence_weekday", from.CadenceWeekday != to.CadenceWeekday}, field{"cycle_days", from.CycleDays != to.CycleDays},
			field{"improvement_capacity_percent", from.CapacityPercent != to.CapacityPercent},
			field{"external_id", from.ExternalID != to.ExternalID},
		)
	}
	return audited(e, d)
}

func auditMember(before, after *domain.Member, e domain.Event) (audit.Event, bool) {
	from, to := domain.Member{Removed: true}, *after
	if before != nil {
		from = *before
	}
	d := details{"user": to.User}
	d.change("role", present(from), present(to))
	d.change("group", from.Group, to.Group)
	d.change("provisioned_by", from.ProvisionedBy, to.ProvisionedBy)
	return audited(e, d)
}

// present is the role of a member who is in the team.
func present(m domain.Member) string {
	if m.Removed {
		return ""
	}
	return string(m.Role)
}

func auditToken(before, after *domain.Token, e domain.Event) (audit.Event, bool) {
	from, to := domain.Token{}, *after
	if before != nil {
		from = *before
	}
	d := details{}
	d.change("scopes", joined(from.Scopes), joined(to.Scopes))
	d.change("provisioned_by", from.ProvisionedBy, to.ProvisionedBy)
	if before != nil {
		d.fields(
			field{"display_name", from.DisplayName != to.DisplayName}, field{"expire_time", !from.ExpireTime.Equal(to.ExpireTime)},
			field{"revoke_time", !from.RevokeTime.Equal(to.RevokeTime)},
		)
	}
	return audited(e, d)
}

// audited is the audit event of a domain event; false for one that nobody gave an action.
func audited(e domain.Event, d details) (audit.Event, bool) {
	action, known := AuditActions[e]
	return audit.Event{Action: action, Details: d}, known
}

// details are what changed.
type details map[string]string

// change tells what a right was and is, when that differs.
func (d details) change(name, from, to string) {
	switch {
	case from == to:
	case from == "":
		d[name] = to
	case to == "":
		d[name] = from + " -> none"
	default:
		d[name] = from + " -> " + to
	}
}

// field is a field of which only the name is told.
type field struct {
	name    string
	changed bool
}

// fields tells the names of the fields that changed, and whether there are any.
func (d details) fields(all ...field) bool {
	var changed []string
	for _, f := range all {
		if f.changed {
			changed = append(changed, f.name)
		}
	}
	if len(changed) > 0 {
		d["fields"] = strings.Join(changed, ",")
	}
	return len(changed) > 0
}

func joined[S ~string](words []S) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ",")
}
