package names

import "github.com/google/uuid"

// ID is the id that the caller chose for a new resource, or a new one that sorts by the time it was made.
func ID(chosen string) string {
	if chosen != "" {
		return chosen
	}
	return uuid.Must(uuid.NewV7()).String()
}
