package rpcserver

import (
	"math"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// What breaks a rule is told in words for people: what would be right, and where it helps what there is.
func TestWords(t *testing.T) {
	v, err := validator()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		message proto.Message
		want    string
	}{
		{&experimentv1.Measurement{Value: new(1.0)}, "time must be given"},
		{&experimentv1.Prediction{ByDate: "next week"}, "by_date must be a day as 2026-12-04"},
		{&experimentv1.CreateMetricRequest{Parent: "p", Metric: &experimentv1.Metric{}, MetricId: "Wait!"}, "metric_id must be an id: 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end"},
		{&experimentv1.PlanChange{After: "x"}, "field must be one of PLAN_FIELD_CHANGE, PLAN_FIELD_EXPECTED_VALUE, "},
		{&experimentv1.Metric{Kind: 9}, "kind must be one of METRIC_KIND_PROCESS, METRIC_KIND_OUTCOME"},
		{&cyclev1.CloseTargetConditionRequest{}, "state must be one of TARGET_CONDITION_STATE_"},
		{&experimentv1.AbandonExperimentRequest{Name: "n"}, "reason must not be empty"},
		{&experimentv1.AbandonExperimentRequest{Name: "n", Reason: strings.Repeat("ä", 4612)}, "reason must have at most 1000 characters, has 4612"},
		{&experimentv1.StartExperimentRequest{Name: "n", RequestId: strings.Repeat("ä", 200)}, "request_id must have at most 255 bytes, has 400"},
		{&experimentv1.ListMetricsRequest{Parent: "p", PageSize: -1}, "page_size must be 0 or more"},
		{&identityv1.Team{CycleDays: 29}, "cycle_days must be from "},
		{&cyclev1.ValueStream{Steps: []*cyclev1.ValueStreamStep{{}}}, "steps must have at least "},
		{&experimentv1.Measurement{Value: new(math.NaN())}, "value must be a finite number"},
		{&knowledgev1.ListOffersRequest{Parent: "p", States: []knowledgev1.OfferState{1, 0}}, "states[1] must be one of OFFER_STATE_WAITING, OFFER_STATE_OPEN, "},
		{&experimentv1.ImportMeasurementsRequest{Name: "n", Measurements: make([]*experimentv1.Measurement, 10_001)}, "measurements at most 10,000 entries; send more as a file, CSV or NDJSON"},
	} {
		err := v.Validate(c.message)
		failed, ok := err.(*protovalidate.ValidationError) //nolint:errorlint // it is returned as it is
		if !ok {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		var got []string
		for _, broken := range failed.Violations {
			said := violation(broken, c.message.ProtoReflect().Descriptor())
			got = append(got, said.Field+" "+said.Description)
		}
		if all := strings.Join(got, "\n"); !strings.Contains(all, c.want) {
			t.Errorf("%q is not said:\n%s", c.want, all)
		}
	}
}

// Every rule of the contract has its words, and every pattern.
func TestAllRulesHaveWords(t *testing.T) {
	seen := 0
	var ofRules func(at string, rules protoreflect.Message)
	ofRules = func(at string, rules protoreflect.Message) {
		kind := ""
		if rules.Descriptor().Name() != "FieldRules" {
			kind = strings.ToLower(strings.TrimSuffix(string(rules.Descriptor().Name()), "Rules")) + "."
		}
		var bounds []string
		rules.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			switch name := string(f.Name()); {
			case name == "cel" || name == "ignore" || name == "example": // worded by the contract, or no rule
			case f.Kind() == protoreflect.MessageKind && !f.IsList() && !f.IsMap():
				ofRules(at, value.Message())
			case name == "gt" || name == "gte" || name == "lt" || name == "lte":
				bounds = append(bounds, name)
			default:
				seen++
				if words[kind+name] == nil && words[name] == nil {
					t.Errorf("%s: the rule %s%s has no words", at, kind, name)
				}
				if name == "pattern" && patterns[value.String()] == "" {
					t.Errorf("%s: the pattern %s has no words", at, value)
				}
			}
			return true
		})
		if len(bounds) == 2 && strings.HasPrefix(bounds[0], "l") {
			bounds[0], bounds[1] = bounds[1], bounds[0]
		}
		if id := strings.Join(bounds, "_"); id != "" && words[id] == nil {
			t.Errorf("%s: the rule %s%s has no words", at, kind, id)
		}
	}
	var ofMessages func(list protoreflect.MessageDescriptors)
	ofMessages = func(list protoreflect.MessageDescriptors) {
		for i := range list.Len() {
			ofMessages(list.Get(i).Messages())
			for j, fields := 0, list.Get(i).Fields(); j < fields.Len(); j++ {
				rules, err := protovalidate.ResolveFieldRules(fields.Get(j))
				if err != nil {
					t.Fatal(err)
				}
				if rules != nil {
					ofRules(string(fields.Get(j).FullName()), rules.ProtoReflect())
				}
			}
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(file.Package()), "fortnight.") {
			ofMessages(file.Messages())
		}
		return true
	})
	if seen < 100 {
		t.Errorf("only %d rules were found", seen)
	}
}

// What is not worded here keeps the words that it has.
func TestOtherWordsAreKept(t *testing.T) {
	for want, v := range map[string]*validate.Violation{
		"at most ten":                 {RuleId: new("boxes_too_many"), Message: new("at most ten")},
		"breaks the rule boxes_other": {RuleId: new("boxes_other")},
		"must be odd":                 {RuleId: new("int32.odd"), Message: new("must be odd")},
		"something else":              {RuleId: new("int32.gte_lte"), Message: new("something else")},
		"must be 1000000 or more":     {RuleId: new("double.gte"), Message: new("must be greater than or equal to 1e+06")},
	} {
		if got := wordsOf(&protovalidate.Violation{Proto: v}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
