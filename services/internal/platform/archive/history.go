package archive

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// event is one entry of a resource's history.
type event struct {
	name, actor string
	at          time.Time
	// place orders the events of one instant that belong to several resources; 0 where there is nothing to order.
	place int64
	// version is the one in the etag that the event told: of several events of one change, each told the last one's.
	version int64
	// payload is the message without etag, and without the update time when that is the time of the event.
	payload *object
	// message is the same as a message.
	message proto.Message
}

const (
	etagField       protoreflect.Name = "etag"
	updateTimeField protoreflect.Name = "update_time"
)

// carried are the messages within a payload that have etags: the resource that an event tells of.
func carried(message proto.Message) []protoreflect.Message {
	var found []protoreflect.Message
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Kind() == protoreflect.MessageKind && !field.IsList() && !field.IsMap() && field.Message().Fields().ByName(etagField) != nil {
			found = append(found, value.Message())
		}
		return true
	})
	return found
}

// newMessage makes an empty message of an event of a service.
func newMessage(source, name string) (proto.Message, error) {
	full := protoreflect.FullName("fortnight." + source + ".v1." + name)
	t, err := protoregistry.GlobalTypes.FindMessageByName(full)
	if err != nil {
		return nil, fmt.Errorf("there is no event %s in this version of Fortnight", name)
	}
	return t.New().Interface(), nil
}

// strip takes out of the message what is made anew at an import, and completes the event with it.
func (e *event) strip(number int64) error {
	e.version = number
	for _, m := range carried(e.message) {
		fields := m.Descriptor().Fields()
		etag := fields.ByName(etagField)
		if _, version, ok := strings.Cut(strings.Trim(m.Get(etag).String(), `"`), "-"); ok {
			if n, err := strconv.ParseInt(version, 10, 64); err == nil {
				e.version = n
			}
		}
		m.Clear(etag)
		if update := fields.ByName(updateTimeField); update != nil && m.Has(update) {
			at, ok := m.Get(update).Message().Interface().(*timestamppb.Timestamp)
			if ok && at.AsTime().Equal(e.at) {
				m.Clear(update)
			}
		}
	}
	return e.render()
}

// render writes the message as an object, in the order of the contract.
func (e *event) render() error {
	text, err := protojson.Marshal(e.message)
	if err == nil {
		e.payload, err = parseJSON(text)
	}
	return err
}

// whole is the message as it is recorded, with the etag of this installation.
func (e *event) whole(etag string) proto.Message {
	message := proto.Clone(e.message)
	for _, m := range carried(message) {
		fields := m.Descriptor().Fields()
		m.Set(fields.ByName(etagField), protoreflect.ValueOfString(etag))
		if update := fields.ByName(updateTimeField); update != nil && !m.Has(update) {
			m.Set(update, protoreflect.ValueOfMessage(timestamppb.New(e.at).ProtoReflect()))
		}
	}
	return message
}

// historyText writes the events of a resource. Places are for those who import; they do not count when two histories are
// compared.
func historyText(events []event, places bool) []byte {
	var b bytes.Buffer
	before := newObject()
	for i, e := range events {
		entry := newObject()
		entry.set("event", e.name)
		entry.set("time", instantText(e.at))
		if e.actor != "" {
			entry.set("actor", e.actor)
		}
		if places && e.place > 0 {
			entry.set("place", number(e.place))
		}
		if e.version != int64(i)+1 {
			entry.set("version", number(e.version))
		}
		set, unset := difference(before, e.payload, "")
		if len(set.keys) > 0 {
			entry.set("set", set)
		}
		if len(unset) > 0 {
			entry.set("unset", unset)
		}
		b.WriteString("- ")
		b.Write(appendObject(nil, entry, 2))
		before = e.payload
	}
	return b.Bytes()
}

// readHistory reads what historyText writes.
func (r *reader) readHistory(source string, content []byte) []event {
	value := r.value(content)
	if len(r.problems) > 0 {
		return nil
	}
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		r.report(1, "a history is a list of events")
		return nil
	}
	events := make([]event, 0, len(list))
	folded := newObject()
	for i, item := range list {
		entry := r.fields(item, "an event", "event", "time", "actor", "place", "version", "set", "unset")
		if entry == nil || len(r.problems) > 0 {
			return nil
		}
		e := event{name: r.text(entry, "event"), actor: r.text(entry, "actor"), at: r.instant(entry, "time"), place: r.number(entry, "place"), version: r.number(entry, "version")}
		if e.version == 0 {
			e.version = int64(i) + 1
		}
		folded = r.fold(folded, entry)
		if len(r.problems) > 0 {
			return nil
		}
		if err := e.parse(source, folded); err != nil {
			r.refused("event "+itoa(i+1)+" ("+e.name+")", err)
			return nil
		}
		events = append(events, e)
	}
	return events
}

// parse makes the message of what the entries up to this one fold to.
func (e *event) parse(source string, folded *object) (err error) {
	if e.message, err = newMessage(source, e.name); err != nil {
		return err
	}
	if err := protojson.Unmarshal(toJSON(folded), e.message); err != nil {
		return err
	}
	return e.render()
}

// fold applies an entry to the payload before it.
func (r *reader) fold(before *object, entry *object) *object {
	after := clone(before)
	if value, there := entry.values["unset"]; there {
		paths, ok := value.([]any)
		for _, path := range paths {
			text, isText := path.(string)
			ok = ok && isText && remove(after, strings.Split(text, "/"))
		}
		if !ok {
			r.report(r.lines["unset"], "unset should list fields that are there")
		}
	}
	if value, there := entry.values["set"]; there {
		set, ok := value.(*object)
		if !ok {
			r.report(r.lines["set"], "set should have named fields")
			return after
		}
		merge(after, set)
	}
	return after
}

// difference is what has to be set and unset, by path, to come from one object to the other.
func difference(from, to *object, path string) (set *object, unset []any) {
	set = newObject()
	for _, key := range from.keys {
		if _, there := to.values[key]; !there {
			unset = append(unset, path+escape(key))
		}
	}
	for _, key := range to.keys {
		after := to.values[key]
		before, there := from.values[key]
		inner, isObject := after.(*object)
		old, wasObject := before.(*object)
		switch {
		case there && equal(before, after):
		case isObject && wasObject:
			changed, gone := difference(old, inner, path+escape(key)+"/")
			if len(changed.keys) > 0 {
				set.set(key, changed)
			}
			unset = append(unset, gone...)
		default:
			set.set(key, after)
		}
	}
	return set, unset
}

var escaper, unescaper = strings.NewReplacer("~", "~0", "/", "~1"), strings.NewReplacer("~1", "/", "~0", "~")

func escape(key string) string { return escaper.Replace(key) }

func remove(from *object, path []string) bool {
	key := unescaper.Replace(path[0])
	value, there := from.values[key]
	if !there || len(path) == 1 {
		from.unset(key)
		return there
	}
	inner, ok := value.(*object)
	return ok && remove(inner, path[1:])
}

func merge(into, set *object) {
	for _, key := range set.keys {
		old, wasObject := into.values[key].(*object)
		if inner, isObject := set.values[key].(*object); isObject && wasObject {
			merge(old, inner)
			continue
		}
		into.set(key, set.values[key])
	}
}

// clone copies the objects of a value; lists are never changed.
func clone(o *object) *object {
	c := newObject()
	for _, key := range o.keys {
		value := o.values[key]
		if inner, ok := value.(*object); ok {
			value = clone(inner)
		}
		c.set(key, value)
	}
	return c
}

// agrees tells whether the payload of the last event says nothing that the document does not say. The document may say more:
// an older version of Fortnight knew fewer fields.
func agrees(payload, made any) bool {
	switch told := payload.(type) {
	case *object:
		m, ok := made.(*object)
		if !ok {
			return false
		}
		for _, key := range told.keys {
			value, there := m.values[key]
			if !there || !agrees(told.values[key], value) {
				return false
			}
		}
		return true
	case []any:
		m, ok := made.([]any)
		if !ok || len(m) != len(told) {
			return false
		}
		for i := range told {
			if !agrees(told[i], m[i]) {
				return false
			}
		}
		return true
	default:
		return payload == made
	}
}
