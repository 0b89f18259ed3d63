"""A block profile as a user of bpftrace takes it: probes at the entries of gopark and ready, stacks of 12, a row for
each stack. And the same program where traps are cheap, to tell what its probes cost from what the program does."""
import json
import re
import shutil
import struct
import subprocess
import time

# The goroutine that parks is in R14, the one that ready() is called for in AX (Go's register ABI on amd64). stats()
# is a sum and a count: the count shows that what is summed up is every wait.
PROGRAM = """
uprobe:{binary}:"{gopark}" {{ @since[reg("r14")] = nsecs; @stack[reg("r14")] = ustack(12); }}
uprobe:{binary}:"{ready}" /@since[reg("ax")]/ {{
  @blocked[@stack[reg("ax")]] = stats(nsecs - @since[reg("ax")]);
  delete(@since[reg("ax")]);
  delete(@stack[reg("ax")]);
}}
END {{ clear(@since); clear(@stack); }}
"""
ENTRIES = {"gopark": "runtime.gopark", "ready": "runtime.ready"}
# Never called. In the copy that behind_stack_checks() makes, these names stand for the jump that follows the stack
# check of the functions above, which the kernel emulates. (bpftrace takes offsets only where it was built with a
# disassembler.)
JUMPS = {"gopark": "runtime.badmcall", "ready": "runtime.badmcall2"}
STACK_CHECK = bytes.fromhex("493b6610")  # cmp 0x10(%r14),%rsp: single-stepped
GO_BASE = 0x400000  # where a Go executable that is not PIE is mapped, from its first byte on


def behind_stack_checks(source, copy):
    """A copy of a Go binary with the names of JUMPS moved; it differs in its table of symbols alone."""
    listing = subprocess.run(["go", "tool", "nm", source], check=True, stdout=subprocess.PIPE, text=True).stdout
    address = {name: int(at, 16) for at, name in re.findall(r"^ *([0-9a-f]+) [Tt] (\S+)$", listing, re.MULTILINE)}
    with open(source, "rb") as f:
        content = bytearray(f.read())
    for what, name in ENTRIES.items():
        entry = address[name]
        assert content[entry - GO_BASE:].startswith(STACK_CHECK), f"{name} has no stack check of the usual kind"
        # Elf64_Sym: name (4 bytes), info (1; the low half is its type, 2 a function), other (1), section (2), value, size
        symbols = [m.start() for m in re.finditer(re.escape(struct.pack("<Q", address[JUMPS[what]])), content)
                   if content[m.start() - 4] & 0xF == 2]
        assert len(symbols) == 1, f"{JUMPS[what]}: {len(symbols)} symbols"
        struct.pack_into("<Q", content, symbols[0], entry + len(STACK_CHECK))
    with open(copy, "wb") as f:
        f.write(content)
    shutil.copymode(source, copy)


def rows_of(output):
    """What bpftrace printed at its end: each thread has rows of its own, so a stack can come more than once."""
    for line in output.splitlines():
        said = dict(json.loads(line, object_pairs_hook=list)) if line else {}
        if said.get("type") == "stats":
            return [dict(row) for _, row in dict(said["data"])["@blocked"]]
    return []


class BlockProfile:
    """bpftrace around a measurement; summary() ends it."""

    def __init__(self, pid, binary, where):
        program = PROGRAM.format(binary=binary, **where)
        self.process = subprocess.Popen(["bpftrace", "-f", "json", "-p", str(pid), "-e", program],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        assert "attached_probes" in said, said + self.process.stderr.read()
        self.begin = time.monotonic_ns()

    def summary(self):
        window = time.monotonic_ns() - self.begin
        self.process.send_signal(2)
        out, complaints = self.process.communicate(timeout=60)
        rows = rows_of(out)
        blocked = sum(row["total"] for row in rows)
        assert blocked > 0, out + complaints
        return {"waits": sum(row["count"] for row in rows), "blocked_ns": blocked, "window_ns": window}
