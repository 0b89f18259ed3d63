"""Contended objects: who waits on what since before the attach, held against a program that knows it."""

import collections
import json
import time

import pytest

import harness
from harness import PROGRAMS, Process, Stat, build, check_lossless

# Of testprogs/waits: all that wait on a semaphore, and on a channel each.
ON_SEMAPHORES = {"mutex": "mutex", "once": "once", "read lock": "rwmutex_read", "write lock": "rwmutex_write",
                 "wait group": "waitgroup"}
ON_CHANNELS = {"receive", "send", "timer"}
SIZE = 16  # of a Mutex, a WaitGroup, and of an RWMutex what has its semaphores (24 bytes)


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_waits_from_before_the_attach_count_at_their_objects(version):
    with Process([build(PROGRAMS / "waits", version)]) as target:
        facts = json.loads(target.lines.next())["goroutines"]
        with Stat(target.pid, "--budget", "none", "--probes", "lifecycle,block,run,sync,chan") as stat:
            stat.armed()
            time.sleep(0.5)
            summary = stat.stop()
    check_lossless(summary)
    # A select is booked at the first of its channels in lock order, which is that of their addresses.
    plain = collections.Counter(f["channel"] for f in facts if f["kind"] in ON_CHANNELS)
    selects = collections.Counter(min(c["channel"] for c in f["cases"]) for f in facts if f["kind"] == "select")
    assert len(plain) == 7 and sum(selects.values()) == 1
    channels = {o["address"]: o for o in summary["objects"] if o["kind"] == "channel"}
    for address, n in (plain + selects).items():
        check(channels[address], n, summary)
        assert channels[address]["selects"] == selects[address], channels[address]
    locks = collections.Counter(f["object"] for f in facts if f["kind"] in ON_SEMAPHORES)
    kinds = {f["object"]: ON_SEMAPHORES[f["kind"]] for f in facts if f["kind"] in ON_SEMAPHORES}
    assert sum(locks.values()) == 15
    semaphores = [o for o in summary["objects"] if o["kind"] == "semaphore"]
    for address, n in locks.items():
        rows = [o for o in semaphores if address <= o["address"] < address + SIZE]
        assert sum(o["blocked_now"] for o in rows) == n, (address, n, rows)
        for o in rows:
            check(o, o["waits"], summary)
            # The address that the program, and a dump, know the whole object by.
            assert o["object"] == {"kind": kinds[address], "address": address}, (o, kinds[address])
            assert o["selects"] is None


def check(row, waiters, summary):
    """They waited all the window long, and wait still."""
    assert (row["waits"], row["blocked_now"]) == (waiters, waiters), row
    assert 0.98 * waiters * summary["window_ns"] <= row["in_window_ns"] <= waiters * summary["window_ns"], row
    assert (row["engine"], row["quality"]) == ("probes", "lower bound"), row
    assert not row["acquires"] and not row["sends"] and not row["receives"], row


def test_memory_is_asked_for_the_groups_that_name_objects_only():
    with Process([build(PROGRAMS / "waits")]) as target:
        target.lines.next()
        for groups, kinds in (("lifecycle,block", set()), ("lifecycle,block,chan", {"channel"})):
            with Stat(target.pid, "--budget", "none", "--probes", groups) as stat:
                stat.armed()
                summary = stat.stop()
            assert {o["kind"] for o in summary["objects"] if o["blocked_now"]} == kinds, groups


def test_which_channel_is_looked_at_with_sync_or_chan_only(truth):
    """The default leaves out a read at each wait; sync asks for channels, too, and makes no trap at their operations."""
    target = truth("-scenario", "recv,send", "-n", "4")
    for groups, asked in (("lifecycle,block,run", False), ("lifecycle,block,sync", True), ("lifecycle,block,chan", True)):
        with Stat(target.pid, "--budget", "none", "--probes", groups) as stat:
            stat.armed()
            done = target.go()
            summary = stat.stop()
        check_lossless(summary)
        harness.check_counts(summary, done)
        waits = sum(o["waits"] for o in summary["objects"] if o["kind"] == "channel")
        assert waits >= sum(w["count"] for w in done["waits"]) if asked else not summary["objects"], (groups, waits)
        assert bool(summary["tables"]["objects"]["covered"]) == asked, (groups, summary["tables"]["objects"])
        # The operations are those of chan.
        sends = [o["sends"] for o in summary["objects"] if o["kind"] == "channel"]
        assert all((n is not None) == (groups == "lifecycle,block,chan") for n in sends), (groups, sends)
