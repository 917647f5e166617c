package store

import "github.com/fortnighthq/fortnight/services/experiment/internal/domain"

// beyond is what has to be known of the rest of the history. turns says that the news change that, so that all readings may change.
func (w *window) beyond(about, news []domain.DeliveryFact) (b domain.Beyond, turns bool) {
	incident := w.any(ofService + "f.kind = 'INCIDENT_OPENED'")
	rollback := w.any(ofService + "f.kind = 'ROLLED_BACK'" + countsFirst)
	unplanned := rollback || w.any(ofUnplanned)
	b.Tells = map[domain.DeliveryMetric]bool{
		domain.RecoveryTime: incident, domain.ChangeFailRate: incident || rollback, domain.ReworkRate: unplanned,
	}
	before, after := domain.NewDeliveryHistory(without(about, news), nil), domain.NewDeliveryHistory(about, nil)
	for k, elsewhere := range b.Tells {
		if !elsewhere {
			turns = turns || before.Tells(k) != after.Tells(k)
			b.Tells[k] = after.Tells(k)
		}
	}
	b.Environments = map[string]bool{}
	for _, f := range about {
		if place := domain.FoldName(f.Environment); isDeployment(f) && !b.Environments[place] {
			b.Environments[place] = w.deployedTo(place)
			turns = turns || !b.Environments[place]
		}
	}
	return b, turns
}

func (w *window) deployedTo(place string) bool {
	return w.any(ofPlace, place, string(domain.Deployed)) || w.any(ofPlace, place, string(domain.RolledBack))
}

// places adds to what is known the environments of the incidents.
func (w *window) places(b *domain.Beyond) {
	w.finish()
	for _, f := range w.facts {
		place := domain.FoldName(f.Environment)
		if _, known := b.Environments[place]; !known && place != "" && !isDeployment(f) {
			b.Environments[place] = w.deployedTo(place)
		}
	}
}
