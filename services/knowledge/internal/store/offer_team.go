package store

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// TakeOffer puts a learning to the team that takes it up, whatever room there is. What the team was offered before is opened when it
// waits, and else returned as it is. Reasons: LEARNING_NOT_FOUND, LEARNING_NOT_PUBLISHED, LEARNING_RETIRED.
func TakeOffer(tx *eventlog.Tx, team, learning string) (record.Row[domain.Offer], error) {
	if err := alone(tx); err != nil {
		return record.Row[domain.Offer]{}, err
	}
	l, err := learnings.Must(tx, learning)
	if err != nil {
		return record.Row[domain.Offer]{}, err
	}
	rules, err := currentRules(tx)
	if err != nil {
		return record.Row[domain.Offer]{}, err
	}
	name := domain.OfferName(team, learning)
	before, found, err := Offers.Find(tx, name)
	if err != nil || found && before.Value.State != domain.Waiting {
		return before, err
	}
	if err := l.Value.CanBeTaken(); err != nil {
		return record.Row[domain.Offer]{}, err
	}
	if found {
		return Offers.Update(tx, name, "", func(o *domain.Offer, now time.Time) ([]domain.Event, error) {
			return o.TakeUp(rules.AnswerDays, now), nil
		})
	}
	offer, events := domain.NewOffer(l.Value, team, []domain.OfferReason{domain.Taken}, 0, true, rules.AnswerDays, tx.Now())
	return Offers.Create(tx, offer, events...)
}

// AnswerOffer takes in the answer of the team. Reasons: those of Offer.Reply and of record.Collection.Update.
func AnswerOffer(tx *eventlog.Tx, name, etag string, reply domain.Reply) (record.Row[domain.Offer], error) {
	if err := alone(tx); err != nil {
		return record.Row[domain.Offer]{}, err
	}
	offer, err := Offers.Must(tx, name)
	if err != nil {
		return offer, err
	}
	l, err := learnings.Must(tx, offer.Value.Learning())
	if err != nil {
		return offer, err
	}
	retired := l.Value.State == domain.Retired
	return Offers.Update(tx, name, etag, func(o *domain.Offer, now time.Time) ([]domain.Event, error) { return o.Reply(reply, retired, now) })
}
