"""Counts of waits of the whole window, out of phases, against the runtime's own block profile of the same time."""

import pytest

import harness
from harness import Truth, build

pytestmark = pytest.mark.alone

# Where the programs wait.
FUNCTIONS = {"pingpong": ["main.ping", "main.pong"], "pool": ["main.feed", "main.work"],
             "http": ["main.answerer", "main.handle", "net/http.(*persistConn).roundTrip",
                      "net/http.(*persistConn).writeLoop"]}


def accounts(target):
    """Of each 10 ms since the last time, as main() of testprogs/counted says."""
    return target.ask("accounts", "accounts")["accounts"]


def between(log, from_ns, to_ns, place):
    def at(ns):
        for a, b in zip(log, log[1:]):
            if a["ns"] <= ns <= b["ns"]:
                part = (ns - a["ns"]) / (b["ns"] - a["ns"])
                return (1 - part) * a["waits"].get(place, 0) + part * b["waits"].get(place, 0)
        raise AssertionError(f"no account of {ns}: {log[0]['ns']} to {log[-1]['ns']}")
    return at(to_ns) - at(from_ns)


def place_of(row):
    """As the program names it."""
    for frame in row["stack"]:
        if not frame["function"].startswith(("runtime.", "sync.")):
            return f"{frame['function']}:{frame['line']}"
    return None


def window(target, seconds):
    """By function, by place of ours: estimate, standard error (None: too few phases, or not to be known), truth."""
    accounts(target)
    summary = harness.stat_now(target.pid, "--ring-size", "16M", duration=f"{seconds}s")
    log = accounts(target)
    assert summary["events"]["dropped"] == 0, summary["events"]
    assert (summary["cost"]["phases"] or {"count": 0})["count"] >= 2, summary["cost"]
    # One wait all the time is one wait, through phases and what lies between them (in 8 of 8 windows the proof is all
    # of the window; a phase alone is 2 to 5 %).
    idle, = [row for row in summary["blocking"] if any(f["function"] == "main.idle" for f in row["stack"])]
    assert idle["blocked_now"] == 1 and idle["count"] in (0, None), idle
    assert 0.5 * idle["in_window_ns"] <= idle["oldest_ns"] and idle["oldest_is_lower_bound"], idle
    places = {}
    for row in summary["blocking"]:
        whole, place = row["whole_window"], place_of(row)
        if not whole or not place or place not in log[-1]["waits"]:
            continue
        assert whole["quality"] == ("estimated" if whole["standard_error"] is None else "sampled"), whole
        assert whole["phases"] >= 8 or whole["standard_error"] is None, whole
        assert whole["mean_ns"] is None or abs(whole["mean_ns"] - row["in_window_ns"] / whole["count"]) <= 1, row
        (low, high), = whole["covered"]
        places.setdefault(place, []).append((whole, summary["begin_ns"] + low, summary["begin_ns"] + high))
    out = {}
    for place, rows in places.items():
        count = sum(whole["count"] for whole, _, _ in rows)
        errors = [whole["standard_error"] for whole, _, _ in rows]
        error = None if None in errors else sum(e * e for e in errors) ** 0.5
        function = place.rsplit(":", 1)[0]
        out.setdefault(function, {})[place] = (count, error, between(log, rows[0][1], rows[0][2], place))
    return out, summary


def summed(places):
    return [sum(place[i] for place in places.values()) for i in (0, 2)]


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_counts_of_the_whole_window_are_those_of_the_runtime(kind):
    with Truth(build(harness.PROGRAMS / "counted"), "-kind", kind) as target:
        figures, summary = window(target, 10)
    sums = {function: summed(figures[function]) for function in FUNCTIONS[kind]}
    if kind == "pool":  # whether feeders or workers wait is another matter while they are slowed down
        count, truth = (sum(of[i] for of in sums.values()) for i in (0, 1))
        assert abs(count - truth) <= 0.1 * truth, figures
    for function, (count, truth) in sums.items():
        print(f"{kind} {function}: {count} of {truth:.0f} ({100 * (count / truth - 1):+.1f} %), "
              f"{summary['cost']['phases']['count']} phases")
        assert kind == "pool" or abs(count - truth) <= 0.1 * truth, (function, figures)
        seen = sum(r["count"] or 0 for r in summary["blocking"] if any(f["function"] == function for f in r["stack"]))
        assert seen < 0.7 * truth, f"{seen} of {truth}: hardly a phase"


@pytest.mark.slow
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_errors_of_counts_hold_the_truth(kind):
    """95 of 100 are to. Of who waits for whom, which a race decides, no error is told."""
    inside, of, told_nothing, off = 0, 0, 0, []
    with Truth(build(harness.PROGRAMS / "counted"), "-kind", kind) as target:
        for _ in range(12):
            figures, _ = window(target, 20)  # with more than eight phases, mostly
            for function in FUNCTIONS[kind]:
                for place, (count, error, truth) in figures[function].items():
                    print(f"{kind} {place}: {count} of {truth:.0f}, error {error}")
                    if error is None:
                        told_nothing += 1
                        continue
                    off.append(count / truth - 1)
                    of += 1
                    inside += abs(count - truth) <= 1.96 * error + 0.002 * truth  # accounts are of each 10 ms
    print(f"{kind}: {inside} of {of} within 1.96 errors, {told_nothing} without one; off by {off and max(map(abs, off))}")
    assert inside >= 0.88 * of, (inside, of)
    if kind == "http":
        assert of >= 20, "too few windows with an error"
    else:
        assert of == 0, "either side of a race has an error"
