"""What the service may not do, tried: prints {what: null or the error}. Run by test_package.py as the service runs."""

import ctypes
import ctypes.util
import json
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
SYSCALL = {"x86_64": {"process_vm_readv": 310, "process_vm_writev": 311, "ptrace": 101, "pidfd_open": 434, "unshare": 272,
                      "settimeofday": 164, "reboot": 169, "init_module": 175, "keyctl": 250},
           "aarch64": {"process_vm_readv": 270, "process_vm_writev": 271, "ptrace": 117, "pidfd_open": 434, "unshare": 97,
                       "settimeofday": 170, "reboot": 142, "init_module": 105, "keyctl": 219}}[os.uname().machine]


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def call(name, *arguments):
    result = libc.syscall(SYSCALL[name], *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def others():
    """A process of another user: systemd itself. Where its stack is."""
    with open("/proc/1/maps") as maps:
        return int(next(line for line in maps if "[stack]" in line).split("-")[1].split()[0], 16) - 64


def move(name):
    here = ctypes.create_string_buffer(8)
    call(name, 1, ctypes.byref(Vector(ctypes.addressof(here), 8)), ctypes.c_ulong(1), ctypes.byref(Vector(others(), 8)),
         ctypes.c_ulong(1), ctypes.c_ulong(0))


def write(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def writable_code():
    if libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0)) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def become_root():
    os.setresuid(0, 0, 0)


TRIED = {
    "read another's memory": lambda: move("process_vm_readv"),
    "read /etc/shadow": lambda: open("/etc/shadow").close(),
    "pidfd": lambda: call("pidfd_open", 1, 0),
    "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
    "write another's memory": lambda: move("process_vm_writev"),
    "write another's memory by its file": lambda: os.close(os.open("/proc/1/mem", os.O_RDWR)),
    "attach as a debugger": lambda: call("ptrace", 16, 1, 0, 0),
    "write to /etc": lambda: write("/etc/gorotrace.toml"),
    "write to a home": lambda: write("/home/file"),
    "write to /usr/bin": lambda: write("/usr/bin/gorotrace"),
    "write to the kernel's settings": lambda: write("/proc/sys/kernel/hostname"),
    "write to the control groups": lambda: write("/sys/fs/cgroup/cgroup.procs"),
    "read a disk": lambda: os.close(os.open("/dev/vda", os.O_RDONLY)),
    "a new namespace": lambda: call("unshare", 0x10000000),
    "set the clock": lambda: call("settimeofday", None, None),
    "load a module": lambda: call("init_module", None, 0, None),
    "the keys of the kernel": lambda: call("keyctl", 0, -3, 0),
    "raw packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "writable code": writable_code,
    "another user": become_root,
    "a program with set-user-ID": lambda: os.chmod("/tmp", 0o4755),
}

results = {}
for what, attempt in TRIED.items():
    try:
        attempt()
        results[what] = None
    except OSError as error:
        results[what] = error.strerror
print(json.dumps(results), flush=True)
