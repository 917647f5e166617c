package retrospective_test

import (
	"context"
	"strings"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// GetUser answers users whose display name is their id with a capital, and a family name: "Jonas Weber".
func (o *others) GetUser(_ context.Context, req *identityv1.GetUserRequest) (*identityv1.User, error) {
	return answer(o, "GetUser", func() *identityv1.User {
		id := strings.TrimPrefix(req.GetName(), "users/")
		return &identityv1.User{Name: req.GetName(), DisplayName: strings.ToUpper(id[:1]) + id[1:] + " Weber"}
	})
}
