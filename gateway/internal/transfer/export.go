package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/patience"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// flushAt is how many bytes are put together before they are sent.
const flushAt = 64 << 10

// The forms that only an export has.
var (
	markdown = form.Form{Name: "markdown", Media: "text/markdown"}
	zipped   = form.Form{Name: "zip", Media: "application/zip"}
)

// origin is where and when an export is made.
type origin struct {
	// installation is what this installation calls itself, base the address of its API, without a slash at the end.
	installation, base string
	time               time.Time
}

// book is a form in the making: learnings are added one by one, oldest first.
type book interface {
	add(l *knowledgev1.ExportedLearning) error
	close() error
}

// reading is the stream of an export, with its next learning, nil at the end.
type reading struct {
	stream grpc.ServerStreamingClient[knowledgev1.ExportedLearning]
	next   *knowledgev1.ExportedLearning
}

func (h *Handler) read(ctx context.Context, from origin, withoutCharts bool) (*reading, error) {
	stream, err := h.Knowledge.ExportLearnings(ctx, &knowledgev1.ExportLearningsRequest{Installation: from.installation, WithoutCharts: withoutCharts})
	if err != nil {
		return nil, err
	}
	r := &reading{stream: stream}
	err = r.advance()
	return r, err
}

func (r *reading) advance() (err error) {
	if r.next, err = r.stream.Recv(); errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// into writes all learnings into a book.
func (r *reading) into(b book) error {
	for r.next != nil {
		if err := b.add(r.next); err != nil {
			return err
		}
		if err := r.advance(); err != nil {
			return err
		}
	}
	return b.close()
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request, wanted form.Form) {
	if !begin(w, r, &h.exports) {
		return
	}
	defer h.exports.Add(-1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	from := origin{installation(ctx), exchange.From(ctx).Base, h.Clock().UTC().Truncate(time.Second)}
	learnings, err := h.read(ctx, from, wanted == form.CSV || wanted == markdown)
	if err != nil { // nothing was written yet
		refused(w, r, err)
		return
	}
	headers(w, wanted)
	if r.Method == http.MethodHead {
		return
	}
	out := bufio.NewWriterSize(patience.Writer(w, h.WriteTimeout), flushAt)
	if err := errors.Join(h.write(ctx, out, wanted, from, learnings), out.Flush()); err != nil {
		h.Logger.WarnContext(ctx, "an export of learnings broke off", "request", exchange.From(ctx).RequestID, "error", err)
		panic(http.ErrAbortHandler) // what is cut off must not look complete
	}
}

func headers(w http.ResponseWriter, wanted form.Form) {
	media, file := wanted.Media, "learnings.json"
	switch wanted {
	case form.CSV:
		media, file = "text/csv; charset=utf-8; header=present", "learnings.csv"
	case markdown:
		media, file = "text/markdown; charset=utf-8", "learnings.md"
	case zipped:
		file = "learnings.zip"
	}
	header := w.Header()
	header.Set("Content-Type", media)
	header.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	header.Set("Cache-Control", "no-store")
}

func (h *Handler) write(ctx context.Context, out io.Writer, wanted form.Form, from origin, learnings *reading) error {
	switch wanted {
	case form.CSV:
		return learnings.into(newTable(out))
	case markdown:
		return learnings.into(newBooklet(out, from))
	case zipped:
		return h.pack(ctx, out, from, learnings)
	}
	return learnings.into(newDocument(out, from))
}
