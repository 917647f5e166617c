package domain

import (
	"strconv"
	"strings"
	"unicode"
)

// Identity is what a verified ID token says about a person.
type Identity struct {
	Issuer, Subject string
	// Email is the e-mail address; EmailVerified is true when the provider says so literally, EmailUnverified when it says
	// the opposite. A provider that says nothing has said neither.
	Email                          string
	EmailVerified, EmailUnverified bool
	// Name and PreferredUsername are what to call the person.
	Name, PreferredUsername string
	// Groups are what the groups claim holds.
	Groups []string
	// IDToken is the token itself, for the sign-out at the provider.
	IDToken string
}

// SignInPolicy is what the operator has decided about people whom the provider knows.
type SignInPolicy struct {
	// KnownUsersOnly lets nobody in who has no account here yet.
	KnownUsersOnly bool
	// JoinByEmail ties an unknown account to the one active user without an account who has its verified e-mail address.
	JoinByEmail bool
	// AllowUnverifiedEmail makes users of people whose e-mail address the provider says it has not verified.
	AllowUnverifiedEmail bool
	// Groups say what the groups at the provider give.
	Groups GroupMapping
}

// MayJoin tells whether the person may become the user who has the person's e-mail address.
func (p SignInPolicy) MayJoin(i Identity) bool {
	return p.JoinByEmail && i.EmailVerified && i.Email != ""
}

// MayCreate tells whether the person may become a new user.
func (p SignInPolicy) MayCreate(i Identity) bool {
	return !p.KnownUsersOnly && (p.AllowUnverifiedEmail || !i.EmailUnverified)
}

// Longest texts of a user that come from a provider, in characters.
const (
	maxEmail = 254
	maxID    = 63
)

// NewUser is the user that the person becomes. An address that the provider has not verified is left out: others would
// take it for the person's.
func (i Identity) NewUser(id string) User {
	u := User{Name: UserName(id), DisplayName: id}
	for _, name := range []string{i.Name, i.PreferredUsername} {
		if name = visible(name); name != "" {
			u.DisplayName = name
			break
		}
	}
	if i.EmailVerified && plausibleEmail(i.Email) {
		u.Email = i.Email
	}
	return u
}

// visible is a name without what cannot be seen or would reach beyond it.
func visible(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, name)
	runes := []rune(strings.TrimSpace(name))
	return strings.TrimSpace(string(runes[:min(maxDisplayName, len(runes))]))
}

func plausibleEmail(email string) bool {
	local, domain, found := strings.Cut(email, "@")
	return found && local != "" && domain != "" && len(email) <= maxEmail && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// SameEmail compares e-mail addresses without regard to the case of ASCII letters. Other letters must be equal: to fold them
// would make one person's address another's.
func SameEmail(a, b string) bool { return a != "" && lowerASCII(a) == lowerASCII(b) }

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// UserID returns the id of a new user: from the preferred user name, else the local part of the e-mail address, else the
// subject, made valid, and with a number when it is taken. otherwise is the id when none of these has a usable letter.
func (i Identity) UserID(otherwise string, taken func(id string) (bool, error)) (string, error) {
	local, _, _ := strings.Cut(i.Email, "@")
	name, _, _ := strings.Cut(i.PreferredUsername, "@") // some providers give an address there
	base := otherwise
	for _, candidate := range []string{name, local, i.Subject} {
		if id := validID(candidate); id != "" {
			base = id
			break
		}
	}
	const tries = 100
	for n := 1; n <= tries; n++ {
		id := base
		if n > 1 {
			suffix := "-" + strconv.Itoa(n)
			id = strings.TrimRight(base[:min(len(base), maxID-len(suffix))], "-") + suffix
		}
		found, err := taken(id)
		if err != nil || !found {
			return id, err
		}
	}
	return otherwise, nil
}

// validID makes a text an id: lower-case letters and digits of ASCII, with single hyphens for everything between; "" when
// nothing is left.
func validID(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range lowerASCII(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		} else {
			gap = true
		}
	}
	id := b.String()
	return strings.TrimRight(id[:min(maxID, len(id))], "-")
}
