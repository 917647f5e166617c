package domain_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// dayOf is a day with taps, each written as mood and cause, such as "G flow", with a note behind a slash.
func dayOf(t *testing.T, day string, taps ...string) *domain.OpenGoodDay {
	t.Helper()
	now := instant(t, "2026-03-"+day+"T09:00:00Z")
	d, err := domain.BeginGoodDay(dayNames+"2026-03-"+day, []string{"flow", "help", "waiting"}, now, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for i, tap := range taps {
		tap, note, _ := strings.Cut(tap, "/")
		mood, cause, _ := strings.Cut(tap, " ")
		who := fmt.Sprint(i)
		if err := d.Take(who, tapOf(day+who, map[string]domain.Mood{"G": domain.GoodMood, "B": domain.BadMood}[mood], cause, note), now, time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestWeeks(t *testing.T) {
	known := func(mood domain.Mood, cause string, people int) domain.Named {
		return domain.Named{mood: {cause: people}}
	}
	type added struct {
		day     *domain.OpenGoodDay
		known   domain.Named
		writers int
	}
	day := func(day string, taps ...string) added { return added{day: dayOf(t, day, taps...)} }
	tests := []struct {
		name  string
		days  []added
		good  string
		bad   string
		notes int
		sum   string
	}{
		{"nothing published", []added{day("02", "G flow/x", "B help/y")}, "[]", "[]", 0, "0 0 0"},
		{"one day is exact", []added{day("02", "G flow", "G flow", "G flow", "B waiting", "B waiting", "B waiting")}, "[{flow 3}]", "[{waiting 3}]", 0, "1 6 3"},
		{"two people are not told", []added{day("02", "G flow", "G flow", "G")}, "[]", "[]", 0, "1 3 3"},
		{"days alone do not tell people apart", []added{day("02", "G flow", "G flow", "B"), day("03", "G flow", "G flow", "B")}, "[]", "[]", 0, "2 6 4"},
		{"people who are known are told apart", []added{day("02", "G flow", "G flow", "B"), {dayOf(t, "03", "G flow", "G flow", "G", "G"), known(domain.GoodMood, "flow", 3), 0}}, "[{flow 3}]", "[]", 0, "2 7 6"},
		{"what was known before a restart stays", []added{{dayOf(t, "02", "G flow", "G flow", "G flow", "G flow"), nil, 0}, {dayOf(t, "03", "B", "B", "B"), known(domain.GoodMood, "flow", 1), 0}}, "[{flow 4}]", "[]", 0, "2 7 4"},
		{"one who is left is hidden in a smaller number", []added{day("02", "G flow", "G flow", "G flow", "G flow", "G flow", "G help")}, "[{flow 3}]", "[]", 0, "1 6 6"},
		{"or the number is not told", []added{day("02", "G flow", "G flow", "G flow", "G")}, "[]", "[]", 0, "1 4 4"},
		{"two who are left, and two causes", []added{day("02", "B flow", "B flow", "B flow", "B help", "B help", "B help", "B help", "B", "B")}, "[]", "[{flow 3} {help 3}]", 0, "1 9 0"},
		{"notes of two", []added{day("02", "G/x", "G/y", "G")}, "[]", "[]", 0, "1 3 3"},
		{"notes of three", []added{day("02", "G/x", "G/y", "B/z")}, "[]", "[]", 3, "1 3 2"},
		{"notes of two on two days", []added{day("02", "G/x", "G/y", "B"), day("03", "G/x", "G/y", "B")}, "[]", "[]", 0, "2 6 4"},
		{"notes of three on two days", []added{day("02", "G/x", "G/y", "B"), {dayOf(t, "03", "G/x", "G/y", "B"), nil, 3}}, "[]", "[]", 4, "2 6 4"},
		{"notes of a day that is withheld", []added{day("02", "G/x", "G/y"), {dayOf(t, "03", "G", "G", "B"), nil, 3}}, "[]", "[]", 0, "1 3 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			week, ids := domain.BeginGoodWeek(test.days[0].day), 0
			var days []*domain.GoodDay
			for _, a := range test.days {
				week.Add(a.day, a.known, a.writers, func() string { ids++; return fmt.Sprint(-ids) })
				days = append(days, a.day.Close())
			}
			got := week.Close(days)
			if sum := fmt.Sprint(got.Days, got.People, got.Good); sum != test.sum || fmt.Sprint(got.GoodCauses) != test.good || fmt.Sprint(got.BadCauses) != test.bad || len(got.Notes) != test.notes {
				t.Errorf("published %+v", got)
			}
			if share, ok := got.Share(); ok != (got.People > 0) || ok && share != float64(got.Good)/float64(got.People) {
				t.Errorf("share %v %v", share, ok)
			}
		})
	}
}

// Notes come in the order of ids that have nothing to do with the order of taps or days.
func TestNotesAreInNoOrder(t *testing.T) {
	week := domain.BeginGoodWeek(dayOf(t, "02"))
	ids := []string{"m", "a", "z", "b", "y", "c"}
	newID := func() string { id := ids[0]; ids = ids[1:]; return id }
	first, second := dayOf(t, "02", "G/1", "G/2", "G/3"), dayOf(t, "03", "G/4", "G/5", "G/6")
	for _, d := range []*domain.OpenGoodDay{first, second} {
		week.Add(d, nil, 0, newID)
	}
	var byID []string
	for _, note := range week.Notes {
		byID = append(byID, note.ID)
	}
	if got := strings.Join(byID, ""); got != "abcmyz" || reflect.DeepEqual(week.Close(nil).Notes, []string{"1", "2", "3", "4", "5", "6"}) {
		t.Errorf("notes %v", week.Notes)
	}
}
