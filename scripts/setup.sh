#!/usr/bin/env bash
# Installs what the build needs: Debian packages, and a virtual environment with the torch wheel.
# And what the bench compares with: oneDNN, and ONNX Runtime's wheel, which no build needs.
# setup.sh [PACKAGE...]: those packages besides. Quick when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

torch_version=2.13.0
onnxruntime_version=1.31.1
onnx_version=1.23.2
packages=(build-essential cmake ninja-build pkg-config python3 python3-venv git
  libhwy-dev libgtest-dev libgmock-dev libcli11-dev libfmt-dev nlohmann-json3-dev
  libtomlplusplus-dev libbenchmark-dev libdnnl-dev libutf8proc-dev g++-aarch64-linux-gnu qemu-user
  chromium "$@")

. /etc/os-release
case "${ID:-}:${VERSION_ID:-}" in
  debian:12) ;;
  ubuntu:24.04) packages=("${packages[@]/chromium/chromium-browser}")
    echo "setup: Ubuntu 24.04 is known to this script but not tested." >&2 ;;
  *) echo "setup: ${PRETTY_NAME:-this system} is unknown to this script (Debian 12 is tested);" \
      "trying its package names." >&2 ;;
esac

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ]; then sudo=()
  elif command -v sudo >/dev/null; then sudo=(sudo)
  else
    printf 'setup: these packages are missing, and this user is neither root nor has sudo:\n' >&2
    printf '  %s\n' "${missing[@]}" >&2
    echo "setup: ask an administrator for: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  # A stale list makes downloads fail, so they are refreshed whenever one is to be installed.
  "${sudo[@]}" apt-get update -qq
  # Behind sudo, which drops the caller's variables.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
fi

# Existing but broken (another machine's, an aborted install) is made anew.
torch_is_there="import importlib.metadata as m, sys
sys.exit(m.version('torch').split('+')[0] != '$torch_version')"
if ! .venv/bin/python3 -c "$torch_is_there" 2>/dev/null; then
  echo "setup: creating .venv with torch==$torch_version"
  rm -rf .venv
  python3 -m venv .venv
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check "torch==$torch_version"
fi

wheels_are_there="import importlib.metadata as m, sys
found = m.version('onnxruntime'), m.version('onnx')
sys.exit(found != ('$onnxruntime_version', '$onnx_version'))"
if ! .venv/bin/python3 -c "$wheels_are_there" 2>/dev/null; then
  echo "setup: adding onnxruntime==$onnxruntime_version for the bench"
  .venv/bin/python3 -m pip install --quiet --disable-pip-version-check \
    "onnxruntime==$onnxruntime_version" "onnx==$onnx_version" ||
    echo "setup: without it the bench skips ONNX Runtime; the rest is not concerned." >&2
fi
