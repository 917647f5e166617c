package wire

import (
	"slices"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// SettingsFields are the fields of settings that can be changed.
func SettingsFields() []string {
	return []string{
		"publish_rule", "review_months", "context", "max_open_offers", "followed_tags", "followed_teams", "followed_learnings", "muted_tags", "muted_teams",
	}
}

// SettingsChange sets the named fields of settings as they are given.
func SettingsChange(given *knowledgev1.KnowledgeSettings, paths []string) func(*domain.Settings) {
	return func(s *domain.Settings) {
		for _, path := range paths {
			switch path {
			case "publish_rule":
				s.PublishRule = word[domain.PublishRule](given.GetPublishRule(), "PUBLISH_RULE_")
			case "review_months":
				s.ReviewMonths = int(given.GetReviewMonths())
			case "context":
				s.Context = contextFrom(given.GetContext())
			case "max_open_offers":
				s.MaxOpenOffers = int(given.GetMaxOpenOffers())
			case "followed_tags":
				s.FollowedTags = slices.Clone(given.GetFollowedTags())
			case "followed_teams":
				s.FollowedTeams = slices.Clone(given.GetFollowedTeams())
			case "followed_learnings":
				s.FollowedLearnings = slices.Clone(given.GetFollowedLearnings())
			case "muted_tags":
				s.MutedTags = slices.Clone(given.GetMutedTags())
			case "muted_teams":
				s.MutedTeams = slices.Clone(given.GetMutedTeams())
			}
		}
	}
}

// OfferRulesFields are the fields of the rules that can be changed.
func OfferRulesFields() []string {
	return []string{"similarity", "without_parked", "without_process", "without_constraint_type", "max_open_offers", "answer_days"}
}

// OfferRulesChange sets the named fields of the rules as they are given.
func OfferRulesChange(given *knowledgev1.OfferRules, paths []string) func(*domain.OfferRules) {
	return func(r *domain.OfferRules) {
		for _, path := range paths {
			switch path {
			case "similarity":
				r.Similarity = given.GetSimilarity()
			case "without_parked":
				r.WithoutParked = given.GetWithoutParked()
			case "without_process":
				r.WithoutProcess = given.GetWithoutProcess()
			case "without_constraint_type":
				r.WithoutConstraintType = given.GetWithoutConstraintType()
			case "max_open_offers":
				r.MaxOpenOffers = int(given.GetMaxOpenOffers())
			case "answer_days":
				r.AnswerDays = int(given.GetAnswerDays())
			}
		}
	}
}
