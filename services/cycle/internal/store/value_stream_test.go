package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const stream = team + "/valueStreams/s"

// steps are those of a map whose review has the longest queue.
func steps(reviewWait float64) []domain.Step {
	hour, usable := 60.0, 100.0
	return []domain.Step{
		{Name: "Build", ProcessMinutes: &hour, WaitMinutes: &hour, CompleteAccuratePercent: &usable},
		{Name: "Review", ProcessMinutes: &hour, WaitMinutes: &reviewWait, CompleteAccuratePercent: &usable, RejectsReturnTo: "Build"},
	}
}

func draw(t *testing.T, l *eventlog.Log, name string) {
	t.Helper()
	do(t, l, func(tx *eventlog.Tx) error {
		v, err := domain.NewValueStream(name, "Change to customer", steps(480))
		if err != nil {
			return err
		}
		_, err = store.CreateValueStream(tx, v)
		return err
	})
}

func redraw(t *testing.T, l *eventlog.Log, drawn []domain.Step) {
	t.Helper()
	do(t, l, func(tx *eventlog.Tx) error {
		_, err := store.UpdateValueStream(tx, stream, "", func(v *domain.ValueStream, _ time.Time) ([]domain.Event, error) {
			return v.Edit(nil, &drawn)
		})
		return err
	})
}

func types(t *testing.T, l *eventlog.Log) []string {
	t.Helper()
	var found []string
	for _, r := range testkit.Records(t, l) {
		found = append(found, fmt.Sprintf("%s %s %d", strings.TrimPrefix(r.Type, "fortnight.cycle.v1."), strings.TrimPrefix(r.Subject, team+"/"), r.AggregateVersion))
	}
	return found
}

func TestEachVersionIsKept(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		draw(t, l, stream)
		draw(t, l, team+"/valueStreams/s-2")
		for version := 2; version <= 11; version++ {
			redraw(t, l, steps(480+float64(version)))
			redraw(t, l, steps(480+float64(version))) // as it is
		}
		var got []string
		for query := (record.Query{Parent: stream, PageSize: 4}); ; {
			rows, next, err := store.ValueStreamVersions.List(t.Context(), l, query)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				v := row.Value
				got = append(got, fmt.Sprintf("%d %s %v", v.Number, strings.TrimPrefix(v.Name, stream+"/versions/"), *v.Steps[1].WaitMinutes))
			}
			if query.PageToken = next; next == "" {
				break
			}
		}
		var want []string
		for version := 11; version >= 2; version-- {
			want = append(want, fmt.Sprintf("%d %d %d", version, version, 480+version))
		}
		if want = append(want, "1 1 480"); !slices.Equal(got, want) {
			t.Errorf("versions %q, want %q", got, want)
		}
		row, err := store.ValueStreams.Get(t.Context(), l, stream)
		if err != nil || row.Value.Version != 11 || row.Version != 11 || !reflect.DeepEqual(row.Value.Steps, steps(491)) {
			t.Errorf("%+v, %v", row.Value, err)
		}
		if first, err := store.ValueStreamVersions.Get(t.Context(), l, stream+"/versions/1"); err != nil || !reflect.DeepEqual(first.Value.Steps, steps(480)) {
			t.Errorf("the first version: %+v, %v", first.Value, err)
		}
		_, err = store.ValueStreamVersions.Get(t.Context(), l, stream+"/versions/12")
		if fault.From(err).Reason != "VALUE_STREAM_VERSION_NOT_FOUND" {
			t.Errorf("a version that is not: %v", err)
		}
	})
}

func TestARefusedChangeKeepsNothing(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		draw(t, l, stream)
		before := types(t, l)
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.UpdateValueStream(tx, stream, `"stale"`, func(v *domain.ValueStream, _ time.Time) ([]domain.Event, error) {
				drawn := steps(1)
				return v.Edit(nil, &drawn)
			})
			return err
		})
		if fault.From(err).Reason != "ETAG_MISMATCH" {
			t.Errorf("a stale etag: %v", err)
		}
		rows, _, err := store.ValueStreamVersions.List(t.Context(), l, record.Query{Parent: stream})
		if err != nil || len(rows) != 1 || !slices.Equal(types(t, l), before) {
			t.Errorf("%d versions, events %v, %v", len(rows), types(t, l), err)
		}
	})
}

func TestTheRunningCycleFollowsItsValueStream(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		draw(t, l, stream)
		do(t, l, func(tx *eventlog.Tx) error {
			for _, c := range []domain.Cycle{
				{Name: team + "/cycles/old", State: domain.CycleDone},
				{Name: team + "/cycles/now", State: domain.CycleActive},
				{Name: "teams/payments-2/cycles/now", State: domain.CycleActive},
			} {
				c.Phase, c.ValueStreamFocus = domain.Plan, &domain.ValueStreamFocus{Step: "Review", ValueStream: stream}
				if _, err := store.Cycles.Create(tx, &c, domain.CycleStarted); err != nil {
					return err
				}
			}
			return nil
		})
		focus := func() string {
			t.Helper()
			text := ""
			for _, name := range []string{team + "/cycles/old", team + "/cycles/now", "teams/payments-2/cycles/now"} {
				row, err := store.Cycles.Get(t.Context(), l, name)
				if err != nil {
					t.Fatal(err)
				}
				text += fmt.Sprint(row.Value.ValueStreamFocus.Constraint, " ")
			}
			return text
		}
		recorded := len(types(t, l))
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := store.UpdateValueStream(tx, stream, "", func(v *domain.ValueStream, now time.Time) ([]domain.Event, error) {
				return v.ConfirmConstraint("Review", "", "users/mina", now)
			})
			return err
		})
		if got := focus(); got != "false true false " {
			t.Errorf("confirmed: %s", got)
		}
		evidence, err := store.GateEvidence(t.Context(), l.DB().Read(), &domain.Cycle{
			Name: team + "/cycles/now", ValueStreamFocus: &domain.ValueStreamFocus{ValueStream: stream},
		}, domain.Evidence{})
		if err != nil || evidence.ValueStream == nil || !evidence.ValueStream.IsConstraint("Review") || len(evidence.ValueStream.Steps) != 2 {
			t.Errorf("evidence %+v, %v", evidence.ValueStream, err)
		}
		without := steps(480)
		without[1].Name = "Pairing"
		redraw(t, l, without)
		if got := focus(); got != "false false false " {
			t.Errorf("without the step: %s", got)
		}
		want := []string{"ConstraintConfirmed valueStreams/s 2", "CycleUpdated cycles/now 2", "ValueStreamUpdated valueStreams/s 3", "CycleUpdated cycles/now 3"}
		if got := types(t, l)[recorded:]; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestThePainLadder(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		do(t, l, func(tx *eventlog.Tx) error {
			for _, given := range []struct {
				id   string
				pain int
				now  domain.Frequency
			}{{"merge", 2, domain.Weekly}, {"deploy", 4, domain.Monthly}, {"restore", 4, domain.Yearly}, {"audit", 5, domain.Quarterly}, {"failover", 4, domain.Yearly}} {
				a, err := domain.NewPainfulActivity(team+"/painfulActivities/"+given.id, given.id, given.pain, given.now, domain.Daily, tx.Now())
				if err != nil {
					return err
				}
				if _, err := store.CreatePainfulActivity(tx, a); err != nil {
					return err
				}
			}
			return nil
		})
		ladder := func() string {
			t.Helper()
			rows, _, err := store.PainfulActivities.List(t.Context(), l, record.Query{Parent: team})
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, row := range rows {
				text += row.Value.DisplayName + " "
			}
			return text
		}
		if got := ladder(); got != "audit failover restore deploy merge " {
			t.Errorf("ladder %s", got)
		}
		for scored := 2; scored <= 11; scored++ {
			do(t, l, func(tx *eventlog.Tx) error {
				_, err := store.UpdatePainfulActivity(tx, team+"/painfulActivities/audit", "", func(a *domain.PainfulActivity, now time.Time) ([]domain.Event, error) {
					return a.Rescore(1, domain.Monthly, fmt.Sprint("score ", scored), now), nil
				})
				return err
			})
		}
		do(t, l, func(tx *eventlog.Tx) error { // no score
			_, err := store.UpdatePainfulActivity(tx, team+"/painfulActivities/audit", "", func(a *domain.PainfulActivity, _ time.Time) ([]domain.Event, error) {
				target := domain.Weekly
				return a.Edit(nil, &target)
			})
			return err
		})
		if got := ladder(); got != "failover restore deploy merge audit " {
			t.Errorf("scored anew, the ladder is %s", got)
		}
		rows, _, err := store.PainScores.List(t.Context(), l, record.Query{Parent: team + "/painfulActivities/audit"})
		if err != nil || len(rows) != 11 {
			t.Fatalf("%d scores, %v", len(rows), err)
		}
		for i, row := range rows {
			want := domain.PainScore{Name: fmt.Sprintf("%s/painfulActivities/audit/scores/%d", team, i+1), Pain: 1, Frequency: domain.Monthly, Note: fmt.Sprint("score ", i+1), Time: row.Value.Time}
			if i == 0 {
				want.Pain, want.Frequency, want.Note = 5, domain.Quarterly, ""
			}
			if *row.Value != want || !row.Value.Time.Equal(row.CreateTime) {
				t.Errorf("score %d: %+v", i+1, row.Value)
			}
		}
	})
}
