"""Holds what a guest wrote down (guest-init) against what the programs said of themselves."""

import collections
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import agreement  # noqa: E402
import harness  # noqa: E402
import tracebacks  # noqa: E402


def messages(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def rounds(out, name):
    """The files name1, name2, ... in order."""
    return [out[f"{name}{i}"] for i in range(1, 1 + sum(re.fullmatch(rf"{name}\d+", n) is not None for n in out))]


def exit_codes(out):
    codes = {name[:-5]: int(text) for name, text in out.items() if name.endswith(".code")}
    assert codes.get("done") == 0, f"the program did not finish: {codes}\n{out['truth.err']}{out['stat.err']}"
    wrong = {n: c for n, c in codes.items() if c != (3 if n == "not-go" else 0)}
    texts = "".join(f"--- {n} ({c})\n{out.get(n, '')[-1500:]}{out.get(n + '.err', '')[-1500:]}\n" for n, c in wrong.items())
    assert not wrong, f"exit codes {wrong}\n{texts}"
    ran = {"check", "check-target", "ps", "not-go", "stat", "truth", "stacks", "sampling", "metrics"}
    assert ran <= set(codes), f"not run: {ran - set(codes)}"
    assert re.search(r"\btruth\b", out["ps"]), out["ps"]


def unreadable_only(events):
    lost = events["dropped"]
    return 0 < lost <= events["produced"] / 50_000 and lost == events["by_reason"]["bad_g"]


def probes(out, preempt):
    """Every count, wait and waker of the traced program; the summary."""
    truth = {m["type"]: m for m in messages(out["truth"])}
    lines = messages(out["stat"])
    summary = lines[-1]
    assert [m["type"] for m in lines[:-1]] == ["interval"] * (len(lines) - 1) and summary["type"] == "summary"
    for message in lines:
        harness.check_schema(message)
    harness.check_always(summary)
    # Hundreds of thousands of events under a preemptible kernel: a page of the target that cannot be read at that
    # moment, with faults off, is the one loss that may be, if it is counted. Without loss the counts are exact.
    if not (preempt and unreadable_only(summary["events"])):
        harness.check_lossless(summary)
        harness.check_counts(summary, truth["done"])
    assert summary["goroutines"]["live"] == truth["done"]["after"] == truth["count"]["goroutines"], summary["goroutines"]
    return summary


def killed(out):
    """After each kill the target's text is its file's again."""
    kills = out["kills"].splitlines()
    assert kills and set(kills) == {"whole"}, f"breakpoints left behind: {collections.Counter(kills)}"


def dump(out):
    """The text of a moment at rest is the runtime's; the other forms say the same. The runtime's text."""
    theirs = [m["text"] for m in messages(out["stacks"]) if m["type"] == "stack"]
    judged = None
    for before, text, found, waiters, after in zip(theirs[::2], rounds(out, "dump-"), rounds(out, "dump-json-"),
                                                   rounds(out, "waiters-"), theirs[1::2], strict=True):
        found = json.loads(found)
        # An emulator stops in the middle of a look now and then, and the look then proves nothing.
        if before != after or " 0 moved" not in text or found["counts"]["moved"]:
            continue
        agreement.same_tracebacks(before, text)
        assert found["counts"]["proven"] == found["counts"]["alive"], found["counts"]
        agreement.same_waiters(found, waiters)
        assert re.search(r"^ +12  channel 0x", waiters, re.M), waiters
        kinds = {w["kind"] for g in found["goroutines"] for w in g["waits_on"]}
        assert {"mutex", "rwmutex_read", "waitgroup", "cond", "sleep", "io", "channel", "syscall"} <= kinds, kinds
        judged = before
    assert judged, "never at rest"
    return judged


def sampling(out, stacks):
    """The same program over two seconds: who stood still was there all the time."""
    lines = messages(out["sampling"])
    for message in lines:
        harness.check_schema(message)
    summary = lines[-1]
    harness.check_always(summary)
    goroutines = tracebacks.parse_debug2(stacks)
    assert summary["goroutines"]["live"] == len(goroutines), (summary["goroutines"], len(goroutines))
    goroutines.pop(1)  # between two commands
    reasons = collections.Counter(g.words[0] for g in goroutines.values() if g.words[0] != "syscall")
    rows = collections.defaultdict(list)
    for row in summary["blocking"]:
        rows[row["reason"]].append(row)
    for reason, count in reasons.items():
        assert {r["engine"] for r in rows[reason]} == {"sampling"}, reason
        # Not all exact: an emulator stops in the middle of a look now and then, and what it saw proves nothing then.
        now = sum(r["blocked_now"] for r in rows[reason])
        assert now == count, f"{now} blocked now ({reason}), not {count}"
        assert all(r["in_window_ns"] is not None for r in rows[reason]), f"too few looks to say anything ({reason})"
        in_window = sum(r["in_window_ns"] for r in rows[reason])
        error = sum(r["sampled"]["error_ns"] for r in rows[reason])
        covered = count * sum(b - a for a, b in rows[reason][0]["covered"])
        assert abs(in_window - covered) <= 0.01 * covered + 4 * error, (reason, in_window, covered, error)


def metrics(out):
    said = out["metrics"].splitlines()
    assert said.pop(0) == "worked" and len(said) % 2 == 0 and set(said[::2]) == {"sampled"}, said[::2]
    equal, available = set(), None
    before, after = rounds(out, "metrics-before-"), rounds(out, "metrics-after-")
    for a, truth, b in zip(before, map(json.loads, said[1::2]), after, strict=True):
        a, b = ({m["name"]: m for m in json.loads(text)["metrics"]} for text in (a, b))
        available = agreement.metrics_agree(harness.NEWEST, a, truth, b, equal)
    # An emulator is slow: what moves each time it is looked at was within its bounds. But nearly all stand still.
    assert len(equal) >= 0.9 * len(available), f"never at rest: {sorted(available - equal)}"


def kernel_log(out, preempt):
    bad = re.findall(r".*(?:BUG:|WARNING:|Oops|Call trace|rcu_sched self-detected|leaking uprobe).*", out["dmesg"])
    assert not bad, "the guest's kernel complains:\n" + "\n".join(bad[:10])
    if preempt:
        assert "Dynamic Preempt: full" in out["dmesg"], "the guest is not fully preemptible"


def judge(kernel, out):
    """Asserts; returns the summary of the traced program."""
    preempt = kernel.endswith("+preempt")
    exit_codes(out)
    summary = probes(out, preempt)
    killed(out)
    sampling(out, dump(out))
    metrics(out)
    kernel_log(out, preempt)
    return summary
