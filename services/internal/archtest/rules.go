// Package archtest holds the import rules of Fortnight as one test. The rules are the walls of the design: a wish that
// needs a hole in one of them is a question about the design, not about this package.
//
// Run it with `make arch`, which passes -count=1: `go test` does not see which files the test reads, so a cached pass would
// hide a new violation.
package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Package is what `go list` tells about one package of the workspace.
type Package struct {
	ImportPath string
	Dir        string
	GoFiles    []string // the shipped files, without tests
	Imports    []string // what the shipped files import
}

// root is the path that all three modules share.
const root = "github.com/fortnighthq/fortnight/"

// kind says which part of the product a package belongs to.
type kind uint8

const (
	foreign   kind = iota // not ours: the standard library or a dependency
	contracts             // proto/gen
	gateway               // gateway
	platform              // services/internal/platform
	service               // services/<name>
	program               // services/cmd
	harness               // services/internal/<anything else>: programs and packages that only check the product
)

// Layers of a service. A package may import those of a lower rank in its own service, and packages below itself.
const (
	domainRank = iota
	wireRank   // wire converts for the contracts; words takes texts apart for an index
	storeRank
	helperRank // what one service alone needs, such as a keyring or a worker
	edgeRank   // rpc, consumer and clock: what comes from callers, from other services, and from time
	serviceRank
)

// place is where a package stands.
type place struct {
	kind    kind
	service string // the service's folder, "" outside services
	layer   string // the folder below internal, "" for the service's own package
	rank    int
}

func placeOf(importPath string) place {
	path, ours := strings.CutPrefix(importPath, root)
	if !ours {
		return place{kind: foreign}
	}
	part := strings.Split(path, "/")
	at := func(i int) string {
		if i < len(part) {
			return part[i]
		}
		return ""
	}
	switch {
	case at(0) == "proto":
		return place{kind: contracts}
	case at(0) == "gateway":
		return place{kind: gateway}
	case at(1) == "cmd":
		return place{kind: program}
	case at(1) == "internal" && at(2) == "platform":
		return place{kind: platform}
	case at(1) == "internal":
		return place{kind: harness}
	}
	found := place{kind: service, service: at(1), rank: serviceRank}
	if at(2) == "internal" {
		found.layer = at(3)
		found.rank = rankOf(found.layer)
	}
	return found
}

func rankOf(layer string) int {
	switch layer {
	case "domain":
		return domainRank
	case "wire", "words":
		return wireRank
	case "store":
		return storeRank
	case "rpc", "consumer", "clock":
		return edgeRank
	}
	return helperRank
}

// Violations returns one line for each import that a rule forbids, in order.
func Violations(packages []Package) []string {
	var found []string
	for _, p := range packages {
		for _, imported := range p.Imports {
			if why := forbidden(p.ImportPath, imported); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", short(p.ImportPath), short(imported), why))
			}
		}
	}
	slices.Sort(found)
	return found
}

// forbidden says why one package must not import another, "" when it may.
func forbidden(importer, imported string) string {
	from, to := placeOf(importer), placeOf(imported)
	if to.kind == foreign {
		return forbiddenForeign(importer, from, imported)
	}
	if isTestHelper(imported) && !isTestHelper(importer) && from.kind != harness {
		return "test code stays out of what is shipped"
	}
	switch from.kind {
	case contracts:
		if to.kind != contracts {
			return "contracts depend on nothing of the product"
		}
	case gateway:
		if to.kind != gateway && to.kind != contracts {
			return "the gateway knows only the contracts"
		}
	case platform:
		return forbiddenForPlatform(imported, to)
	case service:
		return forbiddenForService(from, imported, to)
	case foreign, program, harness:
		// The program is the one place that imports everything; what checks the product may look anywhere.
	}
	return ""
}

func forbiddenForPlatform(imported string, to place) string {
	switch {
	case to.kind == platform:
		return ""
	case to.kind != contracts:
		return "platform knows no service"
	case !slices.Contains(platformContracts, strings.TrimPrefix(imported, root+"proto/gen/fortnight/")):
		return "platform has no product words; of the contracts it knows the common ones only"
	}
	return ""
}

// platformContracts are the contracts without product words.
var platformContracts = []string{"archive/v1", "common/v1", "eventlog/v1"}

func forbiddenForService(from place, imported string, to place) string {
	switch to.kind {
	case gateway, program, harness:
		return "a service knows the platform and the contracts, nothing above them"
	case service:
		return forbiddenBetweenLayers(from, to)
	case platform:
		return forbiddenOfPlatform(from, strings.TrimPrefix(imported, root+"services/internal/platform/"))
	case contracts:
		if from.rank == domainRank {
			return "domain knows the standard library and fault only; wire converts"
		}
	case foreign:
	}
	return ""
}

func forbiddenBetweenLayers(from, to place) string {
	switch {
	case from.service != to.service:
		return "services know each other only through the contracts"
	case to.rank >= from.rank && from.layer != to.layer:
		return "imports go one way: rpc, consumer and clock, store, wire, domain"
	}
	return ""
}

// forbiddenOfPlatform narrows what the inner layers take from the platform.
func forbiddenOfPlatform(from place, name string) string {
	switch from.rank {
	case domainRank:
		if name != "fault" {
			return "domain knows the standard library and fault only"
		}
	case wireRank:
		if !slices.Contains(platformForWire, name) {
			return "wire converts; of the platform it knows plain values only"
		}
	}
	return ""
}

// platformForWire are the packages of the platform that hold plain values: nothing that reads, writes or waits.
var platformForWire = []string{"fault", "record", "caller", "names"}

// short leaves out the part of a path that all of ours share.
func short(importPath string) string { return strings.TrimPrefix(importPath, root) }

// isTestHelper tells whether a package exists for tests only; its name says so.
func isTestHelper(importPath string) bool {
	name := importPath[strings.LastIndex(importPath, "/")+1:]
	return strings.HasSuffix(name, "test") || name == "testkit" || strings.Contains(importPath, "/testkit/")
}
