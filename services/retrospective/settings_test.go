package retrospective_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const settingsName = team + "/retrospectiveSettings"

func (w *world) settings() *retrospectivev1.RetrospectiveSettings {
	w.Helper()
	got, err := w.GetRetrospectiveSettings(w.mina(), &retrospectivev1.GetRetrospectiveSettingsRequest{Name: settingsName})
	w.must(err)
	return got
}

func (w *world) setSettings(settings *retrospectivev1.RetrospectiveSettings, etag string, paths ...string) (*retrospectivev1.RetrospectiveSettings, error) {
	settings.Name = settingsName
	req := &retrospectivev1.UpdateRetrospectiveSettingsRequest{RetrospectiveSettings: settings, Etag: etag}
	if len(paths) > 0 {
		req.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
	}
	return w.UpdateRetrospectiveSettings(w.mina(), req)
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	defaults := w.settings()
	if defaults.GetVotesPerMember() != 3 || len(defaults.GetPrompts()) != 3 || len(defaults.GetCauses()) != 11 || defaults.GetEtag() != "" || defaults.GetCreateTime() != nil {
		t.Errorf("defaults %v", defaults)
	}
	if same, err := w.setSettings(&retrospectivev1.RetrospectiveSettings{}, "", "votes_per_member"); err != nil || !proto.Equal(same, defaults) || w.events() != "" {
		t.Errorf("what holds already: %v, %v, %s", same, err, w.events())
	}
	_, err := w.setSettings(&retrospectivev1.RetrospectiveSettings{Anonymous: true}, `"nothing-1"`)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	first, err := w.setSettings(&retrospectivev1.RetrospectiveSettings{Anonymous: true, Causes: []string{"pager"}}, "")
	if err != nil || !first.GetAnonymous() || !slices.Equal(first.GetCauses(), []string{"pager"}) || first.GetVotesPerMember() != 3 || first.GetEtag() == "" {
		t.Fatalf("first %v, %v", first, err)
	}
	second, err := w.setSettings(&retrospectivev1.RetrospectiveSettings{VotesPerMember: 5}, first.GetEtag(), "votes_per_member", "causes")
	if err != nil || !second.GetAnonymous() || len(second.GetCauses()) != 11 || second.GetVotesPerMember() != 5 || second.GetEtag() == first.GetEtag() {
		t.Errorf("second %v, %v", second, err)
	}
	_, err = w.setSettings(&retrospectivev1.RetrospectiveSettings{VotesPerMember: 6}, first.GetEtag())
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	if got := w.settings(); !proto.Equal(got, second) || w.events() != "RetrospectiveSettingsUpdated RetrospectiveSettingsUpdated" {
		t.Errorf("read %v, events %s", got, w.events())
	}
	opened, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	if err != nil || !opened.GetAnonymous() || opened.GetPrompts()[0].GetText() != "What helped us?" {
		t.Errorf("opened %v, %v", opened, err)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name     string
		settings *retrospectivev1.RetrospectiveSettings
		reason   string
		field    string
	}{
		{"nothing", &retrospectivev1.RetrospectiveSettings{}, "NOTHING_TO_CHANGE", "update_mask"},
		{"a prompt twice", &retrospectivev1.RetrospectiveSettings{Prompts: []*retrospectivev1.WordedPrompt{{Prompt: 1, Text: "a"}, {Prompt: 1, Text: "b"}}}, "PROMPT_TWICE", "retrospective_settings.prompts[1].prompt"},
		{"a prompt of blanks", &retrospectivev1.RetrospectiveSettings{Prompts: []*retrospectivev1.WordedPrompt{{Prompt: 1, Text: " "}}}, "TEXT_MISSING", "retrospective_settings.prompts[0].text"},
		{"a stage twice", &retrospectivev1.RetrospectiveSettings{StageHours: []*retrospectivev1.StageHours{{Stage: vote, Hours: 1}, {Stage: vote, Hours: 2}}}, "STAGE_TWICE", "retrospective_settings.stage_hours[1].stage"},
		{"hours of CLOSED", &retrospectivev1.RetrospectiveSettings{StageHours: []*retrospectivev1.StageHours{{Stage: shut, Hours: 1}}}, "VALIDATION_FAILED", "retrospective_settings.stage_hours[0].stage"},
		{"no hours", &retrospectivev1.RetrospectiveSettings{StageHours: []*retrospectivev1.StageHours{{Stage: vote}}}, "VALIDATION_FAILED", "retrospective_settings.stage_hours[0].hours"},
		{"a cause that is no tag", &retrospectivev1.RetrospectiveSettings{Causes: []string{"The boss"}}, "VALIDATION_FAILED", "retrospective_settings.causes[0]"},
		{"too many votes", &retrospectivev1.RetrospectiveSettings{VotesPerMember: 21}, "VALIDATION_FAILED", "retrospective_settings.votes_per_member"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.setSettings(test.settings, "")
			testkit.Refused(t, err, fault.InvalidArgument, test.reason, test.field)
		})
	}
	_, err := w.UpdateRetrospectiveSettings(w.As(callertest.User("vera", "payments", caller.Viewer)), &retrospectivev1.UpdateRetrospectiveSettingsRequest{
		RetrospectiveSettings: &retrospectivev1.RetrospectiveSettings{Name: settingsName, Anonymous: true},
	})
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	if got := w.events(); got != "" {
		t.Errorf("refusals recorded %s", got)
	}
}

// Twelve who set something first at once make one record.
func TestSettingsAreMadeOnce(t *testing.T) {
	w := newWorld(t)
	ctx := w.mina()
	ends := race(12, func(i int) error {
		_, err := w.UpdateRetrospectiveSettings(ctx, &retrospectivev1.UpdateRetrospectiveSettingsRequest{
			RetrospectiveSettings: &retrospectivev1.RetrospectiveSettings{Name: settingsName, VotesPerMember: int32(i + 5)},
		})
		return err
	})
	if ends[""] != 12 {
		t.Errorf("ended %v", ends)
	}
}

// checkNoNumbers refuses fields that hold a number, in the message and in what it holds. Enums and times are none.
func checkNoNumbers(t *testing.T, message protoreflect.MessageDescriptor, seen map[string]bool) {
	t.Helper()
	if seen[string(message.FullName())] || message.FullName() == "google.protobuf.Timestamp" {
		return
	}
	seen[string(message.FullName())] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		switch field.Kind() {
		case protoreflect.StringKind, protoreflect.BoolKind, protoreflect.EnumKind:
		case protoreflect.MessageKind:
			checkNoNumbers(t, field.Message(), seen)
		default:
			t.Errorf("%s is a %s", field.FullName(), field.Kind())
		}
	}
}
