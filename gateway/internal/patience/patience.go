// Package patience is for bodies and answers of any length: each read and each write has a time of its own, where the server's limits are
// for what comes and goes in one go.
package patience

import (
	"io"
	"net/http"
	"time"
)

// Writer writes an answer; its client may take up to the timeout to accept each write.
func Writer(w http.ResponseWriter, timeout time.Duration) io.Writer {
	return &writer{w, http.NewResponseController(w), timeout}
}

type writer struct {
	io.Writer
	control *http.ResponseController
	timeout time.Duration
}

func (p *writer) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.timeout)) //nolint:forbidigo // the network's clock, not the product's
	return p.Writer.Write(b)
}

// Reader reads a body; its client may take up to the timeout for each part. The answer has as long again after the last one.
func Reader(w http.ResponseWriter, body io.Reader, timeout time.Duration) io.Reader {
	return &reader{body, http.NewResponseController(w), timeout}
}

type reader struct {
	io.Reader
	control *http.ResponseController
	timeout time.Duration
}

func (p *reader) Read(into []byte) (int, error) {
	until := time.Now().Add(p.timeout) //nolint:forbidigo // the network's clock, not the product's
	_ = p.control.SetReadDeadline(until)
	_ = p.control.SetWriteDeadline(until.Add(p.timeout))
	return p.Reader.Read(into)
}
