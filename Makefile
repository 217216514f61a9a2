# What a person or the CI does with this repository. `make` alone explains.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The tools, pinned here and nowhere else. They are built into bin/, which git
# ignores, under names with their version.
GOLANGCI      := bin/golangci-lint-v2.15.0
WORKFLOWCHECK := bin/workflowcheck-v0.6.0
GOTESTSUM     := bin/gotestsum-v1.13.0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOTEST  := $(GOTESTSUM) --format pkgname --format-hide-empty-pkg --

# Packages with tests of the embedded Temporal server. They run without the
# race detector: with it, building the server alone takes longer than all else.
SERVER_TESTS = $(shell grep -rlE --include='*_test.go' '^//go:build .*!slim' . | xargs -r -n1 dirname | sort -u)

# Packages with benchmarks, and those whose benchmarks need the Temporal server.
BENCHED        = $(shell grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u)
SERVER_BENCHED = $(shell grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r grep -lE '^//go:build .*!slim' | xargs -r -n1 dirname | sort -u)

FUZZTIME  ?= 5s
BENCHTIME ?= 1s
BENCH     ?= .

export GOFLAGS ?= -mod=readonly

.PHONY: help
help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build dist/quaestor, with the Temporal server in it
	go build -ldflags '$(LDFLAGS)' -o dist/quaestor ./cmd/quaestor

.PHONY: slim
slim: ## build dist/quaestor-slim, for an existing Temporal server
	go build -tags slim -ldflags '$(LDFLAGS)' -o dist/quaestor-slim ./cmd/quaestor

.PHONY: test
test: needs $(GOTESTSUM) ## run every test: with the race detector, then those of the embedded server
	@echo "== tests with the race detector"
	@$(GOTEST) -race -shuffle=on -timeout 20m -tags slim ./...
	@echo "== tests of what contains the Temporal server"
	@$(GOTEST) -shuffle=on -timeout 25m $(SERVER_TESTS)

# A missing PostgreSQL is installed where that is allowed without asking for a
# password. Its tests are left out otherwise; they say so in the summary too.
.PHONY: needs
needs: words
	@if [ -n "$${QUAESTOR_TEST_POSTGRES:-}" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then exit 0; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "== installing PostgreSQL, which tests need"; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null && exit 0; \
	fi; \
	echo "== LEFT OUT: tests of runtime/ledger/postgres and runtime/store/postgres: PostgreSQL is not here and could not be installed (install it, or set QUAESTOR_TEST_POSTGRES to the URL of a server)"

# pdftotext reads the words of our PDFs back, and tesseract those of scans; their
# tests are left out without them, as are those with LibreOffice, which is too
# large to be installed unasked.
.PHONY: words
words:
	@if command -v pdftotext >/dev/null && command -v tesseract >/dev/null; then exit 0; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "== installing poppler-utils and tesseract-ocr, which tests need"; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends poppler-utils tesseract-ocr >/dev/null && exit 0; \
	fi; \
	echo "== LEFT OUT: tests of PDFs with pdftotext and of scans with tesseract (install poppler-utils, tesseract-ocr)"

.PHONY: check
check: lint imports ## lint and import rules

.PHONY: lint
lint: $(GOLANGCI) $(WORKFLOWCHECK) ## run the linters, and workflowcheck on the workflows
	$(GOLANGCI) run ./...
	$(WORKFLOWCHECK) -config .workflowcheck.yaml -test=false ./workflows/...

.PHONY: imports
imports: ## test the import rules and the style of sources
	go test -tags slim -count=1 -run '^Test(Imports|ImportRules|Folders|Source)' ./eval

.PHONY: fmt
fmt: $(GOLANGCI) ## format the sources
	$(GOLANGCI) fmt ./...

.PHONY: generate
generate: ## generate code from openapi.yaml
	go generate ./...

.PHONY: histories
histories: ## record the workflow histories that tests replay, when a workflow is new
	QUAESTOR_RECORD_HISTORIES='$(CURDIR)/workflows/testdata/histories' go test -count=1 -run '^TestRecordHistories$$' ./runtime
	chmod 644 workflows/testdata/histories/*.json

.PHONY: bench
bench: ## run the benchmarks (BENCH=regexp, BENCHTIME=1s)
	@$(call measure,-tags slim,$(BENCHED))
	@$(call measure,,$(SERVER_BENCHED))

# Packages one after the other (-p 1): compiling one while another is measured
# would be measured too. Those of the gateway are of the binary without the
# Temporal server, whose pages would count as the gateway's memory.
measure = go test -p 1 $(1) -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 30m $(2) | { grep -vE '^(ok|PASS|\?|goos|goarch|cpu)|no test files' || [ $$? = 1 ]; }

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME (5s)
	@grep -rnoE --include='*_test.go' '^func Fuzz\w+' . | sed -E 's/:[0-9]+:func / /' | sort | while read -r file target; do \
		echo "== $$(dirname "$$file") $$target"; \
		go test -tags slim -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" | grep -vE '^fuzz: elapsed|^PASS' ; \
	done

.PHONY: cover
cover: ## measure the coverage of the tests, without the embedded server
	go test -tags slim -coverprofile coverage.out -coverpkg ./... ./... | grep -v 'no test files'
	go tool cover -func coverage.out | tail -1

bin/golangci-lint-%:
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$*)

bin/workflowcheck-%:
	$(call install,go.temporal.io/sdk/contrib/tools/workflowcheck,$*)

bin/gotestsum-%:
	$(call install,gotest.tools/gotestsum,$*)

# install builds a command at a version; bin/name is the command's own name.
define install
	@echo "== building $(notdir $(1)) $(2)"
	@mkdir -p bin && GOFLAGS= GOBIN='$(CURDIR)/bin' go install $(1)@$(2) && mv bin/$(notdir $(1)) $@
endef
