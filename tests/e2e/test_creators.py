"""Whose code led to a goroutine that the library made: by probes, from memory, and as the runtime itself keeps it."""

import json
import os
import re
import time

import pytest

import harness
import tracebacks
from test_dump import at_rest, dump, dump_json, growth, minor
from test_observe import observe_while

ENDS = [harness.VERSIONS[0], harness.NEWEST]
DIAL = "net/http.(*Transport).dialConn"  # makes two goroutines for each connection


@pytest.fixture
def leaky():
    """The HTTP client that leaks its connections."""
    started = []

    def start(version=harness.NEWEST, variant="stripped", godebug=""):
        binary = harness.build(harness.PROGRAMS / "leaky", version, variant)
        started.append(harness.Truth(binary, env={**os.environ, "GODEBUG": godebug}))
        return started[-1]

    yield start
    for process in started:
        process.close()


def functions(frames):
    return [f["function"] for f in frames]


def named(chain):
    """dialConn < queueForDial < main.leakyClient, as far as there are frames of the program."""
    sites = [functions(link["site"])[0] for link in chain]
    user = [f for f in functions(chain[-1]["stack"] or []) if f.startswith("main.")]
    return sites + user[:1]


def of_connections(found):
    return [g for g in found["goroutines"] if g["created_by"] and g["created_by"]["function"] == DIAL]


def chain_of(g, found):
    """With the frames of its stacks."""
    return [{**link, "stack": found["creator_stacks"].get(link["stack"])} for link in g["creation_chain"]]


def is_way_to(way, client):
    assert way[0] == DIAL and way[-1] == client and len(way) == 3, way
    assert way[1].startswith("net/http.(*Transport)."), way  # queueForDial; startDialConnForLocked since 1.23


# ---------------------------------------------------------------- probes

@pytest.mark.parametrize("version", ENDS)
def test_stat_follows_creators_to_the_program(leaky, version):
    process = leaky(version)
    with harness.Stat(process.pid, "--probes", "lifecycle") as stat:
        stat.armed()
        process.ask("leak 5", "leak")
        process.ask("other 3", "other")
        summary = stat.stop()
    rows = [r for r in summary["creation"] if DIAL in functions(r["site"])]
    assert len(rows) == 2, functions(summary["creation"])
    for row in rows:
        origins = row["origins"]
        assert [o["live"] for o in origins] == [5, 3] and [o["created"] for o in origins] == [5, 3], origins
        is_way_to(named(origins[0]["chain"]), "main.leakyClient")
        is_way_to(named(origins[1]["chain"]), "main.otherClient")
        # Each connection was made in a goroutine of its own, all of those in one.
        assert origins[0]["chain"][0]["goid"] is None and origins[0]["chain"][1]["goid"] == 1
        assert origins[1]["chain"][1]["goid"] > 1


def test_stat_says_so_in_text(leaky):
    process = leaky()
    command = [harness.gorotrace(), "stat", "-p", process.pid, "--probes", "lifecycle,block", "-i", "100ms", "--limit", "0"]
    with harness.Process(command) as stat:
        end = time.monotonic() + 30
        while not re.match(r"\d\d:\d\d:\d\d ", stat.lines.next()):
            assert time.monotonic() < end, "no interval line"
        process.ask("leak 4", "leak")
        stat.popen.send_signal(2)
        lines = []
        while (line := stat.lines.next()) is not None:
            lines.append(line)
        assert stat.wait() == 0, stat.stderr
    text = "\n".join(lines)
    assert re.search(r"created by net/http\.\(\*Transport\)\.dialConn  transport\.go:\d+\n"
                     r" +< net/http\.\(\*Transport\)\.\w+  transport\.go:\d+\n"
                     r" +< main\.leakyClient  main\.go:\d+\n", text), text


@pytest.mark.parametrize("version", ENDS)
def test_dump_tells_creators_that_were_seen(leaky, version):
    process = leaky(version)
    found, _ = observe_while(process, 4, lambda: process.ask("leak 3", "leak"), "--probes", "lifecycle")
    loops = of_connections(found)
    assert len(loops) == 6
    for g in loops:
        chain = chain_of(g, found)
        is_way_to(named(chain), "main.leakyClient")
        assert minor(version) < 21 or chain[0]["goid"] == g["parent_goid"]
        assert chain[1]["goid"] == 1
        assert chain[0]["goid"] not in {other["goid"] for other in found["goroutines"]}, "it has exited"


# ---------------------------------------------------------------- memory alone

def test_dump_follows_parents_that_live(leaky):
    """The go statement in main.serve made main.answer; nothing tells more of readLoop, whose parent is gone."""
    process = leaky()
    process.ask("leak 2", "leak")
    found = dump_json("-p", process.pid)
    alive = {g["goid"] for g in found["goroutines"]}
    loops = of_connections(found)
    assert len(loops) == 4 and not alive & {g["parent_goid"] for g in loops}
    assert all(g["creation_chain"] is None for g in loops)


# ---------------------------------------------------------------- growth

def of_clients(found):
    """Ways of the rows of connections' goroutines that grew: to whom, and of how many goroutines."""
    rows = [s for s in found["creation_sites"] if s["created_by"] and s["created_by"]["function"] == DIAL]
    assert len(rows) == 2, found["creation_sites"]
    assert rows[0]["ways"] == rows[1]["ways"]
    for way in rows[0]["ways"]:
        assert way["frames"] and way["frames"][0]["function"].startswith("net/http.(*Transport)."), way
    return {way["frames"][-1]["function"]: way["goroutines"] for way in rows[0]["ways"]}


def test_diff_says_for_whom_the_library_made_more(leaky, tmp_path):
    """The second dump knows it by probes."""
    process = leaky()
    files = [tmp_path / "before.json", tmp_path / "after.json"]
    files[0].write_text(json.dumps(dump_json("-p", process.pid)))

    def leak():
        process.ask("leak 4", "leak")
        process.ask("other 2", "other")
    found, _ = observe_while(process, 4, leak, "--probes", "lifecycle")
    files[1].write_text(json.dumps(found))
    assert of_clients(growth("--diff", *files)) == {"main.leakyClient": 4, "main.otherClient": 2}
    text = dump("--diff", *files)
    assert re.search(r"created by net/http\.\(\*Transport\)\.dialConn  transport\.go:\d+\n"
                     r" +4x < net/http\.\(\*Transport\)\.\w+  transport\.go:\d+\n"
                     r" +< main\.leakyClient  main\.go:\d+\n"
                     r" +2x < net/http\.\(\*Transport\)\.\w+  transport\.go:\d+\n"
                     r" +< main\.otherClient  main\.go:\d+\n", text), text


def test_watch_says_for_whom_the_library_made_more(leaky):
    """By the ancestors that the runtime keeps; without them the creators of connections are gone too soon."""
    process = leaky(godebug="tracebackancestors=2")
    with harness.Process([harness.gorotrace(), "dump", "-p", process.pid, "--watch", "3s", "--json"]) as watch:
        time.sleep(1)
        process.ask("leak 3", "leak")
        found = json.loads(watch.lines.next())
        assert watch.wait() == 0, watch.stderr
    assert of_clients(found) == {"main.leakyClient": 3}


# ---------------------------------------------------------------- what the runtime keeps

def equal_to_runtime(process):
    theirs, ours = at_rest(process, lambda: dump("-p", process.pid),
                           lambda: process.ask("stack", "stack")["text"])
    theirs, ours = tracebacks.parse_debug2(theirs), tracebacks.parse_debug2(ours)
    assert set(theirs) == set(ours)
    del theirs[1], ours[1]  # it answers
    for goid, expected in theirs.items():
        assert ours[goid].key() == expected.key(), goid
    return theirs


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_ancestors_as_the_runtime_prints_them(leaky, version):
    process = leaky(version, godebug="tracebackancestors=2")
    process.ask("leak 2", "leak")
    process.ask("other 1", "other")
    theirs = equal_to_runtime(process)
    loops = [g for g in theirs.values() if g.created_by and g.created_by[0].startswith(DIAL)]
    assert len(loops) == 6 and all(len(g.ancestors) == 2 for g in loops)
    # And in JSON whose code led there.
    found = dump_json("-p", process.pid)
    ways = []
    for g in of_connections(found):
        ways.append(named(chain_of(g, found)))
    for way in ways:
        is_way_to(way, way[-1])
    assert sorted(way[-1] for way in ways) == ["main.leakyClient"] * 4 + ["main.otherClient"] * 2


@pytest.mark.parametrize("variant", ["stripped", "pie", "cgo", "cgopie"])
@pytest.mark.parametrize("version", [v for v in harness.VERSIONS if minor(v) >= 25])
def test_labels_follow_the_process(leaky, version, variant):
    """tracebacklabels: of 1.26 on, off by default, and on for modules that ask for the habits of 1.27."""
    for setting in ("", "tracebacklabels=0", "tracebacklabels=1"):
        with_labels = minor(version) >= 26 and setting == "tracebacklabels=1"
        process = leaky(version, variant, setting)
        process.ask("other 1", "other")
        theirs = equal_to_runtime(process)
        assert {g.labels for g in theirs.values()} > {None} if with_labels else {g.labels for g in theirs.values()} == {None}
