package domain

// Context is what a situation is like, in words that can be compared. Everything is optional.
type Context struct {
	Process        string   `json:"process,omitempty"`
	ConstraintType string   `json:"constraintType,omitempty"`
	TeamSize       int      `json:"teamSize,omitempty"`
	Stack          []string `json:"stack,omitempty"`
}

// IsZero tells whether nothing is said.
func (c Context) IsZero() bool {
	return c.Process == "" && c.ConstraintType == "" && c.TeamSize == 0 && len(c.Stack) == 0
}
