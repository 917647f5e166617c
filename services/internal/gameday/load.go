package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// answerFor is how long a client goes on asking after the load has ended. Nothing fails any more by then, so whatever is
// still unknown afterwards is a fault of the product.
const answerFor = 20 * time.Second

// sharedTeam is the team that all clients write to.
const sharedTeam = "teams/shared"

// load is what the clients have in common.
type load struct {
	rest     *rest
	history  *history
	findings *findings
	seed     uint64
	acked    atomic.Int64
	repeated atomic.Int64 // answers asked for a second time on purpose
}

// client is one client. It does one thing after the other, so that it knows what must be true.
type client struct {
	*load
	name string
	rng  *rand.Rand
	// working ends when no new write shall begin, asking when no answer is waited for any more.
	working, asking context.Context
	count           int
	member          string // a user
	team, challenge string
	fillers         int
	points          time.Time
}

var (
	errEnough  = errors.New("the load ends")
	errRefused = errors.New("a write was refused")
	// errOvertaken is the one refusal that is no violation.
	errOvertaken = errors.New("another client switched the team's obstacle")
)

// run lets n clients write until working ends, and waits for their last answers.
func (l *load) run(working context.Context, n int) {
	asking, cancel := context.WithCancel(context.WithoutCancel(working))
	defer cancel()
	stop := context.AfterFunc(working, func() { time.AfterFunc(answerFor, cancel) })
	defer stop()
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() {
			c := &client{
				load: l, name: "c" + strconv.Itoa(i), rng: rand.New(rand.NewPCG(l.seed, uint64(i)+1)),
				working: working, asking: asking, points: time.Now(),
			}
			c.live()
		})
	}
	clients.Wait()
}

// live tells one story after the other. After a refusal, which is a violation, the client goes on in another team.
func (c *client) live() {
	for n := 0; c.working.Err() == nil; n++ {
		if n%3 == 0 || c.team == "" {
			if c.found() != nil {
				pause(c.working, 100*time.Millisecond)
				continue
			}
		}
		if err := c.story(); err != nil {
			c.team = ""
		}
	}
}

// id is an id that nobody else uses.
func (c *client) id(prefix string) string {
	c.count++
	return fmt.Sprintf("%s-%s-%d", prefix, c.name, c.count)
}

// create writes a new resource under parent, with an id of its own, and returns its name.
func (c *client) create(kind, parent, collection string, body map[string]any) (string, error) {
	return c.createAs(kind, parent, collection, c.id(strings.ToLower(kind)), body)
}

func (c *client) createAs(kind, parent, collection, id string, body map[string]any) (string, error) {
	at := "/" + collection
	if parent != "" {
		at = "/" + parent + at
	}
	name := at[1:] + "/" + id
	_, err := c.write(kind, http.MethodPost, "/v1"+at+"?"+idParameter[kind]+"="+id, name, body)
	return name, err
}

// idParameter is the parameter that a create takes the new id by.
var idParameter = map[string]string{
	"user": "userId", "team": "teamId", "challenge": "challengeId", "targetCondition": "targetConditionId", "obstacle": "obstacleId",
	"cycle": "cycleId", "andon": "andonId", "metric": "metricId", "experiment": "experimentId", "note": "noteId",
	"theme": "themeId", "action": "actionId",
}

// verb changes a resource.
func (c *client) verb(kind, name, verb string, body map[string]any) (map[string]any, error) {
	if body == nil {
		body = map[string]any{}
	}
	return c.write(kind, http.MethodPost, "/v1/"+name+":"+verb, name, body)
}

// write sends one write until there is a definite answer, and keeps what came of it. Nothing that a client does here may be
// refused, but for being overtaken.
func (c *client) write(kind, method, path, name string, body map[string]any) (map[string]any, error) {
	if c.working.Err() != nil {
		return nil, errEnough
	}
	c.count++
	w := &write{
		ID: fmt.Sprintf("gameday-%d-%s-%d", c.seed, c.name, c.count), Client: c.name, Kind: kind,
		Method: method, Path: path, Body: body, Name: name, Sent: time.Now(),
	}
	a, tries, err := c.rest.until(c.asking, method, path, w.ID, body)
	w.Ended, w.Tries = time.Now(), tries
	if err == nil {
		w.Status, w.Answer, w.Replayed = a.status, a.body, a.replayed
	}
	if err := c.history.add(w); err != nil {
		c.findings.add("harness", "the history cannot be kept: %v", err)
	}
	switch {
	case w.unknown():
		c.findings.add("answers", "%s of %s has no definite answer %s after the end of all faults", kind, name, answerFor)
		return nil, err
	case !w.acknowledged() && a.reason() == "OBSTACLE_CURRENT_CHANGED":
		return a.body, errOvertaken
	case !w.acknowledged():
		c.findings.add("answers", "%s of %s was refused after %d tries: %d %s", kind, name, tries, a.status, a.reason())
		return nil, errRefused
	}
	c.acked.Add(1)
	if c.rng.IntN(20) == 0 {
		c.repeat(w)
	}
	return a.body, nil
}

// repeat sends a write that was acknowledged once more, with the same key: the answer must be the same, and say so.
func (c *client) repeat(w *write) {
	a, _, err := c.rest.until(c.asking, w.Method, w.Path, w.ID, w.Body)
	if err != nil {
		return
	}
	c.repeated.Add(1)
	if a.status != w.Status || !a.replayed || !reflect.DeepEqual(a.body, w.Answer) {
		c.findings.add("idempotency", "%s of %s: a repeat was answered with %d (replayed: %v) %v, first with %d %v", w.Kind, w.Name, a.status, a.replayed, a.body, w.Status, w.Answer)
	}
}

// subset tells whether everything that was sent is in what came back.
func subset(sent, got any) bool {
	object, ok := sent.(map[string]any)
	if !ok {
		return reflect.DeepEqual(plain(sent), plain(got))
	}
	back, ok := got.(map[string]any)
	if !ok {
		return false
	}
	for key := range maps.Keys(object) {
		if !subset(object[key], back[key]) {
			return false
		}
	}
	return true
}

// plain makes numbers comparable: JSON knows only one kind, and leaves out what is false.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case nil:
		return false
	}
	return v
}
