# Every target that people and CI use. "make help" lists them.

RUN      ?= .
OUT      ?= .
MODE     ?= plugin
FUZZTIME ?= 30s
SOAK     ?= 2m
BIN      := $(CURDIR)/bin/trustgen
NODE     := test/e2e/verifiers/node_modules
LINT     := go tool -modfile=$(CURDIR)/test/tools/go.mod golangci-lint
CRDGEN   := go tool -modfile=$(CURDIR)/test/tools/controller-gen/go.mod controller-gen
WRITTEN  := deploy/crds issuer/v1alpha1/zz_generated.deepcopy.go csr/testdata/corpus docs/trust-light.svg docs/trust-dark.svg
MODULES  := . test/e2e test/tools test/tools/controller-gen test/servers/kube test/servers/kube136 test/servers/istio test/servers/cfssl

.PHONY: help
help: ## show this help
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/trustgen
	CGO_ENABLED=0 go build -trimpath -o $(BIN) ./cmd/trustgen

.PHONY: test
test: ## run the unit tests, with the race detector
	go test -race -count=1 ./...

.PHONY: lint
lint: drift ## check style, imports and the go.mod files
	$(LINT) run ./...
	cd test/e2e && $(LINT) run --config $(CURDIR)/.golangci.yml --build-tags soak ./...
	@for module in $(MODULES); do echo "go -C $$module mod tidy -diff"; go -C $$module mod tidy -diff || exit 1; done

.PHONY: generate
generate: ## write generated files below OUT: deep copies, CRDs, hostile requests, the picture
	$(CRDGEN) object crd paths=./issuer/v1alpha1 output:object:dir=$(OUT)/issuer/v1alpha1 output:crd:dir=$(OUT)/deploy/crds
	go run ./csr/internal/mkcorpus $(OUT)/csr/testdata/corpus
	go run ./docs/picture $(OUT)/docs

.PHONY: drift
drift: ## fail if a generated file differs from what generate writes
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && $(MAKE) --no-print-directory generate OUT="$$out" && \
	for file in $(WRITTEN); do diff -r "$$out/$$file" $$file || { echo "error: $$file is out of date: run 'make generate'" >&2; exit 1; }; done

.PHONY: e2e
e2e: build $(NODE) ## run the tests against real servers and other people's verifiers; RUN=regexp chooses
	TRUSTGEN_E2E_BIN=$(BIN) test/e2e/run.sh -v -run '$(RUN)'

$(NODE): test/e2e/verifiers/package-lock.json
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

.PHONY: soak
soak: build ## run what takes long, for SOAK
	TRUSTGEN_E2E_BIN=$(BIN) SOAK=$(SOAK) test/e2e/run.sh -v -tags soak -run '^TestSoak' -timeout 0

.PHONY: testbed
testbed: build ## start two clusters to try things on; MODE=ra: istiods without a key; Ctrl-C stops them
	@TRUSTGEN_E2E_BIN=$(BIN) exec test/e2e/testbed/run.sh $(MODE)

.PHONY: bench
bench: ## measure against peers in the same run
	go test -run '^$$' -bench . -timeout 20m ./test/bench

# Go would spend up to a minute on making one interesting input smaller.
.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, name[i]; n = 0 }' | \
	while read -r package name; do go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$package" || exit 1; done

.PHONY: cover
cover: ## show which lines the unit tests reach
	go test -coverprofile=coverage.out -coverpkg=./... ./...
	go tool cover -func=coverage.out | tail -1

.PHONY: cross
cross: ## compile for the other platforms
	GOOS=linux GOARCH=arm64 go build ./...
	GOOS=darwin GOARCH=arm64 go build ./...
