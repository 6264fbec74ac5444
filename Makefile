# SPDX-License-Identifier: Apache-2.0
# Every target is a line or two; the work is done by meson.build and tools/. `make` alone prints what there is.
PREFIX ?= /usr/local
DESTDIR ?=
DATA ?= trapline-data

.DEFAULT_GOAL := help
.PHONY: help deps deps-test build run test check bench bench-alarms bench-tunnel bench-handshakes fuzz clean-room format install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages that building needs (packages.txt)
	@tools/deps build

deps-test:
	@tools/deps build test

build/build.ninja:
	meson setup build --prefix=$(PREFIX) -Dtests=false

build: build/build.ninja ## build/trapline and the test tools beside it
	@ninja -C build --quiet

run: deps ## install, build, and start the collector with its data in ./trapline-data
	@$(MAKE) --no-print-directory build
	@exec build/trapline serve --data $(DATA)

test: deps-test ## every test; the last line is the sum
	@tests/interop/install
	@$(MAKE) --no-print-directory build
	@tools/run-tests

check: deps-test ## the quick tests, under a minute
	@tools/run-tests --quick

bench: ## Trapline and snmptrapd under the same load; prints one table
	@tools/deps build bench
	@$(MAKE) --no-print-directory build
	@bench/run

bench-alarms: ## the fold, its backlog, a large fleet; prints one table
	@tools/deps build bench
	@$(MAKE) --no-print-directory build
	@bench/alarms

bench-tunnel: ## TUN to TUN beside OpenVPN, wireguard-go and strongSwan; prints one table
	@tools/deps build bench
	@$(MAKE) --no-print-directory build
	@bench/tunnel

bench-handshakes: ## IKEv2 handshakes beside strongSwan; prints one table
	@tools/deps build bench
	@$(MAKE) --no-print-directory build
	@bench/handshakes

fuzz: deps-test ## every fuzz target for FUZZ_SECONDS (600)
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tools/run-tests fuzz

clean-room: ## run and test in a fresh minimal Debian 12 made in a folder (root)
	@tools/deps clean-room
	@tools/clean-room

format: deps-test ## clang-format over every C file
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format-14 -i

install: build ## install under PREFIX (/usr/local), below DESTDIR if given
	@meson configure build -Dprefix=$(PREFIX)
	@meson install -C build --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean: ## remove what was built
	@rm -rf build build-*
