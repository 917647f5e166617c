package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

// Most that is taken of a person's groups.
const (
	maxGroups    = 1000
	maxGroupName = 500
)

// document is the claims of an ID token or of the userinfo endpoint.
type document map[string]json.RawMessage

// identity reads who the person is: from the ID token, and from userinfo what is not in there.
func (c *Client) identity(ctx context.Context, p *provider, token *oidc.IDToken, grant *oauth2.Token) (domain.Identity, error) {
	var inToken document
	if err := token.Claims(&inToken); err != nil {
		return domain.Identity{}, domain.ProviderTokenInvalid().Because(err)
	}
	documents := []document{inToken}
	if c.incomplete(inToken) && p.UserInfoEndpoint() != "" {
		more, err := c.userInfo(ctx, p, token.Subject, grant)
		if err != nil {
			return domain.Identity{}, err
		}
		documents = append(documents, more)
	}
	i := domain.Identity{Issuer: token.Issuer, Subject: token.Subject}
	for _, d := range documents {
		if err := c.read(d, &i); err != nil {
			return domain.Identity{}, domain.ProviderTokenInvalid().Because(err)
		}
	}
	if c.left(documents) {
		return domain.Identity{}, domain.ProviderTokenInvalid().Because(
			errors.New("the provider left the groups out because there are too many: have it send only those that are assigned to this application"))
	}
	return i, nil
}

// incomplete tells whether userinfo may know more.
func (c *Client) incomplete(d document) bool {
	return !d.has("email") || !d.has("name") || len(c.cfg.policy.Groups) > 0 && !d.has(c.cfg.GroupsClaim)
}

// left tells whether the groups are said to be elsewhere. To take that for "no groups" would take roles away.
func (c *Client) left(documents []document) bool {
	elsewhere := false
	for _, d := range documents {
		var names map[string]json.RawMessage
		if d.has("_claim_names") && json.Unmarshal(d["_claim_names"], &names) == nil {
			_, named := names[c.cfg.GroupsClaim]
			elsewhere = elsewhere || named
		}
		if d.has(c.cfg.GroupsClaim) {
			return false
		}
	}
	return elsewhere && len(c.cfg.policy.Groups) > 0
}

// userInfo asks the userinfo endpoint. It has to be about the same person.
func (c *Client) userInfo(ctx context.Context, p *provider, subject string, grant *oauth2.Token) (document, error) {
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(grant))
	if err != nil {
		if unanswered(err) {
			return nil, domain.ProviderUnavailable().Because(short(err))
		}
		return nil, domain.ProviderTokenInvalid().Because(short(err))
	}
	if info.Subject != subject {
		return nil, domain.ProviderTokenInvalid().Because(errors.New("userinfo is about somebody else"))
	}
	var d document
	if err := info.Claims(&d); err != nil {
		return nil, domain.ProviderTokenInvalid().Because(err)
	}
	return d, nil
}

// read adds what a document says to what is known. An e-mail address and whether it is verified come from one document.
func (c *Client) read(d document, i *domain.Identity) error {
	for claim, to := range map[string]*string{"name": &i.Name, "preferred_username": &i.PreferredUsername} {
		if *to != "" || !d.has(claim) {
			continue
		}
		if err := json.Unmarshal(d[claim], to); err != nil {
			return fmt.Errorf("the claim %s is no text", claim)
		}
	}
	if i.Email == "" && d.has("email") {
		if err := json.Unmarshal(d["email"], &i.Email); err != nil {
			return errors.New("the claim email is no text")
		}
		// Literally: a text "true" is a provider's way to be vague.
		verified := string(d["email_verified"])
		i.EmailVerified, i.EmailUnverified = verified == "true", d.has("email_verified") && verified != "true"
	}
	if len(i.Groups) == 0 && d.has(c.cfg.GroupsClaim) {
		groups, err := readGroups(d[c.cfg.GroupsClaim])
		if err != nil {
			return fmt.Errorf("the claim %s %w", c.cfg.GroupsClaim, err)
		}
		i.Groups = groups
	}
	return nil
}

// readGroups reads the groups claim, an array of texts or one text.
func readGroups(raw json.RawMessage) ([]string, error) {
	var groups []string
	if err := json.Unmarshal(raw, &groups); err != nil {
		var one string
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, errors.New("is neither an array of texts nor a text")
		}
		groups = []string{one}
	}
	if len(groups) > maxGroups || slices.ContainsFunc(groups, func(g string) bool { return len(g) > maxGroupName }) {
		return nil, fmt.Errorf("has more than %d groups, or one whose name is longer than %d bytes", maxGroups, maxGroupName)
	}
	slices.Sort(groups)
	groups = slices.DeleteFunc(slices.Compact(groups), func(g string) bool { return g == "" })
	return groups, nil
}

// has tells whether a claim says anything.
func (d document) has(claim string) bool {
	raw, there := d[claim]
	return there && string(raw) != "null"
}
