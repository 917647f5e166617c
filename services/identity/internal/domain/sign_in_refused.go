package domain

import "github.com/fortnighthq/fortnight/services/internal/platform/fault"

// Each way of signing in has few answers, so that nobody learns from them what exists here. The cause goes to the log.

// LinkInvalid is the one answer to a link that is unknown, used, over, or of a user who may not sign in.
func LinkInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "SIGN_IN_LINK_INVALID", "The link is unknown, used or over. A link works once, for 15 minutes: ask for a new one.")
}

// StateInvalid is the answer to what came back from the provider without a sign-in that this browser has begun.
func StateInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "SIGN_IN_STATE_INVALID", "This sign-in was not begun in this browser, was completed before, or took longer than 10 minutes. Begin again.")
}

// ProviderRefused is the answer when the provider did not let the person in.
func ProviderRefused() *fault.Error {
	return fault.New(fault.Unauthenticated, "SIGN_IN_PROVIDER_REFUSED", "The provider did not complete the sign-in. Begin again.")
}

// ProviderUnavailable is the answer when the provider cannot be asked.
func ProviderUnavailable() *fault.Error {
	return fault.New(fault.Unavailable, "SIGN_IN_PROVIDER_UNAVAILABLE", "The provider cannot be reached right now. Try again, or ask an admin for a sign-in link.")
}

// ProviderTokenInvalid is the answer when what the provider says about the person cannot be trusted.
func ProviderTokenInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "SIGN_IN_TOKEN_INVALID", "What the provider says about you could not be verified. Begin again; if it stays so, tell an admin.")
}

// SignInNotAllowed is the one answer to everybody whom the provider knows and this installation does not let in.
func SignInNotAllowed() *fault.Error {
	return fault.New(fault.PermissionDenied, "SIGN_IN_NOT_ALLOWED", "You may not sign in here. Ask an admin of this installation.")
}

// NoProvider is the answer when no provider is set up.
func NoProvider() *fault.Error {
	return fault.New(fault.FailedPrecondition, "SIGN_IN_PROVIDER_NOT_SET_UP", "No OpenID provider is set up here. Sign in with a link.")
}

// SessionInvalid is the one answer to sessions that are unknown or over, or whose user may not sign in.
func SessionInvalid() *fault.Error {
	return fault.New(fault.Unauthenticated, "SESSION_INVALID", "The session is over. Sign in again.")
}
