package domain

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/url"
	"strings"
)

// cloudEvent is an event of CloudEvents 1.0 in its JSON form, as far as it is looked at.
type cloudEvent struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Time       string          `json:"time"`
	Data       json.RawMessage `json:"data"`
	DataBase64 string          `json:"data_base64"`

	// binary tells that the attributes were headers, which no signature covers.
	binary bool
}

// maxBatch is how many events one batch may have.
const maxBatch = 1000

// readCloudEvents reads a request of CloudEvents over HTTP: structured or batched by its content type, binary when the attributes are
// headers, and otherwise an event of CDEvents by itself. Source: CloudEvents HTTP protocol binding 1.0.2, section 3.
func readCloudEvents(headers DeliveryHeaders, body []byte) []ReceivedEvent {
	media, _, _ := mime.ParseMediaType(headers["content-type"])
	switch media {
	case "application/cloudevents-batch+json":
		return readBatch(body)
	case "application/cloudevents+json":
		var e cloudEvent
		if err := json.Unmarshal(body, &e); err != nil {
			return []ReceivedEvent{ReceivedEvent{}.unreadable("The body", body, err)}
		}
		return []ReceivedEvent{readCDEvent(e)}
	}
	e := cloudEvent{
		ID: attribute(headers["ce-id"]), Source: attribute(headers["ce-source"]), Type: headers["ce-type"], Time: headers["ce-time"], Data: body,
		binary: true,
	}
	if id := headers["webhook-id"]; id != "" {
		e.ID, e.Source = id, "" // what is signed has such an id, and nobody can send it again under another one
	}
	return []ReceivedEvent{readCDEvent(e)}
}

// attribute is an attribute of a CloudEvent from its header, where characters beyond ASCII are percent-encoded.
func attribute(header string) string {
	if plain, err := url.PathUnescape(header); err == nil {
		return plain
	}
	return header
}

// readBatch reads a list of events. One that cannot be read does not take the others along.
func readBatch(body []byte) []ReceivedEvent {
	var batch []json.RawMessage
	if err := json.Unmarshal(body, &batch); err != nil {
		return []ReceivedEvent{ReceivedEvent{}.unreadable("The body", body, err)}
	}
	if len(batch) == 0 || len(batch) > maxBatch {
		return []ReceivedEvent{ReceivedEvent{}.refuse("", "BATCH_SIZE", "A batch has 1 to 1000 events.")}
	}
	events := make([]ReceivedEvent, len(batch))
	for i, text := range batch {
		var e cloudEvent
		if err := json.Unmarshal(text, &e); err != nil {
			events[i] = ReceivedEvent{}.unreadable("The event", text, err)
		} else {
			events[i] = readCDEvent(e)
		}
		if events[i].ID == "" {
			events[i].ID = deliveryID("", text) // what one event of many is known by is not the body of all
		}
		if events[i].Digest == "" {
			events[i].Digest = digestOf(events[i].Type, text)
		}
	}
	return events
}

// data is the data of the event, whichever way it is written.
func (e cloudEvent) data() ([]byte, error) {
	if e.DataBase64 != "" {
		return base64.StdEncoding.DecodeString(e.DataBase64)
	}
	var text string
	if len(e.Data) > 0 && e.Data[0] == '"' && json.Unmarshal(e.Data, &text) == nil {
		return []byte(text), nil // JSON in a string: datacontenttype is not JSON to some senders
	}
	return e.Data, nil
}

// what begins a sentence about the data.
func (e cloudEvent) what() string {
	if e.binary {
		return "The body"
	}
	return "The member `data`"
}

// joinID is what makes a CloudEvent one and the same: its source and its id.
func joinID(source, id string) string {
	if id == "" {
		return ""
	}
	return strings.TrimSpace(source + " " + id)
}
