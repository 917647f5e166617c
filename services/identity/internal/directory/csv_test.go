package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/identity/internal/directory"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

const header = "team,team_display_name,time_zone,user,display_name,email,role\n"

// summary is what a file wants, one line for each thing.
func summary(d domain.Directory) string {
	var b strings.Builder
	for _, t := range d.Teams {
		fmt.Fprintf(&b, "%d team %s%s %q %s\n", t.Line, t.ID, from(t.ExternalID), t.DisplayName, t.TimeZone)
	}
	for _, u := range d.Users {
		fmt.Fprintf(&b, "%d user %s%s %q %s\n", u.Line, u.ID, from(u.ExternalID), u.DisplayName, u.Email)
	}
	for _, m := range d.Members {
		fmt.Fprintf(&b, "%d member %s%s in %s%s %s\n", m.Line, m.User.ID, from(m.User.ExternalID), m.Team.ID, from(m.Team.ExternalID), m.Role)
	}
	return b.String()
}

func from(external string) string {
	if external == "" {
		return ""
	}
	return "=" + external
}

// told is what is wrong, as "line column REASON".
func told(problems []domain.DirectoryProblem) string {
	all := make([]string, len(problems))
	for i, p := range problems {
		all[i] = strings.TrimSpace(fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Reason))
	}
	return strings.Join(all, "; ")
}

func TestParseCSV(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"people in teams": {
			header + "payments,Payments,Europe/Berlin,mina,Mina,mina@example.com,coach\n" + "payments,,,noor,Noor,,member\n" + "search,,,mina,,,Viewer\n",
			"2 team payments \"Payments\" Europe/Berlin\n4 team search \"\" \n2 user mina \"Mina\" mina@example.com\n3 user noor \"Noor\" \n" +
				"2 member mina in payments COACH\n3 member noor in payments MEMBER\n4 member mina in search VIEWER\n",
		},
		"a byte order mark and Windows' line ends": {
			"\ufeff" + strings.ReplaceAll(header+"payments,,,mina,Mina,,coach\n", "\n", "\r\n"),
			"2 team payments \"\" \n2 user mina \"Mina\" \n2 member mina in payments COACH\n",
		},
		"quotes, commas and lines of nothing": {
			header + "payments,\"Pay, \"\"and\"\" bill\",,,,,\n,,,,,,\n\n,,,mina,\" Mina H. \",,\n",
			"2 team payments \"Pay, \\\"and\\\" bill\" \n5 user mina \"Mina H.\" \n",
		},
		"only some columns, in another order": {"Role, user ,TEAM\nmember,mina,payments\n", "2 team payments \"\" \n2 user mina \"\" \n2 member mina in payments MEMBER\n"},
		"only people":                         {"user,email\nmina,mina@example.com\n", "2 user mina \"\" mina@example.com\n"},
		"the same line twice":                 {"team,user,role\na,b,coach\na,b,coach\n", "2 team a \"\" \n2 user b \"\" \n2 member b in a COACH\n"},
		"said later":                          {"team,team_display_name\na,\na,Anna's\n", "2 team a \"Anna's\" \n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := directory.ParseCSV(test.content)
			if len(problems) > 0 || summary(got) != test.want {
				t.Errorf("wanted\n%s problems: %v, want\n%s", summary(got), problems, test.want)
			}
		})
	}
}

func TestBadCSV(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"nothing":                     {" \n", "1  DIRECTORY_EMPTY"},
		"only a header":               {header, "1  DIRECTORY_EMPTY"},
		"UTF-16":                      {"t\x00e\x00", "1  TEXT_CONTROL_CHARACTER"},
		"Latin-1":                     {header + "a,M\xfcnchen,,,,,\n", "2  TEXT_NOT_UTF8"},
		"an unknown column":           {"team,shoe_size\na,42\n", "1 shoe_size COLUMN_UNKNOWN"},
		"semicolons":                  {"team;user;role\na;b;coach\n", "1  COLUMN_UNKNOWN; 1 team COLUMN_MISSING"},
		"a column twice":              {"team,team\na,a\n", "1 team COLUMN_TWICE"},
		"no role":                     {"team,user\na,b\n", "1 role COLUMN_MISSING"},
		"no team":                     {"user,time_zone\nb,UTC\n", "1 team COLUMN_MISSING"},
		"neither team nor user":       {"role\ncoach\n", "1 team COLUMN_MISSING; 1 team COLUMN_MISSING; 1 user COLUMN_MISSING"},
		"a field too many":            {header + "a,Pay, and bill,,b,,,coach\n", "2  COLUMN_COUNT"},
		"an open quote":               {header + "a,\"Pay,,b,,,coach\nc,,,,,,\n", "2  CSV_SYNTAX"},
		"a bare quote":                {header + "a,Pay \"and\" bill,,b,,,coach\n", "2  CSV_SYNTAX"},
		"a bad id":                    {header + "Pay Ments,,,b,,,coach\na,,,Mina H,,,coach\n", "2 team ID_INVALID; 3 user ID_INVALID"},
		"a bad e-mail address":        {header + "a,,,b,,nowhere,coach\n", "2 email EMAIL_INVALID"},
		"a bad time zone":             {header + "a,,Berlin,b,,,coach\n", "2 time_zone TIME_ZONE_UNKNOWN"},
		"a long name":                 {header + "a," + strings.Repeat("x", 121) + ",,b," + strings.Repeat("y", 121) + ",,coach\n", "2 team_display_name DISPLAY_NAME_TOO_LONG; 2 display_name DISPLAY_NAME_TOO_LONG"},
		"a bad role":                  {header + "a,,,b,,,boss\n", "2 role ROLE_UNKNOWN"},
		"a missing role":              {header + "a,,,b,,,\n", "2 role ROLE_MISSING"},
		"a role without a team":       {header + ",,,b,,,coach\n", "2 role ROLE_WITHOUT_TEAM"},
		"details without an id":       {header + ",Payments,,,Mina,,\n", "2 team TEAM_MISSING; 2 user USER_MISSING"},
		"two names of a team":         {header + "a,One,,,,,\na,Two,,,,,\n", "3 team_display_name LINES_CONFLICT"},
		"two addresses of a user":     {header + "a,,,b,,b@example.com,coach\nc,,,b,,c@example.com,coach\n", "3 email LINES_CONFLICT"},
		"two roles in a team":         {header + "a,,,b,,,coach\na,,,b,,,member\n", "3 role LINES_CONFLICT"},
		"a mark that turns the text":  {header + "a,Pay\u202Ements,,,,,\n", "2 team_display_name TEXT_CONTROL_CHARACTER"},
		"a line break in a name":      {header + "a,\"Pay\nments\",,,,,\n", "2 team_display_name TEXT_CONTROL_CHARACTER"},
		"more than a mebibyte":        {header + strings.Repeat("a,,,,,,\n", 150_000), "1  DIRECTORY_TOO_LARGE"},
		"more than one import takes":  {"team\n" + numbered(directory.MaxEntries+1), "2002  DIRECTORY_TOO_LARGE"},
		"everything at once, in line": {header + "A,,,b,,,coach\nc,,,d,,e,coach\nf,,,g,,,h\n", "2 team ID_INVALID; 3 email EMAIL_INVALID; 4 role ROLE_UNKNOWN"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := directory.ParseCSV(test.content)
			if summary(got) != "" || strings.ReplaceAll(told(problems), "  ", " ") != strings.ReplaceAll(test.want, "  ", " ") {
				t.Errorf("problems: %s, want %s\n%v %s", told(problems), test.want, problems, summary(got))
			}
			for _, p := range problems {
				if p.Description == "" {
					t.Errorf("%v says nothing", p)
				}
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%d\n", i)
	}
	return b.String()
}

func FuzzParseCSV(f *testing.F) {
	f.Add(header + "payments,Payments,Europe/Berlin,mina,Mina,mina@example.com,coach\n")
	f.Add("\ufeffteam,user,role\r\n\"a\",b,\"coach\"\r\n")
	f.Add("user\n\"a\n")
	f.Fuzz(func(t *testing.T, content string) {
		sound(t, content, func() (domain.Directory, []domain.DirectoryProblem) { return directory.ParseCSV(content) })
	})
}
