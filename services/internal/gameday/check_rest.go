package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// readers is how many resources are read at once.
const readers = 12

// reader reads back what was acknowledged, the way a user would.
type reader struct {
	rest     *rest
	findings *findings
	read     atomic.Int64

	mu    sync.Mutex
	lists map[string]*listing
}

// listing is a list that is read once.
type listing struct {
	once sync.Once
	rows map[string]map[string]any // by name
}

// creates reads every resource whose creation was acknowledged, and compares it with what was sent and answered.
func (r *reader) creates(ctx context.Context, writes []*write) {
	queue := make(chan *write)
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for w := range queue {
				r.compare(ctx, w)
			}
		})
	}
	for _, w := range writes {
		if w.acknowledged() && kinds[w.Kind].creates {
			queue <- w
		}
	}
	close(queue)
	all.Wait()
}

func (r *reader) compare(ctx context.Context, w *write) {
	got := r.resource(ctx, w)
	r.read.Add(1)
	switch {
	case got == nil:
		r.findings.add("readable", "%s was acknowledged and cannot be read", w.Name)
	case text(got, "name") != w.Name || text(w.Answer, "name") != w.Name:
		r.findings.add("readable", "%s was answered as %q and is read as %q", w.Name, text(w.Answer, "name"), text(got, "name"))
	case !subset(normal(w.Body), got):
		r.findings.add("readable", "%s was made from %v and is read as %v", w.Name, w.Body, got)
	case text(got, "createTime") != text(w.Answer, "createTime"):
		r.findings.add("readable", "%s was made at %s and is read as made at %s", w.Name, text(w.Answer, "createTime"), text(got, "createTime"))
	}
}

// normal turns what was sent into what JSON makes of it.
func normal(v any) any {
	line, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var back any
	if json.Unmarshal(line, &back) != nil {
		return v
	}
	return back
}

func (r *reader) resource(ctx context.Context, w *write) map[string]any {
	if field := kinds[w.Kind].list; field != "" {
		return r.list(ctx, w.Name[:strings.LastIndexByte(w.Name, '/')], field)[w.Name]
	}
	a, err := r.rest.get(ctx, "/v1/"+w.Name)
	if err != nil || a.status != http.StatusOK {
		return nil
	}
	return a.body
}

// list reads a whole list, page by page, once.
func (r *reader) list(ctx context.Context, path, field string) map[string]map[string]any {
	r.mu.Lock()
	if r.lists == nil {
		r.lists = map[string]*listing{}
	}
	l := r.lists[path]
	if l == nil {
		l = &listing{rows: map[string]map[string]any{}}
		r.lists[path] = l
	}
	r.mu.Unlock()
	l.once.Do(func() {
		r.pages(ctx, path, field, func(row map[string]any) { l.rows[text(row, "name")] = row })
	})
	return l.rows
}

// pages passes on every row of a list.
func (r *reader) pages(ctx context.Context, path, field string, do func(map[string]any)) {
	for token := ""; ; {
		a, err := r.rest.get(ctx, "/v1/"+path+"?pageSize=500&pageToken="+url.QueryEscape(token))
		if err != nil || a.status != http.StatusOK {
			r.findings.add("readable", "the list %s cannot be read: %v %d %s", path, err, a.status, a.reason())
			return
		}
		rows, _ := a.body[field].([]any)
		for _, row := range rows {
			if object, ok := row.(map[string]any); ok {
				do(object)
			}
		}
		if token = text(a.body, "nextPageToken"); token == "" {
			return
		}
	}
}

// measurements reads back every reading whose import was acknowledged, once each.
func (r *reader) measurements(ctx context.Context, writes []*write) (readings int) {
	want, open := map[string]map[string]float64{}, map[string]bool{}
	for _, w := range writes {
		if w.Kind != "import" {
			continue
		}
		open[w.Name] = open[w.Name] || w.unknown()
		if !w.acknowledged() {
			continue
		}
		if want[w.Name] == nil {
			want[w.Name] = map[string]float64{}
		}
		sent, _ := normal(w.Body).(map[string]any)["measurements"].([]any)
		for _, m := range sent {
			value, _ := dig(m, "value").(float64)
			want[w.Name][instant(text(m, "time"))] = value
		}
	}
	for metric, points := range want {
		readings += len(points)
		got := 0
		r.pages(ctx, metric+"/measurements", "measurements", func(row map[string]any) {
			got++
			at := instant(text(row, "time"))
			value, known := points[at]
			if read, _ := row["value"].(float64); !open[metric] && (!known || read != value) {
				r.findings.add("readable", "%s has a reading %v at %s, which was sent as %v (%v)", metric, row["value"], at, value, known)
			}
		})
		if got < len(points) || !open[metric] && got > len(points) {
			r.findings.add("readable", "%s has %d readings, %d were acknowledged", metric, got, len(points))
		}
	}
	return readings
}

// instant writes a time in one form.
func instant(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// learnings are the experiments that the knowledge base has a learning of.
func (r *reader) learnings(ctx context.Context) map[string]bool {
	found := map[string]bool{}
	r.pages(ctx, "learnings", "learnings", func(row map[string]any) { found[text(row, "experiment")] = true })
	return found
}

// reminders counts the reminders of each subject in the teams.
func (r *reader) reminders(ctx context.Context, teams []string) map[string]int {
	counts := map[string]int{}
	for _, team := range teams {
		seen := map[string]bool{}
		for token := ""; ; {
			a, err := r.rest.get(ctx, "/v1/"+team+"/reminders?showAnswered=true&pageSize=500&pageToken="+url.QueryEscape(token))
			if err != nil || a.status != http.StatusOK {
				r.findings.add("readable", "the reminders of %s cannot be read: %v %d", team, err, a.status)
				break
			}
			rows, _ := a.body["reminders"].([]any)
			for _, row := range rows {
				if name := text(row, "name"); !seen[name] {
					seen[name] = true
					counts[text(row, "subject")]++
				}
			}
			if token = text(a.body, "nextPageToken"); token == "" {
				break
			}
		}
	}
	return counts
}

// report compares the learning report of these days with what the logs say.
func (r *reader) report(ctx context.Context, states map[string]*state) {
	a, err := r.rest.get(ctx, "/v1/reports/learning?from="+day(-3)+"&to="+day(3))
	if err != nil || a.status != http.StatusOK {
		r.findings.add("report", "the learning report cannot be read: %v %d %s", err, a.status, a.reason())
		return
	}
	cycle, experiment := countEvents(states["cycle"]), countEvents(states["experiment"])
	verdicts, published, escalated := map[string]int{}, map[string]bool{}, 0
	for _, e := range states["experiment"].events {
		if e.name() == "ExperimentConcluded" {
			verdicts[text(payload(e), "experiment", "outcome", "verdict")]++
		}
	}
	for _, e := range states["knowledge"].events {
		if e.name() == "LearningPublished" {
			published[e.Aggregate] = true
		}
	}
	for _, e := range states["cycle"].events {
		if e.name() == "ObstacleEscalated" {
			escalated++
		}
	}
	list, _ := a.body["escalatedObstacles"].([]any)
	for _, line := range []struct {
		what      string
		got, want int
	}{
		{"finished cycles", number(a.body, "cyclesFinished"), cycle["CycleFinished"]},
		{"locked predictions", number(a.body, "predictions", "locked"), experiment["ExperimentLocked"]},
		{"predictions that came out", number(a.body, "predictions", "asPredicted"), verdicts["VERDICT_AS_PREDICTED"]},
		{"predictions that did not", number(a.body, "predictions", "notAsPredicted"), verdicts["VERDICT_NOT_AS_PREDICTED"]},
		{"predictions that nobody can tell of", number(a.body, "predictions", "cannotTell"), verdicts["VERDICT_CANNOT_TELL"]},
		{"published learnings", number(a.body, "learningsPublished"), len(published)},
		{"escalated obstacles", len(list), escalated},
	} {
		if line.got != line.want {
			r.findings.add("report", "the report counts %d %s, the logs %d", line.got, line.what, line.want)
		}
	}
}

func payload(e event) map[string]any {
	var data map[string]any
	if json.Unmarshal(e.Payload, &data) != nil {
		return nil
	}
	return data
}

func number(v any, keys ...string) int {
	n, _ := dig(v, keys...).(float64)
	return int(n)
}
