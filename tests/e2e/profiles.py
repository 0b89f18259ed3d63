"""CPU profiles in which chosen calls are hot, so that the Go compiler (-pgo, 1.21) inlines them: pprof's format, as far
as cmd/internal/pgo reads it."""

import gzip
import re


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def message(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def profile_of(calls):
    """calls: (caller, its first line, callee, line of the call). The compiler takes lines relative to the first one."""
    strings, functions, locations, samples = [""], {}, [], []

    def text(s):
        if s not in strings:
            strings.append(s)
        return strings.index(s)

    def location(function, first, line):
        functions.setdefault(function, (len(functions) + 1, first))
        locations.append(message(4, number(1, len(locations) + 1) +
                                 message(4, number(1, functions[function][0]) + number(2, line))))
        return len(locations)

    kind = number(1, text("cpu")) + number(2, text("nanoseconds"))
    for caller, first, callee, line in calls:
        stack = [location(callee, 1, 2), location(caller, first, line)]
        samples.append(message(2, b"".join(number(1, at) for at in stack) + number(2, 10**9)))
    named = [message(5, number(1, i) + number(2, text(f)) + number(3, text(f)) + number(4, text("runtime")) + number(5, first))
             for f, (i, first) in functions.items()]
    return gzip.compress(message(1, kind) + b"".join(samples + locations + named) +
                         b"".join(message(6, s.encode()) for s in strings) + message(11, kind) + number(12, 10**7))


def wake_ups(runtime):
    """Where the scheduler makes a waiting goroutine runnable without `ready`; `runtime`: the package's sources."""
    calls = []
    for file, functions in (("proc.go", {"findRunnable": "findRunnable", "park_m": "park_m"}),
                            ("mgcpacer.go", {"findRunnableGCWorker": "(*gcControllerState).findRunnableGCWorker"})):
        caller, first = None, 0
        for at, line in enumerate((runtime / file).read_text().splitlines(), 1):
            if head := re.match(r"func (?:\(.*?\) )?(\w+)\(", line):
                caller, first = functions.get(head[1]), at
            elif caller and "casgstatus(gp, _Gwaiting, _Grunnable)" in line:
                calls.append((f"runtime.{caller}", first, "runtime.casgstatus", at))
    assert {c[0] for c in calls} == {"runtime.findRunnable", "runtime.park_m",
                                     "runtime.(*gcControllerState).findRunnableGCWorker"}, calls
    return profile_of(calls)
