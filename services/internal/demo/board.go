package demo

import (
	"context"
	"time"
)

// board is what a team aims at and what is in its way; it stays when one cycle ends and the next begins.
type board struct {
	team, zone, challenge    string
	metric, metricName, unit string
	outcomeValue             float64
	pattern                  string
	readings                 []float64 // one a day before the first cycle
	source                   string    // where the readings come from
	process, processName     string
	processUnit              string
	valueStream, streamName  string
	steps                    []body
	constraint               string
	obstacles                []note // the first becomes the current one
	painful                  []painful
	hours, improvement       []float64 // the capacity ledger, the latest working day first
	cadence                  []time.Weekday
}

// note is a text with the id that it is kept under.
type note struct{ id, text string }

// painful is a rung of the pain ladder.
type painful struct {
	id, name          string
	pain              int
	frequency, target string
}

func (b board) name(collection, id string) string {
	return "teams/" + b.team + "/" + collection + "/" + id
}

func (b board) in(collection string) string { return "teams/" + b.team + "/" + collection }

// park names what is in the way of a team.
func (t *teller) park(ctx context.Context, b board) error {
	var steps []step
	for _, obstacle := range b.obstacles {
		steps = append(steps, step{b.in("obstacles?obstacleId=" + obstacle.id), body{"description": obstacle.text}})
	}
	return t.postAll(ctx, steps...)
}

// aim draws the board of a team, with readings of its metric from the day on that lies so many days from today.
func (t *teller) aim(ctx context.Context, b board, from int) error {
	steps := []step{
		{b.in("challenges?challengeId=direction"), body{"statement": b.challenge, "horizonDate": t.day(540), "owner": "users/sofia"}},
		{b.in("metrics?metricId=" + b.metric), body{
			"displayName": b.metricName, "unit": b.unit, "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_OUTCOME",
			"readingRhythm": "READING_RHYTHM_DAILY", "source": b.source, "floorAtZero": true,
		}},
		{b.name("metrics", b.metric) + ":import", t.csv(from, b.readings)},
		{b.in("metrics?metricId=" + b.process), body{
			"displayName": b.processName, "unit": b.processUnit, "direction": "DIRECTION_HIGHER", "kind": "METRIC_KIND_PROCESS",
			"readingRhythm": "READING_RHYTHM_DAILY", "source": "Tally on the team's board", "floorAtZero": true,
		}},
		{b.in("targetConditions?targetConditionId=next"), body{
			"challenge": b.name("challenges", "direction"), "achieveByDate": t.day(60), "outcomeMetric": b.name("metrics", b.metric),
			"outcomeValue": b.outcomeValue, "operatingPattern": b.pattern, "processMetric": b.name("metrics", b.process),
		}},
		{b.in("valueStreams?valueStreamId=" + b.valueStream), body{"displayName": b.streamName, "steps": b.steps}},
		{b.name("valueStreams", b.valueStream) + ":confirmConstraint", body{"step": b.constraint}},
	}
	return t.postAll(ctx, append(steps, step{b.name("obstacles", b.obstacles[0].id) + ":makeCurrent", body{}})...)
}

// keep writes down what a team keeps beside its cycles: the pain ladder, the capacity ledger of two weeks and the days on which
// it is coached.
func (t *teller) keep(ctx context.Context, b board) error {
	for _, p := range b.painful {
		if err := t.post(ctx, b.in("painfulActivities?painfulActivityId="+p.id), body{
			"displayName": p.name, "pain": p.pain, "frequency": "FREQUENCY_" + p.frequency, "targetFrequency": "FREQUENCY_" + p.target,
		}); err != nil {
			return err
		}
	}
	for i, day := range t.lastDays(len(b.hours), time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday) {
		if err := t.post(ctx, b.in("capacityEntries?capacityEntryId="+day), body{
			"availableHours": b.hours[i], "improvementHours": b.improvement[i],
		}); err != nil {
			return err
		}
	}
	var weekdays []string
	for _, day := range b.cadence {
		weekdays = append(weekdays, weekdayName(day))
	}
	return t.patch(ctx, b.in("coachingCadence"), body{"weekdays": weekdays})
}

// coach holds a session on a day; the answers come in the order of the questions.
func (t *teller) coach(ctx context.Context, b board, day string, answers body) error {
	answers["date"] = day
	return t.postAll(ctx,
		step{b.in("coachingSessions?coachingSessionId=" + day), answers},
		step{b.name("coachingSessions", day) + ":hold", body{}},
	)
}
