package rpc

import (
	"context"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetOfferRules gets the rules by which learnings are offered: the defaults while nobody said anything else.
func (s *Server) GetOfferRules(ctx context.Context, req *knowledgev1.GetOfferRulesRequest) (*knowledgev1.OfferRules, error) {
	if err := checkRulesName(req.GetName()); err != nil {
		return nil, err
	}
	row, err := store.OfferRules.Get(ctx, s.log, domain.OfferRulesName)
	if f := fault.From(err); f != nil && f.Kind == fault.NotFound {
		row, err = record.Row[domain.OfferRules]{Value: &domain.OfferRules{}}, nil
	}
	if err != nil {
		return nil, err
	}
	return wire.OfferRules(row), nil
}

// UpdateOfferRules changes the rules by which learnings are offered.
func (s *Server) UpdateOfferRules(ctx context.Context, req *knowledgev1.UpdateOfferRulesRequest) (*knowledgev1.OfferRules, error) {
	given := req.GetOfferRules()
	if err := checkRulesName(given.GetName()); err != nil {
		return nil, err
	}
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, wire.OfferRulesFields()...)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.OfferRules, error) {
		row, err := store.ChangeRules(tx, req.GetEtag(), wire.OfferRulesChange(given, paths))
		if err != nil {
			return nil, err
		}
		return wire.OfferRules(row), nil
	})
}

// checkRulesName refuses every name but that of the one record. Reason: OFFER_RULES_NOT_FOUND.
func checkRulesName(name string) error {
	if name != domain.OfferRulesName {
		return fault.New(fault.NotFound, "OFFER_RULES_NOT_FOUND", "There are no rules %q; they are %s.", name, domain.OfferRulesName)
	}
	return nil
}
