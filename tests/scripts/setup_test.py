#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Tests of scripts/setup.sh with a package system that only takes notes."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "setup.sh"
TORCH = re.search(r"torch_version=(\S+)", SETUP.read_text()).group(1)
INSTALL = (
    "apt-get DEBIAN_FRONTEND=noninteractive install -y -qq --no-install-recommends "
    "cmake libfmt-dev"
)
OF_THE_SYSTEM = ["bash", "cp", "dirname", "env", "grep", "mkdir", "rm"]

# What is installed stands in $STUB/installed, and each call that changes something in $STUB/log.
DPKG_QUERY = """#!/bin/sh
for package; do :; done
grep -qx "$package" "$STUB/installed" && echo "install ok installed"
"""
APT_GET = """#!/bin/sh
echo "apt-get DEBIAN_FRONTEND=$DEBIAN_FRONTEND $*" >>"$STUB/log"
"""
# As sudo is set up on Debian (env_reset): the caller's variables are gone.
SUDO = """#!/bin/sh
echo "sudo $1" >>"$STUB/log"
exec env -i PATH="$PATH" STUB="$STUB" "$@"
"""
PYTHON = """#!/bin/sh
case "$*" in
  -c*onnxruntime*) [ ! -e "$STUB/no_wheels" ] && exit 0; exit 1 ;;
  -c*) exit 0 ;;
  *onnxruntime*) [ -e "$STUB/no_network" ] && exit 1 ;;
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python3 ;;
esac
echo "python3 $*" >>"$STUB/log"
"""
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name) / "tree"
        self.stub = pathlib.Path(folder.name) / "stub"
        self.stub.mkdir()
        for tool in OF_THE_SYSTEM:
            (self.stub / tool).symlink_to(shutil.which(tool))
        (self.stub / "log").touch()
        self.script(self.stub / "dpkg-query", DPKG_QUERY)
        self.script(self.stub / "apt-get", APT_GET)
        self.script(self.stub / "python3", PYTHON)
        self.script(self.tree / ".venv" / "bin" / "python3", PYTHON)
        # A copy of its own, for it works in the folder above its own and knows one system file.
        text = SETUP.read_text()
        self.release = pathlib.Path(folder.name) / "os-release"
        self.release.write_text(DEBIAN)
        self.assertEqual(text.count("/etc/os-release"), 1)
        self.setup = self.tree / "scripts" / "setup.sh"
        self.script(self.setup, text.replace("/etc/os-release", str(self.release)))
        self.installed(self.wanted())

    @staticmethod
    def script(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    @staticmethod
    def wanted():
        listed = re.search(r"(?s)packages=\((.*?)\)", SETUP.read_text()).group(1)
        return listed.split()

    def installed(self, packages):
        (self.stub / "installed").write_text("".join(f"{p}\n" for p in packages))

    def run_as(self, user, sudo=False):
        self.script(self.stub / "id", f"#!/bin/sh\necho {user}\n")
        if sudo:
            self.script(self.stub / "sudo", SUDO)
        environment = {"PATH": str(self.stub), "STUB": str(self.stub)}
        return subprocess.run([self.setup], env=environment, capture_output=True, text=True)

    def calls(self):
        return (self.stub / "log").read_text().splitlines()

    def without(self, *packages):
        self.assertLess(set(packages), set(self.wanted()))
        self.installed(p for p in self.wanted() if p not in packages)

    def test_nothing_missing_does_nothing(self):
        done = self.run_as(1000)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(self.calls(), [])

    def test_root_installs_what_is_missing_and_no_more(self):
        self.without("cmake", "libfmt-dev")
        done = self.run_as(0)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("installing cmake libfmt-dev", done.stdout)
        update, install = self.calls()
        self.assertRegex(update, r"^apt-get .* update -qq$")
        self.assertEqual(install, INSTALL)

    def test_no_question_is_asked_behind_sudo(self):
        self.without("cmake", "libfmt-dev")
        done = self.run_as(1000, sudo=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        calls = self.calls()
        self.assertEqual(sum(c.startswith("sudo ") for c in calls), 2)
        apt = [c for c in calls if c.startswith("apt-get ")]
        self.assertEqual(len(apt), 2)
        self.assertEqual(apt[1], INSTALL)

    def test_without_rights_the_missing_packages_are_listed(self):
        self.without("cmake", "libfmt-dev")
        done = self.run_as(1000)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("\n  cmake\n  libfmt-dev\n", done.stderr)
        self.assertIn("apt-get install cmake libfmt-dev\n", done.stderr)
        self.assertEqual(self.calls(), [])

    def test_a_failed_installation_fails(self):
        self.without("cmake")
        self.script(self.stub / "apt-get", '#!/bin/sh\n[ "$1" = update ]\n')
        self.assertNotEqual(self.run_as(0).returncode, 0)

    def test_another_system_is_warned_of(self):
        self.release.write_text('PRETTY_NAME="Other Linux 3"\nID=other\nVERSION_ID=3\n')
        done = self.run_as(1000)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("Other Linux 3 is unknown to this script", done.stderr)
        self.release.write_text("")
        self.assertIn("this system is unknown", self.run_as(1000).stderr)

    def test_ubuntu_names_the_browser_otherwise(self):
        self.release.write_text("ID=ubuntu\nVERSION_ID=24.04\n")
        done = self.run_as(0)
        self.assertIn("not tested", done.stderr)
        self.assertRegex(self.calls()[-1], r" chromium-browser$")

    def test_an_absent_environment_is_made_with_its_torch(self):
        shutil.rmtree(self.tree / ".venv")
        done = self.run_as(1000)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        venv, pip = self.calls()
        self.assertEqual(venv, "python3 -m venv .venv")
        self.assertRegex(pip, rf"^python3 -m pip install .*torch=={re.escape(TORCH)}$")
        self.assertEqual(self.run_as(1000).stdout, "")
        self.assertEqual(len(self.calls()), 2)

    def test_the_wheels_of_the_bench_are_added(self):
        (self.stub / "no_wheels").touch()
        done = self.run_as(1000)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        (pip,) = self.calls()
        self.assertRegex(pip, r"^python3 -m pip install .* onnxruntime==\S+ onnx==\S+$")

    def test_without_the_wheels_of_the_bench_set_up_is_done(self):
        (self.stub / "no_wheels").touch()
        (self.stub / "no_network").touch()
        done = self.run_as(1000)
        self.assertEqual(done.returncode, 0)
        self.assertIn("the bench skips ONNX Runtime", done.stderr)


if __name__ == "__main__":
    unittest.main()
