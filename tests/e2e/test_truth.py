"""Counts, waits, wakers and stacks against the target's own account, on every Go version."""

import collections
import json
import statistics
import subprocess
import time

import pytest

import harness
from harness import NEWEST, VERSIONS, Stat, check_counts, check_lossless, parse_stacks, visible

WITH_PGO = [v for v in VERSIONS if int(v.split(".")[1]) >= 21]
CORE = [(v, "stripped") for v in VERSIONS] + [(NEWEST, v) for v in harness.VARIANTS if v != "stripped"]
MATRIX = [(v, x) for v in VERSIONS[:-1] for x in harness.VARIANTS
          if x != "stripped" and (x not in harness.PROFILED or v in WITH_PGO)]


def marked(fast, slow):
    return fast + [pytest.param(*p, marks=pytest.mark.slow) for p in slow]


@pytest.mark.parametrize("version,variant", marked(CORE, MATRIX))
def test_counts_equal_the_programs_own(truth, version, variant):
    target = truth("-n", "2", version=version, variant=variant)
    with Stat(target.pid, "--budget", "none") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts(summary, done)
    assert summary["goroutines"]["live"] == done["after"] == target.count()
    assert summary["target"]["go_version"] == f"go{version}"
    created_user = summary["goroutines"]["created"] - summary["goroutines"]["created_system"]
    assert created_user == sum(done["created"].values()), summary["goroutines"]
    if done["metric_created"] is not None:  # all, system ones included, of a shorter stretch
        assert summary["goroutines"]["created"] >= done["metric_created"], summary["goroutines"]
    if summary["syscalls"]["count"] is not None:
        assert summary["syscalls"]["count"] >= done["syscalls"], summary["syscalls"]
    harness.check_untouched(target.pid, target.binary)


def plan_of(pid):
    done = subprocess.run([harness.gorotrace(), "check", "-p", str(pid), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["target"]


def test_the_profile_moves_probes(truth):
    """What the pgo variant is for: this binary is not the plain one, and nothing of it goes unseen."""
    plain, profiled = (plan_of(truth(version=NEWEST, variant=v).pid) for v in ("stripped", "pgo"))
    sites = [{(s["hook"], s["function"], s["offset"]) for s in p["sites"]} for p in (plain, profiled)]
    assert sites[0] != sites[1], "the profile changed no function that is probed"
    missing = [u for u in profiled["unplanned"] if not u["expected"] and not u["inferred"]]
    assert not missing, missing


def check_stacks(summary, hold):
    """Each held goroutine's stack, line for line, among the rows of goroutines blocked now."""
    now = collections.Counter()
    for row in summary["blocking"]:
        if row["blocked_now"]:
            reason = "syscall" if row["reason"].startswith("syscall") else row["reason"]
            now[reason, tuple(visible(row["stack"]))] += row["blocked_now"]
    expected = collections.Counter((g.state, tuple(g.frames)) for g in parse_stacks(hold["stacks"])
                                   if g.state != "running")  # who asked
    missing = expected - now
    lines = []
    for (state, frames), n in missing.items():
        lines += [f"{n} x [{state}] of runtime.Stack not found:"] + [f"    {f}" for f in frames]
        for (reason, other), _ in now.items():
            if other and other[-1] == frames[-1]:
                lines += [f"  but [{reason}]:"] + [f"    {f}" for f in other]
    assert not missing, "\n".join(lines)


@pytest.mark.parametrize("probes", ["lifecycle,block,run", "none"])
@pytest.mark.parametrize("version,variant", marked(CORE, MATRIX))
def test_held_stacks_equal_runtime_stack(truth, version, variant, probes):
    target = truth(version=version, variant=variant)
    hold = target.hold()
    with Stat(target.pid, "--probes", probes) as stat:
        stat.armed()
        summary = stat.stop()
    assert summary["goroutines"]["live"] == hold["goroutines"]
    check_stacks(summary, hold)


@pytest.mark.parametrize("version", [NEWEST] + [pytest.param(v, marks=pytest.mark.slow) for v in VERSIONS[:-1]])
def test_goroutines_parked_while_traced_show_their_stacks(truth, version):
    target = truth(version=version)
    with Stat(target.pid, "--budget", "none") as stat:
        stat.armed()
        hold = target.hold()
        summary = stat.stop()
    check_lossless(summary)
    assert summary["goroutines"]["live"] == hold["goroutines"]
    check_stacks(summary, hold)


TRACED = [(NEWEST, "lifecycle,block,run"), (NEWEST, "lifecycle,block"), ("1.22.12", "lifecycle,block,run")]


@pytest.mark.parametrize("version,probes", marked(TRACED, [(v, "lifecycle,block,run") for v in VERSIONS
                                                           if v not in (NEWEST, "1.22.12")]))
def test_waits_match_runtime_trace(truth, oracle, tmp_path, version, probes):
    trace, waits = tmp_path / "trace", tmp_path / "waits"
    target = truth("-n", "6", "-trace", trace, version=version)
    with Stat(target.pid, "--budget", "none", "--probes", probes, "--waits", waits) as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    ours = collections.defaultdict(list)
    for line in waits.read_text().splitlines():
        wait = json.loads(line)
        if wait["reason"] != "preempted":
            ours[str(wait["goid"])].append(wait)
    known = {w["function"] for w in done["waits"]}
    wakers = collections.Counter()  # by (who waited, who ended it), as functions of package main
    totals, differences, starts, matched = collections.defaultdict(lambda: [0, 0]), [], [], 0
    for goid, goroutine in oracle(trace).items():
        blocks = [b for b in goroutine["blocks"] if b["end_ns"] and b["reason"] != "preempted"]
        if goid == "1" or not any(b["user"] in known for b in blocks):
            continue
        mine = sorted(ours[goid], key=lambda w: w["start_ns"])
        assert len(mine) == len(blocks), \
            f"goroutine {goid}: {[w['reason'] for w in mine]} against {[(b['reason'], b['top']) for b in blocks]}"
        for wait, block in zip(mine, blocks):
            wakers[block["user"], block["waker"]] += 1
            a, b = wait["end_ns"] - wait["start_ns"], block["end_ns"] - block["start_ns"]
            totals[block["user"]][0] += a
            totals[block["user"]][1] += b
            differences.append(abs(a - b))
            starts.append(wait["start_ns"] - block["start_ns"])
            matched += 1
    assert matched >= sum(w["count"] for w in done["waits"]), f"only {matched} waits matched"
    off = {f: (a, b) for f, (a, b) in totals.items() if abs(a - b) > 0.02 * b}
    assert not off, f"total ns by function (gorotrace, runtime/trace) differ by more than 2 %: {off}"
    median = statistics.median(differences)
    assert median < 5000, f"median difference of {matched} waits is {median} ns"
    middle = statistics.median(starts)
    spread = statistics.median(abs(s - middle) for s in starts)
    assert spread < 20000, f"starts against the trace's scatter by {spread} ns"
    ours = collections.Counter()
    for row in summary["blocking"]:
        if row["reason"] == "preempted":  # for a scan of its stack; left out of the waits above, too
            continue
        waited = first_of_main(row["stack"])
        for waker in row["wakers"]:
            ours[waited, first_of_main(waker["stack"])] += waker["count"]
    of_known = [{k: n for k, n in counted.items() if k[0] in known} for counted in (ours, wakers)]
    assert of_known[0] == of_known[1], f"wakers (gorotrace, runtime/trace): {of_known}"
    assert len({waker for _, waker in of_known[1]}) > 3, of_known[1]


def first_of_main(stack):
    return next((f for f in harness.functions(stack) if f.startswith("main.")), "")


def test_syscall_group_counts_reads(truth):
    target = truth("-scenario", "syscalls")
    with Stat(target.pid, "--budget", "none", "--probes", "lifecycle,block,run,syscall") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts(summary, done)
    assert summary["syscalls"]["source"] == "probes"
    # beside the known ones: the answers on stdout, the wake-ups of netpoll and of the command reader
    assert done["syscalls"] <= summary["syscalls"]["count"] <= done["syscalls"] + 400, summary["syscalls"]


@pytest.mark.parametrize("scenario,group,kind", [("recv,send,select", "chan", "channel"), ("mutex,waitgroup", "sync", "semaphore")])
def test_contended_objects(truth, scenario, group, kind):
    target = truth("-scenario", scenario, "-n", "4")
    with Stat(target.pid, "--budget", "none", "--probes", f"lifecycle,block,run,{group}") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_lossless(summary)
    check_counts(summary, done)
    waits = sum(o["waits"] for o in summary["objects"] if o["kind"] == kind)
    known = sum(w["count"] for w in done["waits"] if w["reason"] != "select")
    assert waits >= known, f"{waits} waits on {kind} objects, the program made {known}"
    for wait in done["waits"]:  # counterparts: who ended the waits on a channel, who released a semaphore
        if wait["waker"] and wait["reason"] != "select":
            by_it = sum(w["count"] for o in summary["objects"] if o["kind"] == kind for w in o["releasers"]
                        if wait["waker"] in harness.functions(w["stack"]))
            assert by_it >= wait["count"], (wait, by_it, [o["releasers"] for o in summary["objects"]][:3])


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_the_runtimes_counters_equal_the_probes_at_rest(version):
    """To the last goroutine, over Ps that come and go with their free lists and their batches of goids."""
    with harness.Process([harness.build(harness.PROGRAMS / "parked", version)]) as target:
        while target.lines.next() != "end":
            pass
        with Stat(target.pid, "--budget", "none", "--probes", "lifecycle", "--sample-cpu", "none") as stat:
            stat.armed()
            for command in ("go 2000", "procs 5", "go 2000", "parked 300", "procs 1", "go 2000", "procs 3", "go 1000"):
                target.popen.stdin.write(command.encode() + b"\n")
                target.popen.stdin.flush()
                assert target.lines.next().startswith("ok")
            time.sleep(0.2)
            summary = stat.stop()
    check_lossless(summary)
    g, cross_check = summary["goroutines"], summary["cross_check"]
    assert cross_check["settled"]
    assert g["created"] >= 7300 and cross_check["created"]["counters"] == g["created"], (cross_check, g)
    assert g["exited"] >= 7000 and cross_check["exited"]["counters"] == g["exited"], (cross_check, g)


def test_leak_shows_at_its_creation_site(truth):
    target = truth("-scenario", "leak", "-k", "40")
    with Stat(target.pid) as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
    check_counts(summary, done)
    row, = [r for r in summary["creation"] if harness.functions(r["site"])[:1] == ["main.leak"]]
    assert (row["live"], row["created"], row["exited"]) == (40, 40, 0), row
    blocked = sum(r["blocked_now"] for r in summary["blocking"] if "main.leaker" in harness.functions(r["stack"]))
    assert blocked == 40


def test_two_targets_in_one_run(truth):
    targets = [truth("-scenario", "spawn,recv"), truth("-scenario", "sleep,spawn", version="1.21.13")]
    with Stat([t.pid for t in targets], "--budget", "none") as stat:
        stat.armed(2)
        done = {t.pid: t.go() for t in targets}
        stat.stop()
    assert {s["target"]["host_pid"] for s in stat.summaries} == set(done)
    for summary in stat.summaries:
        check_lossless(summary)
        check_counts(summary, done[summary["target"]["host_pid"]])
