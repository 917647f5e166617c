package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// resource is a resource with all that belongs to it.
type resource struct {
	row
	kind   *Kind
	below  string // its name below the team
	events []event
	orders []int64 // where the events stand in the log
	table  []byte
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// text is the resource's file without its digest.
func (x *resource) text() ([]byte, error) {
	document, err := parseJSON(x.doc)
	if err != nil {
		return nil, err
	}
	o := newObject()
	o.set("createTime", instantText(x.created))
	o.set("updateTime", instantText(x.updated))
	o.set("document", document)
	return toYAML(o), nil
}

// content is everything that is said of the resource, in one way of writing it.
func (x *resource) content() (text, all []byte, err error) {
	if text, err = x.text(); err != nil {
		return nil, nil, err
	}
	all = slices.Concat(text, historyText(x.events, false), x.table)
	return text, all, nil
}

// digest lets a file that was changed be known from one that was exported. It is no signature.
func digest(all []byte) string {
	sum := sha256.Sum256(all)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// files are the files of the resource.
func (x *resource) files() ([]File, error) {
	text, all, err := x.content()
	if err != nil {
		return nil, err
	}
	o := newObject()
	o.set("digest", digest(all))
	files := []File{{x.below + yamlEnding, append(text, toYAML(o)...)}}
	if x.table != nil {
		files = append(files, File{x.below + csvEnding, x.table})
	}
	if len(x.events) > 0 {
		files = append(files, File{historyFolder + x.below + yamlEnding, historyText(x.events, true)})
	}
	return files, nil
}

// load reads what belongs to a row: its events up to its version, and its table.
func (p *Part) load(ctx context.Context, q db.Queryer, team string, kind *Kind, r row) (resource, error) {
	x := resource{row: r, kind: kind, below: strings.TrimPrefix(r.name, team+"/")}
	if kind.aggregate != "" {
		past, err := p.Log.Of(ctx, q, kind.aggregate, r.name, r.version)
		if err != nil {
			return x, err
		}
		for i, e := range past {
			read := event{name: e.Type[strings.LastIndexByte(e.Type, '.')+1:], actor: e.Actor, at: db.Time(e.Micros)}
			if read.message, err = newMessage(p.Log.Source(), read.name); err == nil {
				err = protojson.Unmarshal(e.Data, read.message)
			}
			if err == nil {
				err = read.strip(int64(i) + 1)
			}
			if err != nil {
				return x, fault.New(fault.Internal, "EVENT_UNREADABLE", "An event of %s cannot be read.", r.name).Because(err)
			}
			x.events, x.orders = append(x.events, read), append(x.orders, e.Order)
		}
	}
	if kind.table == nil {
		return x, nil
	}
	var err error
	x.table, err = kind.table.Export(ctx, q, r.name)
	return x, err
}

// resources reads everything of a team, in the order of the kinds and names.
func (p *Part) resources(ctx context.Context, q db.Queryer, team string) ([]resource, error) {
	var all []resource
	for i := range p.Kinds {
		kind := &p.Kinds[i]
		rows, err := kind.rows(ctx, q, p.Log, teamOf(team))
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			x, err := p.load(ctx, q, team, kind, r)
			if err != nil {
				return nil, err
			}
			all = append(all, x)
		}
	}
	setPlaces(all)
	return all, nil
}

// setPlaces numbers the events of an instant that belong to several resources, in the order of the log.
func setPlaces(all []resource) {
	type at struct {
		order    int64
		resource int
		event    *event
	}
	instants := map[time.Time][]at{}
	for i := range all {
		for j := range all[i].events {
			e := &all[i].events[j]
			instants[e.at] = append(instants[e.at], at{all[i].orders[j], i, e})
		}
	}
	for _, events := range instants {
		several := slices.ContainsFunc(events, func(e at) bool { return e.resource != events[0].resource })
		if !several {
			continue
		}
		slices.SortFunc(events, func(a, b at) int { return int(a.order - b.order) })
		for i, e := range events {
			e.event.place = int64(i) + 1
		}
	}
}
