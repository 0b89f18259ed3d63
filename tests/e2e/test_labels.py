"""Waits by the value of a goroutine label, against the program's own count of its naps; labels in dumps."""

import collections
import json
import re
import subprocess
import time

import pytest

import harness
from test_export import Profile

# Labels lie in a map until 1.24 and in a list since; where a goroutine keeps them, each version and each way of
# linking says for itself (the offsets of a cgo build are its own, the addresses of a PIE are moved).
MIDDLE = ["1.25.12", "1.26.11"]
LINKED = ["pie", "cgo", "cgopie"]
FAST = [(harness.VERSIONS[0], "stripped"), (harness.NEWEST, "stripped"), ("1.25.12", "pie"), ("1.26.11", "cgo")]
SHAPES = FAST + [pytest.param(version, variant, marks=pytest.mark.slow)
                 for version in [*MIDDLE, harness.NEWEST] for variant in LINKED if (version, variant) not in FAST]
NAPPERS = {"acme": 5, "zeta": 3, "": 2}


@pytest.fixture
def labelled():
    started = []

    def start(version=harness.NEWEST, variant="stripped"):
        started.append(harness.Truth(harness.build(harness.PROGRAMS / "labelled", version, variant)))
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


@pytest.mark.parametrize("version,variant", SHAPES)
def test_probes_count_waits_by_label(labelled, version, variant):
    process = labelled(version, variant)
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


@pytest.mark.parametrize("version,variant", SHAPES)
def test_samples_read_the_labels_of_each_wait(labelled, version, variant):
    process = labelled(version, variant)
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


@pytest.mark.parametrize("version,variant", SHAPES)
def test_dumps_have_the_labels(labelled, version, variant):
    """JSON, goroutine?debug=1 and the filter: each napper with its own two labels, the others with none."""
    process = labelled(version, variant)

    def dump(*arguments):
        done = subprocess.run([harness.gorotrace(), "dump", "-p", str(process.pid), *arguments],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    while any(process.ask("count", "count")[tenant] < 5 * n for tenant, n in NAPPERS.items()):
        time.sleep(0.05)  # until each has set its labels
    found = json.loads(dump("--format", "json"))
    labels = collections.Counter()
    for g in found["goroutines"]:
        naps = any(f["function"] == "main.napper" for f in found["stacks"].get(g["stack"], {"frames": []})["frames"])
        if naps or g["labels"].get("tenant") in NAPPERS:  # one that runs shows no stack
            labels[tuple(sorted(g["labels"].items()))] += 1
    unlabelled = labels.pop((), 0)
    assert labels == {(("kind", "test"), ("tenant", "acme")): 5, (("kind", "test"), ("tenant", "zeta")): 3}
    assert unlabelled <= NAPPERS[""], found
    main, = [g for g in found["goroutines"] if g["goid"] == 1]
    assert not main["labels"], main

    groups = re.findall(r"^(\d+) @ .*\n# labels: (.*)$", dump("--group"), re.M)
    found = collections.Counter()
    for count, text in groups:
        found[text] += int(count)
    assert found['{"kind":"test", "tenant":"acme"}'] == 5 and found['{"kind":"test", "tenant":"zeta"}'] == 3, groups

    chosen = json.loads(dump("--format", "json", "--where", "label=tenant=zeta"))["goroutines"]
    assert len(chosen) == 3 and all(g["labels"]["tenant"] == "zeta" for g in chosen), chosen


def test_text_names_the_value(labelled):
    process = labelled()
    done = subprocess.run([harness.gorotrace(), "stat", "-p", str(process.pid), "-d", "2s", "--by", "label:tenant",
                           "--limit", "0"], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "one row per label tenant" in done.stdout, done.stdout
    for line in ("        tenant=acme\n        sleep  ", "        no label tenant\n        sleep  ", "        labels not read\n"):
        assert line in done.stdout, done.stdout
    refused = subprocess.run([harness.gorotrace(), "stat", "-p", str(process.pid), "--by", "label:"],
                             capture_output=True, text=True, timeout=harness.PATIENCE)
    assert refused.returncode == 2 and "label:KEY" in refused.stderr, refused.stderr


def test_a_recording_by_label_has_them_in_its_profiles(labelled, tmp_path):
    """Goroutines of a profile have the labels by which report tells their waits apart."""
    path, out = tmp_path / "f.gtr", tmp_path / "goroutine.pb.gz"
    process = labelled(harness.NEWEST, "stripped")
    command = [harness.gorotrace(), "record", "-p", str(process.pid), "-o", path]
    done = subprocess.run([*command, "-d", "4s", "--budget", "none", "--by", "label:tenant"], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0 and done.stderr.endswith(f"next: gorotrace report {path}\n"), done.stderr
    told = subprocess.run([harness.gorotrace(), "report", "--json", path], capture_output=True,
                          text=True, timeout=120)
    rows = by_label(json.loads(told.stdout))
    subprocess.run([harness.gorotrace(), "export", "--to", "pprof-goroutine", path, "-o", out], check=True, timeout=120)
    nappers = collections.Counter()
    for stack, values, labels in Profile(out).samples:
        if any(function == "main.napper" for function, _ in stack):
            nappers[labels.get("tenant")] += values[0]
    for tenant in ("acme", "zeta"):
        assert rows[tenant]["count"] > 0 and 0 < nappers[tenant] <= NAPPERS[tenant], (nappers, rows[tenant])
    wrong = subprocess.run([*command, "--by", "reason"], capture_output=True, text=True, timeout=120)
    assert wrong.returncode == 2 and "give label:KEY" in wrong.stderr, wrong.stderr
