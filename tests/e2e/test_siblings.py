"""Many targets of one file: the probes that more than eight of them share, who runs into those, and what is said of it."""

import re
import shutil
import subprocess
import time

import pytest

import harness
from harness import Stat, check_counts, check_lossless, check_untouched, modified_text

pytestmark = pytest.mark.alone

MANY = 10
FEW = 8  # as many have probes of their own: session/link_sharing.h


@pytest.fixture
def siblings(tmp_path):
    """Starts truth programs of a file that nobody else on this machine runs."""
    binary = shutil.copy(harness.build(harness.PROGRAMS / "truth"), tmp_path / "siblings")
    started = []

    def start(n, *arguments):
        for _ in range(n):
            started.append(harness.Truth(binary, *arguments))
            started[-1].binary = binary
        return started[-n:]

    yield start
    for process in started:
        process.close()


def by_pid(stat):
    return {s["target"]["host_pid"]: s for s in stat.summaries}


def pids(targets):
    return [t.pid for t in targets]


def test_each_targets_account_equals_its_tables_and_what_others_hit_is_counted(siblings):
    targets = siblings(MANY, "-scenario", "spawn,recv")
    with Stat(pids(targets), "--budget", "none", interval="1s") as stat:
        stat.armed(MANY)
        (stranger,) = siblings(1, "-scenario", "spawn,recv")  # comes when the probes are there
        for target in [*targets, stranger]:
            target.send("go")
        done = {target.pid: target.answer("done") for target in targets}
        made = sum(stranger.answer("done")["created"].values())
        stat.stop()
    summaries = by_pid(stat)
    assert set(summaries) == set(pids(targets))
    for pid, summary in summaries.items():
        check_lossless(summary)
        check_counts(summary, done[pid])
        shared = summary["cost"]["shared_probes"]
        assert shared["targets"] == MANY
        assert shared["others_hits"] > 2 * made > 0, "each creation, each end"
        assert not summary["notices"], summary["notices"]
    for target in [*targets, stranger]:
        check_untouched(target.pid, target.binary)


def test_the_text_says_what_others_ran_into(siblings):
    targets = siblings(MANY, "-scenario", "spawn")
    command = [harness.gorotrace(), "stat", *[a for t in targets for a in ("-p", str(t.pid))], "-d", "6s", "--budget", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stat:
        lines = harness.Lines(stat.stdout.fileno(), "stat")
        for _ in range(MANY):
            lines.next()
        (stranger,) = siblings(1, "-scenario", "spawn")
        stranger.go()
        text = lines.buffer.decode()
        while (line := lines.next()) is not None:
            text += line + "\n"
        assert stat.wait(harness.PATIENCE) == 0
    said = re.findall(r"shared probes: (\d+) targets run this file; its other processes ran into the probes (\d+) times",
                      re.sub(r"\s+", " ", text))
    assert len(said) == MANY, text[-2000:]
    assert all(int(n) == MANY and int(hits) > 0 for n, hits in said), said


def test_up_to_eight_targets_touch_nobody_else(siblings):
    *targets, stranger = siblings(FEW + 1, "-scenario", "spawn")
    with Stat(pids(targets), interval="1s") as stat:
        stat.armed(FEW)
        assert modified_text(targets[0].pid, targets[0].binary), "nothing is probed: the test tests nothing"
        assert not modified_text(stranger.pid, stranger.binary)
        stat.stop()
    assert all(s["cost"]["shared_probes"] is None and not s["notices"] for s in stat.summaries)


def test_a_process_that_nobody_named_keeps_the_probes_from_being_shared(siblings):
    *targets, stranger = siblings(MANY + 1, "-scenario", "spawn")
    with Stat(pids(targets), "--budget", "none", interval="1s") as stat:
        stat.armed(MANY)
        assert not modified_text(stranger.pid, stranger.binary)
        done = {target.pid: target.go() for target in targets}
        stat.stop()
    for pid, summary in by_pid(stat).items():
        check_counts(summary, done[pid])
        assert summary["cost"]["shared_probes"] is None
        (notice,) = summary["notices"]
        assert f"{MANY} targets" in notice and f"1 other process of the file ({stranger.pid})" in notice, notice
        assert "--share-probes" in notice, notice

    with Stat(pids(targets), "--budget", "none", "--share-probes", interval="1s") as stat:
        stat.armed(MANY)
        assert modified_text(stranger.pid, stranger.binary)
        stranger.go()
        stat.stop()
    assert all(s["cost"]["shared_probes"]["others_hits"] > 0 and not s["notices"] for s in stat.summaries)
    check_untouched(stranger.pid, stranger.binary)


def test_a_target_that_executes_its_file_anew_is_another_process_from_there_on(siblings):
    targets = siblings(MANY, "-scenario", "spawn")
    anew, *others = targets
    with Stat(pids(targets), "--budget", "none", interval="500ms") as stat:
        stat.armed(MANY)
        armed = time.monotonic()
        seen_until = stat.intervals[-1]["to_ns"]
        anew.send("exec")
        anew.answer("ready")
        anew.go()  # its new image runs into the probes
        done = {target.pid: target.go() for target in others}
        seen_until += (time.monotonic() - armed + 0.5) * 1e9
        while stat.intervals[-1]["to_ns"] < seen_until:  # the tracer has looked since
            stat.read()
        stat.stop()
    summaries = by_pid(stat)
    assert summaries[anew.pid]["ended_by"] == "the target executed another program"
    assert not [r for r in summaries[anew.pid]["creation"] if r["created"]], "of the new image"
    for target in others:
        check_counts(summaries[target.pid], done[target.pid])
        assert summaries[target.pid]["cost"]["shared_probes"]["others_hits"] > 0


def test_traps_that_one_target_cannot_afford_are_taken_from_all(siblings):
    (busy,) = siblings(1, "-scenario", "pingpong", "-for", "5s")
    idle = siblings(MANY - 1, "-scenario", "spawn")
    with Stat(pids([busy, *idle]), "--budget", "5%", interval="500ms") as stat:
        stat.armed(MANY)
        before = modified_text(idle[0].pid, idle[0].binary)
        busy.go()
        after = modified_text(idle[0].pid, idle[0].binary)
        stat.stop()
    summaries = by_pid(stat)
    taken = {d["group"]: d["reason"] for d in summaries[busy.pid]["cost"]["detached"]}
    assert "block" in taken and "the budget leaves" in taken["block"], taken
    assert any("taken from them, too" in notice for notice in summaries[busy.pid]["notices"]), summaries[busy.pid]["notices"]
    assert len(after) < len(before), "their traps are gone"
    for target in idle:
        detached = summaries[target.pid]["cost"]["detached"]
        assert {d["group"] for d in detached} >= {"block"}, detached
        assert all("another target of the file" in d["reason"] for d in detached), detached
