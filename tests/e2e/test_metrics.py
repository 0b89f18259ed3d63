"""gorotrace metrics against metrics.Read in the process: read from outside before and after, at rest."""

import json
import os
import subprocess
import time

import jsonschema
import pytest

import harness
from agreement import at_least, at_most, metrics_agree

SCHEMA = jsonschema.Draft202012Validator(json.loads((harness.SCHEMA.parent / "metrics.schema.json").read_text()))
ROUNDS = 12


class Subject(harness.Process):
    def __init__(self, version=harness.NEWEST, variant="stripped", **environment):
        self.version = version
        binary = harness.build(harness.PROGRAMS / "metrics", version, variant)
        super().__init__([binary], env={**os.environ, "GOMAXPROCS": "2", **environment})

    def send(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()

    def ask(self, command, answer):
        self.send(command)
        line = self.lines.next(60)
        assert line == answer, f"{command}: {line!r}\n{self.stderr[-3000:]}"

    def printed(self):
        self.send("print")
        return json.loads(self.lines.next(60))


def outside(pid):
    """What gorotrace says: the whole object, and its metrics by name."""
    done = subprocess.run([harness.gorotrace(), "metrics", "-p", str(pid), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    message = json.loads(done.stdout)
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in SCHEMA.iter_errors(message)]
    assert not errors, errors[:10]
    return message, {m["name"]: m for m in message["metrics"]}


def moved(readings, name):
    values = [r[name]["value"] for r in readings if r[name]["value"] is not None]
    return bool(values) and values[0] < values[-1]


def compare_once(subject, equal):
    """One reading before metrics.Read, one after; adds to equal the names that were established to be equal."""
    time.sleep(0.05)  # sysmon takes the P of the blocked main goroutine, the scavenger ends
    _, before = outside(subject.pid)
    subject.ask("sample", "sampled")
    time.sleep(0.05)
    _, after = outside(subject.pid)
    return metrics_agree(subject.version, before, subject.printed(), after, equal)


def compare(subject):
    """Until every metric has been established equal."""
    equal = set()
    for _ in range(ROUNDS):
        available = compare_once(subject, equal)
        if equal == available:
            return
    raise AssertionError(f"never at rest: {sorted(available - equal)}")


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_equal_to_metrics_read(version):
    with Subject(version) as subject:
        compare(subject)
        subject.ask("work", "worked")
        compare(subject)
        subject.ask("syscalls 3", "blocked")
        subject.ask("procs 1", "set")
        subject.ask("work", "worked")
        compare(subject)
        _, metrics = outside(subject.pid)
        for name in ("/gc/cycles/automatic:gc-cycles", "/gc/cycles/forced:gc-cycles", "/gc/heap/frees:objects",
                     "/gc/heap/tiny/allocs:objects"):
            assert metrics[name]["value"] > 0, name
        assert sum(metrics["/gc/pauses:seconds"]["value"]["counts"]) > 0
        assert sum(metrics["/sched/latencies:seconds"]["value"]["counts"]) > 0
        if at_least(version, 20):
            assert metrics["/sync/mutex/wait/total:seconds"]["value"] > 0


@pytest.mark.parametrize("variant", ["symbols", "pie", "cgo", "cgopie"])
def test_however_it_is_linked(variant):
    with Subject(harness.NEWEST, variant) as subject:
        subject.ask("work", "worked")
        compare(subject)
        message, metrics = outside(subject.pid)
        assert message["offsets"] == "table go1.27"
        calls = metrics["/cgo/go-to-c-calls:calls"]["value"]
        assert calls >= 100 if variant.startswith("cgo") else calls == 0


@pytest.mark.parametrize("version", harness.VERSIONS)
@pytest.mark.parametrize("environment", [{"GOMEMLIMIT": "24MiB"}, {"GOGC": "off"},
                                         {"GOGC": "off", "GOMEMLIMIT": "40MiB"}], ids=str)
@pytest.mark.slow
def test_heap_goal_under_a_limit(version, environment):
    if not at_least(version, 19) and "GOMEMLIMIT" in environment:
        environment = {"GOGC": "400"}  # no limit yet
    with Subject(version, **environment) as subject:
        compare(subject)
        if environment.get("GOGC") != "off" or "GOMEMLIMIT" in environment:
            subject.ask("work", "worked")
            compare(subject)


@pytest.mark.parametrize("version", [v for v in harness.VERSIONS if at_least(v, 26)])
def test_states_of_a_busy_scheduler(version):
    with Subject(version) as subject:
        subject.ask("spin 5", "spinning")
        subject.ask("syscalls 2", "blocked")
        seen = []
        for _ in range(50):
            _, metrics = outside(subject.pid)
            seen.append(tuple(metrics[f"/sched/goroutines/{state}:goroutines"]["value"]
                              for state in ("running", "runnable", "not-in-go")))
            # Two Ps run two of five; the main goroutine and two more are in system calls.
            if seen[-1] == (2, 3, 3):
                return
            time.sleep(0.02)
        raise AssertionError(seen)


@pytest.mark.parametrize("version", harness.VERSIONS)
def test_bounds_while_it_works(version):
    """What moves while it is read is a bound or an estimate, said so, and never out of order."""
    with Subject(version) as subject:
        subject.ask("churn", "churning")
        readings = [outside(subject.pid)[1] for _ in range(3)]
        while len(readings) < 200 and not moved(readings, "/gc/heap/frees:objects"):  # collections come when they come
            readings.append(outside(subject.pid)[1])
        assert moved(readings, "/gc/heap/frees:objects")
        subject.ask("sample", "sampled")
        readings.append(outside(subject.pid)[1])
        truth = subject.printed()
        # Go 1.18 counts a span's objects when it takes the span, and takes back those it did not need.
        goes_back = set() if at_least(version, 19) else {n for n in readings[0] if n.startswith("/gc/heap/allocs")}
        names = [n for n, m in readings[0].items() if m["cumulative"] and n not in goes_back]
        for name in names:
            for earlier, later in zip(readings, readings[1:]):
                a, b = earlier[name], later[name]
                if a["value"] is None or b["value"] is None or "estimated" in (a["quality"], b["quality"]):
                    continue
                assert at_most(a["value"], b["value"]), (name, a, b)
                assert a["quality"] != "bound" or at_most(a["low"], a["value"]), (name, a)
            if name in truth and readings[-1][name]["value"] is not None:
                assert at_most(truth[name]["value"], readings[-1][name]["value"]), name


def test_text_and_errors():
    with Subject() as subject:
        text = subprocess.run([harness.gorotrace(), "metrics", "-p", str(subject.pid)], capture_output=True, text=True)
        assert text.returncode == 0, text.stderr
        lines = {line.split()[0]: line.split() for line in text.stdout.splitlines() if line.startswith("/")}
        assert lines["/sched/gomaxprocs"][1:] == ["2", "threads"]
        assert lines["/gc/pauses"][2] == "times"
        assert "/godebug/non-default-behavior/*:events:" in lines
        pid = subject.pid
    gone = subprocess.run([harness.gorotrace(), "metrics", "-p", str(pid)], capture_output=True, text=True)
    assert gone.returncode == 1 and str(pid) in gone.stderr
    other = subprocess.run([harness.gorotrace(), "metrics", "-p", str(os.getpid())], capture_output=True, text=True)
    assert other.returncode == 3 and "not a Go" in other.stderr
