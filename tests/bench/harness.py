"""What the benchmarks share: a target that counts its operations, gorotrace beside it, rates and their medians."""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GOROTRACE = os.environ.get("GOROTRACE", os.path.join(ROOT, "build/release/bin/gorotrace"))
SECONDS = 1.5
SETTLE = 0.5


class Target:
    """A running benchmark target and the operations it reports."""

    def __init__(self, binary, *args, environment=None):
        self.process = subprocess.Popen([binary, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.samples = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.samples.append((time.monotonic(), int(line)))

    def rate(self, seconds=SECONDS):
        begin = time.monotonic()
        time.sleep(seconds)
        window = [s for s in self.samples if s[0] >= begin]
        (t0, n0), (t1, n1) = window[0], window[-1]
        return (n1 - n0) / (t1 - t0)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.kill()
        self.process.wait()


class Stat:
    """gorotrace stat around a measurement; summary() ends it."""

    def __init__(self, pid, *args):
        self.started = time.monotonic_ns()
        self.process = subprocess.Popen([GOROTRACE, "stat", "-p", str(pid), "--json", *args], stdout=subprocess.PIPE,
                                        text=True)
        first = json.loads(self.process.stdout.readline())
        assert first["type"] == "interval", first

    def summary(self):
        self.process.send_signal(2)
        out, _ = self.process.communicate(timeout=60)
        return json.loads(out.splitlines()[-1])


def process_cpu_ns(pid):
    """What the scheduler has booked on the process, to the nanosecond (clock_getcpuclockid)."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def per_operation(target, seconds=SECONDS):
    """CPU of the target per operation in ns, and operations/s, from sample to sample."""
    samples = []
    end = time.monotonic() + seconds
    seen = len(target.samples)
    while time.monotonic() < end:
        if len(target.samples) != seen:
            seen = len(target.samples)
            samples.append((*target.samples[-1], process_cpu_ns(target.pid)))
        time.sleep(0.001)
    (t0, n0, c0), (t1, n1, c1) = samples[0], samples[-1]
    return (c1 - c0) / (n1 - n0), (n1 - n0) / (t1 - t0)


def install(*packages):
    subprocess.run([os.path.join(ROOT, "tools/setup"), "packages", *packages], check=True)


def median(values):
    return statistics.median(values)


def head(title):
    print(f"\n{title}", flush=True)


def traced_rates(target, rounds, variants):
    """Rates of the target untraced and under each variant, interleaved; summaries of the variants."""
    rates = {name: [] for name in ["untraced", *variants]}
    summaries = {name: [] for name in variants}
    for _ in range(rounds):
        rates["untraced"].append(target.rate())
        for name, make in variants.items():
            tracer = make(target)
            time.sleep(SETTLE)
            rates[name].append(target.rate())
            summary = tracer.summary()
            if summary:
                summaries[name].append(summary)
            time.sleep(SETTLE)
    return rates, summaries


def print_rates(rates, unit):
    base = median(rates["untraced"])
    for name, values in rates.items():
        m = median(values)
        print(f"  {name:<34} {m:>12,.0f} {unit}  {m / base:7.3f} of untraced  (min {min(values):,.0f}, max {max(values):,.0f})")
    sys.stdout.flush()


def gorotrace(*args):
    return lambda target: Stat(target.pid, "-i", "100ms", "--budget", "none", *args)
