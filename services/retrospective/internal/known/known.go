// Package known remembers who tapped, as long as the process runs and nowhere else: only so can different people be told from one who taps
// on several days. What it counts may be too few, because a process that began later knows less, and is never too many.
package known

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// keptFor is how long a day or a week is remembered after its end, if this process does not close it itself.
const keptFor = 24 * time.Hour

// People remembers who tapped. It is safe for concurrent use. No name is in it: people are HMACs under a random key.
type People struct {
	key []byte

	mu    sync.Mutex
	days  map[string]*day
	weeks map[string]*week
}

type person [sha256.Size]byte

type set map[person]struct{}

// day holds whose the taps of a day are, by the hashes of their secrets.
type day struct {
	closed time.Time
	taps   map[string]person
}

// week holds who named what on the published days of a week.
type week struct {
	closed  time.Time
	named   map[domain.Mood]map[string]set
	writers set
}

// New knows nobody.
func New() *People {
	return &People{key: []byte(rand.Text()), days: map[string]*day{}, weeks: map[string]*week{}}
}

// Tapped tells whose a tap is. A tap that was not saved in the end does no harm: Count looks only for those that were.
func (p *People) Tapped(d *domain.OpenGoodDay, secretHash, subject string) {
	mac := hmac.New(sha256.New, p.key)
	_, _ = mac.Write([]byte(subject)) // never fails
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.days[d.Name]
	if known == nil {
		known = &day{closed: d.CloseTime, taps: map[string]person{}}
		p.days[d.Name] = known
	}
	known.taps[secretHash] = person(mac.Sum(nil))
}

// Count adds a day that is published to its week, and returns how many different people are known to have named each cause in that week, and to
// have left a note. To count a day again changes nothing.
func (p *People) Count(d *domain.OpenGoodDay) (named domain.Named, writers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.weeks[d.Week]
	if w == nil {
		w = &week{closed: d.WeekCloseTime, named: map[domain.Mood]map[string]set{}, writers: set{}}
		p.weeks[d.Week] = w
	}
	if known := p.days[d.Name]; known != nil {
		for _, tap := range d.Taps {
			if who, ok := known.taps[tap.SecretHash]; ok {
				w.add(tap, who)
			}
		}
	}
	named = domain.Named{}
	for mood, causes := range w.named {
		named[mood] = map[string]int{}
		for cause, people := range causes {
			named[mood][cause] = len(people)
		}
	}
	return named, len(w.writers)
}

func (w *week) add(tap domain.Tap, who person) {
	if tap.Note != "" {
		w.writers[who] = struct{}{}
	}
	if tap.Cause == "" {
		return
	}
	causes := w.named[tap.Mood]
	if causes == nil {
		causes = map[string]set{}
		w.named[tap.Mood] = causes
	}
	if causes[tap.Cause] == nil {
		causes[tap.Cause] = set{}
	}
	causes[tap.Cause][who] = struct{}{}
}

// Forget forgets a day or a week: it is closed.
func (p *People) Forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.days, name)
	delete(p.weeks, name)
}

// ForgetOld forgets the days and weeks that another process has closed.
func (p *People) ForgetOld(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, d := range p.days {
		if now.After(d.closed.Add(keptFor)) {
			delete(p.days, name)
		}
	}
	for name, w := range p.weeks {
		if now.After(w.closed.Add(keptFor)) {
			delete(p.weeks, name)
		}
	}
}
