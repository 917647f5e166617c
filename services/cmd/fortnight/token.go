package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token for a user, who is created when there is none."`
}

type tokenCreateCommand struct {
	User        string        `arg:"" help:"Id of the user."`
	DisplayName string        `help:"The name that others see, when the user is created; the id when not given."`
	Admin       bool          `help:"Make the user an admin, when it is created."`
	Lifetime    time.Duration `help:"How long the token lasts." default:"2160h"`
	Scope       []string      `placeholder:"SCOPE" help:"What the token may be used for: read, write, admin, mcp. Everything that its user may do when not given."`
}

// Run prints a new token. It works while the program runs, and while it does not.
func (c *tokenCreateCommand) Run(ctx context.Context) error {
	answer, err := asOperator(ctx, "/token", operatorOrder{
		User: c.User, DisplayName: c.DisplayName, Admin: c.Admin, Lifetime: c.Lifetime, Scopes: c.Scope,
	})
	if err != nil {
		return err
	}
	fmt.Println(answer.Secret)
	return nil
}

// openIdentity opens identity's database alone. done closes it.
func openIdentity(ctx context.Context, settings Settings, logger *slog.Logger) (opened *identity.Service, done func(), err error) {
	p := &Program{settings: settings}
	unlock := func() {}
	if settings.DatabaseURL == "" {
		directory := filepath.Join(settings.DataDir, "identity")
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return nil, nil, err
		}
		if unlock, err = db.LockDir(directory); err != nil {
			return nil, nil, err
		}
	}
	opened, err = identity.New(ctx, service.Kit{
		Logger: logger, Clock: time.Now, DatabaseURL: p.databaseURL,
		Conn: func(name string) grpc.ClientConnInterface { return nowhere{name} },
	}, identity.Config{Operate: true})
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return opened, func() { _ = opened.Close(); unlock() }, nil
}
