"""record --last and --until: the last part of a recording, written when somebody wants it, or when it is time."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import harness
from harness import PROGRAMS, Process, Truth, build, gorotrace


@pytest.fixture
def swell():
    with Truth(build(PROGRAMS / "swell")) as target:
        yield target


def said_while(recording, pattern, seconds=harness.PATIENCE):
    end = time.monotonic() + seconds
    while not (found := re.search(pattern, recording.stderr)):
        assert recording.popen.poll() is None and time.monotonic() < end, recording.stderr
        time.sleep(0.05)
    return found


def interrupt(recording, code=0, how=signal.SIGINT):
    recording.popen.send_signal(how)
    assert recording.wait(harness.PATIENCE) == code, recording.stderr
    return recording.stderr


def last_lines(said):
    return said.splitlines()[-3:]


def report(path, *arguments):
    done = subprocess.run([gorotrace(), "report", "--json", path, *arguments], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0 and not done.stderr, done
    summary, = map(json.loads, done.stdout.splitlines())
    harness.check_schema(summary)
    events, gs = summary["events"], summary["goroutine_seconds"]
    assert events["produced"] == events["received"] + events["dropped"], events
    states = sum(gs[s] or 0 for s in ("running", "runnable", "running_or_runnable", "waiting", "syscall", "unknown"))
    assert abs(states - gs["live_integral"]) <= 0.001 * gs["live_integral"], gs
    assert summary["events"]["illegal"] == 0, summary["events"]
    return summary


def naps_in(summary, function):
    return sum(row["count"] for row in summary["blocking"]
               if row["reason"] == "sleep" and any(f["function"] == f"main.{function}" for f in row["stack"]))


def created_in(summary, function):
    return sum(row["created"] for row in summary["creation"] if row["function"] == f"main.{function}")


def test_the_last_part_is_what_the_program_did_in_it(swell, tmp_path):
    """What it did before is not in it, and what goes on since then is."""
    path = tmp_path / "f.gtr"
    with harness.recording(swell.pid, path, "--last", "3s") as recording:
        swell.ask("park 40", "park")
        swell.ask("early 50", "early")
        time.sleep(7)
        swell.ask("nap 30", "nap")
        time.sleep(0.3)
        live = swell.ask("count", "count")["goroutines"]
        assert not path.exists(), "nothing is written while it goes on"
        said = interrupt(recording)
    first, cost, following = last_lines(said)
    assert (found := re.fullmatch(rf"recorded \S+ of .*swell.* \(PID {swell.pid}\): the last (\S+)s, (\d+) events?, .* in "
                                  rf"{re.escape(str(path))}, .* from before dropped; nothing lost", first)), said
    assert 3 <= float(found[1]) < 5.5, said
    assert re.fullmatch(r"cost: \d+ hits?, .* % of the target's CPU(, within the budget: .*)?", cost), said
    assert following == f"next: gorotrace report {path}", said
    summary = report(path)
    assert 2.9e9 < summary["window_ns"] < 6e9, summary["window_ns"]
    assert abs(summary["window_ns"] / 1e9 - float(found[1])) < 1, (summary["window_ns"], found[1])
    assert naps_in(summary, "early") == created_in(summary, "early") == 0
    assert naps_in(summary, "nap") == created_in(summary, "nap") == 30
    assert summary["goroutines"]["live"] == live, summary["goroutines"]
    assert summary["goroutines"]["live_at_start"] == live and summary["goroutines"]["created"] == 30, summary["goroutines"]
    assert summary["events"]["received"] == int(found[2])
    parked, = (row for row in summary["blocking"] if any(f["function"] == "main.park" for f in row["stack"]))
    assert parked["blocked_now"] == 40 and parked["oldest_ns"] > 7e9, parked
    assert any("from before are not in it" in notice for notice in summary["notices"]), summary["notices"]
    assert summary["cost"]["hits"] < int(re.search(r"cost: (\d+)", cost)[1])
    part = report(path, "--from", "0s", "--to", "1s")
    assert naps_in(part, "nap") == 0 and part["window_ns"] == 1e9, part["window_ns"]


def test_a_recording_that_is_shorter_than_asked_is_all_there(swell, tmp_path):
    path = tmp_path / "f.gtr"
    path.write_text("of yesterday")
    with harness.recording(swell.pid, path, "--last", "60s") as recording:
        swell.ask("early 50", "early")
        swell.ask("nap 30", "nap")
        time.sleep(0.3)
        live = swell.ask("count", "count")["goroutines"]
        assert path.read_text() == "of yesterday"
        said = interrupt(recording, how=signal.SIGTERM)
    assert re.search(r"\): all of it \(1m0s were asked for\), \d+ events", last_lines(said)[0]), said
    summary = report(path)
    harness.check_always(summary)
    harness.check_lossless(summary)
    assert naps_in(summary, "early") == created_in(summary, "early") == 50
    assert naps_in(summary, "nap") == created_in(summary, "nap") == 30
    assert summary["goroutines"]["live"] == live, summary["goroutines"]


def test_sigusr1_writes_a_window_and_goes_on(tmp_path):
    path = tmp_path / "f.gtr"
    (tmp_path / "f.3.gtr").write_text("of somebody else")
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "60s") as target:
        target.send("go")
        with harness.recording(target.pid, path, "--last", "2s", "--ring-size", "8m") as recording:
            for name in ("f.gtr", "f.2.gtr"):
                time.sleep(2.5)
                recording.popen.send_signal(signal.SIGUSR1)
                said_while(recording, rf"\(SIGUSR1: .* in {re.escape(str(tmp_path / name))}")
                summary = report(tmp_path / name)
                assert 1.9e9 < summary["window_ns"] < 5e9, summary["window_ns"]
                assert summary["events"]["received"] > 1000
                assert not any("cut off" in notice for notice in summary["notices"]), summary["notices"]
            said = interrupt(recording)
    assert f" in {tmp_path}/f.4.gtr" in last_lines(said)[0], said
    assert last_lines(said)[2] == f"next: gorotrace report {tmp_path}/f.4.gtr", said
    report(tmp_path / "f.4.gtr")
    assert (tmp_path / "f.3.gtr").read_text() == "of somebody else"
    assert sorted(os.listdir(tmp_path)) == ["f.2.gtr", "f.3.gtr", "f.4.gtr", "f.gtr"]


def test_two_sigusr1_at_once_are_two_windows_or_one(swell, tmp_path):
    """Two that come before the first was looked at are one, as signals are."""
    with harness.recording(swell.pid, tmp_path / "f.gtr", "--last", "10s") as recording:
        swell.ask("nap 5", "nap")
        recording.popen.send_signal(signal.SIGUSR1)
        recording.popen.send_signal(signal.SIGUSR1)
        said = interrupt(recording)
    names = sorted(os.listdir(tmp_path))
    assert names in (["f.gtr"], ["f.2.gtr", "f.gtr"], ["f.2.gtr", "f.3.gtr", "f.gtr"]), names
    for name in names:
        assert naps_in(report(tmp_path / name), "nap") in (0, 5)
    assert naps_in(report(re.search(r" in (\S+\.gtr)", last_lines(said)[0])[1]), "nap") == 5


@pytest.mark.parametrize("last", [[], ["--last", "30s"]], ids=["file", "window"])
def test_goroutines_end_a_recording(swell, last, tmp_path):
    """The runtime's own count is what it goes by."""
    path = tmp_path / "f.gtr"
    before = swell.ask("park 200", "park")["goroutines"]
    with harness.recording(swell.pid, path, *last, "--until", "blocked>1h:1", "--until", "goroutines>500") as recording:
        time.sleep(1)
        assert recording.popen.poll() is None, recording.stderr
        after = swell.ask("grow 600", "grow")["goroutines"]
        assert recording.wait(harness.PATIENCE) == 0, recording.stderr
        said = recording.stderr
    assert before < 500 < after
    assert (found := re.search(rf"; ended by goroutines>500: (\d+) in process {swell.pid}; ", last_lines(said)[0])), said
    assert 500 < int(found[1]) <= after
    summary = report(path)
    assert summary["goroutines"]["live"] >= int(found[1]), (summary["goroutines"], found[1])
    if last:
        assert any(f"goroutines>500: {found[1]}" in notice for notice in summary["notices"]), summary["notices"]


def test_goroutines_that_are_blocked_for_long_end_a_recording(swell, tmp_path):
    """Those who waited before it began count from its begin; the main goroutine may be one of them."""
    path = tmp_path / "f.gtr"
    swell.ask("park 30", "park")
    with harness.recording(swell.pid, path, "--last", "30s", "--until", "blocked>1s:50") as recording:
        swell.ask("park 15", "park")
        time.sleep(3)
        assert recording.popen.poll() is None, recording.stderr
        began = time.monotonic()
        swell.ask("park 10", "park")
        assert recording.wait(harness.PATIENCE) == 0, recording.stderr
        took = time.monotonic() - began
        said = recording.stderr
    assert (found := re.search(rf"; ended by blocked>1s:50: (\d+) in process {swell.pid}; ", last_lines(said)[0])), said
    assert 55 <= int(found[1]) <= 57, said
    assert took > 1, "they had waited for a second"
    parked, = (row for row in report(path)["blocking"] if any(f["function"] == "main.park" for f in row["stack"]))
    assert parked["blocked_now"] == 55, parked


def test_a_window_has_no_more_than_its_size(tmp_path):
    path = tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "60s") as target:
        target.send("go")
        with harness.recording(target.pid, path, "--last", "10m", "--max-size", "1m", "--ring-size", "8m") as recording:
            time.sleep(15)  # more than 1 MiB: an event of a ping-pong takes little more than a byte
            said = interrupt(recording)
    first = last_lines(said)[0]
    assert (found := re.search(r"the last (\S+) \(10m0s were asked for: they are more than the 1.0 MiB of --max-size\)", first)), said
    assert path.stat().st_size < 1.05 * (1 << 20), path.stat().st_size
    assert path.stat().st_size > 0.3 * (1 << 20), path.stat().st_size
    summary = report(path)
    assert summary["window_ns"] > 0.05e9 and summary["events"]["received"] > 1000, (summary["window_ns"], found[1])


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_full_leaves_what_was_there_and_the_recording_goes_on(small_disk, tmp_path):
    path = small_disk / "f.gtr"
    path.write_text("of yesterday")
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "60s") as target:
        target.send("go")
        with harness.recording(target.pid, path, "--last", "30s", "--ring-size", "8m") as recording:
            time.sleep(4)
            recording.popen.send_signal(signal.SIGUSR1)
            said_while(recording, r"\(SIGUSR1: no window was written: .*No space left on device\)")
            assert recording.popen.poll() is None
            said = interrupt(recording, code=1)
    assert "No space left on device" in said.splitlines()[-1], said
    assert "nothing was written at the end, what was in memory is lost" in said and "nothing lost" not in said, said
    assert path.read_text() == "of yesterday"
    assert os.listdir(small_disk) == ["f.gtr"]


def test_of_a_disk_without_a_byte_free_nothing_is_to_be_read(small_disk):
    """A recording without --last: its file is there, and empty."""
    try:
        (small_disk / "filler").write_bytes(bytes(64 << 20))
    except OSError:
        pass
    path = small_disk / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        done = subprocess.run([gorotrace(), "record", "-p", str(target.pid), "-o", path, "-d", "1s"],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 1 and path.stat().st_size == 0, done.stderr
    said = done.stderr.splitlines()
    assert f"nothing could be written to {path}" in said[0] and "nothing lost" not in said[0], said
    assert "No space left on device" in said[-1] and not any(line.startswith("next:") for line in said), said


def test_sampling_begins_anew_in_each_segment(swell, tmp_path):
    """Without probes there are looks alone: a window has theirs, from nearly its begin on."""
    path = tmp_path / "f.gtr"
    swell.ask("park 20", "park")
    with Process([gorotrace(), "record", "-p", swell.pid, "-o", path, "--last", "2s", "--probes", "none"]) as recording:
        time.sleep(6)
        said = interrupt(recording)
    assert "the last " in last_lines(said)[0], said
    summary = report(path)
    parked, = (row for row in summary["blocking"] if any(f["function"] == "main.park" for f in row["stack"]))
    assert parked["blocked_now"] == 20, parked
    assert parked["in_window_ns"] > 0.7 * 20 * summary["window_ns"], (parked, summary["window_ns"])


@pytest.mark.parametrize("arguments, says", [
    (["--last", "10ms"], "--last"), (["--last", "soon"], "--last"),
    (["--last", "10s", "--until", "panics"], "goroutines>N"), (["--until", "blocked>soon"], "blocked>TIME:N"),
    (["--until", "blocked>5s:5", "--probes", "lifecycle"], "block"), (["--last", "10s", "--max-size", "5"], "--max-size"),
])
def test_options_that_make_no_sense_are_refused(arguments, says, tmp_path):
    done = subprocess.run([gorotrace(), "record", "-p", "1", "-o", tmp_path / "f.gtr", *arguments], capture_output=True,
                          text=True, timeout=harness.PATIENCE)
    assert done.returncode == 2 and says in done.stderr, done
    assert not os.listdir(tmp_path)


def test_a_window_needs_a_file(tmp_path):
    for path, code in (("/dev/full", 2), (tmp_path / "no" / "such.gtr", 1)):
        done = subprocess.run([gorotrace(), "record", "-p", "1", "-o", path, "--last", "10s"], capture_output=True, text=True,
                              timeout=harness.PATIENCE)
        assert done.returncode == code and str(path) in done.stderr, done
