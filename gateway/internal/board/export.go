package board

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/patience"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	archivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/archive/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// flushAt is how many bytes are put together before they are sent.
const flushAt = 64 << 10

// opened is the stream of a source, with its first file.
type opened struct {
	stream grpc.ServerStreamingClient[archivev1.ArchiveFile]
	next   *archivev1.ArchiveFile // nil at the end
}

func (o *opened) advance() (err error) {
	if o.next, err = o.stream.Recv(); errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request, name string) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if r.URL.RawQuery != "" {
		problem.Write(w, r, problem.Invalid("query", "UNKNOWN_QUERY_PARAMETER", "An export takes no query parameters."))
		return
	}
	team, err := h.Identity.GetTeam(ctx, &identityv1.GetTeamRequest{Name: name})
	if err != nil {
		refused(w, r, err)
		return
	}
	streams := make([]*opened, 0, 2)
	for _, s := range h.sources() {
		o := &opened{}
		if o.stream, err = s.client.ExportTeam(ctx, &archivev1.ExportTeamRequest{Source: s.name, Name: name}); err == nil {
			err = o.advance()
		}
		if err != nil {
			refused(w, r, err)
			return
		}
		streams = append(streams, o)
	}
	id := strings.TrimPrefix(name, "teams/")
	header := w.Header()
	header.Set("Content-Type", zipType)
	header.Set("Content-Disposition", `attachment; filename="`+id+`.zip"`)
	header.Set("Cache-Control", "no-store")
	out := bufio.NewWriterSize(patience.Writer(w, h.WriteTimeout), flushAt)
	if err := errors.Join(write(out, id, team, streams), out.Flush()); err != nil {
		h.Logger.WarnContext(ctx, "an export of a board broke off", "request", exchange.From(ctx).RequestID, "error", err)
		panic(http.ErrAbortHandler) // what is cut off must not look complete
	}
}

// written is the date of every file in a zip, so that the same board makes the same zip.
var written = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// write writes the folder of the team.
func write(out io.Writer, id string, team *identityv1.Team, streams []*opened) error {
	settings, err := teamFile(team)
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	create := func(path string) (io.Writer, error) {
		return z.CreateHeader(&zip.FileHeader{Name: id + "/" + path, Method: zip.Deflate, Modified: written})
	}
	add := func(path string, content []byte) error {
		file, err := create(path)
		if err == nil {
			_, err = file.Write(content)
		}
		return err
	}
	if err := add("team.yaml", settings); err != nil {
		return err
	}
	read := &board{team: team}
	for _, o := range streams {
		for o.next != nil {
			path := o.next.GetPath()
			file, err := create(path)
			if err != nil {
				return err
			}
			kept := read.wants(path)
			var content []byte
			for o.next != nil && o.next.GetPath() == path {
				if _, err := file.Write(o.next.GetContent()); err != nil {
					return err
				}
				if kept {
					content = append(content, o.next.GetContent()...)
				}
				if err := o.advance(); err != nil {
					return err
				}
			}
			if kept {
				if err := read.add(path, content); err != nil {
					return err
				}
			}
		}
	}
	if err := add("README.md", read.markdown()); err != nil {
		return err
	}
	return z.Close()
}
