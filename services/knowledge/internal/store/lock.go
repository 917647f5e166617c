package store

import "github.com/fortnighthq/fortnight/services/internal/platform/eventlog"

// alone lets one transaction at a time change learnings, what they rest on, offers, circumstances, settings and the index. They hang
// together in a ring: evidence grades learnings, learnings are indexed and offered, offers are moved by the experiments that are evidence.
// And a consumer takes in many events in one transaction, in whatever order they come. Locks of single things would need an order that
// nobody can keep; so there is one, and it comes before every change of a row. SQLite has one writer anyway; Postgres' writers wait
// for each other here, for the length of a transaction without network calls.
//
// Every function of this package that changes something takes it first. Others change nothing by themselves but what is due (Done, MakeDue).
func alone(tx *eventlog.Tx) error { return tx.Lock("knowledge") }
