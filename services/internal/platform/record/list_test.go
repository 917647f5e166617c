package record_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// fill makes plans of team a, two of each rank, and one of another team.
func fill(t *testing.T, l *eventlog.Log) {
	t.Helper()
	for i := range 7 {
		state := []string{"DRAFT", "DONE", "DROPPED"}[i%3]
		_, err := create(t, l, plan{Name: fmt.Sprintf("teams/a/plans/%d", 6-i), Team: "a", State: state, Rank: fmt.Sprintf("r%d", i/2)}, "created")
		must(t, err)
	}
	_, err := create(t, l, plan{Name: "teams/b/plans/x", Team: "b", State: "DRAFT", Rank: "r0"}, "created")
	must(t, err)
}

func ids(rows []record.Row[plan]) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.Value.Name[strings.LastIndexByte(r.Value.Name, '/')+1:])
	}
	return b.String()
}

func TestListPages(t *testing.T) {
	for name, c := range map[string]struct {
		list   *record.Collection[plan, string]
		states []string
		want   string
	}{
		"by sort key, then name": {plans, nil, "5634120"},
		"greatest first":         {newest, nil, "0214365"},
		"one state":              {plans, []string{"DRAFT"}, "630"},
		"two states":             {plans, []string{"DONE", "DROPPED"}, "5412"},
		"no such state":          {plans, []string{"NONE"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
				fill(t, l)
				for size := int32(0); size <= 17; size++ {
					var got strings.Builder
					q := record.Query{Parent: "teams/a", States: c.states, PageSize: size % 9, Principal: "users/mina"}
					if size >= 9 { // the plans of the team lie under one parent here
						q.Parent, q.Team = "", "a"
					}
					for pages := 0; ; pages++ {
						rows, next, err := c.list.List(t.Context(), l, q)
						must(t, err)
						if q.PageSize > 0 && len(rows) > int(q.PageSize) || pages > 8 {
							t.Fatalf("page %d has %d rows, want %d at most", pages, len(rows), q.PageSize)
						}
						got.WriteString(ids(rows))
						if next == "" {
							break
						}
						q.PageToken = next
					}
					if got.String() != c.want {
						t.Errorf("pages of %d of %s%s: %q, want %q", q.PageSize, q.Parent, q.Team, got.String(), c.want)
					}
				}
				rows, err := c.list.All(t.Context(), l.DB().Read(), l, "teams/a", c.states...)
				if err != nil || ids(rows) != c.want {
					t.Errorf("all: %q, %v, want %q", ids(rows), err, c.want)
				}
			})
		})
	}
}

// What is added or removed between two pages neither repeats nor hides another row.
// A span of sort keys holds over pages, and a page token is good for one beginning only.
func TestListSpan(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		fill(t, l)
		for _, c := range []struct{ from, upTo, want string }{{"r1", "", "34120"}, {"r1", "r2", "3412"}, {"", "r0", "56"}, {"r9", "", ""}} {
			var got strings.Builder
			for q := (record.Query{Parent: "teams/a", From: c.from, UpTo: c.upTo, PageSize: 2}); ; {
				rows, next, err := plans.List(t.Context(), l, q)
				must(t, err)
				got.WriteString(ids(rows))
				if q.PageToken = next; next == "" {
					break
				}
			}
			if got.String() != c.want {
				t.Errorf("from %q to %q: %q, want %q", c.from, c.upTo, got.String(), c.want)
			}
		}
		_, next, err := plans.List(t.Context(), l, record.Query{Parent: "teams/a", From: "r1", PageSize: 2})
		must(t, err)
		_, _, err = plans.List(t.Context(), l, record.Query{Parent: "teams/a", From: "r0", PageSize: 2, PageToken: next})
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID")
	})
}

func TestListIsStable(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		fill(t, l)
		q := record.Query{Parent: "teams/a", PageSize: 3}
		first, next, err := plans.List(t.Context(), l, q)
		must(t, err)
		for _, rank := range []string{"r0", "r9"} {
			_, err := create(t, l, plan{Name: "teams/a/plans/new-" + rank, Team: "a", Rank: rank}, "created")
			must(t, err)
		}
		q.PageToken, q.PageSize = next, 50
		rest, _, err := plans.List(t.Context(), l, q)
		must(t, err)
		if got := ids(first) + " " + ids(rest); got != "563 4120new-r9" {
			t.Fatalf("pages %q", got)
		}
	})
}

func TestPageSize(t *testing.T) {
	for wanted, want := range map[int32]int{0: 50, 1: 1, 1000: 1000, 1001: 1000, 1 << 30: 1000} {
		if got, err := record.PageSize(wanted); got != want || err != nil {
			t.Errorf("size %d: %d, %v, want %d", wanted, got, err, want)
		}
	}
	_, err := record.PageSize(-1)
	if f := wantReason(t, err, fault.InvalidArgument, "PAGE_SIZE_INVALID"); f.Violations[0].Field != "page_size" {
		t.Errorf("violations %+v", f.Violations)
	}
}

func TestPageTokenIsBound(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		fill(t, l)
		good := record.Query{Parent: "teams/a", States: []string{"DRAFT", "DONE"}, PageSize: 2, Principal: "users/mina"}
		_, token, err := plans.List(t.Context(), l, good)
		must(t, err)
		good.PageToken = token
		with := func(change func(q *record.Query)) record.Query {
			q := good
			change(&q)
			return q
		}
		raw, err := base64.RawURLEncoding.DecodeString(token)
		must(t, err)
		flip := func(i int) string {
			altered := append([]byte(nil), raw...)
			altered[i] ^= 1
			return base64.RawURLEncoding.EncodeToString(altered)
		}
		bad := map[string]record.Query{
			"another principal":  with(func(q *record.Query) { q.Principal = "users/taro" }),
			"another parent":     with(func(q *record.Query) { q.Parent = "teams/b" }),
			"another filter":     with(func(q *record.Query) { q.States = []string{"DRAFT"} }),
			"no filter":          with(func(q *record.Query) { q.States = nil }),
			"shifted filter":     with(func(q *record.Query) { q.States = []string{"DRAFTDONE"} }),
			"an altered MAC":     with(func(q *record.Query) { q.PageToken = flip(0) }),
			"an altered expiry":  with(func(q *record.Query) { q.PageToken = flip(16) }),
			"an altered key":     with(func(q *record.Query) { q.PageToken = flip(len(raw) - 1) }),
			"a cut token":        with(func(q *record.Query) { q.PageToken = token[:len(token)-4] }),
			"a short token":      with(func(q *record.Query) { q.PageToken = "AAAA" }),
			"a token with noise": with(func(q *record.Query) { q.PageToken = token + "!" }),
		}
		for name, q := range bad {
			t.Run(name, func(t *testing.T) {
				_, _, err := plans.List(t.Context(), l, q)
				if f := wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID"); f.Violations[0].Field != "page_token" {
					t.Errorf("violations %+v", f.Violations)
				}
			})
		}
		_, _, err = another.List(t.Context(), l, good)
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID")
		if _, _, err := plans.List(t.Context(), l, with(func(q *record.Query) { q.PageSize = 1 })); err != nil {
			t.Errorf("another page size: %v", err)
		}
		c.add(3*24*time.Hour - time.Second)
		if _, _, err := plans.List(t.Context(), l, good); err != nil {
			t.Errorf("shortly before it expires: %v", err)
		}
		c.add(time.Second)
		_, _, err = plans.List(t.Context(), l, good)
		wantReason(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID")
	})
}

// Tokens of lists that are no Collection's, with any number of keys.
func TestTokenKeys(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		for _, keys := range [][]string{{}, {""}, {"a", "", strings.Repeat("é", 300)}} {
			got, err := record.OpenToken(l, "scope", record.Token(l, "scope", keys...))
			if err != nil || strings.Join(got, "|") != strings.Join(keys, "|") || len(got) != len(keys) {
				t.Errorf("keys %q, %v, want %q", got, err, keys)
			}
		}
		if record.Scope("a", "b") == record.Scope("ab") || record.Scope("a", "b") == record.Scope("a", "", "b") {
			t.Error("different parts make the same scope")
		}
	})
}
