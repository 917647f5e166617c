package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// window is the part of a service's history that news can change. It holds all facts of each deployment and incident that it has any of. The
// methods that read do nothing after an error, which err keeps.
type window struct {
	tx       *eventlog.Tx
	service  deliveryService
	facts    map[factKey]domain.DeliveryFact
	complete map[string]bool
	// news are the ids that the news are about. What is looked for beside them stands before the news as well as after.
	news []string
	err  error
}

type factKey struct{ kind, key, source, delivery string }

func newWindow(tx *eventlog.Tx, s deliveryService) *window {
	return &window{tx: tx, service: s, facts: map[factKey]domain.DeliveryFact{}, complete: map[string]bool{}}
}

// countsFirst is the condition that a fact f is the one that its deployment counts by: the earliest.
const countsFirst = ` and not exists (select 1 from delivery_facts g where g.team = f.team and g.service = f.service and g.fact_key = f.fact_key
		and g.source = f.source and g.scope = f.scope and g.kind in ('DEPLOYED', 'ROLLED_BACK')
		and (g.time, g.delivery_id, g.kind) < (f.time, f.delivery_id, f.kind))`

// read adds the facts that a condition holds for, and returns them. $1 and $2 are team and service.
func (w *window) read(where string, args ...any) []domain.DeliveryFact {
	return w.add("select "+factColumns+" from delivery_facts f where f.team = $1 and f.service = $2 and "+where, args...)
}

func (w *window) add(query string, args ...any) []domain.DeliveryFact {
	if w.err != nil {
		return nil
	}
	found, err := db.All[deliveryFact](noContext, w.tx, query, append([]any{w.service.Team, w.service.Name}, args...)...)
	w.err = err
	facts := make([]domain.DeliveryFact, len(found))
	for i, f := range found {
		facts[i] = f.domain()
		w.facts[factKey{f.Kind, f.Key, f.Source, f.DeliveryID}] = facts[i]
	}
	return facts
}

// The joins by which values are looked up, one by one, each in an index of its own expression: SQLite would rather read the whole service.
const (
	owner       = "cast($1 as text) || '/' || cast($2 as text)"
	byKey       = "delivery_facts f where f.team || '/' || f.service || '/' || f.fact_key = " + owner + " || '/' || wanted.value"
	byCommit    = "delivery_facts f where f.team || '/' || f.service || '/' || f.commit_hash = " + owner + " || '/' || wanted.value"
	byChain     = "delivery_facts f where f.team || '/' || f.service || '/' || f.chain = " + owner + " || '/' || wanted.value"
	byReference = "delivery_references r cross join delivery_facts f where r.team = $1 and r.service = $2 and r.target = wanted.value" +
		" and f.team || '/' || f.service || '/' || f.fact_key = " + owner + " || '/' || r.fact_key"
)

// among reads the facts that one of the values leads to. Lists are filled up to a few lengths, so that few texts are prepared.
func (w *window) among(join string, values []string) (facts []domain.DeliveryFact) {
	slices.Sort(values)
	values = slices.Compact(values)
	for part := range slices.Chunk(values, listLengths[len(listLengths)-1]) {
		parameters, args := listOf(part, 3)
		facts = append(facts, w.add("with wanted (value) as (values (cast("+strings.Join(parameters, " as text)), (cast(")+" as text))) select "+factColumns+
			" from wanted cross join "+join, args...)...)
	}
	return facts
}

var listLengths = [...]int{1, 8, 64}

// listOf are parameters from a number on, and their values.
func listOf(values []string, from int) (parameters []string, args []any) {
	length := len(values)
	for _, l := range listLengths {
		if l >= length {
			length = l
			break
		}
	}
	parameters = make([]string, length)
	for i := range length {
		parameters[i] = fmt.Sprintf("$%d", from+i)
		args = append(args, values[min(i, len(values)-1)])
	}
	return parameters, args
}

// between reads the facts of a kind in a stretch of time, its ends included.
func (w *window) between(kind domain.FactKind, from, to time.Time) []domain.DeliveryFact {
	return w.read("f.kind = $3 and f.time between $4 and $5", string(kind), db.Micros(from), db.Micros(to))
}

// finish reads what is missing of the deployments and incidents that there are.
func (w *window) finish() {
	var keys []string
	for k := range w.facts {
		if !w.complete[k.key] {
			w.complete[k.key] = true
			keys = append(keys, k.key)
		}
	}
	w.among(byKey, keys)
}

// direction is where to look for a deployment.
type direction string

// The directions.
const (
	backward direction = "f.time < $3%s order by f.time desc limit 1"
	upTo     direction = "f.time <= $3%s order by f.time desc limit 1"
	forward  direction = "f.time > $3%s order by f.time limit 1"
)

// beside reads the deployments, rollbacks left out, of the nearest instant that has any but the news; of one place unless that is nil.
func (w *window) beside(look direction, at time.Time, place *string) []domain.DeliveryFact {
	args := []any{db.Micros(at)}
	more := " and f.kind = 'DEPLOYED'"
	if place != nil {
		more += " and f.place = $4"
		args = append(args, domain.FoldName(*place))
	}
	without, keys := w.withoutNews(3 + len(args))
	found := w.read(fmt.Sprintf(string(look), more+without+countsFirst), append(args, keys...)...)
	if len(found) == 0 {
		return nil
	}
	return w.between(domain.Deployed, found[0].Time, found[0].Time)
}

// withoutNews is the condition that a fact is not about what the news are about.
func (w *window) withoutNews(from int) (condition string, args []any) {
	if len(w.news) == 0 {
		return "", nil
	}
	parameters, args := listOf(w.news, from)
	return " and f.fact_key not in (" + strings.Join(parameters, ", ") + ")", args
}

// Conditions of one service.
const (
	ofService   = "f.team = $1 and f.service = $2 and "
	ofUnplanned = "f.team || '/' || f.service = " + owner + " and f.unplanned = 1"
	ofPlace     = "f.team || '/' || f.service || '/' || f.place = " + owner + " || '/' || cast($3 as text) and f.kind = $4" + countsFirst
)

// any tells whether there is a fact beside the news that a condition holds for.
func (w *window) any(where string, args ...any) bool {
	if w.err != nil {
		return false
	}
	without, keys := w.withoutNews(3 + len(args))
	_, found, err := db.One[string](noContext, w.tx, "select f.fact_key from delivery_facts f where "+where+without+" limit 1",
		append(append([]any{w.service.Team, w.service.Name}, args...), keys...)...)
	w.err = err
	return found
}

// all are the facts of the window.
func (w *window) all() []domain.DeliveryFact {
	list := make([]domain.DeliveryFact, 0, len(w.facts))
	for _, f := range w.facts {
		list = append(list, f)
	}
	return list
}

// commits are the times of the commits that were deployed.
func (w *window) commits() map[string]time.Time {
	var hashes []string
	for _, f := range w.facts {
		if f.Commit != "" {
			hashes = append(hashes, f.Commit)
		}
	}
	slices.Sort(hashes)
	var made []commit
	for part := range slices.Chunk(slices.Compact(hashes), listLengths[len(listLengths)-1]) {
		parameters, args := listOf(part, 3)
		found, err := db.All[commit](noContext, w.tx,
			"select commit_hash, commit_time from delivery_commits where team = $1 and service = $2 and commit_hash in ("+strings.Join(parameters, ", ")+")",
			append([]any{w.service.Team, w.service.Name}, args...)...)
		if err != nil && w.err == nil {
			w.err = err
		}
		made = append(made, found...)
	}
	return commitTimes(made)
}
