package dbtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" for the first question to the server
)

// errMissing says that the server's programs are not installed.
var errMissing = errors.New("the Postgres server binaries were not found (PG_BIN, PATH, /usr/lib/postgresql/*/bin)")

// server starts Postgres at the first call and returns its URL.
var server = sync.OnceValues(start)

// keeper runs the server and waits for the end of its standard input, which the kernel closes when the test process ends,
// however it ends. Then it stops the server and removes its directory. Arguments: directory, postgres and its arguments.
const keeper = `dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
pid=$!
cat >/dev/null
kill -QUIT $pid 2>/dev/null
wait $pid
rm -rf "$dir"`

// lifeline is the write end of the keeper's standard input; it is never closed on purpose.
var lifeline *os.File

func start() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := serverDir()
	if err != nil {
		return "", err
	}
	url, err := startIn(dir, bin)
	if err != nil && lifeline == nil {
		_ = os.RemoveAll(dir)
	}
	return url, err
}

func startIn(dir, bin string) (string, error) {
	who, err := account(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--no-sync", "--no-instructions", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D", data)
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	keep := exec.Command("/bin/sh", "-c", keeper, "keeper", dir, filepath.Join(bin, "postgres"), "-D", data, "-h", "", "-k", dir, "-F",
		"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "max_wal_size=128MB")
	keep.Dir = dir
	// A session of its own: an interrupt at the terminal must not reach the server before the test process is gone.
	keep.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setsid: true}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	keep.Stdin = r
	if err := keep.Start(); err != nil {
		_ = w.Close()
		return "", err
	}
	lifeline = w
	// Waiting reaps the keeper should the server fail to start; it changes nothing else.
	go func() { _ = keep.Wait() }()
	url := (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()}).String()
	if err := answers(url); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		_ = w.Close()
		return "", fmt.Errorf("the server did not start: %w: %s", err, bytes.TrimSpace(log))
	}
	return url, nil
}

// answers waits until the server answers a query.
func answers(url string) error {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = pool.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// binaries finds the directory that holds initdb and postgres; of several installed versions the newest.
func binaries() (string, error) {
	dirs := []string{os.Getenv("PG_BIN")}
	if p, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(dirs, installed...) {
		if dir != "" && executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errMissing
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// maxSocketDir leaves room for "/.s.PGSQL.5432" in the 107 bytes of a socket's path.
const maxSocketDir = 90

// serverDir makes the server's directory. Its name is short enough for a socket, which that of the test's own temporary one is
// not.
func serverDir() (string, error) {
	if hasRoom(memory) {
		if dir, err := os.MkdirTemp(memory, "fnpg"); err == nil {
			return dir, nil
		}
	}
	parent := os.TempDir()
	if len(parent) > maxSocketDir-len("/fnpg1234567890") {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "fnpg")
}

// memory is a file system in memory. Every test has tables of its own, and on a disk most of its time goes into making their
// files.
const memory = "/dev/shm"

// hasRoom tells whether a file system, which may not exist, has room for the servers of several test processes.
func hasRoom(path string) bool {
	const enough = 4 << 30
	var system syscall.Statfs_t
	return syscall.Statfs(path, &system) == nil && system.Bavail*uint64(system.Bsize) >= enough
}

// account returns whom to run the server as, and gives dir to them. Postgres refuses to run as root.
func account(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var who *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if who, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("postgres does not run as root, and there is no other account: %w", err)
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
