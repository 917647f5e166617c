// Package demo tells the story of three teams through the public REST API, with dates around today, so that an
// installation can be looked at before anybody has entered anything.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// teller posts the story step by step. Every step has its own Idempotency-Key, so that a story that was cut short goes on
// where it stopped.
type teller struct {
	http  *http.Client
	url   string // without /v1
	token string
	today time.Time
	step  int
}

// newClient gives up on an answer that does not come.
func newClient() *http.Client { return &http.Client{Timeout: 20 * time.Second} }

// day is so many days from today, `YYYY-MM-DD`.
func (t *teller) day(offset int) string { return t.today.AddDate(0, 0, offset).Format(time.DateOnly) }

// body is what a step sends: a JSON object, or CSV as a string.
type body = map[string]any

// post makes one step of the story.
func (t *teller) post(ctx context.Context, path string, content any) error {
	t.step++
	_, err := t.send(ctx, http.MethodPost, path, fmt.Sprintf("demo-%d", t.step), content)
	return err
}

func (t *teller) send(ctx context.Context, method, path, key string, content any) (int, error) {
	contentType, payload := "application/json", []byte(nil)
	switch content := content.(type) {
	case nil:
	case string:
		contentType, payload = "text/csv", []byte(content)
	default:
		var err error
		if payload, err = json.Marshal(content); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, t.url+"/v1/"+path, bytes.NewReader(payload))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	if payload != nil {
		req.Header.Set("Content-Type", contentType)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", `"`+key+`"`)
	}
	resp, err := t.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode, fmt.Errorf("%s %s answered %s: %s", method, path, resp.Status, strings.TrimSpace(string(answer)))
	}
	return resp.StatusCode, nil
}

// pass advances a cycle through the gate after phase. What the gate needs may still be on its way as an event, so a shut
// gate is tried again for a moment.
func (t *teller) pass(ctx context.Context, cycle, phase string) error {
	t.step++
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	patience := time.NewTimer(5 * time.Second)
	defer patience.Stop()
	for {
		status, err := t.send(ctx, http.MethodPost, cycle+":advance", fmt.Sprintf("demo-%d", t.step), body{"phase": "PHASE_" + phase})
		if err == nil || status != http.StatusBadRequest {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return err
		case <-wait.C:
		}
	}
}
