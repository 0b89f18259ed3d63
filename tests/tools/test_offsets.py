"""tools/offsets --add on a copy of the tables: what it makes, what it says, and that a failure changes nothing."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import changed_runtime  # noqa: E402

TABLES = ["userspace/golang/offsets_table.inc", "userspace/golang/metrics_offsets_table.inc"]
FILES = [*TABLES, "userspace/golang/version.h", "tools/toolchain"]
NEWEST = subprocess.run([ROOT / "tools/toolchain", "--list"], check=True, capture_output=True,
                        text=True).stdout.split()[-1]
MINOR = int(NEWEST.split(".")[1])
TIP = f"go1.{MINOR + 1}-devel_0123abcd"


def go_env(name, *command):
    return subprocess.run([*(command or ["go"]), "env", name], check=True, capture_output=True,
                          text=True).stdout.strip()


class Copy:
    def __init__(self, root):
        self.root, self.cache = root / "repository", root / "cache"
        for folder in ("tools/structs", "userspace/golang"):
            shutil.copytree(ROOT / folder, self.root / folder)
        for file in ("tools/offsets", "tools/toolchain"):
            shutil.copy(ROOT / file, self.root / file)
        self.env = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "GOCACHE": go_env("GOCACHE")}

    def files(self):
        return {file: (self.root / file).read_text() for file in FILES}

    def add(self, *arguments):
        return subprocess.run([self.root / "tools/offsets", "--add", *map(str, arguments), "--no-tests"], env=self.env,
                              capture_output=True, text=True, timeout=300)

    def without_the_newest(self):
        for table in TABLES:
            text = (self.root / table).read_text()
            (self.root / table).write_text(text[:text.index(f"// go{NEWEST}\n")])
        for file, was, now in ((FILES[2], f"kNewestMinor = {MINOR}", f"kNewestMinor = {MINOR - 1}"),
                               (FILES[3], f" {NEWEST}'", "'")):
            text = (self.root / file).read_text()
            assert text.count(was) == 1
            (self.root / file).write_text(text.replace(was, now))


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


@pytest.fixture
def tip(tmp_path):
    """Makes a go command that calls itself the next one, and is the newest with a runtime in which fields moved."""
    toolchain = ROOT / "tools/toolchain"
    changed = changed_runtime.go("moved", go_env("GOROOT", toolchain, NEWEST), tmp_path / "changed")

    def made(before_build=""):
        go = tmp_path / "go"
        go.write_text(f'''#!/bin/sh
[ "$1 $2" = "env GOVERSION" ] && exec echo {TIP} Fri Nov 27 10:00:00 2026
{before_build}
exec {changed} "$@"
''')
        go.chmod(0o755)
        return go

    return made


def test_a_version_that_was_taken_out_comes_back_the_same(copy):
    whole = copy.files()
    copy.without_the_newest()
    assert all(text != whole[file] for file, text in copy.files().items())
    done = copy.add(NEWEST)
    assert done.returncode == 0, done.stderr
    assert copy.files() == whole
    assert re.match(rf"go{NEWEST}, compared with go1\.{MINOR - 1}\.\d+:\n", done.stdout), done.stdout
    again = copy.add(NEWEST)
    assert again.returncode == 0 and "nothing that is read has moved" in again.stdout, again
    assert copy.files() == whole


def test_a_toolchain_of_this_machine_is_told_by_its_path(copy, tip):
    before = copy.files()
    done = copy.add(tip())
    assert done.returncode == 0, done.stderr
    name = TIP[2:].replace("-", ".")
    after = copy.files()
    for table in TABLES:
        assert after[table].startswith(before[table] + f"// go{name}\n{{{MINOR + 1}, "), after[table][-3000:]
    assert f"kNewestMinor = {MINOR + 1};" in after[FILES[2]]
    assert f" {NEWEST} {name}'" in after[FILES[3]]
    listed = subprocess.run([copy.root / "tools/toolchain", name, "env", "GOVERSION"], env=copy.env, check=True,
                            capture_output=True, text=True).stdout
    assert listed.startswith(TIP), listed

    # What lies behind the word that was put into each struct has moved by it, and nothing else.
    rows = {(m[1], m[2]): int(m[4]) - int(m[3]) for m in
            re.finditer(r"^(\S+) +(both|amd64|arm64) +(\d+) +(\d+) +moved$", done.stdout, re.MULTILINE)}
    assert len(rows) == len(done.stdout.split("\n\n")[0].splitlines()) - 2, done.stdout
    for field in ("g.waitreason", "g.gopc", "m.curg", "p.schedtick", "sudog.waitlink", "hchan.closed", "p.statsSeq"):
        assert rows["runtime." + field, "both"] == 8, (field, done.stdout)
    for field in ("g.goid", "g.sched.sp", "hchan.qcount", "schedt.goidgen", "mstats.numgc"):
        assert ("runtime." + field, "both") not in rows, (field, done.stdout)


def test_a_build_that_fails_changes_nothing(copy, tip):
    before = copy.files()
    done = copy.add(tip('[ "$1-$GOARCH" != build-arm64 ] || { echo no such port >&2; exit 1; }'))
    assert done.returncode == 1, done.stdout
    assert "cannot build a program for arm64:\nno such port" in done.stderr and "nothing was changed" in done.stderr
    assert copy.files() == before
    assert not [p for p in copy.root.rglob("*") if re.search(r"\.\d+$", p.name)]
    assert not [p for p in copy.cache.rglob("go") if p.is_symlink()]


@pytest.mark.parametrize("wanted, words", [("1.17.13", "Go 1.18 and later"), ("latest", "neither a Go version"),
                                           ("/etc/passwd", "neither a go command"), ("/", "neither a go command")])
def test_what_is_no_version_is_refused(copy, wanted, words):
    before = copy.files()
    done = copy.add(wanted)
    assert done.returncode == 1 and words in done.stderr, done
    assert copy.files() == before


def test_a_release_that_is_not_to_be_had_is_refused(copy):
    copy.env["GOPROXY"] = "off"
    before = copy.files()
    for wanted, words in (("1.99", "no release of Go 1.99"), ("1.99.1", "go1.99.1 cannot be fetched")):
        done = copy.add(wanted)
        assert done.returncode == 1 and words in done.stderr, done
    assert copy.files() == before


def test_help_says_what_it_takes():
    done = subprocess.run([ROOT / "tools/offsets", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--add" in done.stdout and "GOROOT" in done.stdout
    assert subprocess.run([ROOT / "tools/offsets", "--no-tests"], capture_output=True).returncode == 2
