package domain_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

const dayNames = "teams/payments/goodDays/"

func zoned(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// Which days may be tapped, and when they begin and end: days without midnight, with two, of 23 and 25 hours, and zones far from each other.
func TestDaysThatAreOpen(t *testing.T) {
	tests := []struct {
		name, zone, now, day string
		open                 bool
		start, closed        string
	}{
		{"today", "UTC", "2026-03-02T08:00:00Z", "2026-03-02", true, "2026-03-02T00:00:00Z", "2026-03-03T12:00:00Z"},
		{"yesterday before noon", "UTC", "2026-03-02T11:59:59Z", "2026-03-01", true, "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z"},
		{"yesterday at noon", "UTC", "2026-03-02T12:00:00Z", "2026-03-01", false, "", ""},
		{"tomorrow", "UTC", "2026-03-02T23:59:59Z", "2026-03-03", false, "", ""},
		{"the day before yesterday", "UTC", "2026-03-02T08:00:00Z", "2026-02-28", false, "", ""},
		{"noon is the zone's", "Europe/Berlin", "2026-03-02T11:30:00Z", "2026-03-01", false, "", ""},
		{"tomorrow where it is today", "Pacific/Kiritimati", "2026-03-02T10:00:00Z", "2026-03-03", true, "2026-03-02T10:00:00Z", "2026-03-03T22:00:00Z"},
		{"yesterday where it is today", "Pacific/Pago_Pago", "2026-03-02T10:59:59Z", "2026-03-01", true, "2026-03-01T11:00:00Z", "2026-03-02T23:00:00Z"},
		{"quarters", "Asia/Kathmandu", "2026-03-01T18:15:00Z", "2026-03-02", true, "2026-03-01T18:15:00Z", "2026-03-03T06:15:00Z"},
		{"23 hours, and summer at noon", "Europe/Berlin", "2026-03-29T09:00:00Z", "2026-03-28", true, "2026-03-27T23:00:00Z", "2026-03-29T10:00:00Z"},
		{"25 hours, and winter at noon", "Europe/Berlin", "2026-10-25T10:30:00Z", "2026-10-24", true, "2026-10-23T22:00:00Z", "2026-10-25T11:00:00Z"},
		{"no midnight", "Africa/Cairo", "2026-04-24T08:00:00Z", "2026-04-24", true, "2026-04-23T22:00:00Z", "2026-04-25T09:00:00Z"},
		{"midnight twice", "America/Havana", "2026-11-01T12:00:00Z", "2026-11-01", true, "2026-11-01T04:00:00Z", "2026-11-02T17:00:00Z"},
		{"the year's end", "UTC", "2027-01-01T11:00:00Z", "2026-12-31", true, "2026-12-31T00:00:00Z", "2027-01-01T12:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			day, err := domain.BeginGoodDay(dayNames+test.day, nil, instant(t, test.now), zoned(t, test.zone))
			if !test.open {
				f := testkit.Refused(t, err, fault.FailedPrecondition, "DAY_NOT_OPEN", "name")
				if today := instant(t, test.now).In(zoned(t, test.zone)).Format(time.DateOnly); !strings.Contains(f.Message, today+" is") {
					t.Errorf("the refusal does not name %s: %s", today, f.Message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := day.StartTime.Format(time.RFC3339) + " " + day.CloseTime.Format(time.RFC3339); got != test.start+" "+test.closed {
				t.Errorf("from %s, want %s %s", got, test.start, test.closed)
			}
		})
	}
}

func TestNoDay(t *testing.T) {
	for _, name := range []string{"", dayNames, dayNames + "2026-02-30", dayNames + "2026-3-1", dayNames + "today", dayNames + "2026-03-01/x", dayNames + "0000-01-01", "teams/payments/days/2026-03-01"} {
		_, err := domain.BeginGoodDay(name, nil, instant(t, "2026-03-01T08:00:00Z"), time.UTC)
		testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "name")
	}
}

func TestWeeksOfDays(t *testing.T) {
	for day, want := range map[string]string{
		"2026-03-02": "2026-w10 2026-03-09T11:00:00Z", "2026-03-08": "2026-w10 2026-03-09T11:00:00Z", "2026-03-01": "2026-w09 2026-03-02T11:00:00Z",
		"2026-01-01": "2026-w01 2026-01-05T11:00:00Z", "2027-01-03": "2026-w53 2027-01-04T11:00:00Z", "2024-12-30": "2025-w01 2025-01-06T11:00:00Z",
		"2026-03-25": "2026-w13 2026-03-30T10:00:00Z", // summer begins on its Sunday
	} {
		d, err := domain.BeginGoodDay(dayNames+day, nil, instant(t, day+"T09:00:00Z"), zoned(t, "Europe/Berlin"))
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimPrefix(d.Week, "teams/payments/goodWeeks/")
		if got := id + " " + d.WeekCloseTime.Format(time.RFC3339); got != want {
			t.Errorf("%s is of %s, want %s", day, got, want)
		}
		if monday, sunday := domain.DaysOfWeek(id); day < monday || day > sunday || instant(t, monday+"T00:00:00Z").AddDate(0, 0, 6) != instant(t, sunday+"T00:00:00Z") {
			t.Errorf("%s is not in %s to %s", day, monday, sunday)
		}
	}
}

// begun is a day that opens at nine, with the causes flow and help.
func begun(t *testing.T) (*domain.OpenGoodDay, time.Time) {
	t.Helper()
	now := instant(t, "2026-03-02T09:00:00Z")
	day, err := domain.BeginGoodDay(dayNames+"2026-03-02", []string{"flow", "help"}, now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return day, now
}

func tapOf(secret string, mood domain.Mood, cause, note string) domain.Tap {
	return domain.Tap{SecretHash: domain.HashSecret(secret), Mood: mood, Cause: cause, Note: note}
}

func TestTaps(t *testing.T) {
	good := func(secret string) domain.Tap { return tapOf(secret, domain.GoodMood, "flow", " x ") }
	tests := []struct {
		name   string
		later  time.Duration
		do     func(d *domain.OpenGoodDay, now time.Time) error
		kind   fault.Kind
		reason string
		fields []string
	}{
		{"of somebody else", 0, func(d *domain.OpenGoodDay, now time.Time) error { return d.Take("jonas", good("2"), now, time.UTC) }, 0, "", nil},
		{"twice", 0, func(d *domain.OpenGoodDay, now time.Time) error { return d.Take("mina", good("2"), now, time.UTC) }, fault.FailedPrecondition, "ALREADY_TAPPED", nil},
		{"replaced", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("mina", "1", good("other"), now, time.UTC)
		}, 0, "", nil},
		{"replaced with a wrong secret", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("mina", "2", good("2"), now, time.UTC)
		}, fault.PermissionDenied, "TAP_SECRET_WRONG", nil},
		{"replaced with no secret", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("mina", "", good("2"), now, time.UTC)
		}, fault.PermissionDenied, "TAP_SECRET_WRONG", nil},
		{"replaced by somebody who did not tap", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("jonas", "1", good("2"), now, time.UTC)
		}, fault.PermissionDenied, "TAP_SECRET_WRONG", nil},
		{"an unknown cause", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Take("jonas", tapOf("2", domain.BadMood, "boss", ""), now, time.UTC)
		}, fault.InvalidArgument, "CAUSE_UNKNOWN", []string{"cause"}},
		{"replaced with an unknown cause", 0, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("mina", "1", tapOf("2", domain.BadMood, "boss", ""), now, time.UTC)
		}, fault.InvalidArgument, "CAUSE_UNKNOWN", []string{"cause"}},
		{"before noon of the next day", 27*time.Hour - time.Second, func(d *domain.OpenGoodDay, now time.Time) error { return d.Take("jonas", good("2"), now, time.UTC) }, 0, "", nil},
		{"at noon of the next day", 27 * time.Hour, func(d *domain.OpenGoodDay, now time.Time) error { return d.Take("jonas", good("2"), now, time.UTC) }, fault.FailedPrecondition, "DAY_NOT_OPEN", []string{"name"}},
		{"replaced at noon of the next day", 27 * time.Hour, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Replace("mina", "1", good("2"), now, time.UTC)
		}, fault.FailedPrecondition, "DAY_NOT_OPEN", []string{"name"}},
		{"when the team has moved to where the day is over", 20 * time.Hour, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Take("jonas", good("2"), now, zoned(t, "Pacific/Kiritimati"))
		}, fault.FailedPrecondition, "DAY_NOT_OPEN", []string{"name"}},
		{"when the team has moved to where the day lasts longer", 28 * time.Hour, func(d *domain.OpenGoodDay, now time.Time) error {
			return d.Take("jonas", good("2"), now, zoned(t, "Pacific/Pago_Pago"))
		}, fault.FailedPrecondition, "DAY_NOT_OPEN", []string{"name"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			day, now := begun(t)
			if err := day.Take("mina", tapOf("1", domain.BadMood, "", ""), now, time.UTC); err != nil {
				t.Fatal(err)
			}
			before := *day
			before.Taps, before.Marks = slices.Clone(day.Taps), slices.Clone(day.Marks)
			err := test.do(day, now.Add(test.later))
			if test.reason != "" {
				f := testkit.Refused(t, err, test.kind, test.reason, test.fields...)
				if test.reason == "CAUSE_UNKNOWN" && !strings.Contains(f.Message, "flow, help") {
					t.Errorf("the refusal does not list the causes: %s", f.Message)
				}
				if !reflect.DeepEqual(&before, day) {
					t.Errorf("a refused tap left %+v, want %+v", day, before)
				}
				return
			}
			if err != nil || len(day.Taps) != len(day.Marks) || reflect.DeepEqual(&before, day) {
				t.Errorf("%v, %+v", err, day)
			}
			for _, tap := range day.Taps {
				if tap.Note == " x " || tap.SecretHash == domain.HashSecret("other") {
					t.Errorf("kept %+v", tap)
				}
			}
		})
	}
}

// The document says nothing of the order in which the taps came, and does not join a mark with a tap.
func TestTapsAreSortedByChance(t *testing.T) {
	people := []string{"a", "b", "c", "d", "e"}
	docs := map[bool]*domain.OpenGoodDay{}
	for _, backwards := range []bool{false, true} {
		day, now := begun(t)
		order := slices.Clone(people)
		if backwards {
			slices.Reverse(order)
		}
		for _, who := range order {
			if err := day.Take(domain.Mark([]byte("key"), "tap", day.Name, who), tapOf("secret of "+who, domain.GoodMood, "", who), now, time.UTC); err != nil {
				t.Fatal(err)
			}
		}
		docs[backwards] = day
	}
	if !reflect.DeepEqual(docs[false], docs[true]) {
		t.Errorf("one order left %+v, another %+v", docs[false], docs[true])
	}
}

func TestAClosedDay(t *testing.T) {
	for moods, want := range map[string]domain.GoodDay{
		"":     {},
		"G":    {},
		"GB":   {},
		"GBG":  {People: 3, Good: 2},
		"BBB":  {People: 3},
		"GGGG": {People: 4, Good: 4},
	} {
		day, now := begun(t)
		for i, mood := range moods {
			who := string(rune('a' + i))
			if err := day.Take(who, tapOf(who, map[rune]domain.Mood{'G': domain.GoodMood, 'B': domain.BadMood}[mood], "", ""), now, time.UTC); err != nil {
				t.Fatal(err)
			}
		}
		want.Name, want.StartTime = day.Name, day.StartTime
		if got := day.Close(); *got != want || got.Published() == (got.Withheld() != "") || got.Published() != (len(moods) > 2) {
			t.Errorf("%q is published as %+v (withheld: %q), want %+v", moods, got, got.Withheld(), want)
		}
	}
}
