package installation

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

// Launcher starts child processes, all from one thread that never ends: the kernel ends a child when the thread that
// started it does, not when the program does.
type Launcher struct{ starts chan launch }

type launch struct {
	command *exec.Cmd
	started chan error
}

// NewLauncher begins with nothing.
func NewLauncher() *Launcher {
	l := &Launcher{starts: make(chan launch)}
	go func() {
		runtime.LockOSThread()
		for s := range l.starts {
			s.started <- s.command.Start()
		}
	}()
	return l
}

func (l *Launcher) start(command *exec.Cmd) error {
	s := launch{command, make(chan error, 1)}
	l.starts <- s
	return <-s.started
}

// Process is one program of the installation, which is started again and again. It is only ever ended through its own
// handle, never by name.
type Process struct {
	// Name tells it from the others.
	Name string
	// Log is the file with what it prints.
	Log string

	path     string
	args     []string
	env      []string
	launcher *Launcher
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

// Start begins a life. A process that lives already stays as it is.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil || p.retired {
		return nil
	}
	output, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command := exec.Command(p.path, p.args...)
	command.Env, command.Stdout, command.Stderr, command.Dir = p.env, output, output, filepath.Dir(p.Log)
	command.SysProcAttr = childAttributes()
	if err := p.launcher.start(command); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	i := &instance{command: command, ended: make(chan struct{})}
	p.current = i
	go p.watch(i)
	return nil
}

// watch reaps an instance. One that ended by itself is told and started again, so that the run can go on.
func (p *Process) watch(i *instance) {
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
	p.fell(p.Name, fmt.Sprintf("%v\n%s", err, LastLines(p.Log, 5)))
	time.Sleep(200 * time.Millisecond)
	if err := p.Start(); err != nil {
		p.fell(p.Name, err.Error())
	}
}

// Kill ends the process by SIGKILL and waits until it is gone, with its locks and ports.
func (p *Process) Kill() { p.end(syscall.SIGKILL, 0) }

// Retire ends the process for good.
func (p *Process) Retire() {
	p.mu.Lock()
	p.retired = true
	p.mu.Unlock()
	p.Kill()
}

// Stop asks the process to end and kills it after the grace.
func (p *Process) Stop(grace time.Duration) { p.end(syscall.SIGTERM, grace) }

func (p *Process) end(signal syscall.Signal, grace time.Duration) {
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

// LastLines is the end of a log, for a report.
func LastLines(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}
