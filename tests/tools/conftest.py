import os
import pathlib
import shutil
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = subprocess.run(["sh", "-c", '. /etc/os-release; echo "$VERSION_CODENAME"'], capture_output=True,
                         text=True).stdout.strip()


class Machine:
    """A machine that is not this one: commands of a folder of stubs, each of which writes down what it was asked.

    What changes a machine is reached through sudo alone, and sudo is a stub."""

    TOOLS = "awk bash cat dirname dpkg env grep mkdir mktemp mv rm sed sh sleep tar tee touch tr".split()

    def __init__(self, folder):
        self.root, self.bin, self.log = ROOT, folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for tool in self.TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.command("id", "[ $1 = -un ] && echo gopher || echo 1000")
        # As root runs it: apt is a stub in turn, and nothing else is done.
        self.command("sudo", """case "$1" in
            env) exec "$@" ;;
            tee) while read -r line; do echo "wrote $2: $line" >>$LOG; done ;;
            esac""")
        self.command("pkg-config", "true")
        self.command("dpkg-query", "printf installed")
        self.command("apt-cache", "true")
        self.command("apt-get", "true")
        self.command("go", "echo go version go1.26.1 linux/amd64")

    def command(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\nLOG={self.log}\necho "{name} $*" >>$LOG\n{script}\n')
        path.chmod(0o755)

    def without(self, name):
        (self.bin / name).unlink()

    def start(self, tool, *arguments, stderr=subprocess.PIPE):
        return subprocess.Popen([self.root / "tools" / tool, *arguments], env={"PATH": str(self.bin), "HOME": "/nonexistent"},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True,
                                start_new_session=True)

    def run(self, tool, *arguments):
        process = self.start(tool, *arguments)
        try:
            process.out, process.err = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return process

    @property
    def asked(self):
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)
