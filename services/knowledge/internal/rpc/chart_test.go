package rpc_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

// Who may read a learning may see its chart; the chart of a draft does not exist for others, and looks no different from none.
func TestWhoSeesTheChartOfALearning(t *testing.T) {
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, db.SQLite, db.Merge(eventlog.Migrations, migrations.FS)), "knowledge", nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
		for _, id := range []string{"drafted", "published", "bare"} {
			err := store.Learn(tx, "teams/payments/cycles/2026-w24/experiments/"+id, func(x *domain.Learning) []domain.Event {
				names[id] = x.Name
				if id == "drafted" {
					return x.Conclude(domain.Conclusion{Learned: "A rota halves the wait."}, l.Now())
				}
				return x.Distil(domain.Distillate{Claim: "A rota halves the wait."}, l.Now())
			})
			if err == nil && id != "bare" {
				err = store.KeepChart(tx, &knowledgev1.LearningChart{
					Name: names[id], Metric: &experimentv1.Metric{DisplayName: "Wait"}, Chart: &experimentv1.ProcessBehaviourChart{Points: []*experimentv1.ChartPoint{{Value: 4.5}}},
				})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := rpc.New(l, func(string) grpc.ClientConnInterface { return nil })
	get := func(ctx context.Context, id string) (*knowledgev1.LearningChart, *fault.Error) {
		chart, err := s.GetLearningChart(ctx, &knowledgev1.GetLearningChartRequest{Name: names[id]})
		return chart, fault.From(err)
	}
	for _, c := range []caller.Caller{member, viewer, stranger, manager} {
		if chart, err := get(as(t, c), "published"); err != nil || chart.GetMetric().GetDisplayName() != "Wait" || chart.GetChart().GetPoints()[0].GetValue() != 4.5 {
			t.Errorf("%s sees %v, %v", c.Subject, chart, err)
		}
		if _, err := get(as(t, c), "bare"); err == nil || err.Kind != fault.NotFound || err.Reason != "LEARNING_CHART_NOT_FOUND" {
			t.Errorf("%s: without a chart: %v", c.Subject, err)
		}
	}
	if chart, err := get(as(t, viewer), "drafted"); err != nil || len(chart.GetChart().GetPoints()) != 1 {
		t.Errorf("a viewer of the team sees %v, %v", chart, err)
	}
	for _, c := range []caller.Caller{stranger, manager, open, {}} {
		if _, err := get(as(t, c), "drafted"); err == nil || err.Reason != "LEARNING_NOT_FOUND" {
			t.Errorf("%q sees the chart of a draft: %v", c.Subject, err)
		}
	}
}
