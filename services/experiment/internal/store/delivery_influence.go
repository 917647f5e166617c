package store

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// influence is what news can change: the histories before and after them, as far as that needs, and what of these is right.
type influence struct {
	before, after *domain.DeliveryHistory
	part          domain.HistoryPart
	// whole says that all readings may change.
	whole bool
}

// readings are those of a metric that the news may have changed, and the places where such could have been before.
func (i *influence) readings(k domain.DeliveryMetric, now time.Time) (places, wanted []domain.Measurement) {
	places, wanted = i.before.Places(k), i.after.Readings(k, now)
	if i.whole {
		return places, wanted
	}
	return i.before.Sure(k, i.part, places), i.after.Sure(k, i.part, wanted)
}

// wholeFrom is how many facts and ids the news may have before the whole history is read at once.
const wholeFrom = 60

// influenceOf reads the part of the history that news can change. Weeks from since on have had no readings yet.
func influenceOf(tx *eventlog.Tx, s deliveryService, news []domain.DeliveryFact, since time.Time) (*influence, error) {
	if since.IsZero() || len(news) > wholeFrom {
		return wholeInfluence(tx, s, news)
	}
	w := newWindow(tx, s)
	about := w.about(news)
	if w.err != nil {
		return nil, w.err
	}
	if len(w.news) > wholeFrom {
		return wholeInfluence(tx, s, news)
	}
	beyond, turns := w.beyond(about, news)
	if w.err != nil {
		return nil, w.err
	}
	if turns {
		return wholeInfluence(tx, s, news)
	}
	part := domain.HistoryPart{Deployments: keysOf(about), Instants: map[time.Time]bool{}, Weeks: map[string]bool{}}
	for _, f := range about {
		if isDeployment(f) {
			part.Instants[f.Time] = true
			w.between(domain.Deployed, f.Time, f.Time)
			w.beside(backward, f.Time, nil)
			for _, next := range w.beside(forward, f.Time, nil) {
				part.Instants[next.Time] = true
			}
		}
	}
	links := append(w.linkedTo(about), about...)
	part.Links = keysOf(links)
	w.candidates(links)
	w.places(&beyond)
	weeks := w.dueWeeks(since)
	for _, h := range w.histories(news, beyond) {
		weeks = append(weeks, h.WeeksOf(part)...)
	}
	for _, start := range weeks {
		if key := domain.WeekKey(start); !part.Weeks[key] {
			part.Weeks[key] = true
			w.week(start)
		}
	}
	w.places(&beyond)
	both := w.histories(news, beyond)
	return &influence{before: both[0], after: both[1], part: part}, w.err
}

func keysOf(facts []domain.DeliveryFact) map[string]bool {
	keys := make(map[string]bool, len(facts))
	for _, f := range facts {
		keys[f.Key] = true
	}
	return keys
}

// wholeInfluence reads all of the history.
func wholeInfluence(tx *eventlog.Tx, s deliveryService, news []domain.DeliveryFact) (*influence, error) {
	facts, err := allFacts(noContext, tx, s)
	if err != nil {
		return nil, err
	}
	commits, err := deployedCommits(noContext, tx, s)
	return &influence{
		whole: true, before: domain.NewDeliveryHistory(without(facts, news), commits), after: domain.NewDeliveryHistory(facts, commits),
	}, err
}

// histories are those before and after the news.
func (w *window) histories(news []domain.DeliveryFact, beyond domain.Beyond) []*domain.DeliveryHistory {
	w.finish()
	facts, commits := w.all(), w.commits()
	return []*domain.DeliveryHistory{
		domain.NewPartialHistory(without(facts, news), commits, beyond), domain.NewPartialHistory(facts, commits, beyond),
	}
}

func without(facts, news []domain.DeliveryFact) []domain.DeliveryFact {
	type key struct{ kind, key, source, delivery string }
	keyOf := func(f domain.DeliveryFact) key { return key{string(f.Kind), f.Key, f.Source, f.DeliveryID} }
	fresh := map[key]bool{}
	for _, f := range news {
		fresh[keyOf(f)] = true
	}
	return slices.DeleteFunc(slices.Clone(facts), func(f domain.DeliveryFact) bool { return fresh[keyOf(f)] })
}

func isDeployment(f domain.DeliveryFact) bool {
	return f.Kind == domain.Deployed || f.Kind == domain.RolledBack
}

// about reads all facts with the ids of the news, and those of the deployments of a commit.
func (w *window) about(news []domain.DeliveryFact) []domain.DeliveryFact {
	var keys, hashes []string
	for _, f := range news {
		if f.Kind == domain.CommitMade {
			hashes = append(hashes, f.Key)
		} else {
			keys = append(keys, f.Key)
		}
	}
	for _, f := range w.among(byCommit, hashes) {
		keys = append(keys, f.Key)
	}
	slices.Sort(keys)
	w.news = slices.Compact(keys)
	w.finish()
	return w.among(byKey, w.news)
}

// dueWeeks are the weeks with deployments that are over and have had no readings yet.
func (w *window) dueWeeks(since time.Time) (weeks []time.Time) {
	now := domain.WeekStart(w.tx.Now())
	if !since.Before(now) {
		return nil
	}
	for _, kind := range []domain.FactKind{domain.Deployed, domain.RolledBack} {
		for _, f := range w.between(kind, since, now) {
			weeks = append(weeks, domain.WeekStart(f.Time))
		}
	}
	return weeks
}

// week reads what the shares of a week rest on.
func (w *window) week(start time.Time) {
	end := start.AddDate(0, 0, 7)
	facts := append(w.between(domain.Deployed, start, end), w.between(domain.RolledBack, start, end)...)
	links := append(w.named(facts), w.between(domain.IncidentOpened, start, end.Add(domain.GuessWindow))...)
	last := map[string]domain.DeliveryFact{}
	for _, f := range facts {
		if f.Kind == domain.RolledBack {
			links = append(links, f)
		}
		if place := domain.FoldName(f.Environment); last[place].Time.Before(f.Time) {
			last[place] = f
		}
	}
	for _, f := range last {
		links = append(links, w.rollbacksAfter(f)...)
	}
	w.candidates(links)
}
