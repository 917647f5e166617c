package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
)

// The operator's socket. While the program runs it holds the data, so the operator's commands ask it instead of opening the
// database. Whoever may write to the socket may do everything, as whoever may read the database could: it is the operator's
// alone, and no network reaches it.
const (
	socketName = "operator.sock"
	// socketPathMost is how long the path of a socket may be on every system, less one for its end.
	socketPathMost = 103
	// operatorTimeout bounds one question to the running program.
	operatorTimeout = 10 * time.Second
)

// operatorOrder is what a command of the operator wants.
type operatorOrder struct {
	User        string        `json:"user"`
	DisplayName string        `json:"displayName,omitempty"`
	Admin       bool          `json:"admin,omitempty"`
	Lifetime    time.Duration `json:"lifetime,omitempty"`
	Scopes      []string      `json:"scopes,omitempty"`
	ReturnTo    string        `json:"returnTo,omitempty"`
}

// operatorAnswer is what became of it: a secret, a link, or the text of a refusal.
type operatorAnswer struct {
	Secret  string `json:"secret,omitempty"`
	Link    string `json:"link,omitempty"`
	Refused string `json:"refused,omitempty"`
}

func (o operatorOrder) issue() identity.Issue {
	return identity.Issue{User: o.User, DisplayName: cmp.Or(o.DisplayName, o.User), Roles: roles(o.Admin), Lifetime: o.Lifetime, Scopes: o.Scopes}
}

// deed is what is done for an order, in the running program or by the command itself.
type deed func(ctx context.Context, s *identity.Service, base string, order operatorOrder) (operatorAnswer, error)

// deeds are what the operator may ask, by path.
var deeds = map[string]deed{
	"/token": func(ctx context.Context, s *identity.Service, _ string, order operatorOrder) (operatorAnswer, error) {
		secret, err := s.Issue(ctx, order.issue())
		return operatorAnswer{Secret: secret}, err
	},
	"/sign-in-link": func(ctx context.Context, s *identity.Service, base string, order operatorOrder) (operatorAnswer, error) {
		if order.Admin {
			if err := s.EnsureUser(ctx, order.issue()); err != nil {
				return operatorAnswer{}, err
			}
		}
		path, err := s.SignInLink(ctx, order.User, order.ReturnTo)
		return operatorAnswer{Link: base + path}, err
	},
}

// operate does a deed of the operator: asks the running program, or, when none runs, opens the database itself.
func operate(ctx context.Context, settings Settings, logger *slog.Logger, path string, order operatorOrder) (operatorAnswer, error) {
	ctx = origin.With(ctx, origin.Origin{Door: origin.CommandLine})
	answer, err := askRunning(ctx, filepath.Join(settings.DataDir, "identity"), path, order)
	if !errors.Is(err, errNobodyRuns) {
		return answer, err
	}
	opened, done, err := openIdentity(ctx, settings, logger)
	if err != nil {
		return operatorAnswer{}, err
	}
	defer done()
	return deeds[path](ctx, opened, (&Program{settings: settings}).linkBase(), order)
}

// linkBase is what a sign-in link begins with.
func (p *Program) linkBase() string {
	if p.httpListener == nil && p.settings.PublicURL == "" {
		return "http://" + p.settings.HTTPAddr
	}
	return baseURL(p)
}

// listenForOperator opens the operator's socket, when this process has identity. With Postgres a directory may be missing,
// and the program works without.
func (p *Program) listenForOperator(context.Context) error {
	if !p.has("identity") || p.settings.DataDir == "" {
		return nil
	}
	listener, err := listenUnix(filepath.Join(p.settings.DataDir, "identity"))
	if err != nil && p.settings.DatabaseURL != "" {
		p.logger.Warn("the operator's commands cannot reach this process", "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("the operator's socket cannot be opened: %w", err)
	}
	p.operatorListener = listener
	p.onClose(func() { _ = listener.Close() })
	return nil
}

// serveOperator answers the operator until ctx ends.
func (p *Program) serveOperator(ctx context.Context, group *errgroup.Group) {
	if p.operatorListener == nil {
		return
	}
	mux := http.NewServeMux()
	for path, do := range deeds {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { p.answerOperator(w, r, do) })
	}
	server := &http.Server{Handler: mux, ReadTimeout: operatorTimeout, WriteTimeout: operatorTimeout}
	group.Go(func() error {
		if err := server.Serve(p.operatorListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

func (p *Program) answerOperator(w http.ResponseWriter, r *http.Request, do deed) {
	const most = 64 << 10
	var order operatorOrder
	answer := operatorAnswer{Refused: "the running program does not understand the command: both must be of the same version"}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&order) == nil {
		var err error
		ctx := origin.With(r.Context(), origin.Origin{Door: origin.CommandLine})
		if answer, err = do(ctx, p.identity, p.linkBase(), order); err != nil {
			answer = operatorAnswer{Refused: fault.From(err).Text()}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) //nolint:gosec // the secret is what was asked for, on a socket that is the operator's alone
}

// errNobodyRuns means that there is no program to ask.
var errNobodyRuns = errors.New("no program runs on this data")

// askRunning asks the program that runs on a directory.
func askRunning(ctx context.Context, directory, path string, order operatorOrder) (operatorAnswer, error) {
	short, done, err := shortPath(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return operatorAnswer{}, errNobodyRuns
	}
	if err != nil {
		return operatorAnswer{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, operatorTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(short, socketName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errRefused) {
		return operatorAnswer{}, errNobodyRuns // none is there, or it was left behind by a program that was killed
	}
	if err != nil {
		return operatorAnswer{}, fmt.Errorf("the running program cannot be asked: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives: true,
	}}
	var answer operatorAnswer
	if err := postJSON(ctx, client, "http://operator"+path, order, &answer); err != nil {
		return operatorAnswer{}, fmt.Errorf("the running program did not answer: %w", err)
	}
	if answer.Refused != "" {
		return operatorAnswer{}, errors.New(answer.Refused)
	}
	return answer, nil
}

// unixListener removes its file when it closes, unless another process has put its own there.
type unixListener struct {
	net.Listener
	path string
	made os.FileInfo
}

// Close stops listening.
func (l *unixListener) Close() error {
	if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.made) {
		_ = os.Remove(l.path)
	}
	return l.Listener.Close()
}

// listenUnix opens the socket of a directory. It is made where nobody else looks, and comes to its place with its
// permissions; what a killed program left there is replaced. That nobody lives there is for the lock of the directory to
// say.
func listenUnix(directory string) (net.Listener, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	short, done, err := shortPath(directory)
	if err != nil {
		return nil, err
	}
	defer done()
	making := filepath.Join(short, "operator.new")
	if err := os.RemoveAll(making); err != nil {
		return nil, err
	}
	if err := os.Mkdir(making, 0o700); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(making) }()
	made := filepath.Join(making, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // it moves
	path := filepath.Join(directory, socketName)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		_ = listener.Close()
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	return &unixListener{Listener: listener, path: path, made: info}, nil
}

// shortPath is a way to a directory that leaves room for the name of a socket: the directory itself, or a link to it in a
// directory of our own that done removes.
func shortPath(directory string) (path string, done func(), err error) {
	if len(directory)+len("/operator.new/s") <= socketPathMost && len(directory)+1+len(socketName) <= socketPathMost {
		return directory, func() {}, nil
	}
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(absolute); err != nil {
		return "", nil, err
	}
	own, err := os.MkdirTemp("", "fn")
	if err != nil {
		return "", nil, err
	}
	done = func() { _ = os.RemoveAll(own) }
	path = filepath.Join(own, "d")
	if err := os.Symlink(absolute, path); err != nil {
		done()
		return "", nil, err
	}
	return path, done, nil
}
