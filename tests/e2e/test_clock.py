"""Time namespaces: CLOCK_MONOTONIC of the target, of the tracer or of both has an offset, and every time is the same.
Containers that CRIU has restored live in one."""

import contextlib
import subprocess
import time

import pytest

import harness
from harness import Stat, check_counts, check_lossless
from test_dump import dump_json
from test_identity import child_of

TEN_DAYS = 864_000
EARLIER = -int(min(900, time.monotonic() / 2))  # no clock of a namespace is below 0
# Offset of the target's clock, of the tracer's, in seconds.
NAMESPACES = [(TEN_DAYS, 0), (EARLIER, 0), (0, TEN_DAYS), (0, EARLIER), (TEN_DAYS, EARLIER), (EARLIER, EARLIER)]
HOUR = 3600 * 10**9


def within(offset):
    """Runs a command in a time namespace of its own."""
    return ["unshare", "--time", "--monotonic", str(offset), "--fork", "--kill-child"] if offset else []


@contextlib.contextmanager
def target(program, offset, *arguments):
    with harness.Truth(harness.build(harness.PROGRAMS / program), *arguments, prefix=within(offset)) as process:
        pid = child_of(process.pid) if offset else process.pid
        with open(f"/proc/{pid}/timens_offsets") as offsets:
            assert int(offsets.readline().split()[1]) == offset, "the test tests nothing"
        yield process, pid


def on_its_clock(found, offset):
    """When the dump was taken, as the target's clock had it."""
    return found["at_ns"] + offset * 10**9


@pytest.mark.parametrize("theirs, ours", NAMESPACES)
def test_a_dump_has_the_times_of_the_target(monkeypatch, tmp_path, theirs, ours):
    tracer = tmp_path / "gorotrace"
    tracer.write_text(f"#!/bin/sh\nexec {' '.join(within(ours))} {harness.gorotrace()} \"$@\"\n")
    tracer.chmod(0o755)
    monkeypatch.setenv("GOROTRACE", str(tracer))
    with target("ages", theirs) as (process, pid):
        parked = {p["goid"]: p for p in process.ask("park", "park")["parked"]}
        process.ask("gc", "gc")
        time.sleep(1)
        process.ask("park", "park")  # whose later times prove those of the first
        process.ask("gc", "gc")
        found = dump_json("-p", pid)
        known, sleeping = [], []
        for g in found["goroutines"]:
            if g["goid"] not in parked:
                continue
            waited = on_its_clock(found, theirs) - parked[g["goid"]]["at_ns"]
            if g["waiting_at_least_ns"] is not None:
                assert 0 < g["waiting_at_least_ns"] <= waited, (g, waited)
                known.append(g["waiting_source"])
            sleeping += [w["deadline_ns"] + theirs * 10**9 - parked[g["goid"]]["at_ns"] for w in g["waits_on"]
                         if w["kind"] == "sleep"]
        assert known.count("collections") >= 4, known
        assert len(sleeping) == 1 and HOUR <= sleeping[0] < HOUR + 5 * 10**9, sleeping


@pytest.mark.parametrize("theirs, ours", NAMESPACES)
def test_probes_and_looks_share_a_clock(theirs, ours):
    """The kernel's programs know no namespace: every wait that was counted lies in the window."""
    with target("truth", theirs, "-scenario", "spawn,recv") as (process, pid):
        with Stat(pid, "-d", "4s", "--budget", "none", prefix=within(ours)) as stat:
            stat.armed()
            done = process.go()
            assert not stat.summaries, "the window was over before the program was done"
            summary = stat.finish()
    check_lossless(summary)
    check_counts(summary, done)
    assert 3.9e9 < summary["window_ns"] < 10e9


@pytest.mark.parametrize("ours", [TEN_DAYS, EARLIER])
def test_a_window_in_a_namespace_ends_when_it_should(ours):
    with target("ages", 0) as (process, pid):
        began = time.monotonic()
        done = subprocess.run([*within(ours), harness.gorotrace(), "stat", "-p", str(pid), "-d", "1s", "--probes", "none"],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode == 0, done.stderr
        assert 0.9 < time.monotonic() - began < 20
