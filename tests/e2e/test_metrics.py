"""gorotrace metrics against metrics.Read in the process: read from outside before and after, at rest."""

import json
import os
import re
import subprocess
import time

import jsonschema
import pytest

import harness
from agreement import at_least, at_most, metrics_agree
from test_dump import etcd, prometheus
from test_load import await_url, free_port, get, metric

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
        line = self.lines.next()
        assert line == answer, f"{command}: {line!r}\n{self.stderr[-3000:]}"

    def printed(self):
        self.send("print")
        return json.loads(self.lines.next())


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
        assert message["offsets"] == f"table go{harness.NEWEST.rsplit('.', 1)[0]}"
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
        assert lines["/sched/gomaxprocs:threads"][1:] == ["2"]
        assert lines["/gc/pauses:seconds"][2].startswith("times")
        assert "/gc/heap/allocs:bytes" in lines and "/gc/heap/allocs:objects" in lines, lines
        assert "/godebug/non-default-behavior/*:events:" in lines
        pid = subject.pid
    gone = subprocess.run([harness.gorotrace(), "metrics", "-p", str(pid)], capture_output=True, text=True)
    assert gone.returncode == 1 and str(pid) in gone.stderr
    other = subprocess.run([harness.gorotrace(), "metrics", "-p", str(os.getpid())], capture_output=True, text=True)
    assert other.returncode == 3 and "not a Go" in other.stderr


# ---------------------------------------------------------------- binaries that nobody here wrote

def total(*names):
    return lambda metrics: sum(metrics[name]["value"] for name in names)


HEAP = "/memory/classes/heap/"
METADATA = "/memory/classes/metadata/"
TINY = "/gc/heap/tiny/allocs:objects"
# What prometheus/client_golang makes of runtime/metrics, or of runtime.MemStats (prometheus/go_collector_latest.go,
# runtime/mstats.go). Counters, gauges.
COUNTERS = {
    "go_memstats_alloc_bytes_total": total("/gc/heap/allocs:bytes"),
    "go_memstats_mallocs_total": total("/gc/heap/allocs:objects", TINY),
    "go_memstats_frees_total": total("/gc/heap/frees:objects", TINY),
    "go_gc_duration_seconds_count": total("/gc/cycles/total:gc-cycles"),
}
GAUGES = {
    "go_memstats_alloc_bytes": total(HEAP + "objects:bytes"),
    "go_memstats_heap_alloc_bytes": total(HEAP + "objects:bytes"),
    "go_memstats_heap_objects": total("/gc/heap/objects:objects"),
    "go_memstats_heap_sys_bytes": total(*(HEAP + part for part in ("objects:bytes", "unused:bytes", "free:bytes",
                                                                  "released:bytes"))),
    "go_memstats_heap_idle_bytes": total(HEAP + "free:bytes", HEAP + "released:bytes"),
    "go_memstats_heap_inuse_bytes": total(HEAP + "objects:bytes", HEAP + "unused:bytes"),
    "go_memstats_heap_released_bytes": total(HEAP + "released:bytes"),
    "go_memstats_stack_inuse_bytes": total(HEAP + "stacks:bytes"),
    "go_memstats_stack_sys_bytes": total(HEAP + "stacks:bytes", "/memory/classes/os-stacks:bytes"),
    "go_memstats_mspan_inuse_bytes": total(METADATA + "mspan/inuse:bytes"),
    "go_memstats_mspan_sys_bytes": total(METADATA + "mspan/inuse:bytes", METADATA + "mspan/free:bytes"),
    "go_memstats_mcache_inuse_bytes": total(METADATA + "mcache/inuse:bytes"),
    "go_memstats_mcache_sys_bytes": total(METADATA + "mcache/inuse:bytes", METADATA + "mcache/free:bytes"),
    "go_memstats_buck_hash_sys_bytes": total("/memory/classes/profiling/buckets:bytes"),
    "go_memstats_gc_sys_bytes": total(METADATA + "other:bytes"),
    "go_memstats_other_sys_bytes": total("/memory/classes/other:bytes"),
    "go_memstats_next_gc_bytes": total("/gc/heap/goal:bytes"),
    "go_memstats_sys_bytes": total("/memory/classes/total:bytes"),
}


SCRAPERS = 10  # goroutines at most that serve a scrape, and are counted by it


def scrape(url):
    text = get(url)
    names = re.findall(r"^# TYPE (go_memstats_\w+|go_goroutines) ", text, re.M) + ["go_gc_duration_seconds_count"]
    return {name: metric(text, name) for name in names}


@pytest.mark.parametrize("server", [prometheus, etcd], ids=lambda f: f.__name__)
def test_real_servers_agree_with_their_own_metrics(tmp_path, server):
    """Ours lies between two scrapes of its /metrics: counters always, gauges in a round in which nothing was freed
    between the two."""
    port = free_port()
    with harness.Process(list(map(str, server(tmp_path, port)))) as target:
        url = f"http://127.0.0.1:{port}/metrics"
        await_url(url, target)
        left, beside = {*GAUGES, "go_goroutines"}, {}
        for _ in range(20):
            before = scrape(url)
            ours = outside(target.pid)[1]
            after = scrape(url)
            unknown = set(before) - set(COUNTERS) - set(GAUGES) - {
                "go_goroutines", "go_memstats_lookups_total", "go_memstats_last_gc_time_seconds", "go_memstats_gc_cpu_fraction"}
            assert not unknown and set(COUNTERS) | set(GAUGES) <= set(before), unknown
            for name, of in COUNTERS.items():
                assert before[name] <= of(ours) <= after[name], (name, before[name], of(ours), after[name])
            if ours["/sched/goroutines:goroutines"]["value"] <= before["go_goroutines"] == after["go_goroutines"]:
                assert before["go_goroutines"] - ours["/sched/goroutines:goroutines"]["value"] <= SCRAPERS
                left.discard("go_goroutines")
            for name, of in GAUGES.items():
                if min(before[name], after[name]) <= of(ours) <= max(before[name], after[name]):
                    left.discard(name)
                else:
                    beside[name] = (before[name], of(ours), after[name])
            if not left:
                return
            time.sleep(0.2)
        raise AssertionError(f"(before, ours, after): { {name: beside.get(name) for name in left} }")
