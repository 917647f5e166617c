package mutualtls_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/mutualtls"
)

func TestAuthorityInADirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := mutualtls.ReadAuthority(dir); !errors.Is(err, fs.ErrNotExist) || !mutualtls.Missing(err) {
		t.Fatalf("an empty directory: %v", err)
	}
	made := authority(t, now)
	if err := made.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.key", "ca.crt"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	read, err := mutualtls.ReadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	// What one of them issued is good for those who trust the other.
	server, client := open(t, write(t, t.TempDir(), read, now, made), now), open(t, write(t, t.TempDir(), made, now, read), now)
	_ = serial(t, client, server)

	leaf, key, err := made.Issue("x", []string{"x"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ca.crt": leaf, "ca.key": key} {
		if err := mutualtls.WriteFile(filepath.Join(dir, name), content); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mutualtls.ReadAuthority(dir); err == nil || mutualtls.Missing(err) {
		t.Errorf("a process's certificate as an authority: %v", err)
	}
	if _, _, err := made.Issue("x", nil, now); err == nil {
		t.Error("a certificate for nobody was issued")
	}
}
