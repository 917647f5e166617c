package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"
)

// apart is how long there is nothing to do between two chains, so that the other services, which hear of each as well, are done.
const apart = 25 * time.Millisecond

// site is where the propagation is measured.
type site struct {
	addr, token string
	// settle waits until nothing is left to do.
	settle func(context.Context) error
}

func (s site) api() api { return api{url: "http://" + s.addr, token: s.token} }

// propagation measures in the program as one process.
func (b *bench) propagation(ctx context.Context) error {
	return b.propagate(ctx, site{b.program.addr, b.token, b.settle}, "everything in one process (goal: p99 250 ms)")
}

// propagate closes retrospectives and measures until another service finds what was learned: commit, relay, stream, consumer,
// projection, index, search, all over REST.
func (b *bench) propagate(ctx context.Context, at site, where string) error {
	if err := inParallel(ctx, b.chains, func(i int) error { return reachDecide(ctx, at.api(), chain(i)) }); err != nil {
		return err
	}
	if err := at.settle(ctx); err != nil {
		return err
	}
	c, err := dial(at.addr)
	if err != nil {
		return err
	}
	defer c.close()
	var whole, after []time.Duration
	for i := range b.chains {
		retrospective, experiment := retrospectiveOf(chain(i)), experimentOf(chain(i))
		word := fmt.Sprintf("zq%06d", i)
		closing := post(retrospective+":close", at.token, "close-"+word,
			fmt.Sprintf(`{"learnings":[{"experiment":%q,"claim":"What was learned is called %s"}]}`, experiment, word))
		searching := get("/v1/learnings:search?query="+word, at.token)
		began := time.Now()
		status, body, err := c.do(closing)
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("closing %s: %w", retrospective, orRefused(err, status, body))
		}
		answered := time.Now()
		for !bytes.Contains(body, []byte(`called «`+word)) {
			if status, body, err = c.do(searching); err != nil || status != http.StatusOK {
				return fmt.Errorf("searching: %w", orRefused(err, status, body))
			}
			if time.Since(answered) > 10*time.Second {
				return fmt.Errorf("%s was not found within 10 s", word)
			}
		}
		whole, after = append(whole, time.Since(began)), append(after, time.Since(answered))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(apart):
		}
	}
	fmt.Printf("\nPropagation: a retrospective is closed over REST until a search over REST finds its learning; %s\n\n", where)
	fmt.Printf("| from | chains | p50 ms | p99 ms | longest ms |\n|---|---|---|---|---|\n")
	for _, row := range []struct {
		from  string
		times []time.Duration
	}{{"request sent", whole}, {"answer received", after}} {
		s := summarize(row.times)
		fmt.Printf("| %s | %d | %.2f | %.2f | %.2f |\n", row.from, s.requests, milliseconds(s.p50), milliseconds(s.p99), milliseconds(s.max))
	}
	return nil
}

func orRefused(err error, status int, body []byte) error {
	if err != nil {
		return err
	}
	return refused(status, body)
}

// chain is the team of the i-th chain; it has one cycle with one experiment.
func chain(i int) string { return fmt.Sprintf("chain-%04d", i) }

func cycleOf(team string) string         { return "/v1/teams/" + team + "/cycles/first" }
func retrospectiveOf(team string) string { return cycleOf(team) + "/retrospective" }
func experimentOf(team string) string    { return "teams/" + team + "/cycles/first/experiments/only" }

// reachDecide brings a new team to the point where its retrospective can be closed. Its coach passes the gates, which are not
// what is measured.
func reachDecide(ctx context.Context, at api, team string) error {
	cycle, retrospective := cycleOf(team), retrospectiveOf(team)
	for _, step := range []struct {
		path string
		body object
	}{
		{"/v1/teams?teamId=" + team, object{"displayName": team, "timeZone": "Europe/Berlin"}},
		{"/v1/teams/" + team + "/cycles?cycleId=first", object{"displayName": "First"}},
		{cycle + "/experiments?experimentId=only", object{"displayName": "Only"}},
		{cycle + "/experiments/only:abandon", object{"reason": "It was begun too late, which taught us something"}},
		{cycle + ":advance", object{"phase": "PHASE_PLAN", "coachReason": "Measuring"}},
		{cycle + ":advance", object{"phase": "PHASE_DO", "coachReason": "Measuring"}},
		{cycle + ":advance", object{"phase": "PHASE_CHECK", "coachReason": "Measuring"}},
		{retrospective + ":open", object{}},
		{retrospective + ":move", object{"stage": "STAGE_DECIDE", "currentStage": "STAGE_COLLECT"}},
	} {
		if _, err := at.call(ctx, http.MethodPost, step.path, "", step.body, nil); err != nil {
			return err
		}
	}
	return nil
}
