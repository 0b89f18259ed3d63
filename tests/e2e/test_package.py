"""The Debian package and its service: built, installed, run under systemd, upgraded and removed, in a machine of its own."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

import harness
from machine import Machine
from test_install import COMMANDS
from test_monitor import ask

PROBE = pathlib.Path(__file__).parent / "restricted.py"
CAPABILITIES = 1 << 39 | 1 << 38 | 1 << 19 | 1 << 2  # BPF, PERFMON, SYS_PTRACE, DAC_READ_SEARCH: linux/capability.h


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    build = pathlib.Path(harness.gorotrace()).resolve().parents[1]
    done = subprocess.run(["cpack", "-G", "DEB", "--config", build / "CPackConfig.cmake", "-B", folder], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found, = folder.glob("*.deb")
    return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """What boots in it needs more of the machine below than other tests do: a root that is a mount, cgroup2."""
    with Machine(tmp_path_factory.mktemp("machine")) as booted:
        booted.before = named_so(booted)
        yield booted


def deb(what, package, *more):
    return subprocess.run(["dpkg-deb", what, package, *more], check=True, capture_output=True, text=True).stdout


def test_what_is_in_it(package):
    fields = {f: deb("-f", package, f).strip() for f in ("Package", "Depends", "Recommends", "Maintainer")}
    assert fields["Package"] == "gorotrace" and "@" in fields["Maintainer"]
    # The binary needs the C library alone; what serves HTTP is loaded when monitor starts.
    assert re.fullmatch(r"libc6 \(>= [\d.]+\)", fields["Depends"]), fields
    assert "libmicrohttpd12" in fields["Recommends"] and "libgnutls30" in fields["Recommends"]
    files = {}
    for line in deb("-c", package).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        assert owner == "root/root" and mode[5] != "w" and mode[8] != "w", line
        files[path] = mode
    assert files.keys() >= {
        "./etc/gorotrace.toml", "./usr/bin/gorotrace", "./usr/lib/systemd/system/gorotrace.service",
        "./usr/share/bash-completion/completions/gorotrace", "./usr/share/zsh/vendor-completions/_gorotrace",
        "./usr/share/doc/gorotrace/copyright", "./usr/share/doc/gorotrace/changelog.gz",
        "./usr/share/doc/gorotrace/deploy/README.md", "./usr/share/doc/gorotrace/deploy/prometheus/gorotrace.rules.yml",
        "./usr/share/doc/gorotrace/deploy/grafana/gorotrace.json",
        "./usr/share/fish/vendor_completions.d/gorotrace.fish",
        "./usr/share/man/man1/gorotrace.1.gz", *(f"./usr/share/man/man1/gorotrace-{command}.1.gz" for command in COMMANDS)}
    assert not [file for file in files if file.endswith((".1", ".zsh", ".bash"))]
    assert deb("-I", package, "conffiles") == "/etc/gorotrace.toml\n"


EXAMPLE = harness.ROOT / "deploy" / "gorotrace.toml"


def check_config(text, folder):
    file = folder / "gorotrace.toml"
    file.write_text(text)
    return subprocess.run([harness.gorotrace(), "monitor", "--check-config", file], capture_output=True, text=True)


def test_the_configuration_shows_every_setting(tmp_path):
    """Which there are the program says itself, of a key that there is not."""
    shown = set(re.findall(r"(?m)^#?(\w+) = ", EXAMPLE.read_text())) | set(re.findall(r"(?m)^#?\[+(\w+)\]", EXAMPLE.read_text()))
    known = {key for table in ("", "[budget]\n", "[metrics]\n", '[[rule]]\n')
             for key in re.search("there are (.*)", check_config(f"{table}colour = 1\n", tmp_path).stderr)[1].split(", ")}
    assert len(known) >= 15
    in_words = {"rule.module", "rule.user", "rule.cgroup", "rule.container", "rule.pod", "rule.namespace"}
    for key in known - in_words:
        assert key.split(".")[-1] in shown, key
    for key in in_words & known:
        assert key.split(".")[-1] in EXAMPLE.read_text(), key


def test_the_configuration_shows_the_defaults(tmp_path):
    """As it is, and with every line that it shows."""
    example = EXAMPLE.read_text()
    shown = re.sub(r'(?m)^#(?=\w+ = |\[)', "", example)
    assert "\nlisten = " in shown and "\n[[rule]]" in shown and "\n[budget]" in shown
    for text in (example, shown):
        done = check_config(text, tmp_path)
        assert done.returncode == 0, done.stderr


def installed(machine, package):
    if not machine.path("/usr/bin/gorotrace").exists():
        shutil.copy(package, machine.path("/opt/gorotrace.deb"))
        machine.run("dpkg", "-i", "/opt/gorotrace.deb")


def configure(machine, text):
    machine.path("/etc/gorotrace.toml").write_text(text)


LISTEN = 'listen = "localhost:0"\n'  # the network is the test machine's


def start(machine):
    """The port."""
    before = len(machine.log())
    machine.run("systemctl", "reset-failed")
    machine.run("systemctl", "restart", "gorotrace")
    return port(machine, before)


def port(machine, after=0):
    end = time.monotonic() + 30
    while not (found := re.findall(r"msg=listening address=\S+:(\d+)", machine.log()[after:])):
        assert time.monotonic() < end, machine.log()
        time.sleep(0.1)
    return int(found[-1])


def watched(port, name, seconds=harness.PATIENCE):
    end = time.monotonic() + seconds
    while True:
        targets = json.loads(ask(port, "/targets").body)
        found = [t for t in targets["targets"] if t["exe"].endswith("/" + name) and t["state"] == "watched"]
        if found:
            return found[0], targets
        assert time.monotonic() < end, targets
        time.sleep(0.1)


@contextlib.contextmanager
def target(machine, name, *properties, program="idle", command="sleep 1000 | exec {} -n 7"):
    """A Go program as a service of a user, whose files only that user may read."""
    home = machine.path(f"/home/{name}")
    home.mkdir(exist_ok=True)
    shutil.copy(harness.build(harness.PROGRAMS / program), home / name)
    for path in (home, home / name):
        os.chown(path, 65534, 65534)
        path.chmod(0o700)
    machine.run("systemd-run", "--unit", name, "-p", "User=65534", *(a for p in properties for a in ("-p", p)),
                "sh", "-c", command.format(f"/home/{name}/{name}"))
    try:
        yield
    finally:
        machine.run("systemctl", "stop", name)


@pytest.mark.slow
def test_installed_and_neither_enabled_nor_started(machine, package):
    installed(machine, package)
    assert machine.run("systemctl", "is-enabled", "gorotrace", check=False).stdout == "disabled\n"
    assert machine.show("gorotrace", "ActiveState") == "inactive"
    assert machine.run("gorotrace", "--version").stdout.startswith("gorotrace ")
    assert "no mistakes" in machine.run("gorotrace", "monitor", "--check-config", "/etc/gorotrace.toml").stdout
    verified = machine.run("systemd-analyze", "verify", "/usr/lib/systemd/system/gorotrace.service")
    assert not verified.stdout and not verified.stderr
    rating = machine.run("systemd-analyze", "security", "--no-pager", "gorotrace.service").stdout
    exposure = float(re.search(r"exposure level for gorotrace.service: ([\d.]+)", rating)[1])
    assert exposure < 4, rating


@pytest.mark.slow
def test_runs_under_the_units_restrictions(machine, package):
    """It sees processes of other users, in sandboxes and homes of their own, as they come: with its tracepoint."""
    installed(machine, package)
    configure(machine, LISTEN)
    served_at = start(machine)
    with target(machine, "shop", "PrivateTmp=yes", "ProtectSystem=strict", "PrivateUsers=yes", "NoNewPrivileges=yes",
                "SystemCallFilter=@system-service"):
        found, everything = watched(served_at, "shop")
        assert everything["notices"] == [], everything  # the tracepoint is attached
        assert found["goroutines"] is None or found["goroutines"] >= 8
        path = f"/targets/{found['id']}"
        metrics = ask(served_at, path + "/metrics")
        assert metrics.status == 200 and re.search(r"^go_goroutines (?!0)\d+$", metrics.text, re.M)
        assert "process_open_fds " in metrics.text
        stacks = ask(served_at, path + "/debug/pprof/goroutine?debug=1").text
        assert re.search(r"^7 @ ", stacks, re.M) and "main.forever" in stacks
        assert "-n" in ask(served_at, path + "/debug/pprof/cmdline").text
        executed = re.search(r"^gorotrace_agent_executed_programs_total (\d+)", ask(served_at, "/metrics").text, re.M)
        assert int(executed[1]) > 0

        status = pathlib.Path(f"/proc/{machine.main_pid('gorotrace')}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(fields[field], 16) == CAPABILITIES, (field, fields[field])
        assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2" and "0" not in fields["Uid"].split()


@pytest.mark.slow
def test_probes_under_the_units_restrictions(machine, package):
    """Four capabilities are enough for them, and neither the sandbox nor the system calls are in their way."""
    installed(machine, package)
    configure(machine, LISTEN + '[budget]\ntarget = 10\n[[rule]]\naction = "probe"\nexecutable = "/home/busy/busy"\n')
    served_at = start(machine)
    with target(machine, "busy", program="demo", command="exec {} -duration 10m"):
        watched(served_at, "busy")
        end = time.monotonic() + 60
        while not re.search(r"^gorotrace_probe_events_total\{[^}]*\} [1-9]", ask(served_at, "/metrics").text, re.M):
            assert time.monotonic() < end, ask(served_at, "/targets").text + machine.log()
            time.sleep(0.5)
        assert re.search(r"^gorotrace_wait_seconds_total\{[^}]*\} ", ask(served_at, "/metrics").text, re.M)
        assert not [line for line in machine.log().splitlines() if "level=error" in line]


@pytest.mark.slow
def test_what_the_unit_does_not_allow(machine, package):
    """Everything in restricted.py, run as the service is."""
    installed(machine, package)
    unit = machine.path("/usr/lib/systemd/system/gorotrace.service").read_text()
    command = f"/usr/bin/python3 {PROBE.name}"
    unit = re.sub(r"(?m)^ExecStart=.*", f"ExecStart={command}", unit).replace("Type=exec", "Type=oneshot")
    unit = re.sub(r"(?m)^ExecReload=.*\n|^Restart.*\n", "", unit).replace("[Service]", "[Service]\nWorkingDirectory=/opt")
    machine.path("/etc/systemd/system/restricted.service").write_text(unit)
    shutil.copy(PROBE, machine.path("/opt"))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "restricted", check=False)
    results = json.loads(next(line for line in machine.log("restricted").splitlines() if line.startswith("{")))
    allowed = {what for what, error in results.items() if error is None}
    assert allowed == {"read another's memory", "pidfd", "listen", "read /etc/shadow"}, results


@pytest.mark.slow
def test_a_token_that_only_root_may_read(machine, package):
    installed(machine, package)
    machine.run("sh", "-ec", "head -c 32 /dev/urandom | base64 | install -m 0600 /dev/stdin /etc/gorotrace.token")
    configure(machine, LISTEN + 'token_file = "/etc/gorotrace.token"\n')
    served_at = start(machine)
    token = machine.path("/etc/gorotrace.token").read_text().strip()
    assert ask(served_at, "/targets").status == 401
    assert ask(served_at, "/targets", headers={"Authorization": f"Bearer {token}"}).status == 200
    machine.run("rm", "/etc/gorotrace.token")


@pytest.mark.slow
def test_reload_and_a_mistake(machine, package):
    installed(machine, package)
    configure(machine, LISTEN)
    served_at = start(machine)
    pid = machine.show("gorotrace", "MainPID")
    configure(machine, LISTEN + "colour = true\n")
    assert machine.run("systemctl", "reload", "gorotrace", check=False).returncode != 0
    assert "/etc/gorotrace.toml:2: colour: no such key" in machine.log()
    assert machine.show("gorotrace", "MainPID") == pid and ask(served_at, "/-/healthy").status == 200
    configure(machine, LISTEN + '[[rule]]\naction = "exclude"\nexecutable = "*/shop"\n')
    machine.run("systemctl", "reload", "gorotrace")
    assert "msg=reloaded" in machine.log() and machine.show("gorotrace", "MainPID") == pid
    configure(machine, "listen = 1\n")
    machine.run("systemctl", "restart", "gorotrace", check=False)
    end = time.monotonic() + 20
    while machine.show("gorotrace", "ActiveState") != "failed":  # once and for all
        assert time.monotonic() < end, machine.log()
        time.sleep(0.1)
    assert machine.show("gorotrace", "ExecMainStatus") == "2" and machine.show("gorotrace", "NRestarts") == "0"


def named_so(machine):
    return set(machine.run("find", "/etc", "/usr/bin", "/usr/lib/systemd", "/usr/share", "/var/lib", "-xdev", "-name",
                           "*gorotrace*").stdout.splitlines())


@pytest.mark.slow
def test_upgrade_and_removal_leave_targets_alone(machine, package):
    """It comes last: another test would install it again."""
    installed(machine, package)
    configure(machine, LISTEN)
    machine.run("systemctl", "enable", "gorotrace")
    start(machine)
    with target(machine, "stays"):
        found, _ = watched(port(machine), "stays")
        runs = machine.show("stays", "MainPID")
        before = machine.main_pid("gorotrace")
        log = len(machine.log())
        machine.run("dpkg", "-i", "/opt/gorotrace.deb")
        assert machine.main_pid("gorotrace") != before
        again, _ = watched(port(machine, log), "stays")
        assert again["id"] == found["id"]
        assert machine.path("/etc/gorotrace.toml").read_text() == LISTEN  # the administrator's

        machine.run("dpkg", "-r", "gorotrace")
        assert machine.show("gorotrace", "ActiveState") in ("inactive", "failed")
        assert not machine.path("/usr/bin/gorotrace").exists() and machine.path("/etc/gorotrace.toml").exists()
        machine.run("dpkg", "-P", "gorotrace")
        assert named_so(machine) == machine.before
        assert machine.show("stays", "MainPID") == runs and machine.show("stays", "ActiveState") == "active"
