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
	now   time.Time
	today time.Time // now as UTC has it
	step  int
	// tokens are those of members who do something in their own name.
	tokens map[string]string
}

// newClient gives up on an answer that does not come.
func newClient() *http.Client { return &http.Client{Timeout: 20 * time.Second} }

// body is what a step sends: a JSON object, or CSV as a string.
type body = map[string]any

// step is one step of the story.
type step struct {
	path    string
	content any
}

// post makes one step of the story.
func (t *teller) post(ctx context.Context, path string, content any) error {
	return t.make(ctx, http.MethodPost, path, content)
}

// patch makes a step that changes something.
func (t *teller) patch(ctx context.Context, path string, content any) error {
	return t.make(ctx, http.MethodPatch, path, content)
}

func (t *teller) make(ctx context.Context, method, path string, content any) error {
	t.step++
	_, _, err := t.send(ctx, method, path, fmt.Sprintf("demo-%d", t.step), content)
	return err
}

// postAll makes steps one after the other.
func (t *teller) postAll(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		if err := t.post(ctx, s.path, s.content); err != nil {
			return err
		}
	}
	return nil
}

// inOrder tells parts of the story until one fails.
func inOrder(ctx context.Context, parts ...func(context.Context) error) error {
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// send answers the status, and the body of a success.
func (t *teller) send(ctx context.Context, method, path, key string, content any) (int, []byte, error) {
	contentType, payload := "application/json", []byte(nil)
	switch content := content.(type) {
	case nil:
	case string:
		contentType, payload = "text/csv", []byte(content)
	default:
		var err error
		if payload, err = json.Marshal(content); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, t.url+"/v1/"+path, bytes.NewReader(payload))
	if err != nil {
		return 0, nil, err
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
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return resp.StatusCode, nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode, nil, fmt.Errorf("%s %s answered %s: %s", method, path, resp.Status, strings.TrimSpace(string(answer)))
	}
	return resp.StatusCode, answer, nil
}

// drafted is the name of the cycle that a team has planned next.
func (t *teller) drafted(ctx context.Context, team string) (string, error) {
	_, answer, err := t.send(ctx, http.MethodGet, "teams/"+team+"/cycles?states=CYCLE_STATE_DRAFT", "", nil)
	if err != nil {
		return "", err
	}
	var list struct {
		Cycles []struct {
			Name string `json:"name"`
		} `json:"cycles"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return "", err
	}
	if len(list.Cycles) == 0 {
		return "", fmt.Errorf("the team %s has no drafted cycle", team)
	}
	return list.Cycles[0].Name, nil
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
		status, _, err := t.send(ctx, http.MethodPost, cycle+":advance", fmt.Sprintf("demo-%d", t.step), body{"phase": "PHASE_" + phase})
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
