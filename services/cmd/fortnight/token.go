package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

// issue opens identity's database alone and makes a token in it.
func (c *tokenCreateCommand) issue(ctx context.Context, settings Settings, logger *slog.Logger) (string, error) {
	p := &Program{settings: settings}
	if settings.DatabaseURL == "" {
		directory := filepath.Join(settings.DataDir, "identity")
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return "", err
		}
		unlock, err := db.LockDir(directory)
		if err != nil {
			return "", err
		}
		defer unlock()
	}
	opened, err := identity.New(ctx, service.Kit{
		Logger: logger, Clock: time.Now, DatabaseURL: p.databaseURL,
		Conn: func(name string) grpc.ClientConnInterface { return nowhere{name} },
	}, identity.Config{})
	if err != nil {
		return "", err
	}
	defer func() { _ = opened.Close() }()
	return opened.IssueToken(ctx, c.User, cmp.Or(c.DisplayName, c.User), roles(c.Admin), c.Lifetime)
}
