package board

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	archivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/archive/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// file is a file of the folder.
type file struct {
	path    string
	content []byte
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request, name string) {
	onlyAsk, err := asked(r)
	if err != nil {
		refused(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	deadline := time.Now().Add(importTime) //nolint:forbidigo // the network's clock, not the product's
	_ = control.SetReadDeadline(deadline)
	_ = control.SetWriteDeadline(deadline)
	ctx, cancel := context.WithTimeout(r.Context(), importTime)
	defer cancel()
	// Whoever may not import learns it before a zip is read and unpacked for them.
	if _, err := h.send(ctx, name, nil, true); err != nil {
		refused(w, r, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxZip))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refused(w, r, problem.New(http.StatusRequestEntityTooLarge, codes.InvalidArgument, "BODY_TOO_LARGE", "The zip is larger than 64 MiB."))
			return
		}
		refused(w, r, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_UNREADABLE", "The zip did not arrive as a whole."))
		return
	}
	files, err := unpack(body)
	if err != nil {
		refused(w, r, err)
		return
	}
	answer, err := h.bring(ctx, name, files, onlyAsk)
	if err != nil {
		refused(w, r, err)
		return
	}
	text, err := encode.JSON(answer)
	if err != nil {
		refused(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text) //nolint:gosec // it is JSON and says so; a client that has gone gets no answer
}

// asked reads the query, and looks whether a zip is sent.
func asked(r *http.Request) (onlyAsk bool, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != zipType {
		return false, problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, "MEDIA_TYPE_UNSUPPORTED", "Send the zip of an export, with Content-Type: application/zip.")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false, problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	for name, values := range query {
		switch {
		case name != "validateOnly" && name != "validate_only":
			return false, problem.Invalid(name, "UNKNOWN_QUERY_PARAMETER", fmt.Sprintf("There is no query parameter %q here.", name))
		case len(values) > 1 || len(query) > 1:
			return false, problem.Invalid(name, "QUERY_PARAMETER_REPEATED", fmt.Sprintf("Give the query parameter %q once.", name))
		case values[0] != "true" && values[0] != "false":
			return false, problem.Invalid(name, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q is true or false.", name))
		}
		onlyAsk = values[0] == "true"
	}
	return onlyAsk, nil
}

func wrong(field, reason, text string) error {
	return problem.New(http.StatusBadRequest, codes.InvalidArgument, reason, "Nothing was imported: "+text, problem.Violation{Field: field, Reason: reason, Description: text})
}

// unpack returns the files of the folder that holds team.yaml, by their paths in it.
func unpack(body []byte) ([]file, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, wrong("", "ARCHIVE_INVALID", "this is not a zip.")
	}
	if len(z.File) > maxFiles {
		return nil, wrong("", "ARCHIVE_TOO_LARGE", "the zip has more than 50,000 files.")
	}
	seen := map[string]bool{}
	var files []file
	var total int64
	folder := ""
	for _, f := range z.File {
		clean := strings.TrimSuffix(f.Name, "/")
		switch {
		case clean == "" || path.Clean(clean) != clean || strings.HasPrefix(clean, "/") || strings.HasPrefix(clean+"/", "../") || strings.ContainsAny(clean, "\\\x00:"):
			return nil, wrong(f.Name, "ARCHIVE_INVALID", "a path in the zip leads out of its folder.")
		case seen[strings.ToLower(clean)]:
			return nil, wrong(f.Name, "ARCHIVE_INVALID", "a file is in the zip twice.")
		case f.Mode().IsDir():
			continue
		case !f.Mode().IsRegular():
			return nil, wrong(f.Name, "ARCHIVE_INVALID", "the zip holds something that is no file, such as a link.")
		}
		seen[strings.ToLower(clean)] = true
		most := int64(maxTotal) - total
		if !strings.HasSuffix(clean, ".csv") {
			most = min(most, maxFile)
		}
		content, err := inflate(f, most)
		if err != nil {
			return nil, err
		}
		total += int64(len(content))
		files = append(files, file{clean, content})
		if path.Base(clean) == "team.yaml" && (folder == "" || len(path.Dir(clean)) < len(folder)) {
			folder = path.Dir(clean)
		}
	}
	return below(folder, files)
}

// below are the files by their paths in a folder; those beside it are none of a board.
func below(folder string, files []file) ([]file, error) {
	if folder == "" {
		return nil, wrong("team.yaml", "ARCHIVE_INVALID", "the zip holds no team.yaml: send the zip of an export, or a zip of the folder that it was unpacked to.")
	}
	prefix := folder + "/"
	if folder == "." {
		prefix = ""
	}
	for i := range files {
		inside, ok := strings.CutPrefix(files[i].path, prefix)
		if !ok {
			return nil, wrong(files[i].path, "ARCHIVE_FILE_UNKNOWN", "the zip holds a file beside the team's folder.")
		}
		files[i].path = inside
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	return files, nil
}

func inflate(f *zip.File, most int64) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, wrong(f.Name, "ARCHIVE_INVALID", "the zip cannot be read.")
	}
	defer func() { _ = in.Close() }()
	content, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, wrong(f.Name, "ARCHIVE_INVALID", "the zip cannot be read.")
	}
	if int64(len(content)) > most {
		return nil, wrong(f.Name, "ARCHIVE_TOO_LARGE", "a file is larger than 8 MiB, or all files are larger than 64 MiB together.")
	}
	return content, nil
}

// bring lets every service look at its files before the first one saves any.
func (h *Handler) bring(ctx context.Context, name string, files []file, onlyAsk bool) (*archivev1.ImportTeamResponse, error) {
	team, parts, err := sort(name, files)
	if err != nil {
		return nil, err
	}
	answer, err := h.send(ctx, name, parts, true)
	if err != nil {
		return nil, err
	}
	outcome := archivev1.ImportOutcome_IMPORT_OUTCOME_UNCHANGED
	_, err = h.Identity.GetTeam(ctx, &identityv1.GetTeamRequest{Name: name})
	if status.Code(err) == codes.NotFound {
		outcome, err = archivev1.ImportOutcome_IMPORT_OUTCOME_CREATED, nil
		if !onlyAsk {
			team.Name = ""
			_, err = h.Identity.CreateTeam(ctx, &identityv1.CreateTeamRequest{Team: team, TeamId: strings.TrimPrefix(name, "teams/")})
			if status.Code(err) == codes.AlreadyExists { // another import was faster
				outcome, err = archivev1.ImportOutcome_IMPORT_OUTCOME_UNCHANGED, nil
			}
		}
	}
	if err == nil && !onlyAsk {
		answer, err = h.send(ctx, name, parts, false)
	}
	if err != nil {
		return nil, err
	}
	all := []*archivev1.ImportedResource{{Resource: name, Outcome: outcome}}
	return &archivev1.ImportTeamResponse{Resources: append(all, answer.GetResources()...)}, nil
}

// sort shares the files out among the services. The README is for people.
func sort(name string, files []file) (*identityv1.Team, map[string][]file, error) {
	var team *identityv1.Team
	parts := map[string][]file{}
	for _, f := range files {
		switch f.path {
		case "README.md":
		case "team.yaml":
			var err error
			if team, err = readTeam(f.content, name); err != nil {
				return nil, nil, err
			}
		default:
			part := sourceOf(f.path)
			parts[part] = append(parts[part], f)
		}
	}
	return team, parts, nil
}

// send brings the files to their services, and returns what they answer together.
func (h *Handler) send(ctx context.Context, name string, parts map[string][]file, onlyAsk bool) (*archivev1.ImportTeamResponse, error) {
	var all []*archivev1.ImportedResource
	for _, s := range h.sources() {
		stream, err := s.client.ImportTeam(ctx)
		if err != nil {
			return nil, err
		}
		first := &archivev1.ImportTeamRequest{Source: s.name, Name: name, ValidateOnly: onlyAsk}
		err = stream.Send(first)
		for _, f := range parts[s.name] {
			for start := 0; err == nil && (start == 0 || start < len(f.content)); start += partSize {
				part := f.content[start:min(start+partSize, len(f.content))]
				err = stream.Send(&archivev1.ImportTeamRequest{File: &archivev1.ArchiveFile{Path: f.path, Content: part}})
			}
		}
		if err != nil && !errors.Is(err, io.EOF) { // io.EOF says that the answer is there already
			return nil, err
		}
		answer, err := stream.CloseAndRecv()
		if err != nil {
			return nil, err
		}
		all = append(all, answer.GetResources()...)
	}
	slices.SortFunc(all, func(a, b *archivev1.ImportedResource) int { return cmp.Compare(a.GetResource(), b.GetResource()) })
	return &archivev1.ImportTeamResponse{Resources: all}, nil
}
