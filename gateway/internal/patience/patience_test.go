package patience_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/gateway/internal/patience"
)

// deadlines is a connection that notes until when it waits.
type deadlines struct {
	*httptest.ResponseRecorder
	reads, writes []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.reads = append(d.reads, t); return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.writes = append(d.writes, t); return nil }

func TestEachWriteHasATimeOfItsOwn(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	var w http.ResponseWriter = d
	out := patience.Writer(w, time.Hour)
	for range 3 {
		if _, err := io.WriteString(out, "part."); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Body.String(); got != "part.part.part." || len(d.writes) != 3 || len(d.reads) != 0 {
		t.Fatalf("%q with %d write deadlines and %d read deadlines", got, len(d.writes), len(d.reads))
	}
	if d.writes[2].Before(d.writes[0]) || time.Until(d.writes[2]) < 50*time.Minute {
		t.Errorf("the last write has until %v", d.writes[2])
	}
}

func TestEachReadHasATimeOfItsOwnAndTheAnswerAsLongAgain(t *testing.T) {
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	text, err := io.ReadAll(patience.Reader(d, strings.NewReader("a body"), time.Hour))
	if err != nil || string(text) != "a body" || len(d.reads) < 2 || len(d.writes) != len(d.reads) {
		t.Fatalf("%q, %v, with %d read deadlines and %d write deadlines", text, err, len(d.reads), len(d.writes))
	}
	for i := range d.reads {
		if d.writes[i].Sub(d.reads[i]) != time.Hour {
			t.Errorf("the answer has %v after a read", d.writes[i].Sub(d.reads[i]))
		}
	}
}
