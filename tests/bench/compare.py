"""gorotrace's block group against the block profile that users of bpftrace take."""
import sys
import time

from block_profile import ENTRIES, JUMPS, BlockProfile, behind_stack_checks
from harness import SETTLE, Target, gorotrace, head, install, median, print_rates, traced_rates
from servers import Wrk, url_of

STAT, BPFTRACE, CHEAP = "stat --probes block", "bpftrace", "bpftrace where traps are emulated"
LIFETIME = ["-lifetime", "1h"]


def waits_of(summary):
    """What a tracer counted, by which one sees that it did."""
    return summary["waits"] if "waits" in summary else sum(row["count"] or 0 for row in summary["blocking"])


def without_ready(summary):
    """Waits that nobody ended by a call of ready(): a probe there does not see them."""
    return sum(waker["count"] for row in summary["blocking"] for waker in row["wakers"]
               if waker["kind"] in ("netpoll", "gc"))


def per_operation(count, summaries, rates):
    return median([count(s) / s["window_ns"] * 1e9 for s in summaries]) / median(rates)


def compare(target, binary, rounds, unit, *, one_processor=False):
    variants = {STAT: gorotrace("--probes", "block", "--limit", "0"),
                BPFTRACE: lambda t: BlockProfile(t.pid, binary, ENTRIES),
                CHEAP: lambda t: BlockProfile(t.pid, binary, JUMPS)}
    rates, summaries = traced_rates(target, rounds, variants)
    print_rates(rates, f"{unit}s/s")
    seconds = {name: 1 / median(values) for name, values in rates.items()}
    waits = {name: per_operation(waits_of, summaries[name], rates[name]) for name in summaries}
    print(f"  waits reported a {unit}: " + ", ".join(f"{name} {n:.2f}" for name, n in waits.items()) +
          f"; {per_operation(without_ready, summaries[STAT], rates[STAT]):.2f} of {STAT} by the network poller or the "
          "GC, which do not call ready()")
    added = {name: seconds[name] - seconds["untraced"] for name in (STAT, BPFTRACE)}
    print(f"  {STAT} / {BPFTRACE}: {seconds[BPFTRACE] / seconds[STAT]:.2f} times the {unit}s, "
          f"{added[BPFTRACE] / added[STAT]:.2f} by the time that is added to one")
    costs = [s["cost"]["calibrated_ns"] for s in summaries[STAT]]
    emulated, single = (median([c[kind] for c in costs]) for kind in ("emulated", "single_step"))
    print(f"  a trap alone: emulated {emulated:,.0f} ns, single-stepped {single:,.0f} ns ({single / emulated:.1f} times)")
    if one_processor:  # what the traps add to a round trip is then their time and nothing else
        hits = 2 * waits[BPFTRACE]  # a park and a wake-up each
        for times in (single / emulated, 10):
            estimate = seconds[CHEAP] + hits * (times - 1) * emulated / 1e9
            print(f"  at {times:.1f} times, by {CHEAP} and the difference of the traps: "
                  f"{estimate / seconds[STAT]:.2f} times the {unit}s")
    sys.stdout.flush()


def bench_compare(binary, rounds):
    head("block profile of bpftrace (entries of gopark and ready, stacks of 12, sums by stack) against gorotrace's")
    install("bpftrace", "wrk")
    copy = f"{binary}.jumps"
    behind_stack_checks(binary, copy)
    for depth, single in ((4, False), (12, False), (12, True)):
        print(f" ping-pong, stack depth + {depth}{', GOMAXPROCS=1' if single else ''}")
        target = Target(copy, "-mode", "pingpong", "-depth", str(depth), *LIFETIME,
                        environment={"GOMAXPROCS": "1"} if single else None)
        time.sleep(SETTLE)
        compare(target, copy, rounds, "round trip", one_processor=single)
        target.stop()
    print(" net/http server that hands each request to a worker over a channel, wrk with 8 connections")
    server = Target(copy, "-mode", "serve", "-handoff", *LIFETIME)
    client = Wrk(url_of(server))
    time.sleep(SETTLE)
    compare(server, copy, rounds, "request")
    client.stop()
    server.stop()
