"""Stacks too deep to be read, or kept, at once."""

import re

import pytest

import tracebacks
from harness import NEWEST, PROGRAMS, VERSIONS, Truth, build
from test_dump import dump, dump_json


@pytest.mark.parametrize("version", [VERSIONS[0], NEWEST])
def test_both_ends_are_shown_and_what_lies_between_is_counted(version):
    with Truth(build(PROGRAMS / "deep", version)) as process:
        text, found = dump("-p", process.pid), dump_json("-p", process.pid)
    elided = [int(n) for n in re.findall(r"^\.\.\.(\d+) frames elided\.\.\.$", text, re.M)]
    assert len(elided) == 3, text[:2000]
    deep = {goid: g for goid, g in tracebacks.parse_debug2(text).items() if g.elided}
    assert len(deep) == 3
    # Each call of itself is one frame, inlined into none; the innermost call has 0 left.
    calls = sorted(sum(f[0] in ("main.small", "main.large") for f in g.frames) for g in deep.values())
    assert sorted(map(sum, zip(sorted(elided), calls))) and sum(elided) + sum(calls) == 6001 + 20_001 + 6001
    for g in deep.values():
        assert "main.outermost" in [f[0] for f in g.frames]
        assert g.created_by[0].split(" in ")[0] == "main.main"
    gaps = [s for s in found["stacks"].values() if s["gap"]]
    assert sorted(s["gap"]["calls"] for s in gaps) == sorted(elided)
    for s in gaps:
        names = [f["function"] for f in s["frames"]]
        at = s["gap"]["after_frames"]
        assert at == 4096  # however much of it could be read at once
        assert s["truncated"] and names[-1] == "runtime.goexit" and len(names) - at == 50
        assert names[at - 1] == names[at] and names[at] in ("main.small", "main.large")


def test_frames_above_a_callback_from_c_are_those_of_the_runtime():
    with Truth(build(PROGRAMS / "callback", variant="cgo")) as process:
        theirs = tracebacks.parse_debug2(process.ready["text"])
        ours = tracebacks.parse_debug2(dump("-p", process.pid))
    checked = 0
    for goid in set(theirs) - {1}:
        assert ours[goid].key() == theirs[goid].key(), goid
        assert not ours[goid].elided
        checked += any(f[0] == "main.goCallback" for f in theirs[goid].frames)
    assert checked == 2
    assert any(f[0] == "main.bigFrame" for g in ours.values() for f in g.frames)
