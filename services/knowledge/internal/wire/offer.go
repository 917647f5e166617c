package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Offer converts a stored offer.
func Offer(row record.Row[domain.Offer]) *knowledgev1.Offer {
	o := row.Value
	offer := &knowledgev1.Offer{
		Name:             o.Name,
		Learning:         o.Learning(),
		Claim:            o.Claim,
		OriginTeam:       o.OriginTeam,
		State:            offerState(o.State),
		OfferTime:        timestamp(o.OfferTime),
		AnswerByTime:     timestamp(o.AnswerBy),
		Answer:           answer(o.Answer),
		AnswerText:       o.AnswerText,
		AlreadySinceDate: o.AlreadySince,
		AnswerTime:       timestamp(o.AnswerTime),
		Adoption:         adoption(o.Adoption),
		Etag:             row.Etag,
		CreateTime:       timestamppb.New(row.CreateTime),
		UpdateTime:       timestamppb.New(row.UpdateTime),
	}
	for _, r := range o.Reasons {
		offer.Reasons = append(offer.Reasons, &knowledgev1.OfferReason{
			Kind: enum[knowledgev1.OfferReasonKind](knowledgev1.OfferReasonKind_value, "OFFER_REASON_KIND_", r.Kind), Text: r.Text, Obstacle: r.Obstacle,
		})
	}
	return offer
}

func offerState(s domain.OfferState) knowledgev1.OfferState {
	return enum[knowledgev1.OfferState](knowledgev1.OfferState_value, "OFFER_STATE_", s)
}

func answer(a domain.Answer) knowledgev1.Answer {
	return enum[knowledgev1.Answer](knowledgev1.Answer_value, "ANSWER_", a)
}

// adoption converts an adoption; nil when there is none.
func adoption(a *domain.Adoption) *knowledgev1.Adoption {
	if a == nil {
		return nil
	}
	return &knowledgev1.Adoption{
		State:      enum[knowledgev1.AdoptionState](knowledgev1.AdoptionState_value, "ADOPTION_STATE_", a.State),
		Experiment: a.Experiment, Problem: a.Problem, Result: Result(a.Result), ConcludeTime: timestamp(a.ConcludeTime),
	}
}

// OfferEvent makes the data of an event.
func OfferEvent(row record.Row[domain.Offer], e domain.Event) proto.Message {
	offer := Offer(row)
	switch e {
	case domain.OfferOpened:
		return &knowledgev1.OfferOpened{Offer: offer}
	case domain.OfferAnswered:
		return &knowledgev1.OfferAnswered{Offer: offer}
	case domain.OfferUnanswered:
		return &knowledgev1.OfferUnanswered{Offer: offer}
	case domain.OfferWithdrawn:
		return &knowledgev1.OfferWithdrawn{Offer: offer}
	case domain.AdoptionMoved:
		return &knowledgev1.AdoptionMoved{Offer: offer}
	default:
		return &knowledgev1.OfferMade{Offer: offer}
	}
}

// OfferStates converts the states that a list is of.
func OfferStates(states []knowledgev1.OfferState) []string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = word[string](s, "OFFER_STATE_")
	}
	return names
}

// Reply converts what a team answers.
func Reply(r *knowledgev1.AnswerOfferRequest) domain.Reply {
	return domain.Reply{
		Answer: word[domain.Answer](r.GetAnswer(), "ANSWER_"), Text: r.GetText(), AlreadySince: r.GetAlreadySinceDate(), Cycle: r.GetCycle(),
	}
}
