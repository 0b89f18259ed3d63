"""SIGKILL aimed at the making of links, and what the kernel says of it."""

import contextlib
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import harness

BPF, PERF_EVENT_OPEN = {"x86_64": (321, 298), "aarch64": (280, 241)}[platform.machine()]
BPF_LINK_CREATE = 28


def threads(pid):
    """Those of a process and of its children, which in turn may have some."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            yield f"/proc/{pid}/task/{thread}"
            for child in pathlib.Path(f"/proc/{pid}/task/{thread}/children").read_text().split():
                yield from threads(child)


def sets_probes(thread):
    with contextlib.suppress(OSError):
        words = pathlib.Path(thread, "syscall").read_text().split()
        return words[0] == str(PERF_EVENT_OPEN) or words[0] == str(BPF) and int(words[1], 16) == BPF_LINK_CREATE
    return False


def kernel_log():
    """Its lines with the times at which they were written."""
    return subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout.splitlines()


class Aim:
    """At a tracer that is starting. The kernel waits some ms for the other CPUs before it sets a link's first breakpoint:
    that is when a thread is found there, and when that wait is over it finds the signal."""

    def __init__(self, pid):
        self.pid, self.seen = pid, set()

    def look(self):
        found = list(threads(self.pid))
        self.seen |= {int(thread.rsplit("/", 1)[1]) for thread in found}
        return any([sets_probes(thread) for thread in found])

    def wait(self, for_target, seconds=10):
        """Until probes are being set, of the trials on the tracer itself or (after a pause) of the target. False: missed."""
        end = time.monotonic() + seconds
        while not self.look():
            if time.monotonic() > end:
                return False
        last = time.monotonic()
        while for_target and time.monotonic() < last + 0.03:
            if self.look():
                last = time.monotonic()
        while for_target and not self.look():
            if time.monotonic() > end or not os.path.exists(f"/proc/{self.pid}/fd/0"):
                return False
        return True

    def settled(self, seconds=20):
        """When all that took part are gone."""
        end = time.monotonic() + seconds
        while any(os.path.exists(f"/proc/{thread}/fd") for thread in self.seen - {self.pid}):
            assert time.monotonic() < end, f"alive after the tracer was killed: {self.seen}"
            time.sleep(0.01)

    def complaints(self, before):
        """Of the kernel, about these threads, as others may trace on this machine; and not what it said before this tracer was
        started, as a thread's number is used again."""
        return [line for line in kernel_log() if line not in before and
                (found := re.search(r"uprobe: \S+:(\d+) failed", line)) and int(found[1]) in self.seen]


@contextlib.contextmanager
def ahead_of_others():
    """This process sees more of one that is starting when it need not wait for the CPU."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def killed_while_attaching(target_pid, for_target, kill, prefix):
    """(hit, complaints). kill(stat) is called when the tracer is setting probes."""
    before = set(kernel_log())
    with harness.Stat(target_pid, prefix=prefix) as stat, ahead_of_others():
        aim = Aim(stat.pid)
        hit = aim.wait(for_target) and aim.look()
        kill(stat)
        stat.wait()
        aim.settled()
        return hit, aim.complaints(before)


def leave_breakpoints(path, pid, offsets):
    """What a tracer without protection leaves that is killed while it detaches."""
    code = pathlib.Path(__file__).parent / "unprotected.py"
    with harness.Process([sys.executable, code, path, pid, *offsets]) as other:
        assert other.lines.next() == "closing", other.stderr
        other.popen.kill()
        other.wait()
