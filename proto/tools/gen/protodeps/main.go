// Command protodeps prints the .proto files that Fortnight's contracts import (google/api, google/rpc, buf/validate) into
// a folder, so that buf finds them without a network. Their text comes from the descriptors inside the Go packages that
// this module's go.mod pins, therefore the files always fit the generated Go that the contracts are compiled against.
//
// Usage: protodeps DIRECTORY
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/jhump/protoreflect/v2/protoprint"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// write replaces the folder's content with one file per registered descriptor.
func write(directory string) error {
	if err := os.RemoveAll(directory); err != nil {
		return err
	}
	printer := protoprint.Printer{}
	var failed error
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		// buf has the well-known types built in; a second copy would clash.
		if strings.HasPrefix(file.Path(), "google/protobuf/") {
			return true
		}
		failed = writeFile(&printer, file, filepath.Join(directory, filepath.FromSlash(file.Path())))
		return failed == nil
	})
	return failed
}

func writeFile(printer *protoprint.Printer, file protoreflect.FileDescriptor, path string) error {
	text, err := printer.PrintProtoToString(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Path(), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
