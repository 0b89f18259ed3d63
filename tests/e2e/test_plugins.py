"""Goroutines of a plugin: its code calls copies of the runtime's functions that are in the plugin's own file."""

import contextlib
import hashlib
import json
import os
import subprocess
import time

import pytest

import harness
import tracebacks
from harness import PROGRAMS, VERSIONS, Stat, Truth
from test_dump import dump, dump_json

EACH = [pytest.param(v, marks=() if v == harness.NEWEST else pytest.mark.slow) for v in VERSIONS]
WAYS = {"receive": "chan receive", "send": "chan send", "choose": "select", "lock": "sync.Mutex.Lock",
        "await": "sync.WaitGroup.Wait", "read": "IO wait", "nap": "sleep", "func1": "chan receive"}


def build_plugin(version=harness.NEWEST, package="p", variant="cgo"):
    """The host and a plugin, built alike: the runtime compares the two."""
    source = PROGRAMS / "plugin"
    host = harness.build(source, version, variant)
    digest = hashlib.sha256((source / package / f"{package}.go").read_bytes()).hexdigest()[:12]
    plugin = host.with_name(f"{host.name}-{package}-{digest}.so")
    if not plugin.exists():
        environment, arguments = harness.VARIANTS[variant]
        if variant in harness.PROFILED:
            arguments = [*arguments, f"-pgo={harness.PROFILED[variant](version)}"]
        done = subprocess.run([harness.ROOT / "tools" / "toolchain", version, "build", "-buildmode=plugin", "-o",
                               f"{plugin}.{os.getpid()}", *arguments, f"./{package}"], cwd=source,
                              env={**os.environ, **environment}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        os.rename(f"{plugin}.{os.getpid()}", plugin)
    return host, plugin


def short(name):
    """Without what leads to the plugin's package."""
    return name.removeprefix("example.com/plugin/")


def agree(theirs, text):
    """The dump's word of every goroutine but the host's first, which wrote the oracle, is the runtime's."""
    ours = tracebacks.parse_debug2(text)
    assert set(theirs) <= set(ours)
    for goid in set(theirs) - {1}:
        assert ours[goid].frames == theirs[goid].frames, goid
        assert ours[goid].created_by == theirs[goid].created_by, goid
        assert ours[goid].words[0] == theirs[goid].words[0], goid
        assert not ours[goid].elided and ours[goid].no_stack is None, goid
    return ours


@pytest.mark.parametrize("version", EACH)
@pytest.mark.parametrize("arguments", [(), ("block",)])
def test_frames_and_go_statements_of_a_plugin_are_the_runtimes(version, arguments):
    host, plugin = build_plugin(version)
    with Truth(host, plugin, *arguments) as process:
        theirs = tracebacks.parse_debug2(process.ask("spawn", "spawn")["text"])
        text = dump("-p", process.pid)
        agree(theirs, text)
        assert "[" + plugin.name + "]" not in text and "are not the program's own" not in text
        starts = sorted(short(g.frames[-1][0]) for g in theirs.values() if g.frames and
                        g.created_by and short(g.created_by[0].split(" in ")[0]) == "p.Spawn")
        assert len(starts) == len(WAYS), starts
        if arguments:
            names = [[short(f[0]) for f in g.frames] for g in theirs.values()]
            assert ["main.hostBlock", "p.Through"] in names and ["p.stuck", "p.Block"] in names, names
        found = dump_json("-p", process.pid)
        assert found["counts"]["moved"] == 0
        assert not any(s["truncated"] or s["ends_outside"] for s in found["stacks"].values())


def rows_of(summary, function):
    return [r for r in summary["blocking"] if function in [short(n) for n in harness.functions(r["stack"])]]


def check_work(summary):
    """Work(50, 100): counted to the last one."""
    made = sorted((row["created"], row["exited"]) for row in summary["creation"]
                  if [short(n) for n in harness.functions(row["site"])[:1]] == ["p.Work"])
    assert made == [(1, 1), (50, 50)], made
    rows = rows_of(summary, "p.receive")
    assert sum(r["count"] or 0 for r in rows) == 100, rows
    assert sum((r["ended_unknown"] or 0) + (r["tainted"] or 0) for r in rows) == 0, rows
    woken = sum(w["count"] for r in rows for w in r["wakers"]
                if "p.send" in [short(n) for n in harness.functions(w["stack"])])
    assert woken == 100, rows
    assert all(f["file"].endswith("/p/p.go") and f["line"] > 0 for r in rows for f in r["stack"]
               if short(f["function"]).startswith("p.")), rows


@pytest.mark.parametrize("version", EACH)
def test_probes_count_what_a_plugin_does(version):
    host, plugin = build_plugin(version)
    with Truth(host, plugin) as process, Stat(process.pid, "--budget", "none", "--limit", "0") as stat:
        stat.armed()
        process.ask("work", "work")
        summary = stat.stop()
        harness.check_lossless(summary)
        check_work(summary)
        assert not summary["notices"], summary["notices"]
        assert not harness.modified_text(process.pid, plugin, library=True)


def test_sampling_names_where_a_plugin_waits():
    host, plugin = build_plugin()
    with Truth(host, plugin, "late") as process, Stat(process.pid, "--probes", "none", "--limit", "0") as stat:
        stat.armed()
        process.ask("open", "open")
        process.ask("spawn", "spawn")
        time.sleep(1.5)
        summary = stat.stop()
        for function, reason in WAYS.items():
            rows = [r for r in rows_of(summary, f"p.{function}") if r["reason"] == reason] \
                if function != "func1" else rows_of(summary, "p.Spawn.func1")
            assert rows and rows[0]["in_window_ns"] > 0, (function, summary["blocking"])
        sites = {short(harness.functions(r["site"])[0]) for r in summary["creation"] if r["site"]}
        assert "p.Spawn" in sites, sites


def test_a_plugin_that_comes_while_probes_are_on_is_named_and_counted_from_then_on():
    host, plugin = build_plugin()
    with Truth(host, plugin, "late") as process, Stat(process.pid, "--budget", "none", "--limit", "0") as stat:
        stat.armed()
        process.ask("open", "open")
        end = time.monotonic() + 20
        while not harness.modified_text(process.pid, plugin, library=True):
            assert time.monotonic() < end, "no probe in the plugin"
            time.sleep(0.1)
        time.sleep(0.2)  # until coverage begins
        process.ask("work", "work")
        summary = stat.stop()
        check_work(summary)
        assert any(plugin.name in n and "came while" in n for n in summary["notices"]), summary["notices"]
        assert {r["quality"] for r in rows_of(summary, "p.receive")} == {"lower bound"}
        assert not harness.modified_text(process.pid, plugin, library=True)


def test_each_of_several_plugins_is_known():
    (host, first), (_, second) = build_plugin(package="q"), build_plugin()
    with Truth(host, f"{first},{second}") as process:
        theirs = tracebacks.parse_debug2(process.ask("spawn", "spawn")["text"])
        agree(theirs, dump("-p", process.pid))
        stacks = [[short(f[0]) for f in g.frames] for g in theirs.values()]
        assert ["q.rest"] in stacks and ["p.receive", "p.Spawn.func1"] in stacks, stacks
        with Stat(process.pid, "--budget", "none", "--limit", "0") as stat:
            stat.armed()
            process.ask("work", "work")
            summary = stat.stop()
        harness.check_lossless(summary)
        check_work(summary)


def check_text(pid):
    done = subprocess.run([harness.gorotrace(), "check", "-p", str(pid)], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_check_tells_of_probes_in_a_plugin():
    host, plugin = build_plugin()
    with Truth(host, plugin) as process:
        done = subprocess.run([harness.gorotrace(), "check", "-p", str(process.pid), "--json"], capture_output=True,
                              text=True, timeout=harness.PATIENCE)
        assert done.returncode == 0, done.stderr
        target = json.loads(done.stdout)["target"]
        assert target["plugins_refused"] == []
        assert [p["path"] for p in target["plugins"]] == [str(plugin)]
        own, theirs = target["sites"], target["plugins"][0]["sites"]
        assert {"create", "ready"} <= {s["hook"] for s in theirs}
        assert {s["function"] for s in theirs} <= {s["function"] for s in own}
        assert all(u["expected"] for u in target["plugins"][0]["unplanned"]), target["plugins"][0]["unplanned"]
        assert "\nnothing is missing for the probe groups" in check_text(process.pid)


@pytest.mark.slow
def test_what_a_plugins_copies_hide_is_said():
    """PGO inlined casgstatus in its copy of the scheduler, in which a thread begins that its code started."""
    host, plugin = build_plugin(variant="hidden-cgo")
    with Truth(host, plugin) as process:
        text = check_text(process.pid)
        missing = text.split("\nplugin", 1)[1]
        assert "nothing is missing" not in text
        assert "ready MISSING: runtime.findRunnable: runtime.casgstatus is inlined" in " ".join(missing.split())
        summary = harness.stat_now(process.pid)
        assert any(f"ready is not seen in runtime.findRunnable of {plugin}" in n for n in summary["notices"])


def test_processes_that_share_the_programs_probes_have_each_its_own_in_the_plugin():
    host, plugin = build_plugin()
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(Truth(host, plugin)) for _ in range(9)]
        stat = stack.enter_context(Stat([p.pid for p in processes], "--budget", "none", "--limit", "0"))
        stat.armed(len(processes))
        for process in processes:
            process.send("work")
        for process in processes:
            process.answer("work")
        stat.stop()
        assert len(stat.summaries) == len(processes)
        for summary in stat.summaries:
            assert summary["cost"]["shared_probes"]["targets"] == len(processes)
            harness.check_lossless(summary)
            check_work(summary)


def test_a_plugin_whose_file_is_another_one_by_now_is_opened_all_the_same(tmp_path):
    """The file that is mapped, whatever became of its name."""
    host, built = build_plugin()
    plugin = tmp_path / "plug.so"
    plugin.write_bytes(built.read_bytes())
    with Truth(host, plugin) as process:
        theirs = tracebacks.parse_debug2(process.ask("spawn", "spawn")["text"])
        plugin.unlink()
        plugin.write_bytes(b"\x7fELF")
        agree(theirs, dump("-p", process.pid))


def test_a_plugin_whose_file_is_damaged_is_named_and_nothing_is_called_exact(tmp_path):
    host, built = build_plugin()
    plugin = tmp_path / "plug.so"
    plugin.write_bytes(built.read_bytes())
    with Truth(host, plugin) as process:
        process.ask("spawn", "spawn")
        with open(plugin, "r+b") as file:  # mapped, but nobody reads it any more: for which machine it is
            file.seek(18)
            file.write(b"\xff\xff")
        text = dump("-p", process.pid)
        assert "[plug.so](...)" in text and "p.receive" not in text
        done = subprocess.run([harness.gorotrace(), "check", "-p", str(process.pid), "--json"], capture_output=True,
                              text=True, timeout=harness.PATIENCE)
        target = json.loads(done.stdout)["target"]
        assert [p["path"] for p in target["plugins_refused"]] == [str(plugin)] and target["plugins"] == []
        assert "nothing is missing" not in check_text(process.pid)
        summary = harness.stat_now(process.pid)
        assert any(f"what code of {plugin} does is not seen" in n for n in summary["notices"]), summary["notices"]
        assert {r["quality"] for r in summary["blocking"]} == {"lower bound"}
