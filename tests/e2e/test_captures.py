"""Traces and captures that a person asks a monitor for over HTTP: held against the program's own account of the same
time, and nothing stays attached however they end."""

import collections
import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import harness
from harness import NEWEST, PROGRAMS, Truth, build
from test_export import Profile
from test_export_trace import check_readable, transitions
from test_monitor import Monitor, ask, own_headers, raw, raw_profile


class Capturing(Monitor):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.always = harness.held_objects(self.pid)  # what tells it of programs that are executed


@pytest.fixture(scope="module")
def monitor():
    with Capturing() as started:
        yield started
        started.end()


@pytest.fixture
def truth():
    with Truth(build(PROGRAMS / "truth"), "-scenario", "recv,send,select,mutex,spawn,pipe,sleep", "-n", "3") as started:
        yield started


class Asked(threading.Thread):
    """A request that takes its time, and what came of it."""

    def __init__(self, monitor, path):
        super().__init__(daemon=True)
        self.monitor, self.path, self.got, self.at = monitor, path, None, time.monotonic()
        self.start()

    def run(self):
        self.got = self.monitor.ask(self.path, timeout=100)

    def answer(self, status=200, seconds=90):
        self.join(seconds)
        assert self.got, f"{self.path}: no answer within {seconds} s\n{self.monitor.stderr}"
        assert self.got.status == status, (self.path, self.got.status, self.got.body[:500], self.monitor.stderr)
        return self.got


def attached(monitor, process, seconds=harness.PATIENCE):
    """Probes of a capture are in the program's text, all of them."""
    end, last = time.monotonic() + seconds, None
    while True:
        changed = harness.modified_text(process.pid, process.command[0])
        if changed and changed == last:
            harness.traced_with.update(harness.held_objects(monitor.pid) - monitor.always)
            return
        assert time.monotonic() < end, f"not attached within {seconds} s\n{monitor.stderr}"
        last = changed
        time.sleep(0.3)


def done_meanwhile(monitor, process, page, seconds):
    """The answer, and what the program did between its first probe and its last. A busy machine may need another try."""
    for _ in range(5):
        asked = Asked(monitor, f"{monitor.path(process.pid)}{page}seconds={seconds}")
        while asked.is_alive() and not harness.modified_text(process.pid, process.command[0]):
            time.sleep(0.05)
        time.sleep(0.5)  # they come one after the other
        harness.traced_with.update(harness.held_objects(monitor.pid) - monitor.always)
        done = process.go()
        answer = asked.answer()
        if done["end_ns"] < (asked.at + seconds) * 1e9:
            return answer, done
    raise AssertionError(f"{seconds} s are too short for this machine")


def metric(monitor, name, **labels):
    """Of those of captures, which are in every scrape."""
    text = monitor.answered("/metrics").text
    wanted = name + ("{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else "")
    return float(re.search(rf"^{re.escape(wanted)} (\S+)$", text, re.M)[1])


def saved(answer, path):
    path.write_bytes(answer.body)
    return path


def report(path):
    done = subprocess.run([harness.gorotrace(), "report", "--json", "--limit", "0", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---------------------------------------------------------------- what is in them

def test_a_trace_has_what_the_program_did(monitor, truth, tmp_path):
    answer, done = done_meanwhile(monitor, truth, "/debug/pprof/trace?", 3.5)
    assert own_headers(answer)[:3] == [("Content-Disposition", 'attachment; filename="trace"'),
                                       ("Content-Type", "application/octet-stream"),
                                       ("X-Content-Type-Options", "nosniff")]
    assert answer.header("X-Gorotrace-Ended") is None and answer.header("X-Gorotrace-Lost") is None, answer.headers
    assert 3.4 <= float(answer.header("X-Gorotrace-Seconds"))
    path = saved(answer, tmp_path / "trace")
    check_readable(path)
    created = collections.Counter()
    for steps in transitions(path)["goroutines"].values():
        for step in steps:
            if step["from"] == "NotExist":
                names = [harness.generic(f) for f in step.get("of", []) + step.get("stack", [])]
                created[next((n for n in names if n in done["created"]), "")] += 1
    created.pop("", None)
    assert dict(created) == {f: n for f, n in done["created"].items() if n}
    harness.check_untouched(truth.pid, truth.command[0])
    assert metric(monitor, "gorotrace_capture_running") == 0
    assert 0 < metric(monitor, "gorotrace_capture_cost_cpu_seconds_total", kind="trace") < 1


def test_creations_of_some_seconds(monitor, truth, tmp_path):
    answer, done = done_meanwhile(monitor, truth, "/debug/pprof/goroutinecreate?", 4)
    assert answer.header("Content-Disposition") == 'attachment; filename="goroutinecreate-delta"'
    profile = Profile(saved(answer, tmp_path / "p.pb.gz"))
    assert profile.types == ["created/count[dflt]", "live/count", "exited/count"]
    sums = {"created": collections.Counter(), "exited": collections.Counter()}
    for stack, (created, _, exited), _ in profile.samples:
        names = [harness.generic(f) for f, _ in stack]
        # The leaf is what was started; behind it stands who did.
        key = next((n for n in names[1:] + names[:1] if n in done["created"]), names[0])
        sums["created"][key] += created
        sums["exited"][key] += exited
    for what, counts in sums.items():
        assert {f: counts[f] for f in done[what]} == done[what], what
    harness.check_untouched(truth.pid, truth.command[0])


def test_creations_of_those_that_live(monitor):
    """Against the program's own goroutine profile; no probe."""
    with Truth(build(PROGRAMS / "served")) as served:
        path = monitor.path(served.pid) + "/debug/pprof/goroutinecreate"
        total = re.compile(r"profile: total (\d+)\n")
        for _ in range(20):
            before = ask(served.ready["port"], "/debug/pprof/goroutine?debug=1").text
            text, answer = monitor.ask(f"{path}?debug=1"), monitor.ask(path)
            # It has the goroutines that serve the question in it: some end a moment later.
            if int(total.search(before)[1]) - int(total.search(text.text)[1]) in (0, 1, 2):
                break
        profile = raw_profile(answer.body)
        assert profile["types"] == "goroutinecreate/count" and profile["period"] == "Period: 1"
        assert text.header("Content-Type") == "text/plain; charset=utf-8"
        assert text.text.startswith("goroutinecreate profile: total ")
        assert answer.header("Content-Disposition") == 'attachment; filename="goroutinecreate"'
        by_site = collections.Counter()
        for (frames, _), count in profile["samples"].items():
            by_site[frames[-1]] += count
        assert by_site["main.start"] == 30 + 20 + 10 + 3 + 2 + 1, by_site
        assert re.search(r"^10 @ 0x\w+ 0x\w+\n#\t0x\w+\tmain\.sleep\+0x\w+\t+\S+main\.go:\d+\n"
                         r"#\t0x\w+\tmain\.start\+0x\w+\t+\S+main\.go:\d+\n\n", text.text, re.M), text.text
        refused = monitor.ask(f"{path}?seconds=1&debug=1")
        assert refused.status == 400 and refused.text == "seconds and debug params are incompatible\n"
        assert harness.modified_text(served.pid, served.command[0]) == []


def test_a_capture_file(monitor, truth, tmp_path):
    path = monitor.path(truth.pid)
    answer, done = done_meanwhile(monitor, truth, "/capture?probes=lifecycle,block&", 3)
    assert answer.header("Content-Disposition") == f'attachment; filename="{path.split("/")[2]}.gtr"'
    summary = report(saved(answer, tmp_path / "f.gtr"))
    harness.check_always(summary)
    harness.check_counts(summary, done)
    assert summary["target"]["host_pid"] == truth.pid and set(summary["groups"]["requested"]) == {"lifecycle", "block"}, \
        summary["groups"]
    harness.check_untouched(truth.pid, truth.command[0])
    for query, word in (("seconds=31", "up to 30"), ("seconds=0", "up to 30"), ("seconds=x", "up to 30"),
                        ("probes=blok", '"blok" is not a probe group')):
        refused = monitor.ask(f"{path}/capture?{query}")
        assert refused.status == 400 and word in refused.text, (query, refused.text)
    long = monitor.ask(f"{path}/debug/pprof/trace?seconds=30.1")
    assert long.status == 400 and long.text == "profile duration exceeds server's WriteTimeout\n"


# ---------------------------------------------------------------- how they end

def test_one_at_a_time_and_a_client_that_goes_away(monitor, truth, tmp_path):
    path = monitor.path(truth.pid)
    gone = metric(monitor, "gorotrace_capture_runs_total", kind="trace", end="client")
    with socket.create_connection(("127.0.0.1", monitor.port)) as client:
        client.sendall(f"GET {path}/debug/pprof/trace?seconds=25 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        attached(monitor, truth)
        for second in ("/debug/pprof/trace", "/debug/pprof/goroutinecreate?seconds=1", "/capture"):
            refused = monitor.ask(path + second)
            assert refused.status == 503 and refused.header("X-Go-Pprof") == "1", (second, refused.text)
            assert "one at a time" in refused.text and 1 <= int(refused.header("Retry-After")) <= 27, refused.headers
        assert monitor.ask(path + "/debug/pprof/goroutinecreate").status == 200
        assert monitor.ask(path + "/debug/pprof/trace", "HEAD").status == 200
    harness.check_untouched(truth.pid, truth.command[0], seconds=5)
    end = time.monotonic() + 10
    while metric(monitor, "gorotrace_capture_runs_total", kind="trace", end="client") != gone + 1:
        assert time.monotonic() < end
    # One that closes its side looks the same, and is told.
    got = raw(monitor.port, f"GET {path}/capture?seconds=25 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
              half_close=True, patience=10)
    assert got.startswith(b"HTTP/1.1 503") and b"closed its side" in got, got
    short = monitor.answered(f"{path}/debug/pprof/trace?seconds=0.2")
    assert short.status == 200, short.text
    check_readable(saved(short, tmp_path / "trace"))  # of a program that did nothing


@pytest.mark.alone
def test_the_budget_ends_one(tmp_path):
    """What there was by then is served, and both the answer and the file say so."""
    config = tmp_path / "c.toml"
    config.write_text("[budget]\ncapture_budget = 1\n")
    with Capturing("--config", str(config)) as monitor, \
            Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "8s") as process:
        path = monitor.path(process.pid)
        process.send("go")
        begin = time.monotonic()
        answer = monitor.ask(f"{path}/capture?seconds=20")
        assert answer.status == 200 and time.monotonic() - begin < 8, answer.text
        harness.check_untouched(process.pid, process.command[0])
        assert answer.header("X-Gorotrace-Ended").startswith("over the budget: "), answer.headers
        assert "--budget" not in answer.header("X-Gorotrace-Ended")
        summary = report(saved(answer, tmp_path / "f.gtr"))
        assert any("the capture ended early: over the budget" in n for n in summary["notices"]), summary["notices"]
        trace = monitor.ask(f"{path}/debug/pprof/trace?seconds=20")
        assert trace.status == 200 and trace.header("X-Gorotrace-Ended").startswith("over the budget: "), trace.text
        check_readable(saved(trace, tmp_path / "trace"))
        assert metric(monitor, "gorotrace_capture_runs_total", kind="trace", end="budget") == 1
        monitor.end()


def test_a_target_that_dies_leaves_what_there_was(monitor, truth, tmp_path):
    asked = Asked(monitor, monitor.path(truth.pid) + "/debug/pprof/trace?seconds=20")
    attached(monitor, truth)
    truth.go()
    truth.popen.kill()
    answer = asked.answer()
    assert "the target exited" in answer.header("X-Gorotrace-Ended"), answer.headers
    assert check_readable(saved(answer, tmp_path / "trace"))["events"] > 100
    harness.check_untouched(None, None)


def test_the_end_of_the_server_ends_one(truth):
    with Capturing() as monitor:
        asked = Asked(monitor, monitor.path(truth.pid) + "/capture?seconds=20")
        attached(monitor, truth)
        begin = time.monotonic()
        monitor.end()
        assert time.monotonic() - begin < 8
        asked.answer(503)
    harness.check_untouched(truth.pid, truth.command[0])


def test_captures_off(truth, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('captures = "off"\n')
    with Capturing("--config", str(config)) as monitor:
        path = monitor.path(truth.pid)
        for page in ("/capture", "/debug/pprof/trace", "/debug/pprof/goroutinecreate?seconds=1"):
            refused = monitor.ask(path + page)
            assert refused.status == 403 and "captures are off" in refused.text and refused.header("X-Go-Pprof") == "1"
        assert monitor.ask(path + "/debug/pprof/goroutinecreate").status == 200
        assert metric(monitor, "gorotrace_capture_refused_total", reason="off") == 3
        config.write_text("")
        monitor.popen.send_signal(signal.SIGHUP)
        monitor.logged("reloaded")
        assert monitor.ask(f"{path}/debug/pprof/trace?seconds=0.1").status == 200
        monitor.end()
