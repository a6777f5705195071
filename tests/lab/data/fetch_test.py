#!/usr/bin/env python3
# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""Tests of scripts/data/fetch.sh with packages built here and an apt-get that hands them out."""

import gzip
import hashlib
import os
import pathlib
import subprocess
import tempfile
import unittest

import en_de_pairs_test

FETCH = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "data" / "fetch.sh"
PAIRS, VERSES = 30000, 31000
# Bytes of Fashion-MNIST's largest file; the others may be anything here.
PICTURES = 16 + 60000 * 784
IDX = {
    "train-images-idx3-ubyte": bytes(PICTURES),
    "train-labels-idx1-ubyte": b"labels",
    "t10k-images-idx3-ubyte": b"held out",
    "t10k-labels-idx1-ubyte": b"labels of those",
}

# $STUB holds the packages, a log of the calls, and "broken": how often a download still fails.
APT_GET = """#!/bin/sh
echo "$*" >>"$STUB/log"
case $1 in
  update) exit 0 ;;
  download) ;;
  *) exit 9 ;;
esac
broken=$(cat "$STUB/broken")
if [ "$broken" -gt 0 ]; then
  echo $((broken - 1)) >"$STUB/broken"
  echo "E: Unable to locate package" >&2
  exit 100
fi
shift 2
for package; do cp "$STUB/$package.deb" "./${package}_1.0_all.deb" || exit 100; done
"""


class FetchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.packages = pathlib.Path(folder.name)
        page = '<p id="par_1">{}</p>'
        cls.build(
            "libreoffice-help-en-us",
            {"usr/share/libreoffice/help/en-US/x.html": page.format("Only four words here")},
        )
        cls.build(
            "libreoffice-help-de",
            {"usr/share/libreoffice/help/de/x.html": page.format("Nur vier Wörter hier")},
        )
        cls.build(
            "libreoffice-l10n-de",
            {"usr/lib/libreoffice/program/resource/de/LC_MESSAGES/x.mo": cls.catalogue(PAIRS)},
        )
        verses = f"#!/bin/sh\n[ -e $2/bible.data ] && seq -f 'Gen%.0f:1 verse %.0f' {VERSES}\n"
        verses = verses.replace("Gen%.0f:1", "Gen1:1")
        cls.build("bible-kjv", {"usr/bin/bible": verses})
        cls.build("bible-kjv-text", {"usr/lib/bible.data": "x"})
        cls.build("dataset-fashion-mnist", cls.packed(IDX))

    @staticmethod
    def catalogue(count):
        return en_de_pairs_test.mo_file(
            [
                (f"This is the entry with number {i}", f"Dies ist der Eintrag mit Nummer {i}")
                for i in range(count)
            ]
        )

    @staticmethod
    def packed(files):
        return {
            f"usr/share/datasets/fashion-mnist/{name}.gz": gzip.compress(content, 1)
            for name, content in files.items()
        }

    @classmethod
    def build(cls, name, files, folder=None):
        with tempfile.TemporaryDirectory() as tree:
            os.chmod(tree, 0o755)
            control = f"Package: {name}\nVersion: 1.0\nArchitecture: all\n"
            control += "Maintainer: Norma <norma@example.org>\nDescription: a test\n"
            for path, content in {"DEBIAN/control": control, **files}.items():
                path = pathlib.Path(tree) / path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                path.chmod(0o755)
            subprocess.run(
                [
                    "dpkg-deb",
                    "-Znone",
                    "--root-owner-group",
                    "-b",
                    tree,
                    (folder or cls.packages) / f"{name}.deb",
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.stub = pathlib.Path(folder.name) / "stub"
        self.stub.mkdir()
        for deb in self.packages.glob("*.deb"):
            (self.stub / deb.name).symlink_to(deb)
        self.script("apt-get", APT_GET)
        self.script("sudo", '#!/bin/sh\nexec "$@"\n')
        (self.stub / "broken").write_text("0")
        self.data = pathlib.Path(folder.name) / "data"

    def script(self, name, text):
        path = self.stub / name
        path.write_text(text)
        path.chmod(0o755)

    def fetch(self):
        environment = dict(os.environ, STUB=str(self.stub))
        environment["PATH"] = f"{self.stub}:{environment['PATH']}"
        done = subprocess.run([FETCH, self.data], env=environment, capture_output=True, text=True)
        self.assertEqual(list(self.data.glob(".fetch*")), [], "left a work folder behind")
        return done

    def calls(self):
        log = self.stub / "log"
        return log.read_text().splitlines() if log.exists() else []

    def replace_package(self, name, files):
        (self.stub / f"{name}.deb").unlink()
        self.build(name, files, self.stub)

    def test_makes_all_sets_and_is_quiet_the_second_time(self):
        done = self.fetch()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        pairs = (self.data / "en-de" / "en-de.tsv").read_bytes()
        self.assertEqual(pairs.count(b"\n"), PAIRS + 1)
        self.assertTrue(pairs.startswith("Only four words here\tNur vier Wörter hier\n".encode()))
        verses = (self.data / "kjv" / "kjv.txt").read_text()
        self.assertTrue(verses.startswith("verse 1\nverse 2\n"))
        self.assertEqual(verses.count("\n"), VERSES)
        readme = (self.data / "en-de" / "README").read_text()
        self.assertIn(hashlib.sha256(pairs).hexdigest(), readme)
        self.assertIn("MPL-2.0", readme)
        self.assertIn("libreoffice-l10n-de 1.0, sha256 ", readme)
        for name, content in IDX.items():
            self.assertEqual((self.data / "fashion-mnist" / name).read_bytes(), content)
        readme = (self.data / "fashion-mnist" / "README").read_text()
        self.assertIn("dataset-fashion-mnist 1.0, sha256 ", readme)
        self.assertIn(hashlib.sha256(IDX["t10k-images-idx3-ubyte"]).hexdigest(), readme)
        before = self.calls()
        again = self.fetch()
        self.assertEqual((again.returncode, again.stdout, again.stderr), (0, "", ""))
        self.assertEqual(self.calls(), before)

    def test_makes_only_what_is_missing(self):
        (self.data / "en-de").mkdir(parents=True)
        (self.data / "en-de" / "en-de.tsv").write_text("mine\tmeins\n")
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual((self.data / "en-de" / "en-de.tsv").read_text(), "mine\tmeins\n")
        self.assertTrue((self.data / "kjv" / "kjv.txt").exists())

    def test_refreshes_stale_lists_once(self):
        (self.stub / "broken").write_text("1")
        done = self.fetch()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            [c.split()[0] for c in self.calls()][:3], ["download", "update", "download"]
        )

    def test_a_failed_download_names_the_packages_and_the_remedy(self):
        (self.stub / "broken").write_text("99")
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Unable to locate package", done.stderr)
        self.assertIn("data: en-de: cannot download libreoffice-help-en-us", done.stderr)
        self.assertIn("run apt-get update", done.stderr)
        self.assertEqual(list(self.data.iterdir()), [])

    def test_a_damaged_package(self):
        (self.stub / "libreoffice-help-de.deb").unlink()
        (self.stub / "libreoffice-help-de.deb").write_text("damaged")
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot unpack libreoffice-help-de_1.0_all.deb", done.stderr)
        self.assertEqual(list(self.data.iterdir()), [])

    def test_too_few_pairs_leave_nothing(self):
        self.replace_package(
            "libreoffice-l10n-de",
            {"usr/lib/libreoffice/program/resource/de/LC_MESSAGES/x.mo": self.catalogue(10)},
        )
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("only 11 pairs, but at least 30000", done.stderr)
        self.assertIn("data: en-de: the pairs could not be made", done.stderr)
        self.assertEqual(list(self.data.iterdir()), [])

    def test_too_few_verses_leave_the_other_set(self):
        self.replace_package("bible-kjv", {"usr/bin/bible": "#!/bin/sh\necho Gen1:1 verse\n"})
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("kjv: only 1 lines", done.stderr)
        self.assertEqual([p.name for p in self.data.iterdir()], ["en-de"])

    def test_pictures_that_are_cut_short_leave_the_other_sets(self):
        whole = self.packed(IDX)
        largest = next(iter(whole))
        short = self.packed({"train-images-idx3-ubyte": bytes(PICTURES - 1)})
        for files, said in (
            ({**whole, largest: whole[largest][:-9]}, "cannot unpack train-images-idx3-ubyte.gz"),
            ({**whole, **short}, "has 47040015 bytes, but 47040016 are expected"),
        ):
            self.replace_package("dataset-fashion-mnist", files)
            done = self.fetch()
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertEqual(sorted(p.name for p in self.data.iterdir()), ["en-de", "kjv"])


if __name__ == "__main__":
    unittest.main()
