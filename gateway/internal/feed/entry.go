package feed

import (
	"html"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	"github.com/fortnighthq/fortnight/gateway/internal/spread"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// urn is an id that stays when the address of the installation changes, and that no other installation has: a name-based UUID
// (RFC 9562, version 5) of what is named and when it was made.
func urn(l *knowledgev1.Learning, part string) string {
	name := "fortnight:" + l.GetName() + part + "@" + strconv.FormatInt(l.GetCreateTime().AsTime().UnixMicro(), 10)
	return "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String()
}

// ofLearning is the entry of a learning. Its texts as HTML are the service's, which has made them safe.
func ofLearning(base string, l *knowledgev1.Learning) atomEntry {
	e := entry(base, l)
	e.ID, e.Title = urn(l, ""), picture.Plain(l.GetClaim())
	if l.GetState() == knowledgev1.LearningState_LEARNING_STATE_RETIRED {
		e.Title = "Retired: " + e.Title
	}
	e.Content = atomText{"html", legal(content(l))}
	return e
}

// ofRevision is the entry of one change of a learning; first says that nothing came before it but drafts.
func ofRevision(base string, revision *knowledgev1.LearningRevision, first bool) atomEntry {
	l := revision.GetLearning()
	number := revision.GetName()[strings.LastIndexByte(revision.GetName(), '/')+1:]
	e := entry(base, l)
	e.ID, e.Updated = urn(l, "/revisions/"+number), atomTime(revision.GetCreateTime().AsTime())
	e.Title = happened(revision, first) + ": " + picture.Plain(l.GetClaim())
	e.Links = []atomLink{{Rel: "alternate", Type: "application/json", Href: base + "/v1/" + revision.GetName()}}
	e.Content = atomText{"html", legal(content(l))}
	return e
}

// happened names a change for readers. A published learning that is worded otherwise, or gets its chart, is told of as published again.
func happened(revision *knowledgev1.LearningRevision, first bool) string {
	switch revision.GetWhat() {
	case "LearningPublished":
		if first {
			return "Published"
		}
	case "LearningReviewed":
		return "Reviewed"
	case "LearningRetired":
		return "Retired"
	case "LearningGradeChanged":
		return "Grade: " + spread.Graded(revision.GetLearning().GetGrade())
	}
	return "Changed"
}

// entry is what all entries about a learning have.
func entry(base string, l *knowledgev1.Learning) atomEntry {
	e := atomEntry{Updated: atomTime(l.GetUpdateTime().AsTime()), Author: atomPerson{author(l)}, Summary: spread.Graded(l.GetGrade())}
	if l.GetPublishTime() != nil {
		published := atomTime(l.GetPublishTime().AsTime())
		e.Published = &published
	}
	e.Links = []atomLink{{Rel: "alternate", Type: "application/json", Href: base + "/v1/" + l.GetName()}}
	if l.GetHasChart() {
		chart := base + "/v1/" + l.GetName() + ":chart?format=html"
		e.Links = append(e.Links, atomLink{Rel: "related", Type: "text/html", Href: chart, Title: "What happened"})
	}
	for _, tag := range l.GetTags() {
		e.Categories = append(e.Categories, atomCategory{Term: legal(tag), Scheme: "urn:fortnight:tag"})
	}
	if level := l.GetGrade().GetLevel(); level != knowledgev1.GradeLevel_GRADE_LEVEL_UNSPECIFIED {
		term := strings.TrimPrefix(level.String(), "GRADE_LEVEL_")
		e.Categories = append(e.Categories, atomCategory{Term: term, Scheme: "urn:fortnight:grade", Label: spread.Graded(l.GetGrade())})
	}
	return e
}

// author is the origin team, never a person.
func author(l *knowledgev1.Learning) string {
	for _, name := range []string{strings.TrimPrefix(l.GetTeam(), "teams/"), l.GetProvenance().GetInstallation()} {
		if name = picture.Plain(name); name != "" {
			return name
		}
	}
	return "Fortnight"
}

// content is what a learning says, as HTML. Where the service has not rendered the texts, they stand as they were written.
func content(l *knowledgev1.Learning) string {
	var b strings.Builder
	if reason := l.GetRetireReason(); reason != "" {
		b.WriteString("<p><strong>Retired:</strong> " + html.EscapeString(reason) + "</p>\n")
	}
	r := l.GetRendered()
	for _, part := range []struct{ heading, rendered, written string }{
		{"", r.GetClaimHtml(), l.GetClaim()},
		{"The situation", r.GetSituationHtml(), l.GetSituation()},
		{"What was tried", r.GetTriedHtml(), l.GetTried()},
		{"What happened", r.GetHappenedHtml(), l.GetHappened()},
		{"Where it may not hold", r.GetMayNotHoldHtml(), l.GetMayNotHold()},
		{"How to try it", r.GetHowToTryHtml(), l.GetHowToTry()},
	} {
		if part.written == "" {
			continue
		}
		if part.heading != "" {
			b.WriteString("<h2>" + part.heading + "</h2>\n")
		}
		if r == nil {
			part.rendered = asWritten(part.written)
		}
		if part.heading == "" && r != nil { // a claim is one line, and rendered as such
			part.rendered = "<p>" + part.rendered + "</p>"
		}
		b.WriteString(part.rendered + "\n")
	}
	b.WriteString("<p>Grade: " + spread.Graded(l.GetGrade()))
	if why := l.GetGrade().GetExplanation(); why != "" {
		b.WriteString(". " + html.EscapeString(why))
	}
	return b.String() + "</p>\n"
}

// asWritten is a text in its lines.
func asWritten(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = html.EscapeString(picture.Plain(line))
	}
	return "<p>" + strings.Join(lines, "<br>\n") + "</p>"
}
