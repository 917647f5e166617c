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
	"CREDENTIAL_INVALID":           {"The credential cannot be used", "Send one header `Authorization: Bearer` with an API token. Tokens are made with `POST /v1/users/{user}/tokens`. In a browser, sign in again."},
	"CSRF_REFUSED":                 {"The request may have been made by another site", "A browser sends the cookie of its session by itself, so a request that changes something must also prove that a page of Fortnight has made it: by the header X-Fortnight-Csrf, or by the form of the page itself. Open the page again and try there. Programs send a token instead of a session."},
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
	"RATE_LIMITED":                 {"Too many requests", "Send the request again after the seconds that Retry-After names. Ask for larger pages, and follow the live stream instead of asking again and again."},
	"REQUEST_UNREADABLE":           {"The request cannot be read", "Compare it with the example at `/docs/api`."},
	"ROUTE_NOT_FOUND":              {"There is nothing at this path", "`/docs/api` lists all paths. A verb stands after a colon: `…/cycles/2026-w24:advance`."},
	"SERVICE_UNREACHABLE":          {"A part of Fortnight cannot be reached", "The request had no effect. Send it again after the seconds that Retry-After names."},
	"TOO_MANY_EXPORTS":             {"Too many exports run at once", "Come back after the seconds that Retry-After names. A filter by time makes an export short."},
	"SIGN_IN_THROTTLED":            {"Too many credentials were refused", "Too much that came from this network address was no good. Wait for the seconds that Retry-After names. Tokens and sessions that were good before go on working meanwhile."},
	"SIGN_IN_UNREADABLE":           {"This is no sign-in that Fortnight has begun", "The address may have been cut off, or is another installation's. Begin again at `/sign-in`."},
	"STREAMS_PER_CALLER":           {"This caller has too many live streams open", "Close those that nobody reads, or come back after the seconds that Retry-After names. One stream can carry all teams and types."},
	"TOO_MANY_STREAMS":             {"Too many live streams are open", "Come back after the seconds that Retry-After names. One stream can carry all teams and types."},
	"UNKNOWN_FIELD":                {"The body has an unknown field", "Fields are written in lowerCamelCase, as `/docs/api` shows. An unknown field is refused, because ignoring a misspelt one would lose what it says."},
	"UNKNOWN_QUERY_PARAMETER":      {"The query has an unknown parameter", "Parameters are written in lowerCamelCase, as `/docs/api` shows. Methods whose body is the whole request take none."},
	"VALUE_INVALID":                {"A value does not fit its field", "The detail names the field, what it must be, and where it stands."},

	// The audit log.
	"AUDIT_EVENT_INVALID":       {"An audit event is not one", "Only the services of the installation hand audit events over; the operator finds the one that was refused in the log."},
	"AUDIT_RETENTION_TOO_SHORT": {"The audit log would be kept too briefly", "Set FORTNIGHT_AUDIT_RETENTION to 720h (30 days) or more, or to 0 to keep the log for ever."},

	// Signing in.
	"ACCOUNT_ALREADY_EXISTS":       {"The account is tied to a user already", "An account at the provider belongs to one user. An admin finds whose it is in the audit log and unties it with `DELETE /v1/users/{user}/accounts/{account}`."},
	"ACCOUNT_SUBJECT_INVALID":      {"This is no subject", "Give the claim `sub` of the provider exactly as it is; the provider's administration shows it, often as the user's id."},
	"GROUP_MAPPING_INVALID":        {"The mapping of groups cannot be read", "Write `group=admin`, `group=manager` or `group=team:member`, `:coach`, `:viewer`, separated by commas; a group with a comma or an equals sign in its name stands in double quotes."},
	"ISSUER_INVALID":               {"This is no issuer", "Give the provider's address exactly as its discovery document has it under `issuer`, with https and without a query. Http is for a provider on the same machine."},
	"OIDC_CLIENT_ID_MISSING":       {"The client id is missing", "Register this installation at the OpenID provider and set FORTNIGHT_OIDC_CLIENT_ID to the id that it was given."},
	"SESSION_IDLE_TOO_SHORT":       {"Sessions would end too soon", "Set FORTNIGHT_SESSION_IDLE to 2 minutes or more."},
	"SESSION_INVALID":              {"The session is over", "Sign in again. A session ends when it is not used for a time, at its latest end, by sign-out, when somebody ends it, and when its user is deactivated."},
	"SESSION_LIFETIME_TOO_SHORT":   {"Sessions would end too soon", "FORTNIGHT_SESSION_LIFETIME must not be shorter than FORTNIGHT_SESSION_IDLE."},
	"SIGN_IN_LINK_INVALID":         {"The sign-in link does not work", "It is unknown, was used, or is older than 15 minutes. Ask an admin for a new one, or run `fortnight sign-in-link USER` on the machine."},
	"SIGN_IN_NOT_ALLOWED":          {"You may not sign in here", "The provider knows you and this installation does not let you in. Ask an admin of this installation."},
	"SIGN_IN_PROVIDER_NOT_SET_UP":  {"No OpenID provider is set up", "Sign in with a link. The operator sets a provider up with FORTNIGHT_OIDC_ISSUER and what belongs to it."},
	"SIGN_IN_PROVIDER_REFUSED":     {"The provider did not complete the sign-in", "Begin again. If it stays so, the operator finds the provider's error code in the log: often the redirect URI or the client secret is not the registered one."},
	"SIGN_IN_PROVIDER_UNAVAILABLE": {"The provider cannot be reached", "Try again in a moment. Sign-in links work without the provider."},
	"SIGN_IN_REDIRECT_URI_INVALID": {"The address to come back to is no address", "It is the whole address of this installation's page, as it is registered at the provider."},
	"SIGN_IN_RETURN_TO_INVALID":    {"The page to return to is not one of this installation", "Give a path that begins with one slash, without a host, a backslash or control characters."},
	"SIGN_IN_STATE_INVALID":        {"This sign-in cannot be completed", "It was not begun in this browser, was completed before, or took longer than 10 minutes. Begin again, and let the browser keep cookies."},
	"SIGN_IN_TOKEN_INVALID":        {"What the provider says could not be verified", "Begin again. If it stays so, the operator finds in the log which check failed: the issuer, the audience, the signature, the nonce or the times."},

	// Who is calling, and what they may do.
	"ACCESS_DENIED":           {"The caller may not do this", "The role in the team or organisation does not allow it, or there is no such resource: the answer is the same, so that names cannot be guessed."},
	"BOOTSTRAP_DONE":          {"The installation has its first admin", "Bootstrap works once. Ask an admin for an account."},
	"BOOTSTRAP_TOKEN_INVALID": {"The bootstrap token is wrong", "Use the token that the program printed at its last start, or the one in `FORTNIGHT_BOOTSTRAP_TOKEN`."},
	"CALLER_TOKEN_EXPIRED":    {"The caller token has ended", "Send the request again. If it happens often, the clocks of the machines differ."},
	"CALLER_TOKEN_INVALID":    {"The caller token is not valid", "Only the identity service makes caller tokens. Send an API token to the gateway instead."},
	"CALLER_TOO_MANY_TEAMS":   {"You are in too many teams", "What a call carries has room for a few hundred teams of one user. Let an admin take you out of those that you have left, or use a manager's role to read them."},
	"COACH_NEEDED":            {"Only a coach may do this", "Ask a coach of the team."},
	"PERMISSION_DENIED":       {"The caller may not do this", "The role in the team or organisation does not allow it, or there is no such resource: the answer is the same, so that names cannot be guessed."},
	"TOKEN_INVALID":           {"The token is not valid", "It is unknown, has ended or was revoked, or whom it belongs to was deactivated. Make a new one with `POST /v1/users/{user}/tokens`."},
	"UNAUTHENTICATED":         {"Sign in first", "Send the header `Authorization: Bearer` with an API token. People sign in at `/sign-in`."},
	"LAST_ADMIN":              {"The last admin cannot be taken away", "Make somebody else an admin first."},

	// Imports and provisioning files.
	"API_VERSION_UNKNOWN":          {"The entity has a version that is not read", "Imports read `backstage.io/v1alpha1` and `backstage.io/v1beta1`."},
	"COLUMN_COUNT":                 {"A line has too many or too few fields", "Put a field that holds a comma into double quotes."},
	"COLUMN_MISSING":               {"A column is missing", "Columns of a file of people are team, team_display_name, time_zone, user, display_name, email and role; `team` or `user` must be there, with both also `role`."},
	"COLUMN_TWICE":                 {"A column is there twice", "Leave one of them out."},
	"COLUMN_UNKNOWN":               {"There is no such column", "Columns of a file of people are team, team_display_name, time_zone, user, display_name, email and role, separated by commas."},
	"CSV_SYNTAX":                   {"The file is not CSV", "Put a field that holds a quote, a comma or a line break into double quotes, and double the quotes within it."},
	"DIRECTORY_EMPTY":              {"The file holds nobody", "Check that it is the right file; of a Backstage catalogue, that the types of its groups are those that are teams."},
	"DIRECTORY_ID_TAKEN":           {"Two entities would get one id", "Give one of them an id of its own with the annotation `fortnight.dev/id`."},
	"DIRECTORY_REFERENCE_UNKNOWN":  {"The file refers to what is not there", "Add the team or user to the file, or leave the reference out."},
	"DIRECTORY_TOO_LARGE":          {"The file is too large for one import", "An import takes 1 MiB and 2,000 teams, users and memberships. Split the file by team."},
	"EMAIL_INVALID":                {"This is no e-mail address", "Write an address such as `mina@example.com`, or leave it out."},
	"ENTITY_NAME_INVALID":          {"This is no name of an entity", "Names and namespaces hold letters, digits, hyphens, dots and underscores, 63 at most."},
	"ENTITY_TWICE":                 {"An entity is in the file twice", "Leave one of them out."},
	"FIELD_MISSING":                {"A field is missing", "Write the field that the problem names."},
	"FIELD_TWICE":                  {"A field is there twice", "Leave one of them out."},
	"FIELD_UNKNOWN":                {"There is no such field", "The problem lists the fields that there are."},
	"LINES_CONFLICT":               {"Two lines say different things", "Say it once, or alike in all lines."},
	"PROVISIONING_FILE_INVALID":    {"The provisioning file is wrong", "Nothing was changed. Mend the lines that the message names and start the program again."},
	"PROVISIONING_FILE_UNREADABLE": {"The provisioning file cannot be read", "FORTNIGHT_PROVISIONING_FILE names it; the program needs leave to read it."},
	"PROVISIONING_LEAVES_NO_ADMIN": {"The provisioning file would leave no admin", "Give a user of the file the organisation role `admin`, or make somebody else an admin first."},
	"REFERENCE_INVALID":            {"This is no reference to an entity", "Write `[kind:][namespace/]name`, such as `group:default/payments`."},
	"ROLE_MISSING":                 {"The role is missing", "Say what the user is in the team: member, coach or viewer."},
	"ROLE_UNKNOWN":                 {"There is no such role", "Roles in a team are member, coach and viewer; in the organisation admin and manager."},
	"ROLE_WITHOUT_TEAM":            {"A role needs a team and a user", "Name both in the line, or leave the role out."},
	"TEAM_MISSING":                 {"The line does not say which team", "Fill the column `team`."},
	"USER_MISSING":                 {"The line does not say which user", "Fill the column `user`."},
	"VALUE_KIND":                   {"The value has another form than is wanted", "The problem says what it should be."},
	"YAML_ALIAS":                   {"Aliases are not read here", "Write the value out."},
	"YAML_SYNTAX":                  {"The file is not YAML", "The problem says in which line the parser gave up."},

	// Shape of a request.
	"DISPLAY_NAME_EMPTY":       {"The display name is empty", "Send a name with at least one visible character."},
	"DISPLAY_NAME_TOO_LONG":    {"The display name is too long", "Send a name of 120 characters at most."},
	"HOLIDAYS_TOO_MANY":        {"There are too many holidays", "A team keeps 366 holidays at most. Leave out those that are over."},
	"HOLIDAY_DATE_INVALID":     {"A holiday is not a day of the calendar", "Send a date that there is, such as `2026-12-25`."},
	"HOLIDAY_TWICE":            {"A day is a holiday twice", "Name each day once."},
	"MEMBER_FROM_GROUP":        {"The role comes from a group", "A group at the OpenID provider gives this membership, and every sign-in decides it anew. Change the group there or what it gives here; or take the member out of both and add the member by hand."},
	"PROVISIONED":              {"A provisioning file keeps this", "What a provisioning file names is changed in that file only; the metadata `file` names it. Change it there and start the program again."},
	"SECRET_MALFORMED":         {"The secret only looks like a token", "A secret that begins with `fn_` must be one that this program made, complete. Copy all of it, or choose one that begins otherwise."},
	"TEAM_DEACTIVATED":         {"The team is deactivated", "An admin can let it work again: `POST /v1/teams/{team}:reactivate`."},
	"TOKEN_SCOPE_ADMIN":        {"The scope admin is given by admins only", "Leave admin out, or ask an admin. An admin who uses a token needs one that has the scope admin itself."},
	"TOKEN_SCOPE_FOR_BOTS":     {"The scope is for the tokens of a team", "Create the token with `POST /v1/teams/{team}/tokens`, or give it another scope."},
	"TOKEN_SCOPE_NOT_FOR_BOTS": {"A token of a team has one scope", "Leave scopes out: the token reads and writes as a member of its team. For anything else give a user a token."},
	"TOKEN_SCOPE_UNKNOWN":      {"There is no such scope", "The scopes are `read`, `write`, `admin` and `mcp`; a team's token has `bot:<team>`."},
	"TOKEN_SECRET_TAKEN":       {"Two tokens cannot have one secret", "Make a secret for each token."},
	"USER_DEACTIVATED":         {"The user is deactivated", "An admin can let the user in again: `POST /v1/users/{user}:reactivate`."},
	"WEEKDAY_UNKNOWN":          {"There is no such day of the week", "Send the days as `WEEKDAY_MONDAY` to `WEEKDAY_SUNDAY`."},
	"FIELD_NOT_UPDATABLE":      {"A field cannot be changed", "The mask names a field that this method does not change. The violation lists those that it does."},
	"NOTHING_TO_CHANGE":        {"The request changes nothing", "Set at least one field that can be changed, or name it in `updateMask`."},
	"PAGE_SIZE_INVALID":        {"The page size cannot be used", "Send a number of 0 or more; 0 means the default, and 1,000 is the most."},
	"PAGE_TOKEN_INVALID":       {"The page token cannot be used", "A token belongs to one caller, one list and its filters, and ends after three days. Begin again without a token."},
	"SERVICE_UNKNOWN":          {"There is no such service", "The detail lists the services."},
	"VALIDATION_FAILED":        {"The request does not have the shape that the contract asks for", "Every violation names a field and what it must be."},
	"TIME_ZONE_UNKNOWN":        {"The time zone is not known", "Send a name of the IANA database, such as `Europe/Berlin`."},
	"INVALID_ARGUMENT":         {"The request cannot be understood", "Compare it with the example at `/docs/api`."},

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
	"PLAN_INCOMPLETE":                 {"Questions about the plan are open", "A plan is locked when it says what is changed, which metric goes to which value by when, why, what would prove it wrong, and how sure you are. `violations` asks for all that is missing."},
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

	// The storyboard: challenge, target condition, obstacles, the days of a cycle.
	"ACHIEVE_BY_OUT_OF_RANGE":         {"The date is too near or too far away", "A target condition lies 1 week to 3 months away. A coach of the team may insist on another date and say why in `achieveByReason`; it is then after today and no later than the challenge's horizon."},
	"ACHIEVE_BY_REASON_KEPT":          {"The reason stays with its date", "A coach has insisted on this date. Put the reason otherwise, or choose a date between 1 week and 3 months away."},
	"ANSWER_DATE_OUT_OF_RANGE":        {"The answer would be due too early or too late", "An answer is due after today and within 3 months; in 14 days when no day is named."},
	"CHALLENGE_ALREADY_ACTIVE":        {"The team has an active challenge", "One direction at a time. Close the one that the metadata names with `:close`, as met or replaced."},
	"CHALLENGE_NOT_ACTIVE":            {"The challenge is not active", "It was met or replaced. Create the next one, or name the active one."},
	"CLOSE_REASON_MISSING":            {"A reason is missing", "Say in `reason` why another one takes its place."},
	"CYCLE_NOT_DRAFT":                 {"The cycle is no draft", "Only a drafted cycle is started. A cycle that runs goes on with `:advance`; one that has ended is followed by the next."},
	"DAY_INVALID":                     {"This is no day of the calendar", "Send a date that there is, such as `2026-06-19`."},
	"DESCRIPTION_MISSING":             {"The obstacle says nothing", "Say what is in the way."},
	"ESCALATION_OWNER_NEEDED":         {"Somebody else was asked", "An escalation is answered by its owner, when they may read the team, or by the team's members, who write down what they heard."},
	"EXTENSION_OUT_OF_RANGE":          {"The cycle cannot end on that day", "The new end lies after the one now planned and after today, and at most twice the team's cycle days after the start."},
	"EXTENSION_OVER":                  {"The cycle cannot be put off any more", "It has reached twice the team's cycle days. Go through its gates with `:advance`, or `:cancel` it, and begin the next one."},
	"HORIZON_BEFORE_TARGET_CONDITION": {"The horizon lies before the target condition", "A target condition leads towards the challenge and is to be achieved later than that. Change its date first, or choose a later horizon."},
	"HORIZON_OUT_OF_RANGE":            {"The horizon is too near or too far away", "A challenge lies 6 months to 3 years away. What is nearer is a target condition."},
	"LINK_TO_ITSELF":                  {"An obstacle is linked to itself", "Name another obstacle in `sameAs`; `:recognize` shows those that are alike."},
	"MOVE_AFTER_ITSELF":               {"An obstacle cannot follow itself", "Name in `after` the parked obstacle that it is to follow, or nothing for the front."},
	"NO_WORKING_DAYS":                 {"The team has no working day", "Gates fall on working days, and there is none for a year. Set the team's `workingDays`, or take holidays out."},
	"OBSTACLE_CURRENT_CHANGED":        {"Another obstacle is current than was believed", "Somebody has switched meanwhile; the metadata `current` names the obstacle that the team works on now. Look at it, then send the request again with it in `insteadOf` and with a reason."},
	"OBSTACLE_ESCALATED":              {"The obstacle waits for an answer", "Help from outside was asked for. Write the answer down with `:answer`; the team goes on from there."},
	"OBSTACLE_NOT_ESCALATED":          {"Nobody was asked for help", "There is no escalation to answer: it was never made, or it has its answer."},
	"OBSTACLE_NOT_PARKED":             {"The obstacle is not in the parking lot", "Only parked obstacles have an order. Name a parked one, or nothing for the front."},
	"OPERATING_PATTERN_MISSING":       {"How the work then runs is not said", "Send `operatingPattern`: how the work runs when the condition is achieved, as if it did already."},
	"OUTCOME_METRIC_MISSING":          {"The metric of the outcome is not named", "Send `outcomeMetric`, a metric of the team."},
	"SETTLE_REASON_MISSING":           {"A reason is missing", "Say in `reason` why the obstacle is dropped. One that was overcome needs none."},
	"START_OUT_OF_RANGE":              {"The cycle would start too far away", "A cycle starts at most a year from today. Look at the year of the date."},
	"STATEMENT_MISSING":               {"The challenge says nothing", "Send `statement`: what will be true when the challenge is met."},
	"SWITCH_REASON_MISSING":           {"Switching needs a reason", "The team works on another obstacle, and learning takes more than a day. Say in `reason` why it switches."},
	"TARGET_CONDITION_STILL_ACTIVE":   {"A target condition still leads towards the challenge", "Close it first, with `:close`; the metadata names it."},

	// Criteria of the gates. Each has a link to where it is mended.
	"ANDON_OPEN":                 {"An andon is open", "A known problem is not passed on. Write its countermeasure with `:resolve`; over an open andon a coach does not pass either."},
	"CHALLENGE_MISSING":          {"The team has no active challenge", "Create one under `/challenges`: the direction, 6 months to 3 years away."},
	"CURRENT_CONDITION_MISSING":  {"The current condition is missing", "Set `currentCondition` of the cycle: a metric, its value and the day that it is from."},
	"CURRENT_OBSTACLE_MISSING":   {"No obstacle is current", "Choose the one to learn past with `:makeCurrent`."},
	"DECISION_MISSING":           {"The retrospective has decided nothing", "Decide with `:decide` what is done with what was tried: adopt, adapt or abandon."},
	"EXPERIMENT_NOT_ENDED":       {"An experiment has not ended", "Conclude it with what happened and what was learned, or abandon it with a reason."},
	"EXPERIMENT_STILL_RUNNING":   {"An experiment is still running", "Conclude it, or abandon it with a reason. Nobody would look at it afterwards."},
	"HOLD_CHECKS_NOT_SCHEDULED":  {"The hold checks are not scheduled yet", "They follow from the decision to adopt, a moment later. Try again."},
	"LEARNING_MISSING":           {"An experiment says nothing about what was learned", "Write it when you conclude the experiment. A surprise teaches most."},
	"LOCKED_EXPERIMENT_MISSING":  {"No prediction is locked", "Write an experiment with its prediction and lock it with `:lock`: what is not written before cannot surprise."},
	"OUTCOME_MISSING":            {"An experiment has no outcome", "Record readings of its metric and conclude it."},
	"RETROSPECTIVE_NOT_CLOSED":   {"The retrospective is not closed", "Open it in ACT with `:open`, and end it with `:close`."},
	"STARTED_EXPERIMENT_MISSING": {"No experiment was started", "Start one with `:start`. A cycle without an experiment has nothing to check."},
	"TARGET_CONDITION_MISSING":   {"The cycle has no active target condition", "Create one under `/targetConditions`, and name it in the cycle."},
	"VERDICT_MISSING":            {"An experiment has no verdict", "Say whether it came out as predicted; that it cannot be told is an answer."},

	// What a text reads like. Warnings come with an answer and refuse nothing.
	"PROCESS_METRIC_MISSING":    {"There is no process metric", "Name a metric that shows, often, whether the pattern is followed. The outcome alone comes too late to learn from."},
	"STATES_AN_ABSENCE":         {"The text says what is not", "Nobody can go and see what is absent. Describe what happens instead."},
	"STATES_AN_ACTIVITY":        {"The text states an activity", "An activity has no end at which it is achieved. Describe how the work runs then: “a review starts within the hour” instead of “reduce the wait”."},
	"STATES_A_LACK_OF_TIME":     {"The text is about time", "Nothing can be learned about a lack of time. Describe what takes it, or what keeps the step from being taken."},
	"STATES_A_MISSING_SOLUTION": {"The text states a missing solution", "The lack of a remedy is the remedy put the other way round. Describe what happens now, so that more than one remedy can be tried."},
	"STATES_A_SOLUTION":         {"The text states a solution", "A solution leaves nothing to be learned. Describe what is then so, and let experiments find out how to get there."},
	"STATES_A_TASK":             {"The text states a task", "A to-do needs no learning, so it can just be done. Describe what is in the way."},
	"STATES_THE_FUTURE":         {"The text is about the future", "Describe the condition as if it were there already, in the present tense."},

	// A team's board as files.
	"ARCHIVE_CONFLICT":     {"What is there differs from the files", "An import restores what is missing and leaves alone what is equal; it never overwrites. The violations name what differs. Import into a team that does not have it."},
	"ARCHIVE_FILE_INVALID": {"A file of the folder cannot be read", "The violation names the file and what is wrong with it. Nothing was changed."},
	"ARCHIVE_FILE_UNKNOWN": {"The folder has a file that belongs to nobody", "Take it out, or put it back where the export had it."},
	"ARCHIVE_INCONSISTENT": {"The files contradict each other", "The violation names the file. What a file says follows from the history beside it; change neither, or restore both from version control."},
	"ARCHIVE_INVALID":      {"This is no export of a team", "Send the zip of `GET /v1/teams/{team}:export`, or a zip of the folder that it was unpacked to."},
	"ARCHIVE_STREAM_MIXED": {"The import is for two teams or services", "One import restores one team. Send them one after the other."},
	"ARCHIVE_TOO_LARGE":    {"The files are too large", "A file has 8 MiB at most, all together 64 MiB, in 50,000 files."},
	"TEAM_BUSY":            {"The team is being changed all the time", "An export wants a moment of rest, so that its files fit each other. Send the request again."},

	// Experiments and what comes of them.
	"ADOPTED_LEARNING_MISSING": {"What is adopted has no learning", "Write in `learnings` what the experiment taught, so that others can find it."},
	"CONCLUSION_INCOMPLETE":    {"The conclusion is not complete", "`violations` lists what is missing: what happened, what was learned, or why the verdict is another one than the numbers suggest."},
	"EXPERIMENT_NAME_INVALID":  {"This is no name of an experiment", "Write it as `teams/{team}/cycles/{cycle}/experiments/{experiment}`."},
	"EXPERIMENT_NOT_TRIED":     {"The experiment was not concluded in this cycle", "A retrospective decides about what its own cycle has tried."},
	"EXPIRE_TIME_PAST":         {"The token would have ended already", "Send a time that lies ahead."},
	"EXPIRE_TIME_TOO_FAR":      {"The token would live too long", "The detail names the latest time."},
	"HAPPENED_MISSING":         {"What happened is not said", "Write in `happened` what was seen, before what is made of it."},
	"LEARNED_MISSING":          {"What was learned is not said", "Write in `learned` what the team knows now that it did not know before."},
	"MEASUREMENTS_MISSING":     {"There are no measurements in the request", "Send them as a list, or as a file with the content type `text/csv` or `application/x-ndjson`."},
	"OTHER_TEAM":               {"The request refers to another team", "Boards of teams do not mix: name what belongs to the team of the request."},
	"OVERRULE_REASON_MISSING":  {"Another verdict needs a reason", "The numbers suggest another verdict. Say in `overruleReason` why it is this one."},
	"PERIOD_EMPTY":             {"The period is empty", "Send `from` before `to`."},
	"REASON_MISSING":           {"A reason is missing", "Say why; it stays visible."},
	"REQUIRED":                 {"A field is missing", "The violation says what to send."},
	"RESOURCE_NAME_MALFORMED":  {"This is no name of a resource", "Names are paths such as `teams/payments/cycles/2026-w24`; the violation says which one is wanted here. Ids have 1 to 63 lower-case letters, digits and hyphens."},
	"RETIRE_REASON_REQUIRED":   {"A reason is missing", "Say why the learning no longer holds; it stays readable with the reason."},
	"TEXT_CONTROL_CHARACTER":   {"A text holds a character that cannot be seen", "Take it out. Files that a spreadsheet has saved may have to be saved as UTF-8 first."},
	"TEXT_MISSING":             {"The text is missing", "The field is asked for and holds no words. `violations` says what to write there."},

	// The value stream and the pain ladder.
	"CONSTRAINT_REASON_MISSING":     {"The constraint needs a reason", "The longest queue suggests another step, or the waits suggest none. Say in `reason` why it is this step, or confirm the suggested one."},
	"FREQUENCY_MISSING":             {"How often it is done is not said", "Send `frequency`, from `FREQUENCY_RARELY` to `FREQUENCY_SEVERAL_TIMES_A_DAY`."},
	"OFF_CONSTRAINT_REASON_MISSING": {"Work off the constraint needs a reason", "Improvement anywhere but at the constraint changes little for the whole. Choose the step that is the constraint, confirm the constraint of the value stream with `:confirmConstraint`, or say in `valueStreamFocus.reason` why the cycle works elsewhere."},
	"PAIN_MISSING":                  {"How much it hurts is not said", "Send `pain`, from 1 (hardly) to 5 (everybody dreads it)."},
	"PERSON_NEEDED":                 {"A person has to do this", "What is confirmed here was seen on the spot. Sign in as a member of the team; a bot's or a service's credential does not do."},
	"REJECT_STEP_NOT_EARLIER":       {"Rejects return to an earlier step", "Name a step that the work has passed before the one that rejects it."},
	"REJECT_STEP_UNKNOWN":           {"There is no step that rejects could return to", "`rejectsReturnTo` is the name of another step of the same map."},
	"STEP_NAME_TAKEN":               {"Two steps have one name", "Give each step of the map a name of its own; the case of the letters makes no difference."},
	"TARGET_FREQUENCY_MISSING":      {"How often it is to be done is not said", "Send `targetFrequency`, which is more often than it is done now."},
	"TARGET_NOT_MORE_OFTEN":         {"The target is not more often", "What hurts is done more often, in small steps, until it does not hurt any more. Choose a target above the present frequency."},
	"VALUE_STREAM_INVALID":          {"The steps are no map", "`violations` lists every step with what is wrong about it."},
	"VALUE_STREAM_STEPS_COUNT":      {"A value stream has 2 to 50 steps", "Leave out what is no step of its own, or draw two value streams."},
	"VALUE_STREAM_STEP_MISSING":     {"The cycle names no step of the value stream", "Set `valueStreamFocus` to the step that the cycle works on. A step that was taken out of the map meanwhile has to be named anew."},
	"VALUE_STREAM_STEP_UNKNOWN":     {"The value stream has no such step", "The detail lists the steps that it has."},

	// Coaching and the capacity ledger.
	"ANSWER_OUT_OF_ORDER":       {"Another question comes first", "The five questions are answered in their order. `next_question` names the one whose turn it is; several may be answered at once."},
	"ANSWER_TAKEN_BACK":         {"An answer cannot be taken back", "Put it otherwise, or leave the field out."},
	"AVAILABLE_HOURS_MISSING":   {"The hours that the team had are not said", "Send `availableHours`: the hours of work that the team as a whole had on that day."},
	"CAPACITY_DAY_AHEAD":        {"The day is to come", "The ledger tells what was spent. Enter the day when it has come in the team's zone."},
	"COACHING_ANSWERS_MISSING":  {"The session cannot be held yet", "`violations` lists the questions that have no answer, in the order in which they are asked."},
	"COACHING_ANSWER_MISSING":   {"A question has no answer", "Answer it with PATCH. Where the learner does not know, mark the threshold of knowledge."},
	"COACHING_OBSTACLE_MISSING": {"No obstacle is worked on", "Make one current with `:makeCurrent`, or name it in `obstacle`."},
	"COACHING_PEOPLE_ALIKE":     {"One person has two parts", "Coach, learner and second coach are different people."},
	"COACHING_SESSION_AHEAD":    {"The session is planned for a later day", "Hold it on that day, or change its `date`."},
	"COACHING_SESSION_HELD":     {"The session was held", "Nothing in it is rewritten. Open another one."},
	"COACH_MISSING":             {"Nobody is named as the coach", "Send `coach`, a user with the role of a coach in the team."},
	"GO_AND_SEE_BEFORE_SESSION": {"Going to see comes after the session", "Choose the day of the session or a later one."},
	"IMPROVEMENT_HOURS_EXCEED":  {"More hours were spent than there were", "`improvementHours` is at most `availableHours`; both are about the team as a whole."},
	"IMPROVEMENT_HOURS_MISSING": {"The hours that were spent are not said", "Send `improvementHours`; 0 is an answer."},
	"LEARNER_MISSING":           {"Nobody is named as the learner", "Send `learner`, a member or a coach of the team."},
	"LEARNER_ONLY_READS":        {"The learner only reads in the team", "Who learns works in the team: name a member or a coach of it."},
	"NOT_A_COACH":               {"The user is no coach of the team", "Name one who has that role in the team. A second coach needs none."},
	"NOT_OF_THE_TEAM":           {"The user does not belong to the team", "Name somebody of the team, or add the user to it first."},
	"OBSTACLE_NOT_FOUND":        {"The team has no such obstacle", "List the obstacles of the team."},
	"PERIOD_BACKWARDS":          {"The period ends before it starts", "Send `startDate` no later than `endDate`."},
	"PERIOD_TOO_LONG":           {"The period is too long", "Ask for 366 days at most."},
	"REFLECTION_LOCKED":         {"The reflection waits for facts", "The last experiment runs and was not measured since it started. Record a measurement of its metric, conclude it, or give it up with a reason."},
	"REFLECTION_WITHOUT_STEP":   {"There is no step to reflect on", "The team never started an experiment. Leave the reflection out."},
	"THRESHOLD_INCOMPLETE":      {"The threshold of knowledge is marked by half", "Send both `thresholdQuestion` and `thresholdNote`."},

	// Metrics, readings and baselines.
	"BASELINE_IN_FUTURE":      {"The baseline begins in the future", "A baseline is never deleted, so none is frozen ahead of time. Choose a `startTime` up to now; without one, it is the first reading of the window."},
	"BASELINE_INVALID":        {"This cannot be a baseline", "`violations` lists what is missing: a reason, or readings. A baseline is never changed later, so it is asked for everything at once."},
	"BASELINE_NOT_LATER":      {"A baseline comes after the last one", "What was judged stays judged: a new baseline comes into force after the latest. Choose a later `startTime`."},
	"BASELINE_REASON_MISSING": {"The baseline needs a reason", "Say in `decision.reason` what is known to have changed, or why this is the first baseline."},
	"BASELINE_TOO_LONG":       {"The baseline rests on too many readings", "10,000 at most. Choose a shorter window; 15 to 20 readings are enough."},
	"BASELINE_TOO_SHORT":      {"The baseline rests on too few readings", "Limits need 4 readings at least, better 15 to 20. Choose a longer window, or measure first."},
	"COLUMNS_WRONG":           {"The line has other columns than the header", "Each line has as many fields as the header. A comma within a number or a text needs double quotes around it; numbers have a decimal point."},
	"FILE_CUT_OFF":            {"The file ended before it was complete", "Nothing of it was imported. Send it again: a point that is there already is left alone."},
	"FORMAT_MISSING":          {"How the file is written is not said", "Send it as `text/csv` or `application/x-ndjson`; over gRPC set `format` in the first message."},
	"HEADER_INVALID":          {"The first line of the file is no header", "It must be `time,value` or `time,value,source_key`, separated by commas."},
	"HEADER_MISSING":          {"The file has no header", "The first line must be `time,value` or `time,value,source_key`."},
	"IMPORT_TOO_LARGE":        {"The file is too long to be all or nothing", "Split it, or send it with `mode=IMPORT_MODE_VALID_LINES`. It can be repeated without harm."},
	"LINE_INVALID":            {"A line cannot be read", "In CSV a field with a quote, a comma or a line break stands in double quotes; in NDJSON each line is one object with `time` and `value`."},
	"LINE_TOO_LONG":           {"A line is too long", "A line has at most 65,535 bytes. A quote that is never closed makes one line of many."},
	"MEASUREMENTS_INVALID":    {"Some measurements cannot be imported", "Nothing was imported. `violations` names each line with its reason. Mend them and send everything again, or send `mode=IMPORT_MODE_VALID_LINES` to import the rest."},
	"MEASUREMENT_CONFLICT":    {"The reading is there with another value", "Readings are known by time and source key. Correct the one that is there with `:correct`, or give this one a source key of its own."},
	"METRIC_BY_HAND":          {"A metric of this name is recorded by people", "The event is kept, but this metric gets no reading from it, so that nothing that people measured is mixed up. Give the service of the source another name."},
	"METRIC_CHANGED":          {"An import is about one metric", "Every message of the stream names the same metric."},
	"METRIC_COMPUTED":         {"The readings of this metric are computed", "A delivery source computes them from events; send the events there. `:explain` tells what a reading rests on."},
	"METRIC_INVALID":          {"The metric is not complete", "`violations` lists what is missing: a name, which way is better, or what kind it is."},
	"METRIC_NOT_COMPUTED":     {"There are no events behind this metric", "People or scripts record its readings. Only metrics that a delivery source computes can be explained."},
	"NOT_ACCEPTABLE":          {"The answer has no such form", "`forms` names those that there are. Ask with the header Accept or with `?format=`."},
	"SOURCE_KEY_INVALID":      {"The source key is not allowed", "At most 200 characters that can be shown, and none that a spreadsheet takes for a formula at the beginning."},
	"TIME_INVALID":            {"The time cannot be read", "Write it with its zone, such as `2026-06-01T09:30:00Z` or `2026-06-01T11:30:00+02:00`, in the years 1 to 9999."},
	"VALUE_BELOW_ZERO":        {"Readings of this metric are not below 0", "The metric says so with `floorAtZero`. Look at the reading, or change the metric."},
	"VALUE_CHANGED":           {"The reading has another value now", "Somebody corrected it meanwhile. Look at it again, and name in `valueBefore` what is there."},
	"VALUE_OUT_OF_RANGE":      {"The value is too large", "Values lie between -1e300 and 1e300, so that limits can be computed from them."},
	"WINDOW_INVALID":          {"The window ends before it begins", "Choose an end that is later than the start."},

	// The plan of an experiment: the questions of `:lock`, and what changes it afterwards.
	"AMENDMENT_INVALID":        {"The plan cannot be changed like this", "`violations` lists what is wrong with the fields. What cannot be amended makes another experiment: obstacle, metric and baseline value."},
	"ASSESSMENT_INVALID":       {"The plan cannot be assessed yet", "`violations` lists what is missing: a metric, or how many readings the plan will take."},
	"BASELINE_VALUE_MISSING":   {"Where the metric stands is not said", "Write in `prediction.baselineValue` where it is today."},
	"BY_DATE_INVALID":          {"This day does not exist", "Write it as YYYY-MM-DD."},
	"BY_DATE_MISSING":          {"The day of the prediction is missing", "Write in `prediction.byDate` by when the metric should be there."},
	"BY_DATE_PAST":             {"The day of the prediction has passed", "What is to come cannot be predicted for yesterday. Choose a later day."},
	"CHANGE_MISSING":           {"The change is not said", "Write in `prediction.change` what will be done differently."},
	"CHANGE_UNCHANGED":         {"The plan says this already", "Leave the field out of `changes`."},
	"CONFIDENCE_MISSING":       {"The confidence is missing", "Say in `prediction.confidencePercent` how sure the team is: 5, 10, … 95."},
	"CONFIDENCE_OFF_LADDER":    {"The confidence is off the ladder", "It goes in steps of 5 from 5 to 95 percent, so that calibration can be counted exactly. Nothing is certain."},
	"CYCLE_NOT_IN_DO":          {"The cycle is not in DO", "Experiments start in DO. Advance the cycle with `:advance`; its gate says what is missing."},
	"EXPECTED_RANGE_INVERTED":  {"The range ends below its beginning", "`expectedUpperValue` is not below `expectedValue`."},
	"EXPECTED_VALUE_MISSING":   {"The expected value is missing", "Write in `prediction.expectedValue` where the metric should go."},
	"EXPECTED_VALUE_UNCHANGED": {"The prediction expects no change", "The expected value is the baseline value. Say what will be different."},
	"EXPERIMENT_ENDED":         {"The experiment has ended", "What came of it stays as it is. Draft a new one for the next step."},
	"EXPERIMENT_INVALID":       {"The experiment cannot be saved like this", "`violations` lists what is wrong."},
	"EXPERIMENT_NOT_CONCLUDED": {"The experiment is not concluded", "Conclude it first, with `:conclude`."},
	"EXPERIMENT_NOT_RUNNING":   {"The experiment does not run", "Lock it with `:lock` and start it with `:start` first."},
	"EXPERIMENT_RUNNING":       {"The experiment runs already", "Nothing is left to do."},
	"FALSIFICATION_MISSING":    {"What would prove the prediction wrong is not said", "Write in `prediction.falsification` what you would have to see to give the idea up. A prediction that nothing can contradict teaches nothing."},
	"FIELD_REPEATED":           {"A field is there twice", "Say once what it says from now on."},
	"LEVEL_INVALID":            {"The level is not between 0.5 and 0.99", "It says how often a shift has to show to be called detectable; 0.8 is usual."},
	"METRIC_MISSING":           {"The metric is not named", "Name in `prediction.metric` the one metric that should move, of the team or of the organisation."},
	"METRIC_UNKNOWN":           {"The metric does not exist", "Name one of the team, or `organization/metrics/{metric}`."},
	"NO_MEASUREMENTS":          {"No reading has arrived since the start", "Import what was measured, or abandon the experiment with a reason."},
	"OBSTACLE_MISSING":         {"The obstacle is not named", "Name in `obstacle` what this is a step against."},
	"OBSTACLE_NOT_CURRENT":     {"The obstacle is not the current one", "A team works on one obstacle at a time. Choose it, or make yours the current one with `:makeCurrent`."},
	"OBSTACLE_UNKNOWN":         {"The obstacle does not exist", "List the obstacles of the team."},
	"PLANNED_READINGS_MISSING": {"How many readings the plan takes is not known", "Send `plannedReadings`, or give the metric a reading rhythm and the plan a day."},
	"SAFE_TO_FAIL_MISSING":     {"What keeps a failure harmless is not said", "Write it in `safeToFail`: how small the step is, and how it is undone."},
	"TWO_EXPERIMENTS_RUNNING":  {"Two experiments run already", "Conclude or abandon one of them. There is never a third."},
	"WINDOW_EMPTY":             {"No result was taken in this window", "Choose another window, or leave it out to take all results since the start."},

	// Game days.
	"ABORT_CONDITION_MISSING":     {"The abort condition is missing", "Write in `gameDay.abortCondition` when you stop at once."},
	"BLAST_RADIUS_MISSING":        {"The blast radius is missing", "Write in `gameDay.blastRadius` whom and what it can reach at most."},
	"GAME_DAY_PREDICTION_MISSING": {"What is expected of the system is not said", "Say in `gameDay.prediction` whether it holds or breaks."},
	"JOURNAL_INVALID":             {"The journal cannot be read", "Send the file that `chaos run` wrote, unchanged. `violations` names the places that do not fit."},
	"JOURNAL_MISSING":             {"The game day has no recorded result", "Import the journal of its run with `:importJournal`, or abandon it with a reason."},
	"JOURNAL_TOO_LARGE":           {"The journal is too large", "1 MiB at most. Leave the outputs of its activities out; they are not kept anyway."},
	"METHOD_MISSING":              {"The method is missing", "Write in `gameDay.method` what is done to the system."},
	"NOT_A_GAME_DAY":              {"The experiment is no game day", "Only one that was drafted with `gameDay` takes a journal."},
	"PROBE_MISSING":               {"What tells the steady state is not named", "Name in `gameDay.steadyState.probe` a metric or a probe."},
	"ROLLBACK_MISSING":            {"The rollback is missing", "Write in `gameDay.rollback` how everything is put back."},
	"STEADY_STATE_INVERTED":       {"The steady state ends below its beginning", "`upper` is not below `lower`."},
	"STEADY_STATE_MISSING":        {"The steady state is missing", "Write in `gameDay.steadyState.hypothesis` what tells that the system is well."},
	"TOLERANCE_MISSING":           {"The steady state has no bounds", "Set `lower`, `upper` or both: between which values the system is well."},

	// Hold checks and calibration.
	"AGAIN_REASON_MISSING": {"Judging again needs a reason", "The check found an answer. Say in `againReason` why it is judged again; the answer before is kept."},
	"HOLD_CHECK_NOT_DUE":   {"The hold check is not due yet", "`due_date` names the day. Measure and judge it then."},
	"HOLD_CHECK_UNKNOWN":   {"There is no such hold check", "`weeks` is one that the experiment has: 2, 6 or 12."},
	"PERIOD_INVALID":       {"The period cannot be reckoned", "`violations` says which day is wrong."},

	// Delivery events. Those that name what came of one event stand in the receipts and in the list of deliveries.
	"BODY_INVALID":           {"The body of the event cannot be read", "Send what the format of the source says. A delivery that was refused may be sent again."},
	"CLOUD_EVENT_INVALID":    {"This is no CloudEvent", "Send CloudEvents 1.0 over HTTP: binary with `ce-` headers, structured or batched."},
	"DELIVERY_NOT_AUTHENTIC": {"The delivery is not authentic", "There is no such source, or the signature or token is wrong. Both get this answer. Check the address and the secret; `:rotateSecret` makes a new one."},
	"ENVIRONMENT_MISSING":    {"The event names no environment", "Only what happens in production counts. Let the sender say where it happened."},
	"EVENT_UNKNOWN":          {"The event is of an unknown type", "The description names the types that are taken."},
	"ID_MISSING":             {"The event does not say what it is about", "It needs the id of the deployment, the incident or the commit."},
	"NOT_PRODUCTION":         {"It did not happen in production", "The source lists in `environments` what counts as production. What happens elsewhere is ignored."},
	"OTHER_SERVICE":          {"It is about another service", "The source lists in `eventServices` what its service is called in events."},
	"BATCH_SIZE":             {"The batch is empty or too large", "A batch has 1 to 1,000 events."},
	"DELIVERIES_THROTTLED":   {"Too much came that nothing vouched for", "Check the secret of the source, then send it again after the seconds that Retry-After names. What was good from this address before goes on working."},
	"INCIDENT_MISSING":       {"The event does not say which incident it is", "Without its id the end of an incident could not be told from that of another."},
	"NO_COMMITS":             {"The push brought no commits", "Nothing is left to do."},
	"NO_COMMIT_TIME":         {"The event does not say when the commit was made", "Put `commit` and `commitTime` into `customData`. Without them the deployment has no lead time; it counts all the same."},
	"PING":                   {"The webhook works", "Nothing is left to do."},
	"STATE_NOT_SUCCESS":      {"The deployment has not succeeded", "A deployment counts once it runs. Others change nothing."},
	"TIME_AHEAD":             {"The event lies in the future", "Look at the clock of the sender."},
	"TYPE_NOT_COUNTED":       {"Events of this type count for no metric", "They are listed and ignored. Choose at the sender deployments, incidents, and pushes for the times of commits."},

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
