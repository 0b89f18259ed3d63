"""A process whose main thread has exited while others live: a zombie for a leader, without memory and files."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

import harness
from harness import Stat, check_untouched
from test_dump import dump, dump_json

SOURCE = harness.PROGRAMS / "headless"


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """lib.go as a C archive in the program of host.c.txt."""
    build = tmp_path_factory.mktemp("headless")
    shutil.copy(SOURCE / "host.c.txt", build / "host.c")
    for command in ([harness.ROOT / "tools" / "toolchain", harness.NEWEST, "build", "-buildmode=c-archive",
                     "-o", build / "lib.a", "."],
                    ["gcc", "-o", build / "host", build / "host.c", build / "lib.a", "-lpthread"]):
        done = subprocess.run(command, cwd=SOURCE, env={**os.environ, "CGO_ENABLED": "1"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return build / "host"


@pytest.fixture
def process(host):
    with harness.Truth(host) as running:
        yield running


def end_main_thread(process):
    process.send("go")
    end = time.monotonic() + 10
    while True:
        state = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "Z":
            break
        assert time.monotonic() < end, state
        time.sleep(0.02)
    assert len(os.listdir(f"/proc/{process.pid}/task")) > 2, "the test tests nothing"


def run(*arguments, code=0):
    done = subprocess.run([harness.gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == code, done
    return done.stdout


def of_library(found):
    inside = {name for name, stack in found["stacks"].items()
              if any(f["function"] == "main.inLibrary" for f in stack["frames"])}
    return [g for g in found["goroutines"] if g["stack"] in inside]


def test_memory_is_read_through_another_thread(process):
    end_main_thread(process)
    found = dump_json("-p", process.pid)
    assert len(of_library(found)) == 9
    assert all(g["waits_on"][0]["kind"] == "channel" for g in of_library(found)), of_library(found)
    assert "inLibrary" in dump("-p", process.pid, "--group")
    run("metrics", "-p", process.pid)
    rows = [json.loads(line) for line in run("ps", "--json").splitlines()]
    row, = [r for r in rows if r["pid"] == process.pid]
    assert row["supported"] and row["goroutines"] >= 11, row


def test_probes_go_through_another_thread(process, host):
    end_main_thread(process)
    check = json.loads(run("check", "-p", process.pid, "--json"))
    assert check["target"]["sites"], check
    with Stat(process.pid, "-d", "2s", "--budget", "none") as stat:
        stat.armed()
        summary = stat.finish()
    assert summary["events"]["produced"] > 100 and summary["events"]["dropped"] == 0, summary["events"]
    assert summary["goroutines"]["live"] >= 11 and not summary["notices"], summary["notices"]
    check_untouched(None, host)


def test_a_main_thread_that_exits_in_the_window(process):
    """Whether the kernel lets other threads be hit then depends on its version: the probes go, sampling takes over."""
    with Stat(process.pid, "--budget", "none") as stat:
        stat.armed()
        end_main_thread(process)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            stat.read()
        summary = stat.stop()
    reasons = {d["reason"] for d in summary["cost"]["detached"]}
    assert len(reasons) == 1 and "thread" in reasons.pop(), summary["cost"]
    assert summary["sampling"]["samples"] > 0, summary["sampling"]
    waiting = sum(r["blocked_now"] for r in summary["blocking"] if any(f["function"] == "main.inLibrary" for f in r["stack"]))
    assert waiting == 9, summary["blocking"]


def test_its_end_is_its_end(process):
    end_main_thread(process)
    with Stat(process.pid, "--probes", "none") as stat:
        stat.armed()
        process.popen.kill()
        summary = stat.finish()
    assert "exited" in summary["ended_by"], summary["ended_by"]
