package mcp

import (
	"context"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// fiveQuestions is how a coach leads through the coaching kata (Mike Rother, Toyota Kata), with the reflection between the second
// question and the third, as the coaching sessions of Fortnight have it.
var fiveQuestions = []string{
	"1. What is the target condition?",
	"2. What is the actual condition now? Ask for what was seen, not for what is believed.",
	"Turn the card, and look back at the last step: what was planned? What was expected? What actually happened? What was learned?",
	"3. Which obstacles stand between here and the target condition, and which one is worked on now?",
	"4. What is the next step, and what is expected of it? A step tries something about the one obstacle; the expectation is written down before.",
	"5. When can we go and see what we have learned from taking that step?",
}

// addPrompts offers what people start by themselves.
func addPrompts(server *mcp.Server) {
	server.AddPrompt(&mcp.Prompt{
		Name: "five_questions", Title: "The five questions",
		Description: "Leads through the five questions of the coaching kata, one after the other.",
		Arguments:   []*mcp.PromptArgument{{Name: "team", Description: "Whose storyboard to look at first, such as teams/payments."}},
	}, func(_ context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		lines := []string{"Be my coach. Ask me these questions one at a time, in this order, and wait for each answer. Give no solutions; " +
			"ask back where an answer is vague or holds no fact."}
		if team := r.Params.Arguments["team"]; team != "" {
			lines = append(lines, "Look at the storyboard of "+team+" first, with get_storyboard, so that you know what it says; let me say it all the same.")
		}
		lines = append(lines, fiveQuestions...)
		lines = append(lines, "Before the fourth, see with suggest_learnings whether anybody has tried the step, and tell me what speaks against it as well.")
		return &mcp.GetPromptResult{
			Description: "The five questions of the coaching kata",
			Messages:    []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: strings.Join(lines, "\n")}}},
		}, nil
	})
}
