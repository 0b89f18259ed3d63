"""tools/setup and tools/quickstart on machines where something is missing: they say it, in one line, and leave nothing."""

import os
import signal
import time

from conftest import RELEASE

LIST = "/etc/apt/sources.list.d/gorotrace-backports.list"
ANSWERS = """case "$*" in
    *indextargets*) echo "MIRROR|Debian|RELEASE" ;;
    *update*) touch $LOG.updated ;;
    *-s*install*) printf 'Inst a\\nInst b\\n' ;;
    esac""".replace("RELEASE", RELEASE)
# Before the list of backports is there, and after it.
OLD_LIBBPF = """case "$*" in
    "policy libbpf-dev") echo "  Candidate: 1:1.1.2-0"; grep -q "wrote LIST" $LOG && echo "  100 m RELEASE-backports/main" ;;
    policy) grep -q "wrote LIST" $LOG && echo "n=RELEASE-backports" ;;
    esac
    true""".replace("RELEASE", RELEASE).replace("LIST", LIST)


def said_once(done, code=1):
    assert done.returncode == code, (done.out, done.err)
    assert len(done.err.strip().splitlines()) == 1, done.err
    return done.err


def old_libbpf(machine, mirror="http://mirror.example/debian/"):
    machine.command("pkg-config", "false")
    machine.command("apt-cache", OLD_LIBBPF)
    machine.command("apt-get", ANSWERS.replace("MIRROR", mirror))


def offline(machine):
    # Without that mode apt says the same as a warning, and succeeds.
    machine.command("apt-get", """case "$*" in
        *Error-Mode=any*update*)
        echo "E: Failed to fetch http://mirror.example/debian/dists/x/InRelease  Could not resolve 'mirror.example'" >&2
        exit 100 ;;
        *update*) exit 0 ;;
        esac
        echo "E: Unable to locate package" >&2; exit 100""")


def test_silent_when_nothing_is_missing(machine):
    done = machine.run("setup", "demo")
    assert (done.returncode, done.out, done.err) == (0, "", "")
    assert not [line for line in machine.asked if line.startswith(("sudo", "apt-get"))]


def test_no_go(machine):
    machine.without("go")
    machine.command("apt-cache", 'echo "  Candidate: 2:1.24~2"')
    machine.command("apt-get", """case "$*" in *" install golang-go"*)
        printf '#!/bin/sh\\necho go version go1.24.1 linux/amd64\\n' >$(dirname $0)/go; chmod +x $(dirname $0)/go ;; esac""")
    (machine.bin / "chmod").symlink_to("/bin/chmod")
    done = machine.run("setup", "demo")
    assert done.returncode == 0, (done.out, done.err)
    assert "installing" in done.out


def test_a_go_that_is_too_old_and_comes_first(machine):
    machine.command("go", "echo go version go1.19.8 linux/amd64")
    machine.command("apt-cache", 'echo "  Candidate: 2:1.24~2"')
    assert str(machine.bin / "go") in said_once(machine.run("setup", "demo"))


def test_no_libbpf_and_no_network(machine):
    machine.command("pkg-config", "false")
    offline(machine)
    said = said_once(machine.run("setup", "build"))
    assert "mirror.example" in said and "Could not resolve" in said and "libbpf-dev" in said


def test_no_package_and_no_network(machine):
    machine.command("dpkg-query", "exit 1")
    offline(machine)
    said = said_once(machine.run("setup", "build"))
    assert "Could not resolve" in said and "cmake" in said


def test_what_cannot_be_installed_is_said_by_apt(machine):
    machine.command("dpkg-query", "exit 1")
    machine.command("apt-get", 'case "$*" in *Status-Fd*) echo "E: Unable to locate package cmake" >&2; exit 100 ;; esac')
    assert "Unable to locate package cmake" in said_once(machine.run("setup", "build"))


def test_progress_is_shown_on_a_terminal(machine):
    machine.command("dpkg-query", "exit 1")
    machine.command("apt-get", """case "$*" in *Status-Fd*)
        echo dlstatus:1:40.5:Retrieving; echo Unpacking; echo pmstatus:cmake:70.0:Installing ;; esac""")
    quiet = machine.run("setup", "build")
    assert (quiet.returncode, quiet.err) == (0, "") and "%" not in quiet.out
    terminal, end = os.openpty()
    process = machine.start("setup", "build", stderr=end)
    process.communicate(timeout=60)
    os.close(end)
    assert process.returncode == 0
    shown = os.read(terminal, 4096).decode()
    assert "fetched  40 %" in shown and "installed  70 %" in shown and "Unpacking" not in shown


def test_backports_of_the_configured_mirror(machine):
    # The form that Debian's cloud images have.
    old_libbpf(machine, "mirror+file:/etc/apt/mirrors/debian.list")
    done = machine.run("setup", "build")
    assert done.returncode == 0, (done.out, done.err)
    wrote = [line for line in machine.asked if line.startswith(f"wrote {LIST}")]
    assert len(wrote) == 1 and wrote[0].endswith(f" mirror+file:/etc/apt/mirrors/debian.list {RELEASE}-backports main")
    assert any(f"install libbpf-dev/{RELEASE}-backports libbpf1/{RELEASE}-backports" in line for line in machine.asked)


def test_no_mirror_of_debian(machine):
    old_libbpf(machine)
    machine.command("apt-get", "true")
    assert f"{RELEASE}-backports" in said_once(machine.run("setup", "build"))
    assert not [line for line in machine.asked if line.startswith("wrote")]


def test_a_list_that_is_of_no_use_is_taken_away(machine):
    old_libbpf(machine)
    machine.command("apt-cache", 'case "$*" in "policy libbpf-dev") echo "  Candidate: 1:1.1.2-0" ;; esac')
    said_once(machine.run("setup", "build"))
    assert machine.asked[-1] == f"sudo rm -f {LIST}"


def test_interrupted(machine):
    old_libbpf(machine)
    machine.command("apt-get", ANSWERS.replace("MIRROR", "http://mirror.example/debian/") + f"""
        case "$*" in *update*) ! grep -q "wrote {LIST}" $LOG || sleep 30 ;; esac""")
    process = machine.start("setup", "build")
    end = time.monotonic() + 30
    while not any(line.startswith("wrote") for line in machine.asked):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    assert machine.asked[-1] == f"sudo rm -f {LIST}"
    # What holds services back belongs to whoever made it.
    assert not [line for line in machine.asked if "policy-rc.d" in line]


def test_no_sudo(machine):
    machine.command("dpkg-query", "exit 1")
    machine.without("sudo")
    assert "sudo" in said_once(machine.run("setup", "build"))
    assert "sudo" in said_once(machine.run("quickstart"))


def test_quickstart_of_no_process(machine):
    assert "-p needs" in said_once(machine.run("quickstart", "-p"))
    assert "-p needs" in said_once(machine.run("quickstart", "-p", "-d", "3s"))
    assert "999999999" in said_once(machine.run("quickstart", "-p", "999999999"))
    assert not machine.asked
