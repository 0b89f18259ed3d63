"""dump --observe: since when goroutines wait, held against the clock of the program that made them wait."""

import json
import os
import statistics
import subprocess
import time

import pytest

import harness
import tracebacks
from test_dump import DUMP_SCHEMA, dump, dump_json, minor

ENDS = [harness.VERSIONS[0], harness.NEWEST]


@pytest.fixture
def ages():
    started = []

    def start(version=harness.NEWEST):
        started.append(harness.Truth(harness.build(harness.PROGRAMS / "ages", version)))
        return started[-1]

    yield start
    for process in started:
        process.close()


def await_watching(dumping, process, probes):
    """Until all of that dump's breakpoints are in the text, or its sampling's thread runs beside main's, the
    router's and the models'."""
    end, before = time.monotonic() + 60, []
    while True:
        assert dumping.poll() is None and time.monotonic() < end, "it does not begin to watch"
        time.sleep(0.1)
        if not probes:
            if len(os.listdir(f"/proc/{dumping.pid}/task")) >= 4:
                break
            continue
        now = harness.modified_text(process.pid, process.command[0])
        if now and now == before:
            break
        before = now
    time.sleep(0.2)  # the first look


def observe_while(process, seconds, during, *arguments):
    """The dump, and what `during` gave, which runs beside the watching once that is under way."""
    import jsonschema
    probes = any(word == "--probes" and groups != "none" for word, groups in zip(arguments, arguments[1:]))
    command = [harness.gorotrace(), "dump", "-p", str(process.pid), "--observe", f"{seconds}s", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        await_watching(running, process, probes)
        given = during()
        out, err = running.communicate(timeout=120)
        assert running.returncode == 0, err.decode()
    found = json.loads(out)
    jsonschema.Draft202012Validator(json.loads(DUMP_SCHEMA.read_text())).validate(found)
    return found, given


def park_thrice(process):
    """Eighteen goroutines, six kinds of wait."""
    parked = []
    for _ in range(3):
        parked += process.ask("park", "park")["parked"]
        time.sleep(0.2)
    return parked


def check(found, parked):
    """Of each: no more than the truth. How much less."""
    by_goid = {g["goid"]: g for g in found["goroutines"]}
    short = []
    for p in parked:
        g = by_goid[p["goid"]]
        truth = found["at_ns"] - p["at_ns"]
        if g["waiting_at_most_ns"] is not None:
            assert (g["waiting_at_least_ns"] or 0) <= g["waiting_at_most_ns"], (p, g)
        if g["waiting_at_least_ns"] is None:
            continue
        assert g["waiting_at_least_ns"] <= truth, (p, g)
        short.append((truth - g["waiting_at_least_ns"], p, g))
    return short


@pytest.mark.parametrize("version", ENDS)
def test_the_sampling_knows_since_when_to_two_looks(ages, version):
    process = ages(version)
    before = process.ask("park", "park")["parked"]
    found, during = observe_while(process, 3, lambda: park_thrice(process))
    sampling = found["watched"]["sampling"]
    assert sampling["samples"] == sampling["samples_of_all"] and found["watched"]["probes"] == []
    assert found["watched"]["events"]["produced"] == 0
    # Running <-> syscall is counted by nobody since 1.26: no look proves that a call is still the same.
    provable = {"receive", "select", "sleep", "mutex", "locked"} | ({"syscall"} if minor(version) < 26 else set())
    for parked in (before, during):
        short = check(found, parked)
        assert {p["kind"] for _, p, _ in short} == provable
        assert len(short) == len([p for p in parked if p["kind"] in provable])
        assert all((g["waiting_source"], g["waiting_quality"]) == ("sampling", "lower bound") for _, _, g in short), short
    assert all(g["waiting_at_least_ns"] >= 3e9 for _, _, g in check(found, before)), "watched for 3 s, and never moved"
    # A look late is the machine's business, not the half of them.
    assert statistics.median(ns for ns, _, _ in check(found, during)) <= 2 * sampling["resolution_ns"]


@pytest.mark.parametrize("version", ENDS)
def test_probes_know_the_park(ages, version):
    process = ages(version)
    before = process.ask("park", "park")["parked"]
    found, during = observe_while(process, 3, lambda: park_thrice(process), "--probes", "lifecycle,block,syscall",
                                  "--budget", "none")
    watched = found["watched"]
    assert watched["probes"] == ["lifecycle", "block", "syscall"] and watched["sampling"] is None
    assert watched["events"]["dropped"] == 0 and watched["events"]["produced"] == watched["events"]["received"] > 0
    old, new = check(found, before), check(found, during)
    assert len(old) == len(before) and len(new) == len(during)
    assert all((g["waiting_source"], g["waiting_quality"]) == ("probes", "lower bound") for _, _, g in old), old
    assert all(g["waiting_at_least_ns"] >= 3e9 for _, _, g in old), "no event for 3 s"
    assert all((g["waiting_source"], g["waiting_quality"]) == ("probes", "exact") for _, _, g in new), new
    # Between its reading of the clock and its park a goroutine can lose the CPU; most do not.
    assert statistics.median(ns for ns, _, _ in new) < 1e6, sorted(ns for ns, _, _ in new)


@pytest.mark.parametrize("probes", ["none", "lifecycle,block"])
def test_who_parks_all_the_time_has_not_waited_long(ages, probes):
    """trackingSeq is one byte: among goroutines that park thousands of times between two looks some look still."""
    process = ages()
    process.ask("busy 40", "busy")
    process.ask("gaps", "gaps")  # before it watches: on a busy machine the look may come while we still wait for that
    found, _ = observe_while(process, 2, lambda: None, "--probes", probes, "--budget", "none")
    longest = {int(goid): ns for goid, ns in process.ask("gaps", "gaps")["busy"].items()}
    assert len(longest) == 40
    turners = [g for g in found["goroutines"] if g["goid"] in longest and g["waiting_at_least_ns"] is not None]
    wrong = [(g["waiting_at_least_ns"], longest[g["goid"]], g) for g in turners
             if g["waiting_at_least_ns"] > longest[g["goid"]]]
    assert not wrong, wrong


def test_the_budget_takes_the_probes_while_it_watches(ages):
    """Sampling goes on from there: what the probes had seen is told by nobody, and what is told is still true."""
    process = ages()
    old = process.ask("park", "park")["parked"]
    process.ask("busy 40", "busy")
    command = [harness.gorotrace(), "dump", "-p", str(process.pid), "--observe", "4s", "--json",
               "--probes", "lifecycle,block,run", "--budget", "1%"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        process.ask("gaps", "gaps")
        time.sleep(2)
        young = process.ask("park", "park")["parked"]
        out, err = running.communicate(timeout=120)
        assert running.returncode == 0, err.decode()
    longest = {int(goid): ns for goid, ns in process.ask("gaps", "gaps")["busy"].items()}
    found = json.loads(out)
    watched = found["watched"]
    assert "block" in {d["group"] for d in watched["cost"]["detached"]}, watched["cost"]
    assert watched["sampling"]["samples"] > 0 and watched["sampling"]["samples"] == watched["sampling"]["samples_of_all"]
    known = check(found, old) + check(found, young)
    provable = {"receive", "select", "sleep", "mutex", "locked"}
    assert {p["kind"] for _, p, _ in known} == provable and len(known) == 2 * len(provable), known
    assert all((g["waiting_source"], g["waiting_quality"]) == ("sampling", "lower bound") for _, _, g in known), known
    turners = [g for g in found["goroutines"] if g["goid"] in longest]
    wrong = [(g, longest[g["goid"]]) for g in turners if (g["waiting_at_least_ns"] or 0) > longest[g["goid"]]]
    assert len(turners) == 40 and not wrong, wrong


def test_min_wait_takes_what_watching_knows(ages):
    """Without it nothing is known of a process that has not collected garbage."""
    process = ages()
    old = {p["goid"] for p in process.ask("park", "park")["parked"]}
    unwatched = dump_json("-p", process.pid, "--min-wait", "1s")
    assert unwatched["goroutines"] == [] and unwatched["not_shown"]["unknown_wait"] >= len(old)
    assert unwatched["watched"] is None
    found, young = observe_while(process, 4, lambda: park_thrice(process), "--min-wait", "3900ms",
                                 "--probes", "lifecycle,block,syscall", "--budget", "none")
    shown = {g["goid"] for g in found["goroutines"]}
    assert old <= shown and not shown & {p["goid"] for p in young}


@pytest.mark.parametrize("probes", ["none", "lifecycle,block"])
def test_min_wait_knows_who_moved_lately(ages, probes):
    """Since when they wait may be unknown: that they have not waited for a second is not. But for those in system calls,
    which nobody watches here: the reader of the commands, and the runtime's own."""
    process = ages()
    old = {p["goid"] for p in process.ask("park", "park")["parked"] if p["kind"] in ("receive", "sleep", "mutex")}
    process.ask("busy 40", "busy")
    process.ask("gaps", "gaps")
    found, _ = observe_while(process, 3, lambda: None, "--min-wait", "1s", "--probes", probes, "--budget", "none")
    longest = {int(goid): ns for goid, ns in process.ask("gaps", "gaps")["busy"].items()}
    shown = {g["goid"] for g in found["goroutines"]}
    assert old <= shown and not {goid for goid in shown & set(longest) if longest[goid] < 1e9}
    assert found["not_shown"]["unknown_wait"] <= 2, found["not_shown"]
    assert found["not_shown"]["unmatched"] >= 40, found["not_shown"]


def test_text_says_who_watched(ages):
    process = ages()
    process.ask("park", "park")
    text = dump("-p", process.pid, "--observe", "500ms")
    assert any("observed for" in note and "by sampling" in note for note in tracebacks.notes(text)), text[:2000]
    assert any("5 lower bounds (sampling)" in note for note in tracebacks.notes(text)), text[:2000]
    assert len(tracebacks.parse_debug2(text)) == 7


def test_usage(ages):
    process = ages()
    for wrong in (["--probes", "block"], ["--observe", "1ms"], ["--observe", "1s", "--watch", "1s"],
                  ["--observe", "1s", "--sample-cpu", "none"], ["--observe", "1s", "--probes", "nonsense"]):
        dump("-p", process.pid, *wrong, code=2)
