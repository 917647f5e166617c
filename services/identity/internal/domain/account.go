package domain

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Account is a user's account at the OpenID provider. Issuer and subject say which it is, and nothing else does.
type Account struct {
	Name            string
	User            string
	Issuer, Subject string
	Email           string   // at the last sign-in
	Groups, Grants  []string // at the last sign-in
	SignInTime      time.Time
	CreateTime      time.Time
}

// AccountName is the resource name of the account with the given id of a user, given by resource name.
func AccountName(user, id string) string { return user + "/accounts/" + id }

// NewAccount ties an account to a user, given by resource name.
func NewAccount(user, id, issuer, subject string, now time.Time) (Account, error) {
	if err := CheckIssuer("account.issuer", issuer); err != nil {
		return Account{}, err
	}
	if strings.TrimSpace(subject) != subject || subject == "" || strings.ContainsFunc(subject, unicode.IsControl) {
		return Account{}, fault.Invalid("account.subject", "ACCOUNT_SUBJECT_INVALID", "the subject is the provider's claim sub as it is, without spaces around it")
	}
	return Account{Name: AccountName(user, id), User: user, Issuer: issuer, Subject: subject, CreateTime: now}, nil
}

// CheckIssuer checks the address of an OpenID provider. It is https, because what is read there decides who is let in; on
// this machine it may be http.
func CheckIssuer(field, issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !Trusted(u) {
		return fault.Invalid(field, "ISSUER_INVALID",
			"%q is no issuer: give the provider's address exactly as its claim iss has it, with https and without query, such as https://id.example.com/realms/work", issuer)
	}
	return nil
}

// Trusted tells whether what is sent to an address cannot be read on the way: it goes by TLS, or does not leave the machine.
func Trusted(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	return u.Scheme == "http" && (host == "localhost" || err == nil && ip.IsLoopback())
}
