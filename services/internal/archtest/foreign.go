package archtest

import (
	"slices"
	"strings"
)

// ban keeps a dependency inside the places that may have it.
type ban struct {
	paths   []string // a path, or a prefix that ends with a slash
	allowed func(importer string, from place) bool
	why     string
}

var bans = []ban{
	{
		paths:   []string{"database/sql", "database/sql/"},
		allowed: func(importer string, from place) bool { return isIn(importer, "db") || isLayer(from, "store") },
		why:     "SQL is written in store and run by platform/db",
	},
	{
		paths:   []string{"github.com/mattn/go-sqlite3", "github.com/jackc/pgx/"},
		allowed: func(importer string, _ place) bool { return isIn(importer, "db") },
		why:     "only platform/db knows the drivers",
	},
	{
		paths:   []string{"github.com/nats-io/"},
		allowed: func(importer string, _ place) bool { return isIn(importer, "bus") },
		why:     "only platform/bus knows the broker",
	},
	{
		paths: []string{"google.golang.org/grpc", "google.golang.org/grpc/"},
		allowed: func(_ string, from place) bool {
			return from.kind != service || from.rank > storeRank && from.layer != "consumer"
		},
		why: "nothing in a transaction can wait on a network",
	},
	{
		paths: []string{"testing", "testing/", "pgregory.net/rapid", "go.uber.org/goleak", "net/http/httptest"},
		allowed: func(importer string, _ place) bool {
			return isTestHelper(importer)
		},
		why: "test code stays out of what is shipped",
	},
}

// domainBans are parts of the standard library that would give a rule a clock, chance, a network or a wait.
var domainBans = []string{
	"context", "crypto/rand", "database/sql", "database/sql/", "embed", "math/rand", "math/rand/", "net", "net/http", "net/http/",
	"os", "os/", "sync", "sync/", "syscall",
}

func forbiddenForeign(importer string, from place, imported string) string {
	if from.kind == service && from.rank == domainRank {
		if strings.Contains(strings.Split(imported, "/")[0], ".") {
			return "domain knows the standard library and fault only"
		}
		if matches(domainBans, imported) {
			return "domain has no clock, no chance, no network and no context"
		}
	}
	if from.kind == harness || from.kind == program {
		return ""
	}
	for _, b := range bans {
		if matches(b.paths, imported) && !b.allowed(importer, from) {
			return b.why
		}
	}
	return ""
}

func matches(paths []string, imported string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		return imported == path || strings.HasSuffix(path, "/") && strings.HasPrefix(imported, path)
	})
}

// isIn tells whether a package is the named one of the platform, or below it.
func isIn(importPath, name string) bool {
	home := root + "services/internal/platform/" + name
	return importPath == home || strings.HasPrefix(importPath, home+"/")
}

func isLayer(p place, layer string) bool { return p.kind == service && p.layer == layer }
