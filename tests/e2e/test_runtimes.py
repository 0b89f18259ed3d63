"""Go runtimes that are not the executable's: shared libraries in C, Python and Go programs, alone and beside others."""

import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time

import pytest

import harness
from agreement import same_tracebacks
from harness import NEWEST, VERSIONS, Stat, check_counts, check_lossless
from test_dump import at_rest, dump, dump_json
from test_life import DONE, UNSUPPORTED, USAGE, refused, run
from test_metrics import Subject, compare
from test_truth import check_stacks

HOSTS = {
    "C": lambda: [harness.build_host()],
    "Python": lambda: [sys.executable, harness.PROGRAMS / "hosts" / "host.py"],
    "Go": lambda: [harness.build(harness.PROGRAMS / "hosts", variant="cgo")],
}
OLDER = [pytest.param("C", v, "library", marks=pytest.mark.slow) for v in VERSIONS[:-1]]
LINKED = [("C", NEWEST, "library"), ("C", NEWEST, "library-symbols"), ("Python", NEWEST, "library"), *OLDER]


@pytest.fixture
def hosted():
    """Starts a host whose library is that test program, beside libraries that have a Start of their own."""
    started = []

    def start(host, program="truth", arguments="", version=NEWEST, variant="library", others=(), talks=True, **options):
        library = harness.build_library(program, version, variant) if program else ""
        command = [*HOSTS[host](), library, arguments, *others]
        kind = harness.Truth if program and talks else lambda *c, **o: harness.Process(c, **o)
        started.append(kind(*command, **options))
        started[-1].library = library
        started[-1].name = f"{started[-1].pid}:{library.name}" if program else str(started[-1].pid)
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="session")
def waiting():
    """A library with nine goroutines that wait in it, of any version: headless as a shared library."""
    def built(version=NEWEST):
        return harness.build(harness.PROGRAMS / "headless", version, "library")
    return built


def rows(pid):
    done = run("ps", "--json")
    assert done.returncode == DONE, done
    return [row for row in map(json.loads, done.stdout.splitlines()) if row["pid"] == pid]


def started(pid):
    """The row of the library whose Start the host calls, once it has."""
    end = time.monotonic() + 20
    while True:
        row, = rows(pid) or [{"goroutines": 0}]
        if (row["goroutines"] or 0) >= 11:
            return row
        assert time.monotonic() < end, row
        time.sleep(0.1)


# ---------------------------------------------------------------- the only Go in a process

@pytest.mark.parametrize("host,version,variant", LINKED)
def test_counts_equal_the_librarys_own(hosted, host, version, variant):
    target = hosted(host, "truth", "-n 2", version, variant)
    with Stat(target.pid, "--budget", "none") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts(summary, done)
    assert summary["goroutines"]["live"] == done["after"] == target.count()
    assert summary["target"]["go_version"] == f"go{version}"
    assert summary["target"]["runtime_file"] == str(target.library) != summary["target"]["exe"]
    harness.check_untouched(target.pid, target.library, library=True)


@pytest.mark.parametrize("probes", ["lifecycle,block,run", "none"])
@pytest.mark.parametrize("host,version,variant", LINKED)
def test_held_stacks_equal_runtime_stack(hosted, host, version, variant, probes):
    target = hosted(host, "truth", "", version, variant)
    hold = target.hold()
    with Stat(target.pid, "--probes", probes) as stat:
        stat.armed()
        summary = stat.stop()
    assert summary["goroutines"]["live"] == hold["goroutines"]
    check_stacks(summary, hold)


@pytest.mark.parametrize("host,version,variant", LINKED)
def test_dump_is_runtime_stack(hosted, host, version, variant):
    """From the goroutine that C called, whose frames end where Go was entered, to those that nobody outside knows of."""
    habits = {"GODEBUG": "tracebacklabels=1"} if version == NEWEST else {}
    target = hosted(host, "stacks", "", version, variant, env={**os.environ, **habits})
    theirs, ours = at_rest(target, lambda: dump("-p", target.pid), lambda: target.ask("stack", "stack")["text"])
    same_tracebacks(theirs, ours)
    found = dump_json("-p", target.pid)
    assert found["target"]["runtime_file"] == str(target.library)
    called, = [s for s in found["stacks"].values() if any(f["function"] == "main.RunProgram" for f in s["frames"])]
    assert called["frames"][-1]["function"] == "runtime.goexit", called["frames"][-5:]
    assert not any(s["truncated"] or s["ends_outside"] for s in found["stacks"].values())


@pytest.mark.parametrize("host,version,variant", LINKED)
def test_metrics_equal_metrics_read(hosted, host, version, variant):
    class Hosted(Subject):
        def __init__(self, process):  # no process of its own
            self.version, self.pid, self.popen, self.lines = version, process.pid, process.popen, process.lines
            self.stderr_file = process.stderr_file

    target = hosted(host, "metrics", "", version, variant, env={**os.environ, "GOMAXPROCS": "2"}, talks=False)
    subject = Hosted(target)
    end = time.monotonic() + 20
    while not rows(target.pid):  # its host has loaded it
        assert time.monotonic() < end
        time.sleep(0.1)
    compare(subject)
    subject.ask("work", "worked")
    compare(subject)


@pytest.mark.parametrize("host", ["C", "Python"])
def test_check_and_ps_name_the_library(hosted, host):
    target = hosted(host)
    found = json.loads(run("check", "-p", target.pid, "--json").stdout)["target"]
    assert (found["runtime_file"], found["link_mode"], found["counters"]) == (str(target.library), "c-shared", True), found
    assert not [u for u in found["unplanned"] if not u["expected"]], found["unplanned"]
    row, = rows(target.pid)
    assert row["supported"] and row["runtime_file"] == str(target.library) and row["link_mode"] == "c-shared", row
    assert row["goroutines"] == target.count(), row
    line, = re.findall(rf"^ *{target.pid} .*$", run("ps").stdout, re.M)
    assert f":{target.library.name} " in line, line
    assert re.search(rf"^process  {target.pid} {target.library} in \S+: go{NEWEST}, c-shared", run("check", "-p", target.pid).stdout,
                     re.M)


# ---------------------------------------------------------------- several

def inside(found, function):
    names = {n for n, stack in found["stacks"].items() if any(f["function"] == function for f in stack["frames"])}
    return [g for g in found["goroutines"] if g["stack"] in names]


@pytest.mark.parametrize("host", ["C", "Python"])
def test_of_two_libraries_one_must_be_chosen(hosted, waiting, host):
    """Of two Go versions: each has its own goroutines, offsets and probes."""
    other = waiting("1.24.13")
    target = hosted(host, "truth", "-n 1", others=[other])
    for command in (["dump"], ["stat", "-d", "1s"], ["metrics"], ["check"]):
        refused(run(*command, "-p", target.pid), USAGE, f"-p {target.pid}:{other.name}", f"-p {target.name}")
    versions = {row["runtime_file"]: (row["go_version"], row["supported"]) for row in rows(target.pid)}
    assert versions == {str(other): ("go1.24.13", True), str(target.library): (f"go{NEWEST}", True)}
    assert len(inside(dump_json("-p", f"{target.pid}:headless"), "main.inLibrary")) == 9
    assert not inside(dump_json("-p", target.name), "main.inLibrary")
    assert run("metrics", "-p", f"{target.pid}:headless").stdout.count("go1.24.13") == 1
    with Stat(target.name, "--budget", "none") as stat, Stat(f"{target.pid}:headless", "--budget", "none") as beside:
        stat.armed()
        beside.armed()
        done = target.go()
        mine, theirs = stat.stop(), beside.stop()
    check_lossless(mine)
    check_counts(mine, done)
    check_lossless(theirs)
    assert theirs["target"]["go_version"] == "go1.24.13" and theirs["goroutines"]["created"] == 0, theirs["goroutines"]
    turns = sum(r["count"] or 0 for r in theirs["blocking"] if any(f["function"] == "main.turn" for f in r["stack"]))
    assert turns > 100, theirs["blocking"]  # the ping-pong of that library
    harness.check_untouched(target.pid, other, library=True)


def test_a_go_programs_own_runtime_comes_before_its_librarys(hosted):
    target = hosted("Go", "truth", "-n 1")
    done = run("dump", "-p", target.pid, "--json")
    own = json.loads(done.stdout)
    assert own["target"]["runtime_file"] == own["target"]["exe"] and len(inside(own, "main.inHost")) == 5
    assert f"-p {target.name} is that" in done.stderr, done.stderr
    assert not inside(dump_json("-p", target.name), "main.inHost")
    assert f"{target.pid}:" not in run("dump", "-p", f"{target.pid}:hosts", "--json").stderr  # it was named
    with Stat(target.name, "--budget", "none") as stat, Stat(target.pid, "--budget", "none") as host:
        stat.armed()
        host.armed()
        did = target.go()
        library, program = stat.stop(), host.stop()
    check_lossless(library)
    check_counts(library, did)
    check_lossless(program)
    assert program["goroutines"]["created"] == 0 and program["target"]["runtime_file"] == program["target"]["exe"]
    refused(run("stat", "-p", target.pid, "-p", target.name, "-d", "1s"), USAGE, "one Go runtime of a process")
    assert {row["link_mode"] for row in rows(target.pid)} == {"cgo", "c-shared"}


def test_two_runtimes_of_a_process_are_not_one_program(hosted, waiting, tmp_path):
    target = hosted("C", others=[waiting()])
    files = [tmp_path / "a", tmp_path / "b"]
    for name, file in zip(("truth", "headless"), files):
        dump("-p", f"{target.pid}:{name}", "--json", "-o", file)
    assert "two programs do not compare" in dump("--diff", *files, code=USAGE)


def test_what_is_named_and_not_there(hosted, waiting):
    target = hosted("C", "truth")
    refused(run("dump", "-p", f"{target.pid}:libc"), USAGE, f"-p {target.name}")
    refused(run("dump", "-p", f"{target.pid}:"), USAGE, "behind the colon")
    with harness.Process(["sleep", "60"]) as sleeping:
        refused(run("dump", "-p", f"{sleeping.pid}:libc"), UNSUPPORTED, "no Go runtime")
        assert rows(sleeping.pid) == []


def test_many_hosts_of_one_library_share_its_probes(hosted, tmp_path):
    """As more than eight processes of one executable do (test_siblings.py)."""
    library = shutil.copy(harness.build_library("truth"), tmp_path / "libtruth.so")
    targets = []
    try:
        for _ in range(10):
            targets.append(harness.Truth(harness.build_host(), library, "-scenario spawn,recv"))
        pids = [t.pid for t in targets]
        with Stat(pids, "--budget", "none", interval="1s") as stat:
            stat.armed(len(pids))
            targets.append(harness.Truth(harness.build_host(), library, "-scenario spawn"))  # a stranger, but for the file
            for target in targets:
                target.send("go")
            done = {target.pid: target.answer("done") for target in targets}
            stat.stop()
        assert {s["target"]["host_pid"] for s in stat.summaries} == set(pids)
        for summary in stat.summaries:
            check_lossless(summary)
            check_counts(summary, done[summary["target"]["host_pid"]])
            shared = summary["cost"]["shared_probes"]
            assert shared["targets"] == len(pids) and shared["others_hits"] > 0 and not summary["notices"], summary["notices"]
        with Stat(pids, "--budget", "none", interval="1s") as stat:  # now there is another one that has loaded it
            stat.armed(len(pids))
            assert not harness.modified_text(targets[-1].pid, library, library=True)
            stat.stop()
        for summary in stat.summaries:
            (notice,) = summary["notices"]
            assert f"1 other process of the file ({targets[-1].pid})" in notice, notice
        for target in targets:
            harness.check_untouched(target.pid, library, library=True)
    finally:
        for target in targets:
            target.close()


FORKED = """
import ctypes, os, sys, time
ctypes.CDLL(sys.argv[1]).Start()
time.sleep(0.5)  # threads of the runtime have come to rest
parent, child = os.getpid(), os.fork()
if child == 0:
    while os.getppid() == parent:
        time.sleep(0.05)
    os._exit(0)
print(child, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("version", [NEWEST, *(pytest.param(v, marks=pytest.mark.slow) for v in VERSIONS[:-1])])
@pytest.mark.parametrize("prefix", [(), ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")], ids=["", "in a PID namespace"])
def test_a_copy_that_a_fork_made_is_refused_with_its_cause(waiting, version, prefix):
    """As Python's multiprocessing makes them: the library's goroutines are in its memory, and nobody runs them."""
    with harness.Process([*prefix, sys.executable, "-c", FORKED, waiting(version)]) as process:
        assert process.lines.next()
        forked = {r["pid"]: r for r in map(json.loads, run("ps", "--json", "python").stdout.splitlines())
                  if r["runtime_file"] == str(waiting(version))}
        copies = [r for r in forked.values() if not r["supported"]]
        assert len(forked) == 2 and len(copies) == 1 and "forked" in copies[0]["reason"], forked
        (host,) = set(forked) - {copies[0]["pid"]}
        assert len(inside(dump_json("-p", host), "main.inLibrary")) == 9
        for command in (["dump"], ["stat", "-d", "1s"], ["metrics"], ["check"]):
            refused(run(*command, "-p", copies[0]["pid"]), UNSUPPORTED, "forked")


TWICE = """
#define _GNU_SOURCE
#include "load.h"
int main(int argc, char **argv) {
  if (!dlmopen(LM_ID_NEWLM, argv[3], RTLD_NOW)) return 1;
  run(argc - 1, argv + 1);
}
"""


def test_a_library_that_was_loaded_twice_is_refused_with_its_cause(waiting, tmp_path):
    (tmp_path / "twice.c").write_text(TWICE)
    subprocess.run(["gcc", "-I", harness.PROGRAMS / "hosts", "-o", tmp_path / "twice", tmp_path / "twice.c", "-ldl"], check=True)
    with harness.Process([tmp_path / "twice", "", "", waiting()]) as target:
        end = time.monotonic() + 20
        while not (found := rows(target.pid)):
            assert time.monotonic() < end and target.popen.poll() is None, target.stderr
        row, = found
        assert not row["supported"] and "loaded 2 times (dlmopen)" in row["reason"], row
        refused(run("dump", "-p", target.pid), UNSUPPORTED, "loaded 2 times (dlmopen)")


# ---------------------------------------------------------------- what became of the file

def test_a_library_that_was_deleted_or_replaced(hosted, waiting, tmp_path):
    """The file that is mapped is read and probed, not the one that has its name now."""
    copy = tmp_path / "libcopy.so"
    shutil.copy(waiting(), copy)
    target = hosted("C", "", others=[copy])
    started(target.pid)
    os.unlink(copy)
    for replaced in (False, True):
        if replaced:
            shutil.copy(waiting("1.24.13"), copy)
        assert len(inside(dump_json("-p", target.pid), "main.inLibrary")) == 9
        summary = harness.stat_now(target.pid, "--budget", "none")
        check_lossless(summary)
        assert summary["events"]["produced"] > 100 and summary["target"]["go_version"] == f"go{NEWEST}"
        assert started(target.pid)["runtime_file"] == str(copy)
    bare = ["setpriv", "--bounding-set=-sys_admin,-checkpoint_restore"]
    done = subprocess.run([*bare, harness.gorotrace(), "dump", "-p", str(target.pid)], capture_output=True, text=True)
    refused(done, UNSUPPORTED, "deleted or replaced", "CAP_CHECKPOINT_RESTORE")


def test_without_the_right_to_follow_links_of_mappings_it_goes_by_the_name(hosted, waiting):
    target = hosted("C", "", others=[waiting()])
    started(target.pid)
    bare = ["setpriv", "--bounding-set=-sys_admin,-checkpoint_restore"]
    done = subprocess.run([*bare, harness.gorotrace(), "dump", "-p", str(target.pid), "--json"], capture_output=True,
                          text=True)
    assert done.returncode == DONE, done.stderr
    assert len(inside(json.loads(done.stdout), "main.inLibrary")) == 9


# ---------------------------------------------------------------- one that others made

def tls_client():
    """A release of a PyPI package with a Go library in it, unpacked."""
    release = "tls-client==2.0.0"
    out = harness.CACHE / release
    if not out.exists():
        fresh = out.with_name(f"{release}.{os.getpid()}")
        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", fresh, release],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        os.rename(fresh, out)
    return out


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("pip"), reason="pip is not installed")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the package has a library for x86-64 alone")
def test_a_library_from_pypi():
    client = [sys.executable, harness.PROGRAMS / "hosts" / "client.py"]
    library, = (str(p) for p in tls_client().glob("**/*.so"))
    with harness.Truth(*client, env={**os.environ, "PYTHONPATH": str(tls_client())}) as target:
        target.ask("hold 7", "hold")
        found = dump_json("-p", target.pid)
        assert found["target"]["runtime_file"] == library != found["target"]["exe"]
        assert len(inside(found, "main.request")) == 7 and found["counts"]["unproven"] == 0, found["counts"]
        row, = rows(target.pid)
        assert row["supported"] and row["goroutines"] == len(found["goroutines"]), row
        with Stat(target.pid, "--budget", "none") as stat:
            stat.armed()
            took_ns = target.ask("get 25", "get")["ns"]
            target.ask("release", "release")
            summary = stat.stop()
        check_lossless(summary)
        answers = [r for r in summary["blocking"] if any(f["function"] == "main.request" for f in r["stack"])
                   and any(f["function"].endswith("(*persistConn).roundTrip") for f in r["stack"])]
        # For the answer, and before that perhaps until the request is written.
        assert 25 <= sum(r["count"] or 0 for r in answers) <= 50, answers
        assert 25 * 20e6 <= sum(r["total_ns"] or 0 for r in answers) <= took_ns, (answers, took_ns)
        assert sum(r["ended_unknown"] or 0 for r in answers) == 7, answers  # they were with the server before the window
        assert not inside(dump_json("-p", target.pid), "main.request")
        subprocess.run([harness.gorotrace(), "metrics", "-p", str(target.pid)], check=True, capture_output=True)
        harness.check_untouched(target.pid, library, library=True)
