"""The static binary of tools/static: in a root directory that has nothing else."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

import harness
from test_monitor import Monitor

pytestmark = pytest.mark.slow
MADE = harness.ROOT / "build" / "gorotrace-static"


@pytest.fixture(scope="module")
def made():
    done = subprocess.run([harness.ROOT / "tools" / "static"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return MADE


@pytest.fixture
def scratch(made, tmp_path):
    """As an image FROM scratch: the binary, and the users that somebody put there."""
    shutil.copy(made / "gorotrace", tmp_path)
    for directory in ("proc", "sys", "etc"):
        (tmp_path / directory).mkdir()
    (tmp_path / "etc" / "passwd").write_text("captain:x:0:0::/:\n")
    return tmp_path


def inside(root):
    """Runs the command that follows in it, with /proc and /sys."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-euc",
            'mount --rbind /proc "$0/proc"; mount --rbind /sys "$0/sys"; exec chroot "$0" "$@"', str(root)]


def run(root, *command):
    return subprocess.run([*inside(root), "/gorotrace", *command], capture_output=True, text=True)


def test_its_pages_and_completions_lie_beside_it(made):
    made_by_it = subprocess.run([made / "gorotrace", "help", "stat", "--format", "man"], check=True, capture_output=True, text=True)
    assert (made / "manual" / "gorotrace-stat.1").read_text() == made_by_it.stdout
    assert (made / "manual" / "gorotrace.bash").exists()


def test_it_needs_nothing(made):
    headers = subprocess.run(["readelf", "-ldW", made / "gorotrace"], check=True, capture_output=True, text=True).stdout
    assert "INTERP" not in headers and "(NEEDED)" not in headers


def test_commands_in_an_empty_root(scratch, truth):
    process = truth()
    assert run(scratch, "--version").stdout.startswith("gorotrace ")
    shown = run(scratch, "ps")
    assert shown.returncode == 0, shown.stderr
    row = next(line for line in shown.stdout.splitlines() if line.split()[0] == str(process.pid))
    assert row.split()[1] == "captain"  # by that /etc/passwd
    dumped = run(scratch, "dump", "--format", "json", str(process.pid))
    assert dumped.returncode == 0 and json.loads(dumped.stdout)["goroutines"], dumped.stderr
    traced = run(scratch, "stat", str(process.pid), "-d", "1s", "--json")
    assert traced.returncode == 0 and '"summary"' in traced.stdout, traced.stderr


def test_monitor_in_an_empty_root(scratch, truth, monkeypatch):
    process = truth()
    starter = scratch / "start"
    starter.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in inside(scratch)) + ' /gorotrace "$@"\n')
    starter.chmod(0o755)
    monkeypatch.setenv("GOROTRACE", str(starter))
    with Monitor() as monitor:
        target = monitor.target(process.pid)
        assert target["user"] == "captain"
        assert json.loads(monitor.ask("/targets").body)["notices"] == []  # it knows of execs
        assert "go_goroutines " in monitor.answered(f"/targets/{target['id']}/metrics").text
        assert monitor.ask(f"/targets/{target['id']}/debug/pprof/goroutine").status == 200
        monitor.end()


def test_tls_is_refused_with_the_reason(scratch, tmp_path):
    (scratch / "pem").write_text("certificate and key\n")
    done = run(scratch, "monitor", "--listen", "127.0.0.1:0", "--tls-cert", "/pem", "--tls-key", "/pem")
    assert done.returncode == 2 and "serves plain HTTP alone" in done.stderr, done.stderr


def test_it_can_be_linked_again(made, tmp_path):
    """With what lies beside it, elsewhere."""
    shutil.copytree(made / "relink", tmp_path / "relink")
    done = subprocess.run(["sh", tmp_path / "relink" / "relink.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    again = subprocess.run([tmp_path / "relink" / "gorotrace", "--version"], capture_output=True, text=True)
    assert again.stdout == subprocess.run([made / "gorotrace", "--version"], capture_output=True, text=True).stdout
    script = (made / "relink" / "relink.sh").read_text()
    assert re.search(r"\d+-libmicrohttpd\.a ", script) and not re.search(r"\s/(?!usr/bin/)", script.split("cd ")[1]), script


def test_licences(made):
    found = {path.name for path in (made / "licences").iterdir()}
    assert found >= {"gorotrace", "libmicrohttpd-dev", "libelf-dev", "libdw-dev", "libbpf-dev", "libc6-dev"}
    assert all(pathlib.Path(made / "licences" / name).stat().st_size > 200 for name in found)
