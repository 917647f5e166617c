package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Kind is one collection of a service, whatever its types.
type Kind struct {
	pattern   []string
	aggregate string // the aggregate type of its events; empty for what has none of its own
	table     *Table
	rows      func(ctx context.Context, q db.Queryer, l *eventlog.Log, team string) ([]row, error)
	read      func(doc []byte) (value any, canonical []byte, name string, err error)
	data      func(r row, l *eventlog.Log, last proto.Message) (proto.Message, error)
	insert    func(tx *eventlog.Tx, r row) error
	state     func(value any) string
	// single are the states that one resource of a team can be in at a time.
	single []string
}

// Table is what is kept beside a resource in a table of its own, as a CSV file.
type Table struct {
	// Export writes the table of a resource; nil when it is empty.
	Export func(ctx context.Context, q db.Queryer, name string) ([]byte, error)
	// Check reads a file and writes it as Export does.
	Check func(content []byte) ([]byte, error)
	// Import saves what Check has written, for a resource that has just been restored.
	Import func(tx *eventlog.Tx, name string, content []byte) error
}

// row is an aggregate as it is stored.
type row struct {
	name             string
	value            any
	doc              []byte
	version          int64
	created, updated time.Time
}

// Of is a collection whose resources lie at pattern below the team, such as "cycles/*". event finds the event that a message
// of the log tells of; also, which may be nil, does what else belongs to a restored aggregate.
func Of[T, E any](
	c *record.Collection[T, E], pattern string, event func(name string, data proto.Message) E, also func(tx *eventlog.Tx, x *T) error,
) Kind {
	k := Kept(c, pattern)
	k.aggregate = c.Type
	k.data = func(r row, l *eventlog.Log, last proto.Message) (message proto.Message, err error) {
		defer func() {
			if p := recover(); p != nil { // a collection may have no message for an event that is none of its own
				err = fmt.Errorf("there is no such event: %v", p)
			}
		}()
		full := record.Restored(r.value.(*T), r.version, r.created, r.updated)
		full.Etag = record.Etag(l, r.version)
		message = c.Data(full, event(string(last.ProtoReflect().Descriptor().Name()), last))
		if got, want := message.ProtoReflect().Descriptor().FullName(), last.ProtoReflect().Descriptor().FullName(); got != want {
			return nil, fmt.Errorf("%s is no event of a %s", want.Name(), c.Noun)
		}
		return message, nil
	}
	k.insert = func(tx *eventlog.Tx, r row) error {
		x := r.value.(*T)
		if err := c.Restore(tx, record.Restored(x, r.version, r.created, r.updated)); err != nil || also == nil {
			return err
		}
		return also(tx, x)
	}
	return k
}

// Kept is a collection without events of its own, whose rows never change: the events of another one tell of them.
func Kept[T, E any](c *record.Collection[T, E], pattern string) Kind {
	return Kind{
		pattern: strings.Split(pattern, "/"),
		state:   func(value any) string { return c.Key(value.(*T)).State },
		rows: func(ctx context.Context, q db.Queryer, l *eventlog.Log, team string) ([]row, error) {
			found, err := c.OfTeam(ctx, q, l, team)
			rows := make([]row, len(found))
			for i, f := range found {
				doc, err := json.Marshal(f.Value)
				if err != nil {
					return nil, err
				}
				rows[i] = row{c.Key(f.Value).Name, f.Value, doc, f.Version, f.CreateTime, f.UpdateTime}
			}
			return rows, err
		},
		read: func(doc []byte) (any, []byte, string, error) {
			x, err := record.Decode[T](doc)
			if err != nil {
				return nil, nil, "", err
			}
			canonical, err := json.Marshal(x)
			// Only a document that names itself has a key that can be read off.
			var named struct {
				Name string `json:"name"`
			}
			if err == nil {
				err = json.Unmarshal(canonical, &named)
			}
			return x, canonical, named.Name, err
		},
		insert: func(tx *eventlog.Tx, r row) error {
			return c.Restore(tx, record.Restored(r.value.(*T), r.version, r.created, r.updated))
		},
	}
}

// With is the collection with a table beside each of its resources.
func (k Kind) With(t Table) Kind {
	k.table = &t
	return k
}

// OneIn is the collection of which a team has at most one resource in each of the states.
func (k Kind) OneIn(states ...string) Kind {
	k.single = states
	return k
}

// matches tells whether a name below the team has the pattern; * is an id.
func (k *Kind) matches(below string) bool {
	parts := strings.Split(below, "/")
	if len(parts) != len(k.pattern) {
		return false
	}
	for i, part := range parts {
		if k.pattern[i] == "*" && !names.ValidID(part) || k.pattern[i] != "*" && k.pattern[i] != part {
			return false
		}
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }
