package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretKeyFile is where an installation without a service key keeps its secret key.
const secretKeyFile = "secret.key"

// chooseSecretKey takes the key that secrets are made from which a service must be able to read, such as those of delivery sources: the
// one in the data directory or, where there is none, one that is derived from the service key of the installation, so that
// processes without a common directory have the same. An installation that has neither gets one in its data directory. A backup of the
// databases alone is therefore no copy of the secrets: without the key they have to be made anew.
func (p *Program) chooseSecretKey(context.Context) error {
	if len(p.local()) == 0 {
		return nil
	}
	path := filepath.Join(p.settings.DataDir, secretKeyFile)
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if p.secretKey, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil || len(p.secretKey) < sha256.Size {
			return fmt.Errorf("%s is no key of 32 bytes in hexadecimal; restore it from a backup", path)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the secret key cannot be read: %w", err)
	}
	if key := p.settings.ServiceKey.Reveal(); key != "" {
		mac := hmac.New(sha256.New, []byte(key))
		_, _ = mac.Write([]byte("fortnight secret key")) // never fails
		p.secretKey = mac.Sum(nil)
		return nil
	}
	p.secretKey = make([]byte, sha256.Size)
	_, _ = rand.Read(p.secretKey) // never fails
	if err := os.MkdirAll(p.settings.DataDir, 0o700); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w", err)
	}
	if err := writeNew(path, hex.EncodeToString(p.secretKey)+"\n"); err != nil {
		return fmt.Errorf("the secret key cannot be kept: %w", err)
	}
	return nil
}

// writeNew writes a file that nobody else can read, all or nothing.
func writeNew(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // readable by its owner only
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the error before matters more
	}
	return err
}
