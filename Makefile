# Forwards to CMake presets and small scripts; nothing is decided here.
.PHONY: demo test sanitize fuzz program build setup data bench bench-suite accuracy clean

demo: program data
	./scripts/demo.sh

test: build data
	./scripts/test.sh

sanitize: setup
	./scripts/sanitize.sh

fuzz: setup
	./scripts/fuzz.sh

# The program alone; build makes the tests too.
program: setup
	cmake --preset release
	cmake --build --preset release --target norma_cli

build: setup
	cmake --preset release
	cmake --build --preset release

data: setup
	./scripts/data/fetch.sh

setup:
	./scripts/setup.sh

bench: build
	./scripts/bench.sh

bench-suite: build
	./scripts/bench.sh cpu

accuracy: build
	./scripts/accuracy.sh

clean:
	rm -rf build
