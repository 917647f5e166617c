package record_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

var draft = plan{Name: "teams/a/plans/p", Team: "a", State: "DRAFT", Rank: "1"}

func TestCreateGetFind(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		made, err := create(t, l, draft, "created")
		must(t, err)
		want := record.Row[plan]{Value: &draft, Version: 1, Etag: `"` + l.Epoch()[:8] + `-1"`, CreateTime: start, UpdateTime: start}
		got, err := plans.Get(t.Context(), l, draft.Name)
		must(t, err)
		if !reflect.DeepEqual(made, want) || !reflect.DeepEqual(got, want) {
			t.Fatalf("made %+v, got %+v, want %+v", made, got, want)
		}
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
			row, found, err := plans.Find(tx, draft.Name)
			if !found || !reflect.DeepEqual(row, want) {
				t.Errorf("found %+v", row)
			}
			if _, found, err := plans.Find(tx, "teams/a/plans/none"); found || err != nil {
				t.Errorf("found what is not there: %v", err)
			}
			return err
		}))
		_, err = plans.Get(t.Context(), l, "teams/a/plans/none")
		wantReason(t, err, fault.NotFound, "TEST_PLAN_NOT_FOUND")
		_, err = create(t, l, draft, "created")
		wantReason(t, err, fault.AlreadyExists, "TEST_PLAN_ALREADY_EXISTS")
		_, err = step(t, l, "teams/a/plans/none", "", "stepped")
		wantReason(t, err, fault.NotFound, "TEST_PLAN_NOT_FOUND")
		if n := len(history(t, l)); n != 1 {
			t.Fatalf("%d events, want 1", n)
		}
	})
}

// An event carries the aggregate after the change; versions and events count alike.
func TestUpdateRecordsEvents(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		_, err := create(t, l, draft, "created", "greeted")
		must(t, err)
		c.add(time.Hour)
		ctx := caller.With(t.Context(), caller.Caller{Subject: "users/mina"})
		var row record.Row[plan]
		must(t, l.Do(ctx, func(tx *eventlog.Tx) (err error) {
			row, err = plans.Update(tx, draft.Name, "", func(p *plan, now time.Time) ([]string, error) {
				if !now.Equal(start.Add(time.Hour)) {
					t.Errorf("now is %v", now)
				}
				p.State, p.Rank, p.Steps = "DONE", "9", 7
				return []string{"finished", "whispered"}, nil
			})
			return err
		}))
		want := record.Row[plan]{
			Value: &plan{Name: draft.Name, Team: "a", State: "DONE", Rank: "9", Steps: 7}, Version: 4, Etag: record.Etag(l, 4),
			CreateTime: start, UpdateTime: start.Add(time.Hour),
		}
		got, err := plans.Get(t.Context(), l, draft.Name)
		must(t, err)
		if !reflect.DeepEqual(row, want) || !reflect.DeepEqual(got, want) {
			t.Fatalf("updated %+v, got %+v, want %+v", row, got, want)
		}
		type columns struct {
			State   string `db:"state"`
			SortKey string `db:"sort_key"`
		}
		if r, _, err := db.One[columns](t.Context(), l.DB().Read(), "select state, sort_key from plans"); err != nil || r != (columns{"DONE", "9"}) {
			t.Errorf("columns %+v, %v", r, err)
		}
		events := history(t, l)
		for i, what := range []string{"created", "greeted", "finished", "whispered"} {
			r := events[i]
			var data eventlogv1.Head
			must(t, protojson.Unmarshal(r.Data, &data))
			etag, steps, actor := record.Etag(l, 2), int64(0), ""
			if i >= 2 {
				etag, steps = record.Etag(l, 4), 7
			}
			if what == "finished" {
				actor = "users/mina"
			}
			if data.GetChain() != what || data.GetEpoch() != etag || data.GetSequence() != steps || r.Actor != actor ||
				r.AggregateVersion != int64(i)+1 || r.AggregateType != "test_plan" || r.AggregateID != draft.Name || r.Subject != draft.Name || r.Team != "a" {
				t.Errorf("event %d is %+v with %v", i, r, &data)
			}
		}
	})
}

func TestNoEventNothingSaved(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		_, err := create(t, l, draft)
		wantReason(t, err, fault.Internal, "CHANGE_WITHOUT_EVENT")
		made, err := create(t, l, draft, "created")
		must(t, err)
		c.add(time.Hour)
		row, err := step(t, l, draft.Name, made.Etag)
		must(t, err)
		stored, err := plans.Get(t.Context(), l, draft.Name)
		must(t, err)
		if !reflect.DeepEqual(row, made) || !reflect.DeepEqual(stored, made) {
			t.Fatalf("returned %+v, stored %+v, want %+v", row, stored, made)
		}
		if n := len(history(t, l)); n != 1 {
			t.Fatalf("%d events, want 1", n)
		}
	})
}

func TestEtag(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		made, err := create(t, l, draft, "created")
		must(t, err)
		first, err := step(t, l, draft.Name, made.Etag, "stepped")
		must(t, err)
		for name, etag := range map[string]string{"stale": made.Etag, "without quotes": first.Etag[1 : len(first.Etag)-1], "of another epoch": `"00000000-2"`, "weak": "W/" + first.Etag} {
			t.Run(name, func(t *testing.T) {
				_, err := step(t, l, draft.Name, etag, "stepped")
				if f := wantReason(t, err, fault.Aborted, "ETAG_MISMATCH"); f.Metadata["current_etag"] != first.Etag {
					t.Errorf("current etag %s, want %s", f.Metadata["current_etag"], first.Etag)
				}
			})
		}
		if _, err := step(t, l, draft.Name, "", "stepped"); err != nil {
			t.Errorf("without an etag: %v", err)
		}
		if n := len(history(t, l)); n != 3 {
			t.Fatalf("%d events, want 3", n)
		}
	})
}

func TestRuleAndNameDecide(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		made, err := create(t, l, draft, "created")
		must(t, err)
		refused := errors.New("refused")
		update := func(change func(p *plan) error) error {
			return l.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := plans.Update(tx, draft.Name, "", func(p *plan, _ time.Time) ([]string, error) { return []string{"x"}, change(p) })
				return err
			})
		}
		if err := update(func(p *plan) error { p.Steps = 9; return refused }); !errors.Is(err, refused) {
			t.Errorf("the rule's error became %v", err)
		}
		wantReason(t, update(func(p *plan) error { p.Name = "teams/a/plans/q"; return nil }), fault.Internal, "NAME_CHANGED")
		if got, err := plans.Get(t.Context(), l, draft.Name); err != nil || !reflect.DeepEqual(got, made) {
			t.Errorf("stored %+v, %v", got, err)
		}
	})
}

// A rule that finds a race lost tells what is there now, unless it has told already; other refusals have no etag.
func TestALostRaceTellsTheEtag(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		made, err := create(t, l, draft, "created")
		must(t, err)
		shared := fault.New(fault.Aborted, "PHASE_MISMATCH", "elsewhere").With("phase", "DO")
		for name, c := range map[string]struct {
			refusal error
			want    string
		}{
			"lost":             {shared, made.Etag},
			"lost, wrapped":    {fmt.Errorf("wrapped: %w", shared), made.Etag},
			"lost to another":  {fault.New(fault.Aborted, "OTHER", "x").With("current_etag", "theirs"), "theirs"},
			"refused":          {fault.New(fault.FailedPrecondition, "NO", "x"), ""},
			"foreign, no rule": {errors.New("x"), ""},
		} {
			t.Run(name, func(t *testing.T) {
				err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
					_, err := plans.Update(tx, draft.Name, "", func(*plan, time.Time) ([]string, error) { return nil, c.refusal })
					return err
				})
				f := fault.From(err)
				if f.Metadata["current_etag"] != c.want || f.Reason == "PHASE_MISMATCH" && f.Metadata["phase"] != "DO" {
					t.Errorf("metadata %v, want the etag %q", f.Metadata, c.want)
				}
			})
		}
		if len(shared.Metadata) != 1 {
			t.Errorf("the rule's own error was changed: %v", shared.Metadata)
		}
	})
}

// Many change one aggregate at once: no change is lost, and versions count events.
func TestConcurrentUpdates(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		_, err := create(t, l, draft, "created")
		must(t, err)
		const writers, rounds = 12, 10
		var lost atomic.Int64
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					if _, err := step(t, l, draft.Name, "", "stepped"); err != nil {
						t.Error(err)
					}
					// With an etag a change may lose, and then must leave nothing.
					row, err := plans.Get(context.WithoutCancel(t.Context()), l, draft.Name)
					if err != nil {
						t.Error(err)
					}
					if _, err := step(t, l, draft.Name, row.Etag, "stepped"); err != nil {
						if fault.From(err).Reason != "ETAG_MISMATCH" {
							t.Error(err)
						}
						lost.Add(1)
					}
				}
			})
		}
		wg.Wait()
		row, err := plans.Get(t.Context(), l, draft.Name)
		must(t, err)
		want := int(2*writers*rounds - lost.Load())
		if events := len(history(t, l)); row.Value.Steps != want || row.Version != int64(want)+1 || events != want+1 {
			t.Fatalf("%d steps, version %d, %d events; want %d steps", row.Value.Steps, row.Version, events, want)
		}
	})
}

// A writer that does not lock is still found out by the version.
func TestVersionCheck(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		_, err := create(t, l, draft, "created")
		must(t, err)
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := plans.Update(tx, draft.Name, "", func(p *plan, _ time.Time) ([]string, error) {
				_, err := tx.Exec("update plans set version = version + 1 where name = $1", draft.Name)
				return []string{"stepped"}, err
			})
			return err
		})
		wantReason(t, err, fault.Aborted, "CONCURRENT_CHANGE")
	})
}
