package oidctest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keys are one key of each kind, for one provider between two rotations. generation makes their ids.
type keys struct {
	generation int64
	turn       int // of the RSA key
	rsa        *rsa.PrivateKey
	ec         *ecdsa.PrivateKey
	ed         ed25519.PrivateKey
}

var generations atomic.Int64

// rsaKeys are two RSA keys that take turns, so that each generation has another one than that before. To make one takes as long
// as a whole test.
var rsaKeys = [2]func() *rsa.PrivateKey{sync.OnceValue(newRSAKey), sync.OnceValue(newRSAKey)}

func newRSAKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// after returns keys that differ from those before.
func (k keys) after() keys {
	next := keys{generation: generations.Add(1), turn: 1 - k.turn}
	next.rsa = rsaKeys[next.turn]()
	var err error
	if next.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	if _, next.ed, err = ed25519.GenerateKey(rand.Reader); err != nil {
		panic(err)
	}
	return next
}

func (k keys) id(kind string) string { return kind + strconv.FormatInt(k.generation, 10) }

// jwks publishes the keys.
func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	k := p.keys
	p.mu.Unlock()
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	point, err := k.ec.PublicKey.Bytes() // 4, then x and y of 32 bytes each
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]any{
		{"kty": "RSA", "use": "sig", "kid": k.id("rsa"), "n": number(k.rsa.N), "e": number(big.NewInt(int64(k.rsa.E)))},
		{
			"kty": "EC", "use": "sig", "crv": "P-256", "kid": k.id("ec"),
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		},
		{"kty": "OKP", "use": "sig", "crv": "Ed25519", "kid": k.id("ed"), "x": base64.RawURLEncoding.EncodeToString(k.ed.Public().(ed25519.PublicKey))},
	}})
}

// claims are what the provider says about a person.
func (who Person) claims() map[string]any {
	claims := map[string]any{"sub": who.Subject}
	for name, text := range map[string]string{"name": who.Name, "preferred_username": who.PreferredUsername, "email": who.Email} {
		if text != "" {
			claims[name] = text
		}
	}
	if who.EmailVerified != nil {
		claims["email_verified"] = who.EmailVerified
	}
	if who.Groups != nil {
		claims["groups"] = who.Groups
	}
	maps.Copy(claims, who.Claims)
	return claims
}

// idToken makes the ID token of a grant, right or wrong.
func (p *Provider) idToken(g grant) (string, error) {
	claims := jwt.MapClaims(g.person.claims())
	if p.how.OnlyInUserInfo {
		claims = jwt.MapClaims{"sub": g.person.Subject}
	}
	now := p.clock()
	issued, expires := now, now.Add(5*time.Minute)
	if p.how.Expired {
		issued, expires = now.Add(-time.Hour), now.Add(-time.Second)
	}
	if p.how.Early {
		issued, expires = now.Add(time.Hour), now.Add(2*time.Hour)
	}
	claims["iss"], claims["aud"], claims["nonce"] = p.Issuer, ClientID, g.nonce
	claims["iat"], claims["exp"] = issued.Unix(), expires.Unix()
	claims["at_hash"] = p.hash(g.accessToken)
	if p.how.Issuer != "" {
		claims["iss"] = p.how.Issuer
	}
	if p.how.Audience != nil {
		claims["aud"] = p.how.Audience
	}
	if p.how.Nonce != "" {
		claims["nonce"] = p.how.Nonce
	}
	if p.how.AuthorizedParty != "" {
		claims["azp"] = p.how.AuthorizedParty
	}
	if p.how.AccessTokenHash != "" {
		claims["at_hash"] = p.how.AccessTokenHash
	}
	if p.how.WithoutIssuedAt {
		delete(claims, "iat")
	}
	return p.sign(claims)
}

// hash is the claim at_hash of an access token.
func (p *Provider) hash(accessToken string) string {
	if p.how.Algorithm == "EdDSA" || p.how.Algorithm == "RS512" {
		sum := sha512.Sum512([]byte(accessToken))
		return base64.RawURLEncoding.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (p *Provider) sign(claims jwt.MapClaims) (string, error) {
	k := p.keys
	var method jwt.SigningMethod = jwt.SigningMethodRS256
	var key any = k.rsa
	id := k.id("rsa")
	switch p.how.Algorithm {
	case "PS256":
		method = jwt.SigningMethodPS256
	case "RS512":
		method = jwt.SigningMethodRS512
	case "ES256":
		method, key, id = jwt.SigningMethodES256, k.ec, k.id("ec")
	case "EdDSA":
		method, key, id = jwt.SigningMethodEdDSA, k.ed, k.id("ed")
	case "none":
		method, key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	case "HS256": // the classic: the verifier takes the public key for a shared secret
		der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
		if err != nil {
			return "", err
		}
		method, key = jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	if p.how.OtherKey {
		key = k.after().rsa
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	return token.SignedString(key)
}
