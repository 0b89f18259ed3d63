"""gorotrace dump against what the process's own runtime says: runtime.Stack, goroutine?debug=1, debug=0."""

import collections
import json
import os
import re
import resource
import stat
import subprocess
import time

import pytest

import harness
import tracebacks
from agreement import same_tracebacks, same_waiters
from test_load import await_url, free_port, get

DUMP_SCHEMA = harness.ROOT / "userspace" / "report" / "dump.schema.json"
GROWTH_SCHEMA = harness.ROOT / "userspace" / "report" / "growth.schema.json"
SHAPES = [(v, "stripped") for v in harness.VERSIONS] + \
    [(harness.NEWEST, variant) for variant in ("symbols", "pie", "cgo", "cgopie")]


def minor(version):
    return int(version.split(".")[1])


def dump(*arguments, code=0):
    done = subprocess.run([harness.gorotrace(), "dump", *map(str, arguments)], capture_output=True, timeout=120)
    assert done.returncode == code, f"{done.args}: {done.returncode}\n{done.stderr.decode()}"
    return done.stdout.decode() if code == 0 else done.stderr.decode()


def dump_json(*arguments):
    import jsonschema
    found = json.loads(dump(*arguments, "--format", "json"))
    jsonschema.Draft202012Validator(json.loads(DUMP_SCHEMA.read_text())).validate(found)
    counts = found["counts"]
    assert counts["alive"] == sum(counts[k] for k in ("proven", "unproven", "running", "moved", "no_saved_frame")), counts
    assert counts["alive"] == len(found["goroutines"]) + sum(found["not_shown"].values()), found["not_shown"]
    return found


@pytest.fixture
def stacks():
    """Starts the program of many stacks. Its go.mod asks for the habits of an old Go, but Go 1.27 has labels in tracebacks."""
    started = []

    def start(version=harness.NEWEST, variant="stripped"):
        binary = harness.build(harness.PROGRAMS / "stacks", version, variant)
        habits = {"GODEBUG": "tracebacklabels=1"} if minor(version) >= 27 else {}
        started.append(harness.Truth(binary, env={**os.environ, **habits}))
        return started[-1]

    yield start
    for process in started:
        process.close()


def at_rest(process, take, ask):
    """What `take` gives while the process's own account before and after it is the same."""
    for _ in range(5):
        before, taken, after = ask(), take(), ask()
        if before == after:
            return before, taken
    raise AssertionError("the process is not at rest")


# ---------------------------------------------------------------- the runtime's own formats

@pytest.mark.parametrize("version,variant", SHAPES)
def test_text_is_runtime_stack(stacks, version, variant):
    """The same goroutines, header words and frames, line for line; arguments aside, which are not read."""
    process = stacks(version, variant)
    theirs, ours = at_rest(process, lambda: dump("-p", process.pid),
                           lambda: process.ask("stack", "stack")["text"])
    same_tracebacks(theirs, ours)


@pytest.mark.parametrize("version,variant", SHAPES)
def test_group_is_the_runtimes_profile(stacks, version, variant):
    """goroutine?debug=1: groups, counts, labels, addresses and frame lines, tabs included, in its order."""
    process = stacks(version, variant)
    theirs, ours = at_rest(process, lambda: dump("-p", process.pid, "--group"),
                           lambda: process.ask("profile", "profile")["text"])
    limit = 32 if minor(version) < 23 else 128  # frames that the runtime's record holds

    def groups(text):
        # The main goroutine answers here and waits there.
        found = [(g.count, g.labels, g.pcs, g.text) for g in tracebacks.parse_debug1(text)
                 if not any("\tmain.main+" in line for line in g.text)]
        whole = [g for g in found if len(g[2]) < limit]
        cut = collections.Counter()
        for g in found:
            if len(g[2]) >= limit:
                cut[tuple(g[2][:limit])] += g[0]
        return whole, cut

    theirs, ours = groups(theirs), groups(ours)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


def raw_profile(path):
    """What `go tool pprof` understands of a profile: samples with their labels and whole locations, mappings, types."""
    done = subprocess.run(["go", "tool", "pprof", "-raw", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    sections = re.split(r"^(Samples:|Locations|Mappings)$", done.stdout, flags=re.M)
    head, samples, locations, mappings = sections[0], sections[2], sections[4], sections[6]
    places, current = {}, None
    for line in locations.strip("\n").split("\n"):
        start = re.match(r"\s+(\d+): (0x[0-9a-f]+ M=\d+ )?(.*)$", line)
        if start:
            current = places.setdefault(start[1], [start[2]])
            current.append(start[3])
        else:
            current.append(line.strip())
    rows = samples.strip("\n").split("\n")
    assert rows[0].strip() == "goroutine/count"
    found = []
    for row in rows[1:]:
        sample = re.match(r"\s+(\d+): ([\d ]*)$", row)
        if sample:
            found.append((int(sample[1]), [tuple(places[i]) for i in sample[2].split()], []))
        else:
            found[-1][2].extend(row.strip().split())
    return collections.defaultdict(str, re.findall(r"^(\w+): (.*)$", head, re.M)), found, mappings.strip(), head


@pytest.mark.parametrize("version,variant", SHAPES)
def test_pprof_is_the_runtimes_profile(stacks, tmp_path, version, variant):
    """goroutine?debug=0 as `go tool pprof` reads it: samples, labels, locations, start lines, mappings, build id."""
    process = stacks(version, variant)
    ours, theirs = tmp_path / "ours.pb.gz", tmp_path / "theirs.pb.gz"
    dump("-p", process.pid, "--format", "pprof", "-o", ours)
    process.ask(f"save {theirs}", "save")
    ours, theirs = raw_profile(ours), raw_profile(theirs)
    for key in ("PeriodType", "Period"):
        assert ours[0][key] == theirs[0][key]
    assert re.search(r"^Comment: gorotrace: \d+ goroutines of process", ours[3], re.M)
    assert ours[2].split("\n")[0] == theirs[2].split("\n")[0]
    assert len(ours[2].split("\n")) == len(theirs[2].split("\n"))
    limit = 32 if minor(version) < 23 else 128

    def whole(samples):
        kept = [s for s in samples if not any(place.startswith("main.main ") for at in s[1] for place in at)]
        return sorted((s[0], s[1], sorted(s[2])) for s in kept if sum(len(at) - 1 for at in s[1]) < limit - 1)

    assert whole(ours[1]) == whole(theirs[1])
    assert sum(s[0] for s in ours[1]) == sum(s[0] for s in theirs[1])


def test_folded_and_json_say_the_same_as_text(stacks):
    process = stacks()
    text = tracebacks.parse_debug2(dump("-p", process.pid))
    found = dump_json("-p", process.pid)
    assert found["engine"] == "snapshot" and found["quality"] == "exact"
    assert found["counts"]["proven"] == found["counts"]["alive"]
    by_goid = {g["goid"]: g for g in found["goroutines"]}
    assert set(by_goid) == set(text)
    for goid, g in by_goid.items():
        frames = [(f["function"], f["file"], f["line"]) for f in found["stacks"][g["stack"]]["frames"]]
        shown = [f[:3] for f in text[goid].frames]
        rest = iter(frames)
        assert all(f in rest for f in shown if f[0] != "panic"), (goid, shown, frames)
        assert text[goid].words[0] == (g["wait_reason"] or g["status"])
        assert ("locked to thread" in text[goid].words) == g["locked_to_thread"]
    counts = collections.Counter()
    for g in found["goroutines"]:
        names = [f["function"] for f in found["stacks"][g["stack"]]["frames"]]
        counts[";".join(reversed([n for n in names if n != "runtime.goexit"]))] += 1
    folded = {}
    for line in dump("-p", process.pid, "--format", "folded").splitlines():
        stack, count = line.rsplit(" ", 1)
        folded[stack] = int(count)
    assert sum(folded.values()) == len(text)
    # Wrappers are in no profile.
    assert all(folded.get(stack, count) == count for stack, count in counts.items())
    assert sum(counts[stack] for stack in folded) >= len(text) - 4


# ---------------------------------------------------------------- states and selections

def test_running_goroutines_have_no_stack_and_say_so(stacks):
    process = stacks()
    process.ask("spin 2", "spin")
    found = dump_json("-p", process.pid)
    spinning = [g for g in found["goroutines"] if g["start_function"] == "main.spin"]
    assert len(spinning) == 2
    text = tracebacks.parse_debug2(dump("-p", process.pid))
    for g in spinning:  # on few CPUs one of them may have been preempted at that instant
        assert (g["status"], g["stack_missing"]) == ("running", "running") or g["stack"] is not None, g
        made = text[g["goid"]].created_by
        assert made[0] == "main.main in goroutine 1" and made[1].endswith("main.go")
    assert sum(g["stack"] is None for g in found["goroutines"]) == \
        sum(found["counts"][k] for k in ("running", "moved", "no_saved_frame"))


def test_selections(stacks):
    process = stacks()
    everyone = dump_json("-p", process.pid)
    sleeping = dump_json("-p", process.pid, "--where", "reason=sleep")
    assert [g["wait_reason"] for g in sleeping["goroutines"]] == ["sleep"]
    either = dump_json("-p", process.pid, "--where", "reason=sleep", "--where", "reason=sync.Mutex.Lock")
    assert sorted(g["wait_reason"] for g in either["goroutines"]) == \
        ["sleep", "sync.Mutex.Lock", "sync.Mutex.Lock"]  # the second writer of an RWMutex waits for the first's Mutex
    deep = dump_json("-p", process.pid, "--where", "function=main.deep", "--where", "reason=chan receive")
    assert len(deep["goroutines"]) == 4
    one = everyone["goroutines"][-1]["goid"]
    assert [g["goid"] for g in dump_json("-p", process.pid, "--where", f"goid={one}")["goroutines"]] == [one]
    made = dump_json("-p", process.pid, "--created-by", "main.start")
    assert made["conditions"] == ["--created-by main.start"] and everyone["conditions"] == []
    assert made["not_shown"]["unknown_creator"] == 1  # who called time.AfterFunc nobody knows
    notes = tracebacks.notes(dump("-p", process.pid, "--created-by", "main.start"))
    assert any("creators of 1 goroutine are not known" in note and "--probes lifecycle" in note for note in notes), notes
    assert len(made["goroutines"]) == len(everyone["goroutines"]) - 2  # main and the one of time.AfterFunc
    with_system = dump_json("-p", process.pid, "--system")
    assert len(with_system["goroutines"]) == len(everyone["goroutines"]) + everyone["not_shown"]["system"]
    limited = dump_json("-p", process.pid, "--limit", "3")
    assert len(limited["goroutines"]) == 3
    assert len(tracebacks.parse_debug2(dump("-p", process.pid, "--limit", "3"))) == 3


def test_min_wait_needs_the_collectors_word(stacks):
    """Since when a goroutine waits the runtime writes down at a GC: before it that is unknown, and is said."""
    process = stacks()
    process.ask("leak 5", "leak")
    leaked = ("-p", process.pid, "--where", "function=main.leaked")
    old = {g["goid"] for g in dump_json(*leaked)["goroutines"]}
    before = dump_json(*leaked, "--min-wait", "1ms")
    assert len(old) == 5 and before["goroutines"] == [] and before["not_shown"]["unknown_wait"] == 5
    for step in ("gc", "gc", "leak 1", "gc"):  # a collection writes down the time of the one before it; that of the
        process.ask(step, step.split()[0])     # sixth is a later one, and proves that the five waited then
    time.sleep(0.2)
    after = dump_json(*leaked, "--min-wait", "100ms")
    assert old <= {g["goid"] for g in after["goroutines"]} and after["not_shown"]["unknown_wait"] <= 1, after["not_shown"]
    assert all(g["waiting_at_least_ns"] >= 1e8 and g["waiting_source"] == "collections" for g in after["goroutines"])
    assert dump_json("-p", process.pid, "--min-wait", "1h", "--where", "function=main.leaked")["goroutines"] == []


def test_usage_and_errors(stacks, tmp_path):
    process = stacks()
    assert "chan recieve" in dump("-p", process.pid, "--where", "reason=chan recieve", code=2)
    for wrong in (["--where", "goid=one"], ["--min-wait", "soon"], ["--group", "--format", "json"],
                  ["--format", "pprof", "--limit", "3", "-o", str(tmp_path / "x")], ["--format", "xml"]):
        dump("-p", process.pid, *wrong, code=2)
    dump("-p", os.getpid(), code=3)
    dump("-p", process.pid, "-o", tmp_path / "no" / "such" / "folder", code=1)
    assert list(tmp_path.iterdir()) == []
    dump("-p", process.pid, "-o", tmp_path / "file")
    assert len(tracebacks.parse_debug2((tmp_path / "file").read_text())) == process.ask("gc", "gc")["goroutines"]
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_output_file_is_whole_or_as_it_was(stacks, tmp_path):
    process = stacks()
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("as it was")
    file.chmod(0o600)
    link.symlink_to(file)
    command = [harness.gorotrace(), "dump", "-p", str(process.pid), "-o", str(link)]
    watching = subprocess.Popen([*command, "--observe", "30s"])
    time.sleep(0.5)
    watching.kill()
    watching.wait()
    # What is too long for the limit fails to be written, as on a full disk.
    small = subprocess.run(command, capture_output=True, text=True, restore_signals=False, timeout=harness.PATIENCE,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    assert small.returncode == 1 and "too large" in small.stderr, small
    assert file.read_text() == "as it was" and {p.name for p in tmp_path.iterdir()} == {"file", "link"}
    dump("-p", process.pid, "-o", link)
    assert file.read_text().startswith("# gorotrace:") and file.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink() and {p.name for p in tmp_path.iterdir()} == {"file", "link"}
    # No regular file is never replaced by one.
    full = tmp_path / "full"
    os.mknod(full, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
    assert "No space left" in dump("-p", process.pid, "-o", full, code=1)
    assert full.is_char_device()


# ---------------------------------------------------------------- waits, growth

def test_waiters(stacks):
    """What the program blocks on, by how many wait; addresses and states are test subjects of waits/."""
    process = stacks()
    process.ask("leak 12", "leak")
    found = dump_json("-p", process.pid)
    text = dump("-p", process.pid, "--waiters")
    same_waiters(found, text)
    leaks = {w["address"] for g in found["goroutines"] if g["start_function"] == "main.leaked" for w in g["waits_on"]}
    assert len(leaks) == 1
    at = [i for i, line in enumerate(text.splitlines()) if leaks.copy().pop() in line]
    assert len(at) == 1 and text.splitlines()[at[0]].split()[0] == "12"
    assert text.splitlines()[at[0] + 1].split()[:2] == ["12x", "main.leaked"]
    assert re.search(r"^ +1  nil channel: nobody can ever wake these", text, re.M)
    alone = re.search(r"^ +1x  main\.park\.func6  shapes\.go:\d+  goroutine (\d+)$", text, re.M)
    mutex, = [g for g in found["goroutines"] if [w["kind"] for w in g["waits_on"]] == ["mutex"]]
    assert int(alone[1]) == mutex["goid"], text
    assert re.search(r"channel 0x\w+ .* 35 receivers, 0 senders  1 in a select$", text, re.M), text
    assert re.search(r"^ +1  select \(no cases\): waits for no object", text, re.M)
    kinds = collections.Counter(w["kind"] for g in found["goroutines"] for w in g["waits_on"])
    assert kinds["mutex"] >= 1 and kinds["rwmutex_read"] >= 1 and kinds["waitgroup"] == 1 and kinds["cond"] == 1, kinds
    assert kinds["sleep"] == 1 and kinds["io"] == 1, kinds


def test_who_holds_a_mutex_stands_before_who_owns_it():
    """By the deferred Unlock; and with what it does, so that a circle of locks can be followed."""
    with harness.Process([harness.build(harness.PROGRAMS / "waits")]) as process:
        told = json.loads(process.lines.next())["goroutines"]
        fact = next(f for f in told if "owner" in f)
        holders = {tuple(w["likely_holders"]) for g in dump_json("-p", process.pid)["goroutines"] for w in g["waits_on"]
                   if w.get("address") == hex(fact["object"])}
        text = dump("-p", process.pid, "--waiters")
    assert holders == {(fact["holder"], fact["owner"])}
    assert re.search(fr"sync\.Mutex {fact['object']:#x}  locked, 2 waiters in its state  likely held by "
                     fr"goroutine {fact['holder']} in main\.\(\*account\)\.audit main\.go:\d+"
                     fr", less likely by goroutine {fact['owner']} in main\.own main\.go:\d+$", text, re.M), text


def likely_holders(found):
    """Of each goroutine that waits for the mutex: how the search ended, functions of the first one that it names."""
    nothing = {"frames": []}
    functions = {g["goid"]: {f["function"] for f in found["stacks"].get(g["stack"], nothing)["frames"]}
                 for g in found["goroutines"]}
    for g in found["goroutines"]:
        for wait in g["waits_on"]:
            if wait["kind"] == "mutex":
                yield wait["holder_search"], [functions[goid] for goid in wait["likely_holders"] or []]


@pytest.mark.alone
@pytest.mark.parametrize("hold", ["3ms", "30ms"])
def test_the_holder_of_a_mutex_that_goes_from_hand_to_hand_is_named(hold):
    with harness.Process([harness.build(harness.PROGRAMS / "handed"), "-hold", hold]) as process:
        process.lines.next()
        right = wrong = 0
        for _ in range(10):
            found = dump_json("-p", process.pid)
            counts = found["counts"]
            assert counts["retried"] <= counts["proven"], counts
            ends = list(likely_holders(found))
            assert all(bool(named) <= (end == "done") for end, named in ends), ends
            first = [named[0] for _, named in ends if named]
            asleep = [{"main.(*cache).refresh", "time.Sleep"} <= functions for functions in first]
            right += bool(asleep) and all(asleep)
            wrong += any(not a for a in asleep)
            time.sleep(0.02)
        print(f"{hold}: {right} of 10 dumps name the holder, {wrong} another goroutine first")
        text = dump("-p", process.pid, "--waiters")
    # Beside other work some locks change hands at each of the tries, and nobody is named then.
    assert right > wrong and wrong <= 3, (right, wrong)
    rows = re.findall(r"^ +\d+  sync\.Mutex 0x\w+ (.*(?:\n {9,12}\S.*)*)", text, re.M)
    ends = r"  (likely held by goroutine|likely holder not established: |no likely holder found|held by nobody)"
    assert all(re.search(ends, row.replace("\n", " ")) for row in rows), text


@pytest.mark.alone
def test_objects_of_a_busy_server_are_established():
    """Most of its goroutines move between two looks at all of them: those are read again, a few at a time."""
    with harness.Process([harness.build(harness.PROGRAMS / "demo"), "-rate", 1500, "-duration", "60s"]) as server:
        server.lines.next()
        time.sleep(2)
        waiting, kinds = [], collections.Counter()
        for _ in range(5):
            for g in dump_json("-p", server.pid)["goroutines"]:
                # The leaked ones stand still, by the hundred.
                if g["status"] == "waiting" and "watch" not in (g["start_function"] or ""):
                    waiting.append(bool(g["waits_on"]))
                    kinds.update({w["kind"] for w in g["waits_on"]})
    assert sum(waiting) >= 0.8 * len(waiting), (sum(waiting), len(waiting), kinds)
    assert kinds["io"] > 20 and kinds["channel"] > 20, kinds  # more than the listener


def test_labels_in_every_form(stacks):
    process = stacks()
    text = dump("-p", process.pid, "--where", "label=tenant=acme")
    found = tracebacks.parse_debug2(text)
    assert len(found) == 3 and {g.labels for g in found.values()} == {'path: "/a b\\"c\\\\", tenant: acme'}
    for g in dump_json("-p", process.pid, "--where", "label=tenant=acme")["goroutines"]:
        assert g["labels"] == {"tenant": "acme", "path": '/a b"c\\'}
    assert len(dump_json("-p", process.pid, "--where", "label=tenant=other")["goroutines"]) == 0


def growth(*arguments):
    import jsonschema
    found = json.loads(dump(*arguments, "--json"))
    jsonschema.Draft202012Validator(json.loads(GROWTH_SCHEMA.read_text())).validate(found)
    return found


def test_diff_finds_the_leak(stacks, tmp_path):
    process = stacks()
    process.ask("leak 20", "leak")
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    dump("-p", process.pid, "--json", "-o", before)
    process.ask("unleak 5", "unleak")
    process.ask("leak 18", "leak")
    dump("-p", process.pid, "--json", "-o", after)
    found = growth("--diff", before, after)
    assert found["goroutines"]["last"] - found["goroutines"]["first"] == 13
    assert [(s["growth"], s["first"], s["last"]) for s in found["stacks"]] == [(13, 20, 33)]
    assert any(f["function"] == "main.leaked" for f in found["stacks"][0]["frames"])
    site, = found["creation_sites"]
    assert (site["growth"], site["start_function"], site["created_by"]["function"]) == (13, "main.leaked", "main.leak")
    text = dump("--diff", before, after)
    assert "+13  20 -> 33" in text and "created by main.leak" in text
    assert found["same_process"] and found["stacks"][0]["never_shrank"] is True
    refused = dump("--diff", after, before, code=2)
    assert str(after) in refused and str(before) in refused and "earlier" in refused, refused
    assert growth("--diff", before, before)["stacks"] == []
    for wrong in ([before, tmp_path / "none.json"], [before, __file__]):
        dump("--diff", *wrong, code=1 if "none" in str(wrong[1]) else 2)
    dump("--diff", before, after, "-p", process.pid, code=2)
    dump("--diff", before, after, "--where", "state=running", code=2)
    dump("-p", process.pid, "--json", "--limit", 3, "-o", tmp_path / "part.json")
    assert "--limit" in dump("--diff", before, tmp_path / "part.json", code=2)


def test_diff_of_two_processes_says_so(stacks, tmp_path):
    """Before and after a restart: no row can have never shrunk, and which was first does not matter."""
    files = [tmp_path / "old.json", tmp_path / "new.json"]
    for leaked, file in zip((20, 33), files):
        process = stacks()
        process.ask(f"leak {leaked}", "leak")
        dump("-p", process.pid, "--json", "-o", file)
    found = growth("--diff", *files)
    assert not found["same_process"] and found["before"]["host_pid"] != found["after"]["host_pid"], found
    assert [(s["growth"], s["never_shrank"]) for s in found["stacks"] if s["first"] == 20] == [(13, None)]
    text = dump("--diff", *files)
    assert "from one process to another" in text and "never shrank" not in text, text
    assert f"PID {found['before']['pid']}" in text and f"PID {found['after']['pid']}" in text, text
    assert growth("--diff", *reversed(files))["became_fewer"]["stacks"] >= 1


def test_diff_of_two_programs_is_refused(stacks, tmp_path):
    files = [tmp_path / "one.json", tmp_path / "other.json"]
    dump("-p", stacks().pid, "--json", "-o", files[0])
    with harness.Truth(harness.build(harness.PROGRAMS / "ages")) as other:
        dump("-p", other.pid, "--json", "-o", files[1])
    refused = dump("--diff", *files, code=2)
    assert all(str(name) in refused for name in (*files, "/stacks-", "/ages-")), refused


def test_diff_of_what_was_chosen_otherwise_warns(stacks, tmp_path):
    process = stacks()
    whole, part = tmp_path / "whole.json", tmp_path / "part.json"
    dump("-p", process.pid, "--json", "-o", part, "--where", "reason=chan", "--where", "function=main.deep")
    dump("-p", process.pid, "--json", "-o", whole)
    found = growth("--diff", part, whole)
    assert found["conditions"] == {"only_before": ["--where function=main.deep", "--where reason=chan"], "only_after": []}
    assert found["quality"] == "estimated" and "WARNING" in dump("--diff", part, whole)
    assert growth("--diff", part, part)["conditions"] == {"only_before": [], "only_after": []}


# ---------------------------------------------------------------- an exec keeps the PID and the time of the start

@pytest.fixture
def truth():
    with harness.Truth(harness.build(harness.PROGRAMS / "truth")) as process:
        yield process


def test_an_exec_ends_the_watch(truth):
    with harness.Process([harness.gorotrace(), "dump", "-p", truth.pid, "--watch", "20s", "--json"]) as watch:
        time.sleep(3)  # the second look is over
        truth.ask("exec", "ready")
        found = json.loads(watch.lines.next())
        assert watch.wait() == 0
        assert "the watch ended early" in watch.stderr and "executed another program" in watch.stderr, watch.stderr
    assert 2 <= found["samples"] <= 4 and found["goroutines"]["first"] == found["goroutines"]["last"], found
    assert found["stacks"] == [], found


@pytest.mark.parametrize("options", [[], ["--probes", "block"]])
def test_an_exec_leaves_nothing_to_observe(truth, options):
    with harness.Process([harness.gorotrace(), "dump", "-p", truth.pid, "--observe", "20s", *options]) as observing:
        time.sleep(2)
        truth.ask("exec", "ready")
        assert observing.wait() == 1
        assert "executed another program" in observing.stderr and not observing.popen.stdout.read(), observing.stderr


def test_diff_over_an_exec_says_so(truth, tmp_path):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    for file in (before, after):
        dump("-p", truth.pid, "--json", "-o", file)
        truth.ask("exec", "ready")
    found = growth("--diff", before, after)
    assert not found["same_process"] and found["before"]["pid"] == found["after"]["pid"], found
    text = dump("--diff", before, after)
    assert "from before an exec" in text and "never shrank" not in text, text


def test_two_formats_at_once_are_refused(stacks):
    process = stacks()
    for format in ("pprof", "folded", "text"):
        refused = dump("-p", process.pid, "--json", "--format", format, code=2)
        assert "--json" in refused and format in refused, refused
    assert json.loads(dump("-p", process.pid, "--json", "--format", "json"))["type"] == "dump"


def test_watch_finds_what_never_shrinks(stacks):
    process = stacks()
    process.ask("leak 3", "leak")
    with harness.Process([harness.gorotrace(), "dump", "-p", str(process.pid), "--watch", "3s", "--json"]) as watch:
        time.sleep(0.8)  # the first look is over
        process.ask("leak 7", "leak")
        time.sleep(0.8)
        process.ask("leak 4", "leak")
        found = json.loads(watch.lines.next())
        assert watch.wait() == 0
    assert found["samples"] == 11
    top = found["creation_sites"][0]
    assert (top["start_function"], top["first"], top["last"], top["never_shrank"]) == ("main.leaked", 3, 14, True)


def test_watch_finds_the_leak_of_the_demo():
    with harness.Process([harness.build(harness.PROGRAMS / "demo")]) as demo:
        deadline = time.monotonic() + 30
        while not dump_json("-p", demo.pid, "--where", "function=main.(*shop).watcher")["goroutines"]:
            assert time.monotonic() < deadline, demo.stderr
            time.sleep(0.2)
        found = growth("-p", demo.pid, "--watch", "3s")
    top = found["creation_sites"][0]
    assert top["start_function"].startswith("main.(*shop).watch") and top["never_shrank"] and top["growth"] > 20
    assert top["created_by"]["function"] == "main.(*shop).watch"


# ---------------------------------------------------------------- binaries that nobody here wrote

def prometheus(tmp_path, port):
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {scrape_interval: 1s}\n")
    return ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]


def etcd(tmp_path, port):
    peer = f"http://127.0.0.1:{free_port()}"
    client = f"http://127.0.0.1:{port}"
    return ["etcd", "--data-dir", tmp_path / "data", "--enable-pprof", "--log-level", "error",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]


def nats(tmp_path, port):
    return ["nats-server", "-a", "127.0.0.1", "-p", free_port(), "-profile", port]


@pytest.mark.parametrize("server", [prometheus, etcd, nats], ids=lambda f: f.__name__)
def test_real_servers_agree_with_their_own_profile(tmp_path, server):
    """Stacks that the server's own goroutine?debug=1 shows equally often before and after have that count in ours."""
    port = free_port()
    with harness.Process(list(map(str, server(tmp_path, port)))) as target:
        url = f"http://127.0.0.1:{port}/debug/pprof/goroutine?debug=1"
        await_url(url, target)
        time.sleep(1)  # until it has started up
        limit = 32 if minor(dump_json("-p", target.pid, "--limit", 1)["target"]["go_version"][2:]) < 23 else 128

        def counts(text):
            found = collections.Counter()
            for g in tracebacks.parse_debug1(text):
                # The goroutine that answers is another one in ours.
                # So is one that waits to run for the first time by a wrapper, of which the profile has goexit alone.
                if g.no_stack is None and len(g.pcs) > 1 and not any("\truntime/pprof." in line for line in g.text):
                    found[g.labels, tuple(g.pcs[:limit])] += g.count
            return found

        compared, problems = 0, []
        for _ in range(10):  # a timer may go off in between
            before, ours, after = get(url), dump("-p", target.pid, "--group"), get(url)
            before, ours, after = counts(before), counts(ours), counts(after)
            still = {key: n for key, n in before.items() if after[key] == n}
            compared = len(still)
            problems = [(key[1], n, ours[key]) for key, n in still.items() if ours[key] != n]
            if not problems:
                break
        assert not problems, f"(stack, its own count, ours): {problems}"
        assert compared >= 8 and sum(still.values()) >= 0.7 * sum(ours.values()), (compared, still, ours)
