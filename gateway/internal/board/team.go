package board

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// settings is a team as its file tells it: what a person set, and no more.
func settings(team *identityv1.Team) *identityv1.Team {
	kept, _ := proto.Clone(team).(*identityv1.Team)
	kept.Etag, kept.CreateTime, kept.UpdateTime, kept.State, kept.ProvisionedBy, kept.ExternalId = "", nil, nil, 0, "", ""
	return kept
}

// teamFile writes team.yaml.
func teamFile(team *identityv1.Team) ([]byte, error) {
	text, err := protojson.Marshal(settings(team))
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(fields); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// readTeam reads team.yaml.
func readTeam(content []byte, name string) (*identityv1.Team, error) {
	wrong := func(reason, text string) error {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, reason, "Nothing was imported: "+text,
			problem.Violation{Field: "team.yaml", Reason: reason, Description: text})
	}
	var fields map[string]any
	if err := yaml.Unmarshal(content, &fields); err != nil {
		return nil, wrong("ARCHIVE_FILE_INVALID", fmt.Sprintf("team.yaml is not YAML: %v", err))
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, wrong("ARCHIVE_FILE_INVALID", "team.yaml cannot be read.")
	}
	team := &identityv1.Team{}
	if err := protojson.Unmarshal(text, team); err != nil {
		return nil, wrong("ARCHIVE_FILE_INVALID", fmt.Sprintf("team.yaml is not a team: %v", err))
	}
	if team.GetName() != name {
		return nil, wrong("ARCHIVE_INCONSISTENT", fmt.Sprintf("the folder is that of %s: import it as that team.", team.GetName()))
	}
	return settings(team), nil
}
