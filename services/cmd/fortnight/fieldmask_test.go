package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// masked is a resource that fits to be changed, and for each field that its method documents another value.
type masked struct {
	name   string
	values map[string]string // JSON by field
	// last is the field that is tried last, because another one goes with it; empty when there is none.
	last string
}

// maskedResources are the resources by the method that changes them.
func maskedResources(w *world) map[string]masked {
	const team = "teams/masked"
	return map[string]masked{
		"UpdateUser": {name: "users/masked", values: map[string]string{
			"display_name": `"Other"`, "email": `"other@example.com"`, "organization_roles": `["ORGANIZATION_ROLE_MANAGER"]`,
		}},
		"UpdateTeam": {name: team, values: map[string]string{
			"display_name": `"Other"`, "time_zone": `"Asia/Tokyo"`, "working_days": `["WEEKDAY_MONDAY"]`, "cadence_weekday": `"WEEKDAY_TUESDAY"`,
			"holidays": `[{"date":"2027-01-01","displayName":"New Year"}]`, "cycle_days": `7`, "visibility": `"TEAM_VISIBILITY_ORGANIZATION"`,
			"improvement_capacity_percent": `33`,
		}},
		"UpdateMember": {name: team + "/members/masked", values: map[string]string{"role": `"TEAM_ROLE_COACH"`}},
		"UpdateChallenge": {name: team + "/challenges/masked", values: map[string]string{
			"statement": `"Other"`, "horizon_date": `"` + w.day(500) + `"`, "owner": `"users/masked"`,
		}},
		"UpdateTargetCondition": {name: team + "/targetConditions/masked", values: map[string]string{
			"achieve_by_date": `"` + w.day(50) + `"`, "achieve_by_reason": `"Other"`, "outcome_value": `2`, "operating_pattern": `"Other"`,
			"process_metric": `"teams/masked/metrics/other"`,
		}, last: "achieve_by_date"}, // a date that lies near enough needs no reason
		"UpdateObstacle": {name: team + "/obstacles/masked", values: map[string]string{"description": `"Other"`}},
		"UpdateCycle": {name: team + "/cycles/masked", values: map[string]string{
			"display_name": `"Other"`, "start_date": `"` + w.day(4) + `"`, "target_condition": `"teams/masked/targetConditions/other"`,
			"current_condition":  `{"metric":"teams/masked/metrics/masked","baselineValue":3,"baselineDate":"` + w.day(-2) + `"}`,
			"value_stream_focus": `{"step":"Other","constraint":true}`,
		}},
		"UpdateMetric": {name: team + "/metrics/other", values: map[string]string{
			"display_name": `"Other"`, "unit": `"d"`, "direction": `"DIRECTION_HIGHER"`, "kind": `"METRIC_KIND_OUTCOME"`, "reading_rhythm": `"READING_RHYTHM_WEEKLY"`,
			"source": `"Other"`, "floor_at_zero": `true`, "detection_rules": `["DETECTION_RULE_R1"]`, "limit_form": `"LIMIT_FORM_MEDIAN"`,
		}},
		"UpdateExperiment": {name: team + "/cycles/masked/experiments/masked", values: map[string]string{
			"display_name": `"Other"`, "obstacle": `"teams/masked/obstacles/masked"`, "safe_to_fail": `"Other"`, "prediction": `{"change":"Other"}`,
			"game_day": `{"method":"Other"}`, "learning": `"learnings/masked-told"`,
		}},
		"UpdateLearning": {name: "learnings/masked", values: map[string]string{
			"claim": `"Another claim"`, "situation": `"Other"`, "context": `{"process":"Other"}`, "tags": `["other"]`, "tried": `"Other"`, "happened": `"Other"`,
			"may_not_hold": `"Other"`, "how_to_try": `"Other"`, "review_by_date": `"` + w.day(90) + `"`,
		}},
		"UpdateKnowledgeSettings": {name: team + "/knowledgeSettings", values: map[string]string{
			"publish_rule": `"PUBLISH_RULE_BY_HAND"`, "review_months": `3`, "context": `{"process":"Other"}`, "max_open_offers": `7`,
			"followed_tags": `["other"]`, "followed_teams": `["teams/payments"]`, "followed_learnings": `["learnings/masked-told"]`,
			"muted_tags": `["muted"]`, "muted_teams": `["teams/search"]`,
		}},
		"UpdateOfferRules": {name: "organization/offerRules", values: map[string]string{
			"similarity": `0.5`, "without_parked": `true`, "without_process": `true`, "without_constraint_type": `true`, "max_open_offers": `5`, "answer_days": `21`,
		}},
		"UpdateValueStream":     {name: team + "/valueStreams/masked", values: map[string]string{"display_name": `"Other"`, "steps": `[{"name":"c"},{"name":"d"}]`}},
		"UpdatePainfulActivity": {name: team + "/painfulActivities/masked", values: map[string]string{"display_name": `"Other"`, "target_frequency": `"FREQUENCY_SEVERAL_TIMES_A_DAY"`}},
		"UpdateCoachingSession": {name: team + "/coachingSessions/masked", values: map[string]string{
			"date": `"` + w.day(-1) + `"`, "coach": `"users/other-coach"`, "learner": `"users/masked"`, "second_coach": `"users/second"`,
			"target_condition_answer": `"Other"`, "actual_condition_answer": `"Other"`, "last_step": `"Other"`, "expected": `"Other"`, "happened": `"Other"`,
			"learned": `"Other"`, "obstacles_answer": `"Other"`, "obstacle": `"teams/masked/obstacles/other"`, "next_step": `"Other"`, "next_expected": `"Other"`,
			"go_and_see_date": `"` + w.day(9) + `"`, "threshold_question": `"COACHING_QUESTION_OBSTACLES"`, "threshold_note": `"Other"`,
			"experiment": `"teams/masked/cycles/masked/experiments/masked"`,
		}},
		"UpdateCoachingCadence": {name: team + "/coachingCadence", values: map[string]string{"weekdays": `["WEEKDAY_FRIDAY"]`}},
		"UpdateCapacityEntry": {name: team + "/capacityEntries/2026-01-05", values: map[string]string{
			"available_hours": `41`, "improvement_hours": `7`, "note": `"Other"`,
		}},
		"UpdateNote": {name: maskedNotes + "/notes/masked", values: map[string]string{"prompt": `"PROMPT_SURPRISED"`, "text": `"Other"`}},
		"UpdateTheme": {name: maskedThemes + "/themes/masked", values: map[string]string{
			"title": `"Other"`, "notes": `["` + maskedThemes + `/notes/masked"]`,
		}},
		"UpdateAction": {name: maskedThemes + "/actions/masked", values: map[string]string{
			"text": `"Other"`, "owner": `"users/coach"`, "due_date": `"` + w.day(5) + `"`, "expected_effect": `"Other"`,
			"metric": `"teams/masked/metrics/other"`, "theme": `"` + maskedThemes + `/themes/other"`,
		}},
		"UpdateRetrospectiveSettings": {name: team + "/retrospectiveSettings", values: map[string]string{
			"anonymous": `true`, "prompts": `[{"prompt":"PROMPT_HELPED","text":"Other"}]`, "votes_per_member": `5`,
			"stage_hours": `[{"stage":"STAGE_COLLECT","hours":24}]`, "move_by_time": `true`, "causes": `["other"]`,
		}},
	}
}

// The retrospectives of two cycles: one still collects notes, the other has themes and actions.
const (
	maskedNotes  = "teams/masked/cycles/stopped/retrospective"
	maskedThemes = "teams/masked/cycles/again/retrospective"
)

// fillMaskedRetrospective holds the retrospective of a cycle that runs, and gives the cycle up then.
func (w *world) fillMaskedRetrospective(t *testing.T, retrospective, stage string) {
	t.Helper()
	cycle := strings.TrimSuffix(retrospective, "/retrospective")
	for _, r := range [][2]string{
		{cycle + ":advance", `{"phase":"PHASE_DO","coachReason":"x"}`},
		{cycle + ":advance", `{"phase":"PHASE_CHECK","coachReason":"x"}`},
		{retrospective + ":open", `{}`},
		{retrospective + "/notes?noteId=masked", `{"prompt":"PROMPT_HELPED","text":"x"}`},
		{retrospective + ":move", `{"stage":"STAGE_GROUP","currentStage":"STAGE_COLLECT"}`},
		{retrospective + "/themes?themeId=masked", `{"title":"x"}`},
		{retrospective + "/themes?themeId=other", `{"title":"x"}`},
		{retrospective + "/actions?actionId=masked", `{"text":"x"}`},
		{retrospective + ":move", `{"stage":"` + stage + `","currentStage":"STAGE_GROUP"}`},
		{cycle + ":cancel", `{"reason":"x"}`},
	} {
		w.must(t, http.MethodPost, "/v1/"+r[0], r[1])
	}
}

// fillMasked makes the resources.
func (w *world) fillMasked(t *testing.T) {
	t.Helper()
	targetCondition := `{"challenge":"teams/masked/challenges/masked","achieveByDate":"` + w.day(120) + `","achieveByReason":"x",
		"outcomeMetric":"teams/masked/metrics/masked","outcomeValue":1,"operatingPattern":"x"}`
	for _, r := range [][2]string{
		{"users?userId=masked", `{"displayName":"Masked","email":"masked@example.com"}`},
		{"teams?teamId=masked", `{"displayName":"Masked"}`},
		{"teams/masked/members", `{"user":"users/masked","role":"TEAM_ROLE_MEMBER"}`},
		{"teams/masked/challenges?challengeId=masked", `{"statement":"x","horizonDate":"` + w.day(600) + `"}`},
		{"teams/masked/metrics?metricId=masked", `{"displayName":"x","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`},
		{"teams/masked/metrics?metricId=other", `{"displayName":"x","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`},
		{"teams/masked/obstacles?obstacleId=masked", `{"description":"x"}`},
		{"teams/masked/targetConditions?targetConditionId=other", targetCondition},
		{"teams/masked/targetConditions/other:close", `{"state":"TARGET_CONDITION_STATE_ACHIEVED"}`},
		{"teams/masked/targetConditions?targetConditionId=masked", targetCondition},
		{"teams/masked/obstacles/masked:makeCurrent", `{}`},
		{"teams/masked/cycles?cycleId=stopped", `{}`},
		{"teams/masked/cycles/stopped/experiments?experimentId=stopped", `{"displayName":"x","obstacle":"teams/masked/obstacles/masked","safeToFail":"x",
			"prediction":{"change":"x","metric":"teams/masked/metrics/masked","baselineValue":4,"expectedValue":3,"byDate":"` + w.day(10) + `","reason":"x",
			"falsification":"x","confidencePercent":55}}`},
		{"teams/masked/cycles/stopped/experiments/stopped:lock", `{}`},
		{"teams/masked/cycles/stopped:advance", `{"phase":"PHASE_PLAN","coachReason":"x"}`},
		{"teams/masked/cycles/stopped/experiments/stopped:start", `{}`},
		{"teams/masked/cycles/stopped/experiments/stopped:abandon", `{"reason":"x"}`},
	} {
		w.must(t, http.MethodPost, "/v1/"+r[0], r[1])
	}
	w.fillMaskedRetrospective(t, maskedNotes, "STAGE_COLLECT")
	for _, r := range [][2]string{
		{"teams/masked/cycles?cycleId=again", `{}`},
		{"teams/masked/cycles/again:advance", `{"phase":"PHASE_PLAN","coachReason":"x"}`},
	} {
		w.must(t, http.MethodPost, "/v1/"+r[0], r[1])
	}
	w.fillMaskedRetrospective(t, maskedThemes, "STAGE_GROUP")
	for _, r := range [][2]string{
		{"learnings?learningId=masked", `{"team":"teams/masked","claim":"a claim of ours"}`},
		{"learnings?learningId=masked-told", `{"team":"teams/masked","claim":"a claim of ours"}`},
		{"learnings/masked-told:publish", `{}`},
		{"teams/masked/cycles?cycleId=masked", `{}`},
		{"teams/masked/cycles/masked/experiments?experimentId=masked", `{"displayName":"x"}`},
		{"teams/masked/valueStreams?valueStreamId=masked", `{"displayName":"x","steps":[{"name":"a"},{"name":"b"}]}`},
		{"teams/masked/painfulActivities?painfulActivityId=masked", `{"displayName":"x","pain":2,"frequency":"FREQUENCY_MONTHLY","targetFrequency":"FREQUENCY_DAILY"}`},
		{"teams/masked/capacityEntries?capacityEntryId=2026-01-05", `{"availableHours":40,"improvementHours":6}`},
	} {
		w.must(t, http.MethodPost, "/v1/"+r[0], r[1])
	}
	w.must(t, http.MethodPatch, "/v1/teams/masked/knowledgeSettings", `{"reviewMonths":4}`)
	w.must(t, http.MethodPatch, "/v1/organization/offerRules", `{"answerDays":15}`)
	w.fillMaskedCoaching(t)
}

// fillMaskedCoaching makes a coaching session with every answer, which needs people and a step to reflect on.
func (w *world) fillMaskedCoaching(t *testing.T) {
	t.Helper()
	for user, role := range map[string]string{"coach": "COACH", "other-coach": "COACH", "learner": "MEMBER", "second": "VIEWER"} {
		w.must(t, http.MethodPost, "/v1/users?userId="+user, `{"displayName":"x"}`)
		w.must(t, http.MethodPost, "/v1/teams/masked/members", `{"user":"users/`+user+`","role":"TEAM_ROLE_`+role+`"}`)
	}
	for _, r := range [][2]string{
		{"obstacles?obstacleId=other", `{"description":"x"}`},
		{"coachingSessions?coachingSessionId=masked", `{"coach":"users/coach","learner":"users/learner","targetConditionAnswer":"x","actualConditionAnswer":"x",
			"lastStep":"x","expected":"x","happened":"x","learned":"x","obstaclesAnswer":"x","obstacle":"teams/masked/obstacles/masked","nextStep":"x",
			"nextExpected":"x","goAndSeeDate":"` + w.day(5) + `","thresholdQuestion":"COACHING_QUESTION_NEXT_STEP","thresholdNote":"x"}`},
	} {
		w.must(t, http.MethodPost, "/v1/teams/masked/"+r[0], r[1])
	}
	w.must(t, http.MethodPatch, "/v1/teams/masked/coachingCadence", `{"weekdays":["WEEKDAY_MONDAY"]}`)
	w.must(t, http.MethodPatch, "/v1/teams/masked/retrospectiveSettings", `{"votesPerMember":4}`)
}

// fieldsToChange are the fields that the contracts say an update changes, by method.
func fieldsToChange(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../../proto/fortnight/*/v1/*.proto")
	if err != nil || len(files) == 0 {
		t.Fatalf("no contracts: %v", err)
	}
	list := regexp.MustCompile(`(?s)message (Update\w+)Request \{(?:[^}]*?)// The fields to change: ([^.]*)\.`)
	found := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range list.FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = regexp.MustCompile(`\w+`).FindAllString(strings.ReplaceAll(match[2], "//", ""), -1)
		}
	}
	return found
}

// checkMasks sends, for every resource, a mask of every field: what the contract lists is changed by it, and nothing else is.
func (w *world) checkMasks(t *testing.T) {
	w.fillMasked(t)
	lists, resources, methods := fieldsToChange(t), maskedResources(w), 0
	eachMethod(func(method protoreflect.MethodDescriptor, _ *commonv1.AccessRule) {
		if !strings.HasPrefix(string(method.Name()), "Update") {
			return
		}
		methods++
		resource, known := resources[string(method.Name())]
		if !known || len(lists[string(method.Name())]) == 0 {
			t.Errorf("%s: no resource to try, or no list of fields in the contract", method.FullName())
			return
		}
		w.checkMask(t, method, resource, lists[string(method.Name())])
	})
	if methods < 7 {
		t.Errorf("only %d methods change resources", methods)
	}
}

func (w *world) checkMask(t *testing.T, method protoreflect.MethodDescriptor, resource masked, allowed []string) {
	t.Helper()
	w.refresh()
	holder := method.Output().FullName().Name()
	fields := method.Output().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		if name == "name" || slices.Contains(allowed, name) {
			continue
		}
		paths := []string{name, name + ".name", name + ".0"}
		if field.Message() != nil && !field.IsList() && field.Message().Fields().Len() > 0 {
			paths = append(paths, name+"."+string(field.Message().Fields().Get(0).Name()))
		}
		for _, path := range append(paths, "*") {
			before := w.get(t, method, resource.name)
			sent := proto.Clone(before)
			if path != "*" {
				sent = message(t, method.Output())
				sent.ProtoReflect().Set(fields.ByName("name"), protoreflect.ValueOfString(resource.name))
			}
			spoil(sent.ProtoReflect(), field)
			_ = w.update(t, method, sent, path)
			after := w.get(t, method, resource.name)
			if path == "*" { // what is in the list was written as it was, which may count as a change
				ignore(before, after)
			}
			if !proto.Equal(before, after) {
				t.Errorf("%s with the mask %q changes %s.%s:\n%v\n%v", method.Name(), path, holder, name, before, after)
			}
		}
	}
	if resource.last != "" {
		allowed = append(slices.DeleteFunc(slices.Clone(allowed), func(name string) bool { return name == resource.last }), resource.last)
	}
	for _, name := range allowed {
		value, known := resource.values[name]
		if !known {
			t.Errorf("%s: no other value for %s, which the contract lists", method.Name(), name)
			continue
		}
		field := fields.ByName(protoreflect.Name(name))
		sent := message(t, method.Output())
		if err := protojson.Unmarshal([]byte(`{"name":"`+resource.name+`","`+field.JSONName()+`":`+value+`}`), sent); err != nil {
			t.Fatal(err)
		}
		before := w.get(t, method, resource.name)
		if err := w.update(t, method, sent, name); err != nil {
			t.Errorf("%s with the mask %q: %v", method.Name(), name, err)
			continue
		}
		after := w.get(t, method, resource.name)
		if before.ProtoReflect().Get(field).Equal(after.ProtoReflect().Get(field)) {
			t.Errorf("%s with the mask %q does not change it: %v", method.Name(), name, after)
		}
		before.ProtoReflect().Clear(field)
		after.ProtoReflect().Clear(field)
		ignore(before, after)
		if !proto.Equal(before, after) {
			t.Errorf("%s with the mask %q changes more:\n%v\n%v", method.Name(), name, before, after)
		}
	}
}

// ignore clears what every change changes, and what follows from the fields of the list.
func ignore(messages ...proto.Message) {
	for _, m := range messages {
		for _, name := range []protoreflect.Name{"etag", "update_time", "start_time", "end_date", "end_time", "phase_plan", "warnings", "achieve_by_reason", "version", "current_version", "figures", "suggested_constraint", "next_frequency", "revision", "rendered"} {
			if field := m.ProtoReflect().Descriptor().Fields().ByName(name); field != nil {
				m.ProtoReflect().Clear(field)
			}
		}
	}
}

// spoil sets a field to something that it is not.
func spoil(m protoreflect.Message, field protoreflect.FieldDescriptor) {
	value := func() protoreflect.Value {
		switch field.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString("spoiled")
		case protoreflect.BytesKind:
			return protoreflect.ValueOfBytes([]byte("spoiled"))
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(!field.IsList() && !m.Get(field).Bool())
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(field.Enum().Values().Len() - 1))
		case protoreflect.DoubleKind:
			return protoreflect.ValueOfFloat64(77)
		case protoreflect.FloatKind:
			return protoreflect.ValueOfFloat32(77)
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(77)
		default:
			return protoreflect.ValueOfInt32(77)
		}
	}
	switch {
	case field.IsMap():
	case field.Message() != nil && field.IsList():
		m.Mutable(field).List().AppendMutable()
	case field.Message() != nil:
		inner := m.Mutable(field).Message()
		if first := field.Message().Fields().Get(0); first.Message() == nil && !first.IsList() {
			spoil(inner, first)
		}
	case field.IsList():
		m.Mutable(field).List().Append(value())
	default:
		m.Set(field, value())
	}
}

// update calls an update with a mask.
func (w *world) update(t *testing.T, method protoreflect.MethodDescriptor, resource proto.Message, path string) error {
	t.Helper()
	request := message(t, method.Input())
	for i := range method.Input().Fields().Len() {
		switch field := method.Input().Fields().Get(i); {
		case field.Message() == nil:
		case field.Message().FullName() == method.Output().FullName():
			request.ProtoReflect().Set(field, protoreflect.ValueOfMessage(resource.ProtoReflect()))
		case field.Name() == "update_mask":
			request.ProtoReflect().Set(field, protoreflect.ValueOfMessage((&fieldmaskpb.FieldMask{Paths: []string{path}}).ProtoReflect()))
		}
	}
	return w.invoke(t, string(method.Parent().FullName())+"/"+string(method.Name()), request, message(t, method.Output()))
}

// get reads a resource with the method that belongs to an update: the one that gets it, or lists its like.
func (w *world) get(t *testing.T, method protoreflect.MethodDescriptor, name string) proto.Message {
	t.Helper()
	noun := strings.TrimPrefix(string(method.Name()), "Update")
	service := method.Parent().(protoreflect.ServiceDescriptor)
	getter := service.Methods().ByName(protoreflect.Name("Get" + noun))
	if getter == nil {
		return w.listed(t, service.Methods().ByName(protoreflect.Name("List"+noun+"s")), name)
	}
	request, answer := message(t, getter.Input()), message(t, method.Output())
	request.ProtoReflect().Set(getter.Input().Fields().ByName("name"), protoreflect.ValueOfString(name))
	if err := w.invoke(t, string(service.FullName())+"/"+string(getter.Name()), request, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// listed finds a resource in the list of its like.
func (w *world) listed(t *testing.T, lister protoreflect.MethodDescriptor, name string) proto.Message {
	t.Helper()
	request, answer := message(t, lister.Input()), message(t, lister.Output())
	parent := name[:strings.LastIndex(name[:strings.LastIndex(name, "/")], "/")]
	request.ProtoReflect().Set(lister.Input().Fields().ByName("parent"), protoreflect.ValueOfString(parent))
	if err := w.invoke(t, string(lister.Parent().FullName())+"/"+string(lister.Name()), request, answer); err != nil {
		t.Fatal(err)
	}
	list := answer.ProtoReflect().Get(lister.Output().Fields().Get(0)).List()
	for i := range list.Len() {
		one := list.Get(i).Message()
		if one.Get(one.Descriptor().Fields().ByName("name")).String() == name {
			return one.Interface()
		}
	}
	t.Fatalf("%s is not in the list", name)
	return nil
}

// invoke makes a call as the admin.
func (w *world) invoke(t *testing.T, method string, request, answer proto.Message) error {
	t.Helper()
	ctx := caller.OutgoingAs(context.WithoutCancel(t.Context()), w.caller(t, "admin", closedTeam))
	return w.server.Conn().Invoke(ctx, "/"+method, request, answer)
}
