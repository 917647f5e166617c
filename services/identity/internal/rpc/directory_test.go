package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	csvForm       = identityv1.DirectoryFormat_DIRECTORY_FORMAT_CSV
	backstageForm = identityv1.DirectoryFormat_DIRECTORY_FORMAT_BACKSTAGE
)

// importing imports a text as an admin and returns what it says: "LINE ACTION resource", problems as "LINE column REASON".
func (w *world) importing(form identityv1.DirectoryFormat, content string, change ...func(*identityv1.ImportDirectoryRequest)) []string {
	w.Helper()
	req := &identityv1.ImportDirectoryRequest{Format: form, Content: content}
	for _, c := range change {
		c(req)
	}
	answer := must(w.ImportDirectory(w.As(root), req))(w.T)
	if want := !req.GetValidateOnly() && len(answer.GetProblems()) == 0; answer.GetApplied() != want {
		w.Errorf("applied = %v, want %v", answer.GetApplied(), want)
	}
	var said []string
	for _, p := range answer.GetProblems() {
		said = append(said, fmt.Sprintf("%d %s %s", p.GetLine(), p.GetColumn(), p.GetReason()))
	}
	for _, c := range answer.GetChanges() {
		said = append(said, fmt.Sprintf("%d %s %s", c.GetLine(), strings.TrimPrefix(c.GetAction().String(), "DIRECTORY_ACTION_"), c.GetResource()))
	}
	return said
}

func validateOnly(req *identityv1.ImportDirectoryRequest) { req.ValidateOnly = true }

func sameLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const people = "team,team_display_name,time_zone,user,display_name,email,role\n" +
	"payments,Payments,Europe/Berlin,mina,Mina H.,,coach\n" +
	"payments,,,ines,Ines,ines@example.com,member\n" +
	"billing,Billing,,noor,noor,noor@example.com,viewer\n"

func TestImportCSV(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		would := []string{
			"2 UPDATE teams/payments", "2 UPDATE users/mina", "2 CREATE teams/payments/members/mina",
			"3 CREATE users/ines", "3 CREATE teams/payments/members/ines",
			"4 CREATE teams/billing", "4 KEEP users/noor", "4 CREATE teams/billing/members/noor",
		}
		sameLines(t, w.importing(csvForm, people, validateOnly), would...)
		if got := w.events(); len(got) != 0 {
			t.Fatalf("what was only to be looked at happened: %v", got)
		}
		sameLines(t, w.importing(csvForm, people), would...)
		sameLines(t, w.events(),
			"TeamUpdated teams/payments", "TeamCreated teams/billing", "UserUpdated users/mina", "UserCreated users/ines",
			"MemberAdded teams/payments/members/mina", "MemberAdded teams/payments/members/ines", "MemberAdded teams/billing/members/noor")
		for _, line := range w.importing(csvForm, people) {
			if !strings.Contains(line, "KEEP") {
				t.Errorf("the second time: %s", line)
			}
		}
		team := must(w.GetTeam(w.As(root), &identityv1.GetTeamRequest{Name: "teams/payments"}))(t)
		if team.GetDisplayName() != "Payments" || team.GetTimeZone() != "Europe/Berlin" || team.GetExternalId() != "" {
			t.Errorf("team = %v", team)
		}
		imports := 0
		for _, e := range testkit.Audited(t, w.log) {
			if e.GetAction() == commonv1.AuditAction_AUDIT_ACTION_DIRECTORY_IMPORTED {
				if imports++; imports == 1 && (e.GetActor() != "users/root" || e.GetDetails()["created"] != "5" || e.GetDetails()["updated"] != "2" || e.GetDetails()["format"] != "csv") {
					t.Errorf("audit event = %v", e)
				}
			}
		}
		if imports != 2 {
			t.Errorf("%d imports in the audit log, want 2", imports)
		}
	})
}

func TestImportTakesNothingAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.importing(csvForm, people)
		w.importing(csvForm, "team,user,role\nsearch,omar,coach\n")
		members := must(w.ListMembers(w.As(root), &identityv1.ListMembersRequest{Parent: "teams/payments"}))(t)
		if len(members.GetMembers()) != 2 {
			t.Errorf("members = %v", members)
		}
		sameLines(t, w.importing(csvForm, "team,user,role\npayments,ines,viewer\n"),
			"2 KEEP teams/payments", "2 KEEP users/ines", "2 UPDATE teams/payments/members/ines")
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		owned := func(name string) {
			if err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := store.Teams.Update(tx, name, "", func(t *domain.Team, _ time.Time) ([]domain.Event, error) {
					return t.Provision("people.yaml", func(*domain.Team) {})
				})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		owned("teams/search")
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/vera"}))(t)
		before := len(w.events())
		sameLines(t, w.importing(csvForm, "team,team_display_name,user,role\nbilling,Billing,noor,member\nsearch,Other,omar,member\nbilling,,vera,member\n"),
			"3 team PROVISIONED", "4 role USER_DEACTIVATED")
		sameLines(t, w.importing(csvForm, "team,user,role\nbilling,noor,boss\n"), "2 role ROLE_UNKNOWN")
		if got := w.events(); len(got) != before {
			t.Errorf("a refused import left events: %v", got[before:])
		}
		// What the file wants as it is may be owned by whom it likes.
		sameLines(t, w.importing(csvForm, "team,team_display_name\nsearch,search\n"), "2 KEEP teams/search")
	})
}

const entities = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Payments}
spec: {type: team, profile: {displayName: Money}, children: [], members: [ines]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ines}
spec: {profile: {displayName: Ines}, memberOf: [payments]}
`

func TestImportBackstage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sameLines(t, w.importing(backstageForm, entities),
			"3 UPDATE teams/payments", "4 CREATE teams/payments/members/ines", "8 CREATE users/ines")
		team := must(w.GetTeam(w.As(root), &identityv1.GetTeamRequest{Name: "teams/payments"}))(t)
		if team.GetExternalId() != "group:default/payments" || team.GetDisplayName() != "Money" {
			t.Errorf("team = %v", team)
		}
		sameLines(t, w.importing(backstageForm, entities),
			"3 KEEP teams/payments", "4 KEEP teams/payments/members/ines", "8 KEEP users/ines")
		// Backstage knows no coaches, and takes none away.
		w.importing(csvForm, "team,user,role\npayments,ines,coach\n")
		// The entity is found again although its id would be another one now.
		renamed := strings.Replace(entities, "{name: Payments}", "{name: Payments, annotations: {fortnight.dev/id: pay}}", 1)
		sameLines(t, w.importing(backstageForm, strings.Replace(renamed, "Money", "Pay", 1)),
			"3 UPDATE teams/payments", "4 KEEP teams/payments/members/ines", "8 KEEP users/ines")
		// A file with a part of the catalogue refers to what is here.
		sameLines(t, w.importing(backstageForm, "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: omar}\nspec: {memberOf: [payments, lost]}\n"),
			"4 spec.memberOf DIRECTORY_REFERENCE_UNKNOWN")
		sameLines(t, w.importing(backstageForm, "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: omar}\nspec: {memberOf: [payments]}\n"),
			"3 UPDATE users/omar", "4 CREATE teams/payments/members/omar")
		// Another entity does not become this one because it is called alike.
		sameLines(t, w.importing(backstageForm, strings.Replace(entities, "{name: ines}", "{name: ines, namespace: emea}", 1)),
			"8 metadata.name DIRECTORY_ID_TAKEN", "9 spec.memberOf DIRECTORY_REFERENCE_UNKNOWN")
		if got := must(w.GetMember(w.As(root), &identityv1.GetMemberRequest{Name: "teams/payments/members/ines"}))(t); got.GetRole() != identityv1.TeamRole_TEAM_ROLE_COACH {
			t.Errorf("after further imports the coach is %v", got)
		}
		sameLines(t, w.importing(backstageForm, strings.Replace(entities, "type: team", "type: squad", 1), func(req *identityv1.ImportDirectoryRequest) {
			req.GroupTypes = []string{"squad", "team"}
		}, validateOnly), "3 UPDATE teams/payments", "4 KEEP teams/payments/members/ines", "8 KEEP users/ines")
	})
}

func TestImportIsForAdmins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		req := &identityv1.ImportDirectoryRequest{Format: csvForm, Content: people, ValidateOnly: true}
		for name, as := range map[string]caller.Caller{"a manager": boss, "a coach": coach, "a member": member} {
			_, err := w.ImportDirectory(w.As(as), req)
			if err == nil {
				t.Errorf("%s may import", name)
			}
		}
		_, err := w.ImportDirectory(w.As(nobody), req)
		testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
		_, err = w.ImportDirectory(w.As(root), &identityv1.ImportDirectoryRequest{})
		testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "format", "content")
	})
}

// The same request again has no second effect and the same answer; only looking is never kept.
func TestImportAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		once := func(req *identityv1.ImportDirectoryRequest) { req.RequestId = "once" }
		first := w.importing(csvForm, people, once)
		sameLines(t, w.importing(csvForm, people, once), first...)
		_, err := w.ImportDirectory(w.As(root), &identityv1.ImportDirectoryRequest{Format: csvForm, Content: people + "x,,,,,,\n", RequestId: "once"})
		testkit.Refused(t, err, fault.InvalidArgument, "IDEMPOTENCY_KEY_REUSED", "request_id")
	})
}

// As much as one file may hold fits into one transaction.
func TestImportOfManyPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var b strings.Builder
		b.WriteString("team,user,role\n")
		const teams, size = 10, 99 // a team, its people and their memberships make 1 990 entries
		for i := range teams {
			for j := range size {
				fmt.Fprintf(&b, "t%d,u%d-%d,member\n", i, i, j)
			}
		}
		ctx, cancel := context.WithTimeout(w.As(root), time.Minute)
		defer cancel()
		answer := must(w.ImportDirectory(ctx, &identityv1.ImportDirectoryRequest{Format: csvForm, Content: b.String()}))(t)
		if len(answer.GetChanges()) != teams*(1+2*size) || !answer.GetApplied() {
			t.Errorf("%d changes, problems %v", len(answer.GetChanges()), answer.GetProblems())
		}
	})
}
