package main

import (
	"context"
	"fmt"
	"os"

	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

type signInLinkCommand struct {
	User        string `arg:"" help:"Id of the user."`
	ReturnTo    string `placeholder:"PATH" help:"The page to show after the sign-in, such as /teams/payments."`
	Admin       bool   `help:"Create the user as an admin, when there is no such user."`
	DisplayName string `help:"The name that others see, when the user is created; the id when not given."`
}

// Run prints a link that signs the user in, once. It works while the program runs, and while it does not.
func (c *signInLinkCommand) Run(ctx context.Context) error {
	answer, err := asOperator(ctx, "/sign-in-link", operatorOrder{User: c.User, ReturnTo: c.ReturnTo, Admin: c.Admin, DisplayName: c.DisplayName})
	if err != nil {
		return err
	}
	fmt.Println(answer.Link)
	return nil
}

// asOperator does a deed with the settings of the environment.
func asOperator(ctx context.Context, path string, order operatorOrder) (operatorAnswer, error) {
	settings, _, err := loadSettings()
	if err != nil {
		return operatorAnswer{}, err
	}
	if settings.DataDir == "" {
		settings.DataDir = serveDataDir
	}
	logger, err := telemetry.NewLogger(os.Stderr, settings.LogFormat, settings.LogLevel)
	if err != nil {
		return operatorAnswer{}, err
	}
	return operate(ctx, settings, logger, path, order)
}
