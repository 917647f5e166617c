package cycle_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// fields are the fields of a resource that have a value, as JSON values by their REST name.
type fields map[string]any

// resource is what every listed resource has.
type resource interface {
	proto.Message
	GetName() string
	GetEtag() string
}

// board is everything that a team has, as the lists answer it and as it is stored.
type board struct {
	challenges   []*cyclev1.Challenge
	conditions   []*cyclev1.TargetCondition
	obstacles    []*cyclev1.Obstacle
	cycles       []*cyclev1.Cycle
	andons       []*cyclev1.Andon
	streams      []*cyclev1.ValueStream
	sessions     []*cyclev1.CoachingSession
	resources    map[string]resource
	stored       string
	storedByName map[string]string
}

// rowsOf is the statement that reads every aggregate of a team, hidden parts included, from every table that has some.
func rowsOf(t *testing.T, l *eventlog.Log) string {
	t.Helper()
	tables, err := db.All[string](t.Context(), l.DB().Read(), `select m.name from sqlite_master m where m.type = 'table' and 4 =
		(select count(*) from pragma_table_info(m.name) c where c.name in ('name', 'team', 'version', 'doc')) order by 1`)
	must(t, err)
	if len(tables) < 8 {
		t.Fatalf("found only the tables %v", tables)
	}
	var parts []string
	for _, table := range tables {
		parts = append(parts, "select name, "+record.Columns+" from "+table+" where team = $1")
	}
	return strings.Join(parts, " union all ") + " order by 1"
}

// look reads the team's board as somebody who may read it.
func (m *machine) look(t *rapid.T) *board {
	t.Helper()
	ctx, parent, all := m.As(m.caller("viewer")), m.team, int32(1000)
	b := &board{resources: map[string]resource{}, storedByName: map[string]string{}}
	challenges, err := m.client.ListChallenges(ctx, &cyclev1.ListChallengesRequest{Parent: parent, PageSize: all})
	noError(t, "ListChallenges", err)
	conditions, err := m.client.ListTargetConditions(ctx, &cyclev1.ListTargetConditionsRequest{Parent: parent, PageSize: all})
	noError(t, "ListTargetConditions", err)
	obstacles, err := m.client.ListObstacles(ctx, &cyclev1.ListObstaclesRequest{Parent: parent, PageSize: all})
	noError(t, "ListObstacles", err)
	cycles, err := m.client.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: parent, PageSize: all})
	noError(t, "ListCycles", err)
	streams, err := m.client.ListValueStreams(ctx, &cyclev1.ListValueStreamsRequest{Parent: parent, PageSize: all})
	noError(t, "ListValueStreams", err)
	sessions, err := m.client.ListCoachingSessions(ctx, &cyclev1.ListCoachingSessionsRequest{Parent: parent, PageSize: all})
	noError(t, "ListCoachingSessions", err)
	b.challenges, b.conditions, b.obstacles = challenges.GetChallenges(), conditions.GetTargetConditions(), obstacles.GetObstacles()
	b.cycles, b.streams, b.sessions = cycles.GetCycles(), streams.GetValueStreams(), sessions.GetCoachingSessions()
	for _, c := range b.cycles {
		andons, err := m.client.ListAndons(ctx, &cyclev1.ListAndonsRequest{Parent: c.GetName(), PageSize: all})
		noError(t, "ListAndons", err)
		b.andons = append(b.andons, andons.GetAndons()...)
	}
	keep(b, b.challenges)
	keep(b, b.conditions)
	keep(b, b.obstacles)
	keep(b, b.cycles)
	keep(b, b.andons)
	keep(b, b.streams)
	keep(b, b.sessions)
	b.read(t, m)
	return b
}

func keep[R resource](b *board, list []R) {
	for _, r := range list {
		b.resources[r.GetName()] = r
	}
}

// read takes over the rows as they are stored.
func (b *board) read(t *rapid.T, m *machine) {
	t.Helper()
	type row struct {
		Name       string `db:"name"`
		Version    int64  `db:"version"`
		Doc        string `db:"doc"`
		CreateTime int64  `db:"create_time"`
		UpdateTime int64  `db:"update_time"`
	}
	rows, err := db.All[row](t.Context(), m.service.Log.DB().Read(), m.rows, strings.TrimPrefix(m.team, "teams/"))
	noError(t, "reading the rows", err)
	var all strings.Builder
	for _, r := range rows {
		text := fmt.Sprintf("%s %d %d %d %s\n", r.Name, r.Version, r.CreateTime, r.UpdateTime, r.Doc)
		b.storedByName[r.Name] = text
		all.WriteString(text)
	}
	b.stored = all.String()
}

// stateOf is where a resource stands; for a running cycle its phase. Empty for what has no state.
func stateOf(message proto.Message) string {
	if c, ok := message.(*cyclev1.Cycle); ok && c.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE {
		return strings.TrimPrefix(c.GetPhase().String(), "PHASE_")
	}
	r := message.ProtoReflect()
	field := r.Descriptor().Fields().ByName("state")
	if field == nil {
		return ""
	}
	// The values of an enumeration begin with its name: CHALLENGE_STATE_ACTIVE.
	value := string(field.Enum().Values().ByNumber(r.Get(field).Enum()).Name())
	_, state, _ := strings.Cut(value, "_STATE_")
	return state
}

// in lists the names of the resources of one kind that stand in one of the states, all of the kind when none is given.
func (b *board) in(kind string, states ...string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(b.resources)) {
		r := b.resources[name]
		if string(r.ProtoReflect().Descriptor().Name()) == kind && (len(states) == 0 || slices.Contains(states, stateOf(r))) {
			found = append(found, name)
		}
	}
	return found
}

// one is the name of the only resource of a kind in one of the states, or empty.
func (b *board) one(kind string, states ...string) string {
	if found := b.in(kind, states...); len(found) > 0 {
		return found[0]
	}
	return ""
}

func (b *board) cycle(name string) *cyclev1.Cycle {
	c, _ := b.resources[name].(*cyclev1.Cycle)
	return c
}

func (b *board) obstacle(name string) *cyclev1.Obstacle {
	o, _ := b.resources[name].(*cyclev1.Obstacle)
	return o
}

func (b *board) session(name string) *cyclev1.CoachingSession {
	s, _ := b.resources[name].(*cyclev1.CoachingSession)
	return s
}

// running are the phases of a cycle that runs.
var running = []string{"PLAN", "DO", "CHECK", "ACT"}

// fieldsOf are the fields of a resource that are set and kept.
func fieldsOf(t *rapid.T, r proto.Message) fields {
	t.Helper()
	text, err := protojson.Marshal(r)
	noError(t, "protojson", err)
	set := parsed(t, text)
	delete(set, "warnings") // reckoned when it is read, so that no event holds it
	return set
}

func parsed(t *rapid.T, text []byte) fields {
	t.Helper()
	set := fields{}
	noError(t, "JSON", json.Unmarshal(text, &set))
	for field, value := range set {
		if empty(value) {
			delete(set, field)
		}
	}
	return set
}

// empty tells whether a JSON value says the same as no field.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case float64:
		return value == 0
	case bool:
		return !value
	case []any:
		return len(value) == 0
	}
	return false
}

// with sets a field of a request, when it has one.
func with(message proto.Message, field, value string) bool {
	r := message.ProtoReflect()
	f := r.Descriptor().Fields().ByName(protoreflect.Name(field))
	if f != nil {
		r.Set(f, protoreflect.ValueOfString(value))
	}
	return f != nil
}

func noError(t *rapid.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
