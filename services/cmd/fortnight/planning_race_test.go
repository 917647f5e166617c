package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// raceRounds is how often two people do the same thing at once.
const raceRounds = 12

const raced = "/v1/teams/payments"

// rival is one of two requests that are sent at the same moment.
type rival struct{ token, method, path, body, etag string }

// rivals is a program with two people of one team, who both coach.
type rivals struct {
	*started
	jonas, aiko string
	obstacles   int
}

// Two people do something to the same resource in the same moment, over and over: one wins, the other is told what is true now,
// and what is stored is one of the two and not a mixture.
func TestTwoPeopleAtOnce(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := startOn(t, databaseURL(t, engine))
			s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments","timeZone":"Europe/Berlin"}`)
			r := &rivals{started: s}
			r.jonas, r.aiko = s.member(t, "jonas", "payments", "TEAM_ROLE_COACH"), s.member(t, "aiko", "payments", "TEAM_ROLE_COACH")
			for _, test := range []struct {
				name string
				race func(t *testing.T, r *rivals, round int)
			}{
				{"move the same gate", raceGate},
				{"star two obstacles", raceStars},
				{"switch from the same obstacle to two others", raceSwitches},
				{"edit one field", raceEdit},
				{"start two cycles", raceStart},
				{"start a draft and a new cycle", raceDraft},
				{"raise an andon while the gate is moved", raceAndon},
				{"raise an andon while the last gate is moved", raceLastGate},
				{"settle an obstacle while it is made current", raceSettle},
				{"close a challenge while a target condition is made", raceAim},
			} {
				t.Run(test.name, func(t *testing.T) {
					for round := range raceRounds {
						test.race(t, r, round)
					}
				})
			}
			t.Run("without saying what is believed both win", raceWithoutEtag(r))
		})
	}
}

// meet sends the requests at the same moment, as soon as every one of them is ready.
func (r *rivals) meet(t *testing.T, requests ...rival) []answer {
	t.Helper()
	answers := make([]answer, len(requests))
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	for i, q := range requests {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-release
			var headers []string
			if q.etag != "" {
				headers = []string{"If-Match", q.etag}
			}
			answers[i] = r.call(t, q.token, q.method, q.path, q.body, headers...)
		})
	}
	ready.Wait()
	close(release)
	done.Wait()
	return answers
}

// one is the answer of the only winner and of the only loser.
func one(t *testing.T, answers []answer) (winner, loser answer, first bool) {
	t.Helper()
	a, b := answers[0], answers[1]
	if (a.Status == http.StatusOK) == (b.Status == http.StatusOK) {
		t.Fatalf("one of the two wins:\n%d %s\n%d %s", a.Status, a.Text, b.Status, b.Text)
	}
	if a.Status == http.StatusOK {
		return a, b, true
	}
	return b, a, false
}

// lost checks what the loser is told: the status, the reason and the etag that is true now.
func lost(t *testing.T, loser answer, status int, reason, etag string) {
	t.Helper()
	if loser.Status != status || loser.Body["reason"] != reason || at(loser.Body, "metadata", "current_etag") != etag {
		t.Errorf("the loser gets %d %s, want %d %s with the etag %s", loser.Status, loser.Text, status, reason, etag)
	}
}

// ok calls as jonas and expects success.
func (r *rivals) ok(t *testing.T, method, path, body string) answer {
	t.Helper()
	got := r.call(t, r.jonas, method, path, body)
	if got.Status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
	}
	return got
}

func (r *rivals) obstacle(t *testing.T) (path string, made answer) {
	t.Helper()
	r.obstacles++
	made = r.ok(t, http.MethodPost, fmt.Sprintf("%s/obstacles?obstacleId=o%d", raced, r.obstacles), `{"description":"the queue before review"}`)
	return "/v1/" + made.Body["name"].(string), made
}

// stored checks that what is read is what the winner was answered.
func (r *rivals) stored(t *testing.T, path string, winner answer) {
	t.Helper()
	if now := r.ok(t, http.MethodGet, path, ""); now.Text != winner.Text || now.Header.Get("ETag") != winner.Header.Get("ETag") {
		t.Errorf("the winner was answered\n%s\nstored is\n%s", winner.Text, now.Text)
	}
}

// current lists the obstacles that are current.
func (r *rivals) current(t *testing.T) []string {
	t.Helper()
	var names []string
	list, _ := r.ok(t, http.MethodGet, raced+"/obstacles?states=OBSTACLE_STATE_CURRENT&pageSize=1000", "").Body["obstacles"].([]any)
	for _, o := range list {
		names = append(names, at(o, "name").(string))
	}
	return names
}

func raceStars(t *testing.T, r *rivals, _ int) {
	first, _ := r.obstacle(t)
	second, _ := r.obstacle(t)
	star := func(token, path string) rival { return rival{token, http.MethodPost, path + ":makeCurrent", `{}`, ""} }
	winner, loser, _ := one(t, r.meet(t, star(r.jonas, first), star(r.aiko, second)))
	lost(t, loser, http.StatusConflict, "OBSTACLE_CURRENT_CHANGED", winner.Header.Get("ETag"))
	name := winner.Body["name"].(string)
	if at(loser.Body, "metadata", "current") != name || !slices.Equal(r.current(t), []string{name}) {
		t.Errorf("%s is starred, the loser gets %s, current are %v", name, loser.Text, r.current(t))
	}
	r.ok(t, http.MethodPost, "/v1/"+name+":settle", `{"state":"OBSTACLE_STATE_OVERCOME"}`)
}

func raceSwitches(t *testing.T, r *rivals, _ int) {
	before, starred := r.obstacle(t)
	r.ok(t, http.MethodPost, before+":makeCurrent", `{}`)
	first, _ := r.obstacle(t)
	second, _ := r.obstacle(t)
	body := fmt.Sprintf(`{"insteadOf":%q,"reason":"this one matters more"}`, starred.Body["name"])
	winner, loser, _ := one(t, r.meet(t, rival{r.jonas, http.MethodPost, first + ":makeCurrent", body, ""}, rival{r.aiko, http.MethodPost, second + ":makeCurrent", body, ""}))
	lost(t, loser, http.StatusConflict, "OBSTACLE_CURRENT_CHANGED", winner.Header.Get("ETag"))
	name := winner.Body["name"].(string)
	if now := r.ok(t, http.MethodGet, before, ""); now.Body["state"] != "OBSTACLE_STATE_PARKED" || !slices.Equal(r.current(t), []string{name}) {
		t.Errorf("%s is starred, %s is what was, current are %v", name, now.Text, r.current(t))
	}
	r.ok(t, http.MethodPost, "/v1/"+name+":settle", `{"state":"OBSTACLE_STATE_OVERCOME"}`)
}

func raceEdit(t *testing.T, r *rivals, round int) {
	path, made := r.obstacle(t)
	edit := func(token, text, etag string) rival {
		return rival{token, http.MethodPatch, path, fmt.Sprintf(`{"description":"%s %d"}`, text, round), etag}
	}
	winner, loser, first := one(t, r.meet(t, edit(r.jonas, "jonas", made.Header.Get("ETag")), edit(r.aiko, "aiko", made.Header.Get("ETag"))))
	lost(t, loser, http.StatusPreconditionFailed, "ETAG_MISMATCH", winner.Header.Get("ETag"))
	r.stored(t, path, winner)
	if text := winner.Body["description"].(string); strings.HasPrefix(text, "jonas") != first {
		t.Errorf("the winner wrote %s", text)
	}
}

func raceSettle(t *testing.T, r *rivals, round int) {
	path, made := r.obstacle(t)
	etag := made.Header.Get("ETag")
	if round%2 == 1 {
		etag = "" // then both may come through, in one order only
	}
	answers := r.meet(t, rival{r.jonas, http.MethodPost, path + ":settle", `{"state":"OBSTACLE_STATE_OVERCOME"}`, etag},
		rival{r.aiko, http.MethodPost, path + ":makeCurrent", `{}`, etag})
	if etag != "" {
		winner, loser, _ := one(t, answers)
		lost(t, loser, http.StatusPreconditionFailed, "ETAG_MISMATCH", winner.Header.Get("ETag"))
		r.stored(t, path, winner)
	}
	now := r.ok(t, http.MethodGet, path, "")
	if settled := answers[0].Status == http.StatusOK; settled != (now.Body["state"] == "OBSTACLE_STATE_OVERCOME") || !settled && etag == "" {
		t.Errorf("settled: %s\nmade current: %s\nstored: %s", answers[0].Text, answers[1].Text, now.Text)
	}
	for _, name := range r.current(t) {
		r.ok(t, http.MethodPost, "/v1/"+name+":settle", `{"state":"OBSTACLE_STATE_OVERCOME"}`)
	}
}

// later is a day so many days after another.
func later(day string, days int) string {
	parsed, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return parsed.AddDate(0, 0, days).Format(time.DateOnly)
}

// raceAim: a target condition never leads towards a challenge that is over.
func raceAim(t *testing.T, r *rivals, round int) {
	now := r.ok(t, http.MethodGet, raced+"/storyboard", "").Body["date"].(string)
	challenge := fmt.Sprintf("teams/payments/challenges/c%d", round)
	r.ok(t, http.MethodPost, fmt.Sprintf("%s/challenges?challengeId=c%d", raced, round), fmt.Sprintf(`{"statement":"Same day","horizonDate":%q}`, later(now, 400)))
	condition := fmt.Sprintf(`{"challenge":%q,"achieveByDate":%q,"outcomeMetric":"teams/payments/metrics/wait","outcomeValue":4,"operatingPattern":"Twice a day"}`, challenge, later(now, 30))
	closing := rival{r.jonas, http.MethodPost, "/v1/" + challenge + ":close", `{"state":"CHALLENGE_STATE_MET"}`, ""}
	winner, loser, closed := one(t, r.meet(t, closing, rival{r.aiko, http.MethodPost, raced + "/targetConditions", condition, ""}))
	if loser.Status != http.StatusBadRequest && loser.Status != http.StatusConflict {
		t.Errorf("the loser gets %d %s", loser.Status, loser.Text)
	}
	if !closed {
		r.ok(t, http.MethodPost, "/v1/"+winner.Body["name"].(string)+":close", `{"state":"TARGET_CONDITION_STATE_ACHIEVED"}`)
		r.ok(t, http.MethodPost, closing.path, closing.body)
	}
}

// raceWithoutEtag is the control: the same two edits without an etag both succeed, and the second undoes the first. So the losers
// above lost because of what they believed.
func raceWithoutEtag(r *rivals) func(t *testing.T) {
	return func(t *testing.T) {
		for round := range raceRounds {
			path, _ := r.obstacle(t)
			edit := func(token, text string) rival {
				return rival{token, http.MethodPatch, path, fmt.Sprintf(`{"description":"%s %d"}`, text, round), ""}
			}
			answers := r.meet(t, edit(r.jonas, "jonas"), edit(r.aiko, "aiko"))
			now := r.ok(t, http.MethodGet, path, "")
			if answers[0].Status != http.StatusOK || answers[1].Status != http.StatusOK || now.Text != answers[0].Text && now.Text != answers[1].Text {
				t.Errorf("both edits:\n%s\n%s\nstored:\n%s", answers[0].Text, answers[1].Text, now.Text)
			}
		}
	}
}
