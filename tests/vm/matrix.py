"""Boots each kernel in QEMU with gorotrace and Go programs that know what they do, and has what comes out judged.

usage: matrix.py <directory of binaries> <kernel>...     kernel: <arch>-<version>[+preempt]
"""

import base64
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

from judge import judge

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gorotrace" / "vm"
PROGRAMS = ("truth", "stacks", "metrics")
KILLS = int(os.environ.get("GOROTRACE_VM_KILLS", "4"))  # of tracers in the middle of a detach
SECONDS = 240  # of one guest; a hang is a failure

MACHINES = {
    "x86": ["qemu-system-x86_64", "-machine", "pc", "-cpu", "max,-cx16"],
    # pauth-impdef: pointer authentication as QEMU can do it fast
    "arm64": ["qemu-system-aarch64", "-machine", "virt", "-cpu", "max,pauth-impdef=on"],
}
CONSOLES = {"x86": "ttyS0", "arm64": "ttyAMA0"}


def accelerator(arch):
    """TCG, unless the processor itself virtualises: /dev/kvm may be there, usable, and not boot a distribution's kernel."""
    if arch == "x86" and os.access("/dev/kvm", os.W_OK) and not os.path.exists("/sys/module/kvm_pvm"):
        if re.search(r"\b(vmx|svm)\b", pathlib.Path("/proc/cpuinfo").read_text()):
            return "kvm"
    return "tcg"


def shared_objects(binary):
    """Files that the dynamic linker of this machine loads for the binary: none when it is static."""
    done = subprocess.run(["ldd", binary], capture_output=True, text=True)
    return re.findall(r"(/\S+) \(0x", done.stdout) if done.returncode == 0 else []


def initramfs(arch, binaries, out):
    with tempfile.TemporaryDirectory() as temp:
        root = pathlib.Path(temp)
        (root / "bin").mkdir()
        shutil.copy(CACHE / "busybox" / arch / "bin" / "busybox", root / "bin" / "busybox")
        shutil.copy(HERE / "guest-init", root / "init")
        for name in ("gorotrace", *PROGRAMS):
            shutil.copy(binaries / f"{name}-{arch}", root / name)
        if arch == "x86":
            for path in shared_objects(root / "gorotrace"):
                place = root / path.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
        (root / "init").chmod(0o755)
        names = "\0".join(str(p.relative_to(root)) for p in sorted(root.rglob("*")))
        with open(out, "wb") as archive:
            subprocess.run(["cpio", "--quiet", "-0", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=archive,
                           check=True)


def boot(kernel, archive):
    """What the guest wrote, by name of file."""
    base, *flags = kernel.split("+")
    arch = base.split("-")[0]
    preempt = "preempt" in flags
    # A preemptible kernel can take the processor away in the middle of a probe's program: the more probes fire on
    # both processors at once, the likelier.
    scenario, rounds = ("all,churn,pingpong", 2) if preempt else ("all", 1)
    append = (f"console={CONSOLES[arch]} loglevel=7 panic=-1 truth.scenario={scenario} truth.n={rounds} truth.for=3s " +
              f"kills={KILLS}" +
              (" preempt=full" if preempt else ""))
    command = [*MACHINES[arch], "-accel", accelerator(arch), "-smp", "2", "-m", "768", "-nographic", "-no-reboot",
               "-nic", "none", "-kernel", str(CACHE / "kernels" / base / "vmlinuz"), "-initrd", str(archive),
               "-append", append]
    try:
        console = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS).stdout
    except subprocess.TimeoutExpired as hang:
        raise AssertionError(f"the guest hung; its console ends:\n{(hang.stdout or b'')[-3000:].decode(errors='replace')}")
    text = console.decode(errors="replace").replace("\r", "")
    found = re.search(r"GUEST-BEGIN\n(.*?)\nGUEST-END", text, re.S)
    assert found, f"the guest never got to its end:\n{text[-3000:]}"
    packed = "".join(line for line in found[1].splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]+", line))
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed)), mode="r:gz") as tar:
        return {m.name.lstrip("./"): tar.extractfile(m).read().decode(errors="replace") for m in tar if m.isfile()}


def main():
    binaries, kernels = pathlib.Path(sys.argv[1]), sys.argv[2:]
    failures = []
    print(f"{'kernel':<20} {'release':<28} {'s':>5} {'created':>8} {'waits':>8} {'events':>8} {'lost':>5}  result")
    with tempfile.TemporaryDirectory() as temp:
        archives = {}
        for kernel in kernels:
            arch = kernel.split("-")[0]
            if arch not in archives:
                archives[arch] = pathlib.Path(temp) / arch
                initramfs(arch, binaries, archives[arch])
            begin, out, release = time.monotonic(), {}, "?"
            try:
                out = boot(kernel, archives[arch])
                release = out["version"].split()[2]
                s = judge(kernel, out)
                figures = (s["goroutines"]["created"], sum(r["count"] or 0 for r in s["blocking"]), s["events"]["produced"],
                           s["events"]["dropped"])
                result = "ok"
            except Exception as failure:  # of the judgement, too: what the guest wrote may have any form
                figures, result = ("-",) * 4, "FAILED"
                failures.append((kernel, f"{type(failure).__name__}: {failure}"))
            keep = os.environ.get("GOROTRACE_VM_OUT")
            if keep and out:
                place = pathlib.Path(keep) / kernel
                place.mkdir(parents=True, exist_ok=True)
                for name, text in out.items():
                    (place / name).write_text(text)
            print(f"{kernel:<20} {release:<28} {time.monotonic() - begin:>5.1f} {figures[0]:>8} {figures[1]:>8} "
                  f"{figures[2]:>8} {figures[3]:>5}  {result}", flush=True)
    for kernel, failure in failures:
        print(f"\n{kernel}: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
