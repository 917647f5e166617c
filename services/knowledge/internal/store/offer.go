package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// Offers lie under the team that they are made to, latest first. Whatever changes one makes due what follows from it.
var Offers = &record.Collection[domain.Offer, domain.Event]{
	Table: "offers", Type: "offer", Noun: "offer", Descending: true,
	Key: func(o *domain.Offer) record.Key {
		return record.Key{Name: o.Name, Parent: o.Team(), Team: o.TeamID(), State: string(o.State), SortKey: sortKey(o.Since)}
	},
	Data: wire.OfferEvent,
	Also: follow,
}

// follow makes due what an event of an offer brings about, and strikes off what it makes needless.
func follow(tx *eventlog.Tx, o *domain.Offer, e domain.Event) error {
	switch e {
	case domain.OfferMade:
		if _, err := tx.Exec("insert into offers_of_learning (learning, offer) values ($1, $2) on conflict do nothing", o.Learning(), o.Name); err != nil {
			return err
		}
		if o.State == domain.Open {
			return MakeDue(tx, CloseOffer, o.Name, o.AnswerBy)
		}
	case domain.OfferOpened:
		return MakeDue(tx, CloseOffer, o.Name, o.AnswerBy)
	case domain.OfferUnanswered, domain.OfferWithdrawn:
		return ended(tx, o)
	case domain.OfferAnswered:
		if err := ended(tx, o); err != nil {
			return err
		}
		if o.Answer.Tries() {
			return MakeDue(tx, DraftExperiment, o.Name, tx.Log().Now())
		}
		return Done(tx, DraftExperiment, o.Name)
	default:
	}
	return nil
}

// ended gives the room of an offer to one that waits.
func ended(tx *eventlog.Tx, o *domain.Offer) error {
	if err := Done(tx, CloseOffer, o.Name); err != nil {
		return err
	}
	return MakeDue(tx, OpenOffers, o.Team(), tx.Log().Now())
}

// offersAtOnce bounds a transaction that makes or changes offers of many teams.
const offersAtOnce = 100

// MakeOffers offers a published learning to the teams that it may help, to some of them in one transaction: while there are more, it
// stays due. A team that was offered it is not offered it again, so it may be done any number of times.
func MakeOffers(tx *eventlog.Tx, learning string) error {
	if err := alone(tx); err != nil {
		return err
	}
	if err := Done(tx, OfferLearning, learning); err != nil {
		return err
	}
	row, err := learnings.Must(tx, learning)
	if err != nil || row.Value.State != domain.Published {
		return err
	}
	l := row.Value
	_, err = tx.Exec("insert into offered_learnings (learning, at) values ($1, $2) on conflict (learning) do nothing",
		l.Name, db.Micros(l.SharedSince()))
	if err != nil {
		return err
	}
	if err := forget(tx, tx.Log().Now()); err != nil {
		return err
	}
	rules, err := currentRules(tx)
	if err != nil {
		return err
	}
	teams, err := teamsFor(tx, l, rules)
	if err != nil {
		return err
	}
	offered, err := db.All[string](context.Background(), tx, "select offer from offers_of_learning where learning = $1", l.Name)
	if err != nil {
		return err
	}
	slices.Sort(offered)
	made := 0
	for _, c := range teams {
		if _, found := slices.BinarySearch(offered, domain.OfferName(c.Team, l.Name)); found {
			continue
		}
		if made == offersAtOnce {
			return MakeDue(tx, OfferLearning, learning, tx.Log().Now())
		}
		done, err := makeOffer(tx, l, rules, c)
		if err != nil {
			return err
		}
		if done {
			made++
		}
	}
	return nil
}

// makeOffer offers a learning to a team if there is a reason to; false when not.
func makeOffer(tx *eventlog.Tx, l *domain.Learning, rules domain.OfferRules, c domain.Candidate) (bool, error) {
	reasons, score := rules.Reasons(l, c)
	if len(reasons) == 0 {
		return false, nil
	}
	since, active, err := activeSince(tx, c.Team)
	if err != nil || !active || since.After(l.SharedSince()) {
		return false, err
	}
	open, err := openOffers(tx, c.Team)
	if err != nil {
		return false, err
	}
	offer, events := domain.NewOffer(l, c.Team, reasons, score, open < rules.MaxOpen(c.Settings), rules.AnswerDays, tx.Now())
	_, err = Offers.Create(tx, offer, events...)
	return err == nil, err
}

func openOffers(tx *eventlog.Tx, team string) (int, error) {
	n, _, err := db.One[int](context.Background(), tx, "select count(*) from offers where parent = $1 and state = $2", team, string(domain.Open))
	return n, err
}

// FillOffers opens what waits for a team, teams/{team}, as far as there is room, the best first. Nothing is put to a team that is not
// active; what waits is looked at again when it is.
func FillOffers(tx *eventlog.Tx, team string) error {
	if err := alone(tx); err != nil {
		return err
	}
	if err := Done(tx, OpenOffers, team); err != nil {
		return err
	}
	_, active, err := activeSince(tx, team)
	if err != nil || !active {
		return err
	}
	rules, err := currentRules(tx)
	if err != nil {
		return err
	}
	settings, err := SettingsOf(tx, team)
	if err != nil {
		return err
	}
	open, err := openOffers(tx, team)
	room := rules.MaxOpen(settings) - open
	if err != nil || room <= 0 {
		return err
	}
	waiting, err := Offers.All(context.Background(), tx, tx.Log(), team, string(domain.Waiting))
	if err != nil {
		return err
	}
	slices.SortFunc(waiting, func(a, b record.Row[domain.Offer]) int {
		return cmp.Or(cmp.Compare(b.Value.Score, a.Value.Score), a.Value.Since.Compare(b.Value.Since), strings.Compare(a.Value.Name, b.Value.Name))
	})
	for _, row := range waiting {
		if room == 0 {
			break
		}
		l, err := learnings.Must(tx, row.Value.Learning())
		if err != nil {
			return err
		}
		if l.Value.State != domain.Published {
			continue // to be withdrawn
		}
		_, err = Offers.Update(tx, row.Value.Name, "", func(o *domain.Offer, now time.Time) ([]domain.Event, error) {
			return o.Open(rules.AnswerDays, now), nil
		})
		if err != nil {
			return err
		}
		room--
	}
	return nil
}

// EndOffer ends an open offer whose time is over. One that is not over yet becomes due when it is.
func EndOffer(tx *eventlog.Tx, name string) error {
	if err := alone(tx); err != nil {
		return err
	}
	if err := Done(tx, CloseOffer, name); err != nil {
		return err
	}
	row, err := Offers.Update(tx, name, "", func(o *domain.Offer, now time.Time) ([]domain.Event, error) { return o.Unanswered(now), nil })
	if err != nil || row.Value.State != domain.Open {
		return err
	}
	return MakeDue(tx, CloseOffer, name, row.Value.AnswerBy)
}

// TakeBackOffers withdraws what nobody has answered of a retired learning, some in one transaction: while there are more, it stays due.
func TakeBackOffers(tx *eventlog.Tx, learning string) error {
	if err := alone(tx); err != nil {
		return err
	}
	if err := Done(tx, WithdrawOffers, learning); err != nil {
		return err
	}
	names, err := db.All[string](context.Background(), tx, "select o.name from offers_of_learning x join offers o on o.name = x.offer"+
		" where x.learning = $1 and o.state in ($2, $3) order by o.name limit $4", learning, string(domain.Open), string(domain.Waiting), offersAtOnce)
	if err != nil {
		return err
	}
	for _, name := range names {
		_, err := Offers.Update(tx, name, "", func(o *domain.Offer, _ time.Time) ([]domain.Event, error) { return o.Withdraw(), nil })
		if err != nil {
			return err
		}
	}
	if len(names) == offersAtOnce {
		return MakeDue(tx, WithdrawOffers, learning, tx.Log().Now())
	}
	return nil
}
