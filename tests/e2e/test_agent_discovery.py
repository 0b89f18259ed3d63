"""gorotrace monitor: which processes it finds, and its figures of them against the process's own."""

import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import harness
from test_monitor import Monitor

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')


def samples(text):
    """name and labels -> value, of the text format 0.0.4."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            key = name + ("{" + labels + "}" if labels else "")
            assert key not in found, key
            found[key] = float(value)
    return found


def types(text):
    return dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))


def comes(what, condition, seconds=harness.PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def known(monitor, pid):
    return next((t for t in monitor.targets() if t["host_pid"] == pid), None)


def idle(n=3, env=(), binary=None):
    process = harness.Process([binary or harness.build(harness.PROGRAMS / "idle"), "-n", str(n)],
                              env={**os.environ, **dict(env)})
    assert process.lines.next() == "ready"
    return process


@pytest.fixture(scope="module")
def monitor():
    with Monitor() as started:
        comes("the first scan", lambda: started.ask("/-/ready").status == 200)
        yield started
        started.end()


# ---------------------------------------------------------------- figures

def test_the_same_as_the_process_says_itself(monitor):
    """client_golang's default families: taken from outside before and after the process takes them."""
    with harness.Process([harness.build(harness.PROGRAMS / "exported", "1.26.11")]) as program:
        def ask(command):
            program.popen.stdin.write(command.encode() + b"\n")
            program.popen.stdin.flush()
            return program.lines.next()

        assert program.lines.next() == "ready"
        path = f"{monitor.path(program.pid)}/metrics"

        def outside():
            time.sleep(1.1)  # what was read before is given again for 1 s
            comes("a reading of now", lambda: samples(monitor.ask(path).text)["gorotrace_reading_age_seconds"] < 0.5)
            answer = monitor.ask(path)
            assert answer.status == 200, answer.text
            return answer.text

        assert ask("work") == "worked"
        ask("gather")
        exact = collections.Counter()
        for _ in range(4):
            before = outside()
            inside = json.loads(ask("gather"))
            after = outside()
            kinds, own = types(after), types(inside)
            assert {name: kinds.get(name) for name in own} == own
            low, truth, high = samples(before), samples(inside), samples(after)
            # What gathers is goroutines of the process, too, which are gone when we look.
            compared = {key for key in truth if "goroutines" not in key}
            assert not (missing := truth.keys() - high.keys()), missing
            for key in compared:
                name = key.split("{")[0]
                counter = own.get(name) == "counter" or name.endswith(("_bucket", "_count"))
                assert not counter or low[key] <= truth[key] <= high[key], \
                    (key, low[key], truth[key], high[key])
                exact[key] += low[key] == truth[key] == high[key]
        for name in EXACT:
            assert exact[name], (name, low[name], truth[name], high[name])


# What a process at rest does not change by gathering.
EXACT = ["go_threads", "go_sched_gomaxprocs_threads", "go_gc_gogc_percent", "go_gc_gomemlimit_bytes",
         'go_info{version="go1.26.11"}', "go_memstats_last_gc_time_seconds", "go_gc_duration_seconds_sum",
         "go_gc_duration_seconds_count", 'go_gc_duration_seconds{quantile="0"}',
         'go_gc_duration_seconds{quantile="0.25"}',
         'go_gc_duration_seconds{quantile="0.5"}', 'go_gc_duration_seconds{quantile="0.75"}',
         'go_gc_duration_seconds{quantile="1"}', "go_memstats_next_gc_bytes", "go_memstats_sys_bytes",
         "go_gc_pauses_seconds_sum", "process_open_fds", "process_max_fds", "process_start_time_seconds",
         "process_virtual_memory_max_bytes"]


# ---------------------------------------------------------------- discovery

def test_executed_later_and_gone(monitor):
    with idle(n=5) as program:
        target = monitor.target(program.pid)
        figures = samples(monitor.ask("/metrics").text)
        assert figures[f'gorotrace_goroutines{{target="{target["id"]}"}}'] == 6
    comes("it is gone", lambda: known(monitor, program.pid) is None)
    assert monitor.ask(f"/targets/{target['id']}/metrics").status == 404


def test_another_program_in_the_same_process(monitor):
    newest = harness.build(harness.PROGRAMS / "idle")
    older = harness.build(harness.PROGRAMS / "idle", "1.21.13")
    with harness.Process(["sh", "-c", 'read line; exec "$0" -n 2', newest]) as shell:
        time.sleep(1)
        assert known(monitor, shell.pid) is None
        shell.popen.stdin.write(b"\n")
        shell.popen.stdin.flush()
        assert shell.lines.next() == "ready"
        assert monitor.target(shell.pid)["go_version"] == f"go{harness.NEWEST}"
    with harness.Process(["sh", "-c", 'exec "$0" -n 2', older]) as program:
        assert program.lines.next() == "ready"
        assert monitor.target(program.pid)["go_version"] == "go1.21.13"


def test_opt_out(monitor):
    with idle(env={"GOROTRACE": "off"}) as program, idle(env={"GOROTRACE": "on"}) as other:
        assert "GOROTRACE=off" in monitor.target(program.pid, "opted_out")["reason"]
        assert monitor.ask(f"{monitor.path(other.pid)}/metrics").status == 200


def test_rules_of_a_file_and_another_one_at_sighup(tmp_path):
    config = tmp_path / "gorotrace.toml"
    config.write_text('[[rule]]\naction = "exclude"\nexecutable = "*/idle-*"\n')
    with idle() as program, Monitor("--config", str(config)) as monitor:
        assert monitor.target(program.pid, "excluded")["reason"] == "the rule in line 1 excludes it"
        config.write_text('[[rule]]\naction = "include"\nmodule = "idle"\n')
        monitor.popen.send_signal(signal.SIGHUP)
        monitor.target(program.pid)
        config.write_text('[[rule]]\naction = "include"\nuser = "nobody-else"\n')
        monitor.popen.send_signal(signal.SIGHUP)
        assert monitor.target(program.pid, "excluded")["reason"] == "no rule includes it"
        monitor.end()


def test_a_mistake_in_the_file_is_named(tmp_path):
    config = tmp_path / "gorotrace.toml"
    config.write_text("[budget]\nagents = 2\n")
    done = subprocess.run([harness.gorotrace(), "monitor", "--check-config", config], capture_output=True, text=True)
    assert done.returncode == 2 and f"{config}:2: budget.agents: no such key; there are budget.agent" in done.stderr
    config.write_text("[budget]\nagent = 2\n")
    done = subprocess.run([harness.gorotrace(), "monitor", "--check-config", config], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def control_groups():
    """Where a hierarchy is mounted, of the second version if there is one."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    return next(m[1] for kind in ("cgroup2", "cgroup") for m in mounts if m[2] == kind)


@contextlib.contextmanager
def control_group(name):
    path = pathlib.Path(control_groups()) / name
    path.mkdir()
    try:
        yield path
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                path.rmdir()
                break
            time.sleep(0.05)


def test_the_container_by_its_control_group(monitor):
    container = os.urandom(32).hex()
    command = 'echo $$ > "$1" && exec "$0" -n 1'
    with control_group(f"docker-{container}.scope") as group, \
         harness.Process(["sh", "-c", command, harness.build(harness.PROGRAMS / "idle"),
                          group / "cgroup.procs"]) as program:
        assert program.lines.next() == "ready", program.stderr
        monitor.target(program.pid)
        line = next(line for line in monitor.ask("/metrics").text.splitlines()
                    if line.startswith("gorotrace_target_info") and f'pid="{program.pid}"' in line)
        assert f'container="{container[:12]}"' in line


def test_a_storm_of_short_lived_ones_is_accounted_for(monitor):
    """600 programs, a third of them Go, within seconds: whatever was not looked at is counted."""
    go = harness.build(harness.PROGRAMS / "idle")

    def figures():
        return samples(monitor.ask("/metrics").text)

    lost = 'gorotrace_events_lost_total{source="exec"}'
    before = figures()
    kept = []
    for i in range(200):
        subprocess.run(["/bin/true"], check=True)
        subprocess.run(["/bin/true"], check=True)
        subprocess.run([go, "-n", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        if i % 50 == 0:
            kept.append(idle(n=1))
    try:
        for program in kept:
            monitor.target(program.pid)
        comes("all are looked at", lambda: accounted(before, figures()) == 0)
        after = figures()
        executed = after["gorotrace_agent_executed_programs_total"] - before["gorotrace_agent_executed_programs_total"]
        assert executed >= 600 + len(kept)
        assert after[lost] == before[lost]
        # Two kinds of files, whatever ran them.
        assert after["gorotrace_agent_files_examined_total"] - before["gorotrace_agent_files_examined_total"] <= 8
    finally:
        for program in kept:
            program.close()


def accounted(before, after):
    """Of the programs that were executed, those that were neither looked at nor over by then."""
    executed, short, looked_at = (after[name] - before[name] for name in (
        "gorotrace_agent_executed_programs_total", "gorotrace_agent_short_lived_programs_total",
        "gorotrace_agent_inspections_total"))
    return max(0, executed - short - looked_at)


def test_it_sleeps_when_nothing_happens(monitor):
    with idle(), idle():
        time.sleep(2)
        before = samples(monitor.ask("/metrics").text)["process_cpu_seconds_total"]
        time.sleep(5)
        after = samples(monitor.ask("/metrics").text)["process_cpu_seconds_total"]
    assert after - before < 0.25  # 5 % of a CPU, on a machine where other tests execute programs
