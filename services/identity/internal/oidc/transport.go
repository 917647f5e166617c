package oidc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// maxAnswer is the largest answer of a provider that is read, in bytes.
const maxAnswer = 1 << 20

var errTooLarge = errors.New("the provider's answer is larger than 1 MiB")

// httpClient is a client that asks nobody but the provider, reads no more than it can hold, and never waits for long. It
// follows no redirect, for a secret goes with some requests, and knows no proxy from the environment.
func httpClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &carefulTransport{next: &http.Transport{
			TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 4,
			IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type carefulTransport struct{ next http.RoundTripper }

// RoundTrip refuses to send anything that could be read on the way, and bounds what comes back.
func (t *carefulTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !domain.Trusted(r.URL) {
		return nil, fmt.Errorf("the provider names an address without TLS: %s", r.URL.Redacted())
	}
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.ContentLength > maxAnswer {
		_ = answer.Body.Close()
		return nil, errTooLarge
	}
	if r.Method == http.MethodGet && answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		answer.Body = http.NoBody // what the provider has to say then would only end in a log
		return answer, nil
	}
	answer.Body = &boundedBody{body: answer.Body, left: maxAnswer}
	return answer, nil
}

// boundedBody fails where a longer answer would go on: one that was cut off must not pass for a whole one.
type boundedBody struct {
	body io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }
