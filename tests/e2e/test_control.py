"""Who decides when tracing ends: the clock, a signal, the target. Never a reader that does not read, and no late tick."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import termios
import threading
import time

import pytest

import harness
from harness import check_untouched, gorotrace, modified_text

DONE, FAILED = 0, 1
DETACH = 3  # s beyond the window: what attaching the last probes and detaching may take on a machine that does much else


def start(*arguments, **options):
    return subprocess.Popen([gorotrace(), *map(str, arguments)], stdin=subprocess.DEVNULL, text=True, **options)


@contextlib.contextmanager
def running(*arguments, **options):
    process = start(*arguments, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def attached(target):
    return bool(modified_text(target.pid, target.binary))


@contextlib.contextmanager
def small_pipe():
    """Both ends of a pipe that takes one page."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield reader, writer
    finally:
        os.close(reader)


def read_all(fd, seconds=20):
    text, end = b"", time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        assert left > 0 and select.select([fd], [], [], left)[0], f"no end of the output within {seconds} s"
        chunk = os.read(fd, 1 << 16)
        if not chunk:
            return text.decode()
        text += chunk


# ---------------------------------------------------------------- readers that do not read

@contextlib.contextmanager
def unread(target, *arguments, window=4):
    """stat for that long, into a pipe that nobody reads, at the moment at which its probes should be gone."""
    with small_pipe() as (reader, writer), tempfile.TemporaryFile("w+") as errors:
        with running("stat", "-p", target.pid, "-i", "100ms", "--json", *arguments, stdout=writer, stderr=errors) as stat:
            os.close(writer)
            await_(lambda: attached(target))
            stat.errors = lambda: harness.written(errors)
            yield stat, reader


def test_the_window_ends_though_nobody_reads(truth):
    target = truth("-scenario", "sleepers", "-for", "20s")
    target.send("go")
    with unread(target, "-d", "4s") as (stat, reader):
        time.sleep(4)
        await_(lambda: not attached(target), DETACH)
        assert stat.poll() is None, "the summary is nowhere, and it has ended"
        text = read_all(reader)
        assert stat.wait(harness.PATIENCE) == DONE, stat.errors()
    *lines, summary = map(json.loads, text.splitlines())
    harness.check_always(summary)
    left_out = [n for n in summary["notices"] if "left out: the output was not read" in n]
    assert len(left_out) == 1 and int(left_out[0].split()[0]) + len(lines) <= 40, (left_out, len(lines))
    assert 4e9 <= summary["window_ns"] < (4 + DETACH) * 1e9
    check_untouched(target.pid, target.binary)


def test_a_line_covers_the_time_of_those_that_were_left_out(truth):
    target = truth()
    with unread(target) as (stat, reader):
        time.sleep(8)  # About thirty lines wait for their reader before one is left out.
        lines = harness.Lines(reader, "stat")
        read = [json.loads(lines.next()) for _ in range(60)]
        assert all(a["to_ns"] == b["from_ns"] for a, b in zip(read, read[1:])), "a stretch of time is in no line"
        assert max(line["to_ns"] - line["from_ns"] for line in read) > 1e9, "none was left out: the test tests nothing"
        stat.send_signal(signal.SIGINT)
        read_all(reader)
        assert stat.wait(harness.PATIENCE) == DONE


def test_a_signal_ends_it_though_nobody_reads(truth):
    """The first one ends the window. Behind it the summary waits for its reader, until the second."""
    target = truth()
    with unread(target) as (stat, reader):
        time.sleep(2)
        stat.send_signal(signal.SIGINT)
        await_(lambda: not attached(target), DETACH)
        time.sleep(1.5)
        assert stat.poll() is None, "nobody has read the summary"
        stat.send_signal(signal.SIGINT)
        assert stat.wait(5) == -signal.SIGINT
    check_untouched(target.pid, target.binary)


def test_a_signal_behind_the_window_does_not_wait_for_the_reader(truth):
    target = truth()
    with unread(target, "-d", "3s") as (stat, reader):
        time.sleep(3)
        await_(lambda: not attached(target), DETACH)
        time.sleep(1)
        assert stat.poll() is None
        stat.send_signal(signal.SIGINT)
        assert stat.wait(5) == FAILED
        assert "not read" in stat.errors(), stat.errors()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_ordered_to_end_waits_for_a_reader_for_a_while_only(truth, sig):
    target = truth()
    with unread(target) as (stat, reader):
        time.sleep(2)
        stat.send_signal(sig)
        await_(lambda: not attached(target), DETACH)
        assert stat.wait(5 + DETACH) == FAILED
        assert "not read" in stat.errors(), stat.errors()


def test_a_dump_that_nobody_reads_is_ended_by_a_signal(truth):
    target = truth("-scenario", "sleepers", "-for", "20s")
    target.send("go")
    with small_pipe() as (reader, writer), running("dump", "-p", target.pid, "--observe", "1s", "--probes", "lifecycle,block",
                                                   "--json", stdout=writer) as dump:
        os.close(writer)
        await_(lambda: attached(target))
        time.sleep(1)
        await_(lambda: not attached(target), DETACH)
        time.sleep(0.5)
        assert dump.poll() is None, "all of it fits a page: the test tests nothing"
        dump.send_signal(signal.SIGINT)
        assert dump.wait(5) == -signal.SIGINT


class Terminal:
    """A terminal of our own that reads all it is given, until its Ctrl-S."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.text, self.here = b"", True
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        with contextlib.suppress(OSError):  # EIO: nobody has it open
            while self.here:
                if select.select([self.master], [], [], 0.05)[0]:
                    self.text += os.read(self.master, 1 << 16)

    def press(self, key):
        os.write(self.master, key)

    def hang_up(self):
        """Not before the reader has left: a read that waits holds the master open."""
        if self.here:
            self.here = False
            self.reader.join()
            os.close(self.master)


CTRL_C, CTRL_S, CTRL_Q = b"\x03", b"\x13", b"\x11"


@contextlib.contextmanager
def on_a_terminal(*arguments, **options):
    terminal = Terminal()

    def take_it():
        os.setsid()
        fcntl.ioctl(terminal.slave, termios.TIOCSCTTY, 0)

    options = {"stdout": terminal.slave, "stderr": terminal.slave} | options
    try:
        with running(*arguments, preexec_fn=take_it, **options) as process:
            os.close(terminal.slave)
            yield process, terminal
    finally:
        terminal.hang_up()


def test_ctrl_s_does_not_keep_probes_on(truth):
    """Twice, for 2 s: once stat hung for ever then, with its probes on."""
    target = truth()
    with on_a_terminal("stat", "-p", target.pid, "-d", "6s", "-i", "100ms") as (stat, terminal):
        await_(lambda: attached(target))
        begin = time.monotonic()
        for _ in range(2):
            time.sleep(0.5)
            terminal.press(CTRL_S)
            time.sleep(2)
            before = len(terminal.text)
            terminal.press(CTRL_Q)
            await_(lambda: len(terminal.text) > before)
        assert stat.wait(6 - (time.monotonic() - begin) + 5) == DONE, terminal.text
    assert b"goroutine-seconds" in terminal.text, terminal.text
    check_untouched(target.pid, target.binary)


def test_ctrl_s_until_behind_the_window(truth):
    target = truth()
    with on_a_terminal("stat", "-p", target.pid, "-d", "2s", "-i", "100ms") as (stat, terminal):
        await_(lambda: attached(target))
        terminal.press(CTRL_S)
        time.sleep(2)
        await_(lambda: not attached(target), DETACH)
        assert stat.poll() is None and b"goroutine-seconds" not in terminal.text
        terminal.press(CTRL_Q)
        assert stat.wait(10) == DONE, terminal.text
        await_(lambda: b"goroutine-seconds" in terminal.text)


def test_ctrl_c_behind_ctrl_s(truth):
    target = truth()
    with on_a_terminal("stat", "-p", target.pid, "-i", "100ms") as (stat, terminal):
        await_(lambda: attached(target))
        terminal.press(CTRL_S)
        time.sleep(1)
        terminal.press(CTRL_C)  # it also lets the output flow (n_tty.c, n_tty_receive_signal_char)
        assert stat.wait(10) == DONE, terminal.text
        await_(lambda: b"goroutine-seconds" in terminal.text)
    check_untouched(target.pid, target.binary)


def test_a_terminal_that_goes_away(truth, tmp_path):
    """SIGHUP, and EIO from then on. What is written elsewhere is whole."""
    target = truth()
    with on_a_terminal("stat", "-p", target.pid, "-i", "100ms") as (stat, terminal):
        await_(lambda: attached(target))
        terminal.hang_up()
        assert stat.wait(10) in (DONE, FAILED)
    check_untouched(target.pid, target.binary)
    with open(tmp_path / "out", "w") as out, \
            on_a_terminal("stat", "-p", target.pid, "--json", stdout=out) as (stat, terminal):
        await_(lambda: attached(target))
        terminal.hang_up()
        assert stat.wait(10) == DONE
    harness.check_always(json.loads((tmp_path / "out").read_text().splitlines()[-1]))


# ---------------------------------------------------------------- late ticks

def test_a_tracer_that_is_stopped_goes_on(truth):
    """Each of them makes all its ticks late, some by less than what a line is late by."""
    target = truth()
    with harness.Stat(target.pid, "-d", "4s") as stat:
        stat.armed()
        for length in (0.3, 0.01, 0.1, 0.05, 0.12, 0.4):
            stat.popen.send_signal(signal.SIGSTOP)
            time.sleep(length)
            stat.popen.send_signal(signal.SIGCONT)
            time.sleep(0.03)
        summary = stat.finish(15)
    assert 4e9 <= summary["window_ns"] < (4 + DETACH) * 1e9
    check_untouched(target.pid, target.binary)


def test_a_tracer_that_is_stopped_over_its_windows_end_says_so(truth):
    target = truth()
    with harness.Stat(target.pid, "-d", "2s") as stat:
        stat.armed()
        stat.popen.send_signal(signal.SIGSTOP)
        time.sleep(4)
        stat.popen.send_signal(signal.SIGCONT)
        summary = stat.finish(15)
    said = [n for n in summary["notices"] if n.startswith("asked for 2.00s, took ")]
    # Stopped while it waited, or in the middle of a step.
    assert len(said) == 1 and re.search(r"did not run for [345]\.|took up to [345]\.\d+s, \S+[mµ]s of it on a CPU", said[0]), \
        summary["notices"]
    assert summary["window_ns"] >= 4e9


def test_a_window_that_was_kept_is_not_talked_about(truth):
    summary = harness.stat_now(truth().pid, "--probes", "none", duration="2s")
    assert not [n for n in summary["notices"] if "asked for" in n or "the process was" in n], summary["notices"]


# ---------------------------------------------------------------- processes that take long to read

def parked(goroutines):
    process = harness.Process([harness.build(harness.PROGRAMS / "parked")])
    while process.lines.next() != "end":
        pass
    process.popen.stdin.write(f"parked {goroutines}\n".encode())
    process.popen.stdin.flush()
    assert process.lines.next(300).startswith("ok "), process.stderr
    return process


@pytest.mark.slow
@pytest.mark.parametrize("probes", ["lifecycle,block,run", "none"])
def test_a_million_goroutines_do_not_make_a_window_longer(probes):
    """Whatever of them was read by its end: the counters say how many there are, and what lacks is said."""
    with parked(1_000_000) as target:
        begin = time.monotonic()
        summary = harness.stat_now(target.pid, "--probes", probes, duration="2s")
        took = time.monotonic() - begin
    print(f"window {summary['window_ns'] / 1e9:.2f} s, {took:.2f} s in all; {summary['notices']}")
    assert 2e9 <= summary["window_ns"] < 4e9 and took < 8, took
    assert abs(summary["goroutines"]["live"] - 1_000_000) < 100, summary["goroutines"]
    cut = [n for n in summary["notices"] if "were still being read when it ended" in n]
    # Read whole, and yet behind what the models had to say by the end: then it is not told.
    assert not (cut and summary["goroutines"]["live_at_start"] is not None), summary["notices"]
    if cut:
        qualities = {summary[t]["quality"] for t in ("goroutines", "goroutine_seconds")}
        assert "exact" not in qualities, qualities
        assert all(r["quality"] != "exact" for r in summary["creation"] + summary["blocking"])
    elif probes == "none":
        assert any("no reading of all goroutines at the window's end" in n for n in summary["notices"]), summary["notices"]


# ---------------------------------------------------------------- signals from the first moment on

def holds_signals(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    mask = int(re.search(r"^SigBlk:\s*(\w+)$", status, re.M)[1], 16)
    return bool(mask & (1 << (signal.SIGINT - 1)))


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_first_milliseconds(truth, sig):
    """From where it holds signals back it ends in a summary. Before that it is being loaded, and ends as every program
    does then: by the signal, with nothing said and nothing done."""
    target, held, early = truth(), 0, 0
    for i in range(30):
        with start("stat", "-p", target.pid, "--probes", "none", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as stat:
            time.sleep(0.0005 * (i % 20))
            was_held = holds_signals(stat.pid)
            stat.send_signal(sig)
            out, err = stat.communicate(timeout=20)
        if was_held or stat.returncode != -sig:
            held += 1
            assert stat.returncode == DONE, (stat.returncode, err)
            assert json.loads(out.splitlines()[-1])["type"] == "summary", out
        else:
            early += 1
            assert out == "" and err == "", (out, err)
    assert held > 0, "it was never far enough: the test tests nothing"


# ---------------------------------------------------------------- targets that do not run, or are another program

def text_of(*arguments):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == DONE, done.stderr
    return done.stdout


def check_said(target, words):
    summary = harness.stat_now(target.pid, "--probes", "none", duration="500ms")
    assert any(words in n for n in summary["notices"]), summary["notices"]
    lines = text_of("stat", "-p", target.pid, "--probes", "none", "-d", "500ms", "-i", "100ms")
    assert f"(process {target.pid} is {words}" in lines, lines
    assert f"# gorotrace: the process was {words}" in text_of("dump", "-p", target.pid)
    assert words in json.loads(text_of("dump", "-p", target.pid, "--json"))["held"]


def test_a_stopped_target_is_said_to_be_so(truth):
    target = truth()
    os.kill(target.pid, signal.SIGSTOP)
    try:
        check_said(target, "stopped by a signal")
    finally:
        os.kill(target.pid, signal.SIGCONT)
    assert json.loads(text_of("dump", "-p", target.pid, "--json"))["held"] is None


def test_that_it_goes_on_is_said_too(truth):
    target = truth()
    with running("stat", "-p", target.pid, "--probes", "none", "-d", "3s", "-i", "100ms", stdout=subprocess.PIPE) as stat:
        for sig in (signal.SIGSTOP, signal.SIGCONT):
            time.sleep(1)
            os.kill(target.pid, sig)
        lines, _ = stat.communicate(timeout=20)
    assert lines.index(f"(process {target.pid} is stopped by a signal)") < lines.index(f"(process {target.pid} goes on)")


def test_a_frozen_target_is_said_to_be_so(truth, tmp_path):
    target, name = truth(), f"gorotrace-{os.getpid()}"
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    try:
        before = next(line[4:] for line in pathlib.Path(f"/proc/{target.pid}/cgroup").read_text().splitlines()
                      if line.startswith("0::/"))
        group = tmp_path / name
        group.mkdir()
        (group / "cgroup.procs").write_text(str(target.pid))
        try:
            (group / "cgroup.freeze").write_text("1")
            await_(lambda: "frozen 1" in (group / "cgroup.events").read_text())
            check_said(target, f"frozen by its cgroup (/{name}")
        finally:
            (group / "cgroup.freeze").write_text("0")
            (tmp_path / before / "cgroup.procs").write_text(str(target.pid))
            group.rmdir()
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert target.count() == 1


def test_an_exec_during_the_attach_is_told_as_one(truth):
    target, refused = truth(), 0
    for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        with harness.Stat(target.pid, "-d", "10s") as stat:
            time.sleep(delay)
            target.ask("exec", "ready")
            stat.popen.send_signal(signal.SIGINT)
            while stat.read(harness.PATIENCE) is not None:
                pass
            code = stat.wait()
            assert "another Go runtime" not in stat.stderr, stat.stderr
            if stat.summaries:
                assert stat.summaries[0]["ended_by"] in (None, "the target executed another program")
            else:
                refused += 1
                assert code == FAILED and "executed another program" in stat.stderr, (code, stat.stderr)
    assert refused > 0, "it was always attached before or after: the test tests nothing"
    check_untouched(target.pid, target.binary)
