"""gorotrace monitor: Go runtimes in shared libraries of Python and Go programs, whenever they are loaded."""

import json
import re
import sys
import time

import pytest

import harness
from harness import NEWEST
from test_agent_discovery import comes, idle, monitor, samples  # noqa: F401 (a fixture)
from test_runtimes import hosted, waiting  # noqa: F401 (fixtures)

LIVE = 12  # goroutines of headless: nine that wait, two that play, and the main one of its runtime

# Loads each library whose path comes, and calls its Start.
LATE = """
import ctypes, sys
print("ready", flush=True)
for line in sys.stdin:
    ctypes.CDLL(line.strip()).Start()
    print("loaded", flush=True)
"""


class Late(harness.Process):
    def __init__(self):
        super().__init__([sys.executable, "-c", LATE])
        assert self.lines.next() == "ready"

    def load(self, library):
        self.popen.stdin.write(f"{library}\n".encode())
        self.popen.stdin.flush()
        assert self.lines.next() == "loaded", self.stderr


def runtimes(monitor, pid):
    return [t for t in monitor.targets() if t["host_pid"] == pid]


def watched(monitor, pid, count=1, seconds=40):
    """Its runtimes by their files, once there are so many and all are watched."""
    end = time.monotonic() + seconds
    while True:
        found = runtimes(monitor, pid)
        if len(found) == count and all(t["state"] == "watched" for t in found):
            return {t["runtime_file"]: t for t in found}
        assert time.monotonic() < end, f"{found}\n{monitor.stderr}"
        time.sleep(0.1)


def figures(monitor, target):
    answer = monitor.answered(f"/targets/{target['id']}/metrics")
    assert answer.status == 200, answer.text
    return samples(answer.text)


def has(monitor, target, function):
    answer = monitor.answered(f"/targets/{target['id']}/debug/pprof/goroutine?debug=2")
    assert answer.status == 200, answer.text
    return f"{function}(" in answer.text


def entries(monitor):
    """What service discovery says, by the paths of the figures."""
    return {e["labels"]["__metrics_path__"]: e["labels"] for e in json.loads(monitor.ask("/sd").body)}


def test_a_library_that_was_loaded_at_the_start(monitor, hosted):  # noqa: F811
    """All that is served of a target is served of the library's runtime, with its own figures."""
    process = hosted("Python", "truth", "-n 2")
    hold = process.hold()
    target, = watched(monitor, process.pid).values()
    assert re.fullmatch(rf"{process.pid}-{target['start_time_ticks']}-[0-9a-f]+", target["id"]), target
    assert (target["runtime_file"], target["go_version"]) == (str(process.library), f"go{NEWEST}"), target
    assert target["exe"] != target["runtime_file"] and target["main_module"], target
    assert figures(monitor, target)["go_goroutines"] == hold["goroutines"] == process.count()
    figure = f'gorotrace_goroutines{{target="{target["id"]}"}}'
    comes("the node's figures of it", lambda: samples(monitor.ask("/metrics").text).get(figure) == hold["goroutines"])
    answer = monitor.answered(f"/targets/{target['id']}/stat")
    assert answer.status == 200, answer.text
    stat = json.loads(answer.body)
    assert stat["target"]["runtime_file"] == str(process.library) != stat["target"]["exe"]
    assert stat["goroutines"]["live"] == hold["goroutines"], stat["goroutines"]
    labels = entries(monitor)[f"/targets/{target['id']}/metrics"]
    assert labels["service_name"] == process.library.name and f":{process.pid}-" in labels["instance"], labels
    assert has(monitor, target, "main.RunProgram")
    trace = monitor.ask(f"/targets/{target['id']}/debug/pprof/trace?seconds=1")
    assert trace.status == 200 and trace.body.startswith(b"go 1."), trace.text[:300]


def test_a_library_that_is_loaded_into_what_was_not_go(monitor, waiting):  # noqa: F811
    with Late() as process, idle(n=3) as beside:
        monitor.target(beside.pid)  # whose program was executed later
        assert not runtimes(monitor, process.pid)
        process.load(waiting())
        target = watched(monitor, process.pid)[str(waiting())]
        assert figures(monitor, target)["go_goroutines"] == LIVE
        assert has(monitor, target, "main.inLibrary")
        process.load(waiting("1.24.13"))  # a second one: the first stays what it is
        both = watched(monitor, process.pid, 2)
        first, second = both[str(waiting())], both[str(waiting("1.24.13"))]
        assert (first["id"], first["since_ns"]) == (target["id"], target["since_ns"])
        assert first["readings"] >= target["readings"] and first["id"] != second["id"]
        assert (first["go_version"], second["go_version"]) == (f"go{NEWEST}", "go1.24.13")
        assert figures(monitor, second)['go_info{version="go1.24.13"}'] == 1
        instances = [labels["instance"] for labels in entries(monitor).values()]
        assert len(instances) == len(set(instances)), instances
    comes("they are gone", lambda: not runtimes(monitor, process.pid))


def test_a_go_program_with_a_go_library_is_two_targets(monitor, hosted, waiting):  # noqa: F811
    process = hosted("Go", "", others=[waiting()])
    both = watched(monitor, process.pid, 2)
    library = both.pop(str(waiting()))
    program, = both.values()
    assert program["id"] == f"{process.pid}-{program['start_time_ticks']}" and program["runtime_file"] == program["exe"]
    assert library["id"].startswith(program["id"] + "-") and library["exe"] == program["exe"], library
    comes("all goroutines have been started", lambda: figures(monitor, library)["go_goroutines"] == LIVE)
    assert figures(monitor, program)["go_goroutines"] == 6
    assert has(monitor, program, "main.inHost") and not has(monitor, program, "main.inLibrary")
    assert has(monitor, library, "main.inLibrary") and not has(monitor, library, "main.inHost")
    for target, live in ((program, 6), (library, LIVE)):
        stat = json.loads(monitor.answered(f"/targets/{target['id']}/stat").body)
        assert stat["goroutines"]["live"] == live, stat["goroutines"]
        assert stat["target"]["runtime_file"] == target["runtime_file"]


def test_another_program_in_place_of_the_one_with_the_library(monitor, waiting):  # noqa: F811
    """Nothing of the library stays when its process executes a Go program."""
    program = harness.build(harness.PROGRAMS / "idle")
    text = ("import ctypes, os, sys; ctypes.CDLL(sys.argv[1]).Start(); print('loaded', flush=True)\n"
            "sys.stdin.readline(); os.execv(sys.argv[2], [sys.argv[2], '-n', '2'])")
    with harness.Process([sys.executable, "-c", text, waiting(), program]) as process:
        assert process.lines.next() == "loaded"
        library, = watched(monitor, process.pid).values()
        process.popen.stdin.write(b"\n")
        process.popen.stdin.flush()
        assert process.lines.next() == "ready"
        comes("the program is known", lambda: [t["runtime_file"] for t in runtimes(monitor, process.pid)] == [str(program)])
        target, = watched(monitor, process.pid).values()
        assert library["id"].startswith(target["id"] + "-")
        assert monitor.ask(f"/targets/{library['id']}/metrics").status == 404
        assert figures(monitor, target)["go_goroutines"] == 3


@pytest.mark.slow
def test_a_library_that_is_loaded_late_is_found_by_a_scan(monitor, waiting):  # noqa: F811
    with Late() as process:
        time.sleep(35)  # young no more
        process.load(waiting())
        assert figures(monitor, watched(monitor, process.pid, seconds=75)[str(waiting())])["go_goroutines"] == LIVE
