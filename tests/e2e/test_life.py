"""Life and death of targets and tracers: every end leaves the target as it was and says what happened."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import pytest

import harness
import kills
from harness import Stat, check_counts, check_lossless, check_untouched, gorotrace

DONE, FAILED, USAGE, UNSUPPORTED = 0, 1, 2, 3


def run(*arguments, seconds=harness.PATIENCE):
    return subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL)


def refused(done, code, *words):
    assert done.returncode == code, f"exit code {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    assert len(done.stderr.strip().splitlines()) >= 1, "no message"
    for word in words:
        assert word.lower() in done.stderr.lower(), f"no {word!r} in the message:\n{done.stderr}"


# ---------------------------------------------------------------- tracers that end

@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_in_the_summary(truth, sig):
    target = truth("-scenario", "sleepers", "-for", "1s")
    with Stat(target.pid) as stat:
        stat.armed()
        target.go()
        stat.popen.send_signal(sig)
        summary = stat.finish()
    assert summary["blocking"] and target.count() == 1
    check_untouched(target.pid, target.binary)


@pytest.mark.parametrize("delays", [[0.02, 0.02], [0.1, 0.1], [0.6, 0.02]])
def test_ctrl_c_twice_ends_in_the_summary(truth, delays):
    """While it starts, between start and window, and while the summary is made."""
    target = truth()
    with Stat(target.pid) as stat:
        for delay in delays:
            time.sleep(delay)
            stat.popen.send_signal(signal.SIGINT)
        summary = stat.finish()
    assert summary["window_ns"] >= 0
    check_untouched(target.pid, target.binary)


def test_a_stopped_tracer_is_stopped(truth):
    """Ctrl-Z while it lets go of its probes: who waits for it to stop is told, and it goes on behind fg."""
    target = truth()
    for delay in (0.0, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08):
        with Stat(target.pid) as stat:
            stat.armed()
            stat.popen.send_signal(signal.SIGINT)
            time.sleep(delay)
            stat.popen.send_signal(signal.SIGSTOP)
            stat.await_stop(10)
            stat.popen.send_signal(signal.SIGCONT)
            assert stat.finish()["ended_by"] in ("", None)
        check_untouched(target.pid, target.binary)


def test_a_killed_tracer_leaves_nothing(truth):
    target = truth("-scenario", "sleepers,spawn", "-for", "2s")
    for delay in (0.0, 0.1, 0.25, 0.5, 1.0):  # before, during and after the attach
        with Stat(target.pid) as stat:
            time.sleep(delay)
            stat.kill()
        check_untouched(target.pid, target.binary)
    with Stat(target.pid) as stat:
        stat.armed()
        target.send("go")
        time.sleep(0.5)
        assert harness.modified_text(target.pid, target.binary), "no probes in the text while attached"
        stat.kill()
        assert harness.traced_with, "a tracer with probes that holds no BPF object"
    check_untouched(target.pid, target.binary)
    done = target.answer("done")
    assert done["after"] == 1


def test_a_tracer_killed_in_the_middle_of_its_detach_leaves_nothing(truth):
    """A fatal signal makes the kernel give up on breakpoints it is removing: userspace/capture/detach.h."""
    target = truth("-scenario", "sleepers", "-for", "20s")
    target.send("go")
    for i in range(8):
        with Stat(target.pid, "-d", "100ms") as stat:
            end = time.monotonic() + 20
            while not harness.modified_text(target.pid, target.binary):
                assert time.monotonic() < end, stat.stderr
            stat.note_objects()
            time.sleep(0.1 + 0.02 * i)
            stat.popen.kill()
            stat.wait()
        check_untouched(target.pid, target.binary)


def kill_aimed(truth, n, kill, prefix=(), at_most_per_hit=12):
    """Kills tracers until n of them were setting probes: of each kill the target, whether it hit, the kernel's complaints."""
    target = truth("-scenario", "sleepers", "-for", "600s")
    target.send("go")
    harness.stat_now(target.pid, duration="50ms")  # from here on the kernel knows the process as one with uprobes
    hits, complaints = 0, []
    for attempt in range(n * at_most_per_hit):
        if hits == n:
            break
        hit, said = kills.killed_while_attaching(target.pid, attempt % 4 != 0, kill, prefix)
        hits += hit
        complaints += said
        assert target.popen.poll() is None, "the target died"
        yield target, hit, said
    assert hits == n, f"only {hits} of {attempt + 1} kills found the tracer setting probes"


def attach_killed(truth, n):
    for target, _, said in kill_aimed(truth, n, lambda stat: stat.popen.kill()):
        assert not said, said
        check_untouched(target.pid, target.binary)
    harness.stat_now(target.pid, duration="50ms")
    check_untouched(target.pid, target.binary)


def test_a_tracer_killed_while_it_attaches_leaves_nothing(truth):
    attach_killed(truth, 4)


@pytest.mark.slow
def test_60_tracers_killed_while_they_attach_leave_nothing(truth):
    attach_killed(truth, 60)


def attach_killed_with_its_cgroup(truth, tmp_path, n):
    """Nobody is left to clean up: the kernel may leave references and, rarely, breakpoints. The next attach removes these."""
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    group = tmp_path / f"gorotrace-{os.getpid()}"
    group.mkdir()

    enter = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$0" "$@"']
    try:
        left = referenced = 0
        for target, hit, said in kill_aimed(truth, n, lambda _: (group / "cgroup.kill").write_text("1"), enter):
            left += bool(harness.modified_text(target.pid, target.binary))
            referenced += bool(said)
            if hit:
                harness.stat_now(target.pid, "--probes", "lifecycle", duration="50ms")
            check_untouched(target.pid, target.binary)
        print(f"{n} cgroups killed: {referenced} left references in the kernel, {left} breakpoints")
    finally:
        (group / "cgroup.kill").write_text("1")
        end = time.monotonic() + 20
        while "populated 1" in (group / "cgroup.events").read_text():
            assert time.monotonic() < end, (group / "cgroup.procs").read_text()
            time.sleep(0.05)
        group.rmdir()
        subprocess.run(["umount", tmp_path], check=True)


def test_a_tracer_killed_with_its_cgroup_while_it_attaches(truth, tmp_path):
    attach_killed_with_its_cgroup(truth, tmp_path, 2)


@pytest.mark.slow
def test_20_tracers_killed_with_their_cgroup_while_they_attach(truth, tmp_path):
    attach_killed_with_its_cgroup(truth, tmp_path, 20)


def test_breakpoints_that_a_killed_tracer_left_are_removed(truth):
    """Also where the new tracer probes something else."""
    target = truth("-scenario", "sleepers", "-for", "2s")
    with Stat(target.pid, "--probes", "lifecycle,block,run,syscall,sync,chan") as stat:
        stat.armed()
        sites = harness.modified_text(target.pid, target.binary)
        stat.stop()
    for _ in range(10):
        kills.leave_breakpoints(target.binary, target.pid, sites)
        time.sleep(0.1)
        if harness.modified_text(target.pid, target.binary):
            break
    assert harness.modified_text(target.pid, target.binary), "nothing was left, so nothing is tried here"
    with Stat(target.pid, "--probes", "lifecycle") as stat:
        stat.armed()
        assert set(harness.modified_text(target.pid, target.binary)) < set(sites)
        done = target.go()
        summary = stat.stop()
    assert not any("another tracer" in notice for notice in summary.get("notices", [])), summary["notices"]
    check_lossless(summary)
    check_untouched(target.pid, target.binary)
    assert done["after"] == 1


def cycles(truth, n):
    target = truth("-scenario", "sleepers", "-for", f"{n}s", "-k", "4")
    target.send("go")
    for i in range(n):
        harness.stat_now(target.pid, duration="50ms")
    check_untouched(target.pid, target.binary)
    target.send("count")
    assert target.answer("done", seconds=n + 60)["after"] == 1
    fds = len(os.listdir(f"/proc/{target.pid}/fd"))
    assert fds < 20, f"{fds} open files in the target"


def test_attach_cycles(truth):
    cycles(truth, 5)


@pytest.mark.slow
def test_100_attach_cycles(truth):
    cycles(truth, 100)


@pytest.mark.parametrize("leaves", ["second", "first", "first-killed"])
def test_two_tracers_on_one_target(truth, leaves):
    target = truth("-n", "1")
    with Stat(target.pid, "--budget", "none") as first, Stat(target.pid, "--budget", "none") as second:
        first.armed()
        second.armed()
        shared = run("check", "-p", target.pid)
        assert shared.returncode == DONE and "already carries a breakpoint of another tracer" in shared.stdout, shared
        earlier, later = (second, first) if leaves == "second" else (first, second)
        if leaves == "first-killed":
            earlier.kill()
        done = target.go()
        if leaves != "first-killed":
            summary = earlier.stop()
            check_lossless(summary)
            check_counts(summary, done)
        assert harness.modified_text(target.pid, target.binary), "the other one's probes are gone, too"
        summary = later.stop()
        check_lossless(summary)
        check_counts(summary, done)
    check_untouched(target.pid, target.binary)


# ---------------------------------------------------------------- targets that end

@pytest.mark.parametrize("how", ["quit", "kill"])
def test_the_target_exits(truth, how):
    target = truth("-scenario", "spawn")
    with Stat(target.pid, "-d", "60s", "--budget", "none") as stat:
        stat.armed()
        done = target.go()
        if how == "quit":
            target.send("quit")
        else:
            target.popen.kill()
        target.wait()
        summary = stat.finish(20)
    assert "exit" in summary["ended_by"], summary["ended_by"]
    check_counts(summary, done)
    check_untouched(None, None)


def test_of_a_target_that_has_ended_nothing_is_said_to_be_so_now(truth):
    target = truth("-scenario", "mutex")
    stat = subprocess.Popen([harness.gorotrace(), "stat", "-p", str(target.pid), "-d", "60s", "--budget", "none"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        deadline = time.monotonic() + 30
        while not harness.modified_text(target.pid, target.binary):
            assert time.monotonic() < deadline, "no probes"
            time.sleep(0.05)
        target.go()
        target.popen.kill()
        target.wait()
        text = stat.communicate(timeout=harness.PATIENCE)[0]
    finally:
        stat.kill()
        stat.wait()
    assert "goroutines: live at its end" in text and "; at the end " in " ".join(text.split()), text
    for now in ("; now ", "  now", "tells which", "counters say"):
        assert now not in text, text
    check_untouched(None, None)


def test_of_a_target_that_is_gone_a_wait_is_known_up_to_the_last_look_only(tmp_path):
    """Nobody naps for longer than 10 ms, and the end of the window finds nobody to look at."""
    napper = harness.Truth(harness.build(harness.PROGRAMS / "labelled", harness.NEWEST))
    try:
        with Stat(napper.pid, "-d", "60s", "--probes", "none") as stat:
            stat.armed()
            time.sleep(3)
            napper.popen.kill()
            napper.wait()
            summary = stat.finish(20)
    finally:
        napper.close()
    naps = [row for row in summary["blocking"] if row["reason"] == "sleep" and row["blocked_now"]]
    assert naps, summary["blocking"]
    for row in naps:
        assert row["oldest_ns"] < summary["window_ns"] / 2, row
    check_untouched(None, None)


def test_the_target_execs(truth):
    target = truth("-scenario", "spawn")
    with Stat(target.pid, "-d", "20s") as stat:
        stat.armed()
        done = target.go()
        target.ask("exec", "ready")
        summary = stat.finish(20)
    assert "exec" in summary["ended_by"], "the program is another one now, and nothing says so"
    check_counts(summary, done)
    # The same file, so the probes stay until the exec is noticed: not even its main goroutine may show.
    assert not [r for r in summary["creation"] if r["function"] == "runtime.main" and r["created"]], summary["creation"]
    assert target.go()["created"] == done["created"]
    check_untouched(target.pid, target.binary)


def test_the_target_is_killed_during_the_attach(truth):
    for delay in (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.3):
        target = truth()
        with Stat(target.pid, "-d", "10s") as stat:
            time.sleep(delay)
            target.popen.kill()
            target.wait()
            while stat.read(harness.PATIENCE) is not None:
                pass
            assert stat.wait() in (DONE, FAILED), stat.stderr
            assert stat.summaries or says_that_it_ended(stat.stderr), stat.stderr
        target.close()
    check_untouched(None, None)


def says_that_it_ended(message):
    return re.search(r"ended meanwhile|has exited|no process with PID|ended while|ended or was replaced", message)


@pytest.mark.parametrize("command", ["dump", "metrics", "check"])
def test_the_target_is_killed_while_it_is_read(truth, command):
    for delay in (0, 0.005, 0.01, 0.02, 0.05):
        target = truth()
        with harness.Process([gorotrace(), command, "-p", str(target.pid)], stdin=subprocess.DEVNULL) as reader:
            time.sleep(delay)
            target.popen.kill()
            target.wait()
            while reader.lines.next() is not None:
                pass
            assert reader.wait() == DONE or reader.wait() == FAILED and says_that_it_ended(reader.stderr), reader.stderr
        target.close()


def test_a_stopped_target(truth):
    target = truth("-scenario", "spawn,sleep")
    os.kill(target.pid, signal.SIGSTOP)
    with Stat(target.pid, "--budget", "none") as stat:
        stat.armed()
        os.kill(target.pid, signal.SIGCONT)
        done = target.go()
        os.kill(target.pid, signal.SIGSTOP)
        summary = stat.stop(20)
    check_lossless(summary)
    check_counts(summary, done)
    check_untouched(target.pid, target.binary)
    os.kill(target.pid, signal.SIGCONT)
    assert target.count() == 1


def test_a_target_that_is_stopped_during_the_attach(truth):
    for delay in (0.02, 0.06, 0.12, 0.2, 0.3):
        target = truth("-scenario", "spawn", "-n", "1")
        with Stat(target.pid, "--budget", "none") as stat:
            time.sleep(delay)
            os.kill(target.pid, signal.SIGSTOP)
            stat.armed()
            os.kill(target.pid, signal.SIGCONT)
            done = target.go()
            summary = stat.stop(20)
        check_lossless(summary)
        check_counts(summary, done)
        check_untouched(target.pid, target.binary)
        target.close()


def test_a_target_whose_runtime_has_not_begun():
    """Stopped at the first instruction of its exec, when there is no goroutine yet, and let go while we wait."""
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    traceme, detach = 0, 17
    binary = harness.build(harness.PROGRAMS / "demo")
    target = subprocess.Popen([binary, "-duration", "5m"], stdout=subprocess.DEVNULL,
                              preexec_fn=lambda: ptrace(traceme, 0, None, None))
    try:
        os.waitpid(target.pid, os.WUNTRACED)
        ptrace(detach, target.pid, None, signal.SIGSTOP)
        with Stat(target.pid, "-d", "300ms") as stat:
            time.sleep(0.3)
            os.kill(target.pid, signal.SIGCONT)
            summary = stat.finish()
        assert summary["goroutines"]["live"] > 0, summary["goroutines"]
    finally:
        target.kill()
        target.wait()


def test_the_child_of_a_fork_is_as_it_was(truth):
    """Made by C in the middle of the trace, it has the breakpoints in its text; they go with those of its parent. It is no
    target of ours: nothing that it does counts."""
    target = truth("-scenario", "spawn", variant="cgo")
    with Stat(target.pid, "--budget", "none") as stat:
        stat.armed()
        child = target.ask("fork", "fork")["child"]
        try:
            assert harness.modified_text(child, target.binary), "no breakpoint came along: the test tests nothing"
            done = target.go()
            summary = stat.stop()
            check_counts(summary, done)
            check_untouched(target.pid, target.binary)
            check_untouched(child, target.binary)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_target_that_starts_programs(truth):
    """os/exec clones with CLONE_VFORK and execs, with the probes in its text; parent and child go on."""
    binary = harness.build(harness.PROGRAMS / "demo")
    with harness.Process([binary, "-duration", "2s"]) as demo, Stat(demo.pid, "-d", "30s") as stat:
        summary = stat.finish(40)
        assert demo.wait() == 0, demo.stderr
    assert summary["ended_by"], summary
    check_untouched(None, None)


# ---------------------------------------------------------------- targets in other places

@pytest.mark.parametrize("root", ["shared", "of-its-own"])
def test_another_pid_and_mount_namespace(truth, tmp_path, root):
    """As in a container; with a root of its own the program is the only file there: no shell, no /proc."""
    binary = harness.build(harness.PROGRAMS / "truth")
    hidden = tmp_path / "only-there"
    hidden.mkdir()
    start = f"{hidden}/truth" if root == "shared" else f"chroot {hidden} /truth"
    script = f"mount -t tmpfs none {hidden} && cp {binary} {hidden}/truth && exec {start} -scenario spawn,recv"
    with harness.Truth("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script) as target:
        assert target.ready["pid"] == 1
        assert not (hidden / "truth").exists(), "visible from here: the test tests nothing"
        children = pathlib.Path(f"/proc/{target.pid}/task/{target.pid}/children").read_text().split()
        host_pid = int(children[0])
        if root == "of-its-own":
            assert os.listdir(f"/proc/{host_pid}/root") == ["truth"]
        with Stat(host_pid, "--budget", "none") as stat:
            stat.armed()
            done = target.go()
            summary = stat.stop()
        check_lossless(summary)
        check_counts(summary, done)
        assert (summary["target"]["pid"], summary["target"]["host_pid"]) == (1, host_pid)
        target.send("quit")
    check_untouched(None, None)


def test_a_process_by_its_unique_name(tmp_path):
    name = f"truth-{os.getpid()}"
    shutil.copy(harness.build(harness.PROGRAMS / "truth"), tmp_path / name)
    with harness.Truth(tmp_path / name) as target:
        done = run("check", "-p", name, "--json")
        assert done.returncode == DONE and json.loads(done.stdout)["target"]["host_pid"] == target.pid, done
        with harness.Truth(tmp_path / name) as other:
            refused(run("check", "-p", name), USAGE, "names 2 processes", str(target.pid), str(other.pid))
            for several in (["-p", f"{target.pid},{other.pid}"], [name, "--all"]):
                done = run("stat", *several, "--probes", "none", "-d", "0.5", "--json")
                assert done.returncode == DONE, done.stderr
                pids = {json.loads(line)["target"]["host_pid"] for line in done.stdout.splitlines()}
                assert pids == {target.pid, other.pid}
    refused(run("check", "-p", name), FAILED, "gorotrace ps")


def test_a_process_by_its_containers_id(truth, tmp_path):
    """A cgroup is what makes a container one here; its name as docker under systemd gives it."""
    target, container = truth(), "".join(f"{ord(c):02x}" for c in f"{os.getpid():032d}")
    subprocess.run(["mount", "-t", "cgroup2", "none", tmp_path], check=True)
    try:
        before = next(line[4:] for line in pathlib.Path(f"/proc/{target.pid}/cgroup").read_text().splitlines() if line.startswith("0::/"))
        group = tmp_path / f"docker-{container}.scope"
        group.mkdir()
        (group / "cgroup.procs").write_text(str(target.pid))
        try:
            done = run("stat", "-p", container[:60], "-d", "300ms", "--json")
            assert json.loads(done.stdout.splitlines()[-1])["target"]["host_pid"] == target.pid, done
            row, = [r for r in map(json.loads, run("ps", "--json").stdout.splitlines()) if r["pid"] == target.pid]
            assert row["container"] == container[:12], row
        finally:
            (tmp_path / before / "cgroup.procs").write_text(str(target.pid))
            group.rmdir()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_deleted_binary(tmp_path):
    copy = tmp_path / "gone"
    kept = harness.build(harness.PROGRAMS / "truth")
    shutil.copy(kept, copy)
    with harness.Truth(copy, "-scenario", "spawn,recv") as target:
        copy.unlink()
        with Stat(target.pid, "--budget", "none") as stat:
            stat.armed()
            done = target.go()
            summary = stat.stop()
        check_lossless(summary)
        check_counts(summary, done)
        check_untouched(target.pid, kept)


# ---------------------------------------------------------------- wrong targets and wrong words

def test_no_such_process():
    for command in (["stat", "-d", "1s"], ["dump"], ["metrics"], ["check"]):
        done = run(*command, "-p", "4194303")
        refused(done, FAILED, "gorotrace: no process with PID 4194303")
        assert "--all" not in done.stderr, done.stderr


@pytest.mark.parametrize("pid", ["0", "-1", "4294967297", " 1"])
@pytest.mark.parametrize("command", [["stat", "-d", "1s"], ["dump"], ["metrics"], ["check"]])
def test_a_number_that_is_no_pid(pid, command):
    done = run(*command, "-p", pid)
    refused(done, USAGE, f"gorotrace: '{pid}' is not a PID, and no process or container has that name")
    assert "--all" not in done.stderr, done.stderr


def test_too_few_file_descriptors(truth):
    """Is no fault of the process or of the kernel, wherever the last one goes: in libbpf's questions to the kernel, too."""
    target = truth()
    for files in [4, *range(8, 16), 32]:
        done = subprocess.run(["prlimit", f"--nofile={files}", gorotrace(), "stat", "-p", str(target.pid), "-d", "300ms"],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode == FAILED and "ulimit -n" in done.stderr, (files, done)
        assert "no process" not in done.stderr and "kernel" not in done.stderr, (files, done.stderr)
    check_untouched(target.pid, target.binary)


def test_a_soft_limit_of_file_descriptors_is_raised(truth):
    done = subprocess.run(["prlimit", "--nofile=8:1024", gorotrace(), "stat", "-p", str(truth().pid), "-d", "300ms"],
                          capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == DONE, done.stderr


def test_not_a_go_program():
    with harness.Process(["sleep", "60"]) as target:
        time.sleep(0.1)
        refused(run("stat", "-p", target.pid, "-d", "1s"), UNSUPPORTED, "go")


def test_a_kernel_thread():
    done = run("stat", "-p", "2", "-d", "1s")
    assert done.returncode in (FAILED, UNSUPPORTED) and done.stderr.strip(), (done.returncode, done.stderr)


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture
def everyones():
    """A folder with the tracer in it that every user may read."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        shutil.copy(gorotrace(), folder / "gorotrace")
        yield folder


def as_nobody(everyones, *arguments):
    return subprocess.run([*NOBODY, everyones / "gorotrace", *map(str, arguments)], capture_output=True, text=True,
                          timeout=harness.PATIENCE, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("command", ["stat", "dump", "metrics", "check"])
def test_another_users_process(truth, everyones, command):
    refused(as_nobody(everyones, command, "-p", truth().pid), FAILED, "not allowed", "CAP_SYS_PTRACE")


def test_a_user_without_rights_sees_his_own_processes(truth, everyones):
    shutil.copy(harness.build(harness.PROGRAMS / "truth"), everyones / "truth")
    truth()  # root's
    with harness.Truth(everyones / "truth", prefix=NOBODY) as own:
        refused(as_nobody(everyones, "stat", "-p", own.pid, "-d", "1s"), FAILED, "CAP_BPF", "stat --probes none")
        refused(as_nobody(everyones, "dump", "-p", own.pid, "--observe", "1s", "--probes", "block"), FAILED, "CAP_BPF",
                "stat --probes none")
        for arguments in (["stat", "--probes", "none", "-d", "300ms"], ["dump"], ["metrics"]):
            done = as_nobody(everyones, *arguments, "-p", own.pid)
            assert done.returncode == DONE, (arguments, done.stderr)
        check = as_nobody(everyones, "check", "-p", own.pid)
        assert check.returncode == FAILED and "not possible" in check.stdout, check
        listed = as_nobody(everyones, "ps")
        assert listed.returncode == DONE and re.search(rf"^ *{own.pid} ", listed.stdout, re.M), listed
        assert "may not be read" in listed.stderr, listed.stderr


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("probes,capabilities", [("lifecycle,block,run", ["bpf", "perfmon"]), ("none", [])])
def test_the_capabilities_that_suffice(everyones, own, probes, capabilities):
    """As README.md says; with one less of them it is refused."""
    if not own:
        capabilities = [*capabilities, "sys_ptrace", "dac_read_search"]
    shutil.copy(harness.build(harness.PROGRAMS / "truth"), everyones / "truth")
    (everyones / "truth").chmod(0o755 if own else 0o700)

    def stat(pid, names):
        added = ["--inh-caps=" + ",".join(f"+{n}" for n in names), "--ambient-caps=" + ",".join(f"+{n}" for n in names)]
        return subprocess.run([*NOBODY, *(added if names else []), everyones / "gorotrace", "stat", "-p", str(pid), "-d", "300ms",
                               "--probes", probes], capture_output=True, text=True, timeout=harness.PATIENCE)

    with harness.Truth(everyones / "truth", prefix=NOBODY if own else []) as target:
        done = stat(target.pid, capabilities)
        assert done.returncode == DONE and "goroutine-seconds" in done.stdout, done
        for missing in capabilities:
            refused(stat(target.pid, [c for c in capabilities if c != missing]), FAILED, "CAP_" + missing.upper())


def test_a_kernel_without_type_information(truth):
    target = truth()

    def run_there(*arguments):
        hide = 'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"'
        return subprocess.run(["unshare", "--mount", "sh", "-c", hide, gorotrace(), *map(str, arguments)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)

    refused(run_there("stat", "-p", target.pid, "-d", "1s"), FAILED, "CONFIG_DEBUG_INFO_BTF", "stat --probes none")
    check = run_there("check", "-p", target.pid)
    assert check.returncode == FAILED and "BTF no" in check.stdout and "not possible" in check.stdout, check
    for arguments in (["stat", "--probes", "none", "-d", "300ms"], ["dump"], ["metrics"]):
        done = run_there(*arguments, "-p", target.pid)
        assert done.returncode == DONE, (arguments, done.stderr)


def test_a_thread_is_no_process(truth):
    target = truth()
    thread = next(int(t) for t in os.listdir(f"/proc/{target.pid}/task") if int(t) != target.pid)
    refused(run("dump", "-p", thread), USAGE, "thread", str(target.pid))


@pytest.mark.parametrize("arguments", [["stat", "-d", "300ms"], ["dump"], ["metrics"], ["check"], ["ps"]])
def test_output_that_cannot_be_written(truth, arguments):
    target = [] if arguments == ["ps"] else ["-p", str(truth().pid)]
    with open("/dev/full", "w") as full:
        done = subprocess.run([gorotrace(), *arguments, *target], stdout=full, stderr=subprocess.PIPE, text=True, timeout=harness.PATIENCE)
    assert done.returncode == FAILED and "No space left on device" in done.stderr, (done.returncode, done.stderr)


@pytest.mark.parametrize("arguments", [["stat", "-d", "300ms"], ["stat", "-d", "300ms", "--probes", "none"], ["dump"], ["ps"]])
def test_a_closed_stdout(truth, arguments):
    """No file that is opened meanwhile gets its number, and the report with it."""
    target = [] if arguments == ["ps"] else ["-p", str(truth().pid)]
    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', gorotrace(), *arguments, *target], stderr=subprocess.PIPE,
                          text=True, timeout=harness.PATIENCE)
    assert done.returncode == FAILED and "cannot write to stdout: Bad file descriptor" in done.stderr, done


@pytest.mark.parametrize("arguments", [["stat", "-d", "300ms"], ["stat", "-d", "300ms", "--probes", "none"], ["dump"],
                                       ["dump", "--format", "pprof"], ["dump", "--observe", "1s"], ["check"], ["metrics"], ["ps"]])
@pytest.mark.parametrize("closed", [False, True])
def test_an_stderr_that_takes_nothing(truth, arguments, closed):
    """What is said there is lost, and nothing else."""
    target = [] if arguments == ["ps"] else ["-p", str(truth().pid)]
    redirect = "2>&-" if closed else "2>/dev/full"
    done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirect}', gorotrace(), *arguments, *target],
                          stdout=subprocess.PIPE, timeout=harness.PATIENCE)
    assert done.returncode == DONE and done.stdout, done
    done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirect}', gorotrace(), *arguments, "-p", "no-such-process"],
                          stdout=subprocess.PIPE, timeout=harness.PATIENCE)
    assert done.returncode in (FAILED, USAGE), done


@pytest.mark.parametrize("arguments", [["stat", "-d", "1s"], ["stat", "-d", "1s", "--probes", "none"], ["dump"]])
def test_no_memory_is_an_error_and_no_crash(arguments):
    """At whatever moment it ends: a line, exit code 1, and a target that is as it was."""
    program, told = harness.build(harness.PROGRAMS / "idle"), 0
    with harness.Process([program, "-n", "20000"]) as target:
        assert target.lines.next() == "ready"
        for megabytes in (24, 32, 48, 64, 96, 128, 192, 256, 512):
            done = subprocess.run(["prlimit", f"--as={megabytes << 20}", gorotrace(), *arguments, "-p", str(target.pid)],
                                  capture_output=True, text=True, timeout=harness.PATIENCE)
            # 127: not even the libraries found a place.
            assert done.returncode in (DONE, FAILED, 127), (megabytes, done.returncode, done.stderr[-500:])
            if done.returncode == FAILED:
                assert "gorotrace: " in done.stderr, (megabytes, done.stderr)
                told += "memory" in done.stderr.lower()
            check_untouched(target.pid, program)
        assert told > 0, "the test tests nothing"


def test_a_thread_that_cannot_be_started_is_named():
    """Its stack of 8 MB finds no place: the least memory in which the command works, and a bit less."""
    command = [gorotrace(), "stat", "-p", str(os.getpid()), "-d", "300ms"]
    said = [subprocess.run(["prlimit", f"--as={megabytes << 20}", *command], capture_output=True, text=True, timeout=harness.PATIENCE)
            for megabytes in range(12, 72, 2)]
    of_threads = [done for done in said if "a thread could not be started" in done.stderr]
    assert of_threads and all(done.returncode == FAILED and "ulimit -v, ulimit -u" in done.stderr for done in of_threads), \
        [done.stderr for done in said]
    assert not any("internal error" in done.stderr for done in said), [done.stderr for done in said]


def test_a_32_bit_program(tmp_path):
    code = bytes.fromhex("b81d000000" "cd80" "ebf7")  # mov $29 (pause), %eax; int $0x80; again
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 0x1000)
    (tmp_path / "pause").write_bytes(header + segment + code)
    (tmp_path / "pause").chmod(0o755)
    try:
        target = harness.Process([tmp_path / "pause"])
    except OSError as e:
        pytest.skip(f"this kernel runs no 32-bit programs: {e}")
    with target:
        time.sleep(0.1)
        assert target.popen.poll() is None, "the 32-bit program does not run"
        refused(run("stat", "-p", target.pid, "-d", "1s"), UNSUPPORTED, "32")


def test_a_version_out_of_reach(tmp_path):
    """The version string inside a real binary replaced by one of equal length: as an old Go says it. Of one to come:
    test_newer_go.py."""
    data = harness.build(harness.PROGRAMS / "truth", "1.26.11").read_bytes()
    assert data.count(b"go1.26.11") >= 1
    copy = tmp_path / "truth"
    copy.write_bytes(data.replace(b"go1.26.11", b"go1.17.13"))
    copy.chmod(0o755)
    with harness.Truth(copy) as target:
        refused(run("stat", "-p", target.pid, "-d", "1s"), UNSUPPORTED, "1.17")


@pytest.mark.parametrize("variant", ["symbols", "stripped"])
def test_offsets_that_only_the_live_process_contradicts(tmp_path, variant):
    """A modified runtime under a release's name, played by Go 1.25 saying 1.26: what the code check derives is the same in
    both, g.startpc and g.gopc are not. Its DWARF is believed then; without it the process is refused."""
    data = harness.build(harness.PROGRAMS / "truth", "1.25.12", variant).read_bytes()
    copy = tmp_path / "truth"
    copy.write_bytes(data.replace(b"go1.25.12", b"go1.26.11"))
    copy.chmod(0o755)
    with harness.Truth(copy) as target:
        if variant == "stripped":
            refused(run("stat", "-p", target.pid, "-d", "1s"), UNSUPPORTED, "the offset of runtime.g.", "live process")
            return
        done = run("check", "-p", target.pid)
        assert done.returncode == DONE, done.stderr
        assert "offsets from DWARF" in done.stdout, done.stdout


@pytest.mark.parametrize("arguments", [
    [], ["stat"], ["stat", "-p"], ["stat", "-p", "self", "-d", "soon"], ["frobnicate"],
    ["stat", "-p", "1", "--probes", "lifecycle,nonsense"], ["stat", "-p", "1", "--budget", "a lot"],
    ["stat", "-p", "1", "--ring-size", "5000"], ["stat", "-p", "1", "-d", "-1s"], ["stat", "-p", "1", "-d", "0s"],
    ["stat", "-p", "1", "-i", "1ms"], ["stat", "-p", "1", "--sample-cpu", "0%"], ["stat", "-p", "1", "--limit", "-1"],
    ["stat", "-p", ""], ["dump", "-p", "1", "--limit", "x"], ["dump"], ["metrics"], ["check", "-p", ""],
    ["check", "--nonsense"], ["ps", "--extra"], ["ps", "--where", "go"], ["ps", "--sort", "size"],
    ["stat", "-p", "1", "--by", "frame"], ["stat", "-p", "1", "--sort", "size"], ["--color", "red", "ps"],
    ["dump", "-p", "1", "--format", "xml"], ["metrics", "-p", "1", "-d", "1s"], ["metrics", "-p", "1", "-i", "soon"], ["--nonsense"],
    *([*command, "-p", "1", *empty] for command, options in (
        (["stat"], ["-d", "-i", "--probes", "--budget", "--where", "--created-by", "--by", "--sort", "--waits", "--ring-size"]),
        (["dump"], ["--observe", "--watch", "--min-wait", "--format", "-o", "--where", "--created-by"]),
        (["metrics"], ["-d", "-i"])) for option in options for empty in ([option, ""], [option + "="])),
    ["stat", "-d=", "-p", "1"], ["stat", "--duration=", "-p", "1"], ["stat", "-d", "-p", "1"], ["ps", "--color="],
    ["ps", ""], ["ps", "--sort", ""], ["help", ""], ["dump", "1", "2"], ["dump", "1", "--limit", "1", "--limit", "2"],
    ["dump", "-p", "1", "--waiters", "--json"]])
def test_usage(arguments):
    """Says what is wrong in a line, and which of the words it is."""
    done = run(*arguments)
    assert done.returncode == USAGE, f"exit code {done.returncode}:\n{done.stdout}{done.stderr}"
    assert done.stderr.startswith("gorotrace: ") and not done.stdout, done
    assert len(done.stderr.splitlines()[0]) < 200, done.stderr
    wrong = [a.rstrip("=") for a in arguments if a.startswith("--") or a in ("frobnicate", "extra")]
    assert all(a in done.stderr for a in wrong), done.stderr


def test_help_shows_an_example():
    for command in ([], ["stat"], ["dump"], ["metrics"], ["check"], ["ps"]):
        done = run(*command, "--help")
        assert done.returncode == DONE
        assert "gorotrace" in done.stdout and len(done.stdout.splitlines()) > 5, done.stdout
        assert not command or "Example: " in done.stdout and "Exit codes: 0 done, 1 " in done.stdout, done.stdout


def test_help_may_be_typed_as_a_command():
    assert run("help").stdout == run("--help").stdout
    assert run("help", "stat").stdout == run("stat", "--help").stdout
    refused(run("help", "frobnicate"), USAGE, "frobnicate")


def test_the_version_says_what_it_was_built_from():
    done = run("--version")
    assert done.returncode == DONE
    assert re.match(r"gorotrace \d+\.\d+\.\d+ \(commit [0-9a-f]{7,}(-dirty)?, libbpf \d+\.\d+\)\n", done.stdout), done.stdout
    oldest, newest = (".".join(v.split(".")[:2]) for v in (harness.VERSIONS[0], harness.VERSIONS[-1]))
    assert f"Go {oldest} to {newest}" in done.stdout and "Linux 5.10" in done.stdout, done.stdout


def test_a_process_may_be_named_without_its_option(truth):
    target = truth()
    assert run("check", target.pid).returncode == DONE
    assert run("dump", target.pid, "--limit", 1).returncode == DONE
    assert run("metrics", target.pid).returncode == DONE
    assert run("stat", target.pid, "--probes", "none", "-d", "0.3").returncode == DONE


def test_text_output_fits_its_width(truth):
    target = truth("-scenario", "sleepers", "-for", "2s")
    target.send("go")
    done = run("stat", "-p", target.pid, "-d", "1s", "-i", "500ms")
    assert done.returncode == DONE, done.stderr
    assert "sleep" in done.stdout and "main.sleeper" in done.stdout, done.stdout
    assert "\x1b" not in done.stdout, "escapes in what is no terminal"


# ---------------------------------------------------------------- check and ps

def test_check_plans_probes_for_a_process(truth):
    target = truth()
    done = run("check", "-p", target.pid)
    assert done.returncode == DONE, done.stderr
    for word in ("runtime.park_m", "runtime.execute", "runtime.goexit0", f"go{harness.NEWEST}"):
        assert word in done.stdout, f"no {word} in:\n{done.stdout}"


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_check_fits_the_terminal(truth, columns):
    done = subprocess.run(["script", "-qec", f"stty cols {columns}; exec {gorotrace()} check -p {truth().pid}", "/dev/null"],
                          capture_output=True, text=True, timeout=harness.PATIENCE, stdin=subprocess.DEVNULL)
    table = done.stdout[done.stdout.index("HOOK"):].splitlines()
    assert len(table) > 10 and all(len(line) <= columns for line in table), done.stdout
    assert len({len(line) for line in table if "emulated" in line}) == 1, done.stdout


def test_verbose_may_stand_behind_the_command(truth):
    pid = truth().pid
    for arguments in (["-v", "stat", "-p", pid], ["stat", "-p", pid, "-v"]):
        done = run(*arguments, "-d", "300ms")
        assert done.returncode == DONE and "attach mode" in done.stderr, done
        assert all(line.startswith("gorotrace: ") for line in done.stderr.splitlines()), done.stderr


def test_ps_lists_the_process(truth):
    target = truth()
    done = run("ps", "--json")
    assert done.returncode == DONE, done.stderr
    rows = json.loads(done.stdout) if done.stdout.lstrip().startswith("[") else list(map(json.loads, done.stdout.splitlines()))
    assert str(target.pid) in json.dumps(rows), rows
    assert f"go{harness.NEWEST}" in json.dumps(rows), rows
