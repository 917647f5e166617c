package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// What the world has of the organisation as a whole, and of deliveries.
const (
	sharedMetric  = `organization/metrics/shared`
	deliveryTime  = `2026-01-06T08:00:00Z`
	deliveryBody  = `{"event":"deployed","time":"2026-01-06T08:00:00Z","environment":"production","deployment":"42","commit_time":"2026-01-05T08:00:00Z"}`
	computed      = `teams/$team/metrics/checkout-change-lead-time`
	deliverySrc   = `teams/$team/deliverySources/pipeline`
	fileOfMetrics = "time,value\n2026-01-07T08:00:00Z,4\n"
)

// fillExperiment gives a team frozen baselines and a source of delivery events with a deployment.
func (w *world) fillExperiment(t *testing.T, team string) {
	t.Helper()
	under := "/v1/teams/" + team + "/"
	for _, r := range [][2]string{
		{"metrics?metricId=frozen", `{"displayName":"WORK frozen","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS","source":"WORK source"}`},
		{"metrics/frozen:import", fourReadings},
		{"metrics/frozen/baselines?baselineId=first", `{"window":{"firstPoints":4},"decision":{"reason":"WORK reason"}}`},
		{"deliverySources?deliverySourceId=pipeline", `{"service":"checkout","environments":["production","WORK"],"format":"DELIVERY_FORMAT_PLAIN"}`},
	} {
		w.must(t, http.MethodPost, under+r[0], strings.ReplaceAll(r[1], "WORK", secret(workWord, team)))
	}
	_, err := experimentv1.NewExperimentServiceClient(w.server.Conn()).ReceiveDelivery(caller.OutgoingAs(t.Context(), w.authenticate(t, w.Token)),
		&experimentv1.ReceiveDeliveryRequest{Name: strings.ReplaceAll(deliverySrc, "$team", team), Body: []byte(deliveryBody)})
	if err != nil {
		t.Fatal(err)
	}
}

// fillOrganization gives the organisation a metric with a frozen baseline.
func (w *world) fillOrganization(t *testing.T) {
	t.Helper()
	w.must(t, http.MethodPost, "/v1/organization/metrics?metricId=shared", `{"displayName":"Shared","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_OUTCOME"}`)
	w.must(t, http.MethodPost, "/v1/"+sharedMetric+":import", fourReadings)
	w.must(t, http.MethodPost, "/v1/"+sharedMetric+"/baselines?baselineId=first", `{"decision":{"reason":"x"}}`)
}

const fourReadings = `{"measurements":[{"time":"2026-01-05T08:00:00Z","value":4},{"time":"2026-01-05T09:00:00Z","value":5},
	{"time":"2026-01-05T10:00:00Z","value":4},{"time":"2026-01-05T11:00:00Z","value":6}]}`

// experimentReads are the experiment service's RPCs that change nothing.
func experimentReads() []isolationCase {
	return []isolationCase{
		{rpc: "experiment.GetMetric", request: `{"name":"teams/$team/metrics/wait"}`},
		{rpc: "experiment.GetMetric of the organisation", request: `{"name":"` + sharedMetric + `"}`},
		{rpc: "experiment.ListMetrics", request: `{"parent":"teams/$team"}`},
		{rpc: "experiment.ListMetrics of the organisation", request: `{"parent":"organization"}`, name: nothingElse},
		{rpc: "experiment.ListMeasurements", request: `{"parent":"teams/$team/metrics/wait"}`},
		{rpc: "experiment.ListMeasurements of the organisation", request: `{"parent":"` + sharedMetric + `"}`},
		{rpc: "experiment.AnalyzeMetric", request: `{"name":"teams/$team/metrics/wait"}`},
		{rpc: "experiment.AnalyzeMetric of the organisation", request: `{"name":"` + sharedMetric + `"}`},
		{rpc: "experiment.GetBaseline", request: `{"name":"teams/$team/metrics/frozen/baselines/first"}`},
		{rpc: "experiment.GetBaseline of the organisation", request: `{"name":"` + sharedMetric + `/baselines/first"}`},
		{rpc: "experiment.ListBaselines", request: `{"parent":"teams/$team/metrics/frozen"}`},
		{rpc: "experiment.ListBaselines of the organisation", request: `{"parent":"` + sharedMetric + `"}`},
		{rpc: "experiment.GetExperiment", request: `{"name":"` + firstCycle + `/experiments/draft"}`},
		{rpc: "experiment.ListExperiments", request: `{"parent":"` + firstCycle + `"}`},
		{rpc: "experiment.AssessExperiment", request: `{"name":"` + firstCycle + `/experiments/draft","plannedReadings":10}`},
		{rpc: "experiment.GetCalibration", request: `{"name":"teams/$team/calibration"}`},
		{rpc: "experiment.GetCalibration of the organisation", request: `{"name":"organization/calibration"}`, name: nothingElse},
		{rpc: "experiment.SummarizeHoldChecks", request: `{"parent":"teams/$team"}`},
		{rpc: "experiment.SummarizeHoldChecks of the organisation", request: `{"parent":"organization"}`, name: nothingElse},
		{rpc: "experiment.GetDeliverySource", request: `{"name":"` + deliverySrc + `"}`},
		{rpc: "experiment.ListDeliverySources", request: `{"parent":"teams/$team"}`},
		{rpc: "experiment.ListDeliveries", request: `{"parent":"` + deliverySrc + `"}`},
		{rpc: "experiment.ExplainMeasurement", request: `{"name":"` + computed + `","time":"` + deliveryTime + `","sourceKey":"deployment 42 (pipeline)"}`},
	}
}

// experimentWrites are the experiment service's RPCs by which a team works, and who keeps the organisation's metrics.
func experimentWrites() []isolationCase {
	const metric = `{"displayName":"x","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`
	file := base64.StdEncoding.EncodeToString([]byte(fileOfMetrics))
	delivery := base64.StdEncoding.EncodeToString([]byte(deliveryBody))
	return []isolationCase{
		{rpc: "experiment.CreateMetric", request: `{"parent":"teams/$team","metric":` + metric + `}`},
		{rpc: "experiment.CreateMetric of the organisation", request: `{"parent":"organization","metric":` + metric + `}`, name: nothingElse},
		{rpc: "experiment.UpdateMetric", request: `{"metric":{"name":"teams/$team/metrics/wait","source":"x"}}`},
		{rpc: "experiment.UpdateMetric of the organisation", request: `{"metric":{"name":"` + sharedMetric + `","source":"x"}}`},
		{rpc: "experiment.ImportMeasurements", request: `{"name":"teams/$team/metrics/wait","measurements":[{"time":"2026-01-05T08:00:00Z","value":4}]}`},
		{rpc: "experiment.ImportMeasurements of the organisation", request: `{"name":"` + sharedMetric + `","measurements":[{"time":"2026-01-05T08:00:00Z","value":4}]}`},
		{rpc: "experiment.StreamMeasurements", request: `{"name":"teams/$team/metrics/wait","format":"MEASUREMENT_FORMAT_CSV","content":"` + file + `"}`},
		{rpc: "experiment.StreamMeasurements of the organisation", request: `{"name":"` + sharedMetric + `","format":"MEASUREMENT_FORMAT_CSV","content":"` + file + `"}`},
		{rpc: "experiment.CreateMeasurement", request: `{"parent":"teams/$team/metrics/wait","measurement":{"time":"2026-01-05T09:00:00Z","value":4}}`},
		{rpc: "experiment.CreateMeasurement of the organisation", request: `{"parent":"` + sharedMetric + `","measurement":{"time":"2026-01-05T08:00:00Z","value":4}}`},
		{rpc: "experiment.CorrectMeasurement", request: `{"name":"$made","time":"2026-01-05T08:00:00Z","valueBefore":4,"value":3,"reason":"x"}`, before: measuredMetric("teams/$team")},
		{rpc: "experiment.CorrectMeasurement of the organisation", request: `{"name":"$made","time":"2026-01-05T08:00:00Z","valueBefore":4,"value":3,"reason":"x"}`, before: measuredMetric("organization")},
		{rpc: "experiment.CreateBaseline", request: `{"parent":"$made","baseline":{"decision":{"reason":"x"}}}`, before: measuredMetric("teams/$team")},
		{rpc: "experiment.CreateBaseline of the organisation", request: `{"parent":"$made","baseline":{"decision":{"reason":"x"}}}`, before: measuredMetric("organization")},
		{rpc: "experiment.CreateExperiment", request: `{"parent":"` + firstCycle + `","experiment":{"displayName":"x"}}`},
		{rpc: "experiment.UpdateExperiment", request: `{"experiment":{"name":"` + firstCycle + `/experiments/draft","displayName":"x"}}`},
		{
			rpc: "experiment.LockExperiment", request: `{"name":"` + firstCycle + `/experiments/draft"}`,
			before: func(t *testing.T, w *world, team string) string { // the cases of cycle have settled it
				w.call(t, w.Token, http.MethodPost, "/v1/teams/"+team+"/obstacles/queue:makeCurrent", `{}`)
				return ""
			},
		},
		{rpc: "experiment.AmendExperiment", request: `{"name":"` + firstCycle + `/experiments/locked","text":"x"}`},
		{rpc: "experiment.ImportJournal", request: `{"name":"` + firstCycle + `/experiments/running","journal":{"status":"completed"}}`, refuses: "it is no game day"},
		{rpc: "experiment.ConcludeExperiment", request: `{"name":"` + firstCycle + `/experiments/running","happened":"nothing happened","learned":"it cannot be told from this"}`},
		{rpc: "experiment.JudgeHoldCheck", request: `{"name":"` + firstCycle + `/experiments/told","weeks":2}`, refuses: "nothing was adopted"},
		{rpc: "experiment.StartExperiment", request: `{"name":"` + firstCycle + `/experiments/locked"}`, refuses: "the cycle is past DO"},
		{rpc: "experiment.AbandonExperiment", request: `{"name":"` + firstCycle + `/experiments/locked","reason":"x"}`},
		{rpc: "experiment.CreateDeliverySource", request: `{"parent":"teams/$team","deliverySource":{"service":"x","environments":["x"],"format":"DELIVERY_FORMAT_GITHUB"}}`},
		{rpc: "experiment.RotateDeliverySecret", request: `{"name":"` + deliverySrc + `"}`},
		{rpc: "experiment.ReceiveDelivery", request: `{"name":"` + deliverySrc + `","body":"` + delivery + `"}`, name: "name"},
		{rpc: "experiment.DeleteDeliverySource", request: `{"name":"$made"}`, before: newSource},
	}
}

// measuredMetric makes a metric with readings, and returns its name.
func measuredMetric(parent string) func(*testing.T, *world, string) string {
	return func(t *testing.T, w *world, team string) string {
		t.Helper()
		made := w.must(t, http.MethodPost, "/v1/"+strings.ReplaceAll(parent, "$team", team)+"/metrics",
			`{"displayName":"x","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
		name := made.Body["name"].(string)
		w.must(t, http.MethodPost, "/v1/"+name+":import", fourReadings)
		return name
	}
}

// newSource makes a source of delivery events, and returns its name.
func newSource(t *testing.T, w *world, team string) string {
	t.Helper()
	return w.must(t, http.MethodPost, "/v1/teams/"+team+"/deliverySources",
		`{"service":"x","environments":["x"],"format":"DELIVERY_FORMAT_GITHUB"}`).Body["name"].(string)
}

// checkFiles sends files of measurements and deliveries over REST, where they are bodies that no message of an RPC describes: who is let in
// is what the matrix says of the RPC behind the door, and a refusal does not tell what is there.
func (w *world) checkFiles(t *testing.T) {
	matrix := readIsolation(t)
	for _, door := range []struct{ rpc, name, verb, contentType, body string }{
		{"experiment.StreamMeasurements", "teams/$team/metrics/wait", ":import", "text/csv", fileOfMetrics},
		{"experiment.StreamMeasurements", "teams/$team/metrics/wait", ":import", "application/x-ndjson", `{"time":"2026-01-07T08:00:00Z","value":4}`},
		{"experiment.StreamMeasurements of the organisation", sharedMetric, ":import", "text/csv", fileOfMetrics},
		{"experiment.ReceiveDelivery", deliverySrc, ":receive", "application/json", deliveryBody},
	} {
		for _, team := range []string{closedTeam, openTeam} {
			name := strings.ReplaceAll(door.name, "$team", team)
			for i, column := range columns {
				if column == "service" {
					continue // services have no bearer tokens
				}
				cell := strings.Fields(matrix[door.rpc])[i]
				send := func(name string) answer {
					return w.from(t, w.credential(column, team), http.MethodPost, "/v1/"+name+door.verb, door.body, "Content-Type", door.contentType)
				}
				got := send(name)
				if let := cell == "+" || cell == "o" && team == openTeam; let {
					if got.Status/100 != 2 {
						t.Errorf("%s%s answers %s, who may, with %d %s", name, door.verb, column, got.Status, got.Text)
					}
					continue
				}
				if got.Status != http.StatusUnauthorized && got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
					t.Errorf("%s%s answers %s with %d %s", name, door.verb, column, got.Status, got.Text)
				}
				if here, nowhere := plainAnswer(got, name), plainAnswer(send(missingName(name)), missingName(name)); here != nowhere {
					t.Errorf("%s%s tells %s what is there:\n%s\n%s", name, door.verb, column, here, nowhere)
				}
				if words := leaks(column, got.Text+fmt.Sprint(got.Header)); len(words) > 0 {
					t.Errorf("%s%s tells %s of %v", name, door.verb, column, words)
				}
			}
		}
	}
}
