package archive

import "testing"

// Digests are for anybody to compute, so a folder that was made by hand is held to what a team can have.
func TestATeamHasOneResourceInASingleState(t *testing.T) {
	cycles := (Kind{state: func(value any) string { return value.(string) }}).OneIn("ACTIVE", "DRAFT")
	notes := Kind{state: func(any) string { return "ACTIVE" }}
	of := func(k *Kind, below, state string) *resource {
		return &resource{kind: k, below: below, row: row{value: state}}
	}
	fine := []*resource{
		of(&cycles, "cycles/a", "ACTIVE"), of(&cycles, "cycles/b", "DRAFT"), of(&cycles, "cycles/c", "FINISHED"), of(&cycles, "cycles/d", "FINISHED"),
		of(&notes, "notes/a", ""), of(&notes, "notes/b", ""),
	}
	if problems := tooMany(fine); len(problems) > 0 {
		t.Errorf("refused %+v", problems)
	}
	problems := tooMany(append(fine, of(&cycles, "cycles/e", "ACTIVE"), of(&cycles, "cycles/f", "DRAFT")))
	if len(problems) != 2 || problems[0].Reason != ReasonInconsistent || problems[0].Field != "cycles/e.yaml" || problems[1].Field != "cycles/f.yaml" {
		t.Errorf("problems %+v", problems)
	}
}
