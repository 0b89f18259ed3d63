"""What a person sees: on terminals of several widths, in a pipe, with and without colours and UTF-8."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

import harness

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@pytest.fixture(scope="module")
def target():
    with harness.Process([harness.build(harness.PROGRAMS / "demo")]) as program:
        time.sleep(1)  # until it leaks some, and its shoppers wait
        yield program


def environment(**values):
    plain = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG")}
    return {**plain, "TERM": "xterm-256color", **values}


def on_terminal(columns, *arguments, seconds=harness.PATIENCE, **values):
    """Its exit code, and all that it wrote to a terminal that is so wide: stdout and stderr."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    done = subprocess.Popen([harness.gorotrace(), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=theirs,
                            stderr=theirs, env=environment(**values))
    os.close(theirs)
    output, end = b"", time.monotonic() + seconds
    while True:
        assert select.select([ours], [], [], max(0, end - time.monotonic()))[0], f"nothing more within {seconds} s"
        try:
            output += os.read(ours, 1 << 16)
        except OSError:  # EIO: the last one closed it
            break
    os.close(ours)
    return done.wait(10), output.decode().replace("\r\n", "\n")


def piped(*arguments, **values):
    return subprocess.run([harness.gorotrace(), *map(str, arguments)], capture_output=True, env=environment(**values), timeout=harness.PATIENCE)


def width(line):
    shown = ESCAPES.sub("", line)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown)


def commands(pid):
    yield "stat", "-p", pid, "-d", "1s", "-i", "500ms", "--probes", "none"
    yield "dump", "-p", pid, "--waiters"
    yield "dump", "-p", pid, "--watch", "1s"
    yield "metrics", "-p", pid
    yield "check", "-p", pid
    yield "ps",
    yield "stat", "--help"
    yield "--help",


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_nothing_is_wider_than_the_terminal_or_cut(target, columns):
    for command in commands(target.pid):
        code, text = on_terminal(columns, *command)
        assert code == 0, text
        # A progress line rewrites itself; what an example says is typed as it is.
        lines = [part for line in text.split("\n") for part in line.split("\r")]
        wide = [line for line in lines if width(line) > columns and not re.search("gorotrace ", line)]
        assert not wide, f"{command}: {wide}"
        assert "…" not in text.replace("…/", ""), f"{command}: {text}"


@pytest.mark.parametrize("arguments", [
    ("stat", "-p", "1", "--where", "no-condition"), ("metrics", "-p", "1", "-d", "1s"), ("dump", "-p", "no-such-process"),
    ("-v", "metrics", "-p", "no-such-process-of-such-a-name"), ("dump", "-p", "1", "--frobnicate-the-goroutines-of-it")])
def test_a_message_is_broken_at_words_on_a_terminal_alone(arguments):
    code, text = on_terminal(40, *arguments)
    plain = piped(*arguments)
    assert code == plain.returncode != 0
    lines, whole = text.rstrip("\n").split("\n"), plain.stderr.decode().rstrip("\n").split("\n")
    assert max(map(width, lines)) <= 40, text
    assert len(lines) > len(whole) and text.split() == plain.stderr.decode().split(), (text, whole)


def test_what_is_asked_for_and_cannot_be_written_is_an_error():
    for arguments in (["--version"], ["--help"], ["stat", "--help"], ["help"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.gorotrace(), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=harness.PATIENCE)
        assert done.returncode == 1 and "No space left on device" in done.stderr, (arguments, done)
        assert subprocess.run([harness.gorotrace(), *arguments], capture_output=True, timeout=harness.PATIENCE).returncode == 0


def test_columns_decides_before_the_terminal(target):
    _, text = on_terminal(200, "stat", "-p", target.pid, "-d", "1s", "--probes", "none", COLUMNS="90")
    assert max(map(width, text.split("\n"))) <= 90, text


def test_in_a_pipe_a_name_stays_on_its_line(target):
    text = piped("stat", "-p", target.pid, "-d", "1s", "--probes", "none", "--stacks", COLUMNS="80").stdout.decode()
    assert "…" not in text and "\x1b" not in text, text
    assert re.search(r"(?m)^ +\S.*  (main|shop)\.go:\d+$", text), text


def test_colours(target):
    command = ("stat", "-p", target.pid, "-d", "1s", "--probes", "none")
    assert "\x1b[1m" in on_terminal(80, *command)[1]
    assert "\x1b[1m" not in on_terminal(80, *command, NO_COLOR="1")[1]
    assert "\x1b[1m" not in on_terminal(80, *command, TERM="dumb")[1]
    assert "\x1b[1m" not in on_terminal(80, *command, "--color", "never")[1]
    assert b"\x1b[1m" in piped("--color", "always", *command).stdout
    refused = piped("--color", "red", *command)
    assert refused.returncode == 2 and b"auto, always, never" in refused.stderr, refused.stderr


def test_a_locale_without_utf8_gets_ascii(target):
    for command in commands(target.pid):
        _, text = on_terminal(80, *command, LC_ALL="C")
        assert text.isascii(), (command, [c for c in text if not c.isascii()])
    _, text = on_terminal(80, "stat", "-p", target.pid, "-d", "1s", "--probes", "none", LC_ALL="C.UTF-8")
    assert "·" in text, text


def test_lines_carry_the_time_and_the_target_when_there_are_several(target):
    with harness.Truth(harness.build(harness.PROGRAMS / "truth")) as second:
        done = piped("stat", "-p", f"{target.pid},{second.pid}", "-d", "1s", "-i", "300ms", "--probes", "none", TZ="UTC")
    lines = [line.split() for line in done.stdout.decode().split("\n") if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert {line[1] for line in lines} == {str(target.pid), str(second.pid)}, done.stdout.decode()
    seconds = [sum(int(part) * unit for part, unit in zip(line[0].split(":"), (3600, 60, 1))) for line in lines]
    now = time.time() % 86400
    assert all((now - s) % 86400 < 30 for s in seconds), (lines, now)


def test_progress_is_shown_on_a_terminal_alone(target):
    for option in ("--watch", "--observe"):
        command = ("dump", "-p", target.pid, option, "1s", "--group")[:5 if option == "--watch" else 6]
        code, text = on_terminal(80, *command)
        assert code == 0 and re.search(r"(watching: sample|observing).*1s", text), text
        done = piped(*command)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_a_recordings_time_begins_with_its_window(target, tmp_path):
    code, text = on_terminal(80, "record", "-p", target.pid, "-d", "1s", "-o", tmp_path / "f.gtr")
    assert code == 0 and text.index("attaching") < text.index("recording 0s of 1"), text
    assert all(int(seconds) <= 1 for seconds in re.findall(r"recording (\d+)s of", text)), text
    done = piped("record", "-p", target.pid, "-d", "1s", "-o", tmp_path / "g.gtr")
    assert b"attaching" not in done.stderr and not re.search(rb"recording \d", done.stderr), done.stderr


def test_verbose_says_what_was_decided(target):
    said = piped("-v", "stat", "-p", target.pid, "-d", "1s").stderr.decode()
    assert f"process {target.pid}: go" in said and "offsets from" in said, said
    assert f"process {target.pid}: probes lifecycle,block;" in said and "budget 10%" in said, said
    assert "attach mode" in said and "libbpf:" not in said, said


def test_ps_sorts_and_filters(target):
    def rows(*arguments):
        done = piped("ps", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]
    everyone = rows()
    by_goroutines = [r["goroutines"] or 0 for r in rows("--sort", "-goroutines") if r["goroutines"]]
    assert by_goroutines == sorted(by_goroutines, reverse=True)
    command = next(r["command"] for r in everyone if r["pid"] == target.pid)
    assert target.pid in [r["pid"] for r in rows(command)]
    assert rows("no-process-has-such-a-name") == []
    assert all(r["supported"] for r in rows("--where", "supported=yes"))
    version = harness.NEWEST
    assert all(version in r["go_version"] for r in rows("--where", f"go={version}"))


def test_stat_chooses_folds_and_sorts(target):
    def summary(*arguments):
        done = piped("stat", "-p", target.pid, "-d", "1s", "--probes", "none", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])
    every = summary()["blocking"]
    assert every
    reason = every[0]["reason"]
    assert {r["reason"] for r in summary("--where", f"reason={reason}")["blocking"]} == {reason}
    folded = summary("--by", "reason")["blocking"]
    assert len(folded) == len({r["reason"] for r in folded}), folded
    oldest = [r["oldest_ns"] or 0 for r in summary("--sort", "oldest")["blocking"]]
    assert oldest == sorted(oldest, reverse=True)
    assert summary("--created-by", "no.such.function")["creation"] == []
    same = summary("--where", f"reason={reason.upper()}")["blocking"]
    assert {r["reason"] for r in same} == {reason}, same
    refused = piped("stat", "-p", target.pid, "-d", "1s", "--where", "reason=no such words")
    assert refused.returncode == 2 and b"chan receive" in refused.stderr, refused.stderr


def test_metrics_again_and_again(target):
    done = piped("metrics", "-p", target.pid, "-i", "200ms", "-d", "700ms")
    text = done.stdout.decode()
    assert done.returncode == 0 and text.count("runtime/metrics from outside") == 1, done
    assert len(re.findall(rf"(?m)^\d\d:\d\d:\d\d  \d+ metrics? of process {target.pid} changed in \d", text)) >= 2, text
    readings = [json.loads(line) for line in
                piped("metrics", "-p", target.pid, "-i", "200ms", "-d", "500ms", "--json").stdout.splitlines()]
    assert len(readings) >= 2 and len({r["time_ns"] for r in readings}) == len(readings)
