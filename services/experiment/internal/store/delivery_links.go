package store

import (
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// linkedTo reads what may be linked to the deployments among facts: what names them or their commits, what is of their chains, the incidents
// that began within the time of a guess, and the rollbacks up to the next deployment in the environment.
func (w *window) linkedTo(facts []domain.DeliveryFact) []domain.DeliveryFact {
	found := w.named(facts)
	for _, f := range facts {
		if isDeployment(f) {
			found = append(found, w.between(domain.IncidentOpened, f.Time, f.Time.Add(domain.GuessWindow))...)
			found = append(found, w.rollbacksAfter(f)...)
		}
	}
	return found
}

func (w *window) named(facts []domain.DeliveryFact) []domain.DeliveryFact {
	var targets, chains []string
	for _, f := range facts {
		if !isDeployment(f) {
			continue
		}
		targets = append(targets, f.Key)
		if f.Commit != "" {
			targets = append(targets, f.Commit)
		}
		if f.Chain != "" {
			chains = append(chains, f.Chain)
		}
	}
	return append(w.among(byChain, chains),
		w.among(byReference, targets)...)
}

// rollbacksAfter reads the rollbacks that may have undone a deployment.
func (w *window) rollbacksAfter(f domain.DeliveryFact) []domain.DeliveryFact {
	end := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	if next := w.beside(forward, f.Time, &f.Environment); len(next) > 0 {
		end = next[0].Time
	}
	return w.read("f.kind = 'ROLLED_BACK' and f.place = $3 and f.time between $4 and $5", domain.FoldName(f.Environment), db.Micros(f.Time), db.Micros(end))
}

// candidates reads what the incidents and rollbacks among facts may be linked to.
func (w *window) candidates(links []domain.DeliveryFact) {
	w.finish()
	keys := keysOf(links)
	var ids, hashes, chains []string
	for _, f := range w.all() { // by all that was told of each
		if !keys[f.Key] {
			continue
		}
		for _, id := range f.About {
			ids, hashes = append(ids, id), append(hashes, strings.ToLower(id))
		}
		if f.Chain != "" {
			chains = append(chains, f.Chain)
		}
		switch f.Kind {
		case domain.IncidentOpened:
			w.between(domain.Deployed, f.Time.Add(-domain.GuessWindow), f.Time)
		case domain.RolledBack:
			w.beside(upTo, f.Time, &f.Environment)
		case domain.Deployed, domain.IncidentResolved, domain.CommitMade:
		}
	}
	w.among(byKey, ids)
	w.among(byCommit, hashes)
	w.among(byChain, chains)
	w.finish()
}
