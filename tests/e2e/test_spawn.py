"""record -- PROGRAM: from the first goroutine on, and as if the program had been started without us."""

import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import time

import pytest

import harness
from harness import NEWEST, PROGRAMS, Lines, Process, build, gorotrace

OLDEST = harness.VERSIONS[0]
STARTED = PROGRAMS / "started"


def command(path, *program, options=()):
    return [gorotrace(), "record", "-o", str(path), "--budget", "none", *options, "--", *map(str, program)]


def record(path, *program, options=(), code=0, **how):
    done = subprocess.run(command(path, *program, options=options), capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == code, f"{program}: exit code {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    return done


def summary_of(path):
    done = subprocess.run([gorotrace(), "report", "--json", "--system", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    harness.check_schema(summary)
    harness.check_always(summary)
    return summary


def cat(path):
    done = subprocess.run([gorotrace(), "cat", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check_nothing_is_from_before(summary):
    goroutines = summary["goroutines"]
    assert goroutines["live_at_start"] == 0 and goroutines["quality"] == "exact", goroutines
    assert goroutines["live_discrepancy"] in (0, None), goroutines
    assert summary["events"]["dropped"] == summary["events"]["illegal"] == 0, summary["events"]


BINARIES = {"newest": (NEWEST, "stripped"), "oldest": (OLDEST, "stripped"), "pie": (NEWEST, "pie"), "cgo": (NEWEST, "cgo")}


@pytest.mark.parametrize("kind", BINARIES)
@pytest.mark.parametrize("lives", ["0s", "1s"])
def test_every_goroutine_from_the_first_on(kind, lives, tmp_path):
    """As many were created as the runtime itself has counted, and goroutine 1 is among them."""
    path = tmp_path / "f.gtr"
    done = record(path, build(STARTED, *BINARIES[kind]), "count", 1000, lives, env={**os.environ, "GOMAXPROCS": "1"})
    newest, *by_metrics = map(int, done.stdout.split()[1:])
    summary = summary_of(path)
    check_nothing_is_from_before(summary)
    # What cgo's runtime makes ahead for threads of C no event tells, memory does, if there is time to read it.
    ahead = 1 if kind == "cgo" else 0
    made = {newest} if lives == "1s" else {newest, newest - ahead}
    assert summary["goroutines"]["created"] in made, (summary["goroutines"], done.stdout)
    assert all(n == newest - ahead for n in by_metrics), done.stdout
    # Every one but those that exit with the process.
    mine = [row for row in summary["creation"] if row["function"].startswith("main.count")]
    assert sum(row["created"] for row in mine) >= 1000, mine
    assert sum(row["exited"] for row in summary["creation"]) >= 1000
    assert {f["function"] for row in mine for s in row["stacks"] for f in s["stack"]} >= {"main.main", "runtime.main"}, mine
    main, = [row for row in summary["creation"] if row["function"] == "runtime.main"]
    assert main["created"] == main["live"] == 1, main  # in runtime.rt0_go, of which no line is told
    assert main["by_runtime"] and not main["stacks"] and not main["site"], main
    assert not any(row["by_runtime"] for row in mine), mine
    lines = cat(path)
    first = next(line for line in lines if re.search(r"\d create \d+ by ", line))
    assert re.search(r" create 1 by runtime ", first), first
    assert next(line for line in lines if " snapshot " in line).endswith("snapshot goroutines 0 stacks 0")
    unproven = [n for n in summary["notices"] if "held against" in n]
    assert not unproven if lives == "1s" else unproven or summary["window_ns"] > 4e7, summary["notices"]


@pytest.mark.parametrize("options", [["--probes", "none"], ["--probes", "lifecycle"], ["--probes", "+sync,+chan"]])
def test_an_empty_runtime_is_no_hindrance(options, tmp_path):
    """Sampling, the objects and the counters, whichever engine fills the tables."""
    path = tmp_path / "f.gtr"
    record(path, build(PROGRAMS / "demo"), "-duration", "2s", options=options)
    summary = summary_of(path)
    assert summary["goroutines"]["live_at_start"] == 0, summary["goroutines"]
    assert summary["goroutine_seconds"]["live_integral"] > 10, summary["goroutine_seconds"]
    assert any("main.(*shop).watcher" in harness.functions(row["stack"]) for row in summary["blocking"])
    if options[1] != "+sync,+chan":
        assert summary["sampling"], summary.keys()


def test_the_runtimes_own_count_is_the_cross_check(tmp_path):
    """From nothing to the end of a window that ends before the program does."""
    path = tmp_path / "f.gtr"
    done = record(path, build(STARTED), "count", 1000, "3s", options=["-d", "1s"])
    assert "goes on until it ends itself" in done.stderr and done.stdout.startswith("created "), done
    summary = summary_of(path)
    check_nothing_is_from_before(summary)
    for figure in ("created", "exited"):
        assert summary["cross_check"][figure]["verdict"] == "agree", summary["cross_check"]
    assert 0.9e9 < summary["window_ns"] < 2e9, summary["window_ns"]


def check_last_lines(stderr):
    """What was recorded, what it cost, what to type next."""
    last = stderr.splitlines()[-3:]
    assert [line.split()[0] for line in last] == ["recorded", "cost:", "next:"], stderr


@pytest.mark.parametrize("program, code, says", [
    (["exit", 0], 0, ""), (["exit", 7], 7, ""), (["killed", int(signal.SIGKILL)], 137, "signal 9 (Killed)"),
    (["killed", int(signal.SIGTERM)], 143, "signal 15 (Terminated)")])
def test_its_end_is_handed_on(program, code, says, tmp_path):
    done = record(tmp_path / "f.gtr", build(STARTED), *program, code=code)
    assert says in done.stderr and "the target exited" in done.stderr, done.stderr
    check_last_lines(done.stderr)
    assert "processes that it starts are not followed" in done.stderr, done.stderr
    assert summary_of(tmp_path / "f.gtr")["ended_by"] == "the target exited"


def test_a_size_ends_the_recording_and_not_the_program(tmp_path):
    truth = build(PROGRAMS / "truth")
    done = record(tmp_path / "f.gtr", truth, "-scenario", "pingpong", "-for", "5s", input="go\n",
                  options=["--max-size", "1m", "--ring-size", "8m"])
    assert "as large as it may be" in done.stderr and "goes on until" in done.stderr, done.stderr
    check_last_lines(done.stderr)
    assert '"done"' in done.stdout, done.stdout


def test_a_recording_that_fails_is_not_hidden_by_a_program_that_does_not(tmp_path):
    limit = ["bash", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "limited"]
    for status, code in ((0, 1), (7, 7)):
        done = subprocess.run([*limit, *command(tmp_path / "f.gtr", build(STARTED), "count", "9999", "0s", status)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode == code and "File too large" in done.stderr, done


def test_streams_are_its_own(tmp_path):
    done = record(tmp_path / "f.gtr", build(STARTED), "shout", input="one\ntwo\n")
    assert done.stdout == "ONE\nTWO\n"


def test_it_is_given_what_it_would_be_given_without_us(tmp_path):
    """Streams, files that are open, limits, signals ignored and blocked, environment, process group. The oldest Go
    leaves the limit of open files as it is."""
    program = build(STARTED, OLDEST)
    starter = ("import os, resource, signal, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 4000)); "
               "signal.signal(signal.SIGUSR2, signal.SIG_IGN); signal.signal(signal.SIGPIPE, signal.SIG_DFL); "
               "signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
               "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); os.dup2(os.open('/dev/zero', 0), 17); "
               "os.close(0); os.execv(sys.argv[1], sys.argv[1:])")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SUDO_")} | {"GIVEN": "so"}

    def given(*words):
        done = subprocess.run(["python3", "-c", starter, *map(str, words)], capture_output=True, text=True, timeout=harness.PATIENCE,
                              env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return re.sub(r"pipe:\[\d+\]", "pipe", done.stdout).splitlines()

    told = given(*command(tmp_path / "f.gtr", program, "given"))
    assert [line for line in told if "group of its parent" not in line] == \
        [line for line in given(program, "given") if "group of its parent" not in line]
    assert "in the group of its parent true" in told and "TracerPid:\t0" in told, told
    assert "/proc/self/fd/17 /dev/zero" in told, told


@pytest.fixture
def anybodys():
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


def test_whose_ids_it_has(anybodys, tmp_path):
    program = anybodys / "started"
    program.write_bytes(build(STARTED).read_bytes())
    program.chmod(0o755)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SUDO_")}
    wanted = subprocess.run(["id", "-G", "daemon"], capture_output=True, text=True).stdout.split()
    groups = "[" + " ".join(sorted(wanted, key=int)) + "]"
    done = record(tmp_path / "f.gtr", program, "given", options=["-u", "daemon"], env=clean)
    assert f"ids 1 1 1 1 {groups}" in done.stdout and "USER=daemon\n" in done.stdout, done.stdout
    assert "CapEff:\t0000000000000000" in done.stdout and "as daemon" in done.stderr, done
    sudo = {**clean, "SUDO_UID": "1", "SUDO_GID": "1", "SUDO_USER": "daemon", "HOME": "/root"}
    done = record(tmp_path / "f.gtr", program, "given", env=sudo)
    assert f"ids 1 1 1 1 {groups}" in done.stdout and "SUDO_UID=\n" in done.stdout, done.stdout
    assert "HOME=/usr/sbin\n" in done.stdout and "as daemon, who called sudo" in done.stderr, done
    done = record(tmp_path / "f.gtr", program, "given", options=["-u", "root"], env=sudo)
    assert "ids 0 0 0 0" in done.stdout and "who called" not in done.stderr, done
    done = record(tmp_path / "f.gtr", program, "given", env={**clean, "SUDO_UID": "54321", "SUDO_GID": "54322"})
    assert "ids 54321 54321 54322 54322 [54322]" in done.stdout, done.stdout
    assert "no user" in record(tmp_path / "f.gtr", program, options=["-u", "nosuchuser"], code=2).stderr
    assert "SUDO_UID" in record(tmp_path / "f.gtr", program, code=2, env={**clean, "SUDO_UID": "x"}).stderr
    assert "-- PROGRAM is missing" in subprocess.run(
        [gorotrace(), "record", "-o", "f", "-u", "root", "-p", "1"], capture_output=True, text=True).stderr


def refused_program(kind, tmp_path):
    program = tmp_path / kind
    if kind in ("setuid", "setgid", "capable", "unexecutable"):
        program.write_bytes(build(STARTED).read_bytes())
        program.chmod({"setuid": 0o4755, "setgid": 0o2755, "unexecutable": 0o644}.get(kind, 0o755))
    if kind == "capable":
        # linux/capability.h, vfs_cap_data: version 2, effective; CAP_NET_RAW permitted
        os.setxattr(program, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
    if kind == "script":
        program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        program.chmod(0o755)
    if kind == "touch":
        return ["touch", tmp_path / "ran"]
    return [program, "exit", "0"]


@pytest.mark.parametrize("kind, code, says", [
    ("touch", 3, "not a Go executable"), ("setuid", 3, "set-user-ID"), ("setgid", 3, "set-group-ID"),
    ("capable", 3, "file capabilities"), ("unexecutable", 1, "Permission denied"),
    ("missing", 1, "No such file or directory"), ("script", 3, "name the Go program itself")])
def test_what_is_refused_has_not_run(kind, code, says, tmp_path):
    path = tmp_path / "f.gtr"
    path.write_text("as it was")
    done = record(path, *refused_program(kind, tmp_path), code=code)
    assert says in done.stderr and not (tmp_path / "ran").exists(), done.stderr
    assert path.read_text() == "as it was"


def test_what_makes_no_sense_is_refused(tmp_path):
    for arguments, says in [(["--"], "no program"), ([], "needs a process"), (["-p", "1", "--", "true"], "either")]:
        done = subprocess.run([gorotrace(), "record", "-o", tmp_path / "f.gtr", *arguments], capture_output=True, text=True)
        assert done.returncode == 2 and says in done.stderr, done


def test_children_and_another_program_in_its_place(tmp_path):
    program = build(STARTED)
    record(tmp_path / "f.gtr", program, "children")
    main, = [row for row in summary_of(tmp_path / "f.gtr")["creation"] if row["function"] == "runtime.main"]
    assert main["created"] == 1, main
    done = record(tmp_path / "f.gtr", program, "exec", program, "count", 1, "1s", 9, code=9)
    assert "executed another program" in done.stderr, done.stderr


def test_goroutines_that_contradict_what_is_known_end_the_recording_alone(tmp_path):
    """A modified runtime under a release's name, whose code gives nothing away: the program never notices."""
    done = record(tmp_path / "f.gtr", build(STARTED, NEWEST, "moved-site"), "count", 10, "2s", code=3)
    assert done.stdout.startswith("created "), done
    assert "runtime.g." in done.stderr and "goes on until it ends itself" in done.stderr, done.stderr
    summary = summary_of(tmp_path / "f.gtr")
    assert "not what was known of its runtime" in summary["ended_by"], summary["ended_by"]
    assert any("runtime.g." in notice for notice in summary["notices"]), summary["notices"]
    assert summary["window_ns"] < 1.9e9, summary["window_ns"]


def signals(path, *options):
    record = Process(command(path, build(STARTED), "signals", options=options))
    record.program = int(record.lines.next().removeprefix("ready "))
    return record


def test_signals_that_are_sent_to_us_come_to_it(tmp_path):
    with signals(tmp_path / "f.gtr") as process:
        for sent, name in [("INT", "interrupt"), ("HUP", "hangup"), ("QUIT", "quit"), ("USR1", "user defined signal 1"),
                           ("USR2", "user defined signal 2")]:
            process.popen.send_signal(getattr(signal, f"SIG{sent}"))
            assert process.lines.next(10) == f"came {name}"
        process.popen.send_signal(signal.SIGTERM)
        assert process.lines.next(10) == "came terminated"
        assert process.wait(harness.PATIENCE) == 3, process.stderr
    assert summary_of(tmp_path / "f.gtr")["ended_by"] == "the target exited"


def test_it_lives_on_without_us(tmp_path):
    """Nobody traces it by then: a recorder that is killed takes nobody along."""
    with signals(tmp_path / "f.gtr") as process:
        process.popen.kill()
        process.wait()
        time.sleep(0.3)
        os.kill(process.program, signal.SIGUSR1)
        assert process.lines.next(10) == "came user defined signal 1"
        os.kill(process.program, signal.SIGTERM)
        assert process.lines.next(10) == "came terminated"


def test_a_terminals_keys_are_its_own(tmp_path):
    """In a shell with job control: Ctrl-C comes to it once, Ctrl-Z stops both, fg lets both go on."""
    words = " ".join(f"'{word}'" for word in command(tmp_path / "f.gtr", build(STARTED), "signals"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", "--norc", "-c", f"set -m; {words}; echo job $?; fg >/dev/null; echo ended $?"])
    lines = Lines(terminal, "bash")

    def expect(pattern):
        while not re.search(pattern, line := lines.next().strip()):
            assert "came" not in line, (line, pattern)
        return line

    try:
        child = int(expect(r"^ready \d+").split()[1])
        os.write(terminal, b"\x03")
        expect(r"came interrupt")
        os.write(terminal, b"\x1a")
        expect(r"^job 14[78]$")
        expect(r"came continued")
        assert not select.select([terminal], [], [], 0.3)[0]
        os.write(terminal, b"\x1c")
        expect(r"came quit")
        os.kill(child, signal.SIGTERM)
        expect(r"came terminated")
        expect(r"^ended 3$")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    summary_of(tmp_path / "f.gtr")
