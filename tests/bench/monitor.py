"""What watching a node costs: gorotrace monitor over many Go processes, scraped as a Prometheus would."""
import collections
import contextlib
import fcntl
import http.client
import json
import os
import select
import subprocess
import tempfile
import time

from harness import GOROTRACE, HERE, head, median, process_cpu_ns

PERIOD = 15  # a common scrape interval, s
READ_AT_ONCE = 1 << 20
AGENT_BUDGET = 2 * os.cpu_count() / 4  # of one CPU, %: [budget] agent unless it is given (deploy/gorotrace.toml)


class Programs:
    """Many processes of one program; each has said that it runs."""

    def __init__(self, command, count):
        self.processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
        for process in self.processes:
            assert process.stdout.readline()
            # What it prints from here on is read by nobody: it blocks in a pipe of one page, and works on.
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        self.pids = {process.pid for process in self.processes}

    def cpu_ns(self):
        return sum(process_cpu_ns(pid) for pid in self.pids)

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            process.stdin.close()
            process.stdout.close()


class Monitor:
    def __init__(self, *arguments):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([GOROTRACE, "monitor", "--listen", "127.0.0.1:0", *arguments],
                                        stdin=subprocess.DEVNULL, stderr=self.log)
        self.pid = self.process.pid
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=60)

    def port(self):
        while True:
            # Whoever seeks moves the place at which the agent writes.
            for line in os.pread(self.log.fileno(), READ_AT_ONCE, 0).decode().splitlines():
                if "msg=listening" in line:
                    return int(line.split("address=")[1].split()[0].rsplit(":", 1)[1])
            assert self.process.poll() is None
            time.sleep(0.01)

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def timed(self, path):
        begin = time.monotonic()
        status, body = self.get(path)
        return time.monotonic() - begin, status, body

    def watched(self, pids, seconds=120):
        """Once all of them are: their paths."""
        end = time.monotonic() + seconds
        while True:
            targets = json.loads(self.get("/targets")[1])["targets"]
            found = [t["id"] for t in targets if t["host_pid"] in pids and t["state"] == "watched"]
            if len(found) == len(pids):
                return [f"/targets/{i}/metrics" for i in found]
            assert time.monotonic() < end, f"{len(found)} of {len(pids)}"
            time.sleep(0.2)

    def figure(self, name):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))

    def stop(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def series(body):
    return sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))


def scrape_round(monitor, paths, times, statuses, sizes):
    """Each path once, and the agent's own page, spread over a period."""
    begin = time.monotonic()
    for i, path in enumerate([*paths, "/metrics"]):
        time.sleep(max(0, begin + PERIOD * i / (len(paths) + 1) - time.monotonic()))
        kind = "target" if path != "/metrics" else "agent"
        took, status, body = monitor.timed(path)
        times[kind].append(took)
        statuses[status] += 1
        if status == 200:
            sizes[kind].append((series(body), len(body)))
    time.sleep(max(0, begin + PERIOD - time.monotonic()))


def quantile(values, q):
    return sorted(values)[min(int(q * len(values)), len(values) - 1)]


def measure(name, command, count, rounds):
    programs = Programs(command, count)
    monitor = Monitor()
    try:
        begin = time.monotonic()
        paths = monitor.watched(programs.pids)
        found = time.monotonic() - begin
        for path in paths:  # what is found out once for a binary, and buffers
            monitor.get(path)
        begin, cpu = time.monotonic(), process_cpu_ns(monitor.pid)
        time.sleep(PERIOD / 3)
        at_rest = (process_cpu_ns(monitor.pid) - cpu) / (time.monotonic() - begin) / 1e7
        shares, busy, times, sizes = [], [], collections.defaultdict(list), collections.defaultdict(list)
        statuses = collections.Counter()
        for _ in range(rounds):
            begin, cpu, theirs = time.monotonic(), process_cpu_ns(monitor.pid), programs.cpu_ns()
            scrape_round(monitor, paths, times, statuses, sizes)
            passed = (time.monotonic() - begin) * 1e7
            shares.append((process_cpu_ns(monitor.pid) - cpu) / passed)
            busy.append((programs.cpu_ns() - theirs) / passed)
        print(f"  {count} {name} ({median(busy):.0f} % of one CPU), found in {found:.1f} s; agent at rest {at_rest:.2f} % of one "
              f"CPU (budget of this node: {AGENT_BUDGET:.2f} %), scraped each {PERIOD} s {median(shares):.2f} % "
              f"(min {min(shares):.2f}, max {max(shares):.2f}); "
              f"resident {monitor.figure('VmRSS') / 1024:.1f} MB (peak {monitor.figure('VmHWM') / 1024:.1f}), "
              f"{monitor.figure('Threads')} threads, {len(os.listdir(f'/proc/{monitor.pid}/fd'))} descriptors")
        for kind, values in times.items():
            print(f"    {kind:<7} scrape: p50 {quantile(values, 0.5) * 1e3:.2f} ms, p99 {quantile(values, 0.99) * 1e3:.2f}, "
                  f"max {max(values) * 1e3:.2f}; {median([s for s, _ in sizes[kind]]):,.0f} series, "
                  f"{median([b for _, b in sizes[kind]]):,.0f} bytes")
        print(f"    answers: {dict(statuses)}", flush=True)
        assert at_rest <= 1.2 * AGENT_BUDGET
    finally:
        monitor.stop()
        programs.stop()


def idle_program(scratch):
    out = os.path.join(scratch, "idle")
    subprocess.run(["go", "build", "-o", out, "."], cwd=os.path.join(HERE, "../testprogs/idle"), check=True,
                   env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"})
    return out


def bench_monitor(binary, rounds, counts=(500, 200)):
    idle, busy = counts
    head(f"gorotrace monitor: all targets and /metrics scraped once each {PERIOD} s, one connection")
    with tempfile.TemporaryDirectory() as scratch:
        measure("idle processes", [idle_program(scratch), "-n", "10"], idle, rounds)
    measure("busy processes", [binary, "-mode", "duty", "-lifetime", "1h"], busy, rounds)
