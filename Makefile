# The Go tool does the work; each target is one thing a contributor wants.

GO          ?= go
BIN         := bin/wsluice
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PLATFORMS   := linux/amd64 linux/arm64 darwin/arm64 windows/amd64
FUZZTIME    ?= 20s
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build, record on 127.0.0.1:8080 and show it (ARGS="--listen …" to change)
	$(BIN) $(ARGS)

.PHONY: demo
demo: build ## show the inspector on made-up traffic, without a network
	$(BIN) demo $(ARGS)

.PHONY: build
build: ## build bin/wsluice
	$(GO) build -o $(BIN) ./cmd/wsluice

.PHONY: test
test: ## run the tests; needs nothing but Go
	$(GO) test -timeout 5m ./...

.PHONY: race
race: ## run the tests under the race detector; needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -timeout 25m ./...

.PHONY: e2e
e2e: build ## run real clients and servers through the real proxy; installs them when missing
	./cmd/wsluice/e2e/setup.sh
	WSLUICE_BIN=$(CURDIR)/$(BIN) $(GO) test -tags e2e -count 1 -timeout 20m ./cmd/wsluice/e2e/...

.PHONY: bench
bench: build ## measure against bare relays and write BENCHMARKS.md
	$(GO) run ./cmd/wsluice-bench --wsluice $(BIN) $(ARGS)

.PHONY: shots
shots: build ## take the pictures in docs/screens; needs tmux (ARGS="messages …" for some)
	$(GO) run ./cmd/wsluice-shots --wsluice $(BIN) $(ARGS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME each
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

.PHONY: lint
lint: ## check format, vet, staticcheck and the builds for other systems
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags e2e ./cmd/wsluice/e2e/...
	$(GO) run $(STATICCHECK) -tags e2e ./...
	@set -e; for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -o /dev/null ./cmd/wsluice; \
	done
