"""The executable of a process that is traced changes under it: a redeploy that writes in place.

Neither open(2) for writing nor truncate(2) is allowed on a running executable (ETXTBSY), but that holds for the inode
that was executed: of an overlay the file below it can be written to, as a container's image on its host, and so can
what a network file system's server holds.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest

import harness
from harness import Stat

CHANGED = "was changed while it was read"


@pytest.fixture
def overlay(tmp_path):
    """A directory in which programs run, and the one below it in which their files can be written to."""
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    below, merged = tmp_path / "lower", tmp_path / "merged"
    # tmpfs: overlays do not stack on whatever the machine's /tmp is.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", below], check=True)
    try:
        for name in ("files", "upper", "work"):
            (below / name).mkdir()
        options = f"lowerdir={below}/files,upperdir={below}/upper,workdir={below}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
        try:
            yield merged, below / "files"
        finally:
            subprocess.run(["umount", "-l", merged], check=True)
    finally:
        subprocess.run(["umount", "-l", below], check=True)


def cut_off(path):
    os.truncate(path, 0)


def overwrite(path):
    """The same bytes, as of another build they are not known to be."""
    head = path.read_bytes()[:4096]
    with open(path, "r+b") as file:
        file.write(head)


@contextlib.contextmanager
def program_on(overlay, name):
    merged, below = overlay
    shutil.copy(harness.build(harness.PROGRAMS / "truth"), below / name)
    hour_ago = time.time() - 3600
    os.utime(below / name, (hour_ago, hour_ago))
    with harness.Truth(merged / name, "-scenario", "sleepers,spawn", "-for", "3s") as process:
        yield process, below / name


@pytest.mark.parametrize("probes", [[], ["--probes", "none"]], ids=["probes", "memory"])
@pytest.mark.parametrize("change", [cut_off, overwrite])
def test_a_file_that_changes_while_its_process_is_traced(overlay, truth, change, probes):
    """The tracer lives, the other target's report is whole, and this one's says what it lacks."""
    other = truth("-scenario", "sleepers", "-for", "2s")
    with program_on(overlay, "changing") as (target, path), Stat([target.pid, other.pid], *probes) as stat:
        stat.armed(2)
        change(path)
        done = other.go()
        stat.popen.send_signal(signal.SIGINT)
        stat.finish()
        summaries = {s["target"]["host_pid"]: s for s in stat.summaries}
    whole, changed = summaries[other.pid], summaries[target.pid]
    assert done["after"] == 1
    assert not [n for n in whole["notices"] if CHANGED in n], whole["notices"]
    frames = [frame for row in whole["blocking"] for frame in row["stack"]]
    assert frames and not [f for f in frames if f["function"].startswith("?")], "the other target's names"
    notice, = [n for n in changed["notices"] if CHANGED in n]
    assert f"the file of process {target.pid} " in notice and "no names" in notice


@pytest.mark.parametrize("change", [cut_off, overwrite])
def test_names_are_right_or_missing_when_the_file_changes_before_a_dump(overlay, change):
    """A dump opens the file as it is by then: cut off it is none of Go's, overwritten with its own bytes it is whole."""
    with program_on(overlay, "changed") as (target, path):
        change(path)
        done = subprocess.run([harness.gorotrace(), "dump", "-p", str(target.pid)], capture_output=True, text=True,
                              timeout=harness.PATIENCE, stdin=subprocess.DEVNULL)
    if change is cut_off:
        # Or gone, or about to go: a thread of the process that came to run a page that is no more.
        assert done.returncode > 0 and any(s in done.stderr for s in ("is empty", "has exited", "no process with PID")), done
    else:
        assert done.returncode == 0 and "main.main" in done.stdout, done.stderr
