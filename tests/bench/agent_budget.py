"""What the agent's probes by rule cost three programs that run together, each within a budget of its own."""
import contextlib
import json
import os
import shutil
import tempfile
import time

from harness import Target, head, median, process_cpu_ns
from monitor import Monitor
from servers import url_of

WINDOW = 10  # of several phases, s
WARM_UP = 5  # the first phase of a process lasts its time whatever it costs, s
QUIET_CLIENTS, BUSY_CLIENTS, REST_MS = 1, 4, 20


class Window:
    """CPU of each program per operation, ns, from sample to sample."""

    def __init__(self, programs):
        self.programs = programs
        self.begin = self._now()

    def _now(self):
        now = {}
        for name, program in self.programs.items():
            seen = len(program.samples)
            while len(program.samples) == seen:
                time.sleep(0.001)
            now[name] = program.samples[-1][1], process_cpu_ns(program.pid)
        return now

    def end(self):
        """By program: CPU time of an operation, ns, and operations."""
        end = self._now()
        return {name: ((end[name][1] - cpu) / (end[name][0] - n), end[name][0] - n) for name, (n, cpu) in self.begin.items()}


def listed(monitor, programs):
    targets = {t["host_pid"]: t for t in json.loads(monitor.get("/targets")[1])["targets"]}
    return {name: targets[program.pid] for name, program in programs.items()}


def charged_ns(monitor, programs):
    for target in listed(monitor, programs).values():
        monitor.get(f"/targets/{target['id']}/stat")  # what it is charged is told with a summary
    return {name: target["charged_ns"] for name, target in listed(monitor, programs).items()}


def probed(config, programs):
    """A window under an agent of its own: CPU per operation, and what was charged, % of one CPU."""
    monitor = Monitor("--config", config)
    try:
        monitor.watched({program.pid for program in programs.values()})
        end = time.monotonic() + 30
        while any(target["charged_ns"] is None for target in listed(monitor, programs).values()):
            assert time.monotonic() < end, listed(monitor, programs)
            time.sleep(0.1)
        time.sleep(WARM_UP)
        begin, before, window = time.monotonic(), charged_ns(monitor, programs), Window(programs)
        time.sleep(WINDOW)
        took, after = window.end(), charged_ns(monitor, programs)
        seconds = time.monotonic() - begin
        return took, {name: (after[name] - before[name]) / seconds / 1e7 for name in programs}
    finally:
        monitor.stop()


def alone(programs):
    window = Window(programs)
    time.sleep(WINDOW)
    return window.end()


def programs_of(binary, scratch, stack):
    """A ping-pong, a quiet server and a busy one; those who ask have another name than those that are probed."""
    named = {}
    for name in ("probed", "asking"):
        named[name] = os.path.join(scratch, name)
        shutil.copy(binary, named[name])

    def start(name, *arguments):
        target = Target(named[name], *arguments, "-lifetime", "1h")
        stack.callback(target.stop)
        return target

    programs = {"ping-pong": start("probed", "-mode", "pingpong", "-depth", "8")}
    for name, asking in (("quiet server", ["-n", str(QUIET_CLIENTS), "-rest", f"{REST_MS}ms"]),
                         ("busy server", ["-n", str(BUSY_CLIENTS)])):
        programs[name] = start("probed", "-mode", "serve", "-handoff")
        start("asking", "-mode", "load", "-url", url_of(programs[name]), *asking)
    return programs


def bench_budget(binary, rounds):
    rounds = max(rounds, 10)
    head(f"gorotrace monitor, probes by rule in three programs at once: CPU per operation with the agent and without, {rounds} "
         f"pairs of {WINDOW} s by turns")
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        programs = programs_of(binary, scratch, stack)
        config = os.path.join(scratch, "gorotrace.toml")
        for percent in (10, 1):
            with open(config, "w") as out:
                out.write(f'[[rule]]\naction = "probe"\nexecutable = "{scratch}/probed"\n'
                          f"[budget]\ntarget = {percent}\nnode = 100\n")
            ratios, lost, charges, cpu = ({name: [] for name in programs} for _ in range(4))
            for i in range(rounds):
                if i % 2 == 0:
                    untraced, (traced, charged) = alone(programs), probed(config, programs)
                else:
                    (traced, charged), untraced = probed(config, programs), alone(programs)
                for name in programs:
                    (with_agent, operations), (without, _) = traced[name], untraced[name]
                    ratios[name].append(with_agent / without)
                    lost[name].append((with_agent - without) * operations / WINDOW / 1e7)
                    charges[name].append(charged[name])
                    cpu[name].append(without)
            for name in programs:
                print(f"  budget {percent:>2} % {name:<13} {median(cpu[name]):9,.0f} ns an operation; with the agent "
                      f"{median(ratios[name]):.3f} times (min {min(ratios[name]):.3f}, max {max(ratios[name]):.3f}), which is "
                      f"{median(lost[name]):.1f} % of one CPU; charged {median(charges[name]):.2f} % of one CPU "
                      f"(max {max(charges[name]):.2f})", flush=True)
