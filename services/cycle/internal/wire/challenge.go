package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Challenge converts a stored challenge.
func Challenge(row record.Row[domain.Challenge]) *cyclev1.Challenge {
	c := row.Value
	return &cyclev1.Challenge{
		Name:        c.Name,
		Statement:   c.Statement,
		HorizonDate: string(c.HorizonDate),
		Owner:       c.Owner,
		State:       cyclev1.ChallengeState(cyclev1.ChallengeState_value["CHALLENGE_STATE_"+string(c.State)]),
		StateReason: c.StateReason,
		Etag:        row.Etag,
		CreateTime:  timestamppb.New(row.CreateTime),
		UpdateTime:  timestamppb.New(row.UpdateTime),
	}
}

// ChallengeChange converts the fields of a challenge that paths name.
func ChallengeChange(given *cyclev1.Challenge, paths []string) domain.ChallengeChange {
	var change domain.ChallengeChange
	for _, path := range paths {
		switch path {
		case "statement":
			change.Statement = new(given.GetStatement())
		case "horizon_date":
			change.HorizonDate = new(domain.Day(given.GetHorizonDate()))
		case "owner":
			change.Owner = new(given.GetOwner())
		}
	}
	return change
}

// ChallengeState converts a state of the contract.
func ChallengeState(state cyclev1.ChallengeState) domain.ChallengeState {
	return domain.ChallengeState(strings.TrimPrefix(state.String(), "CHALLENGE_STATE_"))
}

// ChallengeEvent is the data of an event about a challenge.
func ChallengeEvent(row record.Row[domain.Challenge], event domain.Event) proto.Message {
	challenge := Challenge(row)
	switch event {
	case domain.ChallengeUpdated:
		return &cyclev1.ChallengeUpdated{Challenge: challenge}
	case domain.ChallengeClosed:
		return &cyclev1.ChallengeClosed{Challenge: challenge}
	default:
		return &cyclev1.ChallengeCreated{Challenge: challenge}
	}
}
