package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
)

// brokerName is under which name the broker gets a certificate.
const brokerName = "nats"

type certificatesCommand struct {
	Directory string   `arg:"" help:"Where the files go; it is made when there is none." type:"path"`
	Hosts     []string `name:"host" help:"Another name or IP address that processes are reached at; may be repeated." placeholder:"HOST"`
	Only      []string `help:"Only the certificates of these processes; all when not given." placeholder:"NAME"`
}

// Run writes the files and says what they are.
func (c *certificatesCommand) Run() error { return c.write(os.Stdout, time.Now()) }

// write makes the authority unless the directory has one, and a new certificate for each process.
func (c *certificatesCommand) write(out io.Writer, now time.Time) error {
	known := append(serveAll(), gatewayName, brokerName)
	names := c.Only
	if len(names) == 0 {
		names = known
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no process %q; they are %v", name, known)
		}
	}
	if err := os.MkdirAll(c.Directory, 0o700); err != nil {
		return err
	}
	authority, err := mutualtls.ReadAuthority(c.Directory)
	switch {
	case err == nil:
		fmt.Fprintf(out, "The authority in %s stays.\n", c.Directory)
	case mutualtls.Missing(err):
		if authority, err = newAuthority(c.Directory, now); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is the authority that every process trusts; ca.key makes more certificates: keep it elsewhere.\n", filepath.Join(c.Directory, "ca.crt"))
	default:
		return err
	}
	for _, name := range names {
		hosts := append([]string{name, "localhost", "127.0.0.1", "::1"}, c.Hosts...)
		certificate, key, err := authority.Issue(name, hosts, now)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Directory, name)
		if err := mutualtls.WriteFile(path+".key", key); err != nil {
			return err
		}
		if err := mutualtls.WriteFile(path+".crt", certificate); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s.crt and .key, until %s\n", path, now.Add(mutualtls.Lifetime).UTC().Format(time.DateOnly))
	}
	return nil
}

// newAuthority makes an authority where there is none. One whose key is kept elsewhere must not be replaced by accident.
func newAuthority(directory string, now time.Time) (*mutualtls.Authority, error) {
	path := filepath.Join(directory, "ca.crt")
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("%s is there without its key: put ca.key beside it to make certificates, or choose another directory for a new authority", path)
	}
	authority, err := mutualtls.NewAuthority(now)
	if err != nil {
		return nil, err
	}
	if err := authority.Write(directory); err != nil {
		return nil, err
	}
	return authority, nil
}
