#!/usr/bin/env bash
# Trains what recipes/demo.toml compares and ends with the verdict and the path of the report.
# What is already trained in runs/demo is not trained again.
set -euo pipefail
cd "$(dirname "$0")/.."
exec build/release/bin/norma compare recipes/demo.toml --out runs/demo
