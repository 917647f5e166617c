package consumer

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const shareMetric = "teams/payments/metrics/good-day-share"

// dayClosed is the event of a day of June that was closed; a share below 0 is withheld.
func dayClosed(t *testing.T, day int, share float64) eventlog.Record {
	t.Helper()
	start := time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC)
	closed := &retrospectivev1.GoodDay{Name: "teams/payments/goodDays/" + start.Format(time.DateOnly), StartTime: timestamppb.New(start.Add(-2 * time.Hour))}
	if share >= 0 {
		closed.People, closed.Share = proto.Int32(4), proto.Float64(share)
	} else {
		closed.Withheld = "too few"
	}
	return record(t, &retrospectivev1.GoodDayClosed{GoodDay: closed})
}

// take applies events as the service does, and returns what is logged.
func take(t *testing.T, l *eventlog.Log, records ...eventlog.Record) string {
	t.Helper()
	var log bytes.Buffer
	handler := Retrospectives(slog.New(slog.NewTextHandler(&log, nil)))
	for _, r := range records {
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return handler(tx, r) }); err != nil {
			t.Fatal(err)
		}
	}
	return log.String()
}

// readings are those of the share of good days in the order of their times.
func readings(t *testing.T, l *eventlog.Log) string {
	t.Helper()
	type reading struct {
		Time      int64   `db:"time"`
		SourceKey string  `db:"source_key"`
		Value     float64 `db:"value"`
	}
	list, err := db.All[reading](t.Context(), l.DB().Read(), "select time, source_key, value from measurements where metric = $1 order by time", shareMetric)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range list {
		texts = append(texts, fmt.Sprint(db.Time(r.Time).Format(time.RFC3339), " ", r.SourceKey, " ", r.Value))
	}
	return strings.Join(texts, ", ")
}

func TestPublishedDaysAreReadings(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if log := take(t, l, dayClosed(t, 1, -1)); log != "" {
			t.Errorf("a day that is withheld is logged: %s", log)
		}
		if _, err := store.Metrics.Get(t.Context(), l, shareMetric); fault.From(err).Kind != fault.NotFound {
			t.Fatalf("a day that is withheld made a metric: %v", err)
		}
		if log := take(t, l, dayClosed(t, 3, 0.5), dayClosed(t, 2, 0), dayClosed(t, 3, 0.5)); log != "" {
			t.Errorf("logged: %s", log)
		}
		if got, want := readings(t, l), "2026-06-01T22:00:00Z good-day 0, 2026-06-02T22:00:00Z good-day 50"; got != want {
			t.Errorf("readings %s, want %s", got, want)
		}
		m, err := store.Metrics.Get(t.Context(), l, shareMetric)
		if err != nil || m.Value.Check() != nil || m.Value.ByHand() == nil || m.Value.FromDeliveries() || m.Version != 3 {
			t.Errorf("metric %+v, version %d, %v", m.Value, m.Version, err)
		}
	})
}

// A metric of that id that the team made is the team's own.
func TestATeamsOwnMetricIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		own := &domain.Metric{Name: shareMetric, DisplayName: "Ours", Direction: domain.Higher, Kind: domain.Process}
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Metrics.Create(tx, own, domain.MetricEvent{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if log := take(t, l, dayClosed(t, 2, 1)); !strings.Contains(log, shareMetric) {
			t.Errorf("logged: %q", log)
		}
		m, err := store.Metrics.Get(t.Context(), l, shareMetric)
		if err != nil || m.Version != 1 || m.Value.DisplayName != "Ours" || readings(t, l) != "" {
			t.Errorf("metric %+v, %v, readings %s", m.Value, err, readings(t, l))
		}
	})
}

func TestADayThatCannotBeRead(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		r := dayClosed(t, 2, 1)
		r.Data = []byte("{")
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return Retrospectives(slog.New(slog.DiscardHandler))(tx, r) })
		if f := fault.From(err); f == nil || f.Reason != "EVENT_UNREADABLE" {
			t.Errorf("ended with %v", err)
		}
	})
}
