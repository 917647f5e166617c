package rpc

import (
	"cmp"
	"context"
	"strings"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

// nearestLooked is how many of the learnings with the nearest words are looked at; a like context changes their order.
const nearestLooked = 100

// SuggestLearnings answers at plan time: has anybody tried this? Reason: SUGGEST_NOTHING_GIVEN, and those of planOf.
func (s *Server) SuggestLearnings(ctx context.Context, req *knowledgev1.SuggestLearningsRequest) (*knowledgev1.SuggestLearningsResponse, error) {
	if strings.TrimSpace(req.GetText()) == "" && req.GetObstacle() == "" && req.GetExperiment() == "" {
		return nil, fault.Invalid("text", "SUGGEST_NOTHING_GIVEN", "Say what is planned: give it as text, or name an obstacle or an experiment.")
	}
	planned, err := s.planOf(ctx, req)
	if err != nil {
		return nil, err
	}
	near, err := s.nearest(ctx, planned.String())
	if err != nil {
		return nil, err
	}
	like, err := s.contextOf(ctx, planned.team)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]record.Row[domain.Learning], len(near))
	all := make([]domain.NearLearning, len(near))
	for i, n := range near {
		rows[n.Learning.Value.Name] = n.Learning
		all[i] = domain.NearLearning{
			Learning: n.Learning.Value, Words: n.Matched, Coverage: n.Coverage, Rarest: n.Rarest, Weight: n.Weight, Text: n.Score,
		}
	}
	plan := domain.Plan{Experiment: req.GetExperiment(), Context: like, Says: says(planned.String())}
	answer := &knowledgev1.SuggestLearningsResponse{}
	for _, suggestion := range domain.Suggest(plan, all, int(req.GetPageSize())) {
		answer.Suggestions = append(answer.Suggestions, wire.Suggestion(suggestion, rows[suggestion.Learning.Name]))
	}
	return answer, nil
}

// nearest looks for the learnings with the nearest words, and for the refuted ones among them by themselves when there are more than are
// looked at.
func (s *Server) nearest(ctx context.Context, text string) ([]store.Near, error) {
	near, err := store.Nearest(ctx, s.log, store.NearestQuery{Text: text, Limit: nearestLooked})
	if err != nil || len(near) < nearestLooked {
		return near, err
	}
	refuted, err := store.Nearest(ctx, s.log, store.NearestQuery{Text: text, Refuted: true, Limit: nearestLooked})
	return append(near, refuted...), err
}

// contextOf is what the work of a team, `teams/{team}`, is like; empty when it has not said, or when there is no team.
func (s *Server) contextOf(ctx context.Context, team string) (domain.Context, error) {
	if team == "" {
		return domain.Context{}, nil
	}
	row, err := store.Settings.Get(ctx, s.log, store.SettingsName(team))
	if err != nil {
		if fault.From(err).Kind == fault.NotFound {
			err = nil
		}
		return domain.Context{}, err
	}
	return row.Value.Context, nil
}

// says tells whether a text has all words of a phrase, in whatever form.
func says(text string) func(phrase string) bool {
	stems := map[string]bool{}
	for _, w := range words.Of(text) {
		stems[w.Stem] = true
	}
	return func(phrase string) bool {
		wanted := words.Of(phrase)
		for _, w := range wanted {
			if !stems[w.Stem] {
				return false
			}
		}
		return len(wanted) > 0
	}
}

// planned is what is known of a plan: its texts, and the team that plans, `teams/{team}`, which the caller may read.
type planned struct {
	texts []string
	team  string
}

func (p *planned) String() string { return strings.TrimSpace(strings.Join(p.texts, "\n")) }

// planOf reads what the request names, as the caller: what they may not read is refused as its own service refuses it. When such a
// service is down, a text that was given has to do. Reasons: PERMISSION_DENIED, SUGGEST_SOURCE_UNAVAILABLE, and those of the asked.
func (s *Server) planOf(ctx context.Context, req *knowledgev1.SuggestLearningsRequest) (*planned, error) {
	p := &planned{texts: []string{req.GetText()}, team: req.GetTeam()}
	if p.team != "" {
		if err := mayReadTeam(caller.From(ctx), p.team); err != nil {
			return nil, err
		}
	}
	asking := caller.Outgoing(ctx)
	against := ""
	if name := req.GetExperiment(); name != "" {
		e, err := s.experiments.GetExperiment(asking, &experimentv1.GetExperimentRequest{Name: name})
		if err := p.take("experiment", name, wire.ExperimentText(e), err); err != nil {
			return nil, err
		}
		against = e.GetObstacle()
	}
	if name := cmp.Or(req.GetObstacle(), against); name != "" {
		o, err := s.cycles.GetObstacle(asking, &cyclev1.GetObstacleRequest{Name: name})
		// A draft may be against an obstacle that is not there yet; who names one here wants just that.
		if err := p.take("obstacle", name, wire.ObstacleText(o), err); err != nil && req.GetObstacle() != "" {
			return nil, err
		}
	}
	return p, nil
}

// take takes in what a named thing says, or why it could not be read.
func (p *planned) take(what, name, text string, err error) error {
	switch {
	case err == nil:
		p.texts = append(p.texts, text)
		p.team = cmp.Or(p.team, domain.TeamOf(name))
		return nil
	case fault.From(err).Kind != fault.Unavailable:
		return err
	case p.String() != "":
		return nil
	}
	return fault.New(fault.Unavailable, "SUGGEST_SOURCE_UNAVAILABLE", "What the %s says cannot be read now. Try again, or say it in text.", what).
		Because(err)
}
