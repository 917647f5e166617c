package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Settings converts stored settings, with the defaults for what the team did not say.
func Settings(row record.Row[domain.Settings]) *knowledgev1.KnowledgeSettings {
	s := row.Value.Complete()
	settings := &knowledgev1.KnowledgeSettings{
		Name:              s.Name,
		PublishRule:       enum[knowledgev1.PublishRule](knowledgev1.PublishRule_value, "PUBLISH_RULE_", s.PublishRule),
		ReviewMonths:      int32(s.ReviewMonths), // at most 60
		Context:           Context(s.Context),
		MaxOpenOffers:     int32(s.MaxOpenOffers), // at most 20
		FollowedTags:      s.FollowedTags,
		FollowedTeams:     s.FollowedTeams,
		FollowedLearnings: s.FollowedLearnings,
		MutedTags:         s.MutedTags,
		MutedTeams:        s.MutedTeams,
		Etag:              row.Etag,
	}
	if !row.CreateTime.IsZero() {
		settings.CreateTime, settings.UpdateTime = timestamppb.New(row.CreateTime), timestamppb.New(row.UpdateTime)
	}
	return settings
}

// SettingsEvent makes the data of an event.
func SettingsEvent(row record.Row[domain.Settings], _ domain.Event) proto.Message {
	return &knowledgev1.KnowledgeSettingsUpdated{KnowledgeSettings: Settings(row)}
}

// OfferRules converts stored rules, with the defaults for what nobody said.
func OfferRules(row record.Row[domain.OfferRules]) *knowledgev1.OfferRules {
	r := row.Value.Complete()
	rules := &knowledgev1.OfferRules{
		Name: r.Name, Similarity: r.Similarity,
		WithoutParked: r.WithoutParked, WithoutProcess: r.WithoutProcess, WithoutConstraintType: r.WithoutConstraintType,
		MaxOpenOffers: int32(r.MaxOpenOffers), AnswerDays: int32(r.AnswerDays), // at most 20 and 365
		Etag: row.Etag,
	}
	if !row.CreateTime.IsZero() {
		rules.CreateTime, rules.UpdateTime = timestamppb.New(row.CreateTime), timestamppb.New(row.UpdateTime)
	}
	return rules
}

// OfferRulesEvent makes the data of an event.
func OfferRulesEvent(row record.Row[domain.OfferRules], _ domain.Event) proto.Message {
	return &knowledgev1.OfferRulesUpdated{OfferRules: OfferRules(row)}
}
