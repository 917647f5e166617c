package transfer

import (
	"encoding/json"
	"io"
	"time"

	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// What a document says of itself. A version that older programs would misread gets another number.
const (
	documentFormat  = "fortnight-learnings"
	documentVersion = 1
)

// document writes the form that can be imported: one JSON object, a learning on each line.
type document struct {
	out  io.Writer
	from origin
	n    int
}

func newDocument(out io.Writer, from origin) *document { return &document{out: out, from: from} }

// head is what stands before the learnings.
type head struct {
	Format       string `json:"format"`
	Version      int    `json:"version"`
	Installation string `json:"installation"`
	ExportTime   string `json:"exportTime"`
}

func (d *document) begin() error {
	text, err := json.Marshal(head{documentFormat, documentVersion, d.from.installation, d.from.time.Format(time.RFC3339)})
	if err == nil {
		_, err = d.out.Write(append(text[:len(text)-1], `,"learnings":[`...))
	}
	return err
}

func (d *document) add(l *knowledgev1.ExportedLearning) error {
	separator := ",\n"
	if d.n == 0 {
		separator = "\n"
		if err := d.begin(); err != nil {
			return err
		}
	}
	d.n++
	text, err := encode.JSON(l)
	if err != nil {
		return err
	}
	_, err = d.out.Write(append([]byte(separator), text...))
	return err
}

func (d *document) close() error {
	if d.n == 0 {
		if err := d.begin(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(d.out, "\n]}\n")
	return err
}
