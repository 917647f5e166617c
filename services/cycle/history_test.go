package cycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// history lists all entries of a resource, so many a page, the latest first.
func (w *world) history(t testing.TB, resource string, size int32) []*cyclev1.HistoryEntry {
	t.Helper()
	var all []*cyclev1.HistoryEntry
	for req := (&cyclev1.ListHistoryRequest{Parent: team, Resource: resource, PageSize: size}); ; {
		page, err := w.cycles.ListHistory(w.member(), req)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetEntries()) > int(size) {
			t.Fatalf("%d entries on a page of %d", len(page.GetEntries()), size)
		}
		all = append(all, page.GetEntries()...)
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

// told is the entries in short, the latest first.
func told(entries []*cyclev1.HistoryEntry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, strings.TrimPrefix(e.GetResource(), team+"/")+" "+e.GetEvent())
	}
	return all
}

func TestHistory(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	_, err := w.cycles.CreateAndon(w.member(), &cyclev1.CreateAndonRequest{Parent: first, AndonId: "red", Andon: &cyclev1.Andon{Problem: "red", Where: "line 2"}})
	must(t, err)
	w.Clock.Advance(time.Hour)
	_, err = w.cycles.ResolveAndon(w.coach(), &cyclev1.ResolveAndonRequest{Name: first + "/andons/red", Countermeasure: "reverted"})
	must(t, err)
	begun := []string{
		"cycles/first/andons/red AndonResolved", "cycles/first/andons/red AndonRaised", "cycles/first CycleStarted",
		"obstacles/queue ObstacleMadeCurrent", "obstacles/queue ObstacleParked", "targetConditions/next TargetConditionCreated", "challenges/direction ChallengeCreated",
	}
	for resource, want := range map[string][]string{
		"": begun, team: begun, first: begun[:3], first + "/andons/red": begun[:2], first + "/andons": begun[:2],
		team + "/obstacles": begun[3:5], team + "/cycles/fir": nil, team + "/coachingCadence": nil,
	} {
		for _, size := range []int32{1, 2, 50} {
			if got := told(w.history(t, resource, size)); !slices.Equal(got, want) {
				t.Errorf("%q, %d a page: %q, want %q", resource, size, got, want)
			}
		}
	}

	andon := w.history(t, first+"/andons/red", 50)
	resolved, raised := andon[0], andon[1]
	if resolved.GetActor() != "users/mina" || !resolved.GetChangeTime().AsTime().Equal(w.Clock.Now()) || raised.GetActor() != "users/jonas" {
		t.Errorf("resolved %v, raised %v", resolved, raised)
	}
	changes := func(e *cyclev1.HistoryEntry) string {
		var all []string
		for _, c := range e.GetChanges() {
			all = append(all, fmt.Sprintf("%s:%s>%s", c.GetField(), c.GetBefore(), c.GetAfter()))
		}
		return strings.Join(all, " ")
	}
	if got := changes(resolved); got != `countermeasure:>"reverted" state:"ANDON_STATE_OPEN">"ANDON_STATE_RESOLVED"` {
		t.Errorf("resolved: %s", got)
	}
	want := `createTime:>"2026-03-02T08:00:00Z" name:>"teams/payments/cycles/first/andons/red" problem:>"red" state:>"ANDON_STATE_OPEN" where:>"line 2"`
	if got := changes(raised); got != want {
		t.Errorf("raised: %s, want %s", got, want)
	}
}

func TestHistoryRefusals(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	list := func(ctx context.Context, req *cyclev1.ListHistoryRequest) error {
		_, err := w.cycles.ListHistory(ctx, req)
		return err
	}
	testkit.Refused(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: team, Resource: "teams/mobile/cycles/first"}), fault.InvalidArgument, "OTHER_TEAM", "resource")
	testkit.Refused(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: team, Resource: team + "/cycles/"}), fault.InvalidArgument, "RESOURCE_NAME_MALFORMED", "resource")
	testkit.Refused(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: "teams/mobile"}), fault.PermissionDenied, "PERMISSION_DENIED")
	testkit.Refused(t, list(t.Context(), &cyclev1.ListHistoryRequest{Parent: team}), fault.Unauthenticated, "UNAUTHENTICATED")
	testkit.Refused(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: team, PageToken: "nonsense"}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	page, err := w.cycles.ListHistory(w.member(), &cyclev1.ListHistoryRequest{Parent: team, PageSize: 1})
	must(t, err)
	token := page.GetNextPageToken()
	testkit.Refused(t, list(w.coach(), &cyclev1.ListHistoryRequest{Parent: team, PageToken: token}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	testkit.Refused(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: team, PageToken: token, Resource: first}), fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	must(t, list(w.member(), &cyclev1.ListHistoryRequest{Parent: team, PageToken: token}))
	must(t, list(w.As(callertest.User("vera", "payments", caller.Viewer)), &cyclev1.ListHistoryRequest{Parent: team}))
}

// Whatever happens to a team, the changes of each resource make the resource as it is got, and the history leaves nothing out.
func TestHistoryMakesTheResources(t *testing.T) {
	kinds := map[string]bool{}
	for seed := range uint64(4) {
		w := newBoardWorld(t).world
		story := &story{world: w, random: rand.New(rand.NewPCG(seed, 7))}
		story.happen(t, 400)
		whole := w.history(t, "", 37)
		records := testkit.Records(t, w.service.Log)
		slices.Reverse(records)
		if len(whole) != len(records) {
			t.Fatalf("%d entries of %d events", len(whole), len(records))
		}
		of := map[string][]*cyclev1.HistoryEntry{}
		for i, e := range whole {
			if r := records[i]; e.GetResource() != r.AggregateID || !strings.HasSuffix(r.Type, "."+e.GetEvent()) || e.GetActor() != r.Actor || !e.GetChangeTime().AsTime().Equal(r.Time) {
				t.Fatalf("entry %d is %v, the event %+v", i, e, r)
			}
			of[e.GetResource()] = append(of[e.GetResource()], e)
		}
		for resource, entries := range of {
			alone := slices.DeleteFunc(w.history(t, resource, 11), func(e *cyclev1.HistoryEntry) bool { return e.GetResource() != resource })
			if !slices.EqualFunc(alone, entries, func(a, b *cyclev1.HistoryEntry) bool { return proto.Equal(a, b) }) {
				t.Errorf("%s alone: %v, want %v", resource, told(alone), told(entries))
			}
			got, want := made(t, entries), asGot(t, w.resource(t, resource))
			if !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d: the history makes\n%v\n%s is\n%v", seed, got, resource, want)
			}
			kinds[kind(resource)] = true
		}
	}
	for _, wanted := range []string{
		"challenges", "targetConditions", "obstacles", "cycles", "andons", "valueStreams", "painfulActivities", "coachingSessions", "coachingCadence", "capacityEntries",
	} {
		if !kinds[wanted] {
			t.Errorf("no story has %s", wanted)
		}
	}
}

// kind is what a resource is one of, as its name says.
func kind(resource string) string {
	parts := strings.Split(resource, "/")
	if len(parts)%2 == 1 {
		return parts[len(parts)-1]
	}
	return parts[len(parts)-2]
}

// made applies the entries, given the latest first, to nothing.
func made(t *testing.T, entries []*cyclev1.HistoryEntry) map[string]any {
	t.Helper()
	var oldest []domain.HistoryEntry
	for _, e := range slices.Backward(entries) {
		var changes []domain.FieldChange
		for _, c := range e.GetChanges() {
			changes = append(changes, domain.FieldChange{Field: c.GetField(), Before: c.GetBefore(), After: c.GetAfter()})
		}
		oldest = append(oldest, domain.HistoryEntry{Changes: changes})
	}
	resource := map[string]any{}
	for field, value := range domain.Fold(oldest) {
		var v any
		must(t, json.Unmarshal([]byte(value), &v))
		resource[field] = v
	}
	return resource
}

// asGot is a resource as REST gives it, without what a history leaves out.
func asGot(t *testing.T, m proto.Message) map[string]any {
	t.Helper()
	text, err := protojson.Marshal(m)
	must(t, err)
	var resource map[string]any
	must(t, json.Unmarshal(text, &resource))
	for _, field := range []string{"etag", "updateTime", "warnings"} {
		delete(resource, field)
	}
	return resource
}

func (w *world) resource(t *testing.T, name string) proto.Message {
	t.Helper()
	var m proto.Message
	var err error
	switch ctx := w.member(); kind(name) {
	case "challenges":
		m, err = w.cycles.GetChallenge(ctx, &cyclev1.GetChallengeRequest{Name: name})
	case "targetConditions":
		m, err = w.cycles.GetTargetCondition(ctx, &cyclev1.GetTargetConditionRequest{Name: name})
	case "obstacles":
		m, err = w.cycles.GetObstacle(ctx, &cyclev1.GetObstacleRequest{Name: name})
	case "cycles":
		m, err = w.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: name})
	case "andons":
		m, err = w.cycles.GetAndon(ctx, &cyclev1.GetAndonRequest{Name: name})
	case "valueStreams":
		m, err = w.cycles.GetValueStream(ctx, &cyclev1.GetValueStreamRequest{Name: name})
	case "painfulActivities":
		m, err = w.cycles.GetPainfulActivity(ctx, &cyclev1.GetPainfulActivityRequest{Name: name})
	case "coachingSessions":
		m, err = w.cycles.GetCoachingSession(ctx, &cyclev1.GetCoachingSessionRequest{Name: name})
	case "coachingCadence":
		m, err = w.cycles.GetCoachingCadence(ctx, &cyclev1.GetCoachingCadenceRequest{Name: name})
	case "capacityEntries":
		m, err = w.cycles.GetCapacityEntry(ctx, &cyclev1.GetCapacityEntryRequest{Name: name})
	default:
		t.Fatalf("%s is of no kind that the test knows", name)
	}
	must(t, err)
	return m
}

// A page of a long history costs what a page costs, wherever it lies.
func BenchmarkHistory(b *testing.B) {
	w := newBoardWorld(b)
	const events = 5000
	for from := 0; from < events; from += 500 {
		w.put(b, func(tx *eventlog.Tx) error {
			for i := from; i < from+500; i++ {
				name := fmt.Sprintf("%s/obstacles/o%d", team, i%40)
				err := tx.Append(eventlog.Event{
					Team: "payments", AggregateType: "obstacle", AggregateID: name, AggregateVersion: int64(i/40 + 1), Subject: name,
					Data: &cyclev1.ObstacleUpdated{Obstacle: &cyclev1.Obstacle{Name: name, Description: fmt.Sprint(i)}},
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for name, req := range map[string]*cyclev1.ListHistoryRequest{
		"whole": {Parent: team}, "resource": {Parent: team, Resource: team + "/obstacles/o7"}, "none": {Parent: team, Resource: team + "/obstacles/x"},
	} {
		b.Run(name, func(b *testing.B) {
			ctx := w.member()
			for b.Loop() {
				if _, err := w.cycles.ListHistory(ctx, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
