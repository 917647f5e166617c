#!/usr/bin/env bash
# A team's first two-week cycle, told as numbered curl lines: plan, predict, measure, learn, decide, and another team finds
# what was learned. It needs curl, a running Fortnight (`make run`) and the token of an admin:
#
#   FORTNIGHT_TOKEN=$(cat .data/demo/token) examples/first-cycle.sh
#
# The measurements are the flow rates of ten batches from the NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.
# Every run makes teams of its own, so it can be repeated.
set -euo pipefail
URL="${FORTNIGHT_URL:-http://127.0.0.1:8080}"
TOKEN="${FORTNIGHT_TOKEN:?set FORTNIGHT_TOKEN to the token of an admin; the demo writes one to .data/demo/token}"
RUN="${RUN:-$(date +%s)}"
TEAM="filling-$RUN"
OTHER="packing-$RUN"
CYCLE="teams/$TEAM/cycles/first"
EXPERIMENT="$CYCLE/experiments/wider-valve"

day() { date -u -d "$1" +%F 2>/dev/null || date -u -v"${1// /}" +%F; } # GNU, then BSD

# call METHOD PATH [BODY] [CONTENT-TYPE] prints the answer; a refusal ends the script and shows what was missing. Every
# call carries an Idempotency-Key, so that a repetition would change nothing.
STEP=0
call() {
  local answer status
  answer=$(curl -sS -w '\n%{http_code}' -X "$1" "$URL/v1/$2" -H "Authorization: Bearer ${AS:-$TOKEN}" \
    ${KEY:+-H "Idempotency-Key: \"$KEY\""} ${3:+-H "Content-Type: ${4:-application/json}" --data-binary "$3"})
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  [[ $status == 2* ]] || { printf '%s %s answered %s:\n%s\n' "$1" "$2" "$status" "$answer" >&2; return 1; }
  printf '%s\n' "$answer"
}
# step SAYS METHOD PATH [BODY] [CONTENT-TYPE]
step() {
  STEP=$((STEP + 1))
  printf '%2d. %s\n' "$STEP" "$1"
  KEY="$RUN-$STEP" call "${@:2}" >/dev/null
}
# field NAME reads one string or number out of a JSON answer.
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
# text NAME reads the first text of that name, commas and all.
text() { grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | sed 's/^[^:]*: *"//; s/"$//'; }
# eventually WHAT COMMAND… repeats a command that depends on an event that is still on its way, for a second.
eventually() {
  local what=$1 i
  shift
  for i in $(seq 1 50); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.02
  done
  echo "$what did not happen within a second" >&2
  "$@"
}

echo "PLAN"
step "A team of its own" POST "teams?teamId=$TEAM" '{"displayName":"Filling line","timeZone":"Europe/Berlin"}'
step "Sam, who works there" POST "users?userId=$TEAM-sam" '{"displayName":"Sam of filling"}'
step "Sam is a member of the team" POST "teams/$TEAM/members" "{\"user\":\"users/$TEAM-sam\",\"role\":\"TEAM_ROLE_MEMBER\"}"
step "A challenge: the direction, two years away" POST "teams/$TEAM/challenges?challengeId=steady-flow" \
  "{\"statement\":\"Every batch flows at 52 or more, every day\",\"horizonDate\":\"$(day '+720 days')\"}"
step "A metric: the flow rate of each batch" POST "teams/$TEAM/metrics?metricId=flow-rate" \
  '{"displayName":"Flow rate","unit":"l/min","direction":"DIRECTION_HIGHER","kind":"METRIC_KIND_OUTCOME"}'
step "Five batches as they are today, imported as CSV" POST "teams/$TEAM/metrics/flow-rate:import" \
  "time,value,source_key
$(day '-9 days')T08:00:00Z,49.6,batch-1
$(day '-8 days')T08:00:00Z,47.6,batch-2
$(day '-7 days')T08:00:00Z,49.9,batch-3
$(day '-6 days')T08:00:00Z,51.3,batch-4
$(day '-5 days')T08:00:00Z,47.8,batch-5" text/csv
step "A target condition: where the line should be in a month" POST "teams/$TEAM/targetConditions?targetConditionId=flow-52" \
  "{\"challenge\":\"teams/$TEAM/challenges/steady-flow\",\"achieveByDate\":\"$(day '+30 days')\",
    \"outcomeMetric\":\"teams/$TEAM/metrics/flow-rate\",\"outcomeValue\":52,
    \"operatingPattern\":\"The valve is set once per shift and stays as it is\"}"
step "An obstacle into the parking lot" POST "teams/$TEAM/obstacles?obstacleId=narrow-valve" \
  '{"description":"The valve is too narrow at the start of a batch"}'
step "The one obstacle to work on" POST "teams/$TEAM/obstacles/narrow-valve:makeCurrent" '{}'
step "The cycle starts today: 14 calendar days" POST "teams/$TEAM/cycles?cycleId=first" \
  "{\"displayName\":\"First cycle\",\"targetCondition\":\"teams/$TEAM/targetConditions/flow-52\",
    \"currentCondition\":{\"metric\":\"teams/$TEAM/metrics/flow-rate\",\"baselineValue\":49.24,\"baselineDate\":\"$(day '-5 days')\"},
    \"valueStreamFocus\":{\"step\":\"Filling\",\"constraint\":true}}"
step "An experiment with a prediction" POST "$CYCLE/experiments?experimentId=wider-valve" \
  "{\"displayName\":\"Wider valve\",\"obstacle\":\"teams/$TEAM/obstacles/narrow-valve\",
    \"prediction\":{\"change\":\"we widen the valve by 2 mm\",\"metric\":\"teams/$TEAM/metrics/flow-rate\",
      \"baselineValue\":49.24,\"expectedValue\":52,\"byDate\":\"$(day '+10 days')\",
      \"reason\":\"the first minute of a batch loses most of the flow\",\"confidencePercent\":60,
      \"falsification\":\"the first batches flow as slowly as before\"},
    \"safeToFail\":\"The old valve is kept and can be put back in five minutes\"}"
echo "    what the gate still needs:" "$(call GET "$CYCLE:preview" | tr -d '\n' | grep -o '[A-Z_]*_MISSING' | sort -u | tr '\n' ' ')"
step "The prediction is locked: from here on it cannot change" POST "$EXPERIMENT:lock" '{}'
step "Through the gate from PLAN to DO" POST "$CYCLE:advance" '{"phase":"PHASE_PLAN"}'

echo "DO"
step "The experiment starts" POST "$EXPERIMENT:start" '{}'
step "Five batches after the change" POST "teams/$TEAM/metrics/flow-rate:import" \
  "time,value,source_key
$(day '-4 days')T08:00:00Z,51.2,batch-6
$(day '-3 days')T08:00:00Z,52.6,batch-7
$(day '-2 days')T08:00:00Z,52.4,batch-8
$(day '-1 days')T08:00:00Z,53.6,batch-9
$(day '+0 days')T00:00:00Z,52.1,batch-10" text/csv
step "It is concluded: the number is computed, the learning is written" POST "$EXPERIMENT:conclude" \
  '{"happened":"The flow rate went up with the first batch and stayed up","learned":"The valve, not the pump, was what held the flow back at the start of a batch"}'
echo "    the verdict that the numbers suggest:" "$(call GET "$EXPERIMENT" | tr -d '\n' | field suggestedVerdict)"
echo "    natural process limits of the ten batches:" "$(call GET "teams/$TEAM/metrics/flow-rate:analyze" | tr -d '\n' | sed -n 's/.*"limits"\(.*\)/\1/p' | grep -o '"\(centre\|upper\|lower\)":[ 0-9.]*' | tr -d '" ' | tr '\n' ' ')"
step "Through the gate from DO to CHECK" POST "$CYCLE:advance" '{"phase":"PHASE_DO"}'

echo "CHECK"
step "Through the gate from CHECK to ACT" POST "$CYCLE:advance" '{"phase":"PHASE_CHECK"}'

echo "ACT"
step "The retrospective opens, anonymous, with the facts of the cycle" POST "$CYCLE/retrospective:open" '{"anonymous":true}'
step "A note" POST "$CYCLE/retrospective/notes?noteId=not-the-pump" \
  '{"prompt":"PROMPT_SURPRISED","text":"It was not the pump, as we had all believed"}'
step "On to the themes" POST "$CYCLE/retrospective:move" '{"stage":"STAGE_GROUP","currentStage":"STAGE_COLLECT"}'
step "A theme over the note" POST "$CYCLE/retrospective/themes?themeId=beliefs" \
  "{\"title\":\"What we believed\",\"notes\":[\"$CYCLE/retrospective/notes/not-the-pump\"]}"
step "On to the votes" POST "$CYCLE/retrospective:move" '{"stage":"STAGE_VOTE","currentStage":"STAGE_GROUP"}'
SAM=$(KEY="" call POST "users/$TEAM-sam/tokens" '{"displayName":"for this example"}' | tr -d '\n' | field secret)
AS="$SAM" step "Sam's votes: whose they are is stored nowhere" POST "$CYCLE/retrospective:vote" \
  "{\"themes\":[\"$CYCLE/retrospective/themes/beliefs\"]}"
step "On to the decisions" POST "$CYCLE/retrospective:move" '{"stage":"STAGE_DECIDE","currentStage":"STAGE_VOTE"}'
echo "    the counts of the votes: $(call GET "$CYCLE/retrospective/themes" | tr -d '\n' | text votesWithheld)"
step "An action: who, by when, and what is expected of it" POST "$CYCLE/retrospective/actions?actionId=order-valves" \
  "{\"text\":\"Order wider valves for the other lines\",\"owner\":\"users/$TEAM-sam\",\"dueDate\":\"$(day '+7 days')\",
    \"expectedEffect\":\"The second line flows at 52 as well\",\"metric\":\"teams/$TEAM/metrics/flow-rate\",
    \"theme\":\"$CYCLE/retrospective/themes/beliefs\"}"
step "The wider valve is adopted, as standard work" POST "$CYCLE/retrospective:decide" \
  "{\"decision\":{\"experiment\":\"$EXPERIMENT\",\"kind\":\"DECISION_KIND_ADOPT\",\"text\":\"Every line gets the wider valve at its next service\"}}"
step "The retrospective closes with what was learned" POST "$CYCLE/retrospective:close" \
  "{\"learnings\":[{\"experiment\":\"$EXPERIMENT\",\"claim\":\"A wider valve raises the flow rate of batch $RUN more than a stronger pump\",
     \"situation\":\"Filling lines whose flow is low in the first minute of a batch\",\"tags\":[\"flow\",\"valve\"]}],
    \"boldestExperiment\":\"$EXPERIMENT\"}"
finish() { KEY="" call POST "$CYCLE:advance" '{"phase":"PHASE_ACT"}'; }
STEP=$((STEP + 1))
printf '%2d. %s\n' "$STEP" "Through the last gate: the cycle is finished"
eventually "the last gate" finish

echo "THE STORYBOARD"
BOARD=$(call GET "teams/$TEAM/storyboard" | tr -d '\n')
echo "    target condition: $(text operatingPattern <<<"$BOARD")"
echo "    expected:         $(text expected <<<"$BOARD")"
echo "    learned:          $(text learned <<<"$BOARD")"
echo "    next cycle:       $(sed 's/.*"nextCycle"//' <<<"$BOARD" | text startDate), drafted with what carries over"

echo "ANOTHER TEAM"
step "A member of another team" POST "users?userId=$OTHER" '{"displayName":"Pat of packing"}'
step "The other team" POST "teams?teamId=$OTHER" '{"displayName":"Packing line","timeZone":"Europe/Berlin"}'
step "Pat is a member there, and nowhere else" POST "teams/$OTHER/members" "{\"user\":\"users/$OTHER\",\"role\":\"TEAM_ROLE_MEMBER\"}"
PAT=$(KEY="" call POST "users/$OTHER/tokens" '{"displayName":"for this example"}' | tr -d '\n' | field secret)
STEP=$((STEP + 1))
printf '%2d. %s\n' "$STEP" "Pat searches, before starting something alike"
search() { AS="$PAT" KEY="" call GET "learnings:search?query=valve+flow+$RUN" | tr -d '\n' | grep -q "learnings/"; }
eventually "the learning in Pat's search" search
echo "    found: $(AS="$PAT" KEY="" call GET "learnings:search?query=valve+flow+$RUN" | tr -d '\n' | field claim)"
if AS="$PAT" KEY="" call GET "$CYCLE" >/dev/null 2>&1; then
  echo "Pat may read the cycle of a team that Pat is no member of" >&2
  exit 1
fi
echo "    the cycle itself stays with its team"
