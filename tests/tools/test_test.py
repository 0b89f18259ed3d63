"""tools/test as a user: which of its steps are root's."""

import shutil

import pytest

from conftest import ROOT

COMMANDS = "clang-format-19 cmake ctest git go mount nproc".split()


@pytest.fixture
def checkout(machine, tmp_path):
    """Its script with nothing behind it: each command only writes down that it was run."""
    for tool in "find xargs test".split():
        (machine.bin / tool).symlink_to(shutil.which(tool))
    for name in COMMANDS:
        machine.command(name, "echo bpf/some.bpf.c")
    machine.command("nproc", "echo 3")
    machine.command("stat", "echo 4242:4242")
    machine.command("sudo", 'shift; exec "$@"')
    machine.command("chown", "true")
    for folder in "tools tests/tools tests/e2e build/release".split():
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "test", tmp_path / "tools" / "test")
    for script in ("setup", "layering", "fuzz"):
        machine.command(script, "true")
        shutil.move(machine.bin / script, tmp_path / "tools" / script)
    for folder in ("tools", "e2e"):
        (tmp_path / "tests" / folder / "test_it.py").write_text(
            "import pytest\ndef test_it(): pass\n@pytest.mark.alone\ndef test_alone(): pass\n")
    machine.root = tmp_path
    return machine


def roots(asked):
    return [line for line in asked if line.startswith("sudo ")]


def test_root_is_asked_for_bpf_alone(checkout):
    done = checkout.run("test")
    assert done.returncode == 0, (done.out, done.err)
    labels = {line.split("^")[1].split("$")[0]: line for line in checkout.asked if "ctest" in line and "-L" in line}
    assert set(labels) == {"unit", "bpf"}
    allowed = ("/sys/kernel/tracing", " ctest --test-dir build/release -L ^bpf$", "-m pytest -q --durations=20 tests/e2e", " chown -h 4242:4242 build")
    assert any("test -d /sys/kernel/tracing" in line for line in roots(checkout.asked))
    for line in roots(checkout.asked):
        assert any(what in line for what in allowed), line
    assert any("^bpf$" in line for line in roots(checkout.asked))
    ends = [line for line in checkout.asked if "tests/e2e" in line]
    assert ends == [line for line in roots(checkout.asked) if "tests/e2e" in line]
    assert [("not alone" in line, "-n 4" in line, "not slow" in line) for line in ends] == [(True, True, True), (False, False, True)]
    assert not any("^unit$" in line for line in roots(checkout.asked))


def test_what_root_wrote_is_given_back_when_a_step_fails(checkout):
    checkout.command("ctest", 'case "$*" in *bpf*) exit 1 ;; esac')
    assert checkout.run("test").returncode != 0
    assert " chown -h 4242:4242 build" in roots(checkout.asked)[-1]


def test_no_sudo(checkout):
    checkout.without("sudo")
    done = checkout.run("test")
    assert done.returncode == 1 and len(done.err.splitlines()) == 1 and "sudo" in done.err
