package main

import (
	"net/http"
	"testing"
)

// firstCycle is the name of the cycle that the teams of the world run.
const firstCycle = `teams/$team/cycles/first`

// cycleReads are the cycle service's RPCs that change nothing.
func cycleReads() []isolationCase {
	return []isolationCase{
		{rpc: "cycle.GetStoryboard", request: `{"name":"teams/$team/storyboard"}`},
		{rpc: "cycle.ListHistory", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.ListHistory of an obstacle", request: `{"parent":"teams/$team","resource":"teams/$team/obstacles/queue"}`},
		{rpc: "cycle.GetChallenge", request: `{"name":"teams/$team/challenges/direction"}`},
		{rpc: "cycle.ListChallenges", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.GetTargetCondition", request: `{"name":"teams/$team/targetConditions/next"}`},
		{rpc: "cycle.ListTargetConditions", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.GetObstacle", request: `{"name":"teams/$team/obstacles/queue"}`},
		{rpc: "cycle.ListObstacles", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.RecognizeObstacle", request: `{"name":"teams/$team/obstacles/queue"}`},
		{rpc: "cycle.GetCycle", request: `{"name":"` + firstCycle + `"}`},
		{rpc: "cycle.ListCycles", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.PreviewGate", request: `{"name":"` + firstCycle + `"}`},
		{rpc: "cycle.GetValueStream", request: `{"name":"teams/$team/valueStreams/delivery"}`},
		{rpc: "cycle.ListValueStreams", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.GetValueStreamVersion", request: `{"name":"teams/$team/valueStreams/delivery/versions/1"}`},
		{rpc: "cycle.ListValueStreamVersions", request: `{"parent":"teams/$team/valueStreams/delivery"}`},
		{rpc: "cycle.CompareValueStreamVersions", request: `{"name":"teams/$team/valueStreams/delivery","fromVersion":1}`},
		{rpc: "cycle.GetPainfulActivity", request: `{"name":"teams/$team/painfulActivities/release"}`},
		{rpc: "cycle.ListPainfulActivities", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.ListPainScores", request: `{"parent":"teams/$team/painfulActivities/release"}`},
		{rpc: "cycle.GetCoachingSession", request: `{"name":"teams/$team/coachingSessions/monday"}`},
		{rpc: "cycle.ListCoachingSessions", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.GetCoachingCadence", request: `{"name":"teams/$team/coachingCadence"}`},
		{rpc: "cycle.MeasureCoachingCadence", request: `{"name":"teams/$team/coachingCadence"}`},
		{rpc: "cycle.GetCapacityEntry", request: `{"name":"teams/$team/capacityEntries/2026-01-05"}`},
		{rpc: "cycle.ListCapacityEntries", request: `{"parent":"teams/$team"}`},
		{rpc: "cycle.SummarizeCapacity", request: `{"parent":"teams/$team","startDate":"2026-01-01","endDate":"2026-01-31"}`},
		{rpc: "cycle.GetAndon", request: `{"name":"` + firstCycle + `/andons/red"}`},
		{rpc: "cycle.ListAndons", request: `{"parent":"` + firstCycle + `"}`},
	}
}

// cycleWrites are the cycle service's RPCs by which a team works.
func cycleWrites() []isolationCase {
	return []isolationCase{
		{rpc: "cycle.CreateChallenge", request: `{"parent":"teams/$team","challenge":{"statement":"x","horizonDate":"$day+700"}}`, refuses: "one is active"},
		{rpc: "cycle.UpdateChallenge", request: `{"challenge":{"name":"teams/$team/challenges/direction","statement":"x"}}`},
		{rpc: "cycle.CreateTargetCondition", request: `{"parent":"teams/$team","targetCondition":{"challenge":"teams/$team/challenges/direction","achieveByDate":"$day+50",
			"outcomeMetric":"teams/$team/metrics/wait","outcomeValue":2,"operatingPattern":"x"}}`, refuses: "one is active"},
		{rpc: "cycle.UpdateTargetCondition", request: `{"targetCondition":{"name":"teams/$team/targetConditions/next","operatingPattern":"x"}}`},
		{rpc: "cycle.CreateObstacle", request: `{"parent":"teams/$team","obstacle":{"description":"x"}}`},
		{rpc: "cycle.UpdateObstacle", request: `{"obstacle":{"name":"teams/$team/obstacles/parked","description":"x"}}`},
		{rpc: "cycle.MoveObstacle", request: `{"name":"teams/$team/obstacles/parked"}`},
		{
			rpc: "cycle.LinkObstacle", request: `{"name":"teams/$team/obstacles/parked","sameAs":"teams/$team/obstacles/queue"}`,
			known: []string{"bot", "service"},
		},
		{rpc: "cycle.UnlinkObstacle", request: `{"name":"teams/$team/obstacles/parked"}`, known: []string{"bot", "service"}},
		{
			rpc: "cycle.EscalateObstacle", request: `{"name":"teams/$team/obstacles/hopeless","owner":"users/mara","reason":"x"}`,
		},
		{rpc: "cycle.AnswerEscalation", request: `{"name":"teams/$team/obstacles/asked-mara","answer":"x","state":"OBSTACLE_STATE_PARKED"}`, before: escalated("mara"), readers: true},
		{
			rpc: "cycle.AnswerEscalation of an outsider", request: `{"name":"teams/$team/obstacles/asked-aiko","answer":"x","state":"OBSTACLE_STATE_PARKED"}`,
			before: escalated("aiko"), readers: true,
		},
		{rpc: "cycle.MakeObstacleCurrent", request: `{"name":"teams/$team/obstacles/parked","insteadOf":"teams/$team/obstacles/queue","reason":"x"}`},
		{rpc: "cycle.SettleObstacle", request: `{"name":"teams/$team/obstacles/parked","state":"OBSTACLE_STATE_OVERCOME","reason":"x"}`},
		{rpc: "cycle.CreateCycle", request: `{"parent":"teams/$team","cycle":{}}`, refuses: "one is running"},
		{rpc: "cycle.UpdateCycle", request: `{"cycle":{"name":"` + firstCycle + `","displayName":"x"}}`, refuses: "the PLAN phase is over"},
		{rpc: "cycle.StartCycle", request: `{"name":"` + firstCycle + `"}`, refuses: "it is no draft"},
		{rpc: "cycle.AdvanceCycle", request: `{"name":"` + firstCycle + `","phase":"PHASE_ACT"}`, refuses: "the gate is shut"},
		{rpc: "cycle.ExtendCycle", request: `{"name":"` + firstCycle + `","endDate":"$day+20","reason":"x"}`},
		{rpc: "cycle.CreateAndon", request: `{"parent":"` + firstCycle + `","andon":{"problem":"x"}}`},
		{rpc: "cycle.CreateAndon of the team", request: `{"parent":"teams/$team","andon":{"problem":"x"}}`},
		{rpc: "cycle.ResolveAndon", request: `{"name":"` + firstCycle + `/andons/red","countermeasure":"x"}`},
		{rpc: "cycle.CreateValueStream", request: `{"parent":"teams/$team","valueStream":{"displayName":"x","steps":[{"name":"x"},{"name":"y"}]}}`},
		{rpc: "cycle.UpdateValueStream", request: `{"valueStream":{"name":"teams/$team/valueStreams/delivery","displayName":"x"}}`},
		{
			rpc: "cycle.ConfirmConstraint", request: `{"name":"teams/$team/valueStreams/delivery","step":"quokka-of-$team review","reason":"x"}`,
			known: []string{"bot", "service"},
		},
		{rpc: "cycle.CreatePainfulActivity", request: `{"parent":"teams/$team","painfulActivity":{"displayName":"x","pain":2,"frequency":"FREQUENCY_MONTHLY","targetFrequency":"FREQUENCY_DAILY"}}`},
		{rpc: "cycle.UpdatePainfulActivity", request: `{"painfulActivity":{"name":"teams/$team/painfulActivities/release","displayName":"x"}}`},
		{rpc: "cycle.ScorePainfulActivity", request: `{"name":"teams/$team/painfulActivities/release","pain":3}`},
		{rpc: "cycle.CreateCoachingSession", request: `{"parent":"teams/$team","coachingSession":{"coach":"users/mina","learner":"users/jonas","targetConditionAnswer":"x"}}`},
		{rpc: "cycle.UpdateCoachingSession", request: `{"coachingSession":{"name":"teams/$team/coachingSessions/monday","targetConditionAnswer":"x"}}`},
		{rpc: "cycle.HoldCoachingSession", request: `{"name":"teams/$team/coachingSessions/monday"}`, refuses: "answers are missing"},
		{rpc: "cycle.UpdateCoachingCadence", request: `{"coachingCadence":{"name":"teams/$team/coachingCadence","weekdays":["WEEKDAY_MONDAY"]}}`},
		{rpc: "cycle.CreateCapacityEntry", request: `{"parent":"teams/$team","capacityEntry":{"availableHours":8,"improvementHours":1}}`},
		{rpc: "cycle.UpdateCapacityEntry", request: `{"capacityEntry":{"name":"teams/$team/capacityEntries/2026-01-05","note":"x"}}`},
	}
}

// cycleEnds are those that end what the others need.
func cycleEnds() []isolationCase {
	return []isolationCase{
		{rpc: "cycle.CloseTargetCondition", request: `{"name":"teams/$team/targetConditions/next","state":"TARGET_CONDITION_STATE_ACHIEVED"}`},
		{rpc: "cycle.CloseChallenge", request: `{"name":"teams/$team/challenges/direction","state":"CHALLENGE_STATE_MET"}`},
		{rpc: "cycle.CancelCycle", request: `{"name":"` + firstCycle + `","reason":"x"}`},
	}
}

// escalated escalates a team's obstacle to a user, unless it is: who answers it puts it back into the parking lot.
func escalated(owner string) func(*testing.T, *world, string) string {
	return func(t *testing.T, w *world, team string) string {
		t.Helper()
		w.call(t, w.Token, http.MethodPost, "/v1/teams/"+team+"/obstacles/asked-"+owner+":escalate", `{"owner":"users/`+owner+`","reason":"x"}`)
		return ""
	}
}
