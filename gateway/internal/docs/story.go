package docs

import (
	"regexp"
	"strconv"
	"time"
)

// samples are the values of the variables in paths: what the demo has.
var samples = map[string]string{
	"team": "payments", "user": "mina", "member": "jonas", "cycle": "second", "experiment": "small-changes", "metric": "review-wait",
	"challenge": "direction", "targetCondition": "next", "obstacle": "large-changes", "andon": "broken-build", "learning": "payments-review-rota-038a6b6e",
	"revision": "1", "offer": "mobile-bigger-machines-8c1c715c",
	"reminder": "gate", "token": "laptop", "session": "browser", "account": "work", "action": "write-it-down", "note": "whose-day", "theme": "whose-turn",
	"goodDay":     "day+0",
	"valueStream": "change-to-customer", "version": "1", "painfulActivity": "restore",
	"coachingSession": "day+0", "capacityEntry": "day+0", "baseline": "first", "deliverySource": "pipeline",
}

// bodies are the request bodies of the examples, by operation. They tell the demo's story; `day+N` is the day in N days. An
// operation without one gets an example made from its schema.
var bodies = map[string]string{ //nolint:gosec // the tokens are examples, cut short
	"Bootstrap":   `{"bootstrapToken": "fnb_…", "userId": "mina", "displayName": "Mina"}`,
	"CreateUser":  `{"displayName": "Jonas", "email": "jonas@example.com"}`,
	"UpdateUser":  `{"displayName": "Mina", "organizationRoles": ["ORGANIZATION_ROLE_ADMIN"]}`,
	"CreateTeam":  `{"displayName": "Payments", "timeZone": "Europe/Berlin", "improvementCapacityPercent": 15}`,
	"UpdateTeam":  `{"improvementCapacityPercent": 20}`,
	"CreateToken": `{"displayName": "Laptop", "scopes": ["write"]}`,
	"RevokeToken": `{}`,

	"CreateToken2":     `{"displayName": "Slack bot"}`,
	"RevokeToken2":     `{}`,
	"DeactivateUser":   `{}`,
	"ReactivateUser":   `{}`,
	"DeactivateTeam":   `{}`,
	"ReactivateTeam":   `{}`,
	"UpdateMember":     `{"role": "TEAM_ROLE_COACH"}`,
	"CreateSignInLink": `{"returnTo": "/"}`,
	"RevokeSession":    `{}`,
	"CreateAccount":    `{"issuer": "https://id.example.com", "subject": "248289761001"}`,
	"ImportDirectory":  `{"format": "DIRECTORY_FORMAT_CSV", "content": "team,user,role\npayments,jonas,member\n", "validateOnly": true}`,

	"CreateMember":          `{"user": "users/jonas", "role": "TEAM_ROLE_MEMBER"}`,
	"CreateChallenge":       `{"statement": "A change is with its users on the day that it is finished", "horizonDate": "day+540", "owner": "users/sofia"}`,
	"UpdateChallenge":       `{"statement": "A change is with its users on the day that it is finished, every working day"}`,
	"CloseChallenge":        `{"state": "CHALLENGE_STATE_MET", "reason": "For three months every change was with its users on the day that it was finished"}`,
	"CreateTargetCondition": `{"challenge": "teams/payments/challenges/direction", "achieveByDate": "day+60", "outcomeMetric": "teams/payments/metrics/review-wait", "outcomeValue": 4, "operatingPattern": "Two people look at the review queue at nine and at two", "processMetric": "teams/payments/metrics/queue-looks"}`,
	"UpdateTargetCondition": `{"achieveByDate": "day+45", "operatingPattern": "Two people look at the review queue at nine, at noon and at three"}`,
	"CloseTargetCondition":  `{"state": "TARGET_CONDITION_STATE_ACHIEVED", "reason": "For three weeks no change waited longer than four hours"}`,
	"CreateObstacle":        `{"description": "Large changes are put off until the afternoon"}`,
	"UpdateObstacle":        `{"description": "Changes of more than 200 lines are put off until the afternoon"}`,
	"MoveObstacle":          `{"after": "teams/payments/obstacles/two-systems"}`,
	"MakeObstacleCurrent":   `{"insteadOf": "teams/payments/obstacles/nobody-owns-the-queue", "reason": "The queue has an owner now; what still waits are the large changes"}`,
	"SettleObstacle":        `{"state": "OBSTACLE_STATE_OVERCOME", "reason": "The queue has had an owner each day for three weeks"}`,
	"EscalateObstacle":      `{"owner": "users/sofia", "reason": "The licences of the build machines are not ours to buy", "answerByDate": "day+10"}`,
	"AnswerEscalation":      `{"answer": "Four more licences are ordered and will be there on Monday", "state": "OBSTACLE_STATE_PARKED"}`,
	"LinkObstacle":          `{"sameAs": "teams/platform/obstacles/queue-without-owner"}`,
	"UnlinkObstacle":        `{}`,
	"CreateCycle": `{"displayName": "Smaller changes", "startDate": "day+0",
  "currentCondition": {"metric": "teams/payments/metrics/review-wait", "baselineValue": 4.5, "baselineDate": "day+0"},
  "valueStreamFocus": {"step": "Review", "valueStream": "teams/payments/valueStreams/change-to-customer"}}`,
	"UpdateCycle":  `{"displayName": "Smaller changes"}`,
	"StartCycle":   `{"startDate": "day+0"}`,
	"AdvanceCycle": `{"phase": "PHASE_DO"}`,
	"ExtendCycle":  `{"endDate": "day+12", "reason": "The office was closed for two days by the flood"}`,
	"CancelCycle":  `{"reason": "Half the team is on loan until summer"}`,
	"CreateAndon":  `{"problem": "The build is red and nobody knows why", "where": "main"}`,
	"CreateAndon2": `{"problem": "The build is red and nobody knows why", "where": "main"}`,
	"ResolveAndon": `{"countermeasure": "The flaky test was taken out; it is quarantined until Friday"}`,

	"CreateValueStream": `{"displayName": "From idea to customer", "steps": [
  {"name": "Intake", "processMinutes": 60, "waitMinutes": 2400, "completeAccuratePercent": 100},
  {"name": "Development", "processMinutes": 480, "waitMinutes": 960, "completeAccuratePercent": 100},
  {"name": "Review", "processMinutes": 60, "waitMinutes": 2880, "completeAccuratePercent": 80, "rejectsReturnTo": "Development", "queueLength": 9}]}`,
	"UpdateValueStream":     `{"displayName": "From idea to customer, without hotfixes"}`,
	"ConfirmConstraint":     `{"step": "Review"}`,
	"CreatePainfulActivity": `{"displayName": "Restore the database from the backup", "pain": 5, "frequency": "FREQUENCY_YEARLY", "targetFrequency": "FREQUENCY_WEEKLY"}`,
	"UpdatePainfulActivity": `{"targetFrequency": "FREQUENCY_DAILY"}`,
	"ScorePainfulActivity":  `{"pain": 4, "frequency": "FREQUENCY_QUARTERLY", "note": "The steps are in a script now"}`,

	"CreateCoachingSession": `{"coach": "users/mina", "learner": "users/jonas", "targetConditionAnswer": "A change waits four hours for its review"}`,
	"UpdateCoachingSession": `{"actualConditionAnswer": "It waits nine hours"}`,
	"HoldCoachingSession":   `{}`,
	"UpdateCoachingCadence": `{"weekdays": ["WEEKDAY_MONDAY", "WEEKDAY_THURSDAY"]}`,
	"CreateCapacityEntry":   `{"availableHours": 42, "improvementHours": 6, "note": "Two people took the flaky tests apart"}`,
	"UpdateCapacityEntry":   `{"improvementHours": 7}`,

	"CreateMetric": `{"displayName": "Wait for review", "unit": "h", "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_PROCESS",
  "readingRhythm": "READING_RHYTHM_WORKING_DAILY", "source": "Script over the pull requests", "floorAtZero": true}`,
	"CreateMetric2": `{"displayName": "Age of the oldest ticket", "unit": "d", "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_OUTCOME",
  "readingRhythm": "READING_RHYTHM_WEEKLY", "floorAtZero": true}`,
	"UpdateMetric":        `{"source": "Nightly job of the platform team"}`,
	"UpdateMetric2":       `{"displayName": "Age of the oldest open ticket"}`,
	"CreateMeasurement":   `{"time": "day+0T00:00:00Z", "value": 4.2}`,
	"CreateMeasurement2":  `{"time": "day+0T00:00:00Z", "value": 31}`,
	"CorrectMeasurement":  `{"time": "day+0T00:00:00Z", "valueBefore": 4.2, "value": 2.4, "reason": "Two digits were swapped"}`,
	"CorrectMeasurement2": `{"time": "day+0T00:00:00Z", "valueBefore": 31, "value": 13, "reason": "Two digits were swapped"}`,
	"ImportMeasurements":  `{"measurements": [{"time": "day+0T00:00:00Z", "value": 4.2}], "mode": "IMPORT_MODE_ALL_OR_NOTHING"}`,
	"ImportMeasurements2": `{"measurements": [{"time": "day+0T00:00:00Z", "value": 31, "sourceKey": "week 24"}]}`,
	"CreateBaseline":      `{"window": {"firstPoints": 12}, "decision": {"reason": "The twelve working days before the reviewer of the day"}}`,
	"CreateBaseline2": `{"startTime": "day+0T00:00:00Z", "window": {"firstTime": "2026-06-01T00:00:00Z", "lastTime": "2026-06-30T23:59:59Z"},
  "decision": {"reason": "Since June the service desk answers in the evening, too"}}`,
	"CreateExperiment": `{"displayName": "Changes below 200 lines", "obstacle": "teams/payments/obstacles/large-changes",
  "prediction": {"change": "changes above 200 lines are split before they are shown", "metric": "teams/payments/metrics/review-wait",
    "baselineValue": 4.5, "expectedValue": 3, "byDate": "day+10", "reason": "a small change is read between two meetings", "confidencePercent": 55,
    "falsification": "Split changes wait as long as whole ones did"},
  "safeToFail": "It can be undone the same day"}`,
	"UpdateExperiment": `{"safeToFail": "One team, one repository, two weeks"}`,
	"LockExperiment":   `{}`,
	"AmendExperiment": `{"text": "The holiday on Thursday takes a day from us",
  "changes": [{"field": "PLAN_FIELD_BY_DATE", "after": "day+11"}]}`,
	"StartExperiment":    `{}`,
	"ConcludeExperiment": `{"happened": "The wait fell below four hours", "learned": "Small changes are read at once"}`,
	"AbandonExperiment":  `{"reason": "The repository moved to another team"}`,
	"ImportJournal": `{"chaoslib-version": "1.44.0", "status": "completed", "deviated": false, "start": "day+0T10:00:00Z", "end": "day+0T10:04:00Z", "duration": 240,
  "experiment": {"title": "One database replica is lost", "steady-state-hypothesis": {"title": "Payments are taken", "probes": []}, "method": []},
  "steady_states": {"before": {"steady_state_met": true, "probes": []}, "after": {"steady_state_met": true, "probes": []}}, "run": [], "rollbacks": []}`,
	"JudgeHoldCheck":       `{"weeks": 2}`,
	"CreateDeliverySource": `{"service": "checkout", "environments": ["production"], "format": "DELIVERY_FORMAT_PLAIN"}`,
	"RotateDeliverySecret": `{}`,

	"OpenRetrospective":     `{"anonymous": true, "facilitator": "users/ravi"}`,
	"MoveRetrospective":     `{"stage": "STAGE_GROUP", "currentStage": "STAGE_COLLECT"}`,
	"HandOverRetrospective": `{"facilitator": "users/jonas"}`,
	"AmendRetrospective":    `{"text": "The rota was on the wall a week later than we had agreed; nobody had a printer"}`,
	"RefetchFacts":          `{}`,
	"CreateNote":            `{"prompt": "PROMPT_HELPED", "text": "Knowing whose day it is"}`,
	"UpdateNote":            `{"prompt": "PROMPT_HELPED", "text": "Knowing whose day it is, also at noon", "secret": "NB2H…"}`,
	"WithdrawNote":          `{"secret": "NB2H…"}`,
	"CreateTheme":           `{"title": "Whose turn it is", "notes": ["teams/payments/cycles/second/retrospective/notes/whose-day"]}`,
	"UpdateTheme":           `{"title": "Whose turn it is to look"}`,
	"MergeTheme":            `{"other": "teams/payments/cycles/second/retrospective/themes/mornings"}`,
	"SplitTheme":            `{"title": "The queue at noon", "notes": ["teams/payments/cycles/second/retrospective/notes/noon"]}`,
	"CastVotes":             `{"themes": ["teams/payments/cycles/second/retrospective/themes/whose-turn", "teams/payments/cycles/second/retrospective/themes/whose-turn"]}`,
	"CreateAction":          `{"text": "Write the rota into the team's handbook", "owner": "users/jonas", "dueDate": "day+3", "expectedEffect": "New people own a day in their first week"}`,
	"UpdateAction":          `{"dueDate": "day+5", "metric": "teams/payments/metrics/queue-looks"}`,
	"CompleteAction":        `{"effect": "ACTION_EFFECT_WORKED", "result": "It is in the handbook; Lea owned her first day on Monday"}`,
	"DropAction":            `{"reason": "The handbook is rewritten by another team this month"}`,
	"MakeObstacle":          `{}`,
	"DraftExperiment":       `{"cycle": "teams/payments/cycles/second"}`,
	"DecideRetrospective": `{"decision": {"experiment": "teams/payments/cycles/second/experiments/small-changes",
  "kind": "DECISION_KIND_ADOPT", "text": "Changes above 200 lines are split"}}`,
	"CloseRetrospective": `{"learnings": [{"experiment": "teams/payments/cycles/second/experiments/small-changes",
    "claim": "Changes below 200 lines are read the same morning", "situation": "A team of seven", "tags": ["code-review"]}],
  "boldestExperiment": "teams/payments/cycles/second/experiments/small-changes"}`,
	"UpdateRetrospectiveSettings": `{"anonymous": true, "votesPerMember": 5, "stageHours": [{"stage": "STAGE_COLLECT", "hours": 48}], "moveByTime": true,
  "causes": ["focus-time", "interruptions", "meetings", "waiting"]}`,
	"TapDay": `{"mood": "MOOD_BAD", "cause": "interruptions", "note": "Three calls about the same invoice"}`,

	"CreateLearning": `{"team": "teams/payments", "claim": "A list of what may wait makes the first answer come sooner",
  "situation": "Two of us answer the service desk beside their other work.", "context": {"process": "service desk", "constraintType": "waiting", "teamSize": 7},
  "tags": ["service-desk"], "tried": "- every question gets a tag\n- what may wait is answered after lunch", "mayNotHold": "Where every question is urgent.",
  "howToTry": "Tag the questions of one week before you change anything."}`,
	"UpdateLearning":   `{"mayNotHold": "Where the desk is a team of its own."}`,
	"PublishLearning":  `{}`,
	"ReviewLearning":   `{"text": "Looked at again after half a year: the wait is where it was", "reviewByDate": "day+180"}`,
	"RetireLearning":   `{"reason": "Reviews are done in pairs now"}`,
	"SpeakAsAssistant": `{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search_learnings", "arguments": {"query": "review"}}}`,
	"CreateOffer":      `{"learning": "learnings/mobile-bigger-machines-8c1c715c"}`,
	"AnswerOffer":      `{"answer": "ANSWER_ADAPT", "text": "We try it with two reviewers, because we pair"}`,
	"UpdateKnowledgeSettings": `{"publishRule": "PUBLISH_RULE_BY_HAND", "context": {"process": "code review", "constraintType": "waiting", "teamSize": 7, "stack": ["go"]},
  "followedTags": ["code-review"], "mutedTags": ["mobile"]}`,
	"UpdateOfferRules": `{"similarity": 0.25, "maxOpenOffers": 2, "answerDays": 21}`,

	"AcknowledgeReminder":    `{}`,
	"ReplayQuarantinedEvent": `{"service": "knowledge", "source": "cycle", "sequence": "42"}`,
}

// files are what is sent where a file is.
var files = map[string]string{"ImportLearnings": "learnings.zip", "ImportBoard": "payments.zip"}

// choices are queries of calls that need one of several parameters.
var choices = map[string]string{"SuggestLearnings": "text=Nobody%20owns%20the%20review%20queue"}

// queries are the values of required query parameters.
var queries = map[string]string{"query": "code%20review%20wait", "service": "knowledge", "fromVersion": "1", "time": "2026-06-01T09:00:00Z"}

var dayPlaceholder = regexp.MustCompile(`day\+(\d+)`)

// dated puts days in the place of `day+N`, so that an example does not lie in the past.
func dated(text string, now time.Time) string {
	return dayPlaceholder.ReplaceAllStringFunc(text, func(placeholder string) string {
		days, err := strconv.Atoi(placeholder[len("day+"):])
		if err != nil { // the pattern lets digits through only
			return placeholder
		}
		return now.UTC().AddDate(0, 0, days).Format(time.DateOnly)
	})
}
