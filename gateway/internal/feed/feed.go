// Package feed serves what was learned as Atom feeds (RFC 4287): of the whole base, of a tag, a team or a learning, or of what a team
// follows. A feed holds what its reader may see, the latest change first.
package feed

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// Path is where the feeds are.
const Path = "/v1/learnings:feed"

// mostEntries bounds a feed.
const mostEntries = 50

// Config is what the feeds need.
type Config struct {
	Knowledge knowledgev1.KnowledgeServiceClient
	Entrance  *credential.Entrance
	// Timeout bounds a request as a whole.
	Timeout time.Duration
}

// Handler serves feeds.
type Handler struct{ Config }

// New makes the handler.
func New(config Config) *Handler { return &Handler{config} }

// ServeHTTP serves GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.Timeout)
	defer cancel()
	_, p := h.Entrance.AdmitReader(w, r)
	if p != nil {
		refuse(w, r, p)
		return
	}
	of, p := parse(r.URL.RawQuery)
	if p != nil {
		refuse(w, r, p)
		return
	}
	if err := h.serve(ctx, w, r, of); err != nil {
		p := problem.FromStatus(status.Convert(err), exchange.From(ctx))
		refuse(w, r, asQuery(p))
	}
}

// asQuery names a field as the query has it: the changes of a learning are listed by their parent.
func asQuery(p *problem.Problem) *problem.Problem {
	for i, v := range p.Violations {
		if v.Field == "parent" {
			p.Violations[i].Field, p.Detail = "learning", strings.Replace(p.Detail, "parent ", "learning ", 1)
		}
	}
	return p
}

// refuse writes a problem, and says that a token may come as a password here.
func refuse(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	p.Challenge = credential.BasicChallenge
	problem.Write(w, r, p)
}

// serve answers with the feed, or with 304 when the reader has it already.
func (h *Handler) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, of scope) error {
	base := exchange.From(ctx).Base
	news, err := h.look(ctx, of)
	if err != nil {
		return err
	}
	updated := news.updated()
	header := w.Header()
	header.Set("Cache-Control", "private, no-cache") // kept by its reader, and asked about again each time
	header.Add("Vary", "Authorization, Cookie")
	header.Set("ETag", news.etag(base, of))
	header.Set("Last-Modified", updated.UTC().Format(http.TimeFormat))
	if sent := strings.Join(r.Header.Values("If-None-Match"), ","); sent != "" && transcode.MatchesAny(sent, header.Get("ETag")) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	self := base + Path + of.query()
	f := &atomFeed{
		ID:    "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(self)).String(),
		Title: of.title(news), Updated: atomTime(updated), Generator: "Fortnight",
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: self}},
	}
	if f.Entries, err = h.entries(ctx, base, news); err != nil {
		return err
	}
	body, err := f.encode()
	if err != nil {
		return err
	}
	header.Set("Content-Type", "application/atom+xml; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a reader that has gone needs no answer
	return nil
}

// found is what a feed is about: learnings, or the revisions of one.
type found struct {
	learnings []*knowledgev1.Learning
	revisions []*knowledgev1.LearningRevision
	// more says that there are older revisions.
	more bool
}

// look asks for what a feed is about. Drafts are no news.
func (h *Handler) look(ctx context.Context, of scope) (found, error) {
	if of.learning == "" {
		answer, err := h.Knowledge.ListLearnings(ctx, &knowledgev1.ListLearningsRequest{
			PageSize: mostEntries, Team: of.team, Tag: of.tag, FollowedBy: of.followedBy, LatestChangeFirst: true,
			States: []knowledgev1.LearningState{knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, knowledgev1.LearningState_LEARNING_STATE_RETIRED},
		})
		return found{learnings: answer.GetLearnings()}, err
	}
	answer, err := h.Knowledge.ListLearningRevisions(ctx, &knowledgev1.ListLearningRevisionsRequest{Parent: of.learning, PageSize: mostEntries})
	kept := found{more: answer.GetNextPageToken() != ""}
	for _, r := range answer.GetLearningRevisions() {
		if r.GetLearning().GetState() != knowledgev1.LearningState_LEARNING_STATE_DRAFT {
			kept.revisions = append(kept.revisions, r)
		}
	}
	return kept, err
}

// updated is the latest change; of a feed without entries the beginning of time, because nothing has ever changed.
func (f found) updated() time.Time {
	latest := time.Unix(0, 0)
	for _, l := range f.learnings {
		if at := l.GetUpdateTime().AsTime(); at.After(latest) {
			latest = at
		}
	}
	for _, r := range f.revisions {
		if at := r.GetCreateTime().AsTime(); at.After(latest) {
			latest = at
		}
	}
	return latest
}

// etag names what the feed shows. It is weak: another version of the program may write the same otherwise.
func (f found) etag(base string, of scope) string {
	sum := sha256.New()
	for _, text := range append([]string{base, of.query()}, f.versions()...) {
		sum.Write([]byte(text + "\n"))
	}
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18]) + `"`
}

func (f found) versions() (list []string) {
	for _, l := range f.learnings {
		list = append(list, l.GetName()+" "+l.GetEtag())
	}
	for _, r := range f.revisions {
		list = append(list, r.GetName())
	}
	return list
}

// entries makes the entries. What has gone since it was listed is left out.
func (h *Handler) entries(ctx context.Context, base string, f found) (list []atomEntry, err error) {
	for _, l := range f.learnings {
		whole, err := h.Knowledge.GetLearning(ctx, &knowledgev1.GetLearningRequest{Name: l.GetName()})
		switch status.Code(err) {
		case codes.OK:
			list = append(list, ofLearning(base, whole))
		case codes.NotFound:
		default:
			return nil, err
		}
	}
	for i, r := range f.revisions {
		list = append(list, ofRevision(base, r, i == len(f.revisions)-1 && !f.more))
	}
	return list, nil
}
