package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func reasonOf(err error) string {
	if f := fault.From(err); f != nil {
		return f.Reason
	}
	return ""
}

func TestDraftByHand(t *testing.T) {
	for reason, l := range map[string]domain.Learning{
		"":                       {Name: "learnings/rota", Team: "teams/payments", Claim: " A rota\nhalves the wait. "},
		"LEARNING_TEAM_MISSING":  {Name: "learnings/rota", Claim: "A rota halves the wait."},
		"LEARNING_ID_RESERVED":   {Name: "learnings/payments-review-rota-7a4acf9a", Team: "teams/payments", Claim: "A rota halves the wait."},
		"CLAIM_TOO_SHORT":        {Name: "learnings/rota", Team: "teams/payments", Claim: "Rota\u200b\u200b\u200b\u200b\u200b\u200b"},
		"REVIEW_BY_DATE_INVALID": {Name: "learnings/rota", Team: "teams/payments", Claim: "A rota halves the wait.", ReviewByDate: "2026-02-30"},
		"REVIEW_BY_DATE_PAST":    {Name: "learnings/rota", Team: "teams/payments", Claim: "A rota halves the wait.", ReviewByDate: "2026-06-08"},
		"REVIEW_BY_DATE_FAR":     {Name: "learnings/rota", Team: "teams/payments", Claim: "A rota halves the wait.", ReviewByDate: "2031-06-09"},
	} {
		events, err := l.DraftByHand(domain.Settings{}, monday)
		if reasonOf(err) != reason || (reason == "") != (len(events) == 1) {
			t.Errorf("want %q: %v, %v", reason, events, err)
		}
		if reason == "" && (l.Claim != "A rota halves the wait." || l.State != domain.Draft || !l.Since.Equal(monday) || l.ReviewByDate != "") {
			t.Errorf("%+v", l)
		}
	}
	signs := domain.Learning{Name: "learnings/x", Team: "teams/payments", Claim: "?!?!?!?!?!?!?!"}
	if _, err := signs.DraftByHand(domain.Settings{}, monday); reasonOf(err) != "CLAIM_TOO_SHORT" {
		t.Errorf("mere signs: %v", err)
	}
	kana := domain.Learning{Name: "learnings/x", Team: "teams/payments", Claim: "当番表で待ち時間が半分になる"}
	if _, err := kana.DraftByHand(domain.Settings{}, monday); err != nil {
		t.Errorf("words of another script: %v", err)
	}
	for _, c := range []string{"0190a0b0-0000-7000-8000-00000000abcd", "rota-2026", "rota-abcdefg1", "abcdef12"} {
		l := domain.Learning{Name: "learnings/" + c, Team: "teams/payments", Claim: "A rota halves the wait."}
		if _, err := l.DraftByHand(domain.Settings{}, monday); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
}

func TestEdit(t *testing.T) {
	claim := func(words string) func(*domain.Learning) { return func(l *domain.Learning) { l.Claim = words } }
	day := func(date string) func(*domain.Learning) { return func(l *domain.Learning) { l.ReviewByDate = date } }
	for _, c := range []struct {
		name   string
		from   domain.State
		change func(*domain.Learning)
		event  domain.Event
		reason string
		worded []string
	}{
		{"a draft", domain.Draft, claim("A rota helps a lot."), domain.LearningDrafted, "", []string{"claim"}},
		{"what is published", domain.Published, claim("A rota helps a lot."), domain.LearningPublished, "", []string{"claim"}},
		{"what is retired", domain.Retired, claim("A rota helps a lot."), "", "LEARNING_RETIRED", nil},
		{"to a claim that is too short", domain.Draft, claim("Helps."), "", "CLAIM_TOO_SHORT", nil},
		{"to no claim", domain.Draft, claim("\u200b"), "", "CLAIM_TOO_SHORT", nil},
		{"to the same words", domain.Draft, claim(" Learned.\u200b "), "", "", nil},
		{"to a day", domain.Draft, day("2026-12-01"), domain.LearningDrafted, "", []string{"review_by_date"}},
		{"to a day that is over", domain.Published, day("2026-06-09"), "", "REVIEW_BY_DATE_PAST", nil},
		{"to no day", domain.Published, day(""), "", "REVIEW_BY_DATE_INVALID", nil},
		{"several at once", domain.Draft, func(l *domain.Learning) {
			l.Tags, l.Context.TeamSize, l.MayNotHold = []string{"b", "a"}, 5, "In large teams."
		}, domain.LearningDrafted, "", []string{"context", "may_not_hold", "tags"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := learning(t, c.from)
			events, err := l.Edit(c.change, tuesday)
			if reasonOf(err) != c.reason || c.event == "" && len(events) != 0 || c.event != "" && (len(events) != 1 || events[0] != c.event) {
				t.Fatalf("%v, %v", events, err)
			}
			if c.event != "" && !slices.Equal(l.Worded, c.worded) {
				t.Errorf("worded %q", l.Worded)
			}
		})
	}
	t.Run("tags that were taken away stay away", func(t *testing.T) {
		l := newLearning(t)
		l.Distil(distillate, monday)
		if _, err := l.Edit(func(l *domain.Learning) { l.Tags = nil }, tuesday); err != nil {
			t.Fatal(err)
		}
		if events := l.Distil(distillate, monday); len(events) != 0 || len(l.Tags) != 0 {
			t.Errorf("%v: tags %q", events, l.Tags)
		}
	})
	t.Run("a day that a draft was given stays", func(t *testing.T) {
		l := learning(t, domain.Draft)
		if _, err := l.Edit(day("2026-12-01"), tuesday); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(domain.Settings{}, tuesday); err != nil || l.ReviewByDate != "2026-12-01" {
			t.Errorf("%s, %v", l.ReviewByDate, err)
		}
	})
}

// However often a learning is looked at again, it does not grow for ever: it shows the latest reviews, in their order.
func TestTheLatestReviewsAreShown(t *testing.T) {
	l := &domain.Learning{State: domain.Published, Claim: "A rota halves the wait."}
	for i := range 50 {
		if _, err := l.Review(domain.Settings{}, fmt.Sprintf("It still holds, the time number %d.", i), "", tuesday); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.Reviews); n != 20 || !strings.Contains(l.Reviews[0].Text, "number 30.") || !strings.Contains(l.Reviews[n-1].Text, "number 49.") {
		t.Errorf("%d reviews: %v", n, l.Reviews)
	}
}

func TestReview(t *testing.T) {
	const text = "It held for a year in three teams."
	for _, c := range []struct {
		name, text, by string
		from           domain.State
		reason, want   string
	}{
		{"by the settings", text, "", domain.Published, "", "2026-08-09"},
		{"by a day", text, "2031-06-09", domain.Published, "", "2031-06-09"},
		{"by today", text, "2026-06-09", domain.Published, "REVIEW_BY_DATE_PAST", ""},
		{"too far away", text, "2031-06-10", domain.Published, "REVIEW_BY_DATE_FAR", ""},
		{"no day", text, "2026-13-01", domain.Published, "REVIEW_BY_DATE_INVALID", ""},
		{"says nothing", "\u200b \u202e ok \n\n\n\n\n\n", "", domain.Published, "REVIEW_TOO_SHORT", ""},
		{"a draft", text, "", domain.Draft, "LEARNING_NOT_PUBLISHED", ""},
		{"what is retired", text, "", domain.Retired, "LEARNING_RETIRED", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := learning(t, c.from)
			before := l.ReviewByDate
			events, err := l.Review(domain.Settings{ReviewMonths: 2}, c.text, c.by, tuesday)
			if reasonOf(err) != c.reason {
				t.Fatal(err)
			}
			if c.reason != "" {
				if l.ReviewByDate != before || len(l.Reviews) != 0 {
					t.Errorf("refused, but %+v", l)
				}
				return
			}
			if len(events) != 1 || events[0] != domain.LearningReviewed || l.ReviewByDate != c.want || len(l.Reviews) != 1 || l.Reviews[0].Text != text {
				t.Errorf("%v of %+v", events, l)
			}
			if _, err := l.Review(domain.Settings{}, "And for another one.", "", tuesday); err != nil || len(l.Reviews) != 2 || l.Reviews[0].Text != text {
				t.Errorf("again: %+v, %v", l.Reviews, err)
			}
		})
	}
}

func TestReviewByDate(t *testing.T) {
	for _, c := range []struct {
		at     string
		months int
		want   string
	}{
		{"2026-06-08T09:00:00Z", 0, "2026-12-08"},
		{"2026-08-31T09:00:00Z", 6, "2027-02-28"},
		{"2027-08-31T09:00:00Z", 6, "2028-02-29"},
		{"2026-01-31T23:59:59Z", 1, "2026-02-28"},
		{"2026-11-30T00:00:00Z", 3, "2027-02-28"},
		{"2026-06-08T23:00:00-05:00", 1, "2026-07-09"}, // the day in UTC
		{"2026-02-28T09:00:00Z", 60, "2031-02-28"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		l := learning(t, domain.Draft)
		if _, err := l.Publish(domain.Settings{ReviewMonths: c.months}, at); err != nil || l.ReviewByDate != c.want {
			t.Errorf("%s and %d months: %s, %v", c.at, c.months, l.ReviewByDate, err)
		}
	}
	l := learning(t, domain.Published) // by 2026-12-08
	for at, want := range map[string]bool{"2026-12-08T23:59:59Z": false, "2026-12-09T00:00:00Z": true, "2026-12-09T00:30:00+01:00": false} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil || l.ReviewDue(now) != want {
			t.Errorf("due at %s: %v, %v", at, l.ReviewDue(now), err)
		}
	}
	if _, err := l.Retire("It fell back."); err != nil || l.ReviewDue(tuesday.AddDate(9, 0, 0)) {
		t.Errorf("what is retired is due: %v", err)
	}
}

func TestSettings(t *testing.T) {
	const own = "teams/payments/knowledgeSettings"
	for _, c := range []struct {
		name    string
		set     domain.Settings
		reasons []string
	}{
		{"well-formed", domain.Settings{
			FollowedTags: []string{"a"}, MutedTags: []string{"b"}, FollowedTeams: []string{"teams/search"}, MutedTeams: []string{"teams/mobile"},
			FollowedLearnings: []string{"learnings/x"},
		}, nil},
		{"a tag both ways", domain.Settings{FollowedTags: []string{"a"}, MutedTags: []string{"b", "a"}}, []string{"TAG_FOLLOWED_AND_MUTED"}},
		{"a team both ways", domain.Settings{FollowedTeams: []string{"teams/a"}, MutedTeams: []string{"teams/a"}}, []string{"TEAM_FOLLOWED_AND_MUTED"}},
		{"follows itself", domain.Settings{FollowedTeams: []string{"teams/payments"}}, []string{"OWN_TEAM_NAMED"}},
		{"mutes itself", domain.Settings{MutedTeams: []string{"teams/payments"}}, []string{"OWN_TEAM_NAMED"}},
		{
			"names that are none",
			domain.Settings{FollowedTeams: []string{"payments"}, MutedTeams: []string{"teams/a/b"}, FollowedLearnings: []string{"teams/a", "learnings/"}},
			[]string{"RESOURCE_NAME_MALFORMED", "RESOURCE_NAME_MALFORMED", "RESOURCE_NAME_MALFORMED", "RESOURCE_NAME_MALFORMED"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &domain.Settings{Name: own}
			set := c.set
			set.Name = own
			events, err := s.Edit(func(s *domain.Settings) { *s = set })
			if c.reasons == nil {
				if err != nil || len(events) != 1 || events[0] != domain.KnowledgeSettingsUpdated {
					t.Errorf("%v, %v", events, err)
				}
				if events, err := s.Edit(func(s *domain.Settings) { *s = set }); err != nil || len(events) != 0 {
					t.Errorf("the same again: %v, %v", events, err)
				}
				return
			}
			var reasons []string
			for _, v := range fault.From(err).Violations {
				reasons = append(reasons, v.Reason)
			}
			if !slices.Equal(reasons, c.reasons) || fault.From(err).Kind != fault.InvalidArgument {
				t.Errorf("%v: %v", reasons, err)
			}
		})
	}
}
