"""The group panic: what was thrown, where it was recovered, and what ended the process. The runtime's own word is what
the program prints of what it recovers, what the runtime prints as it dies, and the status that wait(2) gives."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import harness
from harness import NEWEST, PROGRAMS, Process, build, gorotrace

PANICS = PROGRAMS / "panics"
FAST = [harness.VERSIONS[0], "1.21.13", NEWEST]
VERSIONS = [*FAST, *(pytest.param(v, marks=pytest.mark.slow) for v in harness.VERSIONS if v not in FAST)]


def record(path, program, *args, options=(), **how):
    command = [gorotrace(), "record", "-o", str(path), "--budget", "none", *options, "--", str(program), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **how)


def report(path, *options):
    done = subprocess.run([gorotrace(), "report", path, *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def summary_of(path):
    summary = json.loads(report(path, "--json"))
    harness.check_schema(summary)
    harness.check_always(summary)
    return summary


def functions(stack):
    return [frame["function"] for frame in stack]


def main_functions(stack):
    return [f for f in functions(stack) if f.startswith("main.")]


def goroutine_of(stderr):
    """The goroutine that the runtime says it dies in, and its main.* frames."""
    found = re.search(r"^goroutine (\d+).*\[running.*\]:\n((?:.+\n)*)", stderr, re.M)
    assert found, stderr
    frames = re.findall(r"^(main\.[\w.()*]+?)\((?:[^()]|\([^()]*\))*\)$", found[2], re.M)
    return int(found[1]), frames


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_recovered(version, tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, version, "stripped"), "recover")
    assert done.returncode == 0, done.stderr
    told = [line.split(" ", 1)[1].split("|", 1) for line in done.stdout.splitlines() if line.startswith("recovered ")]
    summary = summary_of(path)
    panics = summary["panics"]
    assert panics["quality"] == "exact", panics
    # Beside those: of within() the outer one, of replaced() both.
    assert panics["thrown"] == panics["recovered"] == len(told) + 3, (panics, told)
    assert sum(row["count"] for row in panics["rows"]) == panics["recovered"]
    place = lambda row: functions(row["recovered_in"])[-1]
    kept = [row for row in panics["rows"] if place(row) == "main.keep"]
    for kind, text in told:
        rows = [row for row in kept if row["type"] == kind]
        assert all("main.throwIt" in functions(row["stack"]) for row in rows), rows
        assert all(main_functions(row["stack"])[-1] == "main.main" for row in rows), rows
        says = [row for row in rows if row["text"] in (None, text) or row["text_is_cut"] and text.startswith(row["text"])]
        assert says, (kind, text, rows)
    # Only a call of the program's code could say what these are.
    assert {row["type"] for row in kept if row["text"] is None} == {"main.plain", "*main.plain", "*runtime.TypeAssertionError"}
    assert [len(row["text"]) for row in kept if row["text_is_cut"]] == [256]
    elsewhere = sorted((place(row), row["type"]) for row in panics["rows"] if place(row) != "main.keep")
    assert elsewhere == [("main.keepWithin", "string"), ("main.replaced", "int"), ("main.replaced", "string")], elsewhere
    end = summary["process_end"]
    assert end["by"] == "exit" and end["says"] == "main returned" and end["goid"] == 1 and end["exit_status"] == 0, end
    text = report(path)
    assert "main returned" in text and "PANICS" in text and "main.keep" in text, text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["text", "error", "int", "index", "nil", "struct"])
def test_a_panic_ends_the_process(version, kind, tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, version, "stripped"), "panic", kind)
    assert done.returncode == 2, done.stderr
    goid, frames = goroutine_of(done.stderr)
    end = summary_of(path)["process_end"]
    assert end["by"] == "panic" and end["goid"] == goid and end["exit_status"] == 2 and end["signal"] is None, end
    assert main_functions(end["stack"]) == frames, (end, done.stderr)
    if end["text"] is not None:
        assert end["text"] in done.stderr, (end, done.stderr)
    else:
        assert kind == "struct"
    said = report(path).splitlines()
    assert any("ended: panic" in line for line in said[:6]), said[:8]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_panic_with_nothing_says_so(version, tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, version, "stripped"), "panic", "nothing")
    assert done.returncode == 2 and re.search(r"^panic: .*\bnil\b", done.stderr, re.M), done.stderr
    end = summary_of(path)["process_end"]
    assert (end["says"], end["type"], end["text"], end["goid"]) == ("panic: nil", "nil", None, goroutine_of(done.stderr)[0]), end


def test_a_panic_within_a_panic(tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, NEWEST, "stripped"), "again")
    assert done.returncode == 2, done.stderr
    end = summary_of(path)["process_end"]
    assert (end["by"], end["type"], end["text"], end["panics_below"]) == ("panic", "int", "-42", 1), end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("how,text", [("deadlock", "all goroutines are asleep - deadlock!"),
                                      ("unlock", "sync: unlock of unlocked mutex")])
def test_fatal_errors(version, how, text, tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, version, "stripped"), how)
    assert done.returncode == 2 and text in done.stderr, done.stderr
    end = summary_of(path)["process_end"]
    assert end["by"] == "fatal_error" and end["text"] == text and end["exit_status"] == 2, end
    if how == "unlock":
        goid, frames = goroutine_of(done.stderr)
        assert end["goid"] == goid and main_functions(end["stack"]) == frames, (end, done.stderr)
    else:
        assert "no goroutine did it" in " ".join(report(path).split()), report(path)


@pytest.mark.parametrize("version", VERSIONS)
def test_exits(version, tmp_path):
    program = build(PANICS, version, "stripped")
    done = record(tmp_path / "exit.gtr", program, "exit")
    assert done.returncode == 7
    end = summary_of(tmp_path / "exit.gtr")["process_end"]
    assert end["by"] == "exit" and end["says"] == "os.Exit" and end["exit_status"] == 7, end
    assert "os.Exit" in functions(end["stack"]) and any(f.startswith("main.main.func") for f in functions(end["stack"])), end
    done = record(tmp_path / "defer.gtr", program, "exit-in-defer")
    assert done.returncode == 2
    end = summary_of(tmp_path / "defer.gtr")["process_end"]
    assert end["by"] == "exit" and end["says"] == "os.Exit", end


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL, signal.SIGABRT])
def test_signals(version, number, tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, version, "stripped"), "signal", int(number))
    end = summary_of(path)["process_end"]
    # The runtime dies of SIGTERM by the signal itself (from 1.27 on by a status), and of SIGQUIT with stacks and status 2.
    if number == signal.SIGKILL:
        assert end["by"] == "kernel" and end["signal"] == "SIGKILL" and end["goid"] is None and end["stack"] == [], end
        assert "the kernel tells of no goroutine" in report(path).replace("\n ", "")
    else:
        assert end["by"] == "signal", end
        if end["exit_status"] is None:
            assert end["signal"] == number.name, end
        else:
            assert done.returncode == end["exit_status"], (end, done.returncode)
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    own = end["exit_status"] if end["exit_status"] is not None else 128 + int(number)
    assert status == own, (end, done.returncode)


def test_the_kernel_tells_without_the_group(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PANICS, NEWEST, "stripped"), "serve"]) as target:
        time.sleep(0.3)
        with harness.recording(target.pid, path, "--probes", "lifecycle") as recorder:
            os.kill(target.pid, signal.SIGKILL)
            assert recorder.wait() == 0, recorder.stderr
    summary = summary_of(path)
    assert summary["process_end"]["by"] == "kernel" and summary["process_end"]["signal"] == "SIGKILL", summary["process_end"]
    assert summary["panics"]["thrown"] is None


def test_many_are_counted_one_by_one(tmp_path):
    path = tmp_path / "f.gtr"
    n = 5000
    done = record(path, build(PANICS, NEWEST, "stripped"), "many", n)
    assert done.returncode == 0, done.stderr
    summary = summary_of(path)
    if summary["events"]["dropped"]:
        pytest.fail(f"events were lost: {summary['events']}")
    panics = summary["panics"]
    assert panics["thrown"] == panics["recovered"] == 8 * n, panics["thrown"]
    row, = panics["rows"]
    assert (row["count"], row["type"], row["text"]) == (8 * n, "*errors.errorString", "an error"), row


def test_goexit_takes_a_panics_place(tmp_path):
    path = tmp_path / "f.gtr"
    done = record(path, build(PANICS, NEWEST, "stripped"), "goexit")
    assert done.returncode == 0, done.stderr
    panics = summary_of(path)["panics"]
    row, = panics["rows"]
    assert row["recovered"] is False and row["recovered_in"] == [] and row["count"] == 1, panics
    assert panics["recovered"] == 0, panics
    assert "recovered by nobody" in report(path)


def test_stat_and_report_say_the_same_of_them(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PANICS, NEWEST, "stripped"), "serve"]) as target:
        time.sleep(0.3)
        done = subprocess.run([gorotrace(), "stat", "-p", str(target.pid), "-d", "2s", "--json", "--record", str(path),
                               "--probes", "lifecycle,block,panic", "--budget", "none"], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    live = json.loads(done.stdout.splitlines()[-1])
    harness.check_schema(live)
    assert live["panics"]["thrown"] >= 20 and live["process_end"] is None, live["panics"]
    assert json.loads(report(path, "--json")) == live


@pytest.mark.parametrize("until", ["panic", "panic>3"])
def test_until_panic(until, tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PANICS, NEWEST, "stripped"), "serve"]) as target:
        time.sleep(0.3)
        began = time.monotonic()
        done = subprocess.run([gorotrace(), "record", "-p", str(target.pid), "--last", "5s", "--until", until, "-o", str(path)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        took = time.monotonic() - began
    assert done.returncode == 0 and until in done.stderr, done.stderr
    assert took < 30
    assert summary_of(path)["panics"]["thrown"] >= (1 if until == "panic" else 4)


def test_until_panic_needs_its_group(tmp_path):
    done = subprocess.run([gorotrace(), "record", "-p", str(os.getpid()), "--until", "panic", "--probes", "block", "-o", str(tmp_path / "f")],
                          capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 2 and "needs the group panic" in done.stderr, done.stderr


def test_the_page_shows_them(tmp_path, browser):
    path, page = tmp_path / "f.gtr", tmp_path / "f.html"
    assert record(path, build(PANICS, NEWEST, "stripped"), "recover").returncode == 0
    report(path, "--html", "-o", str(page))
    rows = summary_of(path)["panics"]["rows"]
    browser.resize(1280)
    browser.scheme("light")
    browser.open(page)
    assert "How it ended, and panics" in browser.texts("h2")
    assert "main returned" in browser.text("#panics h3") and "exit status 0" in browser.text("#panics h3")
    assert browser.run("document.querySelectorAll('#panics tbody tr[data-row]').length") == min(20, len(rows))
    assert "main.keep" in browser.text("#panics tbody")
    assert browser.console == []
