package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// write is one write of a client, from its first try to its end.
type write struct {
	ID     string         `json:"id"`
	Client string         `json:"client"`
	Kind   string         `json:"kind"`
	Method string         `json:"method"`
	Path   string         `json:"path"`
	Body   any            `json:"body,omitempty"`
	Name   string         `json:"name"` // the resource that it changes
	Sent   time.Time      `json:"sent"`
	Ended  time.Time      `json:"ended"`
	Tries  int            `json:"tries"`
	Status int            `json:"status,omitempty"` // 0 when the outcome stayed unknown
	Answer map[string]any `json:"answer,omitempty"`
	// Replayed tells that the answer was one given before, to a try that did not get it.
	Replayed bool `json:"replayed,omitempty"`
}

// acknowledged tells whether the client was told that the write is done.
func (w *write) acknowledged() bool { return w.Status >= 200 && w.Status < 300 }

// unknown tells whether the client was told nothing.
func (w *write) unknown() bool { return w.Status == 0 }

// version is the aggregate's version after the write, as the answer's etag tells; 0 when it tells none.
func (w *write) version() int64 {
	_, number, found := strings.Cut(strings.Trim(text(w.Answer, "etag"), `"`), "-")
	version, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0
	}
	return version
}

// history keeps all writes, in memory and in a file, line by line.
type history struct {
	mu     sync.Mutex
	writes []*write
	file   *os.File
	lines  *bufio.Writer
}

func newHistory(path string) (*history, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &history{file: file, lines: bufio.NewWriter(file)}, nil
}

func (h *history) add(w *write) error {
	line, err := json.Marshal(w)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writes = append(h.writes, w)
	_, err = h.lines.Write(append(line, '\n'))
	return err
}

// note keeps a line that is no write, such as a fault.
func (h *history) note(what map[string]any) error {
	line, err := json.Marshal(what)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err = h.lines.Write(append(line, '\n'))
	return err
}

func (h *history) all() []*write {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.writes
}

func (h *history) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.lines.Flush(); err != nil {
		return err
	}
	return h.file.Close()
}
