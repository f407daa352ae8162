GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BENCHSTAT     = golang.org/x/perf/cmd/benchstat@latest
VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS       = -s -w -X muster/cmd.version=$(VERSION)

.PHONY: help build smoke test race lint fuzz bench cross docs guests matrix starts products accuracy providers check

help: ## list these targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without HTTP/2, of which Tomcats and muster have no need, it is smaller.
build: ## the static binary ./muster
	CGO_ENABLED=0 go build -tags nethttpomithttp2 -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o muster .

smoke: ## a mini-cluster on this host
	go run . smoke

test: ## all tests that need no root and no Tomcat
	go test ./...

race: ## the same with the race detector
	go test -race ./...

lint: ## formatting, vet, golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	go run $(GOLANGCI_LINT) run ./...

cross: ## builds for every OS that muster runs on
	@for os in linux darwin windows freebsd; do echo "build $$os"; CGO_ENABLED=0 GOOS=$$os go vet ./... && CGO_ENABLED=0 GOOS=$$os go build -o /dev/null . || exit 1; done

docs: ## the man pages in docs/man, from the command tree
	go run ./internal/gendocs

matrix: ## every release of Tomcat, for half an hour: writes docs/interop.md
	go test ./internal/interop -run 'TestMatrix$$|TestSerialUIDs|TestGuestOfOneOfTwo' -timeout 90m -matrix -update

# What is large is not made smaller for long: that would take all the time.
FUZZTIME = 30s
fuzz: ## every fuzz target, for FUZZTIME (30s) each
	@grep -r --include='*_test.go' '^func Fuzz' . | sed -n 's|/[^/]*:func \(Fuzz[A-Za-z0-9]*\)(.*| \1|p' | sort | while read dir name; do \
		echo "$$dir $$name"; go test "$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; done

starts: ## real Tomcats of seven releases with some 30 files each, half an hour: docs/checks/config-accuracy.md
	go test ./tribes/serverxml -run '^TestStartEach$$' -timeout 90m -start-each all -v
	go test ./tribes/serverxml -run '^TestAccuracyPage$$' -update

accuracy: ## docs/accuracy.md: the doctor beside real Tomcats under each fault (8 minutes)
	go test -tags accuracy ./internal/interop -run '^TestDoctorAccuracy$$' -timeout 60m -update -v

# Four clusters of three Tomcats each, one after the other.
providers: ## clusters without multicast: DNS, Kubernetes, static members (5 minutes)
	go test -tags providers ./internal/interop -run '^TestWithoutMulticast$$' -count=1 -timeout 30m -v

bench: ## the benchmarks beside the code
	go test -run '^$$' -bench . -benchmem ./...

guests: ## what guests and the doctor cost the requests of real Tomcats, in minutes
	MUSTER_MEASURE=1 go test -run 'GuestHoldsUpNoRequest|DoctorDisturbsNobody' -count=1 -timeout 20m -v ./internal/interop

# Each is a JVM or two, and most wait for timers: a quarter of an hour.
products: ## every product other than Tomcat, live in namespaces; writes the matrix into docs/protocols.md
	go test ./internal/interop/products -count=1 -timeout 60m -all -update

check: ## what CI runs
	.ci/run
