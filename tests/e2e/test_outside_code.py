"""Code that is not the program's own on goroutines' stacks: plugins, and code made at run time."""

import json
import os
import platform
import re
import subprocess

import pytest

import harness
import tracebacks
from harness import PROGRAMS, Truth, build
from test_dump import dump, dump_json

WHO_KNOWS = "code that is not the program's own"


def build_plugin():
    """The host and its plugin, built alike: the runtime compares the two."""
    source = PROGRAMS / "plugin"
    host = build(source, variant="cgo")
    plugin = host.with_suffix(".so")
    if not plugin.exists():
        environment, arguments = harness.VARIANTS["cgo"]
        done = subprocess.run([harness.ROOT / "tools" / "toolchain", harness.NEWEST, "build", "-buildmode=plugin",
                               "-o", f"{plugin}.new", *arguments, "./p"], cwd=source,
                              env={**os.environ, **environment}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        os.rename(f"{plugin}.new", plugin)
    return host, plugin


@pytest.mark.parametrize("arguments", [(), ("block",)])
def test_a_plugins_frames_stand_between_the_programs_own(arguments):
    host, plugin = build_plugin()
    with Truth(host, plugin, *arguments) as process:
        theirs = tracebacks.parse_debug2(process.ready["text"])
        text = dump("-p", process.pid)
        ours = tracebacks.parse_debug2(text)
        named = f"[{plugin.name}]"
        in_plugin = 0
        for goid in set(theirs) - {1}:
            expected = ["<plugin>" if name.startswith(("example.com/plugin/p.", "plugin/unnamed")) else name
                        for name, *_ in theirs[goid].frames]
            got = [(name.replace(named, "<plugin>"), file) for name, file, *_ in ours[goid].frames]
            # The plugin's own copies of the runtime's functions have no name to leave them out by.
            hidden = len(got) - len(expected)
            assert [name for name, _ in got] == ["<plugin>"] * hidden + expected, goid
            assert hidden == 0 or expected[0] == "<plugin>", goid
            assert all(file == str(plugin) for name, file in got if name == "<plugin>"), got
            assert not ours[goid].elided and ours[goid].no_stack is None
            in_plugin += "<plugin>" in expected
        assert in_plugin == 1 + len(arguments)
        assert WHO_KNOWS not in text
        found = dump_json("-p", process.pid)
        assert found["counts"]["moved"] == 0
        assert not any(s["truncated"] or s["ends_outside"] for s in found["stacks"].values())
        # Nothing else refuses the process either.
        for command in (["stat", "--probes", "none", "-d", "300ms"], ["dump", "--waiters"], ["metrics"]):
            done = subprocess.run([harness.gorotrace(), *command, "-p", str(process.pid)], capture_output=True,
                                  text=True, timeout=60)
            assert done.returncode == 0, (command, done.stderr)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the program writes machine code of amd64")
def test_a_stack_ends_at_code_made_at_run_time_and_says_so():
    with Truth(build(PROGRAMS / "made")) as process:
        text = dump("-p", process.pid)
        found = [g for g in tracebacks.parse_debug2(text).values() if any("below" in f[0] for f in g.frames)]
        assert len(found) == 2
        for g in found:
            assert [f[0] for f in g.frames] == ["main.below", "[jit]"]
            assert g.elided and g.no_stack is None
            assert g.created_by[0].split(" in ")[0] == "main.main"
        assert re.search(rf"^# gorotrace: 2 stacks end at {WHO_KNOWS}", text, re.M), text
        as_json = dump_json("-p", process.pid)
        assert as_json["counts"]["moved"] == 0
        ends = [s for s in as_json["stacks"].values() if s["ends_outside"]]
        assert len(ends) == 2 and all(s["truncated"] and s["frames"][-1]["function"] == "[jit]" for s in ends)
        assert json.dumps(as_json).count("main.above") == 0
