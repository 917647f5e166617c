package store

import (
	"context"

	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// KeepChart keeps the chart of the learning that it names, in place of an earlier one.
func KeepChart(tx *eventlog.Tx, chart *knowledgev1.LearningChart) error {
	if err := alone(tx); err != nil {
		return err
	}
	body, err := proto.Marshal(chart)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into charts (learning, chart) values ($1, $2) on conflict (learning) do update set chart = excluded.chart",
		chart.GetName(), body)
	return err
}

// ChartOf reads the chart of a learning, and says whether there is one.
func ChartOf(ctx context.Context, l *eventlog.Log, learning string) (*knowledgev1.LearningChart, bool, error) {
	return chartOf(ctx, l.DB().Read(), learning)
}

func chartOf(ctx context.Context, q db.Queryer, learning string) (*knowledgev1.LearningChart, bool, error) {
	body, found, err := db.One[[]byte](ctx, q, "select chart from charts where learning = $1", learning)
	if err != nil || !found {
		return nil, false, err
	}
	chart := &knowledgev1.LearningChart{}
	if err := proto.Unmarshal(body, chart); err != nil {
		return nil, false, err
	}
	return chart, true, nil
}
