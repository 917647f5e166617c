package spread

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

func day(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n))
}

func published() *knowledgev1.Spread {
	return &knowledgev1.Spread{
		Name: "learnings/rota", Claim: "A named reviewer per day halves the wait for a review.", OriginTeam: "teams/payments", PublishTime: day(0),
		Grade: &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_OBSERVED, SupportingTeams: 1},
	}
}

// mixed has every answer and every outcome.
func mixed() *knowledgev1.Spread {
	s := published()
	s.Offered, s.Answered, s.Tried, s.Worked, s.DidNot, s.CannotTell = 12, 9, 5, 2, 1, 1
	s.Grade = &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED, Replications: 2}
	const answered = knowledgev1.OfferState_OFFER_STATE_ANSWERED
	adoption := func(state knowledgev1.AdoptionState, result knowledgev1.Result) *knowledgev1.Adoption {
		a := &knowledgev1.Adoption{State: state, Result: result}
		if result != 0 {
			a.ConcludeTime = day(40)
		}
		return a
	}
	concluded := knowledgev1.AdoptionState_ADOPTION_STATE_CONCLUDED
	s.Teams = []*knowledgev1.SpreadTeam{
		{Team: "teams/search", State: answered, OfferTime: day(0), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(2), Adoption: adoption(concluded, knowledgev1.Result_RESULT_DID_NOT)},
		{Team: "teams/checkout", State: answered, OfferTime: day(0), Answer: knowledgev1.Answer_ANSWER_ADAPT, AnswerTime: day(3), Adoption: adoption(concluded, knowledgev1.Result_RESULT_WORKED)},
		{State: answered, OfferTime: day(0), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(4), Adoption: adoption(concluded, knowledgev1.Result_RESULT_CANNOT_TELL)},
		{Team: "teams/data-platform", State: answered, Taken: true, OfferTime: day(1), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(1), Adoption: adoption(concluded, knowledgev1.Result_RESULT_WORKED)},
		{Team: "teams/mobile", State: answered, OfferTime: day(2), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(5), Adoption: adoption(knowledgev1.AdoptionState_ADOPTION_STATE_RUNNING, 0)},
		{Team: "teams/billing", State: answered, OfferTime: day(2), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(5), Adoption: adoption(knowledgev1.AdoptionState_ADOPTION_STATE_DRAFTED, 0)},
		{Team: "teams/fraud", State: answered, OfferTime: day(2), Answer: knowledgev1.Answer_ANSWER_ADOPT, AnswerTime: day(5), Adoption: adoption(knowledgev1.AdoptionState_ADOPTION_STATE_ABANDONED, 0)},
		{Team: "teams/growth", State: answered, OfferTime: day(3), Answer: knowledgev1.Answer_ANSWER_DECLINE, AnswerTime: day(6)},
		{Team: "teams/infrastructure", State: answered, OfferTime: day(3), Answer: knowledgev1.Answer_ANSWER_ALREADY_DOING, AlreadySinceDate: "2025-11-03", AnswerTime: day(6)},
		{Team: "teams/support-tools", State: knowledgev1.OfferState_OFFER_STATE_NO_ANSWER, OfferTime: day(3)},
		{Team: "teams/docs", State: knowledgev1.OfferState_OFFER_STATE_WITHDRAWN, OfferTime: day(4)},
		{State: knowledgev1.OfferState_OFFER_STATE_OPEN, OfferTime: day(20)},
	}
	return s
}

// many has 60 teams.
func many() *knowledgev1.Spread {
	s := published()
	s.Offered = 60
	for i := range 60 {
		s.Teams = append(s.Teams, &knowledgev1.SpreadTeam{Team: fmt.Sprintf("teams/team-%02d", i+1), State: knowledgev1.OfferState_OFFER_STATE_OPEN, OfferTime: day(i / 7)})
	}
	return s
}

// hostile has names and a claim that are no plain text.
func hostile() *knowledgev1.Spread {
	s := mixed()
	s.Claim = "</title><script>alert(1)</script> \u202egnisrever \u200b & \"quoted\" " + strings.Repeat("averylongwordwithoutanyspace", 20) + " \x00\x1b[31m and " + strings.Repeat("many more words ", 40)
	s.OriginTeam = "teams/" + strings.Repeat("payments-and-", 12) + "more"
	s.Teams = s.GetTeams()[:4]
	s.Teams[0].Team = "teams/<b onload=\"x\">'bold'</b>&amp;"
	s.Teams[1].Team = "teams/" + strings.Repeat("a-very-long-name-", 10)
	s.Teams[3].Team = "teams/支払い\u2066チーム\u2069"
	s.Teams[3].Answer, s.Teams[3].AlreadySinceDate = knowledgev1.Answer_ANSWER_ALREADY_DOING, "<i>2026</i>"+strings.Repeat("9", 80)
	return s
}

var cases = map[string]*knowledgev1.Spread{"nothing": published(), "mixed": mixed(), "many": many(), "hostile": hostile()}

// The pictures are compared with those in testdata. FORTNIGHT_WRITE_GOLDEN=1 writes them.
func TestPictures(t *testing.T) {
	for of, s := range cases {
		t.Run(of, func(t *testing.T) {
			got := SVG(s)
			path := filepath.Join("testdata", of+".svg")
			if os.Getenv("FORTNIGHT_WRITE_GOLDEN") != "" {
				if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, got, 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s looks different", path)
			}
		})
	}
}

// element is an element of a picture.
type element struct {
	name, text string
	attributes map[string]string
}

// parse reads a picture, and fails when it is not well-formed.
func parse(t *testing.T, svg []byte) (list []element) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				e.attributes[a.Name.Local] = a.Value
			}
			list = append(list, e)
		case xml.CharData:
			list[len(list)-1].text += string(token)
		case xml.ProcInst, xml.Directive:
			t.Errorf("it holds %v", token)
		}
	}
}

// Whatever teams are called and claims say, a picture is shapes and texts of its own, and nothing that runs or is loaded.
func TestNothingInAPictureRuns(t *testing.T) {
	kinds := regexp.MustCompile(`^(svg|title|desc|style|path|circle|text)$`)
	attributes := regexp.MustCompile(`^(xmlns|class|role|viewBox|width|height|aria-label|d|x|y|cx|cy|r|text-anchor)$`)
	for of, s := range cases {
		for _, e := range parse(t, SVG(s)) {
			if !kinds.MatchString(e.name) {
				t.Errorf("%s: an element %s", of, e.name)
			}
			for a, value := range e.attributes {
				if !attributes.MatchString(a) || strings.ContainsAny(value, "\u202e\u2066\u200b") {
					t.Errorf("%s: %s=%q", of, a, value)
				}
			}
			if strings.ContainsAny(e.text, "\u202e\u2066\u2069\u200b\x1b") {
				t.Errorf("%s: %s holds marks for the direction: %q", of, e.name, e.text)
			}
			if r := []rune(e.text); e.name == "text" && len(r) > 112 {
				t.Errorf("%s: %d characters on one line: %q", of, len(r), e.text)
			}
		}
	}
}

func texts(t *testing.T, s *knowledgev1.Spread) (name, finding, all string) {
	t.Helper()
	var lines []string
	for _, e := range parse(t, SVG(s)) {
		switch e.name {
		case "title":
			name = strings.TrimSpace(e.text)
		case "desc":
			finding = strings.TrimSpace(e.text)
		case "text":
			lines = append(lines, strings.TrimSpace(e.text))
		}
	}
	return name, finding, strings.Join(lines, "|")
}

func TestThePictureSaysWhatItShows(t *testing.T) {
	name, finding, all := texts(t, mixed())
	if name != "How this has spread: A named reviewer per day halves the wait for a review." {
		t.Errorf("named %q", name)
	}
	if finding != "Offered to 12 teams: 9 answered, 5 tried it. So far: it worked in 2, it did not in 1, 1 cannot tell. Grade: replicated in 2 teams." {
		t.Errorf("says %q", finding)
	}
	// One line per team, in the order that the service has, whatever came of it.
	rows := []string{
		"search|offered, 8 Jun 2026|adopts it, 10 Jun 2026|did not work, 18 Jul 2026|",
		"checkout|offered, 8 Jun 2026|adapts it, 11 Jun 2026|worked, 18 Jul 2026|",
		"a team that you may not read|offered, 8 Jun 2026|adopts it, 12 Jun 2026|cannot tell, 18 Jul 2026|",
		"data-platform|took it up, 9 Jun 2026|adopts it, 9 Jun 2026|worked, 18 Jul 2026|",
		"mobile|offered, 10 Jun 2026|adopts it, 13 Jun 2026|trying it|",
		"billing|offered, 10 Jun 2026|adopts it, 13 Jun 2026|going to try it|",
		"fraud|offered, 10 Jun 2026|adopts it, 13 Jun 2026|stopped trying|",
		"growth|offered, 11 Jun 2026|declines, 14 Jun 2026|",
		"infrastructure|offered, 11 Jun 2026|does it since 2025-11-03|",
		"support-tools|offered, 11 Jun 2026|no answer|",
		"docs|offered, 12 Jun 2026|withdrawn|",
		"a team that you may not read|offered, 28 Jun 2026|not answered yet|",
	}
	if !strings.Contains(all, strings.Join(rows, "")+"payments|published, 8 Jun 2026") {
		t.Errorf("drawn: %s", all)
	}
	if _, finding, all := texts(t, published()); finding != "It has not been offered to any team yet. Grade: observed in one team." || strings.Contains(all, "Answer") {
		t.Errorf("nothing offered: %q, %s", finding, all)
	}
	one := published()
	one.OriginTeam, one.Offered, one.Grade, one.Teams = "", 1, nil, many().GetTeams()[:1]
	if _, finding, all := texts(t, one); finding != "Offered to 1 team: 0 answered, 0 tried it. Grade: anecdote." || !strings.Contains(all, "another installation") {
		t.Errorf("one: %q, %s", finding, all)
	}
}

func TestOfManyTeamsTheRestIsCounted(t *testing.T) {
	_, _, all := texts(t, many())
	if !strings.Contains(all, "team-40|") || strings.Contains(all, "team-41|") || !strings.Contains(all, "and 20 more") {
		t.Errorf("drawn: %s", all)
	}
}
