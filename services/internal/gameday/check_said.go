package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// alarming are messages that tell of what must never happen, however often processes die.
var alarming = []string{"panic", "does not follow", "put aside", "lost events", "EVENT_LOG_DAMAGED", "database disk image is malformed", `"code":"INTERNAL"`}

// checkSaid reads what the processes logged. It finds fault with alarming lines and returns those of level ERROR, which are for
// the reader to judge: a killed neighbour can be the cause.
func checkSaid(c *cluster, f *findings) (said []string, err error) {
	paths, err := filepath.Glob(filepath.Join(c.Dir, "logs", "*.log"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return said, err
		}
		for line := range bytes.Lines(text) {
			line = bytes.TrimSpace(line)
			var entry struct{ Level string }
			if json.Unmarshal(line, &entry) == nil && entry.Level == "ERROR" {
				said = append(said, filepath.Base(path)+": "+string(line))
			}
			for _, word := range alarming {
				if bytes.Contains(line, []byte(word)) {
					f.add("processes", "%s said: %s", filepath.Base(path), line)
					break
				}
			}
		}
	}
	return said, nil
}
