package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Learning converts a stored learning. Whether its review is due depends on the time, and is not said.
func Learning(row record.Row[domain.Learning]) *knowledgev1.Learning {
	l := row.Value
	learning := &knowledgev1.Learning{
		Name:         l.Name,
		Team:         l.Team,
		Cycle:        l.Cycle,
		Experiment:   l.Experiment,
		Claim:        l.Claim,
		Situation:    l.Situation,
		Context:      Context(l.Context),
		Tags:         l.Tags,
		Tried:        l.Tried,
		Happened:     l.Happened,
		MayNotHold:   l.MayNotHold,
		HowToTry:     l.HowToTry,
		Verdict:      l.Verdict,
		State:        enum[knowledgev1.LearningState](knowledgev1.LearningState_value, "LEARNING_STATE_", l.State),
		RetireReason: l.RetireReason,
		Grade:        Grade(l.Grade),
		PublishTime:  timestamp(l.PublishTime),
		ReviewByDate: l.ReviewByDate,
		HasChart:     l.HasChart,
		Provenance:   Provenance(l.Provenance),
		Revision:     int32(row.Version), // nobody changes a learning two thousand million times
		Etag:         row.Etag,
		CreateTime:   timestamppb.New(row.CreateTime),
		UpdateTime:   timestamppb.New(row.UpdateTime),
	}
	for _, r := range l.Reviews {
		learning.Reviews = append(learning.Reviews, &knowledgev1.LearningReview{Text: r.Text, CreateTime: timestamppb.New(r.Time)})
	}
	return learning
}

// Context converts a context; nil when nothing is said.
func Context(c domain.Context) *knowledgev1.Context {
	if c.IsZero() {
		return nil
	}
	return &knowledgev1.Context{Process: c.Process, ConstraintType: c.ConstraintType, TeamSize: int32(c.TeamSize), Stack: c.Stack} // at most 1000
}

// contextFrom converts back.
func contextFrom(c *knowledgev1.Context) domain.Context {
	return domain.Context{Process: c.GetProcess(), ConstraintType: c.GetConstraintType(), TeamSize: int(c.GetTeamSize()), Stack: c.GetStack()}
}

// Grade converts a grade. What has no evidence yet is an anecdote.
func Grade(g domain.Grade) *knowledgev1.Grade {
	if g.Level == "" {
		g = domain.GradeOf(nil)
	}
	return &knowledgev1.Grade{
		Level:       enum[knowledgev1.GradeLevel](knowledgev1.GradeLevel_value, "GRADE_LEVEL_", g.Level),
		Explanation: g.Explanation, ChangeTime: timestamp(g.Changed),
		Replications: int32(g.Replications), SupportingTeams: int32(g.Supporting), OpposingTeams: int32(g.Opposing), // numbers of teams
	}
}

// Provenance converts a provenance; nil when there is none.
func Provenance(p *domain.Provenance) *knowledgev1.Provenance {
	if p == nil {
		return nil
	}
	return &knowledgev1.Provenance{
		Installation: p.Installation, Learning: p.Learning, Team: p.Team, Grade: Grade(p.Grade), ExportTime: timestamp(p.ExportTime), Earlier: p.Earlier,
	}
}

// LearningEvent makes the data of an event.
func LearningEvent(row record.Row[domain.Learning], e domain.Event) proto.Message {
	learning := Learning(row)
	switch e {
	case domain.LearningPublished:
		return &knowledgev1.LearningPublished{Learning: learning}
	case domain.LearningRetired:
		return &knowledgev1.LearningRetired{Learning: learning}
	case domain.LearningReviewed:
		return &knowledgev1.LearningReviewed{Learning: learning}
	case domain.LearningGradeChanged:
		return &knowledgev1.LearningGradeChanged{Learning: learning}
	default:
		return &knowledgev1.LearningDrafted{Learning: learning}
	}
}

// Conclusion converts a concluded experiment.
func Conclusion(e *experimentv1.Experiment) domain.Conclusion {
	tried := e.GetPrediction().GetChange()
	if tried == "" {
		tried = e.GetDisplayName()
	}
	return domain.Conclusion{
		Experiment: e.GetName(), Learned: e.GetOutcome().GetLearned(), Tried: tried, Happened: e.GetOutcome().GetHappened(),
		Verdict: word[string](e.GetOutcome().GetVerdict(), "VERDICT_"),
	}
}

// Distillates converts the learnings of a closed retrospective.
func Distillates(r *retrospectivev1.Retrospective) []domain.Distillate {
	all := make([]domain.Distillate, 0, len(r.GetLearnings()))
	for _, l := range r.GetLearnings() {
		all = append(all, domain.Distillate{
			Experiment: l.GetExperiment(), Claim: l.GetClaim(), Situation: l.GetSituation(), Tags: l.GetTags(),
			MayNotHold: l.GetMayNotHold(), HowToTry: l.GetHowToTry(),
		})
	}
	return all
}
