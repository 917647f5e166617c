package eventlog

import (
	"context"
	"slices"
)

// Context returns the values of the context that the transaction was begun with: who asked, and for what. It never ends.
func (tx *Tx) Context() context.Context { return tx.values }

// Wake ends the waiting of everybody who holds a channel of Log.Woken for the topic, once the transaction is committed. It
// is how a worker learns that there are new rows for it.
func (tx *Tx) Wake(topic string) {
	if !slices.Contains(tx.wake, topic) {
		tx.wake = append(tx.wake, topic)
	}
}

// Woken returns a channel that is closed at the next commit that woke the topic. Take it before looking for rows, so that
// nothing falls between.
func (l *Log) Woken(topic string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.woken[topic] == nil {
		l.woken[topic] = make(chan struct{})
	}
	return l.woken[topic]
}

func (l *Log) wakeAll(topics []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, topic := range topics {
		if c := l.woken[topic]; c != nil {
			close(c)
			delete(l.woken, topic)
		}
	}
}
