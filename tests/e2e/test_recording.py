"""Capture files: the same truth as live, on another machine, and after a writer that was killed."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
import zlib

import pytest

import harness
from harness import PROGRAMS, Process, Stat, Truth, await_group, build, gorotrace


def run(*arguments, code=0, **options):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}:\n{done.stderr}"
    return done


def report_lines(path, *arguments):
    return run("report", "--json", path, *arguments).stdout.splitlines()


def await_begun(path):
    end = time.monotonic() + 30
    while not path.exists() or path.stat().st_size == 0:
        assert time.monotonic() < end, f"nothing was written to {path} within 30 s"
        time.sleep(0.1)


def recorded_stat(pid, path, *arguments, duration="2s"):
    """stat --json --record: its summary, as it was written, and as a value."""
    with Stat(pid, "-d", duration, "--record", str(path), *arguments) as stat:
        lines = []
        while (line := stat.lines.next()) is not None:
            lines.append(line)
        assert stat.wait() == 0, stat.stderr
    summaries = [line for line in lines if json.loads(line)["type"] == "summary"]
    for line in summaries:
        harness.check_schema(json.loads(line))
        harness.check_always(json.loads(line))
    return summaries


ENGINES = {"default": [], "none": ["--probes", "none"], "all": ["--probes", "lifecycle,block,run,syscall,sync,chan",
                                                                "--budget", "none", "--ring-size", "8m"],
           "detach": ["--budget", "1%,detach", "--ring-size", "8m"], "label": ["--by", "label:tenant"], "system": ["--system"]}


@pytest.mark.parametrize("kind", ENGINES)
def test_a_report_is_what_stat_said(kind, tmp_path):
    """Byte for byte: whichever engines filled the tables, and also when the budget takes groups away."""
    options = ENGINES[kind]
    shown = [o for o in options if o == "--system"]  # by which label the file says
    if kind == "detach":
        target = Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "10s")
        target.send("go")
    else:
        target = Process([build(PROGRAMS / ("labelled" if kind == "label" else "demo"))])
    with target:
        time.sleep(0.3)
        summary, = recorded_stat(target.pid, tmp_path / "f.gtr", *options)
    assert json.loads(summary)["events"]["dropped"] == 0, json.loads(summary)["events"]
    told, = report_lines(tmp_path / "f.gtr", *shown)
    assert told == summary
    if kind == "detach":
        assert json.loads(told)["cost"]["detached"], json.loads(told)["cost"]


def test_several_targets_are_in_one_file(tmp_path):
    demo = build(PROGRAMS / "demo")
    with Process([demo]) as one, Process([demo]) as other:
        time.sleep(0.3)
        summaries = recorded_stat([one.pid, other.pid], tmp_path / "f.gtr")
    assert len(summaries) == 2
    assert report_lines(tmp_path / "f.gtr") == summaries


def test_record_says_what_it_did_and_report_tells_it(truth, tmp_path):
    """The program's own account of what its goroutines waited for is in the file."""
    target = truth("-scenario", "all", "-n", "3")
    path = tmp_path / "of today; $(f).gtr"
    with Process([gorotrace(), "record", "-p", target.pid, "-o", path, "--budget", "none"]) as record:
        await_group(path, "lifecycle")
        done = target.go()
        record.popen.send_signal(signal.SIGINT)
        assert record.wait(harness.PATIENCE) == 0, record.stderr
        said = record.stderr.splitlines()
    assert re.fullmatch(rf"recorded .* of .*truth.* \(PID {target.pid}\): \d+ events?, .* in .*\(f\)\.gtr; nothing lost", said[-3]), said
    assert re.fullmatch(r"cost: \d+ hits?, .* % of the target's CPU(, within the budget: .*)?", said[-2]), said
    assert said[-1].startswith("next: gorotrace report ") and shlex.split(said[-1])[3:] == [str(path)], said
    summary = json.loads(report_lines(path)[0])
    harness.check_schema(summary)
    harness.check_always(summary)
    harness.check_lossless(summary)
    harness.check_counts(summary, done)


def events_of(text):
    return int(re.search(r"(\d+) events?\b", text)[1])


def test_all_who_count_events_count_the_same(tmp_path):
    """Of one file: what record says, the summary, its JSON, cat, and what the exports were made from."""
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        recorded = events_of(run("record", "-p", target.pid, "-d", "2s", "-o", path, "--budget", "none").stderr)
    assert recorded > 1000
    events = json.loads(report_lines(path)[0])["events"]
    assert events["in_window"] == recorded, (events, recorded)
    assert events["received"] >= recorded and events["dropped"] == 0, events
    text = run("report", path).stdout.replace("\n  ", " ")
    if events["received"] > recorded:
        assert f"; {recorded} in the window, {events['received'] - recorded} behind its end" in text, text
    else:
        assert "; all received are in the window" in text, text
    lines = [json.loads(line) for line in run("export", "--to", "json", path).stdout.splitlines()]
    assert sum(line["type"] == "event" for line in lines) == recorded
    for to in ("go-trace", "perfetto"):
        said = run("export", "--to", to, path, "-o", tmp_path / "out").stderr
        assert f"from {recorded} events" in said, said
    part = json.loads(report_lines(path, "--to", "1s")[0])["events"]
    assert 0 < part["in_window"] < recorded and part["in_window"] == part["received"], part
    said = run("export", "--to", "go-trace", "--before", "1s", path, "-o", tmp_path / "out").stderr
    # The report's part ends between two runs of records, the export's at a time.
    assert abs(events_of(said) - part["in_window"]) <= 0.02 * part["in_window"], (said, part)


def test_what_a_file_held_is_kept(tmp_path):
    path, old = tmp_path / "f.gtr", tmp_path / "f.gtr.old"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        commands = {"record": ["record", "-p", target.pid, "-d", "1s", "-o", path],
                    "--last": ["record", "-p", target.pid, "-d", "1s", "-o", path, "--last", "5s"],
                    "stat": ["stat", "-p", target.pid, "-d", "1s", "--record", path]}
        for how, command in commands.items():
            path.write_text(f"of yesterday, {how}")
            said = run(*command).stderr
            assert old.read_text() == f"of yesterday, {how}"
            assert how == "stat" or f"(what was there is kept as {old})" in said, said
            assert json.loads(report_lines(path)[0])["events"]["in_window"] > 0
        assert sorted(f.name for f in tmp_path.iterdir()) == ["f.gtr", "f.gtr.old"]
        path.unlink()
        assert "kept as" not in run(*commands["record"]).stderr


def test_a_time_and_a_format_have_one_name(tmp_path):
    path = tmp_path / "f.gtr"
    assert "gorotrace export --to go-trace" in run("report", "--to", "go-trace", path, code=2).stderr
    assert "--before 8s" in run("export", "--to", "8s", path, code=2).stderr


def test_a_target_that_exits_ends_its_recording(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo"), "-duration", "3s"]) as target:
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path]) as record:
            assert record.wait(harness.PATIENCE) == 0, record.stderr
            assert f"(PID {target.pid}, the target exited)" in record.stderr, record.stderr
    summary = json.loads(report_lines(path)[0])
    harness.check_always(summary)
    assert summary["ended_by"] == "the target exited", summary["ended_by"]


def test_a_file_for_which_there_was_no_room_tells_one_story(tmp_path):
    """What its head says to be lost is what its figures say, and what they do not have they say."""
    path = tmp_path / "f.gtr"
    limited = ["bash", "-c", "trap '' XFSZ; ulimit -f 12; exec \"$@\"", "limited"]
    with Process([build(PROGRAMS / "demo")]) as target:
        done = subprocess.run([*limited, gorotrace(), "record", "-p", str(target.pid), "-d", "3s", "-o", path, "--budget", "none"],
                              capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "cannot write" in done.stderr, done.stderr
    summary = json.loads(report_lines(path)[0])
    harness.check_schema(summary)
    events, lacks = summary["events"], summary["file_damage"]
    received, lost = map(int, re.search(r"  (\d+) events?, (\d+) lost\n", run("report", path).stdout).groups())
    before = lacks["beginning"]["lost"] if lacks["beginning"] else 0
    assert (events["received"], events["dropped"] + before) == (received, lost), (events, lacks)
    assert events["produced"] == events["received"] + events["dropped"], events
    assert lacks["chunks"] or lacks["beginning"] or lacks["session_told_ns"] is not None, lacks
    notices = summary["notices"]
    assert not lacks["chunks"] or any("could not be read" in notice for notice in notices), notices
    assert not lacks["beginning"] or any("the beginning of the recording" in notice for notice in notices), notices


def test_a_writer_that_was_killed_leaves_what_it_wrote(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        with harness.recording(target.pid, path) as record:
            time.sleep(3)
            record.popen.kill()
            record.wait()
    told = run("report", "--json", path)
    assert "cut off" in told.stderr
    summary = json.loads(told.stdout)
    harness.check_schema(summary)
    assert summary["window_ns"] > 1e9, summary["window_ns"]
    assert any("cut off" in notice for notice in summary["notices"]), summary["notices"]
    lacks = summary["file_damage"]
    assert lacks["cut"] and lacks["whole_to_byte"] + lacks["cut_bytes"] == path.stat().st_size, lacks
    assert lacks["session_told_ns"] is None or 0 < lacks["session_told_ns"] < summary["window_ns"], lacks
    assert f"behind byte {lacks['whole_to_byte']}, " in told.stderr and "into the recording" in told.stderr, told.stderr
    # The head and the figures are of the same events.
    text = run("report", path).stdout
    events = summary["events"]
    assert events["produced"] == events["received"] + events["dropped"], events
    assert f"  {events['received']} events\n" in text, text.splitlines()[0]
    assert summary["blocking"] and summary["blocking"][0]["stack"], summary["blocking"]
    whole = path.read_bytes()
    for size in (0, 1, 40, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:size])
        done = subprocess.run([gorotrace(), "report", path], capture_output=True, text=True, timeout=harness.PATIENCE)
        assert done.returncode in (0, 1), done
        assert done.returncode == 0 or done.stderr.startswith("gorotrace: "), done.stderr


def test_a_disk_that_is_full_is_said_and_stops_nothing(tmp_path):
    """A file that may not grow: what is dropped is counted, what was written is readable."""
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        limit = ["bash", "-c", "ulimit -f 16; exec \"$@\"", "limited"]
        with Process([*limit, gorotrace(), "record", "-p", target.pid, "-o", path, "-d", "4s", "--budget", "none"]) as record:
            assert record.wait(harness.PATIENCE) == 1
            said = record.stderr
    assert "File too large" in said, said
    assert re.search(r"lost: 0 by the kernel, [1-9]\d* on the way to the file", said), said
    assert "nothing lost" not in said and f"next: gorotrace report {path}\n" in said, said
    summary = json.loads(report_lines(path)[0])
    harness.check_schema(summary)


def test_cat_has_a_line_for_each_record(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        summary, = recorded_stat(target.pid, path, "--probes", "block", "--budget", "none", duration="1s")
    lines = run("cat", path).stdout.splitlines()
    parks = [line for line in lines if re.match(rf" *\d+\.\d{{9}} +{target.pid} park \d+ \"", line)]
    summary = json.loads(summary)
    records = [line for line in lines if re.search(r" tid \d+ cpu \d+$", line)]
    assert parks and len(records) <= summary["events"]["received"]
    times = [float(line.split()[0]) for line in records]
    assert times == sorted(times)


@pytest.mark.parametrize("what, code, says", [("nothing", 1, "f.gtr"), ("text", 1, "not a capture file"),
                                              ("newer", 3, "newer")])
def test_what_is_no_capture_file_is_refused(what, code, says, tmp_path):
    path = tmp_path / "f.gtr"
    if what == "text":
        path.write_text("not a capture file\n" * 100)
    if what == "newer":
        with Process([build(PROGRAMS / "demo")]) as target:
            recorded_stat(target.pid, path, "--probes", "none", duration="1s")
        header = bytearray(path.read_bytes())
        header[8] = 99
        header[16:20] = zlib.crc32(header[:16]).to_bytes(4, "little")
        path.write_bytes(header)
    for command in ("report", "cat"):
        assert says in run(command, path, code=code).stderr


def test_a_recording_ends_at_its_size(tmp_path):
    path = tmp_path / "f.gtr"
    with Truth(build(PROGRAMS / "truth"), "-scenario", "pingpong", "-for", "20s") as target:
        target.send("go")
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path, "--max-size", "1m", "--budget", "none",
                      "--ring-size", "8m"]) as record:
            assert record.wait(harness.PATIENCE) == 0, record.stderr
            assert "as large as it may be" in record.stderr, record.stderr
    assert path.stat().st_size < 6 << 20, path.stat().st_size
    report_lines(path)


def test_options_of_record_that_make_no_sense_are_refused(tmp_path):
    path = tmp_path / "f.gtr"
    for arguments, says in [(["--max-size", "big"], "--max-size"), (["-d", "0s"], "-d"),
                            (["--budget", "7%,often"], "budget")]:
        assert says in run("record", "-p", "1", "-o", path, *arguments, code=2).stderr
    assert "--output" in run("record", "-p", "1", code=2).stderr


def test_usr1_without_a_window_to_write_is_ignored(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path, "-d", "2s"]) as record:
            time.sleep(1)
            record.popen.send_signal(signal.SIGUSR1)
            assert record.wait(harness.PATIENCE) == 0, record.stderr
    assert json.loads(report_lines(path)[0])["window_ns"] > 1.9e9


def test_a_part_without_length_is_refused(tmp_path):
    run("report", "--to", "0s", tmp_path / "none.gtr", code=2)


def test_no_file_stays_of_a_recording_that_did_not_begin(tmp_path):
    path = tmp_path / "f.gtr"
    with Process(["sleep", "60"]) as other:
        run("record", "-p", other.pid, "-o", path, "-d", "1s", code=3)
    run("record", "-o", path, "--", "/bin/true", code=3)
    run("record", "-o", path, "--", "/no/such/program", code=1)
    assert not path.exists()
    path.write_text("of yesterday")
    run("record", "-o", path, "--", "/bin/true", code=3)
    assert path.read_text() == "of yesterday"


def overwrite_text(process):
    """No probe can go there any more. It does not notice: it is stopped, and is killed so."""
    process.popen.send_signal(signal.SIGSTOP)
    text = next(line.split() for line in open(f"/proc/{process.pid}/maps") if " r-xp " in line and process.command[0] in line)
    begin, end = (int(address, 16) for address in text[0].split("-"))
    with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(begin)
        memory.write(b"\xcc" * (end - begin))


def test_no_file_stays_if_the_second_process_cannot_be_attached(tmp_path):
    path, demo = tmp_path / "f.gtr", build(PROGRAMS / "demo")
    with Process([demo]) as one, Process([demo]) as other:
        time.sleep(0.5)
        overwrite_text(other)
        both = ["-p", one.pid, "-p", other.pid, "-d", "1s"]
        for command in (["record", "-o", path], ["stat", "--record", path]):
            path.unlink(missing_ok=True)
            assert "not the file's code" in run(*command, *both, code=3).stderr
            assert not path.exists()
            path.write_text("of yesterday")
            run(*command, *both, code=3)
            assert path.read_text() == "of yesterday"


def test_a_file_has_one_recorder(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path]) as record:
            await_begun(path)
            for last in ([], ["--last", "10s"]):
                refused = run("record", "-p", target.pid, "-d", "1s", "-o", path, *last, code=1).stderr
                assert "another recording is written to it" in refused, refused
            other = tmp_path / "other.gtr"
            other.write_bytes(path.read_bytes())
            for command in (["report"], ["export", "--to", "folded"], ["export", "--to", "go-trace"]):
                refused = run(*command, other, "-o", path, code=1).stderr
                assert "a recording is being written to it" in refused, refused
            record.popen.send_signal(signal.SIGINT)
            assert record.wait(harness.PATIENCE) == 0, record.stderr
        assert json.loads(report_lines(path)[0])["events"]["received"] > 0
        run("record", "-p", target.pid, "-d", "1s", "-o", path)


@pytest.mark.parametrize("how, says", [("remove", "was removed while"), ("cut", "was cut to 0 bytes by somebody else")])
def test_a_file_that_others_take_away_is_said(how, says, tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path]) as record:
            await_begun(path)
            path.unlink() if how == "remove" else os.truncate(path, 0)
            record.popen.send_signal(signal.SIGINT)
            assert record.wait(harness.PATIENCE) == 1
            said = record.stderr
    assert says in said.splitlines()[-1], said
    assert "nothing lost" not in said and (how == "cut" or "next:" not in said), said  # what is behind a hole can be read


def test_waits_and_the_recording_are_two_files(tmp_path):
    """Neither takes the other's place, and what they held stays."""
    folder = tmp_path / "of today"
    folder.mkdir()
    (folder / "f").write_text("of yesterday")
    (folder / "link").symlink_to("f")
    (folder / "nowhere").symlink_to("made")
    for waits, record in (("f", "f"), ("./f", "f"), ("f", "link"), ("link", "f"), ("new", "new"), ("nowhere", "made"),
                          ("f.old", "f"), ("f", "f.old")):
        said = run("stat", "-p", os.getpid(), "--waits", waits, "--record", record, code=2, cwd=folder).stderr
        assert f"--waits {waits}" in said and f"--record {record}" in said, said
    assert sorted(os.listdir(folder)) == ["f", "link", "nowhere"]
    assert (folder / "f").read_text() == "of yesterday"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        run("stat", "-p", target.pid, "-d", "1s", "--waits", folder / "f", "--record", folder / "g")
    assert (folder / "f.old").read_text() == "of yesterday"
    assert json.loads((folder / "f").read_text().splitlines()[0])["host_pid"] == target.pid


def test_a_minus_is_no_file(tmp_path):
    for arguments, says in ((["report", "-"], "/dev/stdin"), (["cat", "-"], "/dev/stdin"),
                            (["record", "-p", os.getpid(), "-o", "-"], "/dev/stdout")):
        assert says in run(*arguments, code=2, cwd=tmp_path).stderr
    assert not os.listdir(tmp_path)


def with_the_pid(pid, command):
    """A process that has the number of one that is gone."""
    for _ in range(200):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(pid - 1))
        process = Process(command)
        if process.pid == pid:
            return process
        process.close()
    pytest.fail(f"no process got the number {pid}")


def test_a_pid_that_was_given_again_is_another_process(tmp_path):
    """What belongs to the first is not the second's: neither probes nor the order in which two files compare."""
    one, other, demo = tmp_path / "one.gtr", tmp_path / "other.gtr", build(PROGRAMS / "demo")
    with Process([demo]) as target:
        time.sleep(0.3)
        pid = target.pid
        with Process([gorotrace(), "record", "-p", pid, "-o", one]) as record:
            await_begun(one)
            target.popen.kill()
            target.wait()
            with with_the_pid(pid, [demo]) as again:
                assert record.wait(harness.PATIENCE) == 0, record.stderr
                assert "the target" in record.stderr, record.stderr
                time.sleep(0.3)
                run("record", "-p", again.pid, "-o", other, "-d", "1s")
    first, second = (json.loads(report_lines(path)[0]) for path in (one, other))
    assert first["target"]["pid"] == second["target"]["pid"] == pid
    assert first["process_end"]["signal"] == "SIGKILL" and second["process_end"] is None
    harness.check_always(second)
    assert second["events"]["received"] > 0 and second["goroutines"]["live"] > 0
    # Of one process the earlier file comes first; these are of two.
    for pair in ((one, other), (other, one)):
        run("diff", *pair)


def test_files_behind_one_another_are_not_one(tmp_path):
    path, two = tmp_path / "f.gtr", tmp_path / "two.gtr"
    run("record", "-o", path, "--", build(PROGRAMS / "panics"), "return")
    two.write_bytes(path.read_bytes() * 2)
    done = run("report", "--json", two)
    assert "behind its end were not read; another capture file begins there" in done.stderr, done.stderr
    both, one = json.loads(done.stdout), json.loads(run("report", "--json", path).stdout)
    assert both.pop("file_damage") and one.pop("file_damage") is None
    assert both == one
