"""Waits by the value of a goroutine label, against the program's own count of its naps."""

import subprocess
import time

import pytest

import harness

ENDS = [harness.VERSIONS[0], harness.NEWEST]  # labels in a map, in a list
NAPPERS = {"acme": 5, "zeta": 3, "": 2}


@pytest.fixture
def labelled():
    started = []

    def start(version=harness.NEWEST):
        started.append(harness.Truth(harness.build(harness.PROGRAMS / "labelled", version)))
        return started[-1]

    yield start
    for process in started:
        process.close()


def by_label(summary, reason="sleep"):
    """Rows of a reason by value; None: no such label; "not_read"."""
    rows = {}
    for row in summary["blocking"]:
        label = row["label"]
        assert label["key"] == "tenant" and (label["known"] == "value") == (label["value"] is not None), label
        if row["reason"] != reason:
            continue
        name = {"value": label["value"], "none": None}.get(label["known"], label["known"])
        assert name not in rows, f"two rows of {name}"
        rows[name] = row
    return rows


@pytest.mark.parametrize("version", ENDS)
def test_probes_count_waits_by_label(labelled, version):
    process = labelled(version)
    before = process.ask("count", "count")
    with harness.Stat(process.pid, "--by", "label:tenant", "--budget", "none") as stat:
        stat.armed()
        time.sleep(2)  # for the first look
        first = process.ask("count", "count")
        time.sleep(2)
        last = process.ask("count", "count")
        summary = stat.stop()
    after = process.ask("count", "count")
    harness.check_lossless(summary)
    rows = by_label(summary)
    for tenant, nappers in NAPPERS.items():
        count = rows[tenant or None]["count"]
        assert last[tenant] - first[tenant] - nappers <= count, (tenant, count, first, last)
    for tenant in ("acme", "zeta"):
        assert rows[tenant]["count"] <= after[tenant] - before[tenant] + NAPPERS[tenant], tenant
    # Every nap is in one row, read or not.
    naps = sum(row["count"] for row in rows.values())
    assert sum(last[t] - first[t] for t in NAPPERS | {"one": 1, "two": 1}) - 11 <= naps
    assert naps <= sum(after[t] - before[t] for t in NAPPERS | {"one": 1, "two": 1}) + 11


def test_labels_of_another_request_are_never_taken_for_this_ones(labelled):
    """Sets of labels come and go, and lie where others lay: a nap is its own request's or nobody's."""
    process = labelled()
    for tenant, function in (("one", "main.napOne"), ("two", "main.napTwo")):
        with harness.Stat(process.pid, "--by", "label:tenant", "--where", f"function={function}",
                          "--budget", "none") as stat:
            stat.armed()
            time.sleep(3)
            rows = by_label(stat.stop())
        assert set(rows) <= {tenant, "not_read"} and "not_read" in rows, rows.keys()
        assert sum(row["count"] for row in rows.values()) > 50


@pytest.mark.parametrize("version", ENDS)
def test_samples_read_the_labels_of_each_wait(labelled, version):
    process = labelled(version)
    with harness.Stat(process.pid, "--by", "label:tenant", "--probes", "none", "--sample-cpu", "50%") as stat:
        stat.armed()
        time.sleep(3)
        summary = stat.stop()
    rows = by_label(summary)
    window = summary["window_ns"]
    for tenant, nappers in NAPPERS.items():
        row = rows[tenant or None]
        # A nap is 10 ms and what follows it some microseconds, and the CPU may be somebody else's.
        assert 0.7 * nappers * window <= row["in_window_ns"] <= 1.05 * nappers * window, (tenant, row["in_window_ns"], window)
    short = rows["one"]["in_window_ns"] + rows["two"]["in_window_ns"]
    assert 0 < short < window, "each request's labels are read with the sample that finds it"
    assert rows["one"]["in_window_ns"] > 0.2 * short and rows["two"]["in_window_ns"] > 0.2 * short
    lost = rows.get("not_read", {"in_window_ns": 0})["in_window_ns"]
    assert lost < short, "naps that ended while they were read"


def test_text_names_the_value(labelled):
    process = labelled()
    done = subprocess.run([harness.gorotrace(), "stat", "-p", str(process.pid), "-d", "2s", "--by", "label:tenant",
                           "--limit", "0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "one row per label tenant" in done.stdout, done.stdout
    for line in ("        tenant=acme\n        sleep  ", "        no label tenant\n        sleep  ", "        labels not read\n"):
        assert line in done.stdout, done.stdout
    refused = subprocess.run([harness.gorotrace(), "stat", "-p", str(process.pid), "--by", "label:"],
                             capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2 and "label:KEY" in refused.stderr, refused.stderr
