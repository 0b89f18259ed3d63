"""gorotrace's block group against the block profile that users of bpftrace take."""
import os
import time

from block_profile import ENTRIES, JUMPS, BlockProfile, behind_stack_checks
from harness import SETTLE, Target, gorotrace, head, install, median, print_rates, traced_rates
from servers import Wrk, url_of

STAT, BPFTRACE, CHEAP = "stat --probes block", "bpftrace", "bpftrace where traps are emulated"
LIFETIME = ["-lifetime", "1h"]


def waits_per_operation(summaries, rates):
    """What each tracer counted, by which one sees that it did."""
    per_second = [s["waits"] / s["window_ns"] * 1e9 for s in summaries]
    return median(per_second) / median(rates)


def with_waits(summary):
    return {**summary, "waits": sum(row["count"] or 0 for row in summary["blocking"])}


def print_comparison(rates, summaries, unit, processors):
    """`processors`: how many of them share the work of an operation's traps."""
    print_rates(rates, f"{unit}/s")
    seconds = {name: 1 / median(values) for name, values in rates.items()}
    waits = {STAT: waits_per_operation([with_waits(s) for s in summaries[STAT]], rates[STAT]),
             **{name: waits_per_operation(summaries[name], rates[name]) for name in (BPFTRACE, CHEAP)}}
    print(f"  waits reported a {unit}: " + ", ".join(f"{name} {n:.2f}" for name, n in waits.items()))
    added = {name: seconds[name] - seconds["untraced"] for name in waits}
    print(f"  {STAT} / {BPFTRACE}: {seconds[BPFTRACE] / seconds[STAT]:.2f} times the {unit}s, "
          f"{added[BPFTRACE] / added[STAT]:.2f} by the time that is added to one")
    costs = [s["cost"]["calibrated_ns"] for s in summaries[STAT]]
    emulated, single = (median([c[kind] for c in costs]) for kind in ("emulated", "single_step"))
    hits = 2 * waits[BPFTRACE] / processors  # a park and a wake-up each
    for what, step in (("as it is", single), ("if it were 10 emulated ones", 10 * emulated)):
        estimate = seconds[CHEAP] + hits * (step - emulated) / 1e9
        print(f"  a trap alone: emulated {emulated:,.0f} ns, single-stepped {single:,.0f} ns; {what}: "
              f"{estimate / seconds[STAT]:.2f} times (estimated: {CHEAP}, and the difference of the traps)", flush=True)


def compare(target, binary, rounds, unit, processors):
    variants = {STAT: gorotrace("--probes", "block", "--limit", "0"),
                BPFTRACE: lambda t: BlockProfile(t.pid, binary, ENTRIES),
                CHEAP: lambda t: BlockProfile(t.pid, binary, JUMPS)}
    rates, summaries = traced_rates(target, rounds, variants)
    print_comparison(rates, summaries, unit, processors)


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
        compare(target, copy, rounds, "round trip", 1)
        target.stop()
    print(" net/http server that hands each request to a worker over a channel, wrk with 8 connections")
    server = Target(copy, "-mode", "serve", "-handoff", *LIFETIME)
    client = Wrk(url_of(server))
    time.sleep(SETTLE)
    compare(server, copy, rounds, "request", os.cpu_count())
    client.stop()
    server.stop()
