package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Outcome is what came of a resource: it was created, or it was there already, the same.
type Outcome struct {
	Name    string
	Created bool
}

// errOnlyAsked rolls back what was only to be tried.
var errOnlyAsked = errors.New("archive: only asked")

// Import restores the files of a team, `teams/{team}`, in one transaction: all or nothing. With onlyAsk it tells what it would
// do, and leaves everything as it is.
func (p *Part) Import(ctx context.Context, team string, files []File, onlyAsk bool) ([]Outcome, error) {
	wanted, err := p.parse(team, files)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	err = p.Log.Do(ctx, func(tx *eventlog.Tx) error {
		if err := tx.Lock(team); err != nil { // as the verbs do that let a team have one of something
			return err
		}
		fresh, err := p.missing(ctx, tx, team, wanted)
		if err != nil {
			return err
		}
		if err := p.restore(tx, team, fresh); err != nil {
			return err
		}
		outcomes = outcomesOf(wanted, fresh)
		if onlyAsk {
			return errOnlyAsked
		}
		return nil
	})
	if err != nil && !errors.Is(err, errOnlyAsked) {
		return nil, err
	}
	return outcomes, nil
}

// parse reads and checks all files, without looking at what the team has.
func (p *Part) parse(team string, files []File) ([]*resource, error) {
	content, problems := p.sorted(files)
	found := map[string]*resource{}
	var wanted []*resource
	for _, path := range sortedKeys(content) {
		below, isYAML := strings.CutSuffix(path, yamlEnding)
		if !isYAML || strings.HasPrefix(path, historyFolder) {
			resource := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(path, yamlEnding), csvEnding), historyFolder) + yamlEnding
			if content[resource] == nil {
				problems = append(problems, problem(path, 0, ReasonInconsistent, "the file belongs to "+resource+", which is not in the folder"))
			}
			continue
		}
		x, wrong := p.resource(team, below, content)
		problems = append(problems, wrong...)
		if x != nil {
			found[below] = x
			wanted = append(wanted, x)
		}
	}
	for _, x := range wanted {
		parts := strings.Split(x.below, "/")
		above := strings.Join(parts[:max(0, len(parts)-2)], "/")
		if above != "" && p.kindOf(above) != nil && content[above+yamlEnding] == nil {
			problems = append(problems, problem(x.below+yamlEnding, 0, ReasonInconsistent, "the file belongs to "+above+yamlEnding+", which is not in the folder"))
		}
	}
	return wanted, refuse(append(problems, tooMany(wanted)...))
}

// tooMany are the resources beyond the one that a team can have in a state. A digest only tells that files belong together: who
// makes a folder by hand can compute it.
func tooMany(wanted []*resource) []fault.Violation {
	type place struct {
		kind  *Kind
		state string
	}
	first := map[place]string{}
	var problems []fault.Violation
	for _, x := range wanted {
		at := place{x.kind, x.kind.state(x.value)}
		if !slices.Contains(x.kind.single, at.state) {
			continue
		}
		if other, taken := first[at]; taken {
			problems = append(problems, problem(x.below+yamlEnding, 0, ReasonInconsistent, "a team has one that is "+at.state+", and "+other+yamlEnding+" is"))
			continue
		}
		first[at] = x.below
	}
	return problems
}

// sorted are the files by their paths, without those that are too large or that nobody here knows.
func (p *Part) sorted(files []File) (map[string][]byte, []fault.Violation) {
	content := map[string][]byte{}
	var problems []fault.Violation
	for _, f := range files {
		below := strings.TrimPrefix(f.Path, historyFolder)
		name, isTable := strings.CutSuffix(below, csvEnding)
		if !isTable {
			name = strings.TrimSuffix(below, yamlEnding)
		}
		kind := p.kindOf(name)
		_, twice := content[f.Path]
		switch {
		case kind == nil, isTable && (kind.table == nil || below != f.Path), !isTable && !strings.HasSuffix(below, yamlEnding),
			below != f.Path && kind.aggregate == "":
			problems = append(problems, problem(f.Path, 0, ReasonUnknown, "the board has no such file"))
		case twice:
			problems = append(problems, problem(f.Path, 0, ReasonInvalid, "the file is there twice"))
		case !isTable && len(f.Content) > maxFile:
			problems = append(problems, problem(f.Path, 0, ReasonTooLarge, "the file is larger than 8 MiB"))
		default:
			content[f.Path] = f.Content
			if f.Content == nil {
				content[f.Path] = []byte{}
			}
		}
	}
	return content, problems
}

// resource reads the files of a resource; nil with problems.
func (p *Part) resource(team, below string, content map[string][]byte) (*resource, []fault.Violation) {
	path := below + yamlEnding
	x := &resource{kind: p.kindOf(below), below: below}
	r := &reader{path: path}
	given := x.readDocument(r, content[path])
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	if want := team + "/" + below; x.name != want {
		return nil, []fault.Violation{problem(path, r.lines["name"], ReasonInconsistent, "the file tells of "+x.name+", and lies where "+want+" belongs")}
	}
	if history := historyFolder + path; x.kind.aggregate != "" {
		text, there := content[history]
		if !there {
			return nil, []fault.Violation{problem(history, 0, ReasonInconsistent, "the history of "+path+" is not in the folder")}
		}
		h := &reader{path: history}
		x.events = h.readHistory(p.Log.Source(), text)
		if len(h.problems) > 0 {
			return nil, h.problems
		}
		x.version = int64(len(x.events))
		if wrong := p.compare(x, history); wrong != nil {
			return nil, wrong
		}
	}
	if table := below + csvEnding; content[table] != nil {
		var err error
		if x.table, err = x.kind.table.Check(bytes.ReplaceAll(content[table], []byte("\r\n"), []byte("\n"))); err != nil {
			return nil, []fault.Violation{problem(table, 0, ReasonInvalid, err.Error())}
		}
	}
	_, all, err := x.content()
	if err != nil || digest(all) != given {
		return nil, []fault.Violation{problem(path, r.lines["digest"], ReasonInconsistent,
			"the digest is another one: "+path+" or what belongs to it was changed after the export")}
	}
	return x, nil
}

// readDocument reads the resource's own file and returns the digest that it gives.
func (x *resource) readDocument(r *reader, text []byte) (given string) {
	value := r.value(text)
	o := r.fields(value, "the file", "createTime", "updateTime", "document", "digest")
	if o == nil || len(r.problems) > 0 {
		return ""
	}
	x.created, x.updated, given = r.instant(o, "createTime"), r.instant(o, "updateTime"), r.text(o, "digest")
	document, ok := o.values["document"].(*object)
	if !ok {
		r.report(r.lines["document"], "document should have named fields")
		return ""
	}
	var err error
	if x.value, x.doc, x.name, err = x.kind.read(toJSON(document)); err != nil {
		r.refused("the document", err)
		return ""
	}
	// The library for JSON takes keys in other spellings too, and passes over what is empty.
	if canonical, err := parseJSON(x.doc); err != nil || !equal(canonical, document) {
		r.report(r.lines["document"], "the document is not written as the export writes it")
	}
	x.version = 1
	return given
}

// compare tells whether the last event says the same as the document.
func (p *Part) compare(x *resource, path string) []fault.Violation {
	last := x.events[len(x.events)-1]
	told := last
	told.version = x.version
	made, err := x.kind.data(x.row, p.Log, last.message)
	if err == nil {
		var text []byte
		if text, err = protojson.Marshal(told.whole(record.Etag(p.Log, x.version))); err == nil {
			var payload, now *object
			if payload, err = parseJSON(text); err == nil {
				text, err = protojson.Marshal(made)
			}
			if err == nil {
				if now, err = parseJSON(text); err == nil && !agrees(payload, now) {
					return []fault.Violation{problem(path, 0, ReasonInconsistent, "the history does not lead to what "+x.below+yamlEnding+" says")}
				}
			}
		}
	}
	if err != nil {
		return []fault.Violation{problem(path, 0, ReasonInconsistent, err.Error())}
	}
	return nil
}

// missing are the resources that the team does not have. What it has must be the same, and something can only be added to what
// the files hold as well: a board has one current obstacle, one running cycle, and who would have two of them then?
func (p *Part) missing(ctx context.Context, tx *eventlog.Tx, team string, wanted []*resource) ([]*resource, error) {
	existing, err := p.resources(ctx, tx, team)
	if err != nil {
		return nil, err
	}
	there := map[string]*resource{}
	for i := range existing {
		there[existing[i].name] = &existing[i]
	}
	var fresh []*resource
	var problems []fault.Violation
	for _, x := range wanted {
		old := there[x.name]
		delete(there, x.name)
		if old == nil {
			fresh = append(fresh, x)
			continue
		}
		_, is, err := old.content()
		if err != nil {
			return nil, err
		}
		if _, should, err := x.content(); err != nil || !bytes.Equal(is, should) {
			problems = append(problems, problem(x.name, 0, ReasonConflict, x.name+" is there already, with other contents or another history"))
		}
	}
	if len(fresh) > 0 {
		for _, name := range sortedKeys(there) {
			problems = append(problems, problem(name, 0, ReasonConflict, name+" is on the team's board and not in the folder"))
		}
	}
	return fresh, refuse(problems)
}

// restore saves resources and appends their events in the order in which they happened.
func (p *Part) restore(tx *eventlog.Tx, team string, fresh []*resource) error {
	if len(fresh) == 0 {
		return nil
	}
	for i := range p.Kinds {
		for _, x := range fresh {
			if x.kind != &p.Kinds[i] {
				continue
			}
			if err := x.kind.insert(tx, x.row); err != nil {
				return err
			}
			if x.table == nil {
				continue
			}
			if err := x.kind.table.Import(tx, x.name, x.table); err != nil {
				return err
			}
		}
	}
	for _, e := range inOrder(fresh) {
		err := tx.Restore(eventlog.Event{
			Team: teamOf(team), AggregateType: e.of.kind.aggregate, AggregateID: e.of.name, AggregateVersion: e.version, Subject: e.of.name,
			Data: e.event.whole(record.Etag(p.Log, e.event.version)),
		}, e.event.at, e.event.actor)
		if err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Event{
		Action: commonv1.AuditAction_AUDIT_ACTION_RESTORED, Resource: team,
		Details: map[string]string{"source": p.Log.Source(), "count": itoa(len(fresh))},
	})
}

type ordered struct {
	of      *resource
	event   *event
	version int64
	at      time.Time
}

// inOrder are the events of resources by time and place. Those of one resource keep their order even where a clock went back.
func inOrder(fresh []*resource) []ordered {
	var all []ordered
	for _, x := range fresh {
		var latest time.Time
		for i := range x.events {
			if at := x.events[i].at; at.After(latest) {
				latest = at
			}
			all = append(all, ordered{x, &x.events[i], int64(i) + 1, latest})
		}
	}
	slices.SortStableFunc(all, func(a, b ordered) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.event.place, b.event.place))
	})
	return all
}

func outcomesOf(wanted, fresh []*resource) []Outcome {
	outcomes := make([]Outcome, 0, len(wanted))
	for _, x := range wanted {
		outcomes = append(outcomes, Outcome{x.name, slices.Contains(fresh, x)})
	}
	slices.SortFunc(outcomes, func(a, b Outcome) int { return cmp.Compare(a.Name, b.Name) })
	return outcomes
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
