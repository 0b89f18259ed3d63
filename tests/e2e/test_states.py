"""gorotrace dump of goroutines in states that come up rarely, against the runtime's own text of them."""

import json
import os
import signal
import time

import pytest

import harness
import tracebacks
from test_dump import at_rest, dump, dump_json, minor


def start(program, version, variant="stripped", **environment):
    if minor(version) >= 27:  # by default only for modules that ask for the habits of 1.27
        environment["GODEBUG"] = "tracebacklabels=1"
    return harness.Truth(harness.build(harness.PROGRAMS / program, version, variant), env={**os.environ, **environment})


def equal_text(process, ask):
    """Same goroutines, header words, frames, offsets; but the one that answers. The parsed text."""
    theirs, ours = at_rest(process, lambda: dump("-p", process.pid), ask)
    theirs, ours = tracebacks.parse_debug2(theirs), tracebacks.parse_debug2(ours)
    assert set(theirs) == set(ours)
    assert theirs.pop(1).words == ["running"] and ours.pop(1)
    for goid, expected in theirs.items():
        assert ours[goid].key() == expected.key(), goid
    return theirs


# ---------------------------------------------------------------- bubbles

@pytest.mark.parametrize("version", [v for v in harness.VERSIONS if minor(v) >= 24])
def test_synctest_bubbles(version):
    """1.24 has them as an experiment, and calls them groups."""
    with start("bubble", version, "synctest" if minor(version) == 24 else "stripped") as process:
        theirs = equal_text(process, lambda: process.ask("stack", "stack")["text"])
        of_bubble = [g for g in theirs.values() if g.words[-1].startswith("synctest ")]
        assert len({g.words[-1] for g in of_bubble}) == 2 and len(of_bubble) >= 2 * 14, theirs
        states = {g.words[0] for g in of_bubble}
        assert {"sync.Mutex.Lock", "chan receive", "chan receive (nil chan)" + " (durable)" * (minor(version) > 24)} <= states
        found = dump_json("-p", process.pid)
        waits = [w["kind"] for g in found["goroutines"] for w in g["waits_on"]]
        assert waits.count("mutex") == 2 and waits.count("cond") == 2 and waits.count("channel") >= 2 * 6, waits


# ---------------------------------------------------------------- leaked

@pytest.mark.parametrize("version", [v for v in harness.VERSIONS if minor(v) >= 26])
def test_leaked_goroutines(version):
    """Those that the collector found to be out of anybody's reach; 1.26 looks for them as an experiment."""
    with start("stacks", version, "leaks" if minor(version) == 26 else "stripped") as process:
        process.ask("collect", "collect")
        theirs = equal_text(process, lambda: process.ask("stack", "stack")["text"])
        leaked = {goid for goid, g in theirs.items() if g.words[0].endswith(" (leaked)")}
        assert {"chan send (leaked)", "sync.WaitGroup.Wait (leaked)", "sync.Cond.Wait (leaked)"} <= \
            {theirs[goid].words[0] for goid in leaked}
        found = dump_json("-p", process.pid, "--where", "state=leaked")
        assert {g["goid"] for g in found["goroutines"]} == leaked
        assert all(g["status"] == "leaked" and g["wait_reason"] and g["stack"] is not None for g in found["goroutines"])
        summary = harness.stat_now(process.pid, "--probes", "none")
        rows = [r for r in summary["blocking"] if r["reason"] == "chan send"]
        assert sum(r["blocked_now"] for r in rows) == 1, rows


# ---------------------------------------------------------------- minutes

def leaked_goids(process, *arguments):
    found = dump_json("-p", process.pid, "--where", "function=main.leaked", *arguments)
    return {g["goid"] for g in found["goroutines"]}


@pytest.mark.slow
def test_minutes():
    """The runtime's minutes count from a collection; a minute is waited for once for all versions. A collection may
    give a goroutine the time of the one before it, when it did not wait yet: then the header says what the runtime's
    says, and --min-wait does not believe it."""
    processes = {v: start("stacks", v) for v in harness.VERSIONS}
    try:
        old = {}
        for version, process in processes.items():
            process.ask("leak 3", "leak")
            process.ask("gc", "gc")
            process.ask("gc", "gc")
            old[version] = leaked_goids(process)
        time.sleep(62)
        for version, process in processes.items():
            process.ask("leak 2", "leak")
            process.ask("gc", "gc")
            theirs = equal_text(process, lambda p=process: p.ask("stack", "stack")["text"])
            assert len(old[version]) == 3
            assert all(theirs[goid].words == ["chan receive", "1 minutes"] for goid in old[version]), (version, theirs)
            assert leaked_goids(process, "--min-wait", "1m") == old[version], version
            assert len(leaked_goids(process)) == 5
    finally:
        for process in processes.values():
            process.close()


# ---------------------------------------------------------------- finalizers and cleanups

def shown(process, function):
    """Those with the function on their stacks that the runtime shows, where the dump is equal to what it shows."""
    theirs = equal_text(process, lambda: process.ask("stack", "stack")["text"])
    return [g for g in theirs.values() if any(f[0] == function for f in g.frames)]


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_the_runtimes_goroutines_in_the_programs_code(version):
    """Who runs finalizers and cleanups is shown while it does, as by the runtime, and is in no runtime.NumGoroutine."""
    with start("stacks", version) as process:
        def system():
            return dump_json("-p", process.pid)["not_shown"]["system"]

        for what, function in [("finalizer", "main.inFinalizer"), ("cleanup", "main.inCleanup")][:1 + (minor(version) >= 24)]:
            assert not shown(process, function)
            process.ask(what, what)
            hidden = system()
            assert len(shown(process, function)) == 1
            [g] = dump_json("-p", process.pid, "--where", f"function={function}")["goroutines"]
            assert g["start_function"].startswith("runtime.run") and g["wait_reason"] == "chan receive", g
            for text in process.ask("profile", "profile")["text"], dump("-p", process.pid, "--group"):
                groups = [g for g in tracebacks.parse_debug1(text) if any(f"\t{function}+" in line for line in g.text)]
                assert [g.count for g in groups] == [1], text
            folded = [line for line in dump("-p", process.pid, "--format", "folded").splitlines() if function in line]
            assert len(folded) == 1 and folded[0].endswith(" 1"), folded
            live = process.ask("stack", "stack")["goroutines"]
            assert harness.stat_now(process.pid, "--probes", "none")["goroutines"]["live"] == live
            process.ask("finish", "finish")
            assert not shown(process, function) and system() == hidden + 1

        # On its thread it has no stack that would say so.
        process.ask("spinning", "spinning")
        for _ in range(50):
            spinning = [g for g in dump_json("-p", process.pid)["goroutines"]
                        if g["start_function"] in ("runtime.runfinq", "runtime.runFinalizers")]
            assert len(spinning) == 1, spinning
            if spinning[0]["status"] == "running":
                break
        assert spinning[0]["status"] == "running" and spinning[0]["stack"] is None, spinning
        process.ask("stop", "stop")
        assert not shown(process, "main.spinsInFinalizer") and system() == hidden + 1


# ---------------------------------------------------------------- growing

@pytest.mark.parametrize("version", [harness.VERSIONS[0], harness.VERSIONS[-1]])
def test_a_stack_that_is_being_copied(version):
    """It is alive, in no place that stands still, and said to be in copystack."""
    with start("stacks", version) as process:
        process.ask("grow 20", "grow")
        for _ in range(200):
            growing = dump_json("-p", process.pid, "--created-by", "main.grow")["goroutines"]
            assert len(growing) <= 1, growing
            if growing and growing[0]["status"] == "copystack":
                break
        [g] = growing
        assert (g["status"], g["stack"], g["stack_missing"]) == ("copystack", None, "running"), g
        assert g["wait_reason"] is None and g["waiting_at_least_ns"] is None, g


# ---------------------------------------------------------------- interrupted

def stopped(pid, seconds=harness.PATIENCE):
    end = time.monotonic() + seconds
    while True:
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "T":
                return
        assert time.monotonic() < end, "the process has not stopped itself"
        time.sleep(0.01)


def frozen(process):
    """Its profile and stacks as its runtime wrote them, ours taken while it has stopped itself."""
    process.send("freeze")
    stopped(process.pid)
    try:
        ours = dump("-p", process.pid, "--group"), dump("-p", process.pid)
    finally:
        os.kill(process.pid, signal.SIGCONT)
    return json.loads(process.answer("freeze")["text"]), ours


def interrupted(goroutines):
    return {goid: g for goid, g in goroutines.items() if any(f[0] == "main.mill" for f in g.frames)}


def mill_groups(text):
    return sorted((g.count, g.pcs, g.text) for g in tracebacks.parse_debug1(text) if any("\tmain.mill+" in t for t in g.text))


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_interrupted_at_any_instruction(version):
    """Where a goroutine was preempted or a fault came up, the frame's pc is that instruction and not the one after a
    call: the same +0x, addresses and inlined lines as the runtime has. Up to 1.20 the runtime itself names the
    instruction before the one at which a goroutine was preempted, but in +0x."""
    with start("stacks", version, GOMAXPROCS="1", GOGC="off") as process:
        process.ask("mill 8", "mill")

        def key(g):
            if minor(version) >= 21:
                return g.key()
            return g.words, g.created_by, [(f[0], f[3]) for f in g.frames if f[3]]

        for _ in range(20):  # it may have been preempted itself between what the runtime wrote and the stop
            (profile, text), (our_profile, our_text) = frozen(process)
            theirs = interrupted(tracebacks.parse_debug2(text))
            ours = tracebacks.parse_debug2(our_text)
            different = [(key(g), key(ours[goid])) for goid, g in theirs.items() if key(g) != key(ours[goid])]
            if minor(version) >= 21 and mill_groups(profile) != mill_groups(our_profile):
                different.append((mill_groups(profile), mill_groups(our_profile)))
            if not different:
                break
        assert not different, different[0]
        assert len(theirs) == 16 and sum(g.words == ["runnable"] for g in theirs.values()) >= 12
        assert sum(any(f[0] == "main.millAfterFault" for f in g.frames) for g in theirs.values()) == 8
        # Of inlined frames, such as the innermost ones here, the text has the line alone.
        at = {next((f[0], f[3]) for f in g.frames if f[3]) for g in ours.values() if g.goid in theirs}
        assert len(at) > len({function for function, _ in at}), "all of a function stand at one instruction"
