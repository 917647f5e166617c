package live

import (
	"bytes"
	"net/http"
	"time"
)

// flushAt is how many bytes are put together, at most, before they are sent.
const flushAt = 64 << 10

// writer sends frames to one client.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func newWriter(w http.ResponseWriter, timeout time.Duration) *writer {
	control := http.NewResponseController(w)
	// The server's limits are for requests that end. A server that cannot lift them only ends the stream earlier.
	_ = control.SetReadDeadline(time.Time{})
	header := w.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold the frames back
	return &writer{ResponseWriter: w, control: control, timeout: timeout}
}

// send writes and flushes what is in b, and empties it. A client that does not take it in time is given up.
func (w *writer) send(b *bytes.Buffer) error {
	if b.Len() == 0 {
		return nil
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout)) //nolint:forbidigo // the network's clock, not the product's
	if _, err := b.WriteTo(w); err != nil {
		return err
	}
	return w.control.Flush()
}
