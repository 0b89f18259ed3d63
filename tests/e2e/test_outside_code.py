"""Code without a line table on goroutines' stacks: made at run time."""

import json
import platform
import re

import pytest

import tracebacks
from harness import PROGRAMS, Truth, build
from test_dump import dump, dump_json

WHO_KNOWS = "code that is not the program's own"


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
