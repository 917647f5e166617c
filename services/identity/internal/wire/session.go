package wire

import (
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

const signInMethod = "SIGN_IN_METHOD_"

// Session converts to the contract. current is the id of the session that the request was made with.
func Session(s domain.Session, current string) *identityv1.Session {
	return &identityv1.Session{
		Name:        s.Name,
		Method:      identityv1.SignInMethod(identityv1.SignInMethod_value[signInMethod+string(s.Method)]),
		Address:     s.Address,
		UserAgent:   s.Agent,
		CreateTime:  instant(s.CreateTime),
		LastUseTime: instant(s.LastUseTime),
		ExpireTime:  instant(s.ExpireTime()),
		Current:     current != "" && domain.ID(s.Name) == current,
	}
}

// SignInLink converts to the contract, for the one answer that shows the secret.
func SignInLink(link domain.SignInLink, secret domain.Secret) *identityv1.SignInLink {
	return &identityv1.SignInLink{Name: link.Name, Path: domain.LinkPath(secret), ExpireTime: instant(link.ExpireTime)}
}

// SignedIn is the one answer that shows a session's secret.
func SignedIn(s domain.Session, secret domain.Secret, returnTo string) *identityv1.SignInResponse {
	return &identityv1.SignInResponse{Session: Session(s, domain.ID(s.Name)), Secret: secret.Reveal(), ReturnTo: returnTo}
}
