"""Binaries of a Go version that gorotrace's tables do not have yet: read by their debug information or by their type
descriptors, exactly and with a notice, or refused with the field that nothing proves."""

import json
import re

import pytest

import harness
from test_life import DONE, UNSUPPORTED, refused, run

KNOWN = harness.NEWEST.rsplit(".", 1)[0]
BY_TYPES = f"its type descriptors and table go{KNOWN}"
NOTICE = rf"newer than Go {re.escape(KNOWN)}, the newest .* tested"


def next_version():
    """As long as the newest one, whose place in a binary it takes."""
    return f"1.{int(KNOWN.split('.')[1]) + 1}.".ljust(len(harness.NEWEST), "0")


@pytest.fixture
def start(tmp_path):
    """Starts a test program as the next Go version would have built it: under that name, in its build information and
    in its runtime.Version()."""
    started = []

    def started_as(variant, program="truth"):
        built = harness.build(harness.PROGRAMS / program, variant=variant)
        was, now = f"go{harness.NEWEST}".encode(), f"go{next_version()}".encode()
        data = built.read_bytes()
        assert data.count(was) >= 2, built
        newer = tmp_path / built.name
        newer.write_bytes(data.replace(was, now))
        newer.chmod(0o755)
        started.append(harness.Truth(newer))
        started[-1].binary = newer
        return started[-1]

    yield started_as
    for process in started:
        process.close()


def with_notice(command, target, *arguments):
    done = run(command, "-p", target.pid, "--json", *arguments)
    assert done.returncode == DONE, done.stderr
    assert re.search(NOTICE, done.stderr), done.stderr
    return json.loads(done.stdout)


def check_all(target, source, counters=True):
    """Every command works on it, as exactly as the program itself knows, and says on what that rests."""
    checked = with_notice("check", target)["target"]
    assert checked["go_version"] == f"go{next_version()}" and checked["offsets"] == source, checked
    assert checked["counters"] is counters, checked["counters_missing"]
    assert [u for u in checked["unplanned"] if not u["expected"]] == [], checked["unplanned"]

    assert len(with_notice("dump", target)["goroutines"]) == target.count()

    with harness.Stat(target.pid, "--probes", "+run,+sync") as stat:
        stat.armed()
        done = target.go()
        summary = stat.stop()
        assert re.search(NOTICE, stat.stderr), stat.stderr
    harness.check_lossless(summary)
    harness.check_counts(summary, done)
    assert (summary["cross_check"] is not None) == counters, summary["cross_check"]
    harness.check_untouched(target.pid, target.binary)
    assert harness.stat_now(target.pid, "--probes", "none")["goroutines"]["live"] == target.count()
    return {m["name"]: m for m in with_notice("metrics", target)["metrics"]}


def test_by_its_debug_information(start):
    metrics = check_all(start("symbols"), "DWARF")
    # In no version are these read.
    assert all(name.startswith("/godebug/") for name, m in metrics.items() if m["value"] is None), metrics


def test_stripped_by_its_type_descriptors(start):
    metrics = check_all(start("stripped"), BY_TYPES)
    assert metrics["/sched/latencies:seconds"]["value"] is not None
    heap = metrics["/memory/classes/heap/objects:bytes"]
    assert heap["value"] is None and "runtime.heapStatsDelta" in heap["not_available"], heap


@pytest.mark.slow
def test_fields_that_moved_are_found(start):
    check_all(start("moved-symbols"), "DWARF")
    check_all(start("moved"), BY_TYPES)


@pytest.mark.slow
def test_a_scheduler_that_moved_is_known_by_debug_information_alone(start):
    check_all(start("moved-sched-symbols"), "DWARF")
    target = start("moved-sched")
    assert "runtime.sched.ngsys is not at" in run("check", "-p", target.pid).stdout
    metrics = check_all(target, BY_TYPES, counters=False)
    latencies = metrics["/sched/latencies:seconds"]
    assert latencies["value"] is None and "runtime.sched" in latencies["not_available"], latencies


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["renamed", "renamed-symbols"])
def test_a_field_that_is_not_there_is_named(start, variant):
    target = start(variant)
    for command in (["check"], ["dump"], ["stat", "-d", "1s"], ["metrics"]):
        refused(run(*command, "-p", target.pid), UNSUPPORTED, "runtime.g.trackingSeq", f"go{next_version()}")


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["moved", "moved-symbols", "renamed"])
def test_a_release_with_such_a_runtime_is_refused_or_read_by_its_debug_information(truth, variant):
    """Under the name of a release, of which the tables are said to be right."""
    target = truth(variant=variant)
    done = run("check", "-p", target.pid, "--json")
    if variant == "renamed":
        assert json.loads(done.stdout)["target"]["offsets"] == f"table go{KNOWN}"  # it lies where it lay
    elif variant == "moved-symbols":
        assert json.loads(done.stdout)["target"]["offsets"] == "DWARF"
    else:
        refused(done, UNSUPPORTED, "offset of runtime.m.gsignal", f"by table go{KNOWN}")
