package problem

import (
	"maps"
	"slices"
	"strings"
)

// reason is what people read about a reason.
type reason struct {
	title, explanation string
}

// Known returns the reasons that have an explanation of their own, sorted.
func Known() []string { return slices.Sorted(maps.Keys(reasons)) }

// Title is the same for all occurrences of a reason.
func Title(name string) string {
	if r, ok := reasons[name]; ok {
		return r.title
	}
	if noun, ok := strings.CutSuffix(name, "_NOT_FOUND"); ok {
		return "There is no such " + words(noun)
	}
	if noun, ok := strings.CutSuffix(name, "_ALREADY_EXISTS"); ok {
		return "There is such a " + words(noun) + " already"
	}
	text := words(name)
	return strings.ToUpper(text[:1]) + text[1:]
}

// Explanation is what to do about a reason.
func Explanation(name string) string {
	if r, ok := reasons[name]; ok {
		return r.explanation
	}
	if strings.HasSuffix(name, "_NOT_FOUND") {
		return "Nothing has this name. Names are case-sensitive paths such as `teams/payments/cycles/2026-w24`; list the collection to see what there is."
	}
	if strings.HasSuffix(name, "_ALREADY_EXISTS") {
		return "Something has this name already. Choose another id, or leave the id out and one is made. To repeat a request safely, send an Idempotency-Key."
	}
	return "The service's `detail` and `violations` say what is wrong and what would be right. Correct the request and send it again."
}

// words is a reason in lower case with spaces.
func words(name string) string {
	text := strings.ToLower(strings.ReplaceAll(name, "_", " "))
	if text == "" {
		return "error"
	}
	return text
}

// reasons is the table behind the pages /docs/errors/{reason}. A reason that is not in it has a page, too: a general one.
var reasons = map[string]reason{
	// Reasons of the gateway itself.
	"BODY_NOT_ALLOWED":             {"This method has no body", "The method takes its values from the path, the query and headers. A body would be ignored, so it is refused instead."},
	"BODY_NOT_UTF8":                {"The body is not UTF-8", "Write the body in UTF-8. Files that a spreadsheet has saved may have to be saved as UTF-8 first."},
	"BODY_TOO_LARGE":               {"The body is too large", "Send less at once. Measurements can be imported in several requests; a point that is there already is left alone."},
	"BODY_UNREADABLE":              {"The body could not be read", "The connection ended before the body was complete. Send the request again, with the same Idempotency-Key."},
	"CONTENT_ENCODING_UNSUPPORTED": {"Compressed bodies are not taken", "Send the body as it is, without Content-Encoding."},
	"CREDENTIAL_INVALID":           {"The credential cannot be used", "Send one header `Authorization: Bearer` with an API token. Tokens are made with `POST /v1/users/{user}/tokens`."},
	"DUPLICATE_FIELD":              {"A field is given twice", "Each field may stand in an object once, under one of its names."},
	"IDEMPOTENCY_KEY_CONFLICT":     {"Two idempotency keys differ", "The header Idempotency-Key and the field `requestId` mean the same. Send one of them."},
	"IDEMPOTENCY_KEY_INVALID":      {"The idempotency key cannot be used", "Send 1 to 255 printable ASCII characters, best a UUID, in quotes or plain."},
	"IDEMPOTENCY_KEY_UNSUPPORTED":  {"This method does not take an idempotency key", "The answer of this method is shown only once, so it is not kept and cannot be given again. Send the request without Idempotency-Key."},
	"IF_MATCH_CONFLICT":            {"Two entity tags differ", "The header If-Match and the field `etag` mean the same. Send one of them."},
	"IF_MATCH_INVALID":             {"If-Match cannot be understood", "Send one entity tag as the header ETag or the field `etag` gave it, in quotes."},
	"IF_MATCH_UNSUPPORTED":         {"This method does not know If-Match", "Nothing is changed here that could have changed before. Send the request without If-Match."},
	"JSON_INVALID":                 {"The body is not valid JSON", "The detail names the line and column where reading stopped."},
	"JSON_NOT_OBJECT":              {"The body is not a JSON object", "Send an object, in braces."},
	"LAST_EVENT_ID_INVALID":        {"Last-Event-ID is not a position of this stream", "Send the id of a frame of `/v1/events` as it came, or none to begin now."},
	"MEDIA_TYPE_UNSUPPORTED":       {"The media type is not taken here", "Send `Content-Type: application/json`. curl sends a form unless it is told otherwise: add `-H 'Content-Type: application/json'`."},
	"METHOD_NOT_ALLOWED":           {"The path does not know this method", "The header Allow names the methods that it knows."},
	"ONEOF_CONFLICT":               {"Two fields exclude each other", "Send one of them."},
	"QUERY_MALFORMED":              {"The query cannot be read", "Write `name=value` with `&` between, and special characters percent-encoded."},
	"QUERY_PARAMETER_INVALID":      {"A query parameter cannot be read", "The detail says what it looks like."},
	"QUERY_PARAMETER_REPEATED":     {"A query parameter is given twice", "Give it once."},
	"REQUEST_UNREADABLE":           {"The request cannot be read", "Compare it with the example at `/docs/api`."},
	"ROUTE_NOT_FOUND":              {"There is nothing at this path", "`/docs/api` lists all paths. A verb stands after a colon: `…/cycles/2026-w24:advance`."},
	"SERVICE_UNREACHABLE":          {"A part of Fortnight cannot be reached", "The request had no effect. Send it again after the seconds that Retry-After names."},
	"TOO_MANY_STREAMS":             {"Too many live streams are open", "Come back after the seconds that Retry-After names. One stream can carry all teams and types."},
	"UNKNOWN_FIELD":                {"The body has an unknown field", "Fields are written in lowerCamelCase, as `/docs/api` shows. An unknown field is refused, because ignoring a misspelt one would lose what it says."},
	"UNKNOWN_QUERY_PARAMETER":      {"The query has an unknown parameter", "Parameters are written in lowerCamelCase, as `/docs/api` shows. Methods whose body is the whole request take none."},
	"VALUE_INVALID":                {"A value does not fit its field", "The detail names the field, what it must be, and where it stands."},

	// Who is calling, and what they may do.
	"ACCESS_DENIED":           {"The caller may not do this", "The role in the team or organisation does not allow it, or there is no such resource: the answer is the same, so that names cannot be guessed."},
	"BOOTSTRAP_DONE":          {"The installation has its first admin", "Bootstrap works once. Ask an admin for an account."},
	"BOOTSTRAP_TOKEN_INVALID": {"The bootstrap token is wrong", "Use the token that the program printed at its last start, or the one in `FORTNIGHT_BOOTSTRAP_TOKEN`."},
	"CALLER_TOKEN_EXPIRED":    {"The caller token has ended", "Send the request again. If it happens often, the clocks of the machines differ."},
	"CALLER_TOKEN_INVALID":    {"The caller token is not valid", "Only the identity service makes caller tokens. Send an API token to the gateway instead."},
	"COACH_NEEDED":            {"Only a coach may do this", "Ask a coach of the team."},
	"PERMISSION_DENIED":       {"The caller may not do this", "The role in the team or organisation does not allow it, or there is no such resource: the answer is the same, so that names cannot be guessed."},
	"TOKEN_INVALID":           {"The token is not valid", "It is unknown, has ended or was revoked. Make a new one with `POST /v1/users/{user}/tokens`."},
	"UNAUTHENTICATED":         {"Sign in first", "Send the header `Authorization: Bearer` with an API token."},
	"LAST_ADMIN":              {"The last admin cannot be taken away", "Make somebody else an admin first."},

	// Shape of a request.
	"FIELD_NOT_UPDATABLE": {"A field cannot be changed", "The mask names a field that this method does not change. The violation lists those that it does."},
	"NOTHING_TO_CHANGE":   {"The request changes nothing", "Set at least one field that can be changed, or name it in `updateMask`."},
	"PAGE_SIZE_INVALID":   {"The page size cannot be used", "Send a number of 0 or more; 0 means the default, and 1,000 is the most."},
	"PAGE_TOKEN_INVALID":  {"The page token cannot be used", "A token belongs to one caller, one list and its filters, and ends after three days. Begin again without a token."},
	"SERVICE_UNKNOWN":     {"There is no such service", "The detail lists the services."},
	"VALIDATION_FAILED":   {"The request does not have the shape that the contract asks for", "Every violation names a field and what it must be."},
	"TIME_ZONE_UNKNOWN":   {"The time zone is not known", "Send a name of the IANA database, such as `Europe/Berlin`."},
	"INVALID_ARGUMENT":    {"The request cannot be understood", "Compare it with the example at `/docs/api`."},

	// Several people at once, and repeats.
	"ABORTED":                {"Somebody else was faster", "Read the resource again and decide anew."},
	"ALREADY_EXISTS":         {"It exists already", "Choose another id, or leave the id out and one is made."},
	"CONCURRENT_CHANGE":      {"Somebody else changed it at the same time", "Read the resource again and decide anew."},
	"ETAG_MISMATCH":          {"The resource was changed since it was read", "Read it again, look at what the others have changed, and send the change with the new entity tag. It is 412 when the tag came by If-Match, and 409 when it came in the body."},
	"IDEMPOTENCY_KEY_REUSED": {"The idempotency key was used for another request", "A key belongs to one request. Make a new one for each new request, and keep it for repeats only."},
	"OUTCOME_UNKNOWN":        {"Whether the change was saved is not known", "Send the request again with the same Idempotency-Key: it acts once at most."},
	"PHASE_MISMATCH":         {"The cycle is in another phase", "Somebody has advanced it meanwhile. Read it again."},
	"PRECONDITION_REQUIRED":  {"Say what you believe the state to be", "A change of state needs the header If-Match, the field `etag`, or the present state in the request, so that two people cannot move it twice."},
	"REQUEST_RUNNING":        {"The same request is being answered", "Send it again after the seconds that Retry-After names; it then gets the first answer."},

	// Rules of the improvement cycle.
	"ACTION_DONE":                     {"The action was completed before", "Nothing is left to do."},
	"ANDON_RESOLVED":                  {"The andon was resolved before", "Raise a new one if the problem is back."},
	"CYCLE_ALREADY_RUNNING":           {"The team has a running cycle", "A team runs one cycle at a time. Finish or cancel it first."},
	"CYCLE_NOT_ACTIVE":                {"The cycle has ended", "Work in the team's running cycle."},
	"CYCLE_NOT_IN_ACT":                {"The cycle is not in its last phase", "A retrospective is opened in ACT. Advance the cycle first, with `:advance`."},
	"CYCLE_NOT_RUNNING":               {"The cycle is not running", "It was finished or cancelled. Start the next one."},
	"EXPERIMENT_ALREADY_RUNNING":      {"The team has a running experiment", "One experiment at a time shows what it has done. Conclude or abandon the running one, or let a coach allow two."},
	"GATE_CRITERIA_UNMET":             {"The gate stays shut", "A phase is left when its criteria are met; `violations` lists all that are missing. `:preview` shows them before. A coach may pass with a written reason, which stays visible."},
	"LEARNING_NOT_PUBLISHED":          {"The learning is a draft", "Publish it first, with `:publish`."},
	"LEARNING_PUBLISHED":              {"The learning was published before", "Nothing is left to do."},
	"LEARNING_RETIRED":                {"The learning was retired", "It stays readable, with the reason. Write a new one if it holds after all."},
	"LEARNING_WITHOUT_CLAIM":          {"The learning claims nothing yet", "Write in the retrospective what was learned."},
	"OBSTACLE_SETTLED":                {"The obstacle was settled before", "Name a new one if it is back."},
	"PLAN_INCOMPLETE":                 {"Questions about the plan are open", "A plan is locked when it says what is changed, which metric goes to which value by when, why, and how sure you are."},
	"PLAN_LOCKED":                     {"The plan is locked", "A locked prediction is never edited. Amend it with `:amend`; both texts stay visible."},
	"PLAN_NOT_LOCKED":                 {"The plan is not locked", "Lock the prediction before the start, with `:lock`."},
	"PLAN_PHASE_OVER":                 {"The PLAN phase is over", "The plan of a cycle changes in PLAN only."},
	"PREDICTION_REQUIRED":             {"A prediction is required before an experiment can start", "Write what you expect, and lock it with `:lock`."},
	"REMINDER_OBSOLETE":               {"The reminder is no longer due", "What it was about is done."},
	"RETROSPECTIVE_CLOSED":            {"The retrospective is closed", "Nothing in it is rewritten."},
	"RETROSPECTIVE_INCOMPLETE":        {"The retrospective cannot be closed yet", "`violations` lists what is missing."},
	"STAGE_MISMATCH":                  {"The retrospective is in another stage", "Move it first, with `:move`."},
	"TARGET_CONDITION_ALREADY_ACTIVE": {"The team has an active target condition", "One at a time. Close it first, with `:close`."},
	"TARGET_CONDITION_NOT_ACTIVE":     {"The target condition is closed", "Write the next one."},
	"TOO_MANY_ACTIONS":                {"Too many actions", "A retrospective agrees on a few actions, so that they get done. Choose."},

	// The server's own trouble.
	"DATABASE_BUSY":      {"The database is busy", "Nothing was saved. Send the request again after the seconds that Retry-After names."},
	"DEADLINE_EXCEEDED":  {"The answer took too long", "Whether the request had an effect is not known. Repeat it with the same Idempotency-Key."},
	"DISK_FULL":          {"The disk is full", "Nothing was saved; reading still works. The operator has to make room, then it goes on by itself."},
	"INTERNAL":           {"Something went wrong in Fortnight", "It is not the client's fault. Tell the operator the request id, which is in `instance` and in the header X-Request-Id."},
	"RESOURCE_EXHAUSTED": {"Too much at once", "Send the request again after the seconds that Retry-After names, or ask for less at once."},
	"SERVER_STOPPING":    {"The server is stopping", "Send the request again after the seconds that Retry-After names."},
	"SHUTTING_DOWN":      {"The server is stopping", "Send the request again after the seconds that Retry-After names."},
	"STORAGE_FAILED":     {"The disk refused to read or write", "Nothing was saved. The operator has to look at the disk."},
	"UNAVAILABLE":        {"A part of Fortnight cannot be reached", "Send the request again after the seconds that Retry-After names."},
	"UNIMPLEMENTED":      {"This server cannot do that", "It may be an older version, or a part that is not started here."},
	"UNKNOWN":            {"Something went wrong in Fortnight", "It is not the client's fault. Tell the operator the request id, which is in `instance` and in the header X-Request-Id."},
}
