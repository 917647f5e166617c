package main

// kind is what the checker knows of one kind of write.
type kind struct {
	// service owns the resource; event is the name of the one event that the write causes.
	service, event string
	// creates tells that the resource begins with this write; list, when it can be read only as part of a list, is that
	// list's field in the answer.
	creates bool
	list    string
}

var kinds = map[string]kind{
	"user":                 {service: "identity", event: "UserCreated", creates: true},
	"team":                 {service: "identity", event: "TeamCreated", creates: true},
	"member":               {service: "identity", event: "MemberAdded", creates: true},
	"challenge":            {service: "cycle", event: "ChallengeCreated", creates: true},
	"targetCondition":      {service: "cycle", event: "TargetConditionCreated", creates: true},
	"closeTargetCondition": {service: "cycle", event: "TargetConditionClosed"},
	"obstacle":             {service: "cycle", event: "ObstacleParked", creates: true},
	"makeCurrent":          {service: "cycle", event: "ObstacleMadeCurrent"},
	"escalate":             {service: "cycle", event: "ObstacleEscalated"},
	"cycle":                {service: "cycle", event: "CycleStarted", creates: true},
	"advance":              {service: "cycle", event: "CycleAdvanced"},
	"finish":               {service: "cycle", event: "CycleFinished"},
	"andon":                {service: "cycle", event: "AndonRaised", creates: true, list: "andons"},
	"resolveAndon":         {service: "cycle", event: "AndonResolved"},
	"metric":               {service: "experiment", event: "MetricCreated", creates: true},
	"import":               {service: "experiment", event: "MeasurementsRecorded"},
	"experiment":           {service: "experiment", event: "ExperimentDrafted", creates: true},
	"lock":                 {service: "experiment", event: "ExperimentLocked"},
	"amend":                {service: "experiment", event: "ExperimentAmended"},
	"startExperiment":      {service: "experiment", event: "ExperimentStarted"},
	"conclude":             {service: "experiment", event: "ExperimentConcluded"},
	"abandon":              {service: "experiment", event: "ExperimentAbandoned"},
	"retrospective":        {service: "retrospective", event: "RetrospectiveOpened", creates: true},
	"moveRetrospective":    {service: "retrospective", event: "RetrospectiveMoved"},
	"decide":               {service: "retrospective", event: "RetrospectiveDecided"},
	"closeRetrospective":   {service: "retrospective", event: "RetrospectiveClosed"},
	"note":                 {service: "retrospective", event: "NoteWritten", creates: true, list: "notes"},
	"theme":                {service: "retrospective", event: "ThemeChanged", creates: true, list: "themes"},
	"action":               {service: "retrospective", event: "ActionProposed", creates: true, list: "actions"},
	"completeAction":       {service: "retrospective", event: "ActionCompleted"},
}

// sideEffect tells whether an event was caused by a write to another resource, by a consumer, or before the load began.
func sideEffect(e event) bool {
	switch e.name() {
	case "ObstacleParked": // again, because another one was made current
		return e.Version > 1
	case "UserCreated": // the first admin
		return e.Aggregate == "users/admin"
	case "CycleDrafted", "ObstacleOutlastedCycle", "ObstacleStuck", // because a cycle finished
		"HoldChecksScheduled", "TokenCreated", "ReminderScheduled", "ReminderObsoleted":
		return true
	}
	return false
}
