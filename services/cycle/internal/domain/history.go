package domain

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Document is a resource as people read it: the JSON of each field that is set.
type Document map[string]string

// FieldChange is one field before and after; empty means that it was not set.
type FieldChange struct {
	Field, Before, After string
}

// HistoryEntry is what one event did to one resource.
type HistoryEntry struct {
	Resource string
	Event    Event
	Time     time.Time
	// Actor is who did it; empty when nobody is to know.
	Actor   string
	Changes []FieldChange
}

// Changes are the fields that differ, by name.
func Changes(before, after Document) []FieldChange {
	fields := maps.Clone(after)
	if fields == nil {
		fields = Document{}
	}
	maps.Copy(fields, before)
	var changes []FieldChange
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if before[field] != after[field] {
			changes = append(changes, FieldChange{Field: field, Before: before[field], After: after[field]})
		}
	}
	return changes
}

// Apply makes the document what it was after the changes.
func (d Document) Apply(changes []FieldChange) {
	for _, change := range changes {
		if change.After == "" {
			delete(d, change.Field)
			continue
		}
		d[change.Field] = change.After
	}
}

// Fold applies the entries of one resource, the oldest first, to nothing: that makes the resource.
func Fold(entries []HistoryEntry) Document {
	d := Document{}
	for _, entry := range entries {
		d.Apply(entry.Changes)
	}
	return d
}

// HistoryOf checks whose history is asked for. Without a resource it is the whole team's.
func HistoryOf(team, resource string) (string, error) {
	if resource == "" || resource == team {
		return "", nil
	}
	below, ok := strings.CutPrefix(resource, team+"/")
	if !ok {
		return "", fault.Invalid("resource", "OTHER_TEAM", "%q is no resource of %s; name one of this team, or ask the other team for its history", resource, team)
	}
	if slices.Contains(strings.Split(below, "/"), "") {
		return "", fault.Invalid("resource", "RESOURCE_NAME_MALFORMED", "%q is no resource name; send one as the service gave it, for instance %s/cycles/first", resource, team)
	}
	return resource, nil
}
