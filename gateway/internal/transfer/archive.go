package transfer

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

const (
	// maxBody bounds what is sent, maxUnpacked what the file in a zip that is read unpacks to: the body is held, the file is not.
	maxBody, maxUnpacked = 64 << 20, 1 << 30
	// maxRatio is how much larger than its packed form a file may be. Texts as ours pack to a tenth.
	maxRatio = 200
	// maxEntries is how many files a zip may have: three for each of 100,000 learnings.
	maxEntries = 300_010
)

// entry is the beginning of a file's line in the directory of a zip.
var entry = []byte("PK\x01\x02")

// source opens what is imported, as often as it is read.
type source func() (io.Reader, error)

func invalidZip(reason, text string) error {
	return problem.New(http.StatusBadRequest, codes.InvalidArgument, reason, "Nothing was imported: "+text)
}

// unpack finds the learnings.json of a zip: at the top, or below the one folder that it was unpacked to.
func unpack(body []byte) (source, error) {
	// Counted before they are read: each takes a few hundred bytes of memory, of which the body says nothing.
	if bytes.Count(body, entry) > maxEntries {
		return nil, invalidZip("LEARNINGS_ARCHIVE_TOO_LARGE", "the zip has more than 300,010 files. Send one with learnings.json alone.")
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, invalidZip("LEARNINGS_ARCHIVE_INVALID", "this is not a zip.")
	}
	var found *zip.File
	for _, f := range z.File {
		if path.Base(f.Name) != jsonFile || strings.Count(f.Name, "/") > 1 || strings.HasPrefix(f.Name, "__MACOSX/") || !f.Mode().IsRegular() {
			continue
		}
		if found != nil {
			return nil, invalidZip("LEARNINGS_ARCHIVE_INVALID", "the zip has more than one learnings.json.")
		}
		found = f
	}
	if found == nil {
		return nil, invalidZip("LEARNINGS_ARCHIVE_INVALID", "the zip has no learnings.json at its top. Send the zip of an export.")
	}
	most := min(int64(maxUnpacked), int64(len(body))*maxRatio) // of the body: what a zip says about itself need not be so
	return func() (io.Reader, error) {
		in, err := found.Open()
		if err != nil {
			return nil, invalidZip("LEARNINGS_ARCHIVE_INVALID", "learnings.json cannot be unpacked.")
		}
		return &unpacking{in, most}, nil
	}, nil
}

// unpacking reads a file of a zip, and refuses one that grows beyond measure.
type unpacking struct {
	in   io.Reader
	left int64
}

func (u *unpacking) Read(into []byte) (int, error) {
	n, err := u.in.Read(into)
	if u.left -= int64(n); u.left < 0 {
		return 0, invalidZip("LEARNINGS_ARCHIVE_TOO_LARGE", "learnings.json unpacks to more than 1 GiB, or to more than two hundred times its size.")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, invalidZip("LEARNINGS_ARCHIVE_INVALID", "learnings.json cannot be unpacked.")
	}
	return n, err
}
