# Everything that is done by hand or by a machine in this repository. `make` lists it.
#
# Needed: Go (the version in go.work or newer) and a C compiler. Tools for generation and linting are built into .bin from
# modules of their own (proto/tools), and only when a target needs them.

# One set of flags everywhere: each combination compiles SQLite's C file anew. sqlite_fts5 switches on full-text search;
# -buildvcs=false lets a clone that belongs to another user build.
export GOFLAGS := -buildvcs=false -tags=sqlite_fts5

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := $(CURDIR)/.bin
MODULES := proto gateway services
TOOL_MODULES := proto/tools/buf proto/tools/gen proto/tools/lint
# The contracts of the last release; `make release-image` writes it, `make breaking` compares with it.
RELEASED := proto/released.binpb
OPENAPI := gateway/internal/openapi/openapi.yaml

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Running

.PHONY: build
build: ## Build the program into .bin/fortnight
	go build -o $(BIN)/fortnight ./services/cmd/fortnight

.PHONY: run
run: build ## Build and start the demo (settings from FORTNIGHT_*)
	@exec $(BIN)/fortnight demo

## Testing

.PHONY: test
test: ## Run every test; needs Go and a C compiler only
	go test ./proto/... ./gateway/... ./services/...

# A number of runs, about a minute: with a duration the fuzzer sometimes fails for nothing but that its time is up.
FUZZTIME := 600000x

.PHONY: fuzz
fuzz: ## Fuzz the reader of measurement files (FUZZTIME=10m for longer)
	go test ./services/experiment/internal/domain -run '^$$' -fuzz '^FuzzCSV$$' -fuzztime $(FUZZTIME)

.PHONY: arch
arch: ## Check the import rules
	go test -count=1 ./services/internal/archtest

.PHONY: bench
bench: ## Measure against floors taken in the same run (SHORT=1 for the short form)
	go run ./services/internal/bench $(if $(SHORT),-short)

.PHONY: gameday
gameday: ## Kill and wipe real processes under load, and check that nothing was lost (SHORT=1: a minute)
	go run ./services/internal/gameday $(if $(SHORT),-short)

## Contracts

# Stamps: a tool is built again when its module's files change.
$(BIN)/.buf: proto/tools/buf/go.mod proto/tools/buf/go.sum
	cd proto/tools/buf && GOWORK=off GOFLAGS=-buildvcs=false GOBIN=$(BIN) go install tool
	@touch $@

$(BIN)/.gen: proto/tools/gen/go.mod proto/tools/gen/go.sum $(wildcard proto/tools/gen/*/*.go)
	cd proto/tools/gen && GOWORK=off GOFLAGS=-buildvcs=false GOBIN=$(BIN) go install tool ./...
	@touch $@

$(BIN)/.lint: proto/tools/lint/go.mod proto/tools/lint/go.sum
	cd proto/tools/lint && GOWORK=off GOFLAGS=-buildvcs=false GOBIN=$(BIN) go install tool
	@touch $@

.protodeps/.printed: $(BIN)/.gen
	$(BIN)/protodeps .protodeps
	@touch $@

.PHONY: generate
generate: $(BIN)/.buf .protodeps/.printed ## Generate Go and OpenAPI from proto/fortnight
	$(BIN)/buf generate
	$(BIN)/buf build proto -o $(BIN)/api.binpb
	$(BIN)/openapi -image $(BIN)/api.binpb -out $(OPENAPI) $$(find $(BIN)/openapi-parts -name '*.openapi.json' | LC_ALL=C sort)
	$(BIN)/eventdocs -image $(BIN)/api.binpb -markdown docs/events.md -asyncapi docs/asyncapi.yaml

.PHONY: contracts
contracts: $(BIN)/.buf .protodeps/.printed ## Lint the contracts and compare them with the last release
	$(BIN)/buf lint
	$(BIN)/buf format proto --diff --exit-code
	@$(MAKE) --no-print-directory breaking

.PHONY: breaking
breaking: $(BIN)/.buf .protodeps/.printed ## Compare the contracts with the last release
	@test -f $(RELEASED) || { echo "$(RELEASED) is missing; make release-image writes it" >&2; exit 1; }
	$(BIN)/buf breaking proto --against $(RELEASED) --exclude-imports

.PHONY: release-image
release-image: $(BIN)/.buf .protodeps/.printed ## At a release: keep the contracts for `make breaking`
	$(BIN)/buf build proto --exclude-source-info -o $(RELEASED)

## Checking

.PHONY: lint
lint: $(BIN)/.buf .protodeps/.printed $(BIN)/.lint ## Lint contracts and Go, check the format of both
	$(BIN)/buf lint
	$(BIN)/buf format proto --diff --exit-code
	$(BIN)/golangci-lint run ./gateway/... ./services/...

.PHONY: format
format: $(BIN)/.buf .protodeps/.printed $(BIN)/.lint ## Format contracts and Go
	$(BIN)/buf format proto --write
	$(BIN)/golangci-lint fmt ./gateway/... ./services/...

.PHONY: verify
verify: generated tidied alone contracts arch ## Check all that must agree: generated code, go.mod files, contracts, import rules
	cd proto/tools/gen && GOWORK=off GOFLAGS=-buildvcs=false go test ./...

# Compares content, not git's index, so that it also works before a commit.
.PHONY: generated
generated: ## Check that generated files fit the contracts
	@sum() { find proto/gen $(OPENAPI) docs/events.md docs/asyncapi.yaml -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; }; \
	before="$$(sum)"; $(MAKE) --no-print-directory generate; \
	diff <(echo "$$before") <(sum) || { echo "generated files were stale; they are fresh now, commit them" >&2; exit 1; }

.PHONY: tidied
tidied: ## Check that each go.mod is tidy
	@for module in $(MODULES); do echo "tidy $$module"; (cd $$module && go mod tidy -diff); done

# The workspace hides a missing requirement, so each module is also built without it.
.PHONY: alone
alone: ## Build each module without the workspace
	@for module in $(MODULES); do echo "build $$module"; (cd $$module && GOWORK=off go build ./...); done

# `go work sync` raises versions that tidy then has to follow; after the second round nothing changes any more.
.PHONY: tidy
tidy: ## Tidy all modules until nothing changes
	for module in $(MODULES); do (cd $$module && go mod tidy); done
	go work sync
	for module in $(MODULES); do (cd $$module && go mod tidy); done
	for module in $(TOOL_MODULES); do (cd $$module && GOWORK=off go mod tidy); done

.PHONY: ci
ci: ## All that the build machine checks
	.ci/run

.PHONY: clean
clean: ## Remove what was built; the demo's data stays
	rm -rf $(BIN) .protodeps
