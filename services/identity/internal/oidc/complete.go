package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// Callback is what came back from the provider, with what the sign-in was begun with.
type Callback struct {
	// Code is the authorization code, Issuer the parameter iss of RFC 9207 if there was one.
	Code, Issuer string
	// RedirectURI, Nonce and Verifier are those of AuthorizationURI.
	RedirectURI, Nonce, Verifier string
}

// skew is how far the provider's clock may be ahead.
const skew = 5 * time.Minute

// Complete exchanges the code and checks everything that the provider says. Reasons: SIGN_IN_PROVIDER_UNAVAILABLE,
// SIGN_IN_PROVIDER_REFUSED, SIGN_IN_TOKEN_INVALID.
func (c *Client) Complete(ctx context.Context, back Callback) (domain.Identity, error) {
	p, err := c.provider(ctx)
	if err != nil {
		return domain.Identity{}, err
	}
	if err := c.checkIssuer(p, back.Issuer); err != nil {
		return domain.Identity{}, domain.ProviderTokenInvalid().Because(err)
	}
	ctx = oidc.ClientContext(ctx, c.http)
	token, err := c.oauth(p, back.RedirectURI).Exchange(ctx, back.Code, oauth2.VerifierOption(back.Verifier))
	if err != nil {
		return domain.Identity{}, exchangeFault(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return domain.Identity{}, domain.ProviderTokenInvalid().Because(errors.New("the provider gave no ID token"))
	}
	verified, err := c.verify(ctx, p, raw, token.AccessToken, back.Nonce)
	if err != nil {
		return domain.Identity{}, err
	}
	i, err := c.identity(ctx, p, verified, token)
	i.IDToken = raw
	return i, err
}

// checkIssuer finds out a provider that answers in another's place.
func (c *Client) checkIssuer(p *provider, issuer string) error {
	if issuer == "" && p.metadata.AnswersIssue {
		return errors.New("the provider promised the parameter iss and did not send it")
	}
	if issuer != "" && issuer != c.cfg.Issuer {
		return errors.New("the parameter iss names another provider")
	}
	return nil
}

// verify checks the ID token: signature, iss, aud and exp by the library, the rest here.
func (c *Client) verify(ctx context.Context, p *provider, raw, accessToken, nonce string) (*oidc.IDToken, error) {
	var withoutKeys bool
	token, err := p.verifier.Verify(context.WithValue(ctx, withoutKeysKey{}, &withoutKeys), raw)
	if withoutKeys {
		return nil, domain.ProviderUnavailable().Because(short(err))
	}
	if err != nil {
		return nil, domain.ProviderTokenInvalid().Because(short(err))
	}
	if err := c.checkClaims(token, accessToken, nonce); err != nil {
		return nil, domain.ProviderTokenInvalid().Because(err)
	}
	return token, nil
}

// keySet tells through the context when the keys could not be had, which the library's verifier does not.
type keySet struct{ *oidc.RemoteKeySet }

type withoutKeysKey struct{}

// VerifySignature is that of the library.
func (k keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.RemoteKeySet.VerifySignature(ctx, token)
	if without, ok := ctx.Value(withoutKeysKey{}).(*bool); ok && err != nil {
		*without = strings.HasPrefix(err.Error(), "fetching keys")
	}
	return payload, err
}

func (c *Client) checkClaims(token *oidc.IDToken, accessToken, nonce string) error {
	var claims struct {
		AuthorizedParty *string `json:"azp"`
		IssuedAt        any     `json:"iat"`
	}
	if err := token.Claims(&claims); err != nil {
		return fmt.Errorf("the claims azp and iat: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return errors.New("the nonce is not that of the sign-in")
	case token.Subject == "" || len(token.Subject) > 255 || strings.TrimSpace(token.Subject) != token.Subject:
		return errors.New("the claim sub is missing or malformed")
	case token.Issuer != c.cfg.Issuer:
		return errors.New("the claim iss is not spelled as the issuer is") // the library lets one through for Google
	case len(token.Audience) > 1 && claims.AuthorizedParty == nil:
		return errors.New("the token is for several clients and does not say for which it was made")
	case claims.AuthorizedParty != nil && *claims.AuthorizedParty != c.cfg.ClientID:
		return errors.New("the token was made for another client")
	case claims.IssuedAt == nil:
		return errors.New("the claim iat is missing")
	case token.IssuedAt.After(c.clock().Add(skew)):
		return errors.New("the token was made in the future: is a clock wrong?")
	}
	if token.AccessTokenHash != "" {
		return token.VerifyAccessToken(accessToken)
	}
	return nil
}

// exchangeFault turns what went wrong with the code into an answer. The provider's own words stay here.
func exchangeFault(err error) error {
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) {
		if unanswered(err) {
			return domain.ProviderUnavailable().Because(short(err))
		}
		return domain.ProviderTokenInvalid().Because(short(err))
	}
	status := 0
	if refusal.Response != nil {
		status = refusal.Response.StatusCode
	}
	cause := fmt.Errorf("the token endpoint answered %d, error %q", status, Word(refusal.ErrorCode))
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return domain.ProviderUnavailable().Because(cause)
	}
	return domain.ProviderRefused().Because(cause)
}

// unanswered tells whether an error means that the provider could not be asked, rather than that it said something wrong.
func unanswered(err error) bool {
	var net interface{ Timeout() bool }
	return errors.As(err, &net) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// Word keeps an OAuth error code, which is a word, and nothing else.
func Word(code string) string {
	if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "?"
	}
	return code
}
