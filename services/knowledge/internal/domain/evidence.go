package domain

import "time"

// EvidenceKind tells how an experiment bears on a claim.
type EvidenceKind string

// The kinds of evidence.
const (
	Origin      EvidenceKind = "ORIGIN"
	Repeat      EvidenceKind = "REPEAT"
	Replication EvidenceKind = "REPLICATION"
)

// Result is what an experiment says about a claim.
type Result string

// What an experiment can say about a claim.
const (
	Worked     Result = "WORKED"
	DidNot     Result = "DID_NOT"
	CannotTell Result = "CANNOT_TELL"
)

// HoldFinding is what the last hold check found that could tell; empty when none could.
type HoldFinding string

// What a hold check can find.
const (
	Held    HoldFinding = "HELD"
	Slipped HoldFinding = "SLIPPED"
)

// Evidence is what one experiment says about a claim.
type Evidence struct {
	// Name is learnings/{learning}/evidence/{evidence}.
	Name string       `json:"name"`
	Kind EvidenceKind `json:"kind"`
	// Team and Experiment are resource names.
	Team       string `json:"team"`
	Experiment string `json:"experiment"`
	// Locked says that the plan was locked before the start; only then the experiment counts.
	Locked bool `json:"locked,omitempty"`
	// Verdict is AS_PREDICTED, NOT_AS_PREDICTED or CANNOT_TELL.
	Verdict      string      `json:"verdict"`
	Result       Result      `json:"result"`
	HoldFinding  HoldFinding `json:"holdFinding,omitempty"`
	Context      Context     `json:"context,omitzero"`
	Adaptation   string      `json:"adaptation,omitempty"`
	Happened     string      `json:"happened,omitempty"`
	ConcludeTime time.Time   `json:"concludeTime,omitzero"`
}

// NewEvidence makes the evidence of a concluded experiment for the claim of a learning, `learnings/{learning}`. origin is the learning
// itself, and nil while it is not known: then Belong tells later how the experiment bears on it.
func NewEvidence(learning string, origin *Learning, s Standing) *Evidence {
	e := &Evidence{Name: EvidenceName(learning, s.Experiment), Team: s.Team(), Experiment: s.Experiment, Kind: Replication}
	if own, err := LearningName(s.Experiment); err == nil && own == learning {
		e.Kind = Origin
	}
	if origin != nil {
		e.Kind = e.kindFor(origin)
	}
	e.take(s)
	return e
}

// Tell takes in how the experiment stands now. The same again is no event.
func (e *Evidence) Tell(s Standing) []Event {
	before := *e
	e.take(s)
	if e.Locked == before.Locked && e.Verdict == before.Verdict && e.Result == before.Result && e.HoldFinding == before.HoldFinding &&
		e.Happened == before.Happened && e.ConcludeTime.Equal(before.ConcludeTime) {
		return nil
	}
	return []Event{EvidenceRecorded}
}

// Belong says whose claim it is, when the evidence was there before the learning. The same kind as before is no event.
func (e *Evidence) Belong(origin *Learning) []Event {
	kind := e.kindFor(origin)
	if kind == e.Kind {
		return nil
	}
	e.Kind, e.Result = kind, resultOf(kind, e.Verdict)
	return []Event{EvidenceRecorded}
}

func (e *Evidence) take(s Standing) {
	e.Locked, e.Verdict, e.HoldFinding = s.Locked(), s.Verdict, s.holdFinding()
	e.Happened, e.ConcludeTime = cut(Text(s.Happened), maxText), s.ConcludeTime
	e.Result = resultOf(e.Kind, e.Verdict)
}

// kindFor is how the experiment bears on the claim of a learning.
func (e *Evidence) kindFor(l *Learning) EvidenceKind {
	switch {
	case e.Kind == Origin || l.Experiment == e.Experiment:
		return Origin
	case l.Team == e.Team:
		return Repeat
	default:
		return Replication
	}
}

// resultOf is what a verdict says about a claim. What was learned in an experiment is as true when its prediction did not come out: that
// is what the claim says then. The others have the claim as their prediction.
func resultOf(kind EvidenceKind, verdict string) Result {
	switch {
	case verdict == "AS_PREDICTED", verdict == "NOT_AS_PREDICTED" && kind == Origin:
		return Worked
	case verdict == "NOT_AS_PREDICTED":
		return DidNot
	default:
		return CannotTell
	}
}
