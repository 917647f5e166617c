package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// errRefused is what a socket answers that nobody listens on.
var errRefused = syscall.ECONNREFUSED

// restClient asks a running program over REST, as the scripts under examples/ do.
type restClient struct{ url, token string }

// newRESTClient reads FORTNIGHT_URL and FORTNIGHT_TOKEN.
func newRESTClient() (*restClient, error) {
	c := &restClient{url: strings.TrimSuffix(cmp.Or(os.Getenv("FORTNIGHT_URL"), "http://127.0.0.1:8080"), "/"), token: os.Getenv("FORTNIGHT_TOKEN")}
	if c.token == "" {
		return nil, errors.New("set FORTNIGHT_TOKEN to the token of an admin; `fortnight token create USER --admin` makes one")
	}
	return c, nil
}

const (
	restTimeout = time.Minute
	maxAnswer   = 16 << 20
)

// post sends a message and reads the answer into another one.
func (c *restClient) post(ctx context.Context, path string, request, answer proto.Message) error {
	body, err := protojson.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, restTimeout)
	defer cancel()
	answered, err := c.send(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = answered.Close() }()
	text, err := io.ReadAll(io.LimitReader(answered, maxAnswer))
	if err != nil {
		return err
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, answer)
}

// send sends a request, with JSON when it has a body, and returns the body of the answer, to be closed. A refusal is an error.
func (c *restClient) send(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	return c.sendAs(ctx, method, path, "application/json", body)
}

// sendAs is send with a body of a media type.
func (c *restClient) sendAs(ctx context.Context, method, path, media string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", media)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer (set FORTNIGHT_URL to where Fortnight runs): %w", c.url, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what there is of it helps
		return nil, problemOf(resp.Status, text)
	}
	return resp.Body, nil
}

// problemOf is a refusal as people read it.
func problemOf(status string, text []byte) error {
	var problem struct {
		Detail     string `json:"detail"`
		Violations []struct {
			Field       string `json:"field"`
			Description string `json:"description"`
		} `json:"violations"`
	}
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		return errors.New("the answer was " + status)
	}
	said := problem.Detail
	for _, v := range problem.Violations {
		if v.Description != problem.Detail {
			said += "\n  " + v.Field + ": " + v.Description
		}
	}
	return errors.New(said)
}

// postJSON sends one value and reads another.
func postJSON(ctx context.Context, client *http.Client, url string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New("it said " + resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer)
}
