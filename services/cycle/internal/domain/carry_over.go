package domain

// CarryOver is what a cycle takes over from the one before. Experiments are never taken over.
type CarryOver struct {
	Cycle           string   `json:"cycle"`
	TargetCondition string   `json:"targetCondition,omitempty"`
	Obstacles       []string `json:"obstacles,omitempty"`
	OpenActions     []string `json:"openActions,omitempty"`
}

// LeaveBehind is what the cycle leaves to the next one: its target condition when that is still the active one, the obstacles that
// are in the way, and what the team has agreed to do and still has to, from this or any earlier retrospective.
func (c *Cycle) LeaveBehind(activeTarget string, inTheWay, openActions []string) CarryOver {
	carry := CarryOver{Cycle: c.Name, Obstacles: inTheWay, OpenActions: openActions}
	if c.TargetCondition == activeTarget {
		carry.TargetCondition = activeTarget
	}
	return carry
}
