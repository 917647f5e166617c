package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

const feedPath = "/v1/learnings:feed"

func (f *fakeKnowledge) ListLearnings(ctx context.Context, r *knowledgev1.ListLearningsRequest) (*knowledgev1.ListLearningsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = r
	if err := f.called(ctx); err != nil {
		return nil, err
	}
	if r.GetFollowedBy() == "teams/closed" {
		return nil, fail(codes.PermissionDenied, "PERMISSION_DENIED", "The caller may not do this.")
	}
	answer := &knowledgev1.ListLearningsResponse{NextPageToken: "more"}
	for _, l := range f.learnings {
		answer.Learnings = append(answer.Learnings, &knowledgev1.Learning{Name: l.GetName(), Etag: l.GetEtag(), UpdateTime: l.GetUpdateTime()})
	}
	return answer, nil
}

func (f *fakeKnowledge) GetLearning(ctx context.Context, r *knowledgev1.GetLearningRequest) (*knowledgev1.Learning, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gets++
	for _, l := range f.learnings {
		if l.GetName() == r.GetName() && l.GetClaim() != "" {
			return l, f.called(ctx)
		}
	}
	return nil, fail(codes.NotFound, "LEARNING_NOT_FOUND", "There is no such learning.")
}

func (f *fakeKnowledge) ListLearningRevisions(ctx context.Context, r *knowledgev1.ListLearningRevisionsRequest) (*knowledgev1.ListLearningRevisionsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.called(ctx); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.GetParent(), "learnings/") {
		return nil, fail(codes.InvalidArgument, "VALIDATION_FAILED", "parent must look like learnings/{learning}", &errdetails.BadRequest{
			FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "parent", Description: "must look like learnings/{learning}"}},
		})
	}
	if r.GetParent() != "learnings/rota" {
		return nil, fail(codes.NotFound, "LEARNING_NOT_FOUND", "There is no such learning.")
	}
	return &knowledgev1.ListLearningRevisionsResponse{LearningRevisions: f.revisions}, nil
}

func hour(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 6, 8, n, 0, 0, 0, time.UTC))
}

// learned has two learnings, one of them full of what XML cannot hold, a third that has just gone, and revisions of the first.
func learned() *fakeKnowledge {
	rota := &knowledgev1.Learning{
		Name: "learnings/rota", Team: "teams/payments", Claim: "A rota halves the wait.", Situation: "Few reviewers.", Tags: []string{"review", "flow"},
		State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, PublishTime: hour(9), CreateTime: hour(8), UpdateTime: hour(12), Etag: `"a-3"`, HasChart: true,
		Grade:    &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED, Replications: 2, Explanation: "Two & more."},
		Rendered: &knowledgev1.RenderedLearning{ClaimHtml: "<p>A rota halves the wait.</p>", SituationHtml: "<p>Few <em>reviewers</em>.</p>"},
	}
	evil := &knowledgev1.Learning{
		Name: "learnings/evil", Claim: "]]></title>\x00\x0b\ufffe<script>alert(1)</script>\u202e & more", Tried: "<img src=x onerror=alert(1)>\n\x1b[31m",
		State: knowledgev1.LearningState_LEARNING_STATE_RETIRED, RetireReason: "<b>No.</b>", CreateTime: hour(7), UpdateTime: hour(11), Etag: `"b-1"`,
		Provenance: &knowledgev1.Provenance{Installation: "kata.example.com"},
	}
	f := &fakeKnowledge{learnings: []*knowledgev1.Learning{rota, evil, {Name: "learnings/gone", Etag: `"c-1"`, UpdateTime: hour(10)}}}
	for i, what := range []string{"LearningGradeChanged", "LearningPublished", "LearningPublished", "LearningDrafted"} {
		l := &knowledgev1.Learning{
			Name: rota.GetName(), Team: rota.GetTeam(), Claim: rota.GetClaim(), Situation: "<i>Few</i>\nreviewers.", State: rota.GetState(), Grade: rota.GetGrade(), CreateTime: rota.GetCreateTime(),
		}
		if what == "LearningDrafted" {
			l.State = knowledgev1.LearningState_LEARNING_STATE_DRAFT
		}
		f.revisions = append(f.revisions, &knowledgev1.LearningRevision{Name: fmt.Sprintf("learnings/rota/revisions/%d", 4-i), What: what, Learning: l, CreateTime: hour(12 - i)})
	}
	return f
}

type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      []string    `xml:"http://www.w3.org/2005/Atom id"`
		Title   []string    `xml:"http://www.w3.org/2005/Atom title"`
		Updated []time.Time `xml:"http://www.w3.org/2005/Atom updated"`
		Links   []atomLink  `xml:"http://www.w3.org/2005/Atom link"`
		Entries []atomEntry `xml:"http://www.w3.org/2005/Atom entry"`
	}
	atomEntry struct {
		ID         []string    `xml:"http://www.w3.org/2005/Atom id"`
		Title      []string    `xml:"http://www.w3.org/2005/Atom title"`
		Updated    []time.Time `xml:"http://www.w3.org/2005/Atom updated"`
		Published  []time.Time `xml:"http://www.w3.org/2005/Atom published"`
		Authors    []string    `xml:"http://www.w3.org/2005/Atom author>name"`
		Links      []atomLink  `xml:"http://www.w3.org/2005/Atom link"`
		Categories []struct {
			Term  string `xml:"term,attr"`
			Label string `xml:"label,attr"`
		} `xml:"http://www.w3.org/2005/Atom category"`
		Content []struct {
			Type string `xml:"type,attr"`
			Text string `xml:",chardata"`
		} `xml:"http://www.w3.org/2005/Atom content"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
)

// feed reads a feed and holds it to what RFC 4287 demands (sections 3.2, 3.3, 4.1.1, 4.1.2, 4.2.6 and 4.2.7).
func (a answer) feed(t *testing.T) atomFeed {
	t.Helper()
	a.wantOK(t)
	if got := a.Header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		t.Fatalf("content type %q", got)
	}
	var f atomFeed
	if err := xml.Unmarshal([]byte(a.body), &f); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	seen := map[string]bool{}
	identified := func(what string, ids, titles []string, updated []time.Time) {
		t.Helper()
		if len(ids) != 1 || len(titles) != 1 || len(updated) != 1 {
			t.Fatalf("%s has %d ids, %d titles, %d times", what, len(ids), len(titles), len(updated))
		}
		if u, err := url.Parse(ids[0]); err != nil || !u.IsAbs() || seen[ids[0]] {
			t.Errorf("%s has the id %q: %v", what, ids[0], err)
		}
		seen[ids[0]] = true
		if strings.TrimSpace(titles[0]) == "" || updated[0].IsZero() {
			t.Errorf("%s: %q, %v", what, titles, updated)
		}
	}
	identified("the feed", f.ID, f.Title, f.Updated)
	alternates := 0
	for _, l := range f.Links {
		if u, err := url.Parse(l.Href); err != nil || !u.IsAbs() {
			t.Errorf("a link to %q", l.Href)
		}
		if l.Rel == "self" {
			alternates++
		}
	}
	if alternates != 1 {
		t.Errorf("%d links to itself", alternates)
	}
	for _, e := range f.Entries {
		identified("an entry", e.ID, e.Title, e.Updated)
		if len(e.Published) > 1 || len(e.Content) != 1 || len(e.Authors) != 1 || strings.TrimSpace(e.Authors[0]) == "" {
			t.Errorf("entry %s: %d times of publication, %d contents, authors %q", e.ID, len(e.Published), len(e.Content), e.Authors)
		}
		for _, c := range e.Categories {
			if c.Term == "" {
				t.Errorf("entry %s has a category without a term", e.ID)
			}
		}
		if e.Updated[0].After(f.Updated[0]) {
			t.Errorf("entry %s is newer than its feed", e.ID)
		}
	}
	return f
}

func TestTheFeedOfTheBase(t *testing.T) {
	fake := learned()
	w := withKnowledge(t, fake, func(c *gateway.Config) { c.PublicURL = "https://kata.example.com" })
	a := w.do("GET", feedPath, "")
	f := a.feed(t)
	if f.Links[0].Href != "https://kata.example.com"+feedPath || f.Title[0] != "What teams have learned" || !f.Updated[0].Equal(hour(12).AsTime()) {
		t.Errorf("the feed: %+v", f)
	}
	if len(f.Entries) != 2 {
		t.Fatalf("%d entries", len(f.Entries))
	}
	first, second := f.Entries[0], f.Entries[1]
	if first.Title[0] != "A rota halves the wait." || first.Authors[0] != "payments" || !first.Updated[0].Equal(hour(12).AsTime()) || !first.Published[0].Equal(hour(9).AsTime()) {
		t.Errorf("the first entry: %+v", first)
	}
	if got := fmt.Sprint(first.Categories); got != "[{review } {flow } {REPLICATED replicated in 2 teams}]" {
		t.Errorf("categories %s", got)
	}
	if c := first.Content[0]; c.Type != "html" || !strings.Contains(c.Text, "<h2>The situation</h2>\n<p>Few <em>reviewers</em>.</p>") || !strings.Contains(c.Text, "Two &amp; more.") {
		t.Errorf("content %q", c.Text)
	}
	if got := first.Links; len(got) != 2 || got[1].Href != "https://kata.example.com/v1/learnings/rota:chart?format=html" {
		t.Errorf("links %v", got)
	}
	// What XML forbids is gone; what looks like markup is text, in the title as in the content.
	if second.Title[0] != "Retired: ]]></title> <script>alert(1)</script> & more" || second.Authors[0] != "kata.example.com" {
		t.Errorf("the second entry: %+v", second)
	}
	if c := second.Content[0].Text; strings.Contains(c, "<img") || strings.Contains(c, "<b>") || strings.ContainsAny(c, "\x00\x1b\x0b") || !strings.Contains(c, "&lt;img src=x") {
		t.Errorf("content %q", c)
	}
	if regexp.MustCompile(`[^\x09\x0A\x0D\x20-\x{D7FF}\x{E000}-\x{FFFC}\x{10000}-\x{10FFFF}]`).MatchString(a.body) || strings.Contains(a.body, "<script") {
		t.Errorf("the feed holds what it must not: %q", a.body)
	}
	r := fake.listed
	if r.GetPageSize() != 50 || !r.GetLatestChangeFirst() || len(r.GetStates()) != 2 || r.GetTeam()+r.GetTag()+r.GetFollowedBy() != "" {
		t.Errorf("asked for %v", r)
	}
	for _, c := range fake.callers {
		if c != minaCaller {
			t.Errorf("asked as %q", c)
		}
	}
	// Ids stay when the address of the installation changes.
	if other := withKnowledge(t, learned()).do("GET", feedPath, "").feed(t); other.Entries[0].ID[0] != first.ID[0] {
		t.Errorf("ids %s and %s", other.Entries[0].ID, first.ID)
	}
	if head := w.do("HEAD", feedPath, ""); head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("HEAD answers %d, %v", head.StatusCode, head.Header)
	}
	w.do("POST", feedPath, "{}").wantProblem(t, 405, "METHOD_NOT_ALLOWED")
}

func TestAnEmptyFeedIsAFeed(t *testing.T) {
	w := withKnowledge(t, &fakeKnowledge{})
	if f := w.do("GET", feedPath+"?tag=none", "").feed(t); len(f.Entries) != 0 || f.Title[0] != "What teams have learned, tagged none" {
		t.Errorf("%+v", f)
	}
}

func TestTheScopesOfAFeed(t *testing.T) {
	fake := learned()
	w := withKnowledge(t, fake)
	self := map[string]bool{}
	for _, c := range []struct{ query, title, tag, team, followedBy string }{
		{"", "What teams have learned", "", "", ""},
		{"?tag=review", "What teams have learned, tagged review", "review", "", ""},
		{"?team=teams/payments&tag=review", "What payments has learned, tagged review", "review", "teams/payments", ""},
		{"?followedBy=teams/search", "What teams have learned, as followed by search", "", "", "teams/search"},
	} {
		f := w.do("GET", feedPath+c.query, "").feed(t)
		r := fake.listed
		if f.Title[0] != c.title || r.GetTag() != c.tag || r.GetTeam() != c.team || r.GetFollowedBy() != c.followedBy {
			t.Errorf("%s: %q, asked for %v", c.query, f.Title[0], r)
		}
		if self[f.ID[0]] {
			t.Errorf("%s has the id of another feed", c.query)
		}
		self[f.ID[0]] = true
	}
	f := w.do("GET", feedPath+"?learning=learnings/rota", "").feed(t)
	var titles []string
	for _, e := range f.Entries {
		titles = append(titles, e.Title[0])
	}
	if got := strings.Join(titles, "|"); got != "Grade: replicated in 2 teams: A rota halves the wait.|Changed: A rota halves the wait.|Published: A rota halves the wait." {
		t.Errorf("entries %s", got)
	}
	if c := f.Entries[0].Content[0].Text; !strings.Contains(c, "&lt;i&gt;Few&lt;/i&gt;<br>\nreviewers.") {
		t.Errorf("content %q", c)
	}
	for _, c := range []struct {
		query  string
		status int
		reason string
	}{
		{"?learning=learnings/none", 404, "LEARNING_NOT_FOUND"},
		{"?followedBy=teams/closed", 403, "PERMISSION_DENIED"},
		{"?learning=learnings/rota&tag=review", 400, "QUERY_PARAMETER_INVALID"},
		{"?tag=a&tag=b", 400, "QUERY_PARAMETER_REPEATED"},
		{"?tag=", 400, "QUERY_PARAMETER_INVALID"},
		{"?token=fn_mina", 400, "UNKNOWN_QUERY_PARAMETER"},
		{"?a;b", 400, "QUERY_MALFORMED"},
	} {
		w.do("GET", feedPath+c.query, "").wantProblem(t, c.status, c.reason)
	}
	p := w.do("GET", feedPath+"?learning=rota", "")
	p.wantProblem(t, 400, "VALIDATION_FAILED")
	if !strings.Contains(p.body, `"detail":"learning must look`) || !strings.Contains(p.body, `"field":"learning"`) {
		t.Errorf("the field is not named as the query has it: %s", p.body)
	}
}

func TestAFeedThatIsKnownIsNotSentAgain(t *testing.T) {
	fake := learned()
	w := withKnowledge(t, fake)
	a := w.do("GET", feedPath, "")
	etag := a.Header.Get("ETag")
	if !strings.HasPrefix(etag, `W/"`) || a.Header.Get("Last-Modified") != "Mon, 08 Jun 2026 12:00:00 GMT" || a.Header.Get("Cache-Control") != "private, no-cache" ||
		!strings.Contains(a.Header.Get("Vary"), "Authorization") {
		t.Errorf("headers %v", a.Header)
	}
	before := fake.gets
	for _, sent := range []string{etag, `"x", ` + etag, strings.TrimPrefix(etag, "W/"), "*"} {
		if again := w.do("GET", feedPath, "", "If-None-Match", sent); again.StatusCode != http.StatusNotModified || again.body != "" || again.Header.Get("ETag") != etag {
			t.Errorf("%s answers %d %s", sent, again.StatusCode, again.body)
		}
	}
	if fake.gets != before {
		t.Error("texts were asked for in vain")
	}
	w.do("GET", feedPath+"?tag=review", "", "If-None-Match", etag).feed(t) // another feed
	fake.mu.Lock()
	fake.learnings[0].Etag = `"a-4"`
	fake.mu.Unlock()
	if w.do("GET", feedPath, "", "If-None-Match", etag).feed(t); w.do("GET", feedPath, "").Header.Get("ETag") == etag {
		t.Error("a changed feed has the same tag")
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestAFeedReaderShowsItsTokenAsAPassword(t *testing.T) {
	fake := learned()
	w := withKnowledge(t, fake)
	for _, shown := range []string{basic("", minaToken), basic("mina", minaToken), basic("übung", minaToken), "bASIC   " + strings.TrimPrefix(basic("x", minaToken), "Basic "), "Bearer " + minaToken} {
		w.do("GET", feedPath, "", "Authorization", shown).feed(t)
	}
	for _, c := range fake.callers {
		if c != minaCaller {
			t.Errorf("asked as %q", c)
		}
	}
	challenged := func(a answer, reason string) {
		t.Helper()
		a.wantProblem(t, http.StatusUnauthorized, reason)
		offered := strings.Join(a.Header.Values("WWW-Authenticate"), " | ")
		if !strings.Contains(offered, `Bearer realm="fortnight"`) || !strings.Contains(offered, `Basic realm="fortnight", charset="UTF-8"`) {
			t.Errorf("offers %s", offered)
		}
	}
	challenged(w.do("GET", feedPath, "", "Authorization", ""), "UNAUTHENTICATED")
	challenged(w.do("GET", feedPath, "", "Authorization", basic("mina", "fn_wrong")), "TOKEN_INVALID")
	for _, shown := range []string{
		"Basic", "Basic !!!", "Basic " + base64.StdEncoding.EncodeToString([]byte("no colon")), basic("mina", ""), basic(minaToken, ""), basic("mina", "a b"),
		basic("mina", strings.Repeat("x", 201)), basic(strings.Repeat("x", 5000), minaToken), "Digest x", minaToken,
	} {
		challenged(w.do("GET", feedPath, "", "Authorization", shown), "CREDENTIAL_INVALID")
	}
	// Nowhere else, and for nothing that changes something.
	for _, c := range []struct{ method, path string }{{"GET", "/v1/learnings"}, {"GET", "/v1/learnings/rota:spread?format=svg"}, {"GET", cyclePath}, {"POST", cyclePath + ":advance"}} {
		a := w.do(c.method, c.path, "", "Authorization", basic("mina", minaToken))
		a.wantProblem(t, http.StatusUnauthorized, "CREDENTIAL_INVALID")
		if strings.Contains(strings.Join(a.Header.Values("WWW-Authenticate"), " "), "Basic") {
			t.Errorf("%s offers Basic", c.path)
		}
	}
}

// Guessing passwords is guessing tokens: the same limit holds, and whoever was good before goes on.
func TestGuessedPasswordsAreCounted(t *testing.T) {
	w := withKnowledge(t, learned(), func(c *gateway.Config) { c.SignInFailures = 3 })
	w.do("GET", feedPath, "", "Authorization", basic("mina", minaToken)).wantOK(t)
	for i := range 3 {
		w.do("GET", feedPath, "", "Authorization", basic("mina", fmt.Sprint("fn_", i))).wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	}
	w.do("GET", feedPath, "", "Authorization", basic("mina", "fn_4")).wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.do("GET", "/v1/learnings", "", "Authorization", "Bearer fn_5").wantProblem(t, http.StatusTooManyRequests, "SIGN_IN_THROTTLED")
	w.do("GET", feedPath, "", "Authorization", basic("", minaToken)).wantOK(t)
}
