package signin

import (
	"strings"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// shownSession is a session as the page shows it.
type shownSession struct {
	Browser, Method, Address string
	LastUse, Since, Until    instant
	Current                  bool
	// Revoke is where its form goes.
	Revoke string
}

// instant is a time for people and for programs.
type instant struct{ Text, Machine string }

func when(t time.Time) instant {
	t = t.UTC()
	return instant{t.Format("2 January 2006, 15:04") + " UTC", t.Format(time.RFC3339)}
}

func sessions(listed []*identityv1.Session) []shownSession {
	var shown []shownSession
	for _, s := range listed {
		entry := shownSession{
			Browser: browser(s.GetUserAgent()), Address: s.GetAddress(), Current: s.GetCurrent(),
			LastUse: when(s.GetLastUseTime().AsTime()), Since: when(s.GetCreateTime().AsTime()), Until: when(s.GetExpireTime().AsTime()),
			Revoke: "/account/sessions/" + s.GetName()[strings.LastIndexByte(s.GetName(), '/')+1:] + ":revoke",
		}
		switch s.GetMethod() {
		case identityv1.SignInMethod_SIGN_IN_METHOD_LINK:
			entry.Method = "with a link"
		case identityv1.SignInMethod_SIGN_IN_METHOD_PROVIDER:
			entry.Method = "at the provider"
		default:
			entry.Method = "in another way"
		}
		shown = append(shown, entry)
	}
	return shown
}

// The marks of browsers and systems in what browsers call themselves; the first that fits counts, because most name others too.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}}
	systems  = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// browser is what a person recognises a browser by, or what it calls itself when that says nothing.
func browser(agent string) string {
	name, system := first(browsers, agent), first(systems, agent)
	switch {
	case agent == "":
		return "A browser that does not say which"
	case name == "":
		return agent
	case system == "":
		return name
	default:
		return name + " on " + system
	}
}

func first(marks [][2]string, agent string) string {
	for _, mark := range marks {
		if strings.Contains(agent, mark[0]) {
			return mark[1]
		}
	}
	return ""
}

// roles are somebody's roles in the organisation, in words.
func roles(me *identityv1.Caller) []string {
	var words []string
	for _, role := range me.GetOrganizationRoles() {
		words = append(words, plain(role.String(), "ORGANIZATION_ROLE_"))
	}
	return words
}

// teams are somebody's teams with the role in each, in words.
func teams(me *identityv1.Caller) []string {
	var words []string
	for _, team := range me.GetTeams() {
		words = append(words, strings.TrimPrefix(team.GetTeam(), "teams/")+" ("+plain(team.GetRole().String(), "TEAM_ROLE_")+")")
	}
	return words
}

func plain(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }
