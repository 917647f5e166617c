package domain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// leastPeople is how many people a number about days is at least about.
const leastPeople = 3

// Mood is how a day was for one member.
type Mood string

// The moods.
const (
	GoodMood Mood = "GOOD"
	BadMood  Mood = "BAD"
)

// Tap is how a day was for somebody; nothing in it says for whom.
type Tap struct {
	SecretHash string `json:"secretHash"`
	Mood       Mood   `json:"mood"`
	Cause      string `json:"cause,omitempty"`
	Note       string `json:"note,omitempty"`
}

// OpenGoodDay is all that is kept of a day until it is closed: one document, in which marks and taps are sorted each by a random value of
// their own. Nothing in it tells which mark belongs to which tap, and nothing tells when or in what order they came.
type OpenGoodDay struct {
	Name string `json:"name"`
	// StartTime is when the day begins, CloseTime when it is closed. Both stay when the team's zone changes.
	StartTime time.Time `json:"startTime"`
	CloseTime time.Time `json:"closeTime"`
	// Week is the resource name of its week, WeekCloseTime when that is closed.
	Week          string    `json:"week"`
	WeekCloseTime time.Time `json:"weekCloseTime"`
	// Causes are those that a tap may name: the team's when the first tap came.
	Causes []string `json:"causes"`
	// Marks are those who have tapped, see Mark.
	Marks []string `json:"marks"`
	Taps  []Tap    `json:"taps"`
}

// GoodDay is a day that was closed. People and Good, who had a good day, are 0 when fewer than three people tapped.
type GoodDay struct {
	Name      string    `json:"name"`
	StartTime time.Time `json:"startTime"`
	People    int       `json:"people,omitempty"`
	Good      int       `json:"good,omitempty"`
}

// BeginGoodDay opens a day for its first tap: it must be today in the zone, or the day before until noon. Reasons: DAY_INVALID,
// DAY_NOT_OPEN.
func BeginGoodDay(name string, causes []string, now time.Time, zone *time.Location) (*OpenGoodDay, error) {
	team, day, err := GoodDayOf(name)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(openDays(now, zone), day) {
		return nil, notOpen(day, now, zone)
	}
	at, _ := time.Parse(time.DateOnly, day)
	y, m, d := at.Date()
	week, closed := weekOf(y, m, d, zone)
	return &OpenGoodDay{
		Name: name, StartTime: startOfDay(y, m, d, zone).UTC(), CloseTime: closeTime(y, m, d, zone).UTC(),
		Week: team + "/goodWeeks/" + week, WeekCloseTime: closed.UTC(), Causes: causes,
	}, nil
}

// ClosedGoodDay refuses a tap for a day that is closed. Reason: DAY_NOT_OPEN.
func ClosedGoodDay(name string, now time.Time, zone *time.Location) error {
	return notOpen(name[strings.LastIndexByte(name, '/')+1:], now, zone)
}

// Take takes the tap of somebody who has not tapped the day yet. Reasons: DAY_NOT_OPEN, CAUSE_UNKNOWN, ALREADY_TAPPED.
func (d *OpenGoodDay) Take(mark string, tap Tap, now time.Time, zone *time.Location) error {
	if err := d.check(&tap, now, zone); err != nil {
		return err
	}
	at, tapped := slices.BinarySearch(d.Marks, mark)
	if tapped {
		return fault.New(fault.FailedPrecondition, "ALREADY_TAPPED",
			"you have tapped this day; to change your tap, send its secret, which cannot be found again")
	}
	d.Marks = slices.Insert(d.Marks, at, mark)
	d.Taps = append(d.Taps, tap)
	slices.SortFunc(d.Taps, func(x, y Tap) int { return cmp.Compare(x.SecretHash, y.SecretHash) })
	return nil
}

// Replace puts a tap in the place of the one of a secret. Who has not tapped the day has none to replace. Reasons: DAY_NOT_OPEN,
// CAUSE_UNKNOWN, TAP_SECRET_WRONG.
func (d *OpenGoodDay) Replace(mark, secret string, tap Tap, now time.Time, zone *time.Location) error {
	if err := d.check(&tap, now, zone); err != nil {
		return err
	}
	if _, tapped := slices.BinarySearch(d.Marks, mark); tapped {
		for i := range d.Taps {
			if isSecretOf(d.Taps[i].SecretHash, secret) {
				tap.SecretHash = d.Taps[i].SecretHash
				d.Taps[i] = tap
				return nil
			}
		}
	}
	return fault.New(fault.PermissionDenied, "TAP_SECRET_WRONG",
		"you have no tap with this secret on this day; leave the secret out at the first time, and send the one that was answered then to change the tap")
}

// check refuses a tap that comes too late, or names a cause that the team does not know.
func (d *OpenGoodDay) check(tap *Tap, now time.Time, zone *time.Location) error {
	_, day, err := GoodDayOf(d.Name)
	if err != nil {
		return err
	}
	if !now.Before(d.CloseTime) || !slices.Contains(openDays(now, zone), day) {
		return notOpen(day, now, zone)
	}
	tap.Note = strings.TrimSpace(tap.Note)
	if tap.Cause != "" && !slices.Contains(d.Causes, tap.Cause) {
		return fault.Invalid("cause", "CAUSE_UNKNOWN", "%q is none of the team's causes; name one of %s, or none; the team's settings (retrospectiveSettings) say them",
			tap.Cause, strings.Join(d.Causes, ", "))
	}
	return nil
}

// Close is what is published of the day: nothing that fewer than three people tapped.
func (d *OpenGoodDay) Close() *GoodDay {
	day := &GoodDay{Name: d.Name, StartTime: d.StartTime}
	if len(d.Taps) < leastPeople {
		return day
	}
	day.People = len(d.Taps)
	for _, tap := range d.Taps {
		if tap.Mood == GoodMood {
			day.Good++
		}
	}
	return day
}

// Published tells whether enough people tapped.
func (d *GoodDay) Published() bool { return d.People >= leastPeople }

// Share is the share of those who had a good day, from 0 to 1, of a day that is published.
func (d *GoodDay) Share() float64 { return float64(d.Good) / float64(d.People) }

// Withheld says why there is no share; empty when there is one.
func (d *GoodDay) Withheld() string {
	if d.Published() {
		return ""
	}
	return "Fewer than three people tapped this day; nothing of it was kept."
}
