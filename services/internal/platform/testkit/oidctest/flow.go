package oidctest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize signs the test's person in and sends the browser back with a code.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != ClientID:
		http.Error(w, "unknown client", http.StatusBadRequest)
		return
	case err != nil || !slices.Contains(p.RedirectURIs, q.Get("redirect_uri")):
		http.Error(w, "unknown redirect URI", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("nonce") == "",
		q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256",
		!slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		http.Error(w, "the request lacks response type, state, nonce, challenge or scope", http.StatusBadRequest)
		return
	}
	back := to.Query()
	back.Set("state", q.Get("state"))
	if p.how.Error != "" {
		back.Set("error", p.how.Error)
		back.Set("error_description", "the provider's own words, not for anybody")
	} else {
		code := p.newSecret()
		p.codes[code] = grant{
			person: p.person, redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce"),
		}
		back.Set("code", code)
	}
	switch p.how.ResponseIssuer {
	case "":
		back.Set("iss", p.Issuer)
	case "-":
	default:
		back.Set("iss", p.how.ResponseIssuer)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// token exchanges a code once, for the client that it was made for.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isClient(r) {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	code := r.PostFormValue("code")
	g, known := p.codes[code]
	if !p.how.CodesForEver {
		delete(p.codes, code)
	}
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case r.PostFormValue("grant_type") != "authorization_code":
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	case !known, r.PostFormValue("redirect_uri") != g.redirectURI,
		base64.RawURLEncoding.EncodeToString(challenge[:]) != g.challenge, len(r.PostFormValue("code_verifier")) < 43:
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	g.accessToken = p.newSecret()
	p.tokens[g.accessToken] = g
	document := map[string]any{"access_token": g.accessToken, "token_type": "Bearer", "expires_in": 300}
	if !p.how.WithoutIDToken {
		token, err := p.idToken(g)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		p.seen = append(p.seen, token)
		document["id_token"] = token
	}
	answer(w, http.StatusOK, document)
}

// isClient checks the client's secret, in the header (where it is escaped as in a form) or in the form.
func (p *Provider) isClient(r *http.Request) bool {
	if id, secret, ok := r.BasicAuth(); ok && !p.how.OnlyPost {
		plain, err := url.QueryUnescape(secret)
		return err == nil && id == ClientID && plain == ClientSecret
	}
	return r.PostFormValue("client_id") == ClientID && r.PostFormValue("client_secret") == ClientSecret
}

func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]any{"error": code, "error_description": "the provider's own words, not for anybody"})
}

// userInfo tells the claims of whom an access token is for.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, known := p.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known {
		http.Error(w, "unknown token", http.StatusUnauthorized)
		return
	}
	claims := g.person.claims()
	if p.how.UserInfoSubject != "" {
		claims["sub"] = p.how.UserInfoSubject
	}
	answer(w, http.StatusOK, claims)
}

// endSession ends the session at the provider and sends the browser back.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	hint := q.Get("id_token_hint")
	if q.Get("client_id") != ClientID || hint != "" && !slices.Contains(p.seen, hint) {
		http.Error(w, "unknown client or hint", http.StatusBadRequest)
		return
	}
	p.person = Person{}
	http.Redirect(w, r, q.Get("post_logout_redirect_uri"), http.StatusFound)
}
