package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// launcher starts child processes, all from one thread that never ends: the kernel ends a child when the thread that
// started it does, not when the program does.
type launcher struct{ starts chan launch }

type launch struct {
	command *exec.Cmd
	started chan error
}

func newLauncher() *launcher {
	l := &launcher{starts: make(chan launch)}
	go func() {
		runtime.LockOSThread()
		for s := range l.starts {
			s.started <- s.command.Start()
		}
	}()
	return l
}

func (l *launcher) start(command *exec.Cmd) error {
	s := launch{command, make(chan error, 1)}
	l.starts <- s
	return <-s.started
}

// process is one program of the installation, which is started again and again. It is only ever ended through its own
// handle, never by name.
type process struct {
	name     string
	path     string
	args     []string
	env      []string
	log      string
	launcher *launcher
	// fell is told when the process ended although nobody ended it.
	fell func(name, how string)

	mu      sync.Mutex
	current *instance
	retired bool // it is not started again
}

// instance is one life of a process.
type instance struct {
	command *exec.Cmd
	asked   bool // we ended it
	ended   chan struct{}
}

// start begins a life. A process that lives already stays as it is.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil || p.retired {
		return nil
	}
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command := exec.Command(p.path, p.args...)
	command.Env, command.Stdout, command.Stderr, command.Dir = p.env, output, output, filepath.Dir(p.log)
	command.SysProcAttr = childAttributes()
	if err := p.launcher.start(command); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	i := &instance{command: command, ended: make(chan struct{})}
	p.current = i
	go p.watch(i)
	return nil
}

// watch reaps an instance. One that ended by itself is told and started again, so that the run can go on.
func (p *process) watch(i *instance) {
	err := i.command.Wait()
	p.mu.Lock()
	asked := i.asked
	if p.current == i {
		p.current = nil
	}
	p.mu.Unlock()
	close(i.ended)
	if asked {
		return
	}
	p.fell(p.name, fmt.Sprintf("%v\n%s", err, lastLines(p.log, 5)))
	time.Sleep(200 * time.Millisecond)
	if err := p.start(); err != nil {
		p.fell(p.name, err.Error())
	}
}

// kill ends the process by SIGKILL and waits until it is gone, with its locks and ports.
func (p *process) kill() { p.end(syscall.SIGKILL, 0) }

// retire ends the process for good.
func (p *process) retire() {
	p.mu.Lock()
	p.retired = true
	p.mu.Unlock()
	p.kill()
}

// stop asks the process to end and kills it after the grace.
func (p *process) stop(grace time.Duration) { p.end(syscall.SIGTERM, grace) }

func (p *process) end(signal syscall.Signal, grace time.Duration) {
	p.mu.Lock()
	i := p.current
	if i != nil {
		i.asked = true
	}
	p.mu.Unlock()
	if i == nil {
		return
	}
	_ = i.command.Process.Signal(signal) // it fails only when the process has just ended
	if grace > 0 {
		select {
		case <-i.ended:
			return
		case <-time.After(grace):
			_ = i.command.Process.Kill()
		}
	}
	<-i.ended
}

// lastLines is the end of a log, for a report.
func lastLines(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}
