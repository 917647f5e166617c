// Package consumer makes learnings, evidence and what offers go by of what other services tell. Every function may be given the same
// event again, and the events of different sources in any order: what follows in the end is the same.
package consumer
