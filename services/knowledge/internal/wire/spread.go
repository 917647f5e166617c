package wire

import (
	"cmp"
	"slices"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Spread converts how a learning has spread. What a team is called and what it wrote is left out unless readable, with the id of the team,
// allows it. Those follow behind the others, by what is shown of them: what is offered at once is ordered by name, and between two names
// that are shown a third one could be guessed.
func Spread(l *domain.Learning, s domain.Spread, readable func(team string) bool) *knowledgev1.Spread {
	spread := &knowledgev1.Spread{
		Name: l.Name, Claim: l.Claim, OriginTeam: l.Team, PublishTime: timestamp(l.PublishTime), Grade: Grade(l.Grade),
		Offered: int32(s.Offered), Answered: int32(s.Answered), Tried: int32(s.Tried),
		Worked: int32(s.Worked), DidNot: int32(s.DidNot), CannotTell: int32(s.CannotTell),
	}
	var hidden []*knowledgev1.SpreadTeam
	for _, o := range s.Offers {
		team := &knowledgev1.SpreadTeam{
			Team: o.Team(), State: offerState(o.State), Taken: !o.ByRule(), OfferTime: timestamp(o.OfferTime),
			Answer: answer(o.Answer), AnswerText: o.AnswerText, AlreadySinceDate: o.AlreadySince, AnswerTime: timestamp(o.AnswerTime),
			Adoption: adoption(o.Adoption),
		}
		if readable(o.TeamID()) {
			spread.Teams = append(spread.Teams, team)
			continue
		}
		team.Team, team.AnswerText = "", ""
		if a := team.GetAdoption(); a != nil {
			a.Experiment, a.Problem = "", ""
		}
		hidden = append(hidden, team)
	}
	slices.SortStableFunc(hidden, func(a, b *knowledgev1.SpreadTeam) int {
		return cmp.Or(a.GetOfferTime().AsTime().Compare(b.GetOfferTime().AsTime()), a.GetAnswerTime().AsTime().Compare(b.GetAnswerTime().AsTime()))
	})
	spread.Teams = append(spread.Teams, hidden...)
	return spread
}
