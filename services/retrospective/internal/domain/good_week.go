package domain

import (
	"cmp"
	"slices"
	"time"
)

// Named is how many different people named a cause of a mood. The note stands for a cause of its own.
type Named map[Mood]map[string]int

// OpenGoodWeek is what is kept of the published days of a week until it is closed.
type OpenGoodWeek struct {
	Name      string    `json:"name"`
	CloseTime time.Time `json:"closeTime"`
	// Named holds the greatest numbers of different people that were known: at least so many named the cause.
	Named Named `json:"named,omitempty"`
	// Writers is how many different people are known to have left a note.
	Writers int        `json:"writers,omitempty"`
	Notes   []WeekNote `json:"notes,omitempty"`
}

// WeekNote is what somebody left with a tap. Notes are sorted by their random ids.
type WeekNote struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// GoodWeek is a week that was closed: what its published days were like, and nothing that fewer than three people said.
type GoodWeek struct {
	Name string `json:"name"`
	// Days counts the published ones, People and Good the taps on them.
	Days       int          `json:"days"`
	People     int          `json:"people,omitempty"`
	Good       int          `json:"good,omitempty"`
	GoodCauses []NamedCause `json:"goodCauses,omitempty"`
	BadCauses  []NamedCause `json:"badCauses,omitempty"`
	Notes      []string     `json:"notes,omitempty"`
}

// NamedCause is a cause that at least so many different people named.
type NamedCause struct {
	Cause  string `json:"cause"`
	People int    `json:"people"`
}

// BeginGoodWeek is the week of a day.
func BeginGoodWeek(d *OpenGoodDay) *OpenGoodWeek {
	return &OpenGoodWeek{Name: d.Week, CloseTime: d.WeekCloseTime}
}

// Add adds a day that is being closed. known is how many different people are known to have named each cause on the published days of
// the week, this one included, and writers how many left a note. It may be too few, never too many; on one day, the taps that name a cause
// are as many people. newID makes random ids. What was tapped on a day that is not published is not added.
func (w *OpenGoodWeek) Add(d *OpenGoodDay, known Named, writers int, newID func() string) {
	if !d.Close().Published() {
		return
	}
	today, wrote := Named{}, 0
	for _, tap := range d.Taps {
		if tap.Cause != "" {
			today.raise(tap.Mood, tap.Cause, today[tap.Mood][tap.Cause]+1)
		}
		if tap.Note != "" {
			wrote++
			w.Notes = append(w.Notes, WeekNote{ID: newID(), Text: tap.Note})
		}
	}
	slices.SortFunc(w.Notes, func(x, y WeekNote) int { return cmp.Compare(x.ID, y.ID) })
	if w.Named == nil {
		w.Named = Named{}
	}
	for _, numbers := range []Named{today, known} {
		for mood, causes := range numbers {
			for cause, people := range causes {
				w.Named.raise(mood, cause, people)
			}
		}
	}
	w.Writers = max(w.Writers, wrote, writers)
}

func (n Named) raise(mood Mood, cause string, people int) {
	if n[mood] == nil {
		n[mood] = map[string]int{}
	}
	n[mood][cause] = max(n[mood][cause], people)
}

// Close is what is published of the week, once. days are its closed days.
func (w *OpenGoodWeek) Close(days []*GoodDay) *GoodWeek {
	week := &GoodWeek{Name: w.Name}
	for _, day := range days {
		if day.Published() {
			week.Days++
			week.People += day.People
			week.Good += day.Good
		}
	}
	week.GoodCauses = shownCauses(w.Named[GoodMood], week.Good)
	week.BadCauses = shownCauses(w.Named[BadMood], week.People-week.Good)
	if w.Writers >= leastPeople {
		for _, note := range w.Notes {
			week.Notes = append(week.Notes, note.Text)
		}
	}
	return week
}

// shownCauses are the causes that at least three people named, the most named first. taps is how many taps of the mood there are: a reader
// takes the shown numbers from it, and must not be left with one or two people who named nothing of this. Then the greatest number is told
// smaller, or not at all; "at least so many" stays true.
func shownCauses(named map[string]int, taps int) []NamedCause {
	var shown []NamedCause
	left := taps
	for cause, people := range named {
		if people >= leastPeople {
			shown = append(shown, NamedCause{Cause: cause, People: people})
			left -= people
		}
	}
	most := func(x, y NamedCause) int {
		return cmp.Or(cmp.Compare(y.People, x.People), cmp.Compare(x.Cause, y.Cause))
	}
	slices.SortFunc(shown, most)
	if len(shown) > 0 && left > 0 && left < leastPeople {
		if shown[0].People -= leastPeople - left; shown[0].People < leastPeople {
			shown = shown[1:]
		}
		slices.SortFunc(shown, most)
	}
	return shown
}

// Share is the share of good taps on the published days, from 0 to 1; false when no day is published.
func (w *GoodWeek) Share() (float64, bool) {
	if w.People == 0 {
		return 0, false
	}
	return float64(w.Good) / float64(w.People), true
}
