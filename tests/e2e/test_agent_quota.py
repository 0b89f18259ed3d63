"""gorotrace monitor: processes of one user that hold up whoever looks at them hold up the looks at nobody else's."""

import concurrent.futures
import contextlib
import json
import os
import shutil
import tempfile
import time

import pytest

import harness
from test_agent_discovery import comes, samples
from test_monitor import Monitor, Parked

HOSTILE = 20  # more than one user may hold up, 16


@contextlib.contextmanager
def hostile():
    """Programs whose goroutines cannot all be looked at: a page among them never comes."""
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(Parked()) for _ in range(HOSTILE)]
        for program in programs:
            program.hide_a_goroutine()
        yield programs


@contextlib.contextmanager
def another_users(n):
    """A program of somebody else, who may not read the cache of the tests."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(harness.build(harness.PROGRAMS / "idle"), folder)
        with harness.Process([binary, "-n", str(n)], user=65534, group=65534, extra_groups=[], cwd="/") as program:
            assert program.lines.next() == "ready"
            yield program


def held_up(monitor):
    return samples(monitor.ask("/metrics").text)['gorotrace_agent_targets{state="held_up"}']


@pytest.mark.parametrize("recovers", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_inspections_of_another_users_programs_go_on(recovers):
    with hostile() as programs, Monitor() as monitor:
        comes("they hold up whoever looks at them", lambda: held_up(monitor) == HOSTILE)
        with another_users(n=7) as program:
            begin = time.monotonic()
            target = monitor.target(program.pid, seconds=10)
            assert time.monotonic() - begin < 5
            answer = monitor.answered(f"/targets/{target['id']}/metrics")
            assert "go_goroutines 8\n" in answer.text
            assert json.loads(monitor.answered(f"/targets/{target['id']}/stat").body)["goroutines"]["live"] == 8
        mine = harness.Process([harness.build(harness.PROGRAMS / "idle"), "-n", "1"])
        with mine:
            assert mine.lines.next() == "ready"
            if recovers:
                for program in programs:
                    program.popen.kill()
                monitor.target(mine.pid, seconds=75)
        monitor.end()


@pytest.mark.slow
def test_sampling_of_another_users_programs_goes_on():
    """Those that hold up whoever looks at them once they are sampled."""
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(Parked()) for _ in range(10)]
        monitor = stack.enter_context(Monitor())
        paths = [f"/targets/{monitor.target(p.pid)['id']}/stat" for p in programs]
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            assert {answer.status for answer in pool.map(monitor.answered, paths)} == {200}
        for program in programs:  # of which each has a turn, and keeps it for 60 s
            program.hide_a_goroutine()
        with another_users(n=7) as program:
            path = f"/targets/{monitor.target(program.pid, seconds=20)['id']}/stat"
            assert json.loads(monitor.answered(path, seconds=20).body)["goroutines"]["live"] == 8
        for program in programs:
            program.popen.kill()
        monitor.end()
