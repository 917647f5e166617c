package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

const restoredTeam = "teams/payments"

// restored exports the team's board from one database and imports it into another one.
func restored(t *testing.T, from *eventlog.Log, engine db.Engine) *eventlog.Log {
	t.Helper()
	files, err := (&archive.Part{Log: from, Kinds: Archive()}).Export(t.Context(), restoredTeam)
	if err != nil {
		t.Fatal(err)
	}
	to := emptyLog(t, engine)
	if _, err := (&archive.Part{Log: to, Kinds: Archive()}).Import(t.Context(), restoredTeam, files, false); err != nil {
		t.Fatal(err)
	}
	return to
}

func emptyLog(t *testing.T, engine db.Engine) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, engine, db.Merge(eventlog.Migrations, audit.Migrations, Migrations)), "experiment", nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// board is a team's metric and experiment in a database, and what is known of them.
type board struct {
	t      *testing.T
	l      *eventlog.Log
	chance *rand.Rand
	now    time.Time
	minute int
	values map[int]float64 // by minute: what was recorded last
	// The locked plan, as it was at its lock.
	plan, hash, sentence string
	// steps is what was done, for a failure's sake; done are those that changed something.
	steps []string
	done  map[string]int
}

const planned = restoredTeam + "/cycles/c/experiments/e"

// try does one thing, which the rules may refuse.
func (b *board) try(what string, do func(tx *eventlog.Tx) error) {
	b.steps = append(b.steps, what)
	if err := b.l.Do(b.t.Context(), do); err == nil {
		b.done[what]++
	}
}

func (b *board) change(what string, rule func(tx *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error)) {
	b.try(what, func(tx *eventlog.Tx) error {
		_, err := Experiments.Update(tx, planned, "", func(e *domain.Experiment, _ time.Time) ([]domain.Event, error) { return rule(tx, e) })
		return err
	})
}

// arrive imports some readings, as a list or as a file that is staged.
func (b *board) arrive() {
	var entries []domain.Entry
	for range 1 + b.chance.IntN(6) {
		b.minute++
		if _, recorded := b.values[b.minute]; recorded {
			continue
		}
		value := float64(20 + b.chance.IntN(40))
		entries = append(entries, entry(b.minute, value, ""))
		b.values[b.minute] = value
	}
	b.chance.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	b.importing(entries)
}

func (b *board) importing(entries []domain.Entry) {
	if b.chance.IntN(2) == 0 {
		b.try("import", func(tx *eventlog.Tx) error {
			_, err := Import(tx, metric, entries, domain.NewReport(domain.List), false)
			return err
		})
		return
	}
	id := fmt.Sprintf("file %d", len(b.steps))
	for part := range slices.Chunk(entries, 2) {
		b.try("stage", func(tx *eventlog.Tx) error {
			m, err := FindMetric(tx, metric)
			if err != nil {
				return err
			}
			return Stage(tx, id, m, part, domain.NewReport(domain.CSV))
		})
	}
	b.try("commit", func(tx *eventlog.Tx) error {
		_, err := Commit(tx, id, metric, domain.NewReport(domain.CSV))
		return err
	})
}

// correct gives a reading another value.
func (b *board) correct(minute int, value float64) {
	before := b.values[minute]
	b.values[minute] = value
	b.try("correct", func(tx *eventlog.Tx) error {
		_, err := Correct(tx, metric, noon.Add(time.Duration(minute)*time.Minute), "",
			func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
				return c.Correct(m, before, value, "counted again", now)
			})
		return err
	})
}

// check compares the locked plan with what it was at its lock.
func (b *board) check() {
	b.t.Helper()
	row, err := Experiments.Get(b.t.Context(), b.l, planned)
	if err != nil {
		b.t.Fatal(err)
	}
	e := row.Value
	if !e.Locked() {
		return
	}
	if b.hash == "" {
		b.plan, b.hash, b.sentence = e.CanonicalPlan(), e.PlanHash, e.Prediction.Sentence()
		if b.hash == "" {
			b.t.Fatal("locked without a hash")
		}
	}
	if e.CanonicalPlan() != b.plan || e.PlanHash != b.hash || e.Prediction.Sentence() != b.sentence {
		b.t.Fatalf("after %v the locked plan is\n%s %s\nand was\n%s %s", b.steps, e.CanonicalPlan(), e.PlanHash, b.plan, b.hash)
	}
}

// Whatever is called, imported and restored in whatever order, through the database and the files of the board: a locked plan keeps
// its text and its hash, and what is judged after a restore is judged as it would have been before it.
func TestNoSequenceOfCallsImportsAndRestoresChangesALockedPlan(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			all := map[string]int{}
			for seed := range uint64(8) {
				b := &board{t: t, l: emptyLog(t, engine), chance: rand.New(rand.NewPCG(seed, 9)), now: noon, values: map[int]float64{}, done: map[string]int{}}
				b.try("draft", func(tx *eventlog.Tx) error {
					m := &domain.Metric{Name: metric, DisplayName: "Wait", Direction: domain.Lower, Kind: domain.Process}
					if _, err := Metrics.Create(tx, m, domain.MetricEvent{}); err != nil {
						return err
					}
					e := &domain.Experiment{Name: planned, DisplayName: "Rota", TimeZone: "UTC", Obstacle: restoredTeam + "/obstacles/o", SafeToFail: "Two hours", Learning: "learnings/rota", Prediction: domain.Prediction{
						Change: "a rota", Metric: metric, BaselineValue: new(42.0), ExpectedValue: new(30.0), ByDate: "2026-06-12", Reason: "waiting", Falsification: "above 38", ConfidencePercent: 70,
					}}
					events, err := e.Draft()
					if err != nil {
						return err
					}
					_, err = Experiments.Create(tx, e, events...)
					return err
				})
				for range 40 {
					b.step(engine)
					b.check()
				}
				for what, n := range b.done {
					all[what] += n
				}
			}
			for _, what := range []string{"draft", "update", "lock", "amend", "start", "import", "commit", "correct", "conclude", "adopt", "restore"} {
				if all[what] == 0 {
					t.Errorf("no sequence had a %s: %v", what, all)
				}
			}
		})
	}
}

func (b *board) step(engine db.Engine) {
	b.now = b.now.Add(time.Hour)
	switch b.chance.IntN(10) {
	case 0:
		value := float64(b.chance.IntN(60))
		b.change("update", func(_ *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) {
			return e.Update(func(e *domain.Experiment) {
				e.Prediction.ExpectedValue, e.Prediction.Change = &value, fmt.Sprint("try ", value)
			})
		})
	case 1:
		b.change("lock", func(tx *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) {
			m, err := FindMetric(tx, metric)
			if err != nil {
				return nil, err
			}
			return e.Lock(domain.Known{ObstacleExists: true, CurrentObstacle: e.Obstacle, Metric: m}, b.now)
		})
	case 2:
		b.change("amend", func(tx *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) {
			arrived, err := Arrived(tx, metric)
			if err != nil {
				return nil, err
			}
			return e.Amend("People are away.", []domain.PlanChange{{Field: domain.FieldExpectedValue, After: fmt.Sprint(b.chance.IntN(40))}}, arrived, b.now)
		})
	case 3:
		b.change("start", func(tx *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) {
			arrived, err := Arrived(tx, metric)
			if err != nil {
				return nil, err
			}
			return e.Start(domain.Starting{Phase: domain.PhaseDo, Arrived: arrived}, b.now)
		})
	case 4, 5:
		b.minute = int(b.now.Sub(noon).Minutes()) - b.chance.IntN(400) // often something late
		b.arrive()
	case 6:
		if minutes := slices.Sorted(maps.Keys(b.values)); len(minutes) > 0 {
			b.correct(minutes[b.chance.IntN(len(minutes))], float64(10+b.chance.IntN(50)))
		}
	case 7:
		if b.chance.IntN(2) > 0 {
			return
		}
		b.conclude()
	case 8:
		b.change("adopt", func(_ *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) { return e.ScheduleHoldChecks(b.now) })
	case 9:
		before := b.verdict()
		b.l = restored(b.t, b.l, engine)
		b.steps = append(b.steps, "restore")
		b.done["restore"]++
		if after := b.verdict(); !reflect.DeepEqual(before, after) {
			b.t.Fatalf("after %v judged as %+v, before as %+v", b.steps, after, before)
		}
	}
}

// judged concludes a running experiment by the evidence, and a copy by all that was ever measured: both say the same.
func judged(q db.Queryer, t *testing.T, e *domain.Experiment, now time.Time) error {
	t.Helper()
	readings, err := Evidence(t.Context(), q, metric, e.StartTime, e.StartOrdinal, now)
	if err != nil {
		return err
	}
	all, err := ReadingsIn(t.Context(), q, metric, domain.Window{})
	if err != nil {
		return err
	}
	other := *e
	words := domain.Conclusion{Happened: "It moved.", Learned: "Waiting was the problem.", OverruleReason: "as agreed"}
	_, without := other.Conclude(words, all, domain.Judging{}, now)
	_, err = e.Conclude(words, readings, domain.Judging{}, now)
	if (err == nil) != (without == nil) || !reflect.DeepEqual(e.Outcome, other.Outcome) {
		t.Fatalf("by the evidence %v %+v, by all readings %v %+v", err, e.Outcome, without, other.Outcome)
	}
	return err
}

func (b *board) conclude() {
	b.change("conclude", func(tx *eventlog.Tx, e *domain.Experiment) ([]domain.Event, error) {
		if err := judged(tx, b.t, e, b.now); err != nil {
			return nil, err
		}
		return []domain.Event{domain.EventConcluded}, nil
	})
}

// verdict is what a conclusion would say now; nil when there is none.
func (b *board) verdict() *domain.Outcome {
	row, err := Experiments.Get(b.t.Context(), b.l, planned)
	if err != nil {
		b.t.Fatal(err)
	}
	if row.Value.Outcome == nil && judged(b.l.DB().Read(), b.t, row.Value, b.now) != nil {
		return nil
	}
	return row.Value.Outcome
}

// The same readings make the same chart, in whatever order they arrive: one by one or in files, with a wrong value that is corrected
// in between, and after a restore.
func TestOrderOfArrivalAndCorrectionsNeverChangeAChart(t *testing.T) {
	chart := func(b *board) string {
		t.Helper()
		list, before, err := Latest(t.Context(), b.l.DB().Read(), metric, domain.Window{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		c := domain.Analysis{BaselinePoints: 12, Omitted: before}.Chart(list)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	final := make([]domain.Entry, 30)
	for i := range final {
		final[i] = entry(i/2, float64(40+i*7%13+i/20*40), []string{"", "b"}[i%2])
	}
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			want := ""
			for seed := range uint64(6) {
				b := &board{t: t, l: emptyLog(t, engine), chance: rand.New(rand.NewPCG(seed, 4)), done: map[string]int{}}
				do(t, b.l, func(tx *eventlog.Tx) error {
					m := &domain.Metric{Name: metric, DisplayName: "Wait", Direction: domain.Lower, Kind: domain.Process}
					_, err := Metrics.Create(tx, m, domain.MetricEvent{})
					return err
				})
				list := slices.Clone(final)
				if seed > 0 { // the first one arrives in order, and right at once
					b.chance.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				}
				for portion := range slices.Chunk(list, 3+int(seed)) {
					wrong := slices.Clone(portion)
					if seed > 0 {
						wrong[0].Value = 99
					}
					b.importing(wrong)
					if seed > 0 {
						do(t, b.l, func(tx *eventlog.Tx) error {
							_, err := Correct(tx, metric, portion[0].Time, portion[0].SourceKey,
								func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
									return c.Correct(m, 99, portion[0].Value, "a typing error", now)
								})
							return err
						})
						b.importing(wrong) // the file is sent again, and does not undo the correction
					}
				}
				got := chart(b)
				if want == "" {
					want = got
					if !strings.Contains(got, "R1") || b.done["import"]+b.done["commit"] < 10 {
						t.Fatalf("chart %s after %v", got, b.done)
					}
				}
				if got != want {
					t.Errorf("round %d: %s, want %s", seed, got, want)
				}
				b.l = restored(t, b.l, engine)
				if got := chart(b); got != want {
					t.Errorf("round %d, restored: %s, want %s", seed, got, want)
				}
			}
		})
	}
}

// What is made by hand and is no measurement does not come in with a board.
func TestAFileOfMeasurementsIsChecked(t *testing.T) {
	fine := columns + "2026-06-01T12:00:00Z,1,,2026-06-01T12:00:00Z\n"
	if _, err := checkMeasurements([]byte(fine)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ line, want string }{
		"year":       {"0000-01-01T00:00:00Z,1,,2026-06-01T12:00:00Z", "line 3: The time is missing or outside"},
		"formula":    {"2026-06-01T12:01:00Z,1,=1+1,2026-06-01T12:00:00Z", "line 3: The source key begins like a formula"},
		"long key":   {"2026-06-01T12:01:00Z,1," + strings.Repeat("k", 201) + ",2026-06-01T12:00:00Z", "line 3: The source key is longer"},
		"control":    {"2026-06-01T12:01:00Z,1,a\x01,2026-06-01T12:00:00Z", "line 3: The source key has a character"},
		"not UTF-8":  {"2026-06-01T12:01:00Z,1,a\xff,2026-06-01T12:00:00Z", "line 3: The source key has a character"},
		"no number":  {"2026-06-01T12:01:00Z,NaN,,2026-06-01T12:00:00Z", "line 3: the value"},
		"infinite":   {"2026-06-01T12:01:00Z,Inf,,2026-06-01T12:00:00Z", "line 3: the value"},
		"too large":  {"2026-06-01T12:01:00Z,1e301,,2026-06-01T12:00:00Z", "line 3: the value"},
		"twice":      {"2026-06-01T12:00:00Z,2,,2026-06-01T12:00:00Z", "line 3: the measurement is there twice"},
		"no instant": {"2026-06-01,2,,2026-06-01T12:00:00Z", "line 3: the time"},
	} {
		if _, err := checkMeasurements([]byte(fine + c.line + "\n")); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
