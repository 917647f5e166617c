package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

// outage is a time without the knowledge service and the broker, in which everybody else goes on working.
type outage struct {
	c     *installation.Installation
	at    site
	gauge *installation.Gauge
	// id is the beginning of all names that it makes.
	id string
	// closed is how many retrospectives are closed meanwhile, each with a learning; parked how many obstacles are parked beside.
	closed, parked int
	// kill has the knowledge service killed while it catches up.
	kill bool

	events       int64
	took         time.Duration // to apply them, from the start of the two processes on
	appliedEvery time.Duration // from the first event that was seen to be applied to the last
	offers       int
}

const (
	knowledge = "knowledge"
	// alikeTeams are how many teams have an obstacle that alikeLearnings of the learnings are like; as many as a team is offered at once.
	alikeTeams, alikeLearnings = 4, 3
	publishers                 = 8
)

// catchUp takes the knowledge service and the broker away for as many events as a busy organisation makes in an hour, twice.
func (b *bench) catchUp(ctx context.Context) error {
	c, at, err := b.install(ctx, filepath.Join(b.dir, "outage"), 1)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Printf("\nKnowledge service and broker are away while others publish, then start together (goal: 5,000 events/s; nothing lost, nothing offered twice)\n\n")
	fmt.Printf("| knowledge service | events | learnings | offers | from the start of both s | events/s | while applying, events/s |\n|---|---|---|---|---|---|---|\n")
	for i, how := range []string{"left alone", "killed half-way"} {
		o := &outage{c: c, at: at, id: fmt.Sprintf("out%d", i), closed: b.closed, parked: b.parked, kill: i == 1}
		if err := o.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", how, err)
		}
		fmt.Printf("| %s | %d | %d | %d | %.2f | %.0f | %.0f |\n", how, o.events, o.closed, o.offers, o.took.Seconds(),
			float64(o.events)/o.took.Seconds(), float64(o.events)/o.appliedEvery.Seconds())
	}
	return nil
}

// play plays the outage, and checks what came of it.
func (o *outage) play(ctx context.Context) (err error) {
	o.gauge, err = installation.NewGauge(o.c, []string{knowledge}, func(service string) string { return service })
	if err != nil {
		return err
	}
	defer o.gauge.Close()
	if err := o.prepare(ctx); err != nil {
		return err
	}
	if err := o.at.settle(ctx); err != nil {
		return err
	}
	for _, name := range []string{installation.BrokerName, knowledge} {
		o.c.Processes[name].Kill()
	}
	if err := o.publish(ctx); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	behind, err := o.behind(ctx)
	if err != nil {
		return err
	}
	o.events = behind
	if err := o.recover(ctx); err != nil {
		return err
	}
	return o.check(ctx)
}

func (o *outage) behind(ctx context.Context) (n int64, err error) {
	lag, err := o.gauge.Lag(ctx)
	for _, events := range lag {
		n += events
	}
	return n, err
}

// prepare makes the teams that some of the learnings are for.
func (o *outage) prepare(ctx context.Context) error {
	for i := range alikeTeams {
		team := o.alike(i)
		for _, step := range []struct {
			path string
			body object
		}{
			{"/v1/teams?teamId=" + team, object{"displayName": team, "timeZone": "Europe/Berlin"}},
			{"/v1/teams/" + team + "/obstacles?obstacleId=one", object{"description": o.saying("gauge drifts when the valve warms")}},
		} {
			if _, err := o.at.api().call(ctx, http.MethodPost, step.path, "", step.body, nil); err != nil {
				return err
			}
		}
	}
	_, err := o.at.api().call(ctx, http.MethodPost, "/v1/teams?teamId="+o.id, "", object{"displayName": o.id, "timeZone": "Europe/Berlin"}, nil)
	return err
}

func (o *outage) alike(i int) string { return fmt.Sprintf("%s-alike-%d", o.id, i) }
func (o *outage) chain(i int) string { return fmt.Sprintf("%s-%05d", o.id, i) }
func (o *outage) word(i int) string  { return fmt.Sprintf("zq%s%05d", o.id, i) }

// saying is a text with two words that only this outage has.
func (o *outage) saying(text string) string { return "The glim" + o.id + " kess" + o.id + " " + text }

// claim is what the i-th retrospective has learned.
func (o *outage) claim(i int) string {
	if i < alikeLearnings {
		return o.saying("gauge drifts less, called " + o.word(i))
	}
	return "What was learned is called " + o.word(i)
}

// publish does what the organisation does meanwhile.
func (o *outage) publish(ctx context.Context) error {
	return inParallel(ctx, o.closed+o.parked, func(i int) error {
		if i >= o.closed {
			_, err := o.at.api().call(ctx, http.MethodPost, fmt.Sprintf("/v1/teams/%s/obstacles?obstacleId=%s", o.id, obstacleID(i)), "", object{"description": description(i)}, nil)
			return err
		}
		if err := reachDecide(ctx, o.at.api(), o.chain(i)); err != nil {
			return err
		}
		_, err := o.at.api().call(ctx, http.MethodPost, retrospectiveOf(o.chain(i))+":close", "",
			object{"learnings": []object{{"experiment": experimentOf(o.chain(i)), "claim": o.claim(i)}}}, nil)
		return err
	})
}

// inParallel does something n times, several at once, and returns the first error.
func inParallel(ctx context.Context, n int, do func(i int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, publishers)
	for range publishers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// errTooFast means that the service had caught up before it could be killed: publish more.
var errTooFast = errors.New("it had caught up before it could be killed")

// recover starts what was away, and waits until the knowledge service has applied everything.
func (o *outage) recover(ctx context.Context) error {
	began, first, killed := time.Now(), time.Time{}, false
	for _, name := range []string{installation.BrokerName, knowledge} {
		if err := o.c.Processes[name].Start(); err != nil {
			return err
		}
	}
	for {
		left, err := o.behind(ctx)
		if err != nil {
			return err
		}
		if first.IsZero() && left < o.events {
			first = time.Now()
		}
		if o.kill && !killed && left < o.events*2/3 {
			if left == 0 {
				return errTooFast
			}
			o.c.Processes[knowledge].Kill()
			killed = true
			if err := o.c.Processes[knowledge].Start(); err != nil {
				return err
			}
		}
		if left == 0 {
			o.took, o.appliedEvery = time.Since(began), max(time.Since(first), time.Millisecond)
			return nil
		}
		if time.Since(began) > 5*time.Minute {
			return fmt.Errorf("%d events are not applied after 5 minutes", left)
		}
		if !installation.Pause(ctx, 2*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// check reads what must be there: every learning is found, and each team that some of them are for was offered each of these once.
func (o *outage) check(ctx context.Context) error {
	if err := answers(ctx, o.at); err != nil {
		return err
	}
	if err := inParallel(ctx, o.closed, func(i int) error {
		var found struct {
			Results []struct{ Learning struct{ Claim string } }
		}
		if _, err := o.at.api().call(ctx, http.MethodGet, "/v1/learnings:search?pageSize=1&query="+o.word(i), "", nil, &found); err != nil {
			return err
		}
		if len(found.Results) != 1 || !strings.HasSuffix(found.Results[0].Learning.Claim, o.word(i)) {
			return fmt.Errorf("the learning called %s is not found: %+v", o.word(i), found)
		}
		return nil
	}); err != nil {
		return err
	}
	db, err := installation.Open(o.c.Database(knowledge, knowledge))
	if err != nil {
		return err
	}
	defer db.Close()
	const made = "select count(*) from event_log where event_type like '%.OfferMade'"
	const toOffer = "select count(*) from due where task = 'offer learning'"
	for tries := 0; ; tries++ {
		left, err := number(ctx, db, toOffer)
		if err == nil && left == 0 {
			break
		}
		if tries > 3000 || !installation.Pause(ctx, 20*time.Millisecond) {
			return fmt.Errorf("%d learnings wait to be offered: %w", left, err)
		}
	}
	for _, must := range []struct {
		what, query string
		be          int
	}{
		{"offers that were made twice", "select count(*) from (" + made + " group by aggregate_id having count(*) > 1)", 0},
		{"offers to the teams that the learnings are for", made + " and aggregate_id like 'teams/" + o.id + "-alike-%'", alikeTeams * alikeLearnings},
		{"events that were put aside", "select count(*) from quarantine", 0},
	} {
		got, err := number(ctx, db, must.query)
		if err != nil || got != must.be {
			return errors.Join(fmt.Errorf("%s: %d, not %d", must.what, got, must.be), err)
		}
	}
	o.offers = alikeTeams * alikeLearnings
	return nil
}

func number(ctx context.Context, db *sql.DB, query string) (n int, err error) {
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
