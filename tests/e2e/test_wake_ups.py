"""Every way in which a waiting goroutine becomes runnable is seen where it happens, and `block` needs no execute."""

import subprocess

import pytest

import harness
from harness import NEWEST, VERSIONS, Stat, check_counts, check_lossless, modified_text
from test_truth import WITH_PGO, plan_of

FAST = [(NEWEST, "stripped"), (NEWEST, "pgo"), (NEWEST, "hidden"), ("1.22.12", "stripped"), (VERSIONS[0], "stripped")]
SLOW = [(v, x) for v in VERSIONS for x in ("stripped", "pgo", "hidden")
        if (v, x) not in FAST and (x == "stripped" or v in WITH_PGO)]
BUILDS = FAST + [pytest.param(*build, marks=pytest.mark.slow) for build in SLOW]


def sites_of(plan, hook):
    return {s["file_offset"] for s in plan["sites"] if s["hook"] == hook}


def breakpoints(target, probes):
    with Stat(target.pid, "--probes", probes) as stat:
        stat.armed()
        found = set(modified_text(target.pid, target.binary))
        stat.stop()
    return found


@pytest.mark.parametrize("variant", ["stripped", "hidden"])
def test_execute_is_probed_for_block_only_where_wake_ups_are_hidden(truth, variant):
    """Held against the target's own text."""
    target = truth(variant=variant)
    plan = plan_of(target.pid)
    hidden = variant == "hidden"
    assert [s["groups"] for s in plan["sites"] if s["hook"] == "execute"] == ["block,run" if hidden else "run"]
    inferred = {u["function"] for u in plan["unplanned"] if u["inferred"]}
    assert inferred == ({"runtime.findRunnable", "runtime.park_m", "runtime.(*gcControllerState).findRunnableGCWorker"}
                        if hidden else set())
    assert not [u for u in plan["unplanned"] if not u["expected"] and not u["inferred"]]
    text = subprocess.run([harness.gorotrace(), "check", "-p", str(target.pid)], capture_output=True, text=True).stdout
    assert ("INFERRED: runtime.findRunnable" in text) == hidden, text

    execute = sites_of(plan, "execute")
    block = breakpoints(target, "lifecycle,block")
    assert (execute <= block) == hidden and bool(execute & block) == hidden
    assert sites_of(plan, "ready") | sites_of(plan, "park") | sites_of(plan, "inject") <= block
    assert execute <= breakpoints(target, "lifecycle,block,run")


@pytest.mark.parametrize("version,variant", BUILDS)
def test_block_without_run_counts_every_wait(truth, version, variant):
    target = truth("-n", "2", version=version, variant=variant)
    with Stat(target.pid, "--budget", "none", "--probes", "lifecycle,block") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts(summary, done)
    # What only the run group tells is not known, and not 0.
    seconds = summary["goroutine_seconds"]
    assert seconds["running"] is None and seconds["runnable"] is None and seconds["running_or_runnable"] > 0, seconds
    assert seconds["quality"] == "exact" and seconds["unknown"] < 0.01 * seconds["live_integral"], seconds
    assert summary["latency"]["inferred"] is None and summary["latency"]["engine"] == "counters", summary["latency"]
    assert all(row["runnable_ns"] is None for row in summary["creation"])


@pytest.mark.parametrize("version,variant", BUILDS)
def test_no_wake_up_has_to_be_inferred(truth, version, variant):
    """With the run group on, execute of a goroutine that waits tells of each wake-up that no hook saw."""
    target = truth("-n", "3", "-scenario", "gc,net,pipe,sleep,timers,recv,locked", version=version, variant=variant)
    with Stat(target.pid, "--budget", "none", "--system", "--limit", "0", "--probes", "+run") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts({**summary, "creation": [row for row in summary["creation"] if not row["system"]]}, done)
    inferred = summary["latency"]["inferred"]
    assert (inferred > 0) == (variant == "hidden"), summary["latency"]

    def woken(reason):
        rows = [r for r in summary["blocking"] if r["reason"] == reason]
        return sum(r["count"] for r in rows), {w["kind"] for r in rows for w in r["wakers"]}

    # The ways that bypass `ready` were taken: workers of a collection, and what the poller finds.
    assert woken("GC worker (idle)")[0] > 0 and woken("GC worker (idle)")[1] <= {"gc"}, woken("GC worker (idle)")
    waits = sum(w["count"] for w in done["waits"] if w["reason"] == "IO wait")
    count, kinds = woken("IO wait")
    assert count >= waits >= 48 and "netpoll" in kinds, (count, waits, kinds)
