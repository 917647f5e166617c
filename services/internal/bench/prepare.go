package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// bench is a run in progress: the program with its data, and the floors.
type bench struct {
	options
	dir                  string
	program, floor, echo *process
	admin                string // address of the profiles, when they are wanted
	token                string
	api                  api
	created              atomic.Int64 // numbers the obstacles that were made by measurements
}

func (b *bench) dataDir() string { return filepath.Join(b.dir, "data") }

func (b *bench) stop() {
	b.program.stop()
	b.floor.stop()
	b.echo.stop()
}

// settings are the environment of a program with its data in dir. One caller sends everything, so it has no limit.
func settings(dir string) []string {
	return []string{"FORTNIGHT_HTTP_ADDR=127.0.0.1:0", "FORTNIGHT_DATA_DIR=" + dir, "FORTNIGHT_RATE_LIMIT=0", "FORTNIGHT_STREAM_LIMIT=0"}
}

// prepare fills the program, copies what it has for the floors, and starts all of them.
func (b *bench) prepare(ctx context.Context) error {
	began := time.Now()
	if err := seedLearnings(ctx, b.dataDir(), b.learnings); err != nil {
		return err
	}
	b.token = rand.Text()
	if err := b.startProgram(ctx, "FORTNIGHT_BOOTSTRAP_TOKEN="+b.token); err != nil {
		return err
	}
	started := time.Now()
	if err := b.enter(ctx); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	filled := time.Since(started)
	if err := b.awaitLearnings(ctx); err != nil {
		return err
	}
	projected := time.Since(started)
	if err := b.settle(ctx); err != nil {
		return err
	}
	b.program.stop()
	b.program = nil
	floors := filepath.Join(b.dir, "floor")
	if err := os.MkdirAll(floors, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"cycle", "knowledge"} {
		if err := copyFile(filepath.Join(b.dataDir(), name, name+".db"), filepath.Join(floors, name+".db")); err != nil {
			return err
		}
	}
	again := time.Now()
	if err := b.startProgram(ctx); err != nil {
		return err
	}
	restarted := time.Since(again)
	if err := b.settle(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.floor, err = start(self, nil, "-floor", floors); err != nil {
		return err
	}
	if b.echo, err = start(self, nil, "-floor", echoDir); err != nil {
		return err
	}
	fmt.Printf("\nprepared in %s: %d obstacles over REST in %s; %d learnings out of %d events projected and indexed within %s; start with all of it %d ms\n",
		time.Since(began).Round(100*time.Millisecond), b.obstacles, filled.Round(100*time.Millisecond), b.learnings,
		b.learnings/perRetrospective, projected.Round(100*time.Millisecond), restarted.Milliseconds())
	return nil
}

func (b *bench) startProgram(ctx context.Context, more ...string) error {
	environ := append(settings(b.dataDir()), more...)
	if b.profile != "" {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		b.admin = free.Addr().String()
		_ = free.Close() // the program takes it over
		environ = append(environ, "FORTNIGHT_ADMIN_ADDR="+b.admin)
	}
	var err error
	if b.program, err = start(b.binary, environ, "serve"); err != nil {
		return err
	}
	b.api = api{url: "http://" + b.program.addr, token: b.token}
	return b.program.ready(ctx)
}

// enter makes the team. The token is the one that the installation was given for its admin.
func (b *bench) enter(ctx context.Context) error {
	_, err := b.api.call(ctx, http.MethodPost, "/v1/teams?teamId="+benchTeam, "", object{"displayName": "Bench", "timeZone": "Europe/Berlin"}, nil)
	return err
}

// fill makes the obstacles over REST, many at a time.
func (b *bench) fill(ctx context.Context) error {
	var next atomic.Int64
	failed := make(chan error, fillers)
	var group sync.WaitGroup
	for range fillers {
		group.Go(func() {
			c, err := dial(b.program.addr)
			if err != nil {
				failed <- err
				return
			}
			defer c.close()
			for i := int(next.Add(1)) - 1; i < b.obstacles && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				status, body, err := c.do(post("/v1/teams/"+benchTeam+"/obstacles?obstacleId="+obstacleID(i), b.token, "fill-"+obstacleID(i),
					`{"description":"`+description(i)+`"}`))
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("an obstacle was answered by %d: %s", status, body)
				}
				if err != nil {
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

const fillers = 64

// awaitLearnings waits until the last seeded learning is found.
func (b *bench) awaitLearnings(ctx context.Context) error {
	last := fmt.Sprintf("n%06d", b.learnings-1)
	deadline := time.Now().Add(5 * time.Minute)
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		var answer struct {
			Results []struct{} `json:"results"`
		}
		if _, err := b.api.call(ctx, http.MethodGet, "/v1/learnings:search?query="+last, "", nil, &answer); err != nil {
			return err
		}
		if len(answer.Results) == 1 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the learning %s was not found within 5 minutes", last)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

// settle waits until the program has nothing left to do: what it projects in the background must not be counted against what is
// measured. It gives up waiting after two minutes, and where the system does not tell the CPU time it does not wait at all.
func (b *bench) settle(ctx context.Context) error {
	const look, quiet = 500 * time.Millisecond, 20 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	used := b.program.cpu()
	for deadline := time.Now().Add(2 * time.Minute); used > 0 && time.Now().Before(deadline); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		before := used
		if used = b.program.cpu(); used-before <= quiet {
			return nil
		}
	}
	return nil
}

// takeProfile writes a CPU profile of the program under the load of 8 callers, and what it has allocated, when they are wanted.
func (b *bench) takeProfile(ctx context.Context, title string, s side) error {
	if b.profile == "" {
		return nil
	}
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return err
	}
	length := max(2*time.Second, b.step)
	loaded := make(chan error, 1)
	go func() {
		_, err := turn(ctx, s.addr, 8, length+500*time.Millisecond, s.server, s.caller)
		loaded <- err
	}()
	name, _, _ := strings.Cut(strings.ToLower(title), " ")
	for _, one := range []struct{ query, file string }{
		{fmt.Sprintf("profile?seconds=%d", int(length.Seconds())), name + ".cpu.pprof"},
		{"allocs", name + ".allocs.pprof"}, // since the start
	} {
		if err := download(ctx, "http://"+b.admin+"/debug/pprof/"+one.query, filepath.Join(b.profile, one.file)); err != nil {
			return err
		}
	}
	return <-loaded
}

func download(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
