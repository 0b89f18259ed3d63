"""A signal that ends a process, with the goroutine that it interrupted and where that was. The runtime's own word is the
traceback that it prints as it dies; of SIGTERM, of which it prints none, what the program said of itself."""

import json
import re
import signal
import subprocess

import pytest

import harness
from harness import NEWEST, PROGRAMS, build, gorotrace

SIGNALS = PROGRAMS / "signals"
FAST = [harness.VERSIONS[0], "1.21.13", NEWEST]
VERSIONS = [*FAST, *(pytest.param(v, marks=pytest.mark.slow) for v in harness.VERSIONS if v not in FAST)]


def run(*arguments):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(path, program, *args):
    done = subprocess.run([gorotrace(), "record", "-o", str(path), "--budget", "none", "--", str(program), *map(str, args)],
                          capture_output=True, text=True, timeout=120)
    summary = json.loads(run("report", "--json", path))
    harness.check_schema(summary)
    harness.check_always(summary)
    return done, summary["process_end"]


def functions(end):
    return [frame["function"] for frame in end["stack"]]


def main_functions(end):
    return [f for f in functions(end) if f.startswith("main.")]


def traceback(stderr):
    """The goroutine of the runtime's traceback, and its main.* frames."""
    found = re.search(r"^goroutine (\d+)[^\n]*\]:\n((?:.+\n)*)", stderr, re.M)
    assert found, stderr
    return int(found[1]), re.findall(r"^(main\.[\w.()*]+?)\((?:[^()]|\([^()]*\))*\)$", found[2], re.M)


def said_goid(stdout):
    return int(re.search(r"^runs (\d+)$", stdout, re.M)[1])


def check_interrupted(end, done, number, before_1_21=False):
    goid, frames = traceback(done.stderr)
    assert end["by"] == "signal" and end["signal"] == number.name, (end, done.stderr)
    if goid == 0:  # it came between two turns of the goroutine
        assert end["interrupted"] == "no_goroutine" and end["goid"] is None, (end, done.stderr)
        return
    assert end["interrupted"] == "goroutine" and end["goid"] == goid == said_goid(done.stdout), (end, done.stderr)
    ours = main_functions(end)
    if before_1_21 and len(ours) < len(frames):  # a frame of which the pointer is not set yet hides its caller
        assert ours == frames[:1] + frames[2:], (end, done.stderr)
    else:
        assert ours == frames, (end, done.stderr)
    assert functions(end)[-1] == "runtime.goexit", end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how,number", [("leaf", signal.SIGQUIT), ("calls", signal.SIGABRT), ("clock", signal.SIGQUIT),
                                        ("kernel", signal.SIGTRAP)])
def test_where_the_goroutine_was(version, how, number, tmp_path):
    done, end = record(tmp_path / "f.gtr", build(SIGNALS, version, "stripped"), how, int(number))
    check_interrupted(end, done, number, before_1_21=int(version.split(".")[1]) < 21)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_signal_of_which_the_runtime_prints_nothing(version, tmp_path):
    done, end = record(tmp_path / "f.gtr", build(SIGNALS, version, "stripped"), "leaf", int(signal.SIGTERM))
    assert (end["by"], end["signal"] or "SIGTERM", end["interrupted"]) == ("signal", "SIGTERM", "goroutine"), end
    assert end["goid"] == said_goid(done.stdout), (end, done.stdout)
    assert main_functions(end)[:2] == ["main.leaf", "main.within"], end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how,number", [("c-fault", 0), ("c", signal.SIGQUIT)])
def test_in_c(version, how, number, tmp_path):
    done, end = record(tmp_path / "f.gtr", build(SIGNALS, version, "cgo"), how, int(number))
    if how == "c-fault" and "fatal error: unexpected signal" in done.stderr:  # up to Go 1.20 it has the goroutine throw
        assert (end["by"], end["text"]) == ("fatal_error", "unexpected signal during runtime execution"), end
        assert end["goid"] == said_goid(done.stdout), (end, done.stderr)
    else:
        check_interrupted(end, done, signal.Signals(number or signal.SIGSEGV))
    assert main_functions(end)[0].startswith("main._Cfunc_"), end


@pytest.mark.parametrize("version", VERSIONS)
def test_a_thread_that_ran_no_goroutine(version, tmp_path):
    path = tmp_path / "f.gtr"
    done, end = record(path, build(SIGNALS, version, "stripped"), "idle", int(signal.SIGQUIT))
    assert traceback(done.stderr)[0] == 0, done.stderr
    assert end["signal"] == "SIGQUIT" and end["interrupted"] == "no_goroutine", end
    assert end["goid"] is None and end["stack"] == [], end
    assert "ended: SIGQUIT, on a thread that ran no goroutine" in run("report", path).replace("\n  ", " ")


def test_all_that_is_made_of_it_shows_it(tmp_path, browser):
    path = tmp_path / "f.gtr"
    done, end = record(path, build(SIGNALS, NEWEST, "stripped"), "leaf", int(signal.SIGQUIT))
    goid = said_goid(done.stdout)
    text = run("report", path)
    assert f"ended: SIGQUIT, which interrupted goroutine {goid}" in text.replace("\n  ", " "), text
    assert "main.leaf" in text[:text.index("GOROUTINES")] if "GOROUTINES" in text else "main.leaf" in text, text
    assert re.search(rf" signal {goid} interrupted signal 0x3 stack ", run("cat", path))
    event, = [e for e in map(json.loads, run("export", "--to", "json", path).splitlines())
              if e["type"] == "event" and e["event"] == "signal"]
    assert event["goid"] == goid and event["signal"] == 3 and event["interrupts"] and "object" not in event, event
    run("export", "--to", "perfetto", path, "-o", tmp_path / "f.pftrace")
    assert b"dies of SIGQUIT" in (tmp_path / "f.pftrace").read_bytes()
    run("report", "--html", path, "-o", tmp_path / "f.html")
    browser.resize(1280)
    browser.open(tmp_path / "f.html")
    assert "SIGQUIT" in browser.text("#panics h3") and f"interrupted goroutine {goid}" in browser.text("#panics h3")
    assert "main.leaf" in browser.text("#panics")
    assert browser.console == []
