package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// alarming are messages that tell of what must never happen, however often processes die.
var alarming = []string{"panic", "does not follow", "put aside", "lost events", "EVENT_LOG_DAMAGED", "database disk image is malformed"}

// checkSaid reads what the processes logged. It counts the lines of level ERROR and finds fault with alarming ones.
func checkSaid(c *cluster, f *findings) (errors int, err error) {
	paths, err := filepath.Glob(filepath.Join(c.dir, "logs", "*.log"))
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return errors, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct{ Level string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Level == "ERROR" {
				errors++
			}
			for _, word := range alarming {
				if bytes.Contains(lines.Bytes(), []byte(word)) {
					f.add("processes", "%s said: %s", filepath.Base(path), lines.Text())
					break
				}
			}
		}
		if err := lines.Err(); err != nil {
			return errors, err
		}
	}
	return errors, nil
}
