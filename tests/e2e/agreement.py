"""What a process says of itself and what gorotrace says of it, held against each other: by the tests here, which run both,
and by tests/vm, where a guest wrote them down."""

import collections
import re

import tracebacks

STATES = {"/sched/goroutines/running:goroutines", "/sched/goroutines/not-in-go:goroutines"}


def at_least(version, minor):
    return int(version.split(".")[1]) >= minor


def same_tracebacks(theirs, ours):
    """runtime.Stack and `dump` at rest: the same goroutines, header words and frames, line for line; arguments aside, which
    are not read."""
    shown, hidden = (int(note.split()[0]) for note in tracebacks.notes(ours))
    theirs, ours = tracebacks.parse_debug2(theirs), tracebacks.parse_debug2(ours)
    assert shown - hidden == len(ours)
    assert set(theirs) == set(ours)
    answers, = (goid for goid, g in theirs.items() if g.words[0] == "running")  # and waits for the next command
    assert theirs.pop(answers) and ours.pop(answers)
    for goid, expected in theirs.items():
        got = ours[goid]
        assert got.key() == expected.key(), (goid, got.key(), expected.key())
        assert not got.elided and got.no_stack is None


def same_waiters(found, text):
    """`dump --format json` and `dump --waiters` at rest: how many wait on each channel, most first."""
    on = collections.Counter(w["address"] for g in found["goroutines"] for w in g["waits_on"] if w["kind"] == "channel")
    rows = [line.split() for line in text.splitlines() if re.match(r" *\d+  channel 0x", line)]
    # Many that look alike are one row, which names one of them.
    alike = [line.split() for line in text.splitlines() if " objects that look alike" in line and " channel 0x" in line]
    on = collections.Counter({a: n for a, n in on.items() if a != "0x0"})
    # A goroutine in a select stands at several channels of such a row, and counts there once.
    counted = sum(int(row[0]) for row in rows + alike)
    assert counted == sum(on.values()) or "in a select" in text and counted <= sum(on.values())
    assert len(rows) + sum(int(row[2]) for row in alike) == len(on)
    assert all(on[row[2]] == int(row[0]) for row in rows)
    assert [int(row[0]) for row in rows] == sorted((int(row[0]) for row in rows), reverse=True)


def at_most(a, b):
    """a <= b; of histograms, in each bucket."""
    if isinstance(a, dict):
        return a["buckets"] == b["buckets"] and all(x <= y for x, y in zip(a["counts"], b["counts"], strict=True))
    return a <= b


def metrics_agree(version, before, truth, after, equal):
    """metrics.Read of a process at rest, and what `metrics` said before and after it. Adds to equal the names that are
    established to be equal; gives those that gorotrace has."""
    available = {n for n, m in after.items() if m["value"] is not None}
    assert available == {n for n in truth if not n.startswith("/godebug/")}, \
        {n: m.get("not_available") for n, m in after.items()}
    for name in available:
        a, b, t = before[name], after[name], truth[name]
        assert a["kind"] == t["kind"], name
        # /sched/latencies was not marked cumulative before 1.21, but is.
        assert a["cumulative"] == t["cumulative"] or name == "/sched/latencies:seconds", name
        if name in STATES:
            continue
        if a["quality"] == b["quality"] == "exact" and a["value"] == b["value"]:
            # A goroutine of the runtime may be awake at the very moment of metrics.Read and asleep in both our looks: by
            # state, goroutines must be equal in some round, the rest in every round in which we saw no change.
            if name.startswith("/sched/goroutines/") and t["value"] != a["value"]:
                continue
            assert t["value"] == a["value"], (name, t["value"], a["value"])
            equal.add(name)
        elif a["cumulative"] and (at_least(version, 19) or not name.startswith("/gc/heap/allocs")):
            low = a.get("low", a["value"])
            assert at_most(low, t["value"]) and at_most(t["value"], b["value"]), (name, low, t["value"], b["value"])
    if STATES <= available:
        # We do not run inside the process: the goroutine that calls metrics.Read is in a system call when we look.
        ours = {n: after[n]["value"] for n in STATES}
        theirs = {n: truth[n]["value"] for n in STATES}
        moved = dict(zip(sorted(STATES), (+1, -1), strict=True))
        if ours == {n: before[n]["value"] for n in STATES} == {n: theirs[n] + moved[n] for n in STATES}:
            equal |= STATES
    return available
