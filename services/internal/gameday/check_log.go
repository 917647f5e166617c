package main

import (
	"fmt"
	"maps"
	"slices"
)

// checkStorage checks each log for itself, and the aggregates against it: numbers without a hole, an unbroken chain, and as
// many events of each aggregate as its version says.
func checkStorage(states map[string]*state, f *findings) (events int) {
	for service, s := range states {
		events += len(s.events)
		for _, line := range s.damage {
			f.add("integrity", "%s: %s", service, line)
		}
		for _, line := range s.quarantined {
			f.add("quarantine", "%s: %s", service, line)
		}
		if err := s.verify(); err != nil {
			f.add("logs", "%s: %v", service, err)
		}
		last := map[string]int64{}
		for _, e := range s.events {
			if last[e.Aggregate]++; e.Version != last[e.Aggregate] {
				f.add("logs", "%s: event %d is version %d of %s, where %d belongs", service, e.Seq, e.Version, e.Aggregate, last[e.Aggregate])
			}
		}
		for name, version := range s.versions {
			if last[name] != version {
				f.add("state and log", "%s: %s is at version %d and has %d events", service, name, version, last[name])
			}
		}
		for name, n := range last {
			if _, found := s.versions[name]; !found {
				f.add("state and log", "%s: %d events of %s, which does not exist", service, n, name)
			}
		}
	}
	return events
}

// checkCursors checks that every consumer has applied its sources to their ends.
func checkCursors(states map[string]*state, f *findings) {
	for service, from := range consumes {
		for _, source := range from {
			if at, end := states[service].cursors[source], states[source].head(); at != end {
				f.add("cursors", "%s has applied %s to %d of epoch %q; its log ends at %d of %q", service, source, at.Seq, at.Epoch, end.Seq, end.Epoch)
			}
		}
	}
}

// checkEvents checks that every acknowledged write has exactly the one event that it causes, and that there is no event
// that nobody asked for.
func checkEvents(states map[string]*state, writes []*write, f *findings) (matched int) {
	type place struct {
		aggregate string
		version   int64
	}
	found := map[place]event{}
	for _, s := range states {
		for _, e := range s.events {
			found[place{e.Aggregate, e.Version}] = e
		}
	}
	owner := map[place]string{}
	imports, unknown := map[string]int{}, map[string]int{}
	for _, w := range writes {
		k, known := kinds[w.Kind]
		switch {
		case !known:
			f.add("harness", "nothing is known of writes of kind %s", w.Kind)
		case w.unknown():
			unknown[w.Name]++
		case !w.acknowledged():
		case w.Kind == "import": // its answer tells no version
			imports[w.Name]++
		default:
			at := place{w.Name, w.version()}
			e, there := found[at]
			switch {
			case !there || e.name() != k.event:
				f.add("acknowledged", "%s of %s was acknowledged with version %d; the log has %q there", w.Kind, w.Name, at.version, e.name())
			case k.creates && at.version != 1:
				f.add("acknowledged", "%s of %s was acknowledged with version %d", w.Kind, w.Name, at.version)
			case owner[at] != "":
				f.add("doubled", "version %d of %s was acknowledged to %s and to %s", at.version, w.Name, owner[at], w.ID)
			default:
				matched++
			}
			owner[at] = w.ID
		}
	}
	for at, e := range found {
		switch {
		case sideEffect(e) || owner[at] != "" || !requested(e):
		case e.name() == kinds["import"].event:
			imports[at.aggregate]--
			matched++
		case unknown[at.aggregate] > 0:
			unknown[at.aggregate]--
		default:
			f.add("doubled", "%s of %s, version %d, has no write that asked for it", e.name(), e.Aggregate, e.Version)
		}
	}
	for metric, n := range imports {
		switch {
		case n > 0:
			f.add("acknowledged", "%d acknowledged imports into %s have no event", n, metric)
		case -n > unknown[metric]:
			f.add("doubled", "%d imports into %s that nobody asked for", -n-unknown[metric], metric)
		}
	}
	return matched
}

// requested tells whether the event is of a kind that only a client's write causes.
func requested(e event) bool {
	for _, k := range kinds {
		if k.event == e.name() {
			return true
		}
	}
	return false
}

// checkProjections checks that what the consumers made of the events is what a projection from nothing makes of them.
func checkProjections(kept, fresh map[string]*state, f *findings) (rows int) {
	for service, want := range fresh {
		for table := range want.projection {
			rows += len(want.projection[table])
			missing, extra := difference(want.projection[table], kept[service].projection[table])
			for _, row := range missing {
				f.add("projections", "%s, table %s lacks %s", service, table, row)
			}
			for _, row := range extra {
				f.add("projections", "%s, table %s should not have %s", service, table, row)
			}
		}
		if a, b := slices.Sorted(maps.Keys(want.projection)), slices.Sorted(maps.Keys(kept[service].projection)); !slices.Equal(a, b) {
			f.add("projections", "%s has rows in the tables %v, a fresh one in %v", service, b, a)
		}
	}
	return rows
}

// difference compares two bags of rows.
func difference(want, got []string) (missing, extra []string) {
	count := map[string]int{}
	for _, row := range want {
		count[row]++
	}
	for _, row := range got {
		if count[row]--; count[row] < 0 {
			extra = append(extra, row)
		}
	}
	for _, row := range slices.Sorted(maps.Keys(count)) {
		for range count[row] {
			missing = append(missing, row)
		}
	}
	return missing, extra
}

// countEvents counts the events of a log by name.
func countEvents(s *state) map[string]int {
	n := map[string]int{}
	for _, e := range s.events {
		n[e.name()]++
	}
	return n
}

// checkFaults checks that the faults did happen: a run without them proves nothing.
func checkFaults(faults *faults, names []string, leastPerProcess, leastInAll int, f *findings) {
	kills, wipes := faults.counts()
	for _, name := range names {
		if n := faults.kills[name]; n < leastPerProcess {
			f.add("faults", "%s was killed %d times, %d at least are needed", name, n, leastPerProcess)
		}
	}
	if kills < leastInAll || wipes < 1 {
		f.add("faults", "%d kills and %d wipes; %d and 1 at least are needed", kills, wipes, leastInAll)
	}
}

// checkReminders checks that every cycle has its six due points, each once.
func checkReminders(states map[string]*state, reminders map[string]int, f *findings) {
	for _, e := range states["cycle"].events {
		if e.name() == "CycleStarted" && reminders[e.Aggregate] != dueOfCycle {
			f.add("projections", "notification has %d reminders of %s, which has %d due points", reminders[e.Aggregate], e.Aggregate, dueOfCycle)
		}
	}
}

// dueOfCycle counts a cycle's due points: its start, four gates, the retrospective.
const dueOfCycle = 6

// checkLearnings checks that every concluded experiment has a learning.
func checkLearnings(states map[string]*state, learnings map[string]bool, f *findings) {
	for _, e := range states["experiment"].events {
		if e.name() == "ExperimentConcluded" && !learnings[e.Aggregate] {
			f.add("projections", "knowledge has no learning of %s", e.Aggregate)
		}
	}
}

// checkOffers checks that each learning was offered to a team once, by the log and by the table, and to the teams that a knowledge service
// offers it to that began with nothing and heard everything: how the events came, and how often it was killed, must not decide it.
func checkOffers(kept, fresh *state, f *findings) (offered int) {
	made := map[string]int{}
	for _, e := range kept.events {
		if e.name() != "OfferMade" {
			continue
		}
		if made[e.Aggregate]++; made[e.Aggregate] == 2 {
			f.add("offers", "%s was made twice", e.Aggregate)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fresh.offers)) {
		if made[name] == 0 {
			f.add("offers", "%s was never made", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !kept.offers[name] {
			f.add("offers", "%s was made and is not kept", name)
		}
		if !fresh.offers[name] {
			f.add("offers", "%s was made, and there is no reason for it", name)
		}
	}
	return len(made)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
