package live

import (
	"bytes"
	"iter"
	"time"
)

const (
	// placeTimeout is how long the first events wait until it is known where every log is read from.
	placeTimeout = time.Second
	// maxHeld is how many of them wait at most.
	maxHeld = 256
)

// merger makes one stream of the steps of all sources, each event with the position after it.
//
// An id must name a place in every log: a client that came back with one that did not would miss what was recorded there in
// the meantime. So the first events are held back until every source has said where it begins. A source that cannot be
// reached does not hold them up for long.
type merger struct {
	frames   bytes.Buffer
	position Position
	waiting  map[string]bool
	held     []step
}

func newMerger(sources iter.Seq[string], asked request) *merger {
	m := &merger{position: Position{}, waiting: map[string]bool{}}
	for source := range sources {
		point, resumed := asked.from[source]
		if resumed || asked.start {
			m.position[source] = point // without a point: the beginning
		} else {
			m.waiting[source] = true
		}
	}
	return m
}

// take adds one step.
func (m *merger) take(next step) {
	if len(m.waiting) == 0 {
		m.emit(next)
		return
	}
	delete(m.waiting, next.source)
	if m.held = append(m.held, next); len(m.waiting) == 0 || len(m.held) == maxHeld {
		m.release()
	}
}

// release writes what was held back, and holds back no more.
func (m *merger) release() {
	clear(m.waiting)
	for _, first := range m.held {
		if _, ok := m.position[first.source]; !ok {
			begin := first.point
			if first.event != nil {
				begin.Sequence-- // the event itself comes below
			}
			m.position[first.source] = begin
		}
	}
	for _, next := range m.held {
		m.emit(next)
	}
	m.held = nil
}

func (m *merger) emit(next step) {
	m.position[next.source] = next.point
	if next.event != nil {
		appendFrame(&m.frames, m.position.String(), next.event.GetType(), next.event.GetCloudEvent())
	}
}

// ping writes a sign of life, with the position once it is whole.
func (m *merger) ping() {
	if len(m.waiting) > 0 {
		appendPing(&m.frames, "")
		return
	}
	appendPing(&m.frames, m.position.String())
}
