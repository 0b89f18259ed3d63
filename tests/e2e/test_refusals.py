"""What cannot be traced is refused with its cause, and ps lists what is Go all the same, with the reason."""

import contextlib
import json
import re
import subprocess

import pytest

import harness
from test_life import DONE, FAILED, UNSUPPORTED, refused, run

# Of another compiler's runtime, or packed: what marks such a file, in a C program that sleeps.
MARKS = {
    "gccgo": ('const char *version = "go1.18 gccgo (Debian 12.2.0-14) 12.2.0";', None),
    "gccgo -static-libgo": ("", ".go_export"),
    "TinyGo": ("void tinygo_startTask(void) {}", None),
}


@contextlib.contextmanager
def running(*command):
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture(params=[*MARKS, "UPX", "-linkshared"])
def foreign(request, tmp_path):
    """The mark, and a program that bears it."""
    program = tmp_path / "program"
    if request.param == "UPX":
        data = bytearray(harness.build(harness.PROGRAMS / "idle").read_bytes())
        data[40:48], data[60:64] = bytes(8), bytes(4)  # no section headers, as in what UPX writes
        behind = 64 + 56 * int.from_bytes(data[56:58], "little")
        data[behind + 4:behind + 8] = b"UPX!"
        program.write_bytes(data)
        program.chmod(0o755)
        return request.param, program
    if request.param == "-linkshared":  # its line table lacks what the runtime's library has
        program.write_bytes(harness.build(harness.PROGRAMS / "idle").read_bytes().replace(
            b"\0runtime.rt0_go\0", b"\0runtime.rt0_no\0"))
        program.chmod(0o755)
        return request.param, program
    text, section = MARKS[request.param]
    (tmp_path / "program.c").write_text(f"#include <unistd.h>\n{text}\nint main(void) {{ for (;;) pause(); }}\n")
    subprocess.run(["gcc", "-o", program, tmp_path / "program.c"], check=True)
    if section:
        (tmp_path / "note").write_bytes(b"\0" * 16)
        subprocess.run(["objcopy", "--add-section", f"{section}={tmp_path / 'note'}", program], check=True)
    return request.param.split()[0], program


def listed(pid):
    done = run("ps", "--json")
    assert done.returncode == DONE, done
    return [row for row in map(json.loads, done.stdout.splitlines()) if row["pid"] == pid]


def test_other_go_is_refused_and_listed_with_its_cause(foreign):
    mark, program = foreign
    with running(program) as pid:
        for command in (["dump"], ["stat", "-d", "1s"], ["metrics"], ["check"]):
            refused(run(*command, "-p", pid), UNSUPPORTED, mark)
        row, = listed(pid)
        assert not row["supported"] and mark in row["reason"], row
        line, = re.findall(rf"^ *{pid} .*$", run("ps").stdout, re.M)
        assert "not supported" in line and mark in line, line


def test_what_is_not_go_is_refused_and_not_listed():
    with running("sleep", "60") as pid:
        refused(run("dump", "-p", pid), UNSUPPORTED, "not a Go executable")
        assert listed(pid) == []


def test_an_empty_sys_is_named(truth):
    target = truth()
    hide = 'mount -t tmpfs none /sys && exec "$0" "$@"'

    def run_there(*arguments):
        return subprocess.run(["unshare", "--mount", "sh", "-c", hide, harness.gorotrace(), *map(str, arguments)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)

    refused(run_there("stat", "-p", target.pid, "-d", "1s"), FAILED, "/sys is empty", "stat --probes none")
    for arguments in (["stat", "--probes", "none", "-d", "300ms"], ["dump"], ["metrics"]):
        done = run_there(*arguments, "-p", target.pid)
        assert done.returncode == DONE, (arguments, done.stderr)


# ---------------------------------------------------------------- a runtime that is another one in places

@pytest.fixture(params=["lockranking", "lockranking-symbols"])
def ranked(request):
    """GOEXPERIMENT=staticlockranking: every lock is 16 bytes longer, and what lies behind one elsewhere."""
    with harness.Truth(harness.build(harness.PROGRAMS / "ages", variant=request.param)) as process:
        process.ask("park", "park")
        yield process, request.param


def test_counters_that_lie_elsewhere_are_not_read(ranked):
    """Not from where the table has them: from the debug information, or not at all, and said."""
    process, variant = ranked
    check = run("check", "-p", process.pid)
    there = variant == "lockranking-symbols"
    assert ("counters cannot be read: runtime.sched" in check.stdout) != there, check.stdout
    assert ("but not those of counters, checked" in " ".join(check.stdout.split())) != there, check.stdout
    live = len([g for g in json.loads(run("dump", "-p", process.pid, "--json").stdout)["goroutines"]])
    for probes in ([], ["--probes", "none"]):
        with harness.Stat(process.pid, "-d", "1s", *probes) as stat:
            summary = stat.finish()
        assert summary["goroutines"]["live"] == live, (summary["goroutines"], live)
        assert summary["goroutine_seconds"]["live_integral"] == pytest.approx(live * summary["window_ns"] / 1e9, rel=0.1)
        cross_check = summary["cross_check"]
        assert (cross_check is not None) == (there and not probes), cross_check
    row, = listed(process.pid)
    assert row["goroutines"] == live if there else row["goroutines"] is None, row
