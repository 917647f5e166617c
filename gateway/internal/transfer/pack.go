package transfer

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/gateway/internal/chart"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// jsonFile is the file of a zip that an import reads.
const jsonFile = "learnings.json"

// written is the date of every file in a zip.
var written = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes the zip. The files follow one another in it, so the learnings are read once for each kind of file: that costs reading, and
// nobody holds them.
func (h *Handler) pack(ctx context.Context, out io.Writer, from origin, learnings *reading) error {
	z := zip.NewWriter(out)
	create := func(name string) (io.Writer, error) {
		return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: written})
	}
	file, err := create(jsonFile)
	if err != nil {
		return err
	}
	if err := learnings.into(newDocument(file, from)); err != nil {
		return err
	}
	if learnings, err = h.read(ctx, from, true); err != nil {
		return err
	}
	if file, err = create("learnings.csv"); err != nil {
		return err
	}
	if err := learnings.into(newTable(file)); err != nil {
		return err
	}
	if learnings, err = h.read(ctx, from, false); err != nil {
		return err
	}
	leaves := &leaves{create: create}
	if err := learnings.into(leaves); err != nil {
		return err
	}
	if file, err = create("README.md"); err != nil {
		return err
	}
	if _, err := io.WriteString(file, readme(from, leaves.n)); err != nil {
		return err
	}
	return z.Close()
}

// leaves writes the files of single learnings.
type leaves struct {
	create func(name string) (io.Writer, error)
	n      int
}

func (b *leaves) add(l *knowledgev1.ExportedLearning) error {
	b.n++
	name, picture := fileName(l.GetLearning().GetName()), ""
	if c := l.GetChart(); len(c.GetChart().GetPoints()) > 0 {
		picture = "../charts/" + name + ".svg"
		if err := b.write("charts/"+name+".svg", chart.SVG(c.GetChart(), c.GetMetric())); err != nil {
			return err
		}
		table, err := chart.CSV(c.GetChart())
		if err != nil {
			return err
		}
		if err := b.write("charts/"+name+".csv", table); err != nil {
			return err
		}
	}
	text, err := leaf(l, picture)
	if err != nil {
		return err
	}
	return b.write("learnings/"+name+".md", text)
}

func (b *leaves) write(name string, content []byte) error {
	file, err := b.create(name)
	if err == nil {
		_, err = file.Write(content)
	}
	return err
}

func (b *leaves) close() error { return nil }

var safe = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// fileName is the id of a learning, which every file system takes. One that is none gets a name of its own.
func fileName(learning string) string {
	id := strings.TrimPrefix(learning, "learnings/")
	if safe.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(learning))
	return "learning-" + hex.EncodeToString(sum[:8])
}

func readme(from origin, n int) string {
	return fmt.Sprintf(`# The knowledge base of %s

Exported on %s: %d learnings, published and retired, oldest first.

- learnings.json: everything, for an import into another installation (POST %s with this zip or with this file)
- learnings.csv: one row for each learning, for a spreadsheet
- learnings/: each learning to read
- charts/: what happened, as a picture and as a table

The provenance of each learning says where it was learned.
`, from.installation, from.time.Format("2006-01-02 15:04 UTC"), n, ImportPath)
}
