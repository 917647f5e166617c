package store

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// exportPage is how many learnings an export reads at a time, and holds.
const exportPage = 100

// Told are all published and retired learnings, oldest first. It reads them page by page, so that no read is held open for as long as
// somebody takes the export. The first error is the last that it yields.
func Told(ctx context.Context, l *eventlog.Log) iter.Seq2[record.Row[domain.Learning], error] {
	return func(yield func(record.Row[domain.Learning], error) bool) {
		sortKey, name := "", ""
		for {
			rows, err := learnings.Select(ctx, l.DB().Read(), l, "select "+record.Columns+" from learnings where state <> $1 and (sort_key, name) > ($2, $3)"+
				" order by sort_key, name limit $4", string(domain.Draft), sortKey, name, exportPage)
			if err != nil {
				yield(record.Row[domain.Learning]{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if len(rows) < exportPage {
				return
			}
			last := learnings.Key(rows[len(rows)-1].Value)
			sortKey, name = last.SortKey, last.Name
		}
	}
}

// ImportOutcome is what came of a learning from elsewhere.
type ImportOutcome int

// What can come of a learning from elsewhere.
const (
	Unchanged ImportOutcome = iota
	Created
	Updated
)

// Import takes in a learning that another installation tells with its chart, if any, and returns its name here. A learning that was imported
// before follows what has changed there; one that was learned here and came back stays as it is. What it rests on there is no evidence
// here. Reasons are those of domain.Foreign.Clean and domain.Learning.Follow.
func Import(tx *eventlog.Tx, f *domain.Foreign, chart *knowledgev1.LearningChart) (name string, outcome ImportOutcome, err error) {
	if err := alone(tx); err != nil {
		return "", Unchanged, err
	}
	if err := f.Clean(tx.Now()); err != nil {
		return "", Unchanged, err
	}
	own, found, err := learnings.Find(tx, f.Provenance.Learning)
	if err != nil {
		return "", Unchanged, err
	}
	if found && own.Value.CameBack(f) {
		return own.Value.Name, Unchanged, nil
	}
	name = f.Name()
	row, found, err := learnings.Find(tx, name)
	switch {
	case err != nil:
		return "", Unchanged, err
	case !found:
		l, event := f.Learning(tx.Now())
		if _, err := Create(tx, l, event); err != nil {
			return "", Unchanged, err
		}
		outcome = Created
	case row.Value.Outdated(f):
		return name, Unchanged, nil
	default:
		if _, err := Change(tx, name, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) {
			events, err := l.Follow(f)
			if len(events) > 0 {
				outcome = Updated
			}
			return events, err
		}); err != nil {
			return "", Unchanged, err
		}
	}
	changed, err := replaceChart(tx, name, chart)
	if changed && outcome == Unchanged {
		outcome = Updated
	}
	return name, outcome, err
}

// replaceChart keeps a chart from elsewhere as that of a learning, and tells whether it is another one than before. What is called something
// there has no name here.
func replaceChart(tx *eventlog.Tx, learning string, from *knowledgev1.LearningChart) (changed bool, err error) {
	if from == nil {
		return false, nil
	}
	m, c := from.GetMetric(), proto.CloneOf(from.GetChart())
	c.Metric = ""
	for _, s := range c.GetSegments() {
		s.Baseline = ""
	}
	chart := &knowledgev1.LearningChart{Name: learning, Chart: c, Metric: &experimentv1.Metric{
		DisplayName: domain.Line(m.GetDisplayName()), Unit: domain.Line(m.GetUnit()), Direction: m.GetDirection(), Kind: m.GetKind(),
	}}
	before, found, err := chartOf(context.Background(), tx, learning)
	if err != nil || found && proto.Equal(before, chart) {
		return false, err
	}
	return true, KeepChart(tx, chart)
}
