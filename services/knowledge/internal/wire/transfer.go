package wire

import (
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Exported converts a learning that leaves this installation. Its etag is of no use elsewhere.
func Exported(row record.Row[domain.Learning], from domain.Provenance) *knowledgev1.ExportedLearning {
	learning := Learning(row)
	learning.Etag = ""
	return &knowledgev1.ExportedLearning{Learning: learning, Provenance: Provenance(&from)}
}

// Foreign converts a learning that comes from elsewhere.
func Foreign(e *knowledgev1.ExportedLearning) *domain.Foreign {
	l := e.GetLearning()
	f := &domain.Foreign{
		Claim: l.GetClaim(), Situation: l.GetSituation(), Tried: l.GetTried(), Happened: l.GetHappened(), MayNotHold: l.GetMayNotHold(),
		HowToTry: l.GetHowToTry(), Context: contextFrom(l.GetContext()), Tags: l.GetTags(), Verdict: l.GetVerdict(),
		State: word[domain.State](known(l.GetState(), knowledgev1.LearningState_name), "LEARNING_STATE_"), RetireReason: l.GetRetireReason(),
		ReviewByDate: l.GetReviewByDate(), PublishTime: Instant(l.GetPublishTime()), HasChart: e.GetChart() != nil,
		Provenance: provenanceFrom(e.GetProvenance()),
	}
	for _, r := range l.GetReviews() {
		f.Reviews = append(f.Reviews, domain.Review{Text: r.GetText(), Time: Instant(r.GetCreateTime())})
	}
	return f
}

// provenanceFrom converts back.
func provenanceFrom(p *knowledgev1.Provenance) domain.Provenance {
	g := p.GetGrade()
	return domain.Provenance{
		Installation: p.GetInstallation(), Learning: p.GetLearning(), Team: p.GetTeam(), ExportTime: Instant(p.GetExportTime()), Earlier: p.GetEarlier(),
		Grade: domain.Grade{
			Level: word[domain.GradeLevel](known(g.GetLevel(), knowledgev1.GradeLevel_name), "GRADE_LEVEL_"), Replications: int(g.GetReplications()),
			Supporting: int(g.GetSupportingTeams()), Opposing: int(g.GetOpposingTeams()), Explanation: g.GetExplanation(), Changed: Instant(g.GetChangeTime()),
		},
	}
}

// known is a value of an enum that this version has a name for, or the value that says nothing: a later version may send others.
func known[E ~int32](value E, names map[int32]string) E {
	if _, ok := names[int32(value)]; !ok {
		return 0
	}
	return value
}
