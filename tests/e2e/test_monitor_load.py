"""gorotrace monitor under load: killed while it works, many targets, targets that come and go, and clients that mean it ill.

Loads go to the loopback interface alone; each is bounded in number and time. `pytest -s` shows the figures of
tests/bench/README.md."""

import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import harness
from test_agent_discovery import accounted, comes, idle, known, samples
from test_monitor import Monitor, ask

pytestmark = pytest.mark.alone

CHURN = ("8", "flip", "create", "collect")


@contextlib.contextmanager
def together(make, count):
    """That many processes, ended with the block."""
    started = []
    try:
        for _ in range(count):
            started.append(make())
        yield started
    finally:
        for process in started:
            process.popen.kill()
        for process in started:
            process.close()


def busy():
    """Goroutines that park, end and are made, and collections, without a pause."""
    process = harness.Process([harness.build(harness.PROGRAMS / "churn"), *CHURN], env={**os.environ, "GOMAXPROCS": "1"})
    assert process.lines.next() == "ready"
    return process


class Scrapes:
    """Asks for each of these paths again and again until the end of the block; what cannot be reached is no mistake."""

    def __init__(self, monitor, paths, threads=2):
        self.port, self.paths, self.stop = monitor.port, paths, threading.Event()
        self.answers, self.slowest = {}, 0.0
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        while not self.stop.is_set():
            for path in self.paths:
                begin = time.monotonic()
                try:
                    status = ask(self.port, path, timeout=harness.PATIENCE).status
                    self.slowest = max(self.slowest, time.monotonic() - begin)
                except (OSError, http.client.HTTPException):
                    status = "none"
                self.answers[status] = self.answers.get(status, 0) + 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def resident(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1]) / 1024


def held(pid):
    """What a process holds: descriptors, threads, and objects in the kernel by kind."""
    kinds = {"fds": 0, "threads": len(os.listdir(f"/proc/{pid}/task")), "links": 0, "progs": 0, "maps": 0}
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").glob("*"):
        with contextlib.suppress(OSError):
            text = info.read_text()
            kinds["fds"] += 1
            for kind in ("link", "prog", "map"):
                kinds[f"{kind}s"] += bool(re.search(rf"^{kind}_id:", text, re.M)) and not (
                    kind != "link" and re.search(r"^link_id:", text, re.M))
    return kinds


def cpu_seconds(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def figures(monitor):
    return samples(monitor.answered("/metrics").text)


def of_target(found, name, target):
    return found[f'{name}{{target="{target}"}}']


# ---------------------------------------------------------------- killed and started again

def test_killed_while_it_is_scraped_and_started_again():
    """SIGKILL leaves the programs as they were; afterwards counters are what Prometheus takes for a restart, or go on."""
    with together(busy, 3) as programs, contextlib.ExitStack() as stack:
        first = stack.enter_context(Monitor())
        targets = {p.pid: first.target(p.pid)["id"] for p in programs}
        paths = ["/metrics", *(f"/targets/{i}/metrics" for i in targets.values())]
        for path in paths:
            assert first.answered(path).status == 200
        with Scrapes(first, paths) as scrapes:
            comes("it is scraped", lambda: scrapes.answers.get(200, 0) > 40)
            # More than another one has had when it is looked at.
            comes("it has read often", lambda: figures(first)["gorotrace_agent_readings_total"] > 20)
            before = figures(first)
            own = {i: samples(first.answered(f"/targets/{i}/metrics").text) for i in targets.values()}
            harness.traced_with.update(harness.held_objects(first.pid))
            assert harness.traced_with
            first.popen.kill()
            assert first.wait() == -signal.SIGKILL
            comes("scrapes find nobody", lambda: scrapes.answers.get("none", 0) > 10)
            for program in programs:
                harness.check_untouched(program.pid, program.command[0])
                assert program.popen.poll() is None
            # The same address at once: what the first one's connections left behind does not hold it.
            begin = time.monotonic()
            second = stack.enter_context(Monitor(listen=f"127.0.0.1:{first.port}"))
            assert {p.pid: second.target(p.pid)["id"] for p in programs} == targets
            print(f"\nall {len(programs)} are watched {time.monotonic() - begin:.2f} s after the new start")
            again = scrapes.answers.get(200, 0)
            comes("scrapes go on", lambda: scrapes.answers.get(200, 0) > again + 20)
        after = figures(second)
        # The agent's own begin at 0: a counter that is less than before, of a process that started later.
        assert after["process_start_time_seconds"] > before["process_start_time_seconds"]
        assert after["gorotrace_agent_readings_total"] < before["gorotrace_agent_readings_total"]
        for target in targets.values():
            # Those of the runtime's words go on.
            for name in ("gorotrace_goroutines_created_total", "gorotrace_goroutines_exited_total"):
                assert of_target(after, name, target) >= of_target(before, name, target), name
            now = samples(second.answered(f"/targets/{target}/metrics").text)
            assert now["process_start_time_seconds"] == own[target]["process_start_time_seconds"]
            for name in ("go_gc_duration_seconds_count", "go_memstats_mallocs_total", "go_memstats_alloc_bytes_total",
                         "process_cpu_seconds_total", "go_sched_latencies_seconds_count"):
                assert now[name] >= own[target][name], name
        second.end()
    for program in programs:
        assert program.popen.returncode == -signal.SIGKILL  # ours, at the end


# ---------------------------------------------------------------- many

@pytest.mark.slow
def test_a_thousand_processes():
    with together(lambda: idle(n=2), 1000) as programs, Monitor() as monitor:
        pids, begin = {p.pid for p in programs}, time.monotonic()

        def watched():
            return [t["id"] for t in monitor.targets() if t["host_pid"] in pids and t["state"] == "watched"]

        comes("all are watched", lambda: len(watched()) == len(pids), 120)
        watched_after, cpu = time.monotonic() - begin, cpu_seconds(monitor.pid)
        found = watched()
        # A scrape has 1 s for those that it reads, and takes the others as they were: nobody is left out for good.
        names = {f'gorotrace_goroutines{{target="{t}"}}' for t in found}
        comes("all were read", lambda: names <= figures(monitor).keys(), 60)
        for target in found:
            assert "go_goroutines 3\n" in monitor.answered(f"/targets/{target}/metrics").text
        size, has = resident(monitor.pid), held(monitor.pid)
        print(f"\nall watched after {watched_after:.1f} s and {cpu:.1f} s of CPU; each scraped {cpu_seconds(monitor.pid):.1f} s: "
              f"{size:.0f} MB, {has}")
        assert size < 150, f"{size} MB"
        assert has["fds"] < 3 * len(pids) + 100 and has["threads"] < 150, has
        for program in programs[:990]:
            program.popen.kill()
        comes("those that ended are gone", lambda: len(watched()) == 10, 60)
        comes("and what was held of them", lambda: held(monitor.pid)["fds"] < 3 * 10 + 100)
        monitor.end()


# ---------------------------------------------------------------- what comes and goes

def rounds_of_targets(monitor, count, binaries, each=12):
    """Programs that start, are scraped and end; what the agent holds after each round."""
    sizes, kinds = [], []
    for i in range(count):
        with together(lambda: idle(n=3, binary=binaries[i % len(binaries)]), each) as programs:
            for program in programs:
                target = monitor.target(program.pid)
                assert monitor.answered(f"/targets/{target['id']}/metrics").status == 200
                assert monitor.answered(f"/targets/{target['id']}/debug/pprof/goroutine").status == 200
            figures(monitor)
            # One that nobody asks for, as most.
            subprocess.run([binaries[0], "-n", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        pids = [p.pid for p in programs]
        comes("they are gone", lambda: not any(known(monitor, pid) for pid in pids))
        sizes.append(resident(monitor.pid))
        kinds.append(held(monitor.pid))
    return sizes, kinds


@pytest.mark.parametrize("count,warm_up", [(8, 4), pytest.param(60, 15, marks=pytest.mark.slow)])
def test_nothing_grows_while_targets_come_and_go(count, warm_up):
    """Eight hours of a node on which programs come and go, in so many rounds: a round is what a few minutes bring."""
    binaries = [harness.build(harness.PROGRAMS / "idle", version) for version in (harness.NEWEST, "1.25.12", "1.21.13")]
    with idle(n=3) as kept, Monitor() as monitor:
        target = monitor.target(kept.pid)["id"]
        sizes, kinds = rounds_of_targets(monitor, count, binaries)
        for kind in ("fds", "links", "progs", "maps", "threads"):
            warm = max(k[kind] for k in kinds[:warm_up])
            later = [k[kind] for k in kinds[warm_up:]]
            # Threads come when one is held up for 0.2 s, which on a busy machine is any of them, up to a bound; and other
            # tests may run Go programs at the same time, of which the agent holds descriptors.
            if kind == "threads":
                assert max(later) < 200, later
            elif kind == "fds":
                assert min(later[-warm_up:]) <= warm, (warm, later)
            else:
                assert later[-1] == kinds[0][kind], kinds
        print(f"\n{count} rounds, MB: {', '.join(f'{size:.1f}' for size in sizes)}; at first {kinds[0]}, at last {kinds[-1]}")
        warm, last = max(sizes[:warm_up]), sorted(sizes[-warm_up:])[warm_up // 2]
        assert last <= warm + 8 + 0.1 * warm, f"resident MB by rounds: {sizes}"
        assert of_target(figures(monitor), "gorotrace_goroutines", target) == 4
        monitor.end()


@pytest.mark.slow
def test_two_thousand_a_minute():
    """Each 30 ms a program that is over soon, for a minute, while others are watched: all is accounted for, and scrapes go on."""
    go = harness.build(harness.PROGRAMS / "idle")
    with together(lambda: idle(n=2), 50) as programs, Monitor() as monitor:
        paths = ["/metrics", *(f"{monitor.path(p.pid)}/metrics" for p in programs)]
        for path in paths:
            assert monitor.answered(path).status == 200
        before, size, cpu = figures(monitor), resident(monitor.pid), cpu_seconds(monitor.pid)
        with Scrapes(monitor, paths, threads=1) as scrapes:
            begin = time.monotonic()
            for i in range(2000):
                # Half of them are looked at while they run: they live for longer than the agent waits.
                command = [go, "-n", "1"] if i % 2 else ["sh", "-c", 'sleep 0.4 | exec "$0" -n 1', go]
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(max(0, begin + 0.03 * i - time.monotonic()))
                with contextlib.suppress(ChildProcessError):
                    while os.waitpid(-1, os.WNOHANG)[0]:
                        pass
        took, cpu = time.monotonic() - begin, cpu_seconds(monitor.pid) - cpu
        comes("all are looked at", lambda: accounted(before, figures(monitor)) == 0, 60)
        after = figures(monitor)
        executed = "gorotrace_agent_executed_programs_total"
        assert after[executed] - before[executed] >= 2000
        lost = 'gorotrace_events_lost_total{source="exec"}'
        assert after[lost] == before[lost]
        assert set(scrapes.answers) <= {200, 503} and scrapes.answers[200] > 20 * scrapes.answers.get(503, 0), scrapes.answers
        assert scrapes.slowest < 10
        pids = {p.pid for p in programs}
        comes("none is left", lambda: not [t for t in monitor.targets() if t["exe"] == str(go) and t["host_pid"] not in pids], 60)
        print(f"\n2,000 programs in {took:.0f} s: {cpu / took:.1%} of one CPU with {sum(scrapes.answers.values())} scrapes, the "
              f"slowest {scrapes.slowest:.2f} s; {size:.1f} MB before, {resident(monitor.pid):.1f} after")
        assert resident(monitor.pid) < size + 30
        monitor.end()


# ---------------------------------------------------------------- clients

def connected(port, source, timeout=5):
    client = socket.socket()
    client.bind((source, 0))
    client.settimeout(timeout)
    client.connect(("127.0.0.1", port))
    return client


def connections(monitor):
    return figures(monitor)["gorotrace_http_connections"]


def test_slow_clients_hold_up_nobody():
    """As many as one address may have, which send a byte now and then, beside others that never read."""
    with idle() as theirs, idle() as ours, Monitor() as monitor, contextlib.ExitStack() as stack:
        path, our_path = (f"{monitor.path(p.pid)}/metrics" for p in (theirs, ours))
        assert monitor.answered(path).status == monitor.answered(our_path).status == 200
        size = resident(monitor.pid)
        slow = [stack.enter_context(connected(monitor.port, "127.0.0.2")) for _ in range(240)]
        for client in slow:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        deaf = [stack.enter_context(connected(monitor.port, "127.0.0.3")) for _ in range(40)]
        for client in deaf:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 8)
        waits, answers = [], []
        for _ in range(20):
            for client in slow:
                with contextlib.suppress(OSError):  # it was told to go
                    client.send(b"a")
            begin = time.monotonic()
            assert monitor.ask("/-/healthy").status == 200
            answers.append(monitor.ask(our_path).status)
            waits.append(time.monotonic() - begin)
        # 503 is the answer on a busy machine, where a reading takes longer than a scrape waits.
        assert max(waits) < 5 and set(answers) <= {200, 503} and answers.count(200) > 10, (waits, answers)
        assert resident(monitor.pid) < size + 60  # at most 64 KiB for the head of each, and an answer
        # Whoever has not sent a request in 10 s is sent away, whatever he sends.
        comes("the slow ones are sent away", lambda: connections(monitor) <= len(deaf) + 4, 30)
        monitor.end()


@pytest.mark.slow
def test_every_place_taken_is_free_again():
    """All connections there are, by clients that say nothing: new ones are served once the time for a request is over."""
    with Monitor() as monitor, contextlib.ExitStack() as stack:
        taken = []
        for source in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            for _ in range(250):
                with contextlib.suppress(OSError):
                    taken.append(stack.enter_context(connected(monitor.port, source, timeout=2)))
        assert len(taken) >= 512

        def healthy():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return monitor.ask("/-/healthy", timeout=2).status == 200
            return False

        comes("it answers again", healthy, 40)
        assert connections(monitor) <= 512 + 32
        monitor.end()


def test_a_flood_of_requests():
    """Good and bad ones by many clients: each is answered, and nothing of it stays."""
    clients, requests = 16, 60
    with together(lambda: idle(n=3), 4) as programs, Monitor() as monitor:
        metrics = [f"{monitor.path(p.pid)}/metrics" for p in programs]
        for path in metrics:
            assert monitor.answered(path).status == 200
        pages = ["/metrics", "/targets", "/sd", "/-/healthy", "/nothing", "/targets/1-1/metrics",
                 f"/targets/{'9' * 3000}/metrics", "/targets/%00/metrics", *metrics]
        size = resident(monitor.pid)

        def client(number):
            answers = {}
            connection = http.client.HTTPConnection("127.0.0.1", monitor.port, timeout=harness.PATIENCE)
            with contextlib.closing(connection):
                for i in range(requests):
                    connection.request("PUT" if i % 20 == 19 else "GET", pages[(number + i) % len(pages)])
                    answer = connection.getresponse()
                    answer.read()
                    answers[answer.status] = answers.get(answer.status, 0) + 1
            return answers

        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            answers = list(pool.map(client, range(clients)))
        took = time.monotonic() - begin
        total = {}
        for some in answers:
            for status, count in some.items():
                total[status] = total.get(status, 0) + count
        assert sum(total.values()) == clients * requests and set(total) <= {200, 400, 404, 405, 503}, total
        assert total[200] > clients * requests / 3 and took < 60, (total, took)
        assert monitor.ask("/-/healthy").status == 200
        comes("connections are closed", lambda: connections(monitor) <= 2)
        assert resident(monitor.pid) < size + 40
        # What is no HTTP at all.
        for nonsense in (b"\x16\x03\x01\x02\x00" * 100, b"\0" * 5000, b"GET " + b"/" * 100_000, b"\r\n" * 5000,
                         b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n"):
            with contextlib.closing(connected(monitor.port, "127.0.0.1")) as one, contextlib.suppress(OSError):
                one.sendall(nonsense)
                one.shutdown(socket.SHUT_WR)
                while one.recv(65536):
                    pass
        assert monitor.ask(metrics[0]).status in (200, 503)
        monitor.end()
