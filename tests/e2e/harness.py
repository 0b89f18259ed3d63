"""Programs under test, the tracer, and the checks that hold for every summary."""

import collections
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time

import changed_runtime
import profiles

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "testprogs"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gorotrace" / "e2e"
SCHEMA = ROOT / "userspace" / "report" / "stat.schema.json"
VERSIONS = subprocess.run([ROOT / "tools" / "toolchain", "--list"], check=True, capture_output=True,
                          text=True).stdout.split()
NEWEST = VERSIONS[-1]
# Seconds for what ends by itself, which a test that waits for it need not be the judge of. On two CPUs with ten that
# want them a detach by perf events takes up to 70 s (userspace/DECISIONS.md), and whoever reads that process waits, too.
PATIENCE = 120
# Real-world Go binaries: unpacked by tools/setup test, so that no service of theirs starts on this machine.
os.environ["PATH"] = os.pathsep.join([*(str(ROOT / "build/servers/usr" / d) for d in ("bin", "sbin")), os.environ["PATH"]])


def gorotrace():
    path = os.environ.get("GOROTRACE")
    assert path and os.access(path, os.X_OK), f"GOROTRACE must name the gorotrace binary, is {path!r}"
    return os.path.abspath(path)


# ---------------------------------------------------------------- building

VARIANTS = {  # name -> (environment, go build arguments)
    "stripped": ({"CGO_ENABLED": "0"}, ["-ldflags", "-s -w"]),
    "symbols": ({"CGO_ENABLED": "0"}, []),
    "pie": ({"CGO_ENABLED": "0"}, ["-buildmode=pie", "-ldflags", "-s -w"]),
    "cgo": ({"CGO_ENABLED": "1"}, ["-ldflags", "-s -w -linkmode=external"]),
    "cgopie": ({"CGO_ENABLED": "1"}, ["-buildmode=pie", "-ldflags", "-s -w -linkmode=external"]),
    # with the profile of a scheduler-heavy program: the runtime's functions are inlined into one another
    "pgo": ({"CGO_ENABLED": "0"}, ["-ldflags", "-s -w"]),
    # with one in which casgstatus is hot where the scheduler wakes goroutines itself: no call is left to be probed
    "hidden": ({"CGO_ENABLED": "0"}, ["-ldflags", "-s -w"]),
    "hidden-cgo": ({"CGO_ENABLED": "1"}, ["-ldflags", "-s -w -linkmode=external"]),
}
CHANGED = {  # with a runtime that is another one in places (changed_runtime.py)
    name + symbols: ({"CGO_ENABLED": "0"}, [] if symbols else ["-ldflags", "-s -w"])
    for name in changed_runtime.CHANGES for symbols in ("", "-symbols")
}
PROFILED = {"pgo": lambda version: scheduler_profile(version), "hidden": lambda version: wake_ups_profile(version),
            "hidden-cgo": lambda version: wake_ups_profile(version)}
EXPERIMENTS = {  # what only some versions have, and only when asked for
    "synctest": ({"CGO_ENABLED": "0", "GOEXPERIMENT": "synctest"}, ["-ldflags", "-s -w"]),
    "leaks": ({"CGO_ENABLED": "0", "GOEXPERIMENT": "goroutineleakprofile"}, ["-ldflags", "-s -w"]),
    "lockranking": ({"CGO_ENABLED": "0", "GOEXPERIMENT": "staticlockranking"}, ["-ldflags", "-s -w"]),
    "lockranking-symbols": ({"CGO_ENABLED": "0", "GOEXPERIMENT": "staticlockranking"}, []),
}


def build(source, version=NEWEST, variant="stripped"):
    """Builds a Go module once for each version, variant and state of its sources."""
    source = pathlib.Path(source)
    digest = hashlib.sha256()
    for path in sorted(p for p in source.iterdir() if p.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    out = CACHE / f"{source.name}-{version}-{variant}-{digest.hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(f"{out}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            env, arguments = (VARIANTS | EXPERIMENTS | LIBRARIES | CHANGED)[variant]
            go = [ROOT / "tools" / "toolchain", version]
            if variant in CHANGED:
                changed = variant.removesuffix("-symbols")
                go = [changed_runtime.go(changed, goroot(version), CACHE / "changed" / f"{changed}-{version}")]
            if variant in PROFILED:
                arguments = [*arguments, f"-pgo={PROFILED[variant](version)}"]
            done = subprocess.run([*go, "build", "-o", f"{out}.new", *arguments, "."],
                                  cwd=source, env={**os.environ, **env}, capture_output=True, text=True)
            assert done.returncode == 0, f"go {version} build of {source.name} ({variant}):\n{done.stderr}"
            os.rename(f"{out}.new", out)
    return out


LIBRARIES = {  # as VARIANTS, of build_library
    "library": ({"CGO_ENABLED": "1"}, ["-buildmode=c-shared", "-ldflags", "-s -w"]),
    "library-symbols": ({"CGO_ENABLED": "1"}, ["-buildmode=c-shared"]),
}


def build_library(program, version=NEWEST, variant="library"):
    """A test program as a C shared library, whose main a host runs (hosts/export.go.txt)."""
    files = [*(p for p in (PROGRAMS / program).iterdir() if p.is_file()), PROGRAMS / "hosts" / "export.go.txt"]
    digest = hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sorted(files))).hexdigest()[:12]
    source = CACHE / "libraries" / digest / program
    if not source.exists():
        fresh = source.with_name(f"{program}.{os.getpid()}")
        fresh.mkdir(parents=True)
        for path in files:
            (fresh / path.name.removesuffix(".txt")).write_bytes(path.read_bytes())
        try:
            os.rename(fresh, source)
        except OSError:
            assert source.exists()  # another run was first
    return build(source, version, variant)


def build_host():
    """The C program that is host to libraries."""
    out = CACHE / f"host-{hashlib.sha256((PROGRAMS / 'hosts' / 'load.h').read_bytes()).hexdigest()[:12]}"
    if not out.exists():
        done = subprocess.run(["gcc", "-x", "c", "-o", f"{out}.{os.getpid()}", "host.c.txt", "-ldl"],
                              cwd=PROGRAMS / "hosts", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        os.rename(f"{out}.{os.getpid()}", out)
    return out


def scheduler_profile(version):
    """A CPU profile of testprogs/pgo, made by a run of it in that Go version."""
    program = build(PROGRAMS / "pgo", version)
    profile = pathlib.Path(f"{program}.prof")
    if not profile.exists():
        fresh = profile.with_suffix(f".{os.getpid()}")
        done = subprocess.run([program, fresh, "4"], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        os.rename(fresh, profile)
    return profile


def wake_ups_profile(version):
    made = CACHE / f"wake-ups-{version}.{os.getpid()}.prof"
    made.write_bytes(profiles.wake_ups(pathlib.Path(goroot(version)) / "src" / "runtime"))
    return made


def goroot(version):
    return subprocess.run([ROOT / "tools" / "toolchain", version, "env", "GOROOT"], check=True, capture_output=True,
                          text=True).stdout.strip()


# ---------------------------------------------------------------- processes

class Lines:
    """Lines of a process's stdout, with a deadline."""

    def __init__(self, fd, what):
        self.fd, self.what, self.buffer = fd, what, b""

    def next(self, seconds=PATIENCE):
        """The next line; None at the end of the output."""
        end = time.monotonic() + seconds
        poll = select.poll()  # which takes any descriptor: select() none from 1024 on
        poll.register(self.fd, select.POLLIN)
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            assert left > 0 and poll.poll(left * 1000), f"{self.what}: no line within {seconds} s"
            chunk = os.read(self.fd, 1 << 16)
            if not chunk:
                return None
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()


def written(file):
    """What a process has written to it. Whoever seeks moves the place at which that process writes."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


class Process:
    def __init__(self, command, **options):
        self.command = [str(c) for c in command]
        self.stderr_file = open(CACHE / f"stderr.{os.getpid()}.{id(self)}", "w+")
        self.popen = subprocess.Popen(self.command, stdin=options.pop("stdin", subprocess.PIPE),
                                      stdout=subprocess.PIPE, stderr=self.stderr_file, **options)
        os.unlink(self.stderr_file.name)
        self.pid = self.popen.pid
        self.lines = Lines(self.popen.stdout.fileno(), self.command[0])

    @property
    def stderr(self):
        return written(self.stderr_file)

    def wait(self, seconds=PATIENCE):
        return self.popen.wait(seconds)

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for f in (self.popen.stdin, self.popen.stdout, self.stderr_file):
            if f:
                f.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Truth(Process):
    def __init__(self, binary, *arguments, prefix=(), **options):
        super().__init__([*prefix, binary, *arguments], **options)
        self.ready = self.answer("ready")

    def send(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()

    def answer(self, kind, seconds=90):
        line = self.lines.next(seconds)
        assert line is not None, f"{self.command}: ended instead of {kind!r}:\n{self.stderr[-3000:]}"
        message = json.loads(line)
        assert message["type"] == kind, message
        return message

    def ask(self, command, kind, seconds=90):
        self.send(command)
        return self.answer(kind, seconds)

    def go(self, seconds=90):
        return self.ask("go", "done", seconds)

    def hold(self):
        return self.ask("hold", "hold")

    def count(self):
        return self.ask("count", "count")["goroutines"]


class Stat(Process):
    """gorotrace stat --json. Armed once its first interval has come."""

    def __init__(self, pids, *arguments, interval="100ms", prefix=()):
        pids = [pids] if isinstance(pids, (int, str)) else pids
        targets = [a for pid in pids for a in ("-p", str(pid))]
        super().__init__([*prefix, gorotrace(), "stat", *targets, "--json", "-i", interval, *arguments],
                         stdin=subprocess.DEVNULL)
        self.intervals, self.summaries = [], []

    def read(self, seconds=PATIENCE):
        line = self.lines.next(seconds)
        if line is None:
            return None
        message = json.loads(line)
        (self.intervals if message["type"] == "interval" else self.summaries).append(message)
        return message

    def armed(self, targets=1):
        while len({i["target"]["host_pid"] for i in self.intervals}) < targets:
            assert self.read() is not None and not self.summaries, \
                f"{self.command}: ended with {self.wait()} before it was armed:\n{self.stderr}"
        self.note_objects()
        return self

    def note_objects(self):
        traced_with.update(held_objects(self.pid))

    def kill(self):
        """SIGKILL; stopped before, so that what it holds then is known."""
        self.popen.send_signal(signal.SIGSTOP)
        self.await_stop()
        self.note_objects()
        self.popen.kill()
        self.wait()

    def await_stop(self, seconds=PATIENCE):
        """Stopped, or ended before it could be."""
        end = time.monotonic() + seconds
        while self.popen.returncode is None and \
                os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            assert time.monotonic() < end, f"{self.command}: not stopped {seconds} s after SIGSTOP"
            time.sleep(0.01)

    def finish(self, seconds=PATIENCE, code=0):
        """Reads what is left; the summary. A line may take that long, all of them five minutes."""
        end = time.monotonic() + 300
        while self.read(seconds) is not None:
            assert time.monotonic() < end, f"{self.command}: a line after the other, and no end"
        got = self.wait(seconds)
        assert got == code, f"{self.command}: exit code {got}, not {code}:\n{self.stderr}"
        assert self.summaries or code, f"{self.command}: no summary:\n{self.stderr}"
        for summary in self.summaries:
            check_always(summary)
        for message in self.intervals + self.summaries:
            check_schema(message)
        return self.summaries[0] if self.summaries else None

    def stop(self, seconds=PATIENCE):
        self.note_objects()
        self.popen.send_signal(signal.SIGINT)
        return self.finish(seconds)


def stat_now(pid, *arguments, duration="1s"):
    with Stat(pid, "-d", duration, *arguments) as stat:
        return stat.finish()


def await_group(path, group, seconds=PATIENCE):
    """Until the recording says that the group's probes are on."""
    end = time.monotonic() + seconds
    while f"group {group} on" not in (cat(path) if path.exists() and path.stat().st_size else ""):
        assert time.monotonic() < end, f"not attached within {seconds} s"
        time.sleep(0.2)


def cat(path):
    done = subprocess.run([gorotrace(), "cat", path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- what holds for every summary

_validator = None


def check_schema(message):
    global _validator
    if _validator is None:
        import jsonschema
        _validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    # oneOf says little when it fails: validate against the branch that is meant.
    branch = _validator.evolve(schema={"$ref": f"#/$defs/{message['type']}", "$defs": _validator.schema["$defs"]})
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in branch.iter_errors(message)]
    assert not errors, "output does not follow stat.schema.json:\n" + "\n".join(errors[:10])


def check_always(summary):
    events = summary["events"]
    assert events["produced"] == events["received"] + events["dropped"], events
    assert events["dropped"] == sum(events["by_reason"].values()), events
    gs = summary["goroutine_seconds"]
    states = sum(gs[s] or 0 for s in ("running", "runnable", "running_or_runnable", "waiting", "syscall", "unknown"))
    slack = 0.001 * max(gs["live_integral"], 0.01)
    if gs["standard_error"]:  # by sampling: estimates, beside counters that are read a moment before
        slack = 0.02 * max(gs["live_integral"], 0.01) + 4 * sum((e or 0) ** 2 for e in gs["standard_error"].values()) ** 0.5
    assert abs(states - gs["live_integral"]) <= slack, \
        f"goroutine-seconds by state sum to {states}, the integral of live is {gs['live_integral']}"
    for row in summary["blocking"]:
        if row["count"]:
            assert row["total_ns"] <= row["count"] * row["max_ns"], row
            assert row["max_ns"] <= summary["window_ns"], row


def check_lossless(summary):
    events = summary["events"]
    assert events["dropped"] == 0 and events["gaps"] == 0 and events["illegal"] == 0, events
    assert not summary["cost"]["detached"], summary["cost"]["detached"]
    assert summary["goroutines"]["live_discrepancy"] in (0, None), summary["goroutines"]
    cross_check = summary["cross_check"]
    if cross_check:
        for figure in ("created", "exited"):
            assert cross_check[figure]["verdict"] != "disagree", (figure, cross_check)


def generic(name):
    return re.sub(r"\[.*\]", "[...]", name)


def functions(stack):
    return [generic(f["function"]) for f in stack]


def check_counts(summary, done):
    """Creations, exits and waits of the program's own account, to the last one, and nothing else."""
    created, exited = collections.Counter(), collections.Counter()
    for row in summary["creation"]:
        names = functions(row["site"])[:1] + [row["function"]]
        key = next((n for n in names if n in done["created"]), names[0])
        created[key] += row["created"] or 0
        exited[key] += row["exited"] or 0
        assert sum(s["created"] for s in row["stacks"]) <= (row["created"] or 0), row
    wrong = {f: (created[f], n) for f, n in done["created"].items() if created[f] != n}
    assert not wrong, f"created (gorotrace, truth): {wrong}\nevents {summary['events']}"
    wrong = {f: (exited[f], n) for f, n in done["exited"].items() if exited[f] != n}
    assert not wrong, f"exited (gorotrace, truth): {wrong}\nevents {summary['events']}"
    strangers = {f: n for f, n in created.items() if n and f not in done["created"]}
    assert not strangers, f"created that the program did not create: {strangers}"

    problems = []
    for wait in done["waits"]:
        rows = [r for r in summary["blocking"] if r["reason"] == wait["reason"] and
                wait["function"] in functions(r["stack"])]
        count = sum(r["count"] or 0 for r in rows)
        total = sum(r["total_ns"] or 0 for r in rows)
        longest = max((r["max_ns"] or 0 for r in rows), default=0)
        odd = sum((r["ended_unknown"] or 0) + (r["tainted"] or 0) for r in rows)
        what = f"{wait['reason']} in {wait['function']}"
        if count != wait["count"] or odd:
            problems.append(f"{what}: {count} waits ({odd} of unknown length), not {wait['count']}")
        if not wait["min_total_ns"] <= total <= wait["max_total_ns"]:
            problems.append(f"{what}: {total} ns, not {wait['min_total_ns']} to {wait['max_total_ns']}")
        if longest > wait["longest_ns"]:
            problems.append(f"{what}: longest {longest} ns, the program measured {wait['longest_ns']}")
        if wait["waker"]:
            by_waker = sum(w["count"] for r in rows for w in r["wakers"] if wait["waker"] in functions(w["stack"]))
            if by_waker != wait["count"]:
                seen = [(w["kind"], w["count"], functions(w["stack"])[:4]) for r in rows for w in r["wakers"]]
                problems.append(f"{what}: {by_waker} woken by {wait['waker']}, not {wait['count']}: {seen[:4]}")
    for function in done["not_blocked"]:
        for row in summary["blocking"]:
            if function in functions(row["stack"]) and row["count"]:
                problems.append(f"{row['count']} waits ({row['reason']}) in {function}, which never waits")
    assert not problems, "\n".join(problems) + f"\nevents {summary['events']}"


# ---------------------------------------------------------------- an untouched target

def executable_segments(path):
    """(file offset, size, vaddr) of the executable PT_LOADs of a little-endian ELF64 file."""
    data = pathlib.Path(path).read_bytes()
    phoff, = (int.from_bytes(data[32:40], "little"),)
    size, count = int.from_bytes(data[54:56], "little"), int.from_bytes(data[56:58], "little")
    for i in range(count):
        ph = data[phoff + i * size:phoff + (i + 1) * size]
        if int.from_bytes(ph[0:4], "little") == 1 and ph[4] & 1:
            yield tuple(int.from_bytes(ph[at:at + 8], "little") for at in (8, 32, 16))


def modified_text(pid, path, library=False):
    """Offsets in the executable, or in that library, at which the process's text differs from its file."""
    data, changed = pathlib.Path(path).read_bytes(), []
    inode = os.stat(path if library else f"/proc/{pid}/exe").st_ino
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            fields = line.split()
            if "x" not in fields[1] or int(fields[4]) != inode:
                continue
            low, high = (int(x, 16) for x in fields[0].split("-"))
            offset = int(fields[2], 16)
            memory.seek(low)
            here, there = memory.read(high - low), data[offset:offset + high - low]
            if here[:len(there)] != there:
                changed += [offset + i for i, (a, b) in enumerate(zip(here, there)) if a != b]
    return changed


def bpf_objects():
    """(kind, id) of every BPF program and link of this machine."""
    found = set()
    for kind in ("link", "prog"):
        done = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found |= {(kind, item["id"]) for item in json.loads(done.stdout)}
    return found


def held_objects(pid):
    """Those of them that a process holds by a file descriptor."""
    held = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").glob("*"):
        try:
            held |= {(kind, int(number)) for kind, number in
                     re.findall(r"^(link|prog)_id:\s*(\d+)$", info.read_text(), re.M)}
        except OSError:
            pass  # closed meanwhile
    return held


def check_options(commands):
    """Each option in what stands behind each command's name: --help has it."""
    for command, rest in commands:
        known = subprocess.run([gorotrace(), command, "--help"], check=True, capture_output=True, text=True).stdout
        for option in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest):
            assert re.search(rf"(?<![\w-]){option}\b", known), (command, option)


@contextlib.contextmanager
def recording(pid, path, *arguments):
    """gorotrace record without a budget, attached."""
    with Process([gorotrace(), "-v", "record", "-p", pid, "-o", path, "--budget", "none", *arguments],
                 stdin=subprocess.DEVNULL) as process:
        end = time.monotonic() + PATIENCE
        while ": probes " not in process.stderr:
            assert process.popen.poll() is None and time.monotonic() < end, process.stderr
            time.sleep(0.05)
        yield process


# What the tracers of this test have held: others may trace on this machine, and their objects come and go.
traced_with = set()


def check_untouched(pid, path, seconds=PATIENCE, library=False):
    """The target's text equals its file, and of what our tracers held in the kernel nothing is left."""
    end = time.monotonic() + seconds  # what a killed process held goes when the kernel has closed its files
    while True:
        changed = modified_text(pid, path, library) if pid else []
        left = traced_with & bpf_objects() if traced_with else set()
        if not changed and not left:
            return
        assert time.monotonic() < end, f"text differs from the file at {changed[:10]}; BPF objects left: {left}"
        time.sleep(0.1)


# ---------------------------------------------------------------- runtime.Stack

class Goroutine:
    def __init__(self, goid, state, frames):
        self.goid, self.state, self.frames = goid, state, frames


def parse_stacks(text):
    """What runtime.Stack wrote: goid, wait reason, [(function, file, line, inlined)] leaf first."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        head = re.match(r"goroutine (\d+)(?: gp=\S+ m=\S+(?: mp=\S+)?)? \[([^\],]*)", lines[0])
        assert head, lines[0]
        frames = []
        for call, place in zip(lines[1::2], lines[2::2]):
            if call.startswith("created by "):
                break
            file, line = re.match(r"\t(.*):(\d+)", place).groups()
            inlined = call.endswith("(...)")
            name = call[:call.rindex("(")] if inlined else call[:matching_paren(call)]
            frames.append((generic(name), file, int(line), inlined))
        found.append(Goroutine(int(head[1]), head[2].replace(" (scan)", ""), frames))
    return found


def matching_paren(call):
    """Where the argument list that ends the line begins."""
    depth = 0
    for i in range(len(call) - 1, -1, -1):
        depth += (call[i] == ")") - (call[i] == "(")
        if depth == 0:
            return i
    raise AssertionError(call)


def visible(stack):
    """The frames runtime.Stack shows: its own internals only where they stand for something a user called
    (runtime/traceback.go showfuncinfo: exported names of package runtime)."""
    frames = [(generic(f["function"]), f["file"], f["line"], f["inlined"]) for f in stack]
    return [f for f in frames if not f[0].startswith("runtime.") or re.match(r"runtime\.[A-Z]", f[0])]
