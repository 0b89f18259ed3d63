"""A real binary whose names were overwritten: what a terminal obeys reaches no terminal, what a program parses parses."""

import gzip
import json
import struct
import subprocess
import time

import pytest

import harness
import tracebacks

LONG = 1 << 16
MOST_LINE = 16 << 10  # a function's name, a file's and what is between them, each cut at 4 KiB

# What stands in the place of each name; filled up to its length.
NAMES = {
    b"main.PlaceForEscapeSequences_": b"main.\x1b[31m\x1b]0;title\x07\x1b[2J\x1bP+q\x1b\\\x08\x08\x7f\x9b31m\x00"[:-1],
    b"main.PlaceForInvalidUTF8_": b"main.\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80\xe2\x82\xc3",
    b"main.PlaceForLineBreaksAndDirections_": b"main.\r\n\n\t\v\f\xc2\x85\xc2\x9b31m\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8",
    b"main.PlaceForSeparators_": b"main.;a;b \"q\" \\u001b \\x1b %n%s {} <b>&amp; 'x' (...) +0x1",
    b"main.PlaceForBrackets_": b"main.]](((...)[[[go.shape.]})]).[",
    b"main.PlaceThatMakesGoroutines_": b"main.\x1b[31mgoroutine 7 [running]:\nmain.forged",
    b"/place/for/a/file/that/is/over": b"/\x1b[31m/\nmain.forged(...)\n\t/x.go:1\xff;/",
    b"a-module-whose-path-is-overwri": b"\x1b[31mmodule\x9b\xff\x7f\r\x1b]0;x\x07",
    b"sync.RWMutex.RLock": b"sync.\x1b[31m\xff\n",
}


def overwrite(data, place, name):
    """Puts name where place begins, in every occurrence, filled up to the end of the run of fillers."""
    at, count = data.find(place), 0
    while at >= 0:
        end = at + len(place)
        while place.endswith(b"_") and data[end:end + 1] == b"_":
            end += 1
        size = max(end - at, len(name)) if not place.endswith(b"_") else end - at
        assert len(name) <= size, (place, len(name), size)
        data[at:at + size] = name.ljust(size, b"x")
        at, count = data.find(place, at + size), count + 1
    assert count > 0, place


def line_table(data):
    """Offset of pclntab in the file, its funcnametab (offset, size), offset of its functab, number of functions."""
    at = data.find(b"\xf1\xff\xff\xff\x00\x00")
    while True:
        assert at >= 0, "no line table"
        count, _, _, names, cus, files, pcs, functions = struct.unpack_from("<8Q", data, at + 8)
        if 72 <= names < cus < files < pcs < functions < len(data) and 0 < count < 1 << 20:
            return at, (at + names, cus - names), at + functions, count
        at = data.find(b"\xf1\xff\xff\xff\x00\x00", at + 1)


def move_name(data, place, name_offset):
    """The function of that name gets the name at name_offset of funcnametab."""
    _, (names, size), functions, count = line_table(data)
    was = data.index(place, names, names + size) - names
    moved = 0
    for i in range(count):
        record, = struct.unpack_from("<I", data, functions + 8 * i + 4)
        if struct.unpack_from("<I", data, functions + record + 4)[0] == was:
            struct.pack_into("<I", data, functions + record + 4, name_offset)
            moved += 1
    assert moved == 1, (place, moved)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The program, built with a name of 64 KiB, overwritten, in a file of a bad name; while it runs."""
    source = tmp_path_factory.mktemp("source") / "hostile"
    source.mkdir()
    for path in (harness.PROGRAMS / "hostile").iterdir():
        text = path.read_text().replace("PlaceForALongName", "PlaceForALongName" + "l" * LONG)
        (source / path.name).write_text(text)
    data = bytearray(harness.build(source).read_bytes())
    _, (names, size), _, _ = line_table(data)
    move_name(data, b"main.PlaceForNothing_", data.index(b"\0", names) - names)
    end = names + size - 1
    data[end - 40:end + 1] = b"main.\x1b[31mnameless".ljust(41, b"\x9b")
    move_name(data, b"main.PlaceForTheLastNameWithoutAnEnd_", end - 40 - names)
    for place, name in NAMES.items():
        overwrite(data, place, name)
    binary = tmp_path_factory.mktemp("bin") / "\x1b[31m\n\x9b\x7f"
    binary.write_bytes(data)
    binary.chmod(0o755)
    with harness.Truth(binary) as process:
        yield process


def run(*arguments, seconds=harness.PATIENCE):
    """stdout of gorotrace, which must be what a terminal can be given, like its stderr."""
    begin = time.monotonic()
    done = subprocess.run([harness.gorotrace(), *map(str, arguments)], capture_output=True, timeout=seconds)
    assert done.returncode == 0, (arguments, done.stderr)
    print(f"{arguments}: {time.monotonic() - begin:.2f} s, {len(done.stdout)} bytes")
    clean(done.stderr, arguments)
    return done.stdout


def clean(raw, what, most=MOST_LINE):
    """Valid UTF-8 without controls, C1 controls and overrides of direction; lines of a sane length."""
    text = raw.decode("utf-8")  # strict
    bad = sorted({hex(ord(c)) for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) < 0xa0 or
                  0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069})
    assert not bad, f"{what}: {bad}"
    longest = max(map(len, text.split("\n")))
    assert longest < most, f"{what}: a line of {longest} characters"
    return text


def strings_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)
    elif isinstance(value, str):
        yield value


def clean_json(raw):
    """As it is sent, and its strings; labels are the program's data, whose every character is there, escaped."""
    clean(raw, "JSON", most=len(raw) + 1)
    value = json.loads(raw.decode("utf-8"), object_hook=lambda d: {k: v for k, v in d.items() if k != "labels"})
    for text in strings_of(value):
        assert "\n" not in text and "\t" not in text, text
        clean(text.encode("utf-8", "surrogatepass"), "a string of the JSON")
    return json.loads(raw)


# ---------------------------------------------------------------- dump

def test_text_is_that_of_a_traceback(hostile):
    text = clean(run("dump", "-p", hostile.pid), "dump")
    found = tracebacks.parse_debug2(text)
    assert len(found) == 13, sorted(found)
    assert "main.forged" not in {f[0] for g in found.values() for f in g.frames}
    names = {f[0] for g in found.values() for f in g.frames}
    assert any(n.startswith("main.PlaceForALongName") and n.endswith("…") for n in names), names
    assert all(len(n) < 4100 for n in names)
    assert {g.created_by[0].split(" in goroutine ")[0] for g in found.values() if g.created_by} >= {"main.main"}


def test_groups_waiters_and_selections(hostile):
    groups = tracebacks.parse_debug1(clean(run("dump", "-p", hostile.pid, "--group"), "--group"))
    assert sum(g.count for g in groups) == 13 and sum(bool(g.labels) for g in groups) == 1
    clean(run("dump", "-p", hostile.pid, "--waiters", "--limit", 0), "--waiters")
    clean(run("dump", "-p", hostile.pid, "--watch", "1s"), "--watch")


def test_json_is_json(hostile):
    found = clean_json(run("dump", "-p", hostile.pid, "--json"))
    assert len(found["goroutines"]) == 13
    labelled, = [g["labels"] for g in found["goroutines"] if g["labels"]]
    assert labelled == {"a\x1b[31m\nb": "\ufffd\ufffd31m\u202e\u0085;\"}\\"}, labelled
    assert found["counts"]["proven"] == found["counts"]["alive"]


def test_folded_has_a_stack_and_a_count_on_each_line(hostile):
    lines = clean(run("dump", "-p", hostile.pid, "--format", "folded"), "folded").splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == 13
    assert all(all(line.rsplit(" ", 1)[0].split(";")) for line in lines)
    assert any(line.startswith("main.:a:b ") for line in lines), "a separator in a name was not replaced"


def fields(message):
    """(number, bytes or integer) of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 0x7f) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            assert key & 7 == 2, key
            size = varint()
            yield key >> 3, message[at:at + size]
            at += size
    assert at == len(message)


def test_pprof_is_read_by_pprof(hostile, tmp_path):
    profile = tmp_path / "profile.pb.gz"
    run("dump", "-p", hostile.pid, "--format", "pprof", "-o", profile)
    strings = [value for number, value in fields(gzip.decompress(profile.read_bytes())) if number == 6]
    assert len(strings) > 20
    for text in strings:
        assert "\n" not in clean(text, "a string of the profile")
    done = subprocess.run(["go", "tool", "pprof", "-raw", profile], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- the other commands

@pytest.mark.parametrize("probes", ["none", "lifecycle,block"])
def test_stat(hostile, probes):
    arguments = ["stat", "-p", hostile.pid, "--probes", probes, "-d", "500ms", "-i", "250ms"]
    text = clean(run(*arguments, "--stacks", "--limit", 0), "stat")
    assert "PlaceForALongName" in text
    for line in run(*arguments, "--json").splitlines():
        found = clean_json(line)
        harness.check_schema(found)
    assert len([r for r in found["blocking"] if r["reason"] == "chan receive"]) >= 10


def test_ps_check_and_metrics(hostile):
    row, = [line for line in clean(run("ps"), "ps").splitlines() if line.split()[:1] == [str(hostile.pid)]]
    assert "module" in row
    found, = [r for r in map(clean_json, run("ps", "--json").splitlines()) if r["pid"] == hostile.pid]
    assert found["supported"] and found["goroutines"] == 13, found
    clean(run("check", "-p", hostile.pid), "check")
    clean(run("metrics", "-p", hostile.pid), "metrics")
    clean_json(run("metrics", "-p", hostile.pid, "--json"))
