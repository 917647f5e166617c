package main

import (
	"fmt"
	"strings"
)

const intro = `# Events

<!-- Generated from proto/fortnight by ` + "`make generate`" + `; do not edit. -->

Every change in Fortnight is recorded as an event, in the same transaction as the change. An event has one form everywhere,
structured [CloudEvents 1.0](https://cloudevents.io) JSON: in the NATS streams, on the live stream ` + "`GET /v1/events`" + `, and in the answers
of ` + "`EventLogService`" + `.

| attribute | meaning |
|---|---|
| ` + "`id`" + ` | UUIDv7, unique |
| ` + "`source`" + ` | ` + "`/fortnight/<service>`" + `, the service that recorded it |
| ` + "`type`" + ` | ` + "`fortnight.<service>.v1.<Name>`" + `, the message that ` + "`data`" + ` is, in protojson |
| ` + "`subject`" + ` | resource name of what changed |
| ` + "`time`" + ` | when it happened, RFC 3339 in UTC |
| ` + "`sequence`" + ` | position in the log of its source, from 1 without a hole, a decimal string |
| ` + "`epoch`" + ` | the log's epoch; another one means that the source was restored from a backup |
| ` + "`team`" + ` | id of the team it belongs to; absent for events of the organisation |
| ` + "`actor`" + ` | who did it; absent where the team chose anonymity |
| ` + "`aggregatetype`, `aggregateid`, `aggregateversion`" + ` | which change of which resource it is |
| ` + "`chain`" + ` | hash over all events of the source up to this one |
| ` + "`traceparent`" + ` | W3C trace context of the request behind it, if any |

On NATS the events of a service are in the stream ` + "`FORTNIGHT_<SERVICE>`" + `, on subjects ` + "`fortnight.evt.v1.<service>.<team or ->.<Name>`" + `. The
broker only carries copies: whoever misses one asks the source for it (` + "`ListEvents`" + `).

Data carries the whole resource after the change, so that a reader need not call back. Readers ignore fields and types that they
do not know.
`

func writeMarkdown(events []event, audiences map[string]string) string {
	var out strings.Builder
	out.WriteString(intro)
	out.WriteString("\n## Who may see what\n\n| audience | who |\n|---|---|\n")
	for _, name := range []string{"TEAM_READERS", "TEAM_MEMBERS", "ORGANIZATION", "ADMINS"} {
		fmt.Fprintf(&out, "| %s | %s |\n", name, audiences[name])
	}
	service := ""
	for _, e := range events {
		if e.Service != service {
			service = e.Service
			fmt.Fprintf(&out, "\n## %s\n\n| type | when | data | audience |\n|---|---|---|---|\n", service)
		}
		var data []string
		for _, f := range e.Data {
			data = append(data, fmt.Sprintf("`%s` (%s)", f.Name, f.Kind))
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", e.Type, e.Text, strings.Join(data, ", "), e.Audience)
	}
	return out.String()
}

// writeAsyncAPI describes the streams: a channel for each service, a message for each event type.
func writeAsyncAPI(events []event) string {
	var out strings.Builder
	out.WriteString(`# Generated from proto/fortnight by make generate; do not edit.
asyncapi: 3.0.0
info:
  title: Fortnight events
  version: "1"
  description: Events that Fortnight's services publish over NATS JetStream, as structured CloudEvents 1.0 JSON.
defaultContentType: application/cloudevents+json
channels:
`)
	for _, service := range services(events) {
		fmt.Fprintf(&out, "  %s:\n    address: fortnight.evt.v1.%s.{team}.{name}\n    x-jetstream-stream: FORTNIGHT_%s\n", service, service, strings.ToUpper(service))
		out.WriteString("    parameters:\n      team:\n        description: Id of the team, or - for an event of the organisation.\n")
		out.WriteString("      name:\n        description: Last part of the event's type.\n    messages:\n")
		for _, e := range events {
			if e.Service == service {
				fmt.Fprintf(&out, "      %s:\n        $ref: '#/components/messages/%s'\n", e.Name, e.Name)
			}
		}
	}
	out.WriteString("operations:\n")
	for _, service := range services(events) {
		fmt.Fprintf(&out, "  publish-%s:\n    action: send\n    channel:\n      $ref: '#/channels/%s'\n", service, service)
	}
	out.WriteString("components:\n  messages:\n")
	for _, e := range events {
		fmt.Fprintf(&out, "    %s:\n      name: %s\n      summary: %q\n      payload:\n        type: object\n        required: [specversion, id, source, type, subject, time, sequence, epoch, data]\n", e.Name, e.Type, e.Text)
		fmt.Fprintf(&out, "        properties:\n          type:\n            const: %s\n          source:\n            const: /fortnight/%s\n          data:\n            type: object\n            properties:\n", e.Type, e.Service)
		for _, f := range e.Data {
			fmt.Fprintf(&out, "              %s:\n                description: %q\n", f.Name, f.Text)
		}
	}
	return out.String()
}

func services(events []event) []string {
	var names []string
	for _, e := range events {
		if len(names) == 0 || names[len(names)-1] != e.Service {
			names = append(names, e.Service)
		}
	}
	return names
}
