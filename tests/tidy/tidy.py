# Copyright (c) 2026 The Norma authors
# SPDX-License-Identifier: MIT
"""The house rules as a test: layers, style, links. Usage: tidy.py [ROOT]

Prints one line a finding, `path:line: rule: what`, and exits 1 if there is any. A file above the
soft cap is only a warning.
"""
import re
import sys
from pathlib import Path

CODE = {".cc", ".h", ".hpp", ".c", ".py", ".sh"}
CPP = {".cc", ".h", ".hpp", ".c"}
TEXT = CODE | {".md", ".cmake", ".txt", ".toml", ".json", ".in", ".html", ".css", ".js"}
SKIPPED_ANYWHERE = {".git", ".venv", "__pycache__"}
SKIPPED_AT_TOP = {"build", "runs", "data"}  # outputs, which .gitignore names too
COLUMNS = 100
SOFT_CAP, HARD_CAP = 400, 600

# Split, so that this file does not find itself.
BANNED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|(?i:not imple" r"mented)")
MACHINE_PATH = re.compile(r"(?<![\w./>$})-])/(root|work|home)(?![\w.-])")

# How an include names a library of the table. What is none of these and has no folder of the
# project in front is taken for the standard library, if it is one of its forms.
LIBRARIES = {
    "Highway": r"hwy/", "LibTorch": r"(torch|ATen|c10)/", "OpenMP": r"omp\.h$",
    "CLI11": r"CLI/", "fmt": r"fmt/", "nlohmann-json": r"nlohmann/", "toml++": r"toml\+\+/",
    "utf8proc": r"utf8proc\.h$", "oneDNN": r"dnnl\.h(pp)?$",
    "GoogleTest": r"(gtest|gmock)/", "std": r"([a-z0-9_]+(\.h)?|(sys|arpa|netinet)/[a-z]+\.h)$",
}
# Test folders of no single room, free to use all of them.
FREE_TEST_FOLDERS = {"support", "cases", "parity", "golden", "regress", "c_api", "install"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Tidy:
    def __init__(self, root):
        self.root = Path(root).resolve()
        self.findings, self.warnings = [], []
        self.files = sorted(self._walk(self.root))

    def _walk(self, folder):
        for path in folder.iterdir():
            at_top = folder == self.root
            if path.name in SKIPPED_ANYWHERE or (at_top and path.name in SKIPPED_AT_TOP):
                continue
            if path.is_dir() and not path.is_symlink():
                if path.name == "torch":
                    self.find(path, 0, "folder", "a folder named torch hides <torch/...>")
                yield from self._walk(path)
            elif path.is_file() and path.suffix in TEXT:
                yield path

    def name(self, path):
        return path.relative_to(self.root).as_posix()

    def find(self, path, line, rule, what):
        self.findings.append(f"{self.name(path)}:{line}: {rule}: {what}")

    def run(self):
        rooms = self.read_rooms()
        for path in self.files:
            lines = path.read_text(encoding="utf-8").splitlines()
            self.check_words(path, lines)
            if path.suffix in CODE:
                self.check_shape(path, lines)
            if path.suffix in CPP and rooms:
                self.check_includes(path, lines, rooms)
            if path.suffix == ".md":
                self.check_page(path, lines)
            if path.name.endswith("_test.cc"):
                self.check_mirror(path, lines)
        return self.findings

    # -- layers

    def read_rooms(self):
        """{folder: set of folders and libraries} from the table in ARCHITECTURE.md."""
        page = self.root / "ARCHITECTURE.md"
        rooms = {}
        if page.is_file():
            row = re.compile(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$")
            text = page.read_text(encoding="utf-8").partition("## The house")[2]
            for line in text.partition("\n## ")[0].splitlines():
                if m := row.match(line):
                    rooms[m[1]] = {word.strip() for word in m[2].split(",")}
        if not rooms:
            self.find(page, 0, "layers", "the table of rooms under '## The house' is missing")
            return {}
        for folder, allowed in rooms.items():
            allowed.add("std")
            for word in sorted(allowed):
                if word not in LIBRARIES and self.folder_of(word, rooms) not in rooms:
                    self.find(page, 0, "layers", f"{folder} may include {word}, which is no room")
        return rooms

    @staticmethod
    def folder_of(word, rooms):
        return word if word in rooms else f"src/{word}"

    def closure(self, folders, rooms):
        """The rooms `folders`, all below them, and the libraries of any of them."""
        seen, wave = set(), set(folders)
        while wave:
            seen |= wave
            below = {self.folder_of(w, rooms) if w not in LIBRARIES else w
                     for folder in wave for w in rooms.get(folder, ())}
            wave = below - seen
        return seen

    @staticmethod
    def room_of(path, rooms):
        """The room with the longest name that `path` lies in, or None."""
        inside = [r for r in rooms if path.startswith(r + "/")]
        return max(inside, key=len, default=None)

    def allowed(self, path, rooms):
        """What a file may include, or None where the table says nothing about it."""
        if room := self.room_of(path, rooms):
            words = {w if w in LIBRARIES else self.folder_of(w, rooms) for w in rooms[room]}
            return words | {room}
        parts = path.split("/")
        if parts[0] != "tests":
            return None
        own = [r for r in rooms if r == parts[1] or r.startswith(f"src/{parts[1]}/")
               or r == f"src/{parts[1]}"]
        if parts[1] in FREE_TEST_FOLDERS:
            own = list(rooms)
        return self.closure(own, rooms) | {"GoogleTest", "tests"}

    def target_of(self, include, rooms):
        """The room or library that an include names."""
        in_project = (f"src/{include}", f"include/{include}", include)
        for candidate in in_project:
            if room := self.room_of(candidate, rooms):
                return room
        if include.startswith("tests/"):
            return "tests"
        for library, pattern in LIBRARIES.items():
            if re.match(pattern, include):
                return library
        return None

    def check_includes(self, path, lines, rooms):
        name = self.name(path)
        allowed = self.allowed(name, rooms)
        if allowed is None:
            if name.startswith(("src/", "include/")):
                self.find(path, 0, "layers", "lies in no room of the table in ARCHITECTURE.md")
            return
        for number, line in enumerate(lines, 1):
            if not (m := INCLUDE.match(line)):
                continue
            include = m[1] or m[2]
            target = self.target_of(include, rooms)
            if m[1] and target in (None, "std"):
                self.find(path, number, "include",
                          f'"{include}" must be named from the include root (src/ or include/)')
            elif target is None:
                self.find(path, number, "include", f"<{include}> is no library of ARCHITECTURE.md")
            elif target not in allowed:
                self.find(path, number, "layers",
                          f"{include} ({target}) may not be included here; see ARCHITECTURE.md")

    # -- style

    def check_shape(self, path, lines):
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                self.find(path, number, "columns", f"{len(line)} columns; the limit is {COLUMNS}")
        if len(lines) > HARD_CAP:
            self.find(path, 0, "length", f"{len(lines)} lines; split it (the cap is {HARD_CAP})")
        elif len(lines) > SOFT_CAP:
            self.warnings.append(f"{self.name(path)}: warning: {len(lines)} lines; "
                                 f"the soft cap is {SOFT_CAP}")
        if path.suffix == ".sh":
            return
        mark = "#" if path.suffix == ".py" else "//"
        head = lines[1:3] if lines and lines[0].startswith("#!") else lines[:2]
        if (len(head) < 2 or not re.match(re.escape(mark) + r" Copyright \(c\) \d{4} ", head[0])
                or head[1] != f"{mark} SPDX-License-Identifier: MIT"):
            self.find(path, 1, "licence", "the two-line licence header is missing")

    def check_words(self, path, lines):
        for number, line in enumerate(lines, 1):
            if m := BANNED.search(line):
                self.find(path, number, "banned", f"'{m[0]}': finish it, or file an issue")
            if m := MACHINE_PATH.search(line):
                self.find(path, number, "machine", f"'{m[0]}' is a path of one machine")

    # -- pages and tests

    def check_page(self, path, lines):
        fenced, titles = False, 0
        for number, line in enumerate(lines, 1):
            if line.startswith("```"):
                fenced = not fenced
            if fenced or line.startswith("    "):
                continue
            titles += line.startswith("# ")
            for link in re.findall(r"\]\(([^)\s]+)\)", line):
                target = link.partition("#")[0]
                if target and not re.match(r"[a-z]+:", link):
                    if not (path.parent / target).exists():
                        self.find(path, number, "link", f"{link} does not exist")
        if titles != 1:
            self.find(path, 0, "title", f"a page has one '# ' title but this has {titles}")

    def check_mirror(self, path, lines):
        parts = path.relative_to(self.root).parts
        if parts[0] != "tests" or parts[1] in FREE_TEST_FOLDERS:
            return
        folder = self.root / "src" / Path(*parts[1:-1])
        if parts[1] == "bench":
            folder = self.root / Path(*parts[1:-1])
        if not folder.is_dir():
            self.find(path, 0, "mirror", f"{self.name(folder)} does not exist")
            return
        # bpe_json_test.cc tests bpe.cc, as bpe_test.cc does.
        stem = path.name[: -len("_test.cc")]
        words = stem.split("_")
        twins = ("_".join(words[:n]) for n in range(len(words), 0, -1))
        if any((folder / (twin + end)).exists()
               for twin in twins for end in (".cc", ".h", "-inl.h")):
            return
        spans = [m[1] for line in lines[:12] if (m := re.match(r"// Spans: (.+?)\.?$", line))]
        if not spans:
            self.find(path, 0, "mirror", f"{self.name(folder)}/{stem}.* does not exist; name its "
                      "twin, or say in the first comment '// Spans: ' and the rooms")
        for word in ",".join(spans).split(","):
            word = word.strip()
            if word and not any((self.root / top / word).exists() for top in ("src", ".")):
                self.find(path, 0, "mirror", f"spans {word}, which does not exist")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    tidy = Tidy(root)
    findings = tidy.run()
    print("\n".join(tidy.warnings + findings))
    print(f"tidy: {len(tidy.files)} files, {len(tidy.warnings)} warnings, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
