package domain

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// PublishRule is what publishes what a team learns.
type PublishRule string

// The rules of publishing.
const (
	ByRetrospective PublishRule = "RETROSPECTIVE"
	ByConclusion    PublishRule = "CONCLUSION"
	ByHand          PublishRule = "BY_HAND"
)

// defaultReviewMonths is after how many months a published learning should be looked at again.
const defaultReviewMonths = 6

// Settings is how a team gives and takes what is learned. What the team did not say is empty here; Complete says it.
type Settings struct {
	Name        string      `json:"name"`
	PublishRule PublishRule `json:"publishRule,omitempty"`
	// ReviewMonths 0 stands for the default.
	ReviewMonths int `json:"reviewMonths,omitempty"`
	// Context is what the team's work is like.
	Context Context `json:"context,omitzero"`
	// MaxOpenOffers 0 leaves it to the rules of the organisation.
	MaxOpenOffers     int      `json:"maxOpenOffers,omitempty"`
	FollowedTags      []string `json:"followedTags,omitempty"`
	FollowedTeams     []string `json:"followedTeams,omitempty"`
	FollowedLearnings []string `json:"followedLearnings,omitempty"`
	MutedTags         []string `json:"mutedTags,omitempty"`
	MutedTeams        []string `json:"mutedTeams,omitempty"`
}

// Complete is the settings with a default for everything that the team did not say.
func (s Settings) Complete() Settings {
	s.PublishRule = cmp.Or(s.PublishRule, ByRetrospective)
	s.ReviewMonths = cmp.Or(s.ReviewMonths, defaultReviewMonths)
	return s
}

// Edit changes what the team says. Reasons, all that apply at once: TAG_FOLLOWED_AND_MUTED, TEAM_FOLLOWED_AND_MUTED, OWN_TEAM_NAMED,
// RESOURCE_NAME_MALFORMED.
func (s *Settings) Edit(change func(*Settings)) ([]Event, error) {
	before := *s
	change(s)
	s.Context = s.Context.clean()
	if wrong := s.check(); len(wrong) > 0 {
		return nil, &fault.Error{Kind: fault.InvalidArgument, Reason: wrong[0].Reason, Message: wrong[0].Description, Violations: wrong}
	}
	if reflect.DeepEqual(before, *s) {
		return nil, nil
	}
	return []Event{KnowledgeSettingsUpdated}, nil
}

func (s *Settings) check() []fault.Violation {
	var wrong []fault.Violation
	refuse := func(field, reason, description string, args ...any) {
		wrong = append(wrong, fault.Violation{Field: "knowledge_settings." + field, Reason: reason, Description: fmt.Sprintf(description, args...)})
	}
	for _, tag := range s.MutedTags {
		if slices.Contains(s.FollowedTags, tag) {
			refuse("muted_tags", "TAG_FOLLOWED_AND_MUTED", "The tag %q is followed; take it out of one of the two lists.", tag)
		}
	}
	own := TeamOf(s.Name)
	for _, list := range []struct {
		field string
		names []string
	}{{"followed_teams", s.FollowedTeams}, {"muted_teams", s.MutedTeams}} {
		for _, name := range list.names {
			id, named := strings.CutPrefix(name, "teams/")
			switch {
			case !named || id == "" || strings.Contains(id, "/"):
				refuse(list.field, "RESOURCE_NAME_MALFORMED", "%q is not the name of a team; write it as teams/payments.", name)
			case name == own:
				refuse(list.field, "OWN_TEAM_NAMED", "A team neither follows nor mutes itself; take %s out of the list.", name)
			}
		}
	}
	for _, name := range s.MutedTeams {
		if slices.Contains(s.FollowedTeams, name) {
			refuse("muted_teams", "TEAM_FOLLOWED_AND_MUTED", "The team %s is followed; take it out of one of the two lists.", name)
		}
	}
	for _, name := range s.FollowedLearnings {
		if !isLearning(name) {
			refuse("followed_learnings", "RESOURCE_NAME_MALFORMED", "%q is not the name of a learning; write it as learnings/review-rota.", name)
		}
	}
	return wrong
}
