"""Who runs, who waits for a CPU and for how long, where no probe tells: by looking at the Ps, and by the runtime."""

import pytest

import harness
from harness import Stat
from test_metrics import Subject

LATENCIES = "/sched/latencies:seconds"


def timed(subject):
    """What the runtime has timed so far, by its own account."""
    subject.ask("sample", "sampled")
    return sum(subject.printed()[LATENCIES]["value"]["counts"])


def near(figure, error, truth):
    return abs(figure - truth) <= 4 * error + 0.05 * max(truth, 1)


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_two_run_and_three_wait(version):
    """Five that never stop, on two Ps; who is in a system call is neither."""
    with Subject(version) as subject:
        subject.ask("syscalls 2", "blocked")
        subject.ask("spin 5", "spinning")
        for _ in range(5):
            before = timed(subject)
            summary = harness.stat_now(subject.pid, duration="3s")
            after = timed(subject)
            # A sampler that hardly gets a CPU says so by its error.
            runs = summary["goroutine_seconds"]["sampled_runs"]
            if runs["standard_error"]["running"] < 0.5 and runs["standard_error"]["runnable"] < 0.8:
                break
    assert summary["groups"]["requested"] == ["lifecycle", "block"], summary["groups"]
    seconds = summary["goroutine_seconds"]
    assert seconds["running"] is None and seconds["runnable"] is None and seconds["quality"] == "exact", seconds
    runs = seconds["sampled_runs"]
    (low, high), = runs["covered"]
    assert high - low > 0.9 * summary["window_ns"], (runs, summary["window_ns"])
    covered, error = (high - low) / 1e9, runs["standard_error"]
    assert near(runs["running"], error["running"], 2 * covered), runs
    assert near(runs["runnable"], error["runnable"], 3 * covered), runs
    assert error["running"] < 0.2 * covered and error["runnable"] < 0.3 * covered, runs
    # Parts of what the probes counted, exactly.
    assert runs["running"] + runs["runnable"] <= seconds["running_or_runnable"] * 1.1, seconds
    assert summary["run_sampling"]["samples"] > 100 and summary["run_sampling"]["of_one_cpu_percent"] < 5, summary["run_sampling"]

    latency = summary["latency"]
    assert (latency["engine"], latency["quality"], latency["sampled_one_in"]) == ("counters", "sampled", 8), latency
    assert 0 < latency["count"] <= after - before, (latency, before, after)
    # From reading to reading. The last one is asked for when 3 s are over; on a busy machine the window ends later.
    (low, high), = latency["covered"]
    assert low < 0.2e9 and high - low > 2.7e9, (latency, summary["window_ns"])
    # Each waits for three others, and each of those runs for some 10 ms (runtime/proc.go, forcePreemptNS).
    assert 2e6 < latency["p50_ns"] < 200e6, latency


def test_an_idle_process_has_nobody_who_runs():
    with Subject() as subject:
        summary = harness.stat_now(subject.pid, duration="2s")
    runs = summary["goroutine_seconds"]["sampled_runs"]
    assert runs["running"] <= 4 * runs["standard_error"]["running"] and runs["runnable"] == 0, runs


def test_the_run_group_tells_in_their_place(truth):
    target = truth("-scenario", "pingpong", "-for", "2s")
    with Stat(target.pid, "--budget", "none", "--probes", "+run") as stat:
        stat.armed()
        target.go()
        summary = stat.stop()
    seconds, latency = summary["goroutine_seconds"], summary["latency"]
    assert summary["groups"]["requested"] == ["lifecycle", "block", "run"], summary["groups"]
    assert seconds["sampled_runs"] is None and summary["run_sampling"] is None, summary["run_sampling"]
    assert seconds["running"] > 0 and seconds["runnable"] > 0 and latency["engine"] == "probes", (seconds, latency)


def test_without_probes_the_runtime_tells_of_latency():
    with Subject() as subject:
        subject.ask("spin 5", "spinning")
        before = timed(subject)
        summary = harness.stat_now(subject.pid, "--probes", "none", duration="2s")
        after = timed(subject)
    assert summary["latency"]["engine"] == "counters" and 0 < summary["latency"]["count"] <= after - before, summary["latency"]
    assert summary["goroutine_seconds"]["sampled_runs"] is None, summary["goroutine_seconds"]  # sampling of goroutines tells
