package domain

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// mayAt is an instant of May 2026; the 4th is a Monday.
func mayAt(day, hour int) time.Time { return time.Date(2026, 5, day, hour, 0, 0, 0, time.UTC) }

// told makes a fact with a delivery of its own.
func told(kind FactKind, key string, when time.Time, change ...func(*DeliveryFact)) DeliveryFact {
	f := DeliveryFact{Kind: kind, Key: key, Time: when, Environment: "production", Source: "s", DeliveryID: string(kind) + key + when.String()}
	for _, c := range change {
		c(&f)
	}
	return f
}

// aMonth is a worked example: two weeks with deployments and one without.
func aMonth() ([]DeliveryFact, map[string]time.Time) {
	commit := func(hash string, made time.Time) func(*DeliveryFact) {
		return func(f *DeliveryFact) { f.Commit, f.CommitTime = hash, made }
	}
	about := func(by string, ids ...string) func(*DeliveryFact) {
		return func(f *DeliveryFact) { f.About, f.AboutBy = ids, by }
	}
	chain := func(id string) func(*DeliveryFact) { return func(f *DeliveryFact) { f.Chain = id } }
	return []DeliveryFact{
		told(Deployed, "1", mayAt(4, 10), commit("c1", mayAt(4, 8))),
		told(Deployed, "2", mayAt(5, 10), commit("c2", time.Time{})),  // its time comes with a push
		told(Deployed, "3", mayAt(6, 10), commit("c3", mayAt(6, 11))), // made after it ran: somebody's clock is wrong
		told(Deployed, "4", mayAt(7, 10), chain("k")),
		told(RolledBack, "5", mayAt(7, 12)), // undoes 4, as a guess
		told(Deployed, "6", mayAt(19, 10), commit("c6", mayAt(18, 10)), func(f *DeliveryFact) { f.Unplanned = true }),
		told(IncidentOpened, "a", mayAt(5, 12)),  // guessed to be 2
		told(IncidentOpened, "a", mayAt(5, 13)),  // told again
		told(IncidentResolved, "a", mayAt(5, 9)), // before it began: no end of this one
		told(IncidentResolved, "a", mayAt(5, 15)),
		told(IncidentOpened, "b", mayAt(10, 9), about("deployment", "1")),
		told(IncidentResolved, "b", mayAt(10, 10)),
		told(IncidentOpened, "c", mayAt(12, 9)), // nothing was deployed in the 24 hours before
		told(IncidentResolved, "c", mayAt(12, 10)),
		told(IncidentOpened, "d", mayAt(20, 9), chain("k")), // of 4, whatever ran since
		told(IncidentOpened, "e", mayAt(20, 10), about("links", "nobody", "6")),
		told(IncidentResolved, "e", mayAt(20, 10)),
		told(IncidentOpened, "f", mayAt(20, 11), about("customData", "unknown")),
		told(IncidentResolved, "f", mayAt(20, 12)),
		told(IncidentResolved, "g", mayAt(20, 12)), // nobody told of its beginning
	}, map[string]time.Time{"c2": mayAt(5, 4)}
}

// written are the readings of a metric by source key.
func written(list []Measurement) string {
	lines := make([]string, len(list))
	for i, m := range list {
		lines[i] = fmt.Sprintf("%s=%.4g@%s", m.SourceKey, m.Value, m.Time.Format("02T15"))
	}
	slices.Sort(lines)
	return strings.Join(lines, ", ")
}

func TestDeliveryReadings(t *testing.T) {
	h := NewDeliveryHistory(aMonth())
	for k, want := range map[DeliveryMetric]string{
		ChangeLeadTime:      "deployment 1 (s)=2@04T10, deployment 2 (s)=6@05T10, deployment 6 (s)=24@19T10",
		DeploymentFrequency: "deployment 2 (s)=24@05T10, deployment 3 (s)=24@06T10, deployment 4 (s)=24@07T10, deployment 6 (s)=288@19T10",
		RecoveryTime:        "incident a (s)=3@05T15, incident b (s)=1@10T10, incident e (s)=0@20T10, incident f (s)=1@20T12",
		// 1, 2 and 4 of 1 to 4; the week of 6 ends with Sunday, 24 May.
		ChangeFailRate: "week 2026-W19=75@11T00, week 2026-W21=100@25T00",
		ReworkRate:     "week 2026-W19=20@11T00, week 2026-W21=100@25T00",
	} {
		if got := written(h.Readings(k, mayAt(25, 0))); got != want {
			t.Errorf("%s: %s\nwant %s", k, got, want)
		}
	}
	// A week that is not over has no reading.
	if got := written(h.Readings(ReworkRate, mayAt(24, 23))); got != "week 2026-W19=20@11T00" {
		t.Errorf("before the week is over: %s", got)
	}
	var links []string
	for _, i := range h.Incidents {
		if i.CausedBy != nil {
			links = append(links, i.Key+" "+i.CausedBy.Deployment+" "+string(i.CausedBy.Basis)+" "+i.CausedBy.Detail)
		}
	}
	want := []string{
		"a 2 GUESSED latest in the same environment within 24 hours before", "b 1 DECLARED deployment", "d 4 DECLARED chainId",
		"e 6 DECLARED links", "f unknown DECLARED customData, unresolved: nobody told of such a deployment",
	}
	if !slices.Equal(links, want) {
		t.Errorf("links %q", links)
	}
}

func TestGuessedLinks(t *testing.T) {
	elsewhere := func(f *DeliveryFact) { f.Environment = "prod-us" }
	chain := func(f *DeliveryFact) { f.Chain = "k" }
	about := func(ids ...string) func(*DeliveryFact) {
		return func(f *DeliveryFact) { f.About, f.AboutBy = ids, "deployment" }
	}
	for name, c := range map[string]struct {
		facts []DeliveryFact
		want  string
	}{
		"24 hours before":     {[]DeliveryFact{told(Deployed, "1", mayAt(4, 10)), told(IncidentOpened, "a", mayAt(5, 10))}, "1"},
		"longer before":       {[]DeliveryFact{told(Deployed, "1", mayAt(4, 10)), told(IncidentOpened, "a", mayAt(5, 11))}, ""},
		"after it":            {[]DeliveryFact{told(Deployed, "1", mayAt(5, 11)), told(IncidentOpened, "a", mayAt(5, 10))}, ""},
		"elsewhere":           {[]DeliveryFact{told(Deployed, "0", mayAt(1, 9)), told(Deployed, "1", mayAt(5, 9), elsewhere), told(IncidentOpened, "a", mayAt(5, 10))}, ""},
		"by another name":     {[]DeliveryFact{told(Deployed, "1", mayAt(5, 9), elsewhere), told(IncidentOpened, "a", mayAt(5, 10))}, "1"},
		"by another, too old": {[]DeliveryFact{told(Deployed, "1", mayAt(3, 9), elsewhere), told(IncidentOpened, "a", mayAt(5, 10))}, ""},
		"the fix is none":     {[]DeliveryFact{told(Deployed, "1", mayAt(5, 9)), told(Deployed, "2", mayAt(5, 11)), told(IncidentOpened, "a", mayAt(5, 10)), told(IncidentResolved, "a", mayAt(5, 12), about("2"))}, "1"},
		"an end names none":   {[]DeliveryFact{told(Deployed, "0", mayAt(1, 9)), told(IncidentOpened, "a", mayAt(5, 10)), told(IncidentResolved, "a", mayAt(5, 12), about("0"))}, ""},
		"the chain of an end": {[]DeliveryFact{told(Deployed, "0", mayAt(1, 9), chain), told(IncidentOpened, "a", mayAt(5, 10)), told(IncidentResolved, "a", mayAt(5, 12), chain)}, ""},
		"declared, but later": {[]DeliveryFact{told(Deployed, "1", mayAt(5, 9)), told(Deployed, "2", mayAt(5, 11)), told(IncidentOpened, "a", mayAt(5, 10), about("2"))}, "1"},
		"the earlier of two":  {[]DeliveryFact{told(Deployed, "0", mayAt(1, 9)), told(Deployed, "1", mayAt(5, 9)), told(Deployed, "2", mayAt(5, 11)), told(IncidentOpened, "a", mayAt(5, 10), about("2", "0"))}, "0"},
		"nobody says where":   {[]DeliveryFact{told(Deployed, "1", mayAt(5, 9), elsewhere), told(IncidentOpened, "a", mayAt(5, 10), func(f *DeliveryFact) { f.Environment = "" })}, "1"},
		"the latest":          {[]DeliveryFact{told(Deployed, "1", mayAt(5, 8)), told(Deployed, "2", mayAt(5, 9)), told(IncidentOpened, "a", mayAt(5, 10))}, "2"},
		"not a rollback":      {[]DeliveryFact{told(Deployed, "1", mayAt(5, 8)), told(RolledBack, "2", mayAt(5, 9)), told(IncidentOpened, "a", mayAt(5, 10))}, "1"},
		"links into nowhere":  {[]DeliveryFact{told(Deployed, "1", mayAt(5, 8)), told(IncidentOpened, "a", mayAt(5, 10), func(f *DeliveryFact) { f.About, f.AboutBy = []string{"x"}, "links" })}, "1"},
		"by its whole commit": {[]DeliveryFact{told(Deployed, "1", mayAt(4, 8), func(f *DeliveryFact) { f.Commit = strings.Repeat("ab", 20) }), told(IncidentOpened, "a", mayAt(9, 10), func(f *DeliveryFact) { f.About, f.AboutBy = []string{strings.Repeat("AB", 20)}, "deployment" })}, "1"},
	} {
		got := ""
		if link := NewDeliveryHistory(c.facts, nil).Incidents[0].CausedBy; link != nil {
			got = link.Deployment
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A guess says what it rests on.
func TestGuessSaysWhy(t *testing.T) {
	for environment, want := range map[string]string{
		"Production": "latest in the same environment within 24 hours before",
		"":           "latest in any environment within 24 hours before, as the incident names none",
		"prod-us":    "latest in any environment within 24 hours before, as nothing was deployed to that of the incident",
	} {
		facts := []DeliveryFact{told(Deployed, "1", mayAt(5, 9)), told(IncidentOpened, "a", mayAt(5, 10), func(f *DeliveryFact) { f.Environment = environment })}
		if link := NewDeliveryHistory(facts, nil).Incidents[0].CausedBy; link.Detail != want || link.Basis != LinkGuessed {
			t.Errorf("%q: %+v", environment, link)
		}
	}
}

// Where nobody tells of incidents, there are no shares of 0 %; once somebody does, the weeks before follow.
func TestSharesBeginWithWhatCounts(t *testing.T) {
	deployed := []DeliveryFact{told(Deployed, "1", mayAt(4, 10)), told(Deployed, "2", mayAt(12, 10))}
	const none, zero, both = "", "week 2026-W19=0@11T00, week 2026-W20=0@18T00", "week 2026-W19=0@11T00, week 2026-W20=100@18T00"
	for name, c := range map[string]struct {
		more           []DeliveryFact
		failed, rework string
	}{
		"deployments only":       {nil, none, none},
		"an incident":            {[]DeliveryFact{told(IncidentOpened, "a", mayAt(12, 12))}, both, none},
		"an incident without":    {[]DeliveryFact{told(IncidentOpened, "a", mayAt(20, 12))}, zero, none},
		"the end of one":         {[]DeliveryFact{told(IncidentResolved, "a", mayAt(12, 12))}, none, none},
		"an unplanned one":       {[]DeliveryFact{told(Deployed, "2", mayAt(12, 10), func(f *DeliveryFact) { f.Unplanned = true })}, none, both},
		"a rollback":             {[]DeliveryFact{told(RolledBack, "3", mayAt(12, 12))}, both, "week 2026-W19=0@11T00, week 2026-W20=50@18T00"},
		"when a commit was made": {[]DeliveryFact{told(CommitMade, "c", mayAt(12, 10))}, none, none},
	} {
		h := NewDeliveryHistory(append(slices.Clone(deployed), c.more...), nil)
		for k, want := range map[DeliveryMetric]string{ChangeFailRate: c.failed, ReworkRate: c.rework} {
			if got := written(h.Readings(k, mayAt(25, 0))); got != want || h.Tells(k) != (want != none) {
				t.Errorf("%s, %s: %q, want %q; tells %t", name, k, got, want, h.Tells(k))
			}
		}
		if !h.Tells(ChangeLeadTime) || !h.Tells(DeploymentFrequency) || h.Tells(RecoveryTime) != strings.Contains(name, "an incident") {
			t.Errorf("%s: the others", name)
		}
	}
}

func TestExplain(t *testing.T) {
	h := NewDeliveryHistory(aMonth())
	for _, c := range []struct {
		metric      DeliveryMetric
		key         string
		deployments string
		incidents   string
	}{
		{ChangeLeadTime, "deployment 2 (s)", "2", ""},
		{DeploymentFrequency, "deployment 6 (s)", "4 6", ""}, // the rollback in between is left out
		{RecoveryTime, "incident a (s)", "2", "a"},
		{RecoveryTime, "incident f (s)", "", "f"},
		{ChangeFailRate, "week 2026-W19", "1 2 3 4 5", "a b d"},
		{ReworkRate, "week 2026-W19", "1 2 3 4 5", ""},
		{ChangeFailRate, "week 2020-W01", "", ""},
		{ChangeLeadTime, "deployment 5 (s)", "", ""},
	} {
		e := h.Explain(c.metric, c.key)
		var deployments, incidents []string
		for _, d := range e.Deployments {
			deployments = append(deployments, d.Key)
		}
		for _, i := range e.Incidents {
			incidents = append(incidents, i.Key)
		}
		if got := strings.Join(deployments, " "); got != c.deployments {
			t.Errorf("%s %s: deployments %q, want %q", c.metric, c.key, got, c.deployments)
		}
		if got := strings.Join(incidents, " "); got != c.incidents {
			t.Errorf("%s %s: incidents %q, want %q", c.metric, c.key, got, c.incidents)
		}
		if e.Rule == "" {
			t.Errorf("%s: no rule", c.metric)
		}
	}
}

// randomFacts are those of some weeks: with incidents and rollbacks, declared and guessed, told twice at times.
func randomFacts(r *rand.Rand) ([]DeliveryFact, map[string]time.Time) {
	var facts []DeliveryFact
	commits := map[string]time.Time{}
	start := mayAt(4, 0)
	moment := func() time.Time { return start.Add(time.Duration(r.IntN(40*24)) * time.Hour) }
	for i := range 3 + r.IntN(12) {
		key, when := fmt.Sprint("d", i), moment()
		f := told(Deployed, key, when, func(f *DeliveryFact) {
			f.Commit, f.Unplanned, f.Environment = fmt.Sprint("c", r.IntN(5)), r.IntN(4) == 0, []string{"production", "prod-eu"}[r.IntN(2)]
			if r.IntN(3) == 0 {
				f.CommitTime = when.Add(-time.Duration(r.IntN(100)) * time.Hour)
			}
			if r.IntN(5) == 0 {
				f.Kind = RolledBack
			}
			if r.IntN(3) == 0 {
				f.Chain = fmt.Sprint("k", r.IntN(3))
			}
		})
		facts = append(facts, f)
		if r.IntN(4) == 0 { // another system tells of it as well
			f.DeliveryID, f.Source = f.DeliveryID+"again", []string{"s", "t"}[r.IntN(2)]
			f.Time = f.Time.Add(time.Duration(r.IntN(5)-2) * 24 * time.Hour)
			facts = append(facts, f)
		}
	}
	for i := range r.IntN(8) {
		key, when := fmt.Sprint("i", i), moment()
		facts = append(facts, told(IncidentOpened, key, when, func(f *DeliveryFact) {
			switch r.IntN(4) {
			case 0:
				f.About, f.AboutBy = []string{fmt.Sprint("d", r.IntN(20))}, "deployment"
			case 1:
				f.About, f.AboutBy = []string{fmt.Sprint("d", r.IntN(20)), fmt.Sprint("d", r.IntN(20))}, "links"
			case 2:
				f.Chain = fmt.Sprint("k", r.IntN(3))
			}
		}))
		if r.IntN(3) > 0 {
			facts = append(facts, told(IncidentResolved, key, when.Add(time.Duration(r.IntN(60))*time.Hour)))
		}
	}
	for i := range 5 {
		if r.IntN(2) == 0 {
			commits[fmt.Sprint("c", i)] = moment()
		}
	}
	return facts, commits
}

// arrive takes the facts one by one, in their order, and returns what is recorded at the end, how often it was corrected, and how many
// readings were withdrawn.
func arrive(facts []DeliveryFact, commits map[string]time.Time, now func(i int) time.Time) (recorded map[DeliveryMetric][]Measurement, corrected, withdrawn int) {
	recorded = map[DeliveryMetric][]Measurement{}
	for i := range facts {
		before, after := NewDeliveryHistory(facts[:i], commits), NewDeliveryHistory(facts[:i+1], commits)
		for _, k := range DeliveryMetrics {
			c := CompareReadings(before.Places(k), after.Readings(k, now(i)), recorded[k])
			corrected += len(c.Changed)
			withdrawn += len(c.Withdrawn)
			recorded[k] = slices.DeleteFunc(recorded[k], func(m Measurement) bool { return slices.Contains(c.Withdrawn, m) })
			for _, e := range c.Fresh {
				recorded[k] = append(recorded[k], e.Measurement)
			}
			for _, change := range c.Changed {
				recorded[k][slices.Index(recorded[k], change.Recorded)].Value = change.Value
			}
		}
	}
	for _, k := range DeliveryMetrics {
		slices.SortFunc(recorded[k], func(a, b Measurement) int { return cmp.Or(a.Compare(b), cmp.Compare(a.Value, b.Value)) })
	}
	return recorded, corrected, withdrawn
}

// Late and reordered events give the same numbers as in order, whatever happens in between: readings are corrected, never doubled.
func TestOrderOfArrivalNeverMatters(t *testing.T) {
	corrected, withdrawn := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		facts, commits := randomFacts(r)
		slices.SortFunc(facts, func(a, b DeliveryFact) int { return a.Time.Compare(b.Time) })
		end := mayAt(4, 0).AddDate(0, 3, 0)
		inOrder, _, _ := arrive(facts, commits, func(i int) time.Time {
			if i == len(facts)-1 {
				return end
			}
			return facts[i].Time
		})
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		late, c, w := arrive(facts, commits, func(int) time.Time { return end })
		corrected, withdrawn = corrected+c, withdrawn+w
		for _, k := range DeliveryMetrics {
			want := NewDeliveryHistory(facts, commits).Readings(k, end)
			slices.SortFunc(want, Measurement.Compare)
			if !slices.Equal(inOrder[k], late[k]) {
				t.Fatalf("seed %d, %s:\nin order %v\nlate     %v", seed, k, inOrder[k], late[k])
			}
			if len(want) != len(late[k]) || len(want) > 0 && !reflect.DeepEqual(want, late[k]) {
				t.Fatalf("seed %d, %s: recorded %v, want %v", seed, k, late[k], want)
			}
		}
	}
	if corrected == 0 || withdrawn == 0 {
		t.Error("nothing was ever corrected, so nothing was tried")
	}
}

func TestCompareReadings(t *testing.T) {
	wanted := []Measurement{{Time: mayAt(4, 1), Value: 1, SourceKey: "a"}, {Time: mayAt(4, 2), Value: 2, SourceKey: "b"}, {Time: mayAt(4, 3), Value: 3, SourceKey: "c"}}
	before := []Measurement{{Time: mayAt(5, 2), Value: 9, SourceKey: "b"}, {Time: mayAt(4, 4), Value: 4, SourceKey: "gone"}, {Time: mayAt(4, 5), Value: 4, SourceKey: "never recorded"}}
	recorded := []Measurement{
		{Time: mayAt(4, 1), Value: 7, SourceKey: "a"},
		before[0], before[1],
		{Time: mayAt(4, 6), Value: 4, SourceKey: "of a board that was restored"},
	}
	got := CompareReadings(before, wanted, recorded)
	if len(got.Fresh) != 2 || got.Fresh[0].Measurement != wanted[1] || got.Fresh[1].Measurement != wanted[2] {
		t.Errorf("fresh %v", got.Fresh)
	}
	if !slices.Equal(got.Changed, []ReadingChange{{Recorded: recorded[0], Value: 1}}) || !slices.Equal(got.Withdrawn, before[:2]) {
		t.Errorf("changed %v, withdrawn %v", got.Changed, got.Withdrawn)
	}
}

// Two senders may use one id for two things. A reference means its own sender's, then the only one of its source, then the only one of all.
func TestIdsOfSenders(t *testing.T) {
	by := func(source, scope string) func(*DeliveryFact) {
		return func(f *DeliveryFact) { f.Source, f.Scope = "teams/p/deliverySources/"+source, scope }
	}
	about := func(f *DeliveryFact) { f.About, f.AboutBy = []string{"1"}, "deployment" }
	ci, cd := told(Deployed, "1", mayAt(4, 10), by("ci", "")), told(Deployed, "1", mayAt(4, 11), by("cd", ""))
	scoped := told(Deployed, "1", mayAt(4, 12), by("cd", "/b"))
	opened := func(source, scope string) DeliveryFact {
		return told(IncidentOpened, "a", mayAt(8, 9), by(source, scope), about)
	}
	for name, c := range map[string]struct {
		facts []DeliveryFact
		want  string
	}{
		"its own":              {[]DeliveryFact{ci, cd, opened("ci", "")}, "ci DECLARED deployment"},
		"its own scope":        {[]DeliveryFact{ci, cd, scoped, opened("cd", "/b")}, "cd/b DECLARED deployment"},
		"the only one of it":   {[]DeliveryFact{ci, scoped, opened("cd", "/mon")}, "cd/b DECLARED deployment"},
		"the only one of all":  {[]DeliveryFact{ci, opened("pager", "")}, "ci DECLARED deployment, the only one of this id, told by ci"},
		"one of several":       {[]DeliveryFact{ci, cd, opened("pager", "")}, " DECLARED deployment, unresolved: several senders told of a deployment of this id"},
		"one of several in it": {[]DeliveryFact{ci, cd, scoped, opened("cd", "/mon")}, " DECLARED deployment, unresolved: several senders told of a deployment of this id"},
	} {
		h := NewDeliveryHistory(c.facts, nil)
		link := h.Incidents[0].CausedBy
		got := " " + string(link.Basis) + " " + link.Detail
		if link.to != nil {
			got = IDOf(link.to.Source) + link.to.scope + got
		}
		if got != c.want || len(h.Deployments) != len(c.facts)-1 {
			t.Errorf("%s: %q of %d deployments", name, got, len(h.Deployments))
		}
	}
	if got := written(NewDeliveryHistory([]DeliveryFact{ci, cd, scoped}, nil).Readings(DeploymentFrequency, mayAt(25, 0))); got != "deployment 1 (cd /b)=1@04T12, deployment 1 (cd)=1@04T11" {
		t.Error(got)
	}
	end := func(source string) DeliveryFact { return told(IncidentResolved, "a", mayAt(8, 12), by(source, "")) }
	for name, c := range map[string]struct {
		facts []DeliveryFact
		want  string
	}{
		"by another tool":          {[]DeliveryFact{ci, opened("mon", ""), end("pager")}, "incident a (mon)=3@08T12"},
		"one that could be of two": {[]DeliveryFact{ci, opened("mon", ""), opened("other", ""), end("pager")}, ""},
		"its own of two":           {[]DeliveryFact{ci, opened("mon", ""), opened("pager", ""), end("pager")}, "incident a (pager)=3@08T12"},
	} {
		if got := written(NewDeliveryHistory(c.facts, nil).Readings(RecoveryTime, mayAt(25, 0))); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	long := told(Deployed, strings.Repeat("x", maxID), mayAt(5, 1), by(strings.Repeat("s", 63), strings.Repeat("/s", 90)), func(f *DeliveryFact) { f.CommitTime = f.Time })
	if key := NewDeliveryHistory([]DeliveryFact{long}, nil).Readings(ChangeLeadTime, mayAt(25, 0))[0].SourceKey; len(key) > maxSourceKey || !strings.HasSuffix(key, "s)") {
		t.Errorf("%d characters: %s", len(key), key)
	}
}

func TestDeliveryMetricNames(t *testing.T) {
	source := deliverySource(PlainFormat)
	source.Service = strings.Repeat("x", 31)
	for _, k := range DeliveryMetrics {
		m := k.MetricOf(source)
		if err := m.Check(); err != nil || len(IDOf(m.Name)) > 63 || m.ByHand() == nil || len(m.DisplayName) > 120 {
			t.Errorf("%s: %v", m.Name, err)
		}
		if got, service, ok := DeliveryMetricOf(m.Name); !ok || got != k || service != source.Service {
			t.Errorf("%s is read as %s of %s", m.Name, got, service)
		}
	}
	for _, name := range []string{"teams/a/metrics/change-lead-time", "teams/a/metrics/-change-lead-time", "teams/a/metrics/review-wait"} {
		if _, _, ok := DeliveryMetricOf(name); ok {
			t.Errorf("%s is taken for a delivery metric", name)
		}
	}
}
