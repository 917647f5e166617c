package wire

import (
	"bytes"
	"encoding/json"

	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// untold are fields that a history leaves out: two change with every change, and the warnings are worked out whenever the resource
// is read.
var untold = []string{"etag", "updateTime", "warnings"}

// Document reads the resource called name off the data of an event about it; nil when the event does not hold it.
func Document(data []byte, name string) (domain.Document, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var event map[string]json.RawMessage
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, unreadable(err)
	}
	for _, resource := range event {
		var is struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(resource, &is) == nil && is.Name == name {
			return fields(resource)
		}
	}
	return nil, nil
}

func fields(resource []byte) (domain.Document, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(resource, &all); err != nil {
		return nil, unreadable(err)
	}
	for _, field := range untold {
		delete(all, field)
	}
	document := make(domain.Document, len(all))
	for field, value := range all {
		// Two versions of a program may space the same JSON differently, so only its compact form can be compared.
		var compact bytes.Buffer
		if err := json.Compact(&compact, value); err != nil {
			return nil, unreadable(err)
		}
		document[field] = compact.String()
	}
	return document, nil
}

func unreadable(err error) error {
	return fault.New(fault.Internal, "EVENT_UNREADABLE", "A recorded event cannot be read.").Because(err)
}

// HistoryEntry converts what one event did to one resource.
func HistoryEntry(entry domain.HistoryEntry) *cyclev1.HistoryEntry {
	converted := &cyclev1.HistoryEntry{
		Resource: entry.Resource, Event: string(entry.Event), ChangeTime: timestamppb.New(entry.Time), Actor: entry.Actor,
	}
	for _, change := range entry.Changes {
		converted.Changes = append(converted.Changes, &cyclev1.FieldChange{Field: change.Field, Before: change.Before, After: change.After})
	}
	return converted
}
