package domain_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func TestSpreadOf(t *testing.T) {
	at := func(hour int) time.Time { return monday.Add(time.Duration(hour) * time.Hour) }
	offers := []domain.Offer{
		{Name: "teams/i/offers/x", State: domain.Answered, OfferTime: at(9), Answer: domain.Adopt, Adoption: &domain.Adoption{State: domain.Concluded, Result: domain.Worked}},
		{Name: "teams/a/offers/x", State: domain.Waiting},
		{Name: "teams/b/offers/x", State: domain.Withdrawn},
		{Name: "teams/c/offers/x", State: domain.Withdrawn, OfferTime: at(1)},
		{Name: "teams/d/offers/x", State: domain.NoAnswer, OfferTime: at(1)},
		{Name: "teams/e/offers/x", State: domain.Answered, OfferTime: at(8), Answer: domain.Decline},
		{Name: "teams/f/offers/x", State: domain.Answered, OfferTime: at(7), Answer: domain.Adopt, Adoption: &domain.Adoption{State: domain.Drafted}},
		{Name: "teams/g/offers/x", State: domain.Answered, OfferTime: at(6), Answer: domain.Adapt, Adoption: &domain.Adoption{State: domain.Running}},
		{Name: "teams/h/offers/x", State: domain.Answered, OfferTime: at(5), Answer: domain.Adopt, Adoption: &domain.Adoption{State: domain.Concluded, Result: domain.DidNot}},
		{Name: "teams/j/offers/x", State: domain.Answered, OfferTime: at(4), Answer: domain.Adopt, Adoption: &domain.Adoption{State: domain.Concluded, Result: domain.CannotTell}},
		{Name: "teams/k/offers/x", State: domain.Answered, OfferTime: at(3), Answer: domain.Adopt, Adoption: &domain.Adoption{State: domain.Abandoned}},
		{Name: "teams/l/offers/x", State: domain.Open, OfferTime: at(2)},
	}
	rapid.Check(t, func(t *rapid.T) {
		got := domain.SpreadOf(rapid.Permutation(offers).Draw(t, "offers"))
		order := ""
		for _, o := range got.Offers {
			order += o.TeamID()
		}
		if order != "cdlkjhgfei" {
			t.Fatalf("the order is %s", order)
		}
		got.Offers = nil
		if want := (domain.Spread{Offered: 10, Answered: 7, Tried: 4, Worked: 1, DidNot: 1, CannotTell: 1}); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v", got)
		}
	})
	if f := fault.From((&domain.Learning{State: domain.Draft}).HasSpread()); f == nil || f.Reason != "LEARNING_NOT_PUBLISHED" {
		t.Errorf("a draft: %v", f)
	}
	for _, state := range []domain.State{domain.Published, domain.Retired} {
		if err := (&domain.Learning{State: state}).HasSpread(); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
}
