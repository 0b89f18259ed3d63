"""Whose event it is: tracers and targets in PID namespaces, losses of one target, siblings of one file."""

import json
import pathlib
import subprocess
import time

import pytest

import harness
from harness import Stat, check_counts, check_lossless, check_untouched
from test_life import USAGE
from test_observe import await_watching, check, park_thrice

INSIDE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def child_of(pid):
    end = time.monotonic() + 20
    while True:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        assert time.monotonic() < end, f"{pid} has no child"
        time.sleep(0.02)


def numbers(host_pid):
    """Of a process, from our PID namespace inwards."""
    status = pathlib.Path(f"/proc/{host_pid}/status").read_text()
    return [int(n) for line in status.splitlines() if line.startswith("NSpid:") for n in line.split()[1:]]


def entering(host_pid):
    """Its PID namespace, with a /proc of that."""
    return ["nsenter", "--target", str(host_pid), "--pid", "unshare", "--mount-proc"]


class Nested:
    """A program in the innermost of `depth` PID namespaces, each with a /proc of its own."""

    def __init__(self, depth, program, *arguments):
        self.program = harness.Truth(program, *arguments, prefix=INSIDE * depth)
        self.chain = [self.program.pid]
        for _ in range(depth):
            self.chain.append(child_of(self.chain[-1]))
        self.host_pid = self.chain[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.close()

    def seen_from(self, level):
        """How to run a tracer in the namespace of that level, and the program's number there."""
        prefix = entering(self.chain[level]) if level else []
        return prefix, numbers(self.host_pid)[level]


# Level of the tracer, levels of the target: both inside, the target deeper, both deep.
@pytest.mark.parametrize("tracer, depth", [(1, 1), (1, 2), (2, 2)])
def test_a_tracer_in_a_pid_namespace_counts_every_event(tracer, depth):
    with Nested(depth, harness.build(harness.PROGRAMS / "truth"), "-scenario", "spawn,recv") as nested:
        prefix, pid = nested.seen_from(tracer)
        assert pid != nested.host_pid and len(numbers(nested.host_pid)) == depth + 1, "the test tests nothing"
        with Stat(pid, "-d", "4s", "--budget", "none", prefix=prefix) as stat:
            stat.armed()
            done = nested.program.go()
            assert not stat.summaries, "the window was over before the program was done"
            summary = stat.finish()
        check_lossless(summary)
        check_counts(summary, done)
        assert summary["events"]["produced"] > 0 and summary["cost"]["charged_ns"] > 0, summary["cost"]
        check_untouched(nested.host_pid, nested.program.command[-3])


@pytest.mark.parametrize("depth", [1, 2])
def test_observing_in_a_pid_namespace_proves_no_wait_that_is_false(depth):
    with Nested(depth, harness.build(harness.PROGRAMS / "ages")) as nested:
        prefix, pid = nested.seen_from(depth)
        before = nested.program.ask("park", "park")["parked"]
        command = [*prefix, harness.gorotrace(), "dump", "-p", str(pid), "--observe", "3s", "--json",
                   "--probes", "lifecycle,block,syscall", "--budget", "none"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            await_watching(running, Watched(nested), True)
            during = park_thrice(nested.program)
            out, err = running.communicate(timeout=120)
            assert running.returncode == 0, err.decode()
        found = json.loads(out)
        events = found["watched"]["events"]
        assert events["produced"] == events["received"] > 0 and events["dropped"] == 0
        old, new = check(found, before), check(found, during)
        assert len(old) == len(before) and len(new) == len(during)
        assert all((g["waiting_source"], g["waiting_quality"]) == ("probes", "exact") for _, _, g in new), new


class Watched:
    def __init__(self, nested):
        self.pid, self.command = nested.host_pid, nested.program.command[-1:]


def test_an_exec_in_a_pid_namespace_ends_the_window(tmp_path):
    binary = harness.build(harness.PROGRAMS / "truth")
    with Nested(1, binary) as nested:
        prefix, pid = nested.seen_from(1)
        with Stat(pid, "-d", "20s", prefix=prefix) as stat:
            stat.armed()
            nested.program.send("exec")
            summary = stat.finish()
        assert summary["ended_by"] == "the target executed another program", summary["ended_by"]


def test_a_proc_of_another_pid_namespace_is_refused():
    """Our /proc, another namespace's numbers: 1 names two processes, and one of them is the tracer itself."""
    done = subprocess.run(["unshare", "--pid", "--fork", harness.gorotrace(), "stat", "-p", "1", "-d", "1s"],
                          capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == USAGE, (done.returncode, done.stderr)
    assert "/proc is of another PID namespace" in done.stderr, done.stderr
    with Nested(2, harness.build(harness.PROGRAMS / "truth")) as nested:  # /proc is of the inner one: we are not in it
        done = subprocess.run(["nsenter", "--target", str(nested.chain[1]), "--pid", "--mount", "--root", harness.gorotrace(),
                               "stat", "-p", str(numbers(nested.host_pid)[1]), "-d", "1s"],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == USAGE and "/proc is of another PID namespace" in done.stderr, done
    with harness.Truth(harness.build(harness.PROGRAMS / "truth")) as target:
        done = subprocess.run(["unshare", "--pid", "--fork", harness.gorotrace(), "stat", "-p", str(target.pid)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode != 0 and "no process with PID" in done.stderr, done.stderr


def test_a_loss_is_the_loss_of_the_target_that_lost():
    """One fills its ring; the other, which shares that ring, sends little, and of it nothing is lost."""
    with harness.Truth(harness.build(harness.PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "2s", "-k", "32") \
            as noisy, harness.Truth(harness.build(harness.PROGRAMS / "ages")) as quiet:
        with Stat([noisy.pid, quiet.pid], "--budget", "none", "--ring-size", "4KiB", "--sample-cpu", "none") as stat:
            stat.armed(2)
            parked = quiet.ask("park", "park")["parked"]
            noisy.go()
            stat.stop()
        by_pid = {s["target"]["host_pid"]: s for s in stat.summaries}
        lost, kept = by_pid[noisy.pid], by_pid[quiet.pid]
        assert lost["events"]["dropped"] > 0 and lost["events"]["gaps"] > 0, f"it tests nothing: {lost['events']}"
        assert kept["events"]["dropped"] == 0 and kept["events"]["gaps"] == 0, kept["events"]
        assert 0 < kept["events"]["produced"] < lost["events"]["produced"] / 10
        assert kept["goroutine_seconds"]["unknown"] < lost["goroutine_seconds"]["unknown"]
        assert sum(row["blocked_now"] for row in kept["blocking"]) >= len(parked) - 1  # one is in a system call
