// Command gameday proves that nothing is lost: it runs the real processes of an installation, kills them at random under
// load, takes the broker's disk away, and then checks every acknowledged write and every event. See docs/gameday.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

type options struct {
	duration time.Duration
	clients  int
	seed     uint64
	converge time.Duration
	keep     bool
}

const (
	longRun  = 10 * time.Minute
	shortRun = 30 * time.Second
)

func main() {
	var o options
	short := flag.Bool("short", false, "about a minute in all")
	flag.DurationVar(&o.duration, "duration", longRun, "how long load and faults last")
	flag.IntVar(&o.clients, "clients", 6, "how many clients write")
	flag.Uint64Var(&o.seed, "seed", 0, "what decides the faults and the writes; 0 chooses one")
	flag.DurationVar(&o.converge, "converge", 5*time.Second, "how long the consumers may take after the last fault")
	flag.BoolVar(&o.keep, "keep", false, "keep the work directory after a good run")
	flag.Parse()
	if *short {
		o.duration = shortRun
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) + 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := play(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gameday:", err)
		os.Exit(1)
	}
}

// play is the whole game day.
func play(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "fortnight-gameday-")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil && !o.keep {
			err = os.RemoveAll(dir)
			return
		}
		fmt.Fprintf(out, "\nThe work directory is kept: %s\n(history.jsonl, logs/ and data/ of the run; control/ of the control). The same faults again: -seed %d\n", dir, o.seed)
	}()
	fmt.Fprintf(out, "Game day: seed %d, %s of load and faults, %d clients\n", o.seed, o.duration, o.clients)
	step(out, "building fortnight and nats-server")
	programs, err := installation.Build(ctx, dir)
	if err != nil {
		return err
	}
	f, launcher := newFindings(out), installation.NewLauncher()
	r := &run{options: o, out: out, dir: dir, findings: f}
	if err := r.play(ctx, programs, launcher); err != nil {
		return err
	}
	step(out, "control: the same without filling, which must not heal")
	r.control, err = runControl(ctx, dir, programs, launcher, f)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	r.print()
	if n := f.total(); n > 0 {
		return errors.New(plural(n, "violation"))
	}
	return nil
}

func step(out io.Writer, format string, args ...any) {
	fmt.Fprintf(out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// run is the main run and what came of it.
type run struct {
	options
	out      io.Writer
	dir      string
	findings *findings

	writes                     []*write
	faults                     *faults
	repeated                   int64
	settled, rested, rebuilt   time.Duration
	read, readings             int
	events, matched, projected int
	offered                    int
	said                       []string // lines of level ERROR
	control                    controlResult
}

func (r *run) play(ctx context.Context, programs programs, launcher *launcher) error {
	c, err := newCluster(r.dir, programs, launcher, r.findings)
	if err != nil {
		return err
	}
	defer c.Close()
	step(r.out, "starting %d processes", len(c.Names()))
	if err := c.Start(ctx, c.Names()...); err != nil {
		return err
	}
	api, err := admit(ctx, c)
	if err != nil {
		return err
	}
	h, err := newHistory(filepath.Join(r.dir, "history.jsonl"))
	if err != nil {
		return err
	}
	if err := r.attack(ctx, c, api, h); err != nil {
		return errors.Join(err, h.close())
	}
	if err := h.close(); err != nil {
		return err
	}
	r.writes = h.all()
	return r.check(ctx, c, api)
}

// attack runs load and faults, and waits until the consumers are level afterwards.
func (r *run) attack(ctx context.Context, c *cluster, api *rest, h *history) error {
	l := &load{rest: api, history: h, findings: r.findings, seed: r.seed}
	setup := &client{load: l, name: "setup", rng: rand.New(rand.NewPCG(r.seed, 0)), working: ctx, asking: ctx}
	if _, err := setup.createAs("team", "", "teams", "shared", map[string]any{"displayName": "Everybody", "timeZone": "UTC"}); err != nil {
		return err
	}
	g, err := installation.NewGauge(c, slices.Collect(maps.Keys(consumes)), func(service string) string { return service })
	if err != nil {
		return err
	}
	defer g.Close()
	r.faults = newFaults(c, h, r.findings, r.seed)
	working, cancel := context.WithTimeout(ctx, r.duration)
	defer cancel()
	loaded, faulted := make(chan struct{}), make(chan struct{})
	go func() { defer close(loaded); l.run(working, r.clients) }()
	go func() { defer close(faulted); r.faults.run(working) }()
	go r.progress(working, l)
	<-faulted
	last := time.Now()
	<-loaded
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.repeated = l.repeated.Load()
	answered := time.Since(last)
	slowest := ""
	took, behind, err := g.Settle(ctx, 30*time.Second, func(after time.Duration, behind map[string]int64) {
		if len(behind) > 0 {
			slowest = installation.Describe(behind)
		}
		if err := h.note(map[string]any{"settling": (answered + after).Seconds(), "behind": behind}); err != nil {
			r.findings.add("harness", "the history cannot be kept: %v", err)
		}
	})
	r.settled = answered + took
	step(r.out, "the last answer came %.2f s after the last fault, all consumers were level %.2f s after it (last: %s)", answered.Seconds(), r.settled.Seconds(), slowest)
	switch {
	case err != nil:
		return err
	case len(behind) > 0:
		r.findings.add("convergence", "30 s after the last answer consumers are behind: %s", installation.Describe(behind))
	case r.settled > r.converge:
		r.findings.add("convergence", "the consumers were level %.2f s after the last fault, which is later than %s", r.settled.Seconds(), r.converge)
	}
	return r.rest(ctx, g, last)
}

// restFor is how long what is due after a commit may take: a task that could not reach another service tries again within a minute.
const restFor = 90 * time.Second

// rest waits until the knowledge service has done what the last events made due, so that nothing is written any more.
func (r *run) rest(ctx context.Context, g *installation.Gauge, last time.Time) error {
	_, left, err := g.Rest(ctx, restFor)
	r.rested = time.Since(last)
	if len(left) > 0 {
		r.findings.add("due", "%s after the consumers were level there is still something to do: %s", restFor, installation.Describe(left))
	}
	step(r.out, "all that was due was done %.2f s after the last fault", r.rested.Seconds())
	return err
}

func (r *run) progress(ctx context.Context, l *load) {
	every := max(5*time.Second, r.duration/20)
	for pause(ctx, every) {
		kills, wipes := r.faults.counts()
		step(r.out, "%d writes acknowledged, %d kills, %d wipes, %s", l.acked.Load(), kills, wipes, plural(r.findings.total(), "violation"))
	}
}

// check is K: nothing fails any more, and everything that was promised must be there.
func (r *run) check(ctx context.Context, c *cluster, api *rest) error {
	step(r.out, "reading back what was acknowledged")
	reading := &reader{rest: api, findings: r.findings}
	reading.creates(ctx, r.writes)
	r.read, r.readings = int(reading.read.Load()), reading.measurements(ctx, r.writes)

	step(r.out, "projecting the logs anew")
	var err error
	if r.rebuilt, err = rebuild(ctx, c); err != nil {
		r.findings.add("projections", "a projection from nothing: %v", err)
	}
	states, err := readStates(ctx, c, services, func(service string) string { return service })
	if err != nil {
		return err
	}
	reading.report(ctx, states)
	checkLearnings(states, reading.learnings(ctx), r.findings)
	checkReminders(states, reading.reminders(ctx, r.teams()), r.findings)

	step(r.out, "stopping, and reading the databases")
	c.Each(c.Names(), r.stopWell)
	c.Each([]string{freshName("knowledge"), freshName("report"), freshName("notification")}, r.stopWell)
	if states, err = readStates(ctx, c, services, func(service string) string { return service }); err != nil {
		return err
	}
	fresh, err := readStates(ctx, c, projections, freshName)
	if err != nil {
		return err
	}
	r.events = checkStorage(states, r.findings)
	checkCursors(states, r.findings)
	r.matched = checkEvents(states, r.writes, r.findings)
	r.projected = checkProjections(states, fresh, r.findings)
	r.offered = checkOffers(states["knowledge"], fresh["knowledge"], r.findings)
	seconds := int(r.duration.Seconds())
	checkFaults(r.faults, c.Names(), max(1, seconds/30), seconds*100/60, r.findings)
	r.said, err = checkSaid(c, r.findings)
	return err
}

// stopWell asks a process to end, and finds fault with one that does not.
func (r *run) stopWell(p *process) {
	const grace = 15 * time.Second
	begun := time.Now()
	p.Stop(grace)
	if time.Since(begun) >= grace {
		r.findings.add("processes", "%s did not end within %s of SIGTERM", p.Name, grace)
	}
}

// teams are all teams that were made.
func (r *run) teams() (names []string) {
	for _, w := range r.writes {
		if w.Kind == "team" && w.acknowledged() {
			names = append(names, w.Name)
		}
	}
	return names
}

func readStates(ctx context.Context, c *cluster, of []string, processOf func(string) string) (map[string]*state, error) {
	states := map[string]*state{}
	for _, service := range of {
		s, err := readState(ctx, service, c.Database(processOf(service), service))
		if err != nil {
			return nil, err
		}
		states[service] = s
	}
	return states, nil
}

// print is the table of results.
func (r *run) print() {
	acked, tries, replayed, unknown := 0, 0, 0, 0
	for _, w := range r.writes {
		tries += w.Tries
		switch {
		case w.acknowledged():
			acked++
		case w.unknown():
			unknown++
		}
		if w.Replayed {
			replayed++
		}
	}
	kills, wipes := r.faults.counts()
	var each []string
	for _, name := range slices.Sorted(maps.Keys(r.faults.kills)) {
		each = append(each, fmt.Sprintf("%s %d", name, r.faults.kills[name]))
	}
	fmt.Fprintf(r.out, "\n%d kills (%.0f a minute): %s; %d of them with the broker's disk wiped\n",
		kills, float64(kills)/r.duration.Minutes(), strings.Join(each, ", "), wipes)
	fmt.Fprintf(r.out, "%d writes acknowledged in %d tries, %d without a definite answer; %d answers had been given to a try that did not get them\n\n", acked, tries, unknown, replayed)
	table := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHECK\tSEEN\tVIOLATIONS")
	for _, line := range []struct{ check, seen string }{
		{"answers", fmt.Sprintf("%d writes: each acknowledged in the end, none refused", len(r.writes))},
		{"idempotency", fmt.Sprintf("%d answers asked for again were the same", r.repeated)},
		{"readable", fmt.Sprintf("%d created resources and %d readings read back over REST", r.read, r.readings)},
		{"acknowledged", fmt.Sprintf("%d acknowledged writes have their one event", r.matched)},
		{"doubled", fmt.Sprintf("%d events: none twice, none that nobody asked for", r.events)},
		{"logs", fmt.Sprintf("%d logs without a hole, chains verified", len(services))},
		{"state and log", "versions of all aggregates = numbers of their events"},
		{"cursors", "every consumer at the end of its sources"},
		{"quarantine", "empty"},
		{"convergence", fmt.Sprintf("%.2f s after the last fault (%s at most)", r.settled.Seconds(), r.converge)},
		{"due", fmt.Sprintf("all that was due was done %.2f s after the last fault", r.rested.Seconds())},
		{"offers", fmt.Sprintf("%d offers: each made once, and the same ones as by a knowledge service that began with nothing", r.offered)},
		{"projections", fmt.Sprintf("%d rows equal to a projection from nothing (built in %.2f s)", r.projected, r.rebuilt.Seconds())},
		{"report", "counts of the learning report = counts in the logs"},
		{"integrity", "integrity_check and foreign_key_check of every database"},
		{"processes", fmt.Sprintf("none ended by itself, all stopped when asked (%s of level ERROR, below)", plural(len(r.said), "line"))},
		{"faults", fmt.Sprintf("%d kills, %d wipes", kills, wipes)},
		{"control", fmt.Sprintf("without filling behind for %s: %s; with it level in %.2f s", controlFor, installation.Describe(r.control.behind), r.control.after.Seconds())},
		{"harness", "history kept"},
	} {
		fmt.Fprintf(table, "%s\t%s\t%d\n", line.check, line.seen, r.findings.of(line.check))
	}
	_ = table.Flush() // to a terminal
	for _, line := range r.said[:min(len(r.said), maxShown)] {
		fmt.Fprintln(r.out, line)
	}
}
