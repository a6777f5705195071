# Forwards to CMake presets and small scripts; nothing is decided here.
.PHONY: demo test sanitize fuzz build setup data bench bench-suite accuracy clean

demo: build data
	./scripts/demo.sh

test: build data
	ctest --preset release

sanitize: setup
	./scripts/sanitize.sh

fuzz: setup
	./scripts/fuzz.sh

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
