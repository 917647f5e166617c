package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// reflection is a retrospective: notes, the themes that they are grouped into, how the members vote, the action that the team agrees
// on, what is decided about the experiment, and what others may learn from it.
type reflection struct {
	notes  []prompted
	themes []theme
	votes  []vote
	action
	decision, text                     string
	claim, situation, mayNot, howToTry string
	tags                               []string
}

// prompted is a note under a prompt.
type prompted struct{ id, prompt, text string }

// theme is a title over notes.
type theme struct {
	id, title string
	notes     []string
}

// vote is what one member votes for.
type vote struct {
	user   string
	themes []string
}

// action is what the team does about a theme, by a member, in so many days.
type action struct {
	id, does, owner string
	days            int
	effect          string
	theme, metric   string // the metric is empty when the effect is seen and not measured
}

// reflect holds the retrospective of a cycle in ACT.
func (t *teller) reflect(ctx context.Context, p turn, r reflection) error {
	retrospective := p.cycleOf() + "/retrospective"
	agreed := body{
		"text": r.does, "owner": "users/" + r.owner, "dueDate": t.day(r.days), "expectedEffect": r.effect,
		"theme": retrospective + "/themes/" + r.action.theme,
	}
	if r.metric != "" {
		agreed["metric"] = p.name("metrics", r.metric)
	}
	return inOrder(ctx,
		func(ctx context.Context) error { return t.gather(ctx, retrospective, r) },
		func(ctx context.Context) error { return t.vote(ctx, retrospective, r.votes) },
		func(ctx context.Context) error {
			return t.postAll(ctx,
				step{retrospective + ":move", body{"stage": "STAGE_DECIDE", "currentStage": "STAGE_VOTE"}},
				step{retrospective + "/actions?actionId=" + r.action.id, agreed},
				step{retrospective + ":decide", body{"decision": body{
					"experiment": p.experimentOf(), "kind": "DECISION_KIND_" + r.decision, "text": r.text,
				}}},
				step{retrospective + ":close", body{
					"learnings": []body{{
						"experiment": p.experimentOf(), "claim": r.claim, "situation": r.situation,
						"mayNotHold": r.mayNot, "howToTry": r.howToTry, "tags": r.tags,
					}},
					"boldestExperiment": p.experimentOf(),
				}},
			)
		},
	)
}

// gather opens a retrospective, writes its notes and groups them.
func (t *teller) gather(ctx context.Context, retrospective string, r reflection) error {
	steps := []step{{retrospective + ":open", body{"anonymous": true}}}
	for _, note := range r.notes {
		steps = append(steps, step{retrospective + "/notes?noteId=" + note.id, body{"prompt": "PROMPT_" + note.prompt, "text": note.text}})
	}
	steps = append(steps, step{retrospective + ":move", body{"stage": "STAGE_GROUP", "currentStage": "STAGE_COLLECT"}})
	for _, theme := range r.themes {
		notes := make([]string, len(theme.notes))
		for i, note := range theme.notes {
			notes[i] = retrospective + "/notes/" + note
		}
		steps = append(steps, step{retrospective + "/themes?themeId=" + theme.id, body{"title": theme.title, "notes": notes}})
	}
	return t.postAll(ctx, append(steps, step{retrospective + ":move", body{"stage": "STAGE_VOTE", "currentStage": "STAGE_GROUP"}})...)
}

// vote casts the votes of each member in their name: nobody else could.
func (t *teller) vote(ctx context.Context, retrospective string, votes []vote) error {
	for _, vote := range votes {
		themes := make([]string, len(vote.themes))
		for i, theme := range vote.themes {
			themes[i] = retrospective + "/themes/" + theme
		}
		if err := t.as(ctx, vote.user, func(member *teller) error {
			return member.post(ctx, retrospective+":vote", body{"themes": themes})
		}); err != nil {
			return err
		}
	}
	return nil
}

// tap is how today was for one member.
type tap struct{ user, mood, cause string }

// tapToday taps today for each member. Earlier days cannot be told any more: a day is open for taps until the next noon.
func (t *teller) tapToday(ctx context.Context, b board, taps ...tap) error {
	zone, err := time.LoadLocation(b.zone)
	if err != nil {
		return err
	}
	day := b.name("goodDays", t.now.In(zone).Format(time.DateOnly))
	for _, tap := range taps {
		if err := t.as(ctx, tap.user, func(member *teller) error {
			return member.post(ctx, day+":tap", body{"mood": "MOOD_" + tap.mood, "cause": tap.cause})
		}); err != nil {
			return err
		}
	}
	return nil
}

// as does something in the name of a user, with a token that is good for an hour.
func (t *teller) as(ctx context.Context, user string, do func(member *teller) error) error {
	if t.tokens[user] == "" {
		_, answer, err := t.send(ctx, http.MethodPost, "users/"+user+"/tokens", "", body{
			"displayName": "For the demo's story", "expireTime": t.now.Add(time.Hour).Format(time.RFC3339),
		})
		if err != nil {
			return err
		}
		var made struct {
			Secret string `json:"secret"`
		}
		if err := json.Unmarshal(answer, &made); err != nil {
			return err
		}
		if made.Secret == "" {
			return fmt.Errorf("the token of %s came without its secret", user)
		}
		t.tokens[user] = made.Secret
	}
	member := *t
	member.token = t.tokens[user]
	err := do(&member)
	t.step = member.step
	return err
}
