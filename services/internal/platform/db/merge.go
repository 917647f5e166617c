package db

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Merge shows several file systems as one, so that the platform's migrations and a service's own are passed together. A
// file that two of them have is an error when it is listed or opened: migrations must not replace one another.
func Merge(fss ...fs.FS) fs.FS { return merged(fss) }

type merged []fs.FS

// Open opens a file. Of a directory it opens the first one; listing goes through ReadDir.
func (m merged) Open(name string) (fs.File, error) {
	var found fs.File
	for _, fsys := range m {
		f, err := fsys.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if found == nil {
			found = f
			continue
		}
		info, err := f.Stat()
		_ = f.Close()
		if err != nil || !info.IsDir() {
			_ = found.Close()
			if err == nil {
				err = fmt.Errorf("it is there twice")
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	if found == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return found, nil
}

// ReadDir lists a directory over all of them, sorted by name.
func (m merged) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	seen := map[string]fs.DirEntry{}
	exists := false
	for _, fsys := range m {
		entries, err := fs.ReadDir(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		exists = true
		for _, e := range entries {
			other, twice := seen[e.Name()]
			if twice && !(e.IsDir() && other.IsDir()) {
				return nil, &fs.PathError{Op: "readdir", Path: name, Err: fmt.Errorf("%s is there twice", e.Name())}
			}
			if !twice {
				seen[e.Name()] = e
				all = append(all, e)
			}
		}
	}
	if !exists {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}
