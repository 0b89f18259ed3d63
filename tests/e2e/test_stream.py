"""What must not stop for anyone who is slow, and tables that stay bounded whatever a target does."""

import os
import pathlib
import re
import signal
import time

import harness
from harness import PROGRAMS, Process, Stat, Truth, build


def memory_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def text_of(paths):
    """What stat says in text of a program that took so many call paths, and the tracer's peak memory in kB."""
    with Truth(build(PROGRAMS / "paths")) as target:
        with Process(["env", "COLUMNS=200", harness.gorotrace(), "stat", "-p", target.pid, "--budget", "none",
                      "--limit", "3", "--ring-size", "32m"]) as stat:
            while "unparks" not in stat.lines.next():
                pass
            stat.lines.next()
            stat.lines.next()  # the first interval: it is armed
            target.ask(str(paths), "done", 300)
            resident = memory_kb(stat.pid)
            stat.popen.send_signal(signal.SIGINT)
            text = ""
            while (line := stat.lines.next(180)) is not None:
                text += line + "\n"
            assert stat.wait() == 0, stat.stderr
    assert "events lost" not in text, text
    return text, resident


def test_more_call_paths_than_the_kernels_map_holds():
    """Stacks are pulled while they are there: every wait has its own, and the table is exact."""
    text, _ = text_of(20_000)  # the map: 16,384
    assert "stacks whose frames are not known" not in text and "other stacks" not in text, text
    if "events without their stack" not in text:
        assert re.search(r"BLOCKING HOT SPOTS .*exact", text), text


def test_more_call_paths_than_a_table_holds():
    """The least useful are one row, which says how many they are; the table is not called exact."""
    text, resident = text_of(150_000)  # a table: 65,536
    folded = re.search(r"(\d+) call paths shown among other stacks", text)
    assert folded and int(folded[1]) > 150_000 - 2 * 65536, text
    assert "stacks whose frames are not known" not in text, text
    assert re.search(r"BLOCKING HOT SPOTS .*lower bound", text), text
    assert resident < 300_000, f"{resident} kB"


def wait_log(tmp_path, read):
    """stat -d 2s with --waits into a FIFO, which is read from or not; exit code, seconds and stderr."""
    fifo = tmp_path / "waits"
    os.mkfifo(fifo)
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "8s") as target:
        target.send("go")
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK) if read is not None else None
        began = time.monotonic()
        with Stat(target.pid, "-d", "2s", "--budget", "none", "--waits", str(fifo)) as stat:
            while stat.read() is not None:
                pass
            code, took = stat.wait(harness.PATIENCE), time.monotonic() - began
            assert stat.summaries, stat.stderr
            harness.check_always(stat.summaries[0])
            text = stat.stderr
        if reader is not None:
            os.close(reader)
    return code, took, text, stat


def test_a_fifo_that_nobody_drains_stops_nothing(tmp_path):
    """The window ends in time, probes go, lines come; what was not written is said."""
    for read in (None, False):
        folder = tmp_path / str(read)
        folder.mkdir()
        code, took, text, stat = wait_log(folder, read)
        assert code == 1 and "waits could not be written" in text, (code, text)
        assert took < 12, f"{took:.1f} s for a window of 2 s"
        assert len(stat.intervals) >= 10, len(stat.intervals)
        assert stat.summaries[0]["events"]["dropped"] == 0, stat.summaries[0]["events"]


def test_ctrl_c_ends_a_window_whose_waits_nobody_reads(tmp_path):
    fifo = tmp_path / "waits"
    os.mkfifo(fifo)
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "8s") as target:
        target.send("go")
        with Stat(target.pid, "--budget", "none", "--waits", str(fifo)) as stat:
            stat.armed()
            time.sleep(1)
            began = time.monotonic()
            stat.popen.send_signal(signal.SIGINT)
            while stat.read() is not None:
                pass
            assert stat.wait() == 1, stat.stderr
            assert time.monotonic() - began < 8
            assert stat.summaries, stat.stderr
