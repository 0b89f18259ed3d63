"""HTTP servers under load on loopback: requests/s untraced, traced, and with what Go itself can record."""
import dataclasses
import os
import subprocess
import tempfile
import time

from harness import GOROTRACE, SECONDS, SETTLE, Stat, Target, head, install, median, per_operation, print_rates

CONNECTIONS = 8
PHASED = 3 * SECONDS  # a window of several phases, for what is not attached all the time


@dataclasses.dataclass
class Variant:
    stat: list = None  # arguments of gorotrace stat beside the server
    record: list = None  # likewise of gorotrace record
    server: list = dataclasses.field(default_factory=list)  # further ones of the server
    seconds: float = SECONDS


class Record:
    """gorotrace record around a measurement; stop() ends it."""

    def __init__(self, pid, *args):
        self.process = subprocess.Popen([GOROTRACE, "record", "-p", str(pid), *args], stderr=subprocess.PIPE, text=True)

    def stop(self):
        self.process.send_signal(2)
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        return said


class Wrk:
    """wrk on a server until it is stopped: a client that takes less CPU than one in Go."""

    def __init__(self, url):
        self.process = subprocess.Popen(["wrk", "-c", str(CONNECTIONS), "-d", "1h", url], stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()


def url_of(server):
    return server.process.stderr.readline().strip()


def served(binary, rounds, variants, server_arguments, client_of):
    """Rates of a server, a new one for each variant in every round, and its CPU per request, which other load moves
    less; summaries of the traced ones."""
    rates, cpu, summaries = ({name: [] for name in variants} for _ in range(3))
    for _ in range(rounds):
        for name, variant in variants.items():
            server = Target(binary, "-mode", "serve", *server_arguments, *variant.server)
            client = client_of(url_of(server))
            time.sleep(SETTLE)
            stat = None
            if variant.stat is not None:
                stat = Stat(server.pid, "-i", "100ms", *variant.stat)
                time.sleep(SETTLE)
            record = None
            if variant.record is not None:
                record = Record(server.pid, *variant.record)
                time.sleep(2 * SETTLE)
            per_request, rate = per_operation(server, variant.seconds)
            rates[name].append(rate)
            cpu[name].append(per_request)
            if stat:
                summaries[name].append(stat.summary())
            if record:
                summaries[name].append(record.stop())
            client.stop()
            server.stop()
    return rates, cpu, summaries


def print_cpu(cpu):
    base = median(cpu["untraced"])
    for name, values in cpu.items():
        print(f"  {name:<38} {median(values):9,.0f} ns of the server's CPU a request, {base / median(values):.3f} of the "
              f"requests for the same CPU  (min {min(values):,.0f}, max {max(values):,.0f})")


def print_costs(summaries):
    for name, rounds in summaries.items():
        if any(s["cost"]["hits"] for s in rounds):
            print(f"  {name}: charged {median([s['cost']['target_cpu_percent'] for s in rounds]):.1f} % of the server's CPU")
        phases = [s["cost"]["phases"]["count"] for s in rounds if s["cost"]["phases"]]
        if phases:
            print(f"  {name}: phases in some {PHASED:.0f} s: {phases}", flush=True)


def bench_http(binary, rounds):
    head("net/http server and load generator (8 connections) on loopback, requests/s")
    with tempfile.TemporaryDirectory() as scratch:
        variants = {"untraced": Variant(),
                    "stat": Variant(stat=[], seconds=PHASED),
                    "stat --budget none": Variant(stat=["--budget", "none"]),
                    "stat --budget none --probes +run": Variant(stat=["--budget", "none", "--probes", "+run"]),
                    "stat --probes none": Variant(stat=["--probes", "none"]),
                    "runtime/trace on": Variant(server=["-trace", os.path.join(scratch, "trace")])}
        rates, cpu, summaries = served(binary, rounds, variants, [],
                                       lambda url: Target(binary, "-mode", "load", "-url", url, "-n", str(CONNECTIONS)))
    print_rates(rates, "/s")
    print_cpu(cpu)
    print_costs(summaries)


def wake_ups_by(function, summary):
    """Waits of which the report says that a goroutine ended them, with this function on its stack."""
    return sum(waker["count"] for row in summary["blocking"] for waker in row["wakers"]
               if waker["kind"] == "goroutine" and any(frame["function"] == function for frame in waker["stack"]))


def bench_handoff(binary, rounds):
    head(f"net/http server that hands each request to a worker over a channel, wrk with {CONNECTIONS} connections, requests/s")
    install("wrk")
    with tempfile.TemporaryDirectory() as scratch:
        variants = {"untraced": Variant(),
                    "stat": Variant(stat=[], seconds=PHASED),
                    "stat --budget none": Variant(stat=["--budget", "none"]),
                    "stat --budget none --probes block": Variant(stat=["--budget", "none", "--probes", "block"]),
                    "stat --budget none --probes block,run": Variant(stat=["--budget", "none", "--probes", "block,run"]),
                    "stat --probes none": Variant(stat=["--probes", "none"]),
                    "its own runtime/trace": Variant(server=["-trace", os.path.join(scratch, "trace")]),
                    "its own block profile, rate 1": Variant(server=["-blockprofile"])}
        rates, cpu, summaries = served(binary, rounds, variants, ["-handoff"], Wrk)
    print_rates(rates, "/s")
    print_cpu(cpu)
    print_costs(summaries)
    for name in ("stat", "stat --budget none --probes block"):
        woken = [wake_ups_by("main.worker", s) for s in summaries[name]]
        assert all(woken), f"{name}: waits that the worker ended are without a waker: {woken}"
        print(f"  {name}: waits that the worker is said to have ended: {', '.join(f'{n:,}' for n in woken)}", flush=True)


def bench_record(binary, rounds):
    head(f"net/http server that hands each request to a worker over a channel, recorded, wrk with {CONNECTIONS} connections, "
         "requests/s")
    install("wrk")
    with tempfile.TemporaryDirectory() as scratch:
        ours, ours_whole, theirs = (os.path.join(scratch, name) for name in ("budget.gtr", "whole.gtr", "trace"))
        variants = {"untraced": Variant(),
                    "record (budget 10 %)": Variant(record=["-o", ours], seconds=PHASED),
                    "record --budget none": Variant(record=["-o", ours_whole, "--budget", "none"]),
                    "its own runtime/trace, block rate 1": Variant(server=["-trace", theirs, "-blockprofile"])}
        rates, cpu, said = served(binary, rounds, variants, ["-handoff"], Wrk)
        print_rates(rates, "/s")
        print_cpu(cpu)
        for name in ("record (budget 10 %)", "record --budget none"):
            for lines in said[name]:
                print("  " + name + ": " + " | ".join(lines.splitlines()[-3:-1]))
        print(f"  the last file of runtime/trace: {os.path.getsize(theirs):,} bytes for {rates[list(variants)[-1]][-1]:,.0f} "
              f"requests/s in {2 * SETTLE + SECONDS:.1f} s and while the server began", flush=True)
