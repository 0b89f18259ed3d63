"""Two recordings, or two dumps, held against each other."""

import json
import signal
import subprocess
import time

import jsonschema
import pytest

import harness
from harness import PROGRAMS, ROOT, Process, await_group, build, gorotrace


def run(*arguments, code=0):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}:\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A program before, and while, it does something; and another program."""
    directory = tmp_path_factory.mktemp("diff")
    before, after, other = directory / "before.gtr", directory / "after.gtr", directory / "other.gtr"
    with Process([build(PROGRAMS / "profiled"), directory]) as target:
        assert target.lines.next() == "ready"
        run("record", "-p", target.pid, "-d", "1s", "-o", before)
        with open(directory / "before.json", "w") as out:
            out.write(run("dump", "--format", "json", "-p", target.pid).stdout)
        with Process([gorotrace(), "record", "-p", target.pid, "-o", after, "--budget", "none"]) as record:
            await_group(after, "block")
            for _ in range(2):
                target.popen.stdin.write(b"go\n")
                target.popen.stdin.flush()
                assert target.lines.next(90)
            time.sleep(0.5)
            record.popen.send_signal(signal.SIGINT)
            assert record.wait(harness.PATIENCE) == 0, record.stderr
        with open(directory / "after.json", "w") as out:
            out.write(run("dump", "--format", "json", "-p", target.pid).stdout)
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        run("record", "-p", target.pid, "-d", "1s", "-o", other)
    return directory


def test_what_grew_and_what_is_new(files):
    told = json.loads(run("diff", "--json", files / "before.gtr", files / "after.gtr").stdout)
    jsonschema.validate(told, json.loads((ROOT / "userspace/report/comparison.schema.json").read_text()))
    forever, = [s for s in told["creation_sites"] if s["start_function"] == "main.waitForever" and s["before"] is not None]
    assert forever["before"]["live"] == 5
    assert max(s["after"]["live"] for s in told["creation_sites"] if s["start_function"] == "main.waitForever" and s["after"]) == 7
    new = {tuple(w["functions"]) for w in told["waits"] if w["before"] is None}
    assert any("main.receive" in functions for functions in new), new
    # The same figures as the two reports'.
    for which in ("before", "after"):
        summary = json.loads(run("report", "--json", files / f"{which}.gtr").stdout)
        assert told[which]["live"] == summary["goroutines"]["live"]
        assert told[which]["window_ns"] == summary["window_ns"]
    text = run("diff", files / "before.gtr", files / "after.gtr").stdout
    assert text.index("WHAT GREW") < text.index("main.waitForever") < text.index("WHAT GOT SLOWER") < text.index("WHAT IS NEW")
    assert "live 5 -> 7" in text, text


def test_a_recording_does_not_differ_from_itself(files):
    told = json.loads(run("diff", "--json", files / "after.gtr", files / "after.gtr").stdout)
    assert told["waits"] and all(w["before"] == w["after"] for w in told["waits"])
    assert told["creation_sites"] and all(s["before"] == s["after"] for s in told["creation_sites"])


def test_dumps_compare_as_dump_does(files):
    pair = files / "before.json", files / "after.json"
    assert run("diff", *pair).stdout == run("dump", "--limit", "10", "--diff", *pair).stdout
    assert run("diff", "--json", *pair).stdout == run("dump", "--json", "--limit", "10", "--diff", *pair).stdout


def test_what_does_not_compare_is_refused(files):
    said = run("diff", files / "before.gtr", files / "other.gtr", code=2).stderr
    assert "two programs" in said and "profiled" in said and "demo" in said, said
    assert "earlier" in run("diff", files / "after.gtr", files / "before.gtr", code=2).stderr
    assert "two of a kind" in run("diff", files / "before.gtr", files / "before.json", code=2).stderr
    assert "nowhere.gtr" in run("diff", files / "before.gtr", files / "nowhere.gtr", code=1).stderr
    run("diff", files / "nowhere", files / "nowhere", code=1)


def test_one_process_of_several_is_chosen(files, tmp_path):
    path, demo = tmp_path / "two.gtr", build(PROGRAMS / "demo")
    with Process([demo]) as one, Process([demo]) as other:
        time.sleep(0.5)
        run("record", "-p", one.pid, "-p", other.pid, "-o", path, "-d", "1s")
        both = f"{one.pid}, {other.pid}"
        assert f"holds the processes {both}: choose one with -p" in run("diff", path, path, code=2).stderr
        told = {}
        for chosen in ((one.pid,), (one.pid, other.pid), (other.pid, one.pid)):
            options = [word for pid in chosen for word in ("-p", pid)]
            told[chosen] = json.loads(run("diff", "--json", *options, path, path).stdout)
            assert [told[chosen][side]["pid"] for side in ("before", "after")] == [chosen[0], chosen[-1]]
        assert all(w["before"] == w["after"] for w in told[one.pid,]["waits"])
        assert f"does not hold process 1, but {both}" in run("diff", "-p", 1, path, path, code=2).stderr
        assert "-p" in run("diff", *["-p", one.pid] * 3, path, path, code=2).stderr
    assert "-p" in run("diff", "-p", 1, files / "before.json", files / "after.json", code=2).stderr


def test_a_file_that_cannot_be_read_is_told_by_its_reader(files, tmp_path):
    cut, empty = tmp_path / "cut.gtr", tmp_path / "empty.gtr"
    cut.write_bytes((files / "before.gtr").read_bytes()[:12])
    empty.write_bytes(b"")
    assert "cut within its header" in run("diff", cut, files / "after.gtr", code=1).stderr
    assert "empty.gtr" in run("diff", empty, files / "after.gtr", code=2).stderr
    said = run("diff", files / "nowhere.gtr", files / "after.gtr", code=1).stderr
    assert "cannot open" in said and "nowhere.gtr: No such file" in said, said


def test_panics_compare(tmp_path):
    program, before, after = build(PROGRAMS / "panics"), tmp_path / "before.gtr", tmp_path / "after.gtr"
    for path, n in ((before, 10), (after, 30)):
        done = subprocess.run([gorotrace(), "record", "-o", path, "--budget", "none", "--", program, "many", str(n)],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    told = json.loads(run("diff", "--json", before, after).stdout)
    jsonschema.validate(told, json.loads((ROOT / "userspace/report/comparison.schema.json").read_text()))
    row, = told["panics"]
    assert (row["value_type"], row["recovered"], row["recovered_in"]) == ("*errors.errorString", True, "main.keep"), row
    assert row["functions"][0] == "main.throwIt" and "main.keep" in row["functions"], row
    assert (row["before"]["count"], row["after"]["count"]) == (80, 240), row
    text = run("diff", before, after).stdout
    assert "PANICS" in text and "panics 80 -> 240, per second" in text and "recovered in main.keep" in text, text
    # Where one of the two did not look there is nothing to compare, and that is said.
    done = subprocess.run([gorotrace(), "record", "-o", after, "--probes", "block", "--", program, "many", "1"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "has no probes of the panic group: panics do not compare" in run("diff", before, after).stderr
