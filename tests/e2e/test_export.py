"""Capture files in the formats of other tools, against what the program's own profilers wrote of the same work."""

import collections
import json
import os
import re
import signal
import statistics
import subprocess
import time

import jsonschema
import pytest

import harness
from harness import NEWEST, PROGRAMS, ROOT, VERSIONS, Process, await_group, build, gorotrace

ITEM_SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "userspace" / "export" / "items.schema.json").read_text()))


def run(*arguments, code=0):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}:\n{done.stderr}"
    return done


def pprof(*arguments):
    done = subprocess.run([ROOT / "tools" / "toolchain", NEWEST, "tool", "pprof", *map(str, arguments)], capture_output=True,
                          text=True, timeout=120, env={**os.environ, "PPROF_BINARY_PATH": "/nowhere"})
    assert done.returncode == 0, done.stderr
    return done.stdout


class Profile:
    """What `go tool pprof -raw` makes of a profile: values and labels by stack of (function, line), leaf first."""

    def __init__(self, path):
        text = pprof("-raw", path)
        head, samples, locations = re.split(r"^(?:Samples:|Locations)$", text, flags=re.M)[:3]
        self.head = head
        self.mappings = locations.split("Mappings\n", 1)[1]
        frames = {}
        for line in locations.split("Mappings\n", 1)[0].splitlines():
            if located := re.match(r"\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*)", line):
                at, line = int(located[1]), located[2]
                frames[at] = []
            if call := re.match(r"\s*(.+?)(?: (/\S+|\S+\.(?:go|s)):(\d+):\d+)?(?: s=\d+)?(?:\(inlined\))?$", line):
                frames[at].append((call[1].strip(), int(call[3] or 0)))
        lines = samples.splitlines()
        self.types = lines[1].split()
        self.samples = []
        for line in lines[2:]:
            if sample := re.match(r"\s*([-\d ]+): ([\d ]+)$", line):
                stack = tuple(f for at in sample[2].split() for f in frames[int(at)])
                self.samples.append([stack, [int(v) for v in sample[1].split()], {}])
            elif label := re.findall(r"(\S+):\[(.*?)\]", line):
                self.samples[-1][2].update(label)

    def by_stack(self, **labels):
        """A select's line is where it parks, or where the runtime counts it: it is left out."""
        out = collections.defaultdict(lambda: [0, 0])
        for stack, values, with_labels in self.samples:
            stack = tuple((f, 0 if f == "runtime.selectgo" else line) for f, line in stack)
            if with_labels == labels:
                for i, value in enumerate(values[:2]):
                    out[stack][i] += value
        return dict(out)


def top(path, sample):
    """Functions with what is theirs alone, greatest first."""
    lines = pprof("-top", f"-sample_index={sample}", "-unit=ns" if sample == "delay" else "-unit=count", "-tagignore=wait=open",
                  "-nodefraction=0", "-nodecount=1000", path).splitlines()
    rows = lines[next(i for i, line in enumerate(lines) if "flat%" in line) + 1:]
    return {row.split(None, 5)[5]: float(re.match(r"[\d.]+", row.split()[0])[0]) for row in rows}


@pytest.fixture(scope="module", params=[NEWEST, *(pytest.param(v, marks=pytest.mark.slow) for v in VERSIONS[:-1])])
def profiled(request, tmp_path_factory):
    """A recording of a program's work, and its own profiles of that work."""
    directory = tmp_path_factory.mktemp("profiled")
    path = directory / "f.gtr"
    with Process([build(PROGRAMS / "profiled", request.param), directory]) as target:
        assert target.lines.next() == "ready"
        with Process([gorotrace(), "record", "-p", target.pid, "-o", path, "--budget", "none"]) as record:
            await_group(path, "syscall")
            target.popen.stdin.write(b"go\n")
            target.popen.stdin.flush()
            live = int(target.lines.next(90).split()[1])
            time.sleep(0.5)
            record.popen.send_signal(signal.SIGINT)
            assert record.wait(harness.PATIENCE) == 0, record.stderr
            assert "nothing lost" in record.stderr, record.stderr
    return directory, path, live


def exported(path, to, suffix=".pb.gz"):
    out = path.with_name(to + suffix)
    run("export", "--to", to, path, "-o", out)
    return out


def test_the_block_profile_is_the_programs_own(profiled):
    directory, path, _ = profiled
    ours_at = exported(path, "pprof-block")
    ours, theirs = Profile(ours_at), Profile(directory / "block.pb.gz")
    assert ours.types == theirs.types == ["contentions/count", "delay/nanoseconds"]
    mine, own = ours.by_stack(), theirs.by_stack()
    assert set(mine) == set(own), set(mine) ^ set(own)
    errors = []
    for stack, (count, delay) in own.items():
        assert mine[stack][0] == count, (stack, mine[stack], count)
        off = abs(mine[stack][1] - delay)
        errors.append(off / delay if delay else 0)
        assert off <= max(0.02 * delay, 2000 * count) or off <= 0.1 * delay, (stack, mine[stack], delay)
    assert statistics.median(errors) < 0.02, sorted(errors)
    for sample in ("contentions", "delay"):
        a, b = top(ours_at, sample), top(directory / "block.pb.gz", sample)
        names = list(b)
        for i, one in enumerate(names):
            for other in names[i + 1:]:
                if b[one] > 1.05 * b[other]:
                    assert a[one] >= a[other], (sample, one, other, a, b)
    # Those that go on, of which the program's own profile knows nothing.
    (stack, (count, delay)), = ours.by_stack(wait="open").items()
    assert [f for f, _ in stack] == ["runtime.chanrecv1", "main.waitForever"]
    assert count == 6 and delay > 0


def test_the_mutex_profile_is_the_programs_own(profiled):
    directory, path, _ = profiled
    minor = int(json.loads(run("report", "--json", path).stdout)["target"]["go_version"].split(".")[1])
    ours, theirs = Profile(exported(path, "pprof-mutex")), Profile(directory / "mutex.pb.gz")
    assert ours.types == theirs.types
    mine = ours.by_stack()
    own = {stack: v for stack, v in theirs.by_stack().items() if not stack[0][0].startswith("runtime.")}
    assert set(mine) == set(own), set(mine) ^ set(own)
    for stack, (count, _) in own.items():
        # Up to 1.19 the runtime's own counts are all 0.
        assert mine[stack][0] == count or count == 0 and minor < 20, (stack, mine[stack], count)
    # The runtime spreads a wait over the unlocks while it lasted, as an estimate: the sum is of all. Up to 1.21 it counts
    # the time of the first waiter alone.
    delays = [sum(delay for _, delay in p.values()) for p in (mine, own)]
    assert 0.7 < delays[0] / delays[1] < (1.4 if minor >= 22 else 10), delays


def test_profiles_of_goroutines_count_all_of_them(profiled):
    _, path, live = profiled
    summary = json.loads(run("report", "--json", path).stdout)
    goroutines = Profile(exported(path, "pprof-goroutine"))
    assert sum(values[0] for _, values, _ in goroutines.samples) == live == summary["goroutines"]["live"]
    waiting = {stack: values[0] for stack, values, _ in goroutines.samples}
    assert [n for stack, n in waiting.items() if "main.waitForever" in [f for f, _ in stack]] == [6]
    creation = Profile(exported(path, "pprof-creation"))
    assert creation.types == ["created/count[dflt]", "live/count", "exited/count"]
    sums = [sum(values[i] for _, values, _ in creation.samples) for i in range(3)]
    rows = [row for row in summary["creation"] if not row["system"]]
    assert sums == [sum(row[key] for row in rows) for key in ("created", "live", "exited")]
    made = collections.Counter()
    for stack, values, _ in creation.samples:
        made[stack[0][0], stack[1][0] if len(stack) > 1 else ""] += values[0]
    assert made["main.waitForever", "main.main"] == 1, made
    assert sum(n for (_, by), n in made.items() if by.startswith("main.mutexes") or by.startswith("main.contend")) == 8, made


def test_tools_read_them(profiled):
    _, path, _ = profiled
    out = exported(path, "pprof-block")
    profile = Profile(out)
    assert re.search(r"^Time: 20\d\d-", profile.head, re.M) and re.search(r"^Duration: ", profile.head, re.M), profile.head
    assert re.search(r"profiled\S* [0-9a-f]{20,}", profile.mappings), profile.mappings  # with the build id
    other = path.with_name("other.pb.gz")
    run("export", "--to", "pprof-block", path, "-o", other)
    assert "flat" in pprof("-top", "-diff_base", out, other)


def test_folded_stacks_are_of_the_same_time(profiled):
    _, path, _ = profiled
    summary = json.loads(run("report", "--json", "--limit", "0", path).stdout)
    lines = run("export", "--to", "folded", path).stdout.splitlines()
    total = sum(int(line.rsplit(" ", 1)[1]) for line in lines)
    told = sum(row["in_window_ns"] for row in summary["blocking"] if not row["system"]) / 1000
    assert abs(total - told) <= len(lines), (total, told)
    stacks = [line.rsplit(" ", 1)[0].split(";") for line in lines]
    assert any(s[-1] == "runtime.gopark" and "main.receive" in s for s in stacks), stacks
    wakes = run("export", "--to", "folded-offwake", path).stdout.splitlines()
    chains = {tuple(line.rsplit(" ", 1)[0].split(" -- ")[0].split(";")) for line in wakes}
    assert any("main.receive" in c and "--" in c and "main.channels" in c[c.index("--"):] for c in chains), chains
    assert any(c[-1] == "[timer]" and "time.Sleep" in c for c in chains), chains
    assert any(c[-1] == "[netpoll]" for c in chains), chains


def test_a_recording_without_the_group_says_how_to_have_it(tmp_path):
    path = tmp_path / "f.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        run("record", "-p", target.pid, "-o", path, "-d", "1s", "--probes", "lifecycle")
        for to in ("pprof-block", "pprof-mutex", "pprof-goroutine", "folded", "folded-offwake"):
            refused = run("export", "--to", to, path, "-o", tmp_path / "out", code=3).stderr
            assert f"gorotrace record -p {target.pid} --probes lifecycle,block -o FILE" in refused, refused
        assert not (tmp_path / "out").exists()
        run("export", "--to", "pprof-creation", path, "-o", tmp_path / "out")
    assert "pprof-block" in run("export", "--to", "pprof", path, code=2).stderr


def test_one_of_several_processes_is_chosen(tmp_path):
    path, demo = tmp_path / "f.gtr", build(PROGRAMS / "demo")
    with Process([demo]) as one, Process([demo]) as other:
        time.sleep(0.3)
        run("record", "-p", one.pid, "-p", other.pid, "-o", path, "-d", "1s")
        for to in ("folded", "go-trace", "perfetto"):
            refused = run("export", "--to", to, path, "-o", tmp_path / "out", code=2).stderr
            assert f"holds the processes {one.pid}, {other.pid}: choose one with -p" in refused, refused
            refused = run("export", "--to", to, "-p", 1, path, "-o", tmp_path / "out", code=2).stderr
            assert f"does not hold process 1, but {one.pid}, {other.pid}" in refused, refused
            assert not (tmp_path / "out").exists()
            run("export", "--to", to, "-p", other.pid, path, "-o", tmp_path / "out")
            assert (tmp_path / "out").stat().st_size > 0
            (tmp_path / "out").unlink()


def test_events_are_json_lines(profiled):
    _, path, live = profiled
    lines = [json.loads(line) for line in run("export", "--to", "json", path).stdout.splitlines()]
    for line in lines:
        ITEM_SCHEMA.validate(line)
    events = collections.Counter(line["event"] for line in lines if line["type"] == "event")
    text = run("cat", path).stdout
    assert events["park"] == len(re.findall(r"^ *[0-9.]+ +[0-9]+ park ", text, re.M)) > 100
    stacks = {line["stack"]: [f["function"] for f in line["frames"]] for line in lines if line["type"] == "stack"}
    parks = [line for line in lines if line["type"] == "event" and line["event"] == "park" and line["reason"] == "chan receive"]
    assert any("main.receive" in stacks[park["stack"]] for park in parks)
    made = [line for line in lines if line["type"] == "event" and line["event"] == "create"]
    assert any(line["start_function"] == "main.waitForever" and line["by"] == 1 for line in made), made[:5]
    assert {"target", "clocks", "counters", "group", "goroutine", "ended"} <= {line["type"] for line in lines}


def test_the_capture_is_not_written_over(profiled, tmp_path):
    _, path, _ = profiled
    capture, numbered, link = tmp_path / "c.gtr", tmp_path / "s.000.gtr", tmp_path / "link.gtr"
    for copy in (capture, numbered):
        copy.write_bytes(path.read_bytes())
    link.symlink_to(capture)
    for to in ("pprof-block", "folded", "json", "go-trace", "perfetto"):
        for out in (capture, link, tmp_path / ".." / tmp_path.name / "c.gtr"):
            assert "the capture itself" in run("export", "--to", to, capture, "-o", out, code=2).stderr
    assert "the capture itself" in run("export", "--to", "go-trace", numbered, "-o", tmp_path / "s.gtr", code=2).stderr
    later = numbered.rename(tmp_path / "s.001.gtr")
    assert "the capture itself" in run("export", "--to", "go-trace", "--slice", 1000, later, "-o", tmp_path / "s.gtr", code=2).stderr
    later.rename(numbered)


def test_slices_of_a_longer_export_do_not_stay_among_the_new_ones(profiled, tmp_path):
    _, path, _ = profiled
    out = tmp_path / "t.out"
    run("export", "--to", "go-trace", "--slice", 1000, path, "-o", out)
    slices = {f: f.read_bytes() for f in tmp_path.iterdir()}
    assert len(slices) > 1
    for more in ([], ["--slice", 1000]):
        refused = run("export", "--to", "go-trace", *more, path, "-o", out, code=2).stderr
        assert "earlier export" in refused and "t.0" in refused, refused
    assert slices == {f: f.read_bytes() for f in tmp_path.iterdir()}
    for f in slices:
        f.unlink()
    (tmp_path / "t.0a0.out").write_text("no slice")
    for _ in range(2):
        run("export", "--to", "go-trace", path, "-o", out)
    assert out.exists()


def seconds(ns):
    return f"{ns}ns"


def test_a_part_is_what_report_says_of_it(profiled, tmp_path):
    """The same rows as the tables of that part: what two parts tell apart is what the whole tells."""
    _, path, _ = profiled
    whole = json.loads(run("report", "--json", path).stdout)
    middle = seconds(whole["window_ns"] // 2)
    parts = {"whole": [], "first": ["--before", middle], "second": ["--from", middle]}
    totals = {}
    for part, options in parts.items():
        told = json.loads(run("report", "--json", path, *[o.replace("--before", "--to") for o in options]).stdout)
        blocked = Profile(exported_part(tmp_path, path, "pprof-block", part, options))
        totals[part] = blocked.by_stack()
        folded = run("export", "--to", "folded", path, *options).stdout
        us = sum(int(line.rsplit(" ", 1)[1]) for line in folded.splitlines())
        ns = sum(row["in_window_ns"] for row in told["blocking"])
        assert abs(us * 1000 - ns) <= 1000 * max(1, len(told["blocking"])), (part, us, ns)
        live = Profile(exported_part(tmp_path, path, "pprof-goroutine", part, options))
        assert sum(values[0] for _, values, _ in live.samples) == told["goroutines"]["live"], part
    for stack, (count, _) in totals["whole"].items():
        parts_of = sum(totals[part].get(stack, (0, 0))[0] for part in ("first", "second"))
        assert parts_of == count, (stack, parts_of, count)
    assert any(totals["first"].get(stack, (0, 0))[0] < count for stack, (count, _) in totals["whole"].items())
    run("export", "--to", "folded", path, "--from", "1000s", code=2)
    assert "--from must lie before --before" in run("export", "--to", "folded", path, "--from", "2s", "--before", "1s", code=2).stderr
    assert "at_ns" in run("export", "--to", "json", path, "--from", "1s", code=2).stderr


def exported_part(tmp_path, path, to, part, options):
    out = tmp_path / f"{to}.{part}.pb.gz"
    run("export", "--to", to, path, "-o", out, *options)
    return out
    assert capture.read_bytes() == numbered.read_bytes() == path.read_bytes()


def test_a_capture_of_which_nothing_is_left_is_an_error(profiled, tmp_path):
    _, path, _ = profiled
    cut = tmp_path / "cut.gtr"
    cut.write_bytes(path.read_bytes()[:200])
    for to in ("json", "folded", "go-trace"):
        run("export", "--to", to, cut, "-o", tmp_path / "out", code=1)
    assert not (tmp_path / "out").exists()
