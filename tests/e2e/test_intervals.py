"""The lines of stat: one for each interval, and one for what the window is longer."""

import re
import subprocess
import time

import pytest

import harness


@pytest.fixture
def naps():
    """A process whose goroutines park more than a thousand times a second; it ends with its stdin."""
    with harness.Truth(harness.build(harness.PROGRAMS / "labelled")) as process:
        yield process


def text_of(*arguments):
    done = subprocess.run([harness.gorotrace(), "stat", *map(str, arguments)], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines_of(text):
    return re.findall(r"(?m)^\d\d:\d\d:\d\d .*$", text)


@pytest.mark.parametrize("probes", ["lifecycle,block", "none"])
def test_intervals_cover_the_window_to_its_end(naps, probes):
    with harness.Stat(naps.pid, "-d", "1300ms", "--probes", probes, "--budget", "none", interval="500ms") as stat:
        summary = stat.finish()
    intervals = stat.intervals
    assert len(intervals) == 3, intervals
    assert all(a["to_ns"] == b["from_ns"] for a, b in zip(intervals, intervals[1:])), intervals
    assert intervals[-1]["to_ns"] == summary["window_ns"]
    for i in intervals:
        seconds = (i["to_ns"] - i["from_ns"]) / 1e9
        for figure in ("created", "parks", "syscalls"):
            rate = i[figure]
            if rate and rate["engine"] == "probes":
                assert rate["per_s"] == pytest.approx(rate["count"] / seconds, rel=1e-3), (figure, i)
    if probes != "none":
        assert all(i["parks"]["per_s"] > 300 and i["groups"] == ["lifecycle", "block"] for i in intervals), intervals
        assert sum(i["created"]["count"] for i in intervals) <= summary["goroutines"]["created"]
    else:
        assert all(i["syscalls"] and i["parks"] is None for i in intervals), intervals


def test_the_last_line_says_how_long_it_was(naps):
    text = text_of("-p", naps.pid, "--probes", "none", "-d", "1300ms", "-i", "1s")
    assert len(lines_of(text)) == 2 and re.search(r"(?m)^\(the last line is of \d\d\dms\)$", text), text
    # A window of whole intervals has no rest.
    text = text_of("-p", naps.pid, "--probes", "none", "-d", "1s", "-i", "500ms")
    assert len(lines_of(text)) == 2 and "the last line" not in text, text


def test_a_window_shorter_than_an_interval_has_a_line(naps):
    text = text_of("-p", naps.pid, "-d", "600ms", "-i", "10s")
    assert len(lines_of(text)) == 1 and "the last line is of" in text, text


@pytest.mark.parametrize("probes", ["lifecycle,block", "none"])
def test_a_target_that_ends_has_a_line_up_to_its_end(naps, probes):
    with harness.Stat(naps.pid, "--probes", probes, interval="1s") as stat:
        stat.armed()
        naps.popen.stdin.close()
        summary = stat.finish()
    assert summary["ended_by"] == "the target exited"
    assert all(a["to_ns"] == b["from_ns"] for a, b in zip(stat.intervals, stat.intervals[1:])), stat.intervals
    assert stat.intervals[-1]["to_ns"] == summary["window_ns"]


def test_counters_say_of_which_part_of_the_window_they_are(naps):
    """They are read when it begins and for each line; of a target that exits there is no reading at the end."""
    with harness.Stat(naps.pid, "--probes", "none", interval="60s") as stat:
        time.sleep(2)  # for it to begin
        naps.popen.stdin.close()
        summary = stat.finish()
    assert summary["ended_by"] == "the target exited" and len(stat.intervals) == 1
    goroutines = summary["goroutines"]
    (begin, end), = goroutines["covered"]
    assert goroutines["engine"] == "counters" and end - begin < summary["window_ns"] / 2, (goroutines, summary["window_ns"])
