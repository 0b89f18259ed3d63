"""Counts of waits of the whole window, out of phases, against the runtime's own block profile of the same time."""

import pytest

import harness
from harness import Truth, build

FUNCTIONS = {"pingpong": ["main.ping", "main.pong"], "pool": ["main.feed", "main.work"],
             "http": ["main.answerer", "main.client", "main.handle"]}


def accounts(target):
    """Of each 10 ms since the last time, as main() of testprogs/counted says."""
    return target.ask("accounts", "accounts")["accounts"]


def between(log, from_ns, to_ns, function):
    def at(ns):
        for a, b in zip(log, log[1:]):
            if a["ns"] <= ns <= b["ns"]:
                part = (ns - a["ns"]) / (b["ns"] - a["ns"])
                return (1 - part) * a["waits"].get(function, 0) + part * b["waits"].get(function, 0)
        raise AssertionError(f"no account of {ns}: {log[0]['ns']} to {log[-1]['ns']}")
    return at(to_ns) - at(from_ns)


def window(target, seconds):
    """By function of ours: estimate, standard error (None: too few phases, or contradicted), truth."""
    accounts(target)
    summary = harness.stat_now(target.pid, "--ring-size", "16M", duration=f"{seconds}s")
    log = accounts(target)
    assert summary["events"]["dropped"] == 0, summary["events"]
    assert summary["cost"]["phases"]["count"] >= 2, summary["cost"]
    figures = {}
    for row in summary["blocking"]:
        whole = row["whole_window"]
        function = next((f["function"] for f in row["stack"] if f["function"].startswith("main.")), None)
        if not whole or not function:
            continue
        assert whole["quality"] == ("estimated" if whole["standard_error"] is None else "sampled"), whole
        assert whole["phases"] >= 8 or whole["standard_error"] is None, whole
        assert whole["mean_ns"] is None or abs(whole["mean_ns"] - row["in_window_ns"] / whole["count"]) <= 1, row
        (low, high), = whole["covered"]
        figures.setdefault(function, []).append((whole, summary["begin_ns"] + low, summary["begin_ns"] + high))
    out = {}
    for function, rows in figures.items():
        count = sum(whole["count"] for whole, _, _ in rows)
        errors = [whole["standard_error"] for whole, _, _ in rows]
        error = None if None in errors else sum(e * e for e in errors) ** 0.5
        out[function] = (count, error, between(log, rows[0][1], rows[0][2], function))
    return out, summary


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_counts_of_the_whole_window_are_those_of_the_runtime(kind):
    with Truth(build(harness.PROGRAMS / "counted"), "-kind", kind) as target:
        figures, summary = window(target, 10)
    together = [sum(figures[function][i] for function in FUNCTIONS[kind]) for i in (0, 2)]
    if kind == "pool":  # whether feeders or workers wait is another matter while they are slowed down
        assert abs(together[0] - together[1]) <= 0.1 * together[1], figures
    for function in FUNCTIONS[kind]:
        count, error, truth = figures[function]
        print(f"{kind} {function}: {count} of {truth:.0f} ({100 * (count / truth - 1):+.1f} %), error {error}, "
              f"{summary['cost']['phases']['count']} phases")
        assert kind == "pool" or abs(count - truth) <= 0.1 * truth + 4 * (error or 0), (function, figures)
        seen = sum(r["count"] or 0 for r in summary["blocking"] if any(f["function"] == function for f in r["stack"]))
        assert seen < 0.7 * truth, f"{seen} of {truth}: hardly a phase"


@pytest.mark.slow
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_errors_of_counts_hold_the_truth(kind):
    """95 of 100 are to; of rows that make up for each other, as a function's do, more."""
    inside, of, off = 0, 0, []
    with Truth(build(harness.PROGRAMS / "counted"), "-kind", kind) as target:
        for _ in range(12):
            figures, _ = window(target, 20)  # with more than eight phases, mostly
            for function in FUNCTIONS[kind]:
                count, error, truth = figures[function]
                off.append(count / truth - 1)
                if error is not None:
                    of += 1
                    inside += abs(count - truth) <= 1.96 * error + 0.002 * truth  # accounts are of each 10 ms
    off.sort()
    print(f"{kind}: {inside} of {of} within 1.96 errors; off by {100 * off[0]:+.1f} to {100 * off[-1]:+.1f} %, "
          f"median {100 * off[len(off) // 2]:+.1f} %")
    assert of >= 20, "too few windows with an error"
    assert inside >= 0.88 * of, (inside, of)
