package archive

import (
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc"

	archivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/archive/v1"
	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// partSize is how much of a file one message carries.
const partSize = 1 << 20

// Server answers archivev1.ArchiveService for the services of a process.
type Server struct {
	archivev1.UnimplementedArchiveServiceServer
	parts map[string]*Part
}

// Register puts the contract on a server, answered for the parts of the services in this process.
func Register(registrar grpc.ServiceRegistrar, parts ...*Part) {
	s := &Server{parts: map[string]*Part{}}
	for _, p := range parts {
		s.parts[p.Log.Source()] = p
	}
	archivev1.RegisterArchiveServiceServer(registrar, s)
}

func (s *Server) part(source string) (*Part, error) {
	p, ok := s.parts[source]
	if !ok {
		return nil, fault.New(fault.NotFound, "ARCHIVE_SOURCE_NOT_FOUND", "There is no service %q here that keeps a part of the board.", source).With("field", "source")
	}
	return p, nil
}

// ExportTeam streams the files of a team. That it is exported is recorded first: an export that breaks off has shown what it
// has shown.
func (s *Server) ExportTeam(req *archivev1.ExportTeamRequest, stream grpc.ServerStreamingServer[archivev1.ArchiveFile]) error {
	p, err := s.part(req.GetSource())
	if err != nil {
		return err
	}
	ctx := stream.Context()
	exported := audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_EXPORTED, Resource: req.GetName(), Details: map[string]string{"source": req.GetSource()}}
	if err := audit.RecordNow(ctx, p.Log, exported); err != nil {
		return err
	}
	files, err := p.Export(ctx, req.GetName())
	if err != nil {
		return err
	}
	for _, f := range files {
		for part := range slices.Chunk(f.Content, partSize) {
			if err := stream.Send(&archivev1.ArchiveFile{Path: f.Path, Content: part}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ImportTeam restores the files of a team.
func (s *Server) ImportTeam(stream grpc.ClientStreamingServer[archivev1.ImportTeamRequest, archivev1.ImportTeamResponse]) error {
	first, files, err := receive(stream)
	if err != nil {
		return err
	}
	p, err := s.part(first.GetSource())
	if err != nil {
		return err
	}
	outcomes, err := p.Import(stream.Context(), first.GetName(), files, first.GetValidateOnly())
	if err != nil {
		return err
	}
	answer := &archivev1.ImportTeamResponse{}
	for _, o := range outcomes {
		outcome := archivev1.ImportOutcome_IMPORT_OUTCOME_UNCHANGED
		if o.Created {
			outcome = archivev1.ImportOutcome_IMPORT_OUTCOME_CREATED
		}
		answer.Resources = append(answer.Resources, &archivev1.ImportedResource{Resource: o.Name, Outcome: outcome})
	}
	return stream.SendAndClose(answer)
}

// receive puts the parts of the files together.
func receive(stream grpc.ClientStreamingServer[archivev1.ImportTeamRequest, archivev1.ImportTeamResponse]) (*archivev1.ImportTeamRequest, []File, error) {
	var first *archivev1.ImportTeamRequest
	var files []File
	total := 0
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if first == nil {
			first = req
		}
		if given := req.GetName(); given != "" && given != first.GetName() || req.GetSource() != "" && req.GetSource() != first.GetSource() {
			return nil, nil, fault.Invalid("name", "ARCHIVE_STREAM_MIXED", "An import is for one team and one service, those of its first message.")
		}
		if req.GetFile() == nil {
			continue
		}
		path, content := req.GetFile().GetPath(), req.GetFile().GetContent()
		if total += len(content); total > maxTotal {
			return nil, nil, fault.Invalid("file", ReasonTooLarge, "The files are larger than 64 MiB together.")
		}
		if n := len(files); n > 0 && files[n-1].Path == path {
			files[n-1].Content = append(files[n-1].Content, content...)
			continue
		}
		if len(files) == maxFiles {
			return nil, nil, fault.Invalid("file", ReasonTooLarge, "There are more than 50,000 files.")
		}
		files = append(files, File{Path: path, Content: slices.Clone(content)})
	}
	if first.GetName() == "" || first.GetSource() == "" {
		return nil, nil, fault.Invalid("name", "REQUIRED", "Say in the first message for which team and service the import is.")
	}
	return first, files, nil
}
