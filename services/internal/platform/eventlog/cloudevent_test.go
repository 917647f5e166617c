package eventlog_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func sample() eventlog.Record {
	return eventlog.Record{
		Seq: 48211, Epoch: "7d9e", Source: "experiment", ID: "0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11", Type: "fortnight.experiment.v1.ExperimentConcluded",
		Team: "payments", Subject: "teams/payments/cycles/2026-w11/experiments/review-rota", Actor: "users/mina",
		AggregateType: "experiment", AggregateID: "teams/payments/cycles/2026-w11/experiments/review-rota", AggregateVersion: 4,
		Time: time.Date(2026, 3, 20, 13, 0, 0, 5000, time.UTC), Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Data: json.RawMessage(`{"verdict":"NOT_AS_PREDICTED"}`), PayloadHash: "ab", Chain: "cd",
	}
}

// The form is a contract: NATS, live stream and webhooks carry it.
func TestCloudEventForm(t *testing.T) {
	const want = `{"specversion":"1.0","id":"0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11","source":"/fortnight/experiment",` +
		`"type":"fortnight.experiment.v1.ExperimentConcluded","subject":"teams/payments/cycles/2026-w11/experiments/review-rota",` +
		`"time":"2026-03-20T13:00:00.000005Z","datacontenttype":"application/json",` +
		`"dataschema":"/schemas/fortnight.experiment.v1.ExperimentConcluded.json",` +
		`"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","sequence":"48211","epoch":"7d9e","team":"payments",` +
		`"actor":"users/mina","aggregatetype":"experiment","aggregateid":"teams/payments/cycles/2026-w11/experiments/review-rota",` +
		`"aggregateversion":"4","payloadhash":"ab","chain":"cd","data":{"verdict":"NOT_AS_PREDICTED"}}`
	if got := string(sample().CloudEvent()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCloudEventRoundTrip(t *testing.T) {
	for name, change := range map[string]func(r *eventlog.Record){
		"full":      func(*eventlog.Record) {},
		"anonymous": func(r *eventlog.Record) { r.Actor, r.Traceparent = "", "" },
		"no team":   func(r *eventlog.Record) { r.Team = "" },
		"escapes":   func(r *eventlog.Record) { r.Subject, r.AggregateID = "a\"b\\c\n<é>\u2028", "日本" },
		"nested":    func(r *eventlog.Record) { r.Data = json.RawMessage(`{"a":{"b":[1,"}"]}, "c":null}`) },
	} {
		t.Run(name, func(t *testing.T) {
			r := sample()
			change(&r)
			if !json.Valid(r.CloudEvent()) {
				t.Fatalf("not JSON: %s", r.CloudEvent())
			}
			got, err := eventlog.ParseCloudEvent(r.CloudEvent())
			must(t, err)
			if !reflect.DeepEqual(got, r) {
				t.Errorf("got %+v, want %+v", got, r)
			}
		})
	}
}

func TestParseCloudEventRefuses(t *testing.T) {
	good := string(sample().CloudEvent())
	for name, bad := range map[string]string{
		"nothing":     "",
		"not JSON":    "{",
		"array":       "[]",
		"version":     strings.Replace(good, `"1.0"`, `"0.3"`, 1),
		"source":      strings.Replace(good, "/fortnight/experiment", "/else", 1),
		"no source":   strings.Replace(good, "/fortnight/experiment", "/fortnight/", 1),
		"no id":       strings.Replace(good, `"id":"0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11",`, "", 1),
		"no epoch":    strings.Replace(good, `"epoch":"7d9e",`, "", 1),
		"sequence":    strings.Replace(good, `"48211"`, `"x"`, 1),
		"sequence 0":  strings.Replace(good, `"48211"`, `"0"`, 1),
		"number":      strings.Replace(good, `"48211"`, `48211`, 1),
		"aggregate":   strings.Replace(good, `"aggregateversion":"4"`, `"aggregateversion":"-4"`, 1),
		"time":        strings.Replace(good, "2026-03-20T13", "2026-03-20 13", 1),
		"year 10000":  strings.Replace(good, "2026-03-20T13:00:00.000005Z", "9999-12-31T23:59:59-01:00", 1),
		"no data":     strings.Replace(good, `,"data":{"verdict":"NOT_AS_PREDICTED"}`, "", 1),
		"data string": strings.Replace(good, `{"verdict":"NOT_AS_PREDICTED"}`, `"x"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if bad == good {
				t.Fatal("the sample was not spoilt")
			}
			_, err := eventlog.ParseCloudEvent([]byte(bad))
			wantReason(t, err, fault.InvalidArgument, "CLOUD_EVENT_INVALID")
		})
	}
}

// Whatever is accepted is the same after another round.
func FuzzParseCloudEvent(f *testing.F) {
	f.Add(sample().CloudEvent())
	minimal := eventlog.Record{Seq: 1, Epoch: "e", Source: "s", ID: "i", Type: "t", AggregateVersion: 1, Data: json.RawMessage("{}")}
	f.Add(minimal.CloudEvent())
	f.Add([]byte(`{"specversion":"1.0","id":"\ud800","source":"/fortnight/x","type":"\u0000","time":"2026-03-20T13:00:00.0000001+23:59","sequence":"+1","epoch":"e","aggregateversion":"01","data":{"x":` + "\"\xff\"}}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := eventlog.ParseCloudEvent(b)
		if err != nil {
			if fault.From(err).Reason != "CLOUD_EVENT_INVALID" {
				t.Fatal(err)
			}
			return
		}
		second, err := eventlog.ParseCloudEvent(first.CloudEvent())
		if err != nil {
			t.Fatalf("%v after %s", err, first.CloudEvent())
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("first %+v, then %+v", first, second)
		}
	})
}
