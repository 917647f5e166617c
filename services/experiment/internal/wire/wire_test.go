package wire

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Every value of the contract has its word in the domain and the other way round.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		enum   protoreflect.EnumDescriptor
		prefix string
		words  []string
	}{
		{pb.Direction(0).Descriptor(), "DIRECTION_", words(domain.Higher, domain.Lower, domain.OnTarget)},
		{pb.MetricKind(0).Descriptor(), "METRIC_KIND_", words(domain.Process, domain.Output)},
		{pb.ExperimentState(0).Descriptor(), "EXPERIMENT_STATE_", words(domain.Draft, domain.Running, domain.Concluded, domain.Abandoned)},
		{pb.AmendmentKind(0).Descriptor(), "AMENDMENT_KIND_", words(domain.KindAmendment, domain.KindDeviation)},
		{pb.PlanField(0).Descriptor(), "PLAN_FIELD_", words(
			domain.FieldChange, domain.FieldExpectedValue, domain.FieldExpectedUpperValue, domain.FieldByDate, domain.FieldReason,
			domain.FieldFalsification, domain.FieldConfidencePercent, domain.FieldSafeToFail,
		)},
		{pb.Verdict(0).Descriptor(), "VERDICT_", words(domain.AsPredicted, domain.NotAsPredicted, domain.CannotTell)},
	} {
		var want []string
		for i := range c.enum.Values().Len() {
			name := string(c.enum.Values().Get(i).Name())
			if i > 0 {
				want = append(want, name)
			}
		}
		var got []string
		for _, w := range c.words {
			got = append(got, c.prefix+w)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the domain says %v, the contract %v", c.enum.FullName(), got, want)
		}
	}
	if v := verdict(domain.CannotTell); v != pb.Verdict_VERDICT_CANNOT_TELL {
		t.Errorf("verdict %v", v)
	}
	if w := wordOf[domain.Verdict](pb.Verdict_VERDICT_NOT_AS_PREDICTED, "VERDICT_"); w != domain.NotAsPredicted {
		t.Errorf("word %q", w)
	}
	if w := wordOf[domain.Verdict](pb.Verdict_VERDICT_UNSPECIFIED, "VERDICT_"); w != "" {
		t.Errorf("word %q for nothing", w)
	}
}

func words[W ~string](list ...W) (out []string) {
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

// Every event has a message of its own, named like it and marked as an event, with the resource in its first field.
func TestEvents(t *testing.T) {
	row := record.Row[domain.Experiment]{Value: &domain.Experiment{Name: "teams/a/cycles/b/experiments/c", State: domain.Draft}, Etag: `"e-1"`}
	for _, e := range []domain.Event{
		domain.EventDrafted, domain.EventUpdated, domain.EventLocked, domain.EventAmended, domain.EventStarted, domain.EventConcluded,
		domain.EventAbandoned, domain.EventHoldChecksScheduled, domain.EventHoldCheckJudged, domain.EventJournalImported,
	} {
		m := ExperimentEvent(row, e).ProtoReflect()
		if string(m.Descriptor().Name()) != string(e) {
			t.Errorf("%s is told by %s", e, m.Descriptor().Name())
		}
		resource, ok := m.Get(m.Descriptor().Fields().ByNumber(1)).Message().Interface().(*pb.Experiment)
		if !ok || resource.GetName() != row.Value.Name || resource.GetEtag() != row.Etag {
			t.Errorf("%s carries %v", e, resource)
		}
		wantAudience(t, m)
	}
	metric := record.Row[domain.Metric]{Value: &domain.Metric{Name: "teams/a/metrics/b"}}
	created := MetricEvent(metric, domain.MetricEvent{})
	if m, ok := created.(*pb.MetricCreated); !ok || m.GetMetric().GetName() != "teams/a/metrics/b" {
		t.Errorf("created is told by %v", created)
	}
	recorded := MetricEvent(metric, domain.MetricEvent{Recorded: 3})
	if m, ok := recorded.(*pb.MeasurementsRecorded); !ok || m.GetCount() != 3 || m.GetMetric().GetName() != "teams/a/metrics/b" {
		t.Errorf("recorded is told by %v", recorded)
	}
	wantAudience(t, created.ProtoReflect())
	wantAudience(t, recorded.ProtoReflect())
}

func wantAudience(t *testing.T, m protoreflect.Message) {
	t.Helper()
	if a := proto.GetExtension(m.Descriptor().Options(), commonv1.E_Audience); a != commonv1.Audience_AUDIENCE_TEAM_READERS {
		t.Errorf("%s is for %v", m.Descriptor().Name(), a)
	}
}

// A full experiment fills every field of its message: what is forgotten here would be missing for everybody.
func TestExperimentIsToldWhole(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	row := record.Row[domain.Experiment]{
		Etag: `"e-1"`, CreateTime: at, UpdateTime: at,
		Value: &domain.Experiment{
			Name: "n", DisplayName: "d", Obstacle: "o", SafeToFail: "s", Learning: "l", TimeZone: "UTC", State: domain.Concluded, LockTime: at, PlanHash: "h", StartTime: at, AbandonReason: "a",
			CoachReason: "c",
			Prediction: domain.Prediction{
				Change: "c", Metric: "m", BaselineValue: new(0.0), ExpectedValue: new(1.0), ExpectedUpperValue: new(2.0), ByDate: "2026-06-12", Reason: "r",
				Falsification: "f", ConfidencePercent: 70,
			},
			Amendments: []domain.Amendment{{
				Kind: domain.KindDeviation, Text: "t", CreateTime: at, MeasurementsSeen: 3,
				Changes: []domain.PlanChange{{Field: domain.FieldReason, Before: "r", After: "s"}},
			}},
			HoldChecks: []domain.HoldCheck{fullHoldCheck(at)}, GameDay: fullGameDay(at),
			Outcome: &domain.Outcome{
				Judgement: domain.Judgement{
					Actual: 1.5, Readings: 2, FirstReading: at, LastReading: at, Signal: true, Suggested: domain.AsPredicted, Limits: fullLimits(),
					Visibility: &domain.Visibility{Shift: 1, Power: 0.5, Runs: 1000, Level: 0.8},
				},
				Window: domain.Window{From: at, To: at}, LeftOut: 1, AmendmentCount: 2, DeviationCount: 3, Warnings: []string{"w"},
				Late:    &domain.LateReadings{Actual: 1, Readings: 2, Verdict: domain.CannotTell},
				Verdict: domain.CannotTell, OverruleReason: "o", Happened: "h", Learned: "l", Surprise: true, ConcludeTime: at,
			},
		},
	}
	told := Experiment(row)
	// What is near is known only to who drafts.
	told.NearLearningsMissingReason = "Nobody answered."
	told.NearLearnings = NearLearnings(row.Value, &knowledgev1.SuggestLearningsResponse{Suggestions: []*knowledgev1.Suggestion{{
		Refuted: true, Reasons: []*knowledgev1.SuggestionReason{{Text: "t"}},
		Learning: &knowledgev1.Learning{Name: "n", Claim: "c", Team: "t", Grade: &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_ANECDOTE}},
	}}})
	wantFull(t, told.ProtoReflect())
	metric := record.Row[domain.Metric]{
		Etag: `"e-1"`, CreateTime: at, UpdateTime: at,
		Value: &domain.Metric{
			Name: "n", DisplayName: "d", Unit: "h", Direction: domain.Lower, Kind: domain.Process,
			ReadingRhythm: "DAILY", Source: "s", FloorAtZero: true, Rules: domain.RuleSet{domain.R1}, LimitForm: domain.FormMedian, ComputedBy: "c",
		},
	}
	wantFull(t, Metric(metric).ProtoReflect())
	wantFull(t, Measurement(domain.Corrected{
		Measurement: domain.Measurement{Time: at, Value: 1, SourceKey: "k"}, RecordTime: at,
		Corrections: []domain.Correction{{ValueBefore: 2, Reason: "r", CorrectTime: at}},
	}).ProtoReflect())
}

func wantFull(t *testing.T, m protoreflect.Message) {
	t.Helper()
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		if !m.Has(f) {
			t.Errorf("%s is not filled", f.FullName())
			continue
		}
		switch {
		case f.IsList() && f.Message() != nil:
			wantFull(t, m.Get(f).List().Get(0).Message())
		case f.Message() != nil && f.Message().FullName() != "google.protobuf.Timestamp":
			wantFull(t, m.Get(f).Message())
		}
	}
}

func TestWhatHasNotComeIsUnset(t *testing.T) {
	e := Experiment(record.Row[domain.Experiment]{Value: &domain.Experiment{Name: "n", State: domain.Draft}})
	if e.Prediction != nil || e.LockTime != nil || e.StartTime != nil || e.Outcome != nil {
		t.Errorf("%v", e)
	}
}

// What a client sends is read whole.
func TestPredictionFrom(t *testing.T) {
	p := &pb.Prediction{
		Change: "c", Metric: "m", BaselineValue: new(0.0), ExpectedValue: new(1.0), ExpectedUpperValue: new(2.0), ByDate: "2026-06-12", Reason: "r",
		Falsification: "f", ConfidencePercent: 70,
	}
	again := prediction(PredictionFrom(p), nil)
	again.Sentence = "" // the server's
	if !proto.Equal(again, p) {
		t.Errorf("%v became %v", p, again)
	}
	if got := PredictionFrom(nil); got != (domain.Prediction{}) {
		t.Errorf("nothing became %+v", got)
	}
}

func TestMeasurementsFrom(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	got := MeasurementsFrom([]*pb.Measurement{
		{Time: timestamppb.New(at), Value: new(1.0), SourceKey: "k"}, {Value: new(2.0)}, {Time: &timestamppb.Timestamp{Seconds: 1 << 60}, Value: new(3.0)}, nil,
	})
	want := []domain.Measurement{{Time: at, Value: 1, SourceKey: "k"}, {Value: 2}, {Value: 3}, {}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
