"""Execution traces and Perfetto traces out of capture files: read by the readers they are for, and held against what
the program's own runtime/trace says of the same window."""

import collections
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import time

import pytest

import harness
from harness import NEWEST, PROGRAMS, Process, Truth, await_group, build, gorotrace

HERE = pathlib.Path(__file__).parent
GROUPS = "lifecycle,block,run,syscall"
TOOLS = ["1.22.12", NEWEST]  # whose go tool trace must read what we write


def run(*arguments, code=0):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, errors="replace",
                          timeout=300)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}:\n{done.stderr}"
    return done


def record(pid, path, *arguments, budget="none", probes=GROUPS):
    return Process([gorotrace(), "record", "-p", pid, "-o", path, "--budget", budget, "--probes", probes, *arguments])


def stopped(process):
    process.popen.send_signal(signal.SIGINT)
    assert process.wait(harness.PATIENCE) == 0, process.stderr
    return process.stderr


def export(path, out, *arguments):
    """The files that it made."""
    run("export", "--to", "go-trace", path, "-o", out, *arguments)
    return [out] if out.exists() else sorted(out.parent.glob(f"{out.stem}.[0-9][0-9][0-9]{out.suffix}"))


def transitions(path, *arguments):
    """As golang.org/x/exp/trace reads it."""
    reader = build(HERE / "transitions", "1.26.11")
    done = subprocess.run([reader, *arguments, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{path}: {done.stderr}"
    return json.loads(done.stdout)


def check_readable(path, version=22):
    """By all readers that know its version: x/exp/trace and go tool trace."""
    read = transitions(path, "-summary")
    for tool in TOOLS:
        if version > int(tool.split(".")[1]):
            continue
        for kind in ("net", "sync", "syscall", "sched"):
            done = subprocess.run([harness.ROOT / "tools" / "toolchain", tool, "tool", "trace", f"-pprof={kind}", path],
                                  capture_output=True, timeout=300)
            assert done.returncode == 0, f"go tool trace of {tool}, {kind}, {path}:\n{done.stderr.decode()[-2000:]}"
    return read


def counted(read):
    """What is comparable: transitions by kind and reason, of which the beginning is not one."""
    out = collections.Counter()
    for key, n in read["counts"].items():
        begin, end, reason = key.split(" ", 2)
        if begin == "NotExist":
            out["created"] += n
        elif begin == "Running" and end == "Waiting" and reason not in ("", "coroutine"):
            out["blocked: " + reason] += n
        elif begin == "Running" and end == "Waiting":
            out["coroutine switches"] += n
        elif begin == "Running" and end == "NotExist":
            out["ended"] += n
        elif reason in ("runtime.Gosched", "preempted"):
            out["stopped: " + reason] += n
    return out


def waits(read):
    """(reason, stack, ns) of waits with both ends, by goroutine, in order."""
    out = {}
    for goid, steps in read["goroutines"].items():
        mine = out[goid] = []
        begun = None
        for step in steps:
            if step["to"] == "Waiting" and step["from"] == "Running":
                begun = step
            elif step["from"] == "Waiting" and step["to"] != "Waiting" and begun:
                mine.append((begun.get("reason", ""), tuple(begun.get("stack", ())), step["at_ns"] - begun["at_ns"],
                             tuple(step.get("of", ()))))
                begun = None
    return out


def of_main(stack):
    """What is below the runtime's and the library's own frames, whose depth differs between versions."""
    return tuple(f for f in stack if f.startswith("main."))


@pytest.mark.alone
@pytest.mark.parametrize("version", ["1.22.12", "1.24.13", NEWEST])
def test_it_says_what_runtime_trace_says(tmp_path, version):
    """Creations, blocks by reason and unblocks, stacks, wakers and durations of one window, seen from both sides."""
    own, path = tmp_path / "own", tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth", version), "-scenario",
               "recv,recvclosed,send,sendfull,select,mutex,rwread,rwwrite,waitgroup,cond,net,pipe,locked,spawn,sleep,gosched",
               "-n", "4", "-trace", own) as target:
        with record(target.pid, path) as process:
            await_group(path, "syscall")
            target.go()
            said = stopped(process)
    assert "nothing lost" in said, said
    out, = export(path, tmp_path / "ours.out")
    check_readable(out)
    ours, theirs = transitions(out), transitions(own)

    # The window of runtime/trace lies within ours: of its own goroutines and of who starts and stops it ours has more.
    known = {g for g, steps in theirs["goroutines"].items()
             if any(s["from"] == "NotExist" and "runtime/trace.Start" not in s.get("of", ()) for s in steps)}
    a, b = ({g: steps for g, steps in read["goroutines"].items() if g in known} for read in (ours, theirs))
    assert len(a) == len(b) > 300, (len(a), len(b))
    mine, own_waits = waits({"goroutines": a}), waits({"goroutines": b})
    matched, differences, totals, ends = 0, [], collections.defaultdict(lambda: [0, 0]), collections.Counter()
    for goid in known:
        x = [w for w in mine[goid] if w[0] != "preempted"]
        y = [w for w in own_waits[goid] if w[0] != "preempted"]
        assert [w[0] for w in x] == [w[0] for w in y], f"goroutine {goid}: {x} against {y}"
        for one, other in zip(x, y):
            if any(f.startswith("main.") for f in other[1]):
                assert of_main(one[1]) == of_main(other[1]), (goid, one, other)
                ends["same stack"] += one[1] == other[1]
                ends["waits"] += 1
                assert of_main(one[3]) == of_main(other[3]), (goid, one, other)
            matched += 1
            differences.append(abs(one[2] - other[2]))
            totals[one[0]][0] += one[2]
            totals[one[0]][1] += other[2]
    assert matched > 300, matched
    assert ends["same stack"] > 0.95 * ends["waits"], ends
    assert statistics.median(differences) < 5000, statistics.median(differences)
    off = {r: t for r, t in totals.items() if abs(t[0] - t[1]) > max(0.02 * t[1], 5000 * matched)}
    assert not off, off
    for what in ("from", "to"):
        x, y = (collections.Counter(s[what] for steps in read.values() for s in steps if s["from"] != "Syscall" and
                                    s["to"] != "Syscall" and s.get("reason") != "preempted") for read in (a, b))
        for state in ("NotExist", "Waiting"):
            assert abs(x[state] - y[state]) <= 2, (what, state, x, y)  # one may end or park as the tracing stops

    # Each goroutine has the name of what its go statement called, and was made by whom runtime/trace says.
    def made(read):
        return {g: (s.get("stack"), of_main(s.get("of", ()))) for g, steps in read.items()
                for s in steps if s["from"] == "NotExist"}
    x, y = made(a), made(b)
    assert {g: m[1] for g, m in x.items()} == {g: m[1] for g, m in y.items()}
    same = sum(x[g][0] == y[g][0] for g in x)
    assert same > 0.5 * len(x), (same, len(x))  # a wrapper whose callee was never seen to stop keeps its own name


def test_versions_and_slices(tmp_path):
    path = tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth"), "-scenario", "all", "-n", "2") as target:
        with record(target.pid, path) as process:
            await_group(path, "syscall")
            target.go()
            stopped(process)
    whole, = export(path, tmp_path / "whole.out", "--slice", "0")
    expected = counted(check_readable(whole))
    assert expected["coroutine switches"] and expected["stopped: runtime.Gosched"], expected
    for version in (22, 23, 25, 26):
        files = export(path, tmp_path / f"v{version}.out", "--slice", "2k", "--trace-version", version)
        assert len(files) > 3, files
        total = collections.Counter()
        for each in files:
            assert each.read_bytes().startswith(b"go 1.%d trace\0" % version)
            total += counted(transitions(each, "-summary"))
        if version == 22:
            check_readable(files[1])
        # From 1.23 on a coroutine begins where it waits.
        assert total == expected, (version, total - expected, expected - total)
    done = run("export", "--to", "go-trace", path, "--slice", "2k", code=2)
    assert "give -o FILE" in done.stderr, done.stderr
    assert "22, 23, 25 or 26" in run("export", "--to", "go-trace", path, "-o", whole, "--trace-version", 24, code=2).stderr
    assert "--slice" in run("export", "--to", "go-trace", path, "-o", whole, "--slice", "7", code=2).stderr
    assert "are for --to go-trace" in run("export", "--to", "folded", path, "--slice", "2k", code=2).stderr


def instants(path):
    """Instants and slices of a Perfetto trace that have names, by kind and name."""
    text = decoded(path)
    names = dict(re.findall(r'event_names \{\n      iid: (\d+)\n      name: "(.*)"', text))
    out = collections.Counter()
    for packet in text.split("packet {\n")[1:]:
        kind, name = re.search(r"type: TYPE_(\w+)", packet), re.search(r"^    name_iid: (\d+)", packet, re.M)
        if kind and name:
            out[kind[1], names[name[1]]] += 1
    return out


def test_two_parts_have_what_the_whole_has(tmp_path):
    """Cut in the middle of its events: each block, creation and wake-up is in one part, and in one alone."""
    path = tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth"), "-scenario", "recv,select,mutex,spawn,sleep,gosched,syscalls", "-n", "2") as target:
        with record(target.pid, path) as process:
            await_group(path, "syscall")
            target.go()
            said = stopped(process)
    assert "nothing lost" in said, said
    begin = json.loads(run("report", "--json", path).stdout)["begin_ns"]
    events = [json.loads(line) for line in run("export", "--to", "json", path).stdout.splitlines() if '"event":"ready"' in line]
    at = [event["at_ns"] for event in events if isinstance(event["by"], int)]  # woken by goroutines
    middle = f"{int(statistics.median(at)) - begin}ns"
    parts = {"whole": [], "first": ["--before", middle], "second": ["--from", middle]}
    traces, shown = {}, {}
    for part, options in parts.items():
        out, = export(path, tmp_path / f"{part}.out", *options)
        traces[part] = counted(check_readable(out) if part == "second" else transitions(out, "-summary"))
        run("export", "--to", "perfetto", path, "-o", tmp_path / part, *options)
        shown[part] = collections.Counter({k: n for k, n in instants(tmp_path / part).items() if k[0] == "INSTANT"})
    assert traces["first"] and traces["second"]
    assert traces["first"] + traces["second"] == traces["whole"], (traces["whole"], traces["first"], traces["second"])
    assert shown["first"]["INSTANT", "wakes"] and shown["second"]["INSTANT", "wakes"]
    assert shown["first"] + shown["second"] == shown["whole"], shown
    assert "--from must lie before --before" in run("export", "--to", "go-trace", path, "--from", "2s", "--before", "1s", code=2).stderr
    nothing = run("export", "--to", "go-trace", path, "-o", tmp_path / "none", "--from", "1000s", code=2).stderr
    assert "nothing in that part" in nothing, nothing


def test_panics_are_in_traces(tmp_path):
    """Those that the program recovers, and the one that it dies of, with where they were thrown."""
    path, out = tmp_path / "f.gtr", tmp_path / "perfetto"
    program = build(PROGRAMS / "panics")
    done = subprocess.run([gorotrace(), "record", "-o", path, "--budget", "none", "--", program, "recover"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    panics = json.loads(run("report", "--json", path).stdout)["panics"]
    trace, = export(path, tmp_path / "f.out")
    logs = [log.split("|") for log in check_readable(trace)["logs"]]
    assert {category for category, *_ in logs} == {"panic"}, logs
    thrown = [(message, at) for _, message, at in logs if message.startswith("panic: ")]
    assert len(thrown) == panics["thrown"] and ('panic: string "some text"', "main.throwIt") in thrown, logs
    # One recovery may end several panics.
    assert 0 < sum(message == "recovered" for _, message, _ in logs) <= panics["recovered"], logs
    run("export", "--to", "perfetto", path, "-o", out)
    shown = instants(out)
    assert sum(n for (kind, name), n in shown.items() if kind == "INSTANT" and name.startswith("panic: ")) == panics["thrown"]
    assert shown["INSTANT", "exit status 0"] == 1, shown
    done = subprocess.run([gorotrace(), "record", "-o", path, "--budget", "none", "--", program, "panic", "error"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    trace, = export(path, tmp_path / "dies.out")
    assert any(log.startswith('panic|panic: *errors.errorString "an error"|main.throwIt') for log in check_readable(trace)["logs"])
    run("export", "--to", "perfetto", path, "-o", out)
    assert {("INSTANT", 'panic: *errors.errorString \\"an error\\"'), ("INSTANT", "exit status 2")} <= set(instants(out))


def test_what_was_lost_ends_a_file_and_all_can_be_read(tmp_path):
    """Rings that are too small for a ping-pong, attached in the middle of it."""
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "20s"]) as target:
        target.popen.stdin.write(b"go\n")
        target.popen.stdin.flush()
        time.sleep(0.5)
        with record(target.pid, path, "-d", "1s", "--ring-size", "16k") as process:
            assert process.wait(harness.PATIENCE) == 0, process.stderr
            said = process.stderr
    assert re.search(r"lost: [1-9]\d* by the kernel", said), said
    files = export(path, tmp_path / "out")
    assert len(files) > 1, said
    for each in files:
        transitions(each, "-summary")
    for each in files[:3]:
        check_readable(each)


def test_goroutines_of_c_threads(tmp_path):
    path = tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth", NEWEST, "cgo"), "-scenario", "all", "-n", "2") as target:
        with record(target.pid, path) as process:
            await_group(path, "syscall")
            target.go()
            stopped(process)
    out, = export(path, tmp_path / "out")
    read = check_readable(out)
    assert any(k.startswith("NotExist Syscall") for k in read["counts"]), read["counts"]


def test_groups_that_the_budget_takes_and_gives_back(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "30s"]) as target:
        target.popen.stdin.write(b"go\n")
        target.popen.stdin.flush()
        with record(target.pid, path, "-d", "8s", budget="10%,phases") as process:
            assert process.wait(harness.PATIENCE) == 0, process.stderr
    phases = run("cat", path).stdout.count("group block on")
    assert phases > 1, phases
    files = export(path, tmp_path / "out")
    assert len(files) > 1, files
    for each in files:
        transitions(each, "-summary")
    check_readable(files[-1])


def test_a_recording_without_a_group_is_refused(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        with record(target.pid, path, "-d", "1s", probes="lifecycle,block") as process:
            assert process.wait(harness.PATIENCE) == 0, process.stderr
        for kind in ("go-trace", "perfetto"):
            done = run("export", "--to", kind, path, "-o", tmp_path / "out", code=3)
            assert f"record -p {target.pid} --probes {GROUPS}" in done.stderr, done.stderr
            assert "has no run, syscall" in done.stderr, done.stderr
            assert not (tmp_path / "out").exists()


def test_a_million_events(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "60s"]) as target:
        target.popen.stdin.write(b"go\n")
        target.popen.stdin.flush()
        with record(target.pid, path, "--ring-size", "8m") as process:
            end = time.monotonic() + 60
            while not path.exists() or path.stat().st_size < 2_000_000:
                assert time.monotonic() < end, path.stat().st_size
                time.sleep(0.2)
            said = stopped(process)
    events = int(re.search(r": (\d+) events", said)[1])
    assert events > 1_000_000, said
    began = time.monotonic(), os.times()
    files = export(path, tmp_path / "out")
    took, cpu = time.monotonic() - began[0], os.times().children_user - began[1].children_user
    rate = events / 1e6
    print(f"{events} events: {took / rate:.2f} s a million, {cpu / rate:.2f} s of CPU; "
          f"{sum(f.stat().st_size for f in files) / events:.1f} bytes an event, {path.stat().st_size / events:.1f} in the recording")
    assert cpu / rate < 3, (took, cpu, events)
    check_readable(files[0])


def decoded(path):
    done = subprocess.run(["protoc", "--decode=Trace", f"--proto_path={HERE}", "perfetto.proto"], stdin=open(path),
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_perfetto(tmp_path):
    """Every field is one of the published schema, slices begin and end, arrows have two ends."""
    path, out = tmp_path / "f.gtr", tmp_path / "out"
    with Truth(build(PROGRAMS / "truth"), "-scenario", "recv,select,mutex,spawn,syscalls", "-n", "2") as target:
        with record(target.pid, path) as process:
            await_group(path, "syscall")
            target.go()
            stopped(process)
    run("export", "--to", "perfetto", path, "-o", out)
    text = decoded(out)
    assert not re.search(r"^ *\d+[:{ ]", text, re.M), "a field that the schema has not"
    packets = text.split("packet {\n")[1:]
    tracks = {m[1] for p in packets if (m := re.search(r"track_descriptor \{\n    uuid: (\d+)", p))}
    open_slices, flows, names = collections.Counter(), collections.Counter(), set(re.findall(r'event_names \{\n      iid: \d+\n      name: "(.*)"', text))
    for p in packets:
        track = re.search(r"track_uuid: (\d+)", p)
        if not track:
            continue
        assert track[1] in tracks, p
        if "TYPE_SLICE_BEGIN" in p:
            open_slices[track[1]] += 1
        elif "TYPE_SLICE_END" in p:
            open_slices[track[1]] -= 1
        assert open_slices[track[1]] in (0, 1), p
        flows.update(re.findall(r" flow_ids: (\d+)", p))
        flows.subtract(re.findall(r"terminating_flow_ids: (\d+)", p))
    assert not +open_slices and not any(flows.values()), (open_slices, flows)
    assert {"running", "runnable", "chan receive", "select", "sync.Mutex.Lock", "wakes", "go", "system call"} <= names, names
    assert 'name: "main.(*blocking).run' in text or 'created by main.' in text
    assert "main.blockRecv " in text, "stacks of waits"
