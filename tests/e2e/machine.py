"""A Debian of its own that runs systemd: this machine's files below an overlay in memory, its kernel and network.

What happens in it is gone with it: its root, its processes (a PID namespace) and its control group are its own, and
the kernel's settings (/proc/sys, /sys) are read-only to it, as in a container.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import uuid

# What a first boot would do to a kernel that others use, and what nobody needs here.
MASKED = ["systemd-sysctl.service", "systemd-modules-load.service", "systemd-binfmt.service", "systemd-udevd.service",
          "systemd-journald-audit.socket", "systemd-remount-fs.service", "systemd-timesyncd.service",
          "systemd-networkd.service", "systemd-logind.service", "systemd-resolved.service",
          "systemd-random-seed.service", "systemd-update-utmp.service",
          "systemd-sysusers.service", "systemd-firstboot.service", "systemd-hwdb-update.service",
          "systemd-journal-catalog-update.service", "ldconfig.service", "sys-kernel-debug.mount",
          "sys-kernel-tracing.mount", "sys-kernel-config.mount", "sys-fs-fuse-connections.mount", "dev-hugepages.mount",
          "dev-mqueue.mount", "proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount", "tmp.mount"]

BOOT = r"""
set -eu
folder=$1 group=$2
[ -n "$GOROTRACE_ON_DISK" ] || mount -t tmpfs tmpfs "$folder"
cd "$folder"
mkdir upper work root groups
mount -t cgroup2 cgroup2 groups
mkdir "groups/$group"
echo $$ >"groups/$group/cgroup.procs"
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
if [ -n "$GOROTRACE_ON_DISK" ]; then # /srv is no overlay, so that another one may lie on it
  mkdir ../srv
  mount --bind ../srv srv
fi
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
  set -- $node
  mknod -m 666 "dev/$1" c "$2" "$3"
done
rm -rf etc/systemd/system usr/local/lib/systemd usr/sbin/policy-rc.d # what keeps services of an image from starting
mkdir -p etc/systemd/system
for unit in $GOROTRACE_MASKED; do ln -s /dev/null "etc/systemd/system/$unit"; done
printf '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n' >etc/systemd/system/tested.target
echo "${group#gorotrace-}" >etc/machine-id
umount -l "$folder/groups"
rm -f var/lib/man-db/auto-update # an index of all pages after each package
exec unshare --cgroup sh -euc '
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  # No chroot: in one there are no user namespaces.
  pivot_root . mnt
  umount -l /mnt
  exec env -i container=tested PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    /lib/systemd/systemd --system --unit=tested.target --show-status=false --log-target=journal'
"""

CLEAN = r"""
mount -t cgroup2 cgroup2 "$1"
[ ! -d "$1/$2" ] || find "$1/$2" -depth -type d -exec rmdir {} +
"""


class Machine:
    """Booted once it is constructed. folder: for what it writes, in memory that is mounted there, or on disk."""

    def __init__(self, folder, on_disk=False):
        self.folder, self.on_disk, self.group = pathlib.Path(folder), on_disk, f"gorotrace-{uuid.uuid4().hex}"
        self.folder.mkdir(exist_ok=True)
        self.outer = subprocess.Popen(
            ["unshare", "--fork", "--kill-child=SIGKILL", "--pid", "--mount", "--uts", "--ipc", "--propagation", "private",
             "sh", "-c", BOOT, "boot", self.folder, self.group],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "GOROTRACE_MASKED": " ".join(MASKED), "GOROTRACE_ON_DISK": "yes" if on_disk else ""})
        self.pid = 0
        try:
            self.await_boot()
        except BaseException:
            self.close()
            raise

    def await_boot(self, seconds=60):
        end = time.monotonic() + seconds
        while True:
            assert self.outer.poll() is None, self.outer.stdout.read()
            assert time.monotonic() < end, "systemd does not come up"
            with contextlib.suppress(OSError, IndexError, ValueError):
                self.pid = int(pathlib.Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()[0])
                if os.path.basename(os.readlink(f"/proc/{self.pid}/exe")) == "systemd" and \
                        "running" in self.run("systemctl", "is-system-running", check=False).stdout:
                    return
            time.sleep(0.1)

    def command(self, *command):
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-C", "-r", "-w", "env", "-i", "LC_ALL=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *map(str, command)]

    def run(self, *command, check=True, seconds=120):
        """In it, as root."""
        done = subprocess.run(self.command(*command), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=seconds)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}{self.log()}"
        return done

    def path(self, path):
        """That file of its, for this machine."""
        return pathlib.Path(f"/proc/{self.pid}/root/{str(path).lstrip('/')}")

    def log(self, unit="gorotrace"):
        return subprocess.run(self.command("journalctl", "-u", unit, "-o", "cat", "--no-pager"), capture_output=True,
                              text=True).stdout

    def show(self, unit, what):
        return self.run("systemctl", "show", unit, "--property", what, "--value").stdout.strip()

    def main_pid(self, unit):
        """By the number that this machine has for it."""
        inner = int(self.show(unit, "MainPID"))
        assert inner, f"{unit} does not run:\n{self.log(unit)}"
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = re.search(r"^NSpid:\s+(\d+)\s+(\d+)$", status.read_text(), re.M)
                if numbers and int(numbers[2]) == inner and \
                        os.readlink(status.parent / "ns/pid") == os.readlink(f"/proc/{self.pid}/ns/pid"):
                    return int(numbers[1])
        raise AssertionError(f"{unit}: no process {inner} in the machine")

    def close(self):
        self.outer.send_signal(signal.SIGKILL)  # and systemd with it, and all of its namespace
        self.outer.wait()
        self.outer.stdout.close()
        for _ in range(50):  # until the kernel has ended them
            done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-euc", CLEAN, "clean",
                                   self.folder, self.group], capture_output=True, text=True)
            if done.returncode == 0:
                if self.on_disk:
                    shutil.rmtree(self.folder)
                return
            time.sleep(0.1)
        raise AssertionError(f"its control group stays: {done.stderr}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
