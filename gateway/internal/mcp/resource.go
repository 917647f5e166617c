package mcp

import (
	"context"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/markdown"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

const resourcePrefix = "fortnight://"

// addResources lets assistants attach a learning to a conversation.
func addResources(server *mcp.Server, config Config) {
	server.AddResourceTemplate(&mcp.ResourceTemplate{
		URITemplate: resourcePrefix + "learnings/{learning}", Name: "learning", Title: "A learning", MIMEType: "text/markdown",
		Description: "What a team has learned, as Markdown." + written,
	}, func(ctx context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		name := strings.TrimPrefix(r.Params.URI, resourcePrefix)
		learning, err := config.Knowledge.GetLearning(ctx, &knowledgev1.GetLearningRequest{Name: name})
		switch {
		case status.Code(err) == codes.NotFound:
			return nil, mcp.ResourceNotFoundError(r.Params.URI)
		case err != nil:
			return nil, refusal(err, exchange.From(ctx))
		}
		return &mcp.ReadResourceResult{
			Cacheable: mcp.Cacheable{CacheScope: "private"}, // a draft is seen by its team alone
			Contents:  []*mcp.ResourceContents{{URI: r.Params.URI, Text: shown(document(learning))}},
		}, nil
	})
}

// document is a learning as a person would read it. What people wrote stands in quotations, so that nothing in it passes for the rest.
func document(l *knowledgev1.Learning) string {
	var b strings.Builder
	b.WriteString(notice + "\n\n# " + markdown.Line(l.GetClaim()) + "\n\n")
	for _, fact := range [][2]string{
		{"Name", l.GetName()},
		{"Team", l.GetTeam()},
		{"State", l.GetState().String()},
		{"Grade", l.GetGrade().GetLevel().String() + ". " + l.GetGrade().GetExplanation()},
		{"Verdict", l.GetVerdict()},
	} {
		if fact[1] != "" {
			b.WriteString("- " + fact[0] + ": " + fact[1] + "\n")
		}
	}
	for _, part := range markdown.Parts(l) {
		if part.Text != "" {
			b.WriteString("\n## " + part.Title + "\n\n" + markdown.Quoted(part.Text))
		}
	}
	return b.String()
}
