// Package migrations holds the tables of this service for each engine.
package migrations

import "embed"

// FS has the directories sqlite and postgres.
//
//go:embed sqlite postgres
var FS embed.FS
