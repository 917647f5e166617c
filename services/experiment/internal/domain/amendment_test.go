package domain

import (
	"reflect"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestAmendmentOrDeviation(t *testing.T) {
	e := planned()
	must := func(_ []Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := inDo
	start.Arrived = 7
	must(e.Lock(known, monday))
	must(e.Amend("locked, not started; old readings do not count", nil, 7, monday))
	must(e.Start(start, monday))
	must(e.Amend("started, nothing arrived", nil, 7, monday))
	must(e.Amend("two arrived", nil, 9, monday))
	var got []Amendment
	for _, a := range e.Amendments {
		got = append(got, Amendment{Kind: a.Kind, MeasurementsSeen: a.MeasurementsSeen})
	}
	want := []Amendment{{Kind: KindAmendment}, {Kind: KindAmendment}, {Kind: KindDeviation, MeasurementsSeen: 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The server keeps what was said before, through several changes; the locked plan stays.
func TestAmendKeepsBothTexts(t *testing.T) {
	e := stateAt(t, Running)
	locked, hash := e.CanonicalPlan(), e.PlanHash
	for _, changes := range [][]PlanChange{
		{
			{Field: FieldExpectedValue, Before: "the server tells", After: " 28.50 "},
			{Field: FieldExpectedUpperValue, After: "33"},
			{Field: FieldChange, After: "Two people review all day"},
			{Field: FieldSafeToFail, After: "We stop at once."},
		},
		{
			{Field: FieldExpectedUpperValue, After: ""},
			{Field: FieldByDate, After: "2026-06-15"},
			{Field: FieldReason, After: "Two see more"},
			{Field: FieldFalsification, After: "Nobody looks"},
			{Field: FieldConfidencePercent, After: "55"},
		},
	} {
		if _, err := e.Amend("We learned something.", changes, 3, monday); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]PlanChange{
		{
			{FieldExpectedValue, "30", "28.5"},
			{FieldExpectedUpperValue, "", "33"},
			{FieldChange, "One person reviews all day", "Two people review all day"},
			{FieldSafeToFail, "We can go back any day.", "We stop at once."},
		},
		{
			{FieldExpectedUpperValue, "33", ""},
			{FieldByDate, "2026-06-12", "2026-06-15"},
			{FieldReason, "Nobody waits for somebody to look", "Two see more"},
			{FieldFalsification, "Reviews still wait 40 h in the second week", "Nobody looks"},
			{FieldConfidencePercent, "70", "55"},
		},
	}
	for i, a := range e.Amendments {
		if !reflect.DeepEqual(a.Changes, want[i]) {
			t.Errorf("changes %+v, want %+v", a.Changes, want[i])
		}
	}
	if e.CanonicalPlan() != locked || e.PlanHash != hash || e.planHash() != hash {
		t.Error("the locked plan changed")
	}
	amended, touched := e.AmendedPrediction()
	expected := e.Prediction
	expected.Change, expected.ExpectedValue, expected.ByDate = "Two people review all day", new(28.5), "2026-06-15"
	expected.Reason, expected.Falsification, expected.ConfidencePercent = "Two see more", "Nobody looks", 55
	if !touched || !reflect.DeepEqual(amended, expected) {
		t.Errorf("amended %+v, want %+v", amended, expected)
	}
}

func TestWhatTouchesNoPrediction(t *testing.T) {
	e := stateAt(t, Running)
	for _, changes := range [][]PlanChange{nil, {{Field: FieldSafeToFail, After: "We stop at once."}}} {
		if _, err := e.Amend("A note.", changes, 3, monday); err != nil {
			t.Fatal(err)
		}
		if p, touched := e.AmendedPrediction(); touched {
			t.Errorf("%v touched the prediction: %+v", changes, p)
		}
	}
}

func TestAmendRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		changes []PlanChange
		want    []string
	}{
		"no number":                   {[]PlanChange{{Field: FieldExpectedValue, After: "a lot"}}, []string{"changes[0].after VALUE_INVALID"}},
		"no finite number":            {[]PlanChange{{Field: FieldExpectedValue, After: "NaN"}}, []string{"changes[0].after VALUE_INVALID"}},
		"a number beyond all":         {[]PlanChange{{Field: FieldExpectedValue, After: "1e301"}}, []string{"changes[0].after VALUE_OUT_OF_RANGE"}},
		"nothing is expected":         {[]PlanChange{{Field: FieldExpectedValue, After: " "}}, []string{"changes[0].after EXPECTED_VALUE_MISSING"}},
		"no change is expected":       {[]PlanChange{{Field: FieldExpectedValue, After: "42"}}, []string{"changes[0].after EXPECTED_VALUE_UNCHANGED"}},
		"it says that already":        {[]PlanChange{{Field: FieldExpectedValue, After: "30.0"}}, []string{"changes[0].after CHANGE_UNCHANGED"}},
		"off the ladder":              {[]PlanChange{{Field: FieldConfidencePercent, After: "72"}}, []string{"changes[0].after CONFIDENCE_OFF_LADDER"}},
		"no confidence":               {[]PlanChange{{Field: FieldConfidencePercent, After: "much"}}, []string{"changes[0].after CONFIDENCE_OFF_LADDER"}},
		"a day that does not exist":   {[]PlanChange{{Field: FieldByDate, After: "2026-06-31"}}, []string{"changes[0].after BY_DATE_INVALID"}},
		"a day that has passed":       {[]PlanChange{{Field: FieldByDate, After: "2026-05-31"}}, []string{"changes[0].after BY_DATE_PAST"}},
		"a range that is upside down": {[]PlanChange{{Field: FieldExpectedUpperValue, After: "29"}}, []string{"changes[0].after EXPECTED_RANGE_INVERTED"}},
		"one field twice": {
			[]PlanChange{{Field: FieldReason, After: "a"}, {Field: FieldReason, After: "b"}}, []string{"changes[1].field FIELD_REPEATED"},
		},
		"everything at once": {
			[]PlanChange{{Field: FieldChange, After: ""}, {Field: FieldByDate, After: "2026-05-31"}},
			[]string{"changes[0].after CHANGE_MISSING", "changes[1].after BY_DATE_PAST"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := stateAt(t, Running)
			before := *e
			_, err := e.Amend("why", c.changes, 9, monday)
			wantProblems(t, err, fault.InvalidArgument, "AMENDMENT_INVALID", c.want...)
			if !reflect.DeepEqual(*e, before) {
				t.Error("a refused amendment left traces")
			}
		})
	}
	_, err := stateAt(t, Running).Amend(" ", []PlanChange{{Field: FieldReason, After: ""}}, 3, monday)
	wantProblems(t, err, fault.InvalidArgument, "AMENDMENT_INVALID", "text TEXT_MISSING", "changes[0].after REASON_MISSING")
}

// The lower end can move above the upper one only together with it.
func TestAmendARangeAsAWhole(t *testing.T) {
	e := planned()
	e.Prediction.ExpectedUpperValue = new(34.0)
	if _, err := e.Lock(known, monday); err != nil {
		t.Fatal(err)
	}
	_, err := e.Amend("why", []PlanChange{{Field: FieldExpectedValue, After: "36"}}, 0, monday)
	wantProblems(t, err, fault.InvalidArgument, "AMENDMENT_INVALID", "changes EXPECTED_RANGE_INVERTED")
	if _, err := e.Amend("why", []PlanChange{{Field: FieldExpectedValue, After: "36"}, {Field: FieldExpectedUpperValue, After: "38"}}, 0, monday); err != nil {
		t.Error(err)
	}
}

// A plan from before falsifications were asked for, and one whose day has passed, can be amended in other fields.
func TestAmendAnOlderPlan(t *testing.T) {
	e := plannedBefore()
	e.State, e.LockTime, e.PlanHash = Draft, monday, e.planHash()
	later := monday.AddDate(0, 0, 30)
	if _, err := e.Amend("why", []PlanChange{{Field: FieldReason, After: "Two see more"}}, 0, later); err != nil {
		t.Error(err)
	}
	if e.planHash() != plainHash {
		t.Error("the hash of an older plan changed")
	}
}
