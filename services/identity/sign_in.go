package identity

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/identity/internal/rpc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// OIDC says which OpenID provider there is, and what it may decide. The zero value is no provider.
type OIDC = oidc.Config

// signIn checks how people are to sign in. The provider is not asked: the program starts and runs while it is away.
func (cfg Config) signIn(clock func() time.Time) (rpc.SignIn, error) {
	limits, err := domain.SessionLimits{Idle: cfg.SessionIdle, Lifetime: cfg.SessionLifetime}.Settle()
	if err != nil {
		return rpc.SignIn{}, err
	}
	provider, err := oidc.New(cfg.OIDC, clock)
	return rpc.SignIn{Provider: provider, Limits: limits}, err
}

// SignInLink makes a link that signs a user in, once, within 15 minutes, without anybody's leave. It returns the path and
// query to put behind the installation's address. returnTo is the page to show afterwards; "" is the first one. It is for
// whoever can run the program on the operator's machine, and not reachable by any method. Reasons: ID_INVALID,
// USER_NOT_FOUND, USER_DEACTIVATED, SIGN_IN_RETURN_TO_INVALID.
func (s *Service) SignInLink(ctx context.Context, userID, returnTo string) (path string, err error) {
	if !names.ValidID(userID) {
		return "", fault.Invalid("user_id", "ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", userID)
	}
	secret, id := keyring.NewSecret(domain.LinkSecret), names.ID("")
	err = s.Log.Do(asOperator(ctx), func(tx *eventlog.Tx) error {
		_, err := rpc.MakeSignInLink(tx, domain.UserName(userID), id, returnTo, secret)
		return err
	})
	if err != nil {
		return "", err
	}
	return domain.LinkPath(secret), nil
}

// purgeEvery is how often links, pending sign-ins and sessions that have ended are deleted when nobody signs in.
const purgeEvery = time.Hour

// purgeSignIns deletes what has ended, with the addresses in it, until ctx ends. What it fails to do it does an hour later.
func (s *Service) purgeSignIns(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		_ = s.Log.Do(ctx, store.PurgeSignIns)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
