package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that was started for the benchmark.
type process struct {
	command *exec.Cmd
	// addr is where it answers, host:port.
	addr string
	// ended is closed when it has ended; result is how.
	ended  chan struct{}
	result error
}

// servingAt finds the address in what the program prints.
var servingAt = regexp.MustCompile(`http://([0-9.]+:[0-9]+)`)

// start runs a server until stop and waits until it has said where it answers. Its errors go to stderr.
func start(binary string, environ []string, arguments ...string) (*process, error) {
	command := exec.Command(binary, arguments...)
	command.Env = append(withoutSettings(os.Environ()), environ...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the benchmark is not theirs: stop ends them in order
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, ended: make(chan struct{})}
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if found := servingAt.FindStringSubmatch(lines.Text()); found != nil && p.addr == "" {
				p.addr = found[1]
				said <- p.addr
			}
		}
		_, _ = io.Copy(io.Discard, out) // a line that is too long for the scanner must not block the program
		p.result = command.Wait()
		close(p.ended)
	}()
	select {
	case <-said:
		return p, nil
	case <-p.ended:
		if p.result == nil {
			return nil, errors.New(binary + " ended before it answered")
		}
		return nil, fmt.Errorf("%s ended before it answered: %w", binary, p.result)
	case <-time.After(time.Minute):
		p.stop()
		return nil, errors.New(binary + " did not say where it answers")
	}
}

// withoutSettings drops the settings of whoever runs the benchmark.
func withoutSettings(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "FORTNIGHT_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// stop ends the process in order, and by force after half a minute.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// ready waits until /readyz answers 200.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		if p.isReady(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.addr, ctx.Err())
		case <-poll.C:
		}
	}
}

func (p *process) isReady(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// cpu is the CPU time that the process has used, all threads, user and system; 0 where /proc does not tell.
func (p *process) cpu() time.Duration {
	if p == nil {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	// The name of the program stands in brackets and may hold spaces; fields 14 and 15 are user and system time.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

// memory is the resident memory in bytes, 0 where /proc does not tell.
func (p *process) memory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
