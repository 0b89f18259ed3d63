"""What `cmake --install` puts on a machine, and that page and completions know what the program knows."""

import pathlib
import re
import subprocess

import pytest

import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ("stat", "dump", "metrics", "cat", "check", "ps", "record", "report", "export", "diff", "top", "monitor", "help")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    build = pathlib.Path(harness.gorotrace()).resolve().parents[1]
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True)
    return prefix


def help_of(*command):
    return subprocess.run([harness.gorotrace(), *command, "--help"], check=True, capture_output=True, text=True).stdout


def options_of(*command):
    return set(re.findall(r"--[a-z][a-z-]+", re.sub(r"(?m)^Example:.*|^ {9}gorotrace.*", "", help_of(*command))))


def test_everything_is_in_its_place(installed):
    files = {str(p.relative_to(installed)) for p in installed.rglob("*") if p.is_file()}
    assert files >= {
        "bin/gorotrace", "share/man/man1/gorotrace.1", "share/bash-completion/completions/gorotrace",
        "share/zsh/site-functions/_gorotrace", "share/gorotrace/stat.schema.json", "share/gorotrace/dump.schema.json",
        "share/gorotrace/targets.schema.json",
        "share/doc/gorotrace/LICENSE"}, files


def test_the_program_is_stripped(installed):
    sections = subprocess.run(["readelf", "-SW", installed / "bin/gorotrace"], check=True, capture_output=True, text=True).stdout
    assert ".debug_info" not in sections and ".symtab" not in sections
    done = subprocess.run([installed / "bin/gorotrace", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_knows_every_option(installed):
    page = (installed / "share/man/man1/gorotrace.1").read_text().replace("\\-", "-")
    for command in COMMANDS:
        missing = {option for option in options_of(command) if option not in page}
        assert not missing, f"{command}: {missing}"
    known = set().union(*(options_of(command) for command in COMMANDS), options_of())
    assert set(re.findall(r"--[a-z][a-z-]+", page)) <= known, "the page has an option that the program has not"


def completed(installed, *words):
    script = f"""source {installed}/share/bash-completion/completions/gorotrace
        COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}
        _gorotrace {installed}/bin/gorotrace; printf '%s\\n' "${{COMPREPLY[@]}}" """
    script = script.replace("COMP_WORDS=('gorotrace'", f"COMP_WORDS=('{installed}/bin/gorotrace'")
    return set(subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout.split())


def test_bash_completes_commands_and_options(installed):
    assert completed(installed, "gorotrace", "") == set(COMMANDS)
    assert completed(installed, "gorotrace", "d") == {"diff", "dump"}
    assert completed(installed, "gorotrace", "help", "st") == {"stat"}
    assert completed(installed, "gorotrace", "stat", "--bu") == {"--budget"}
    assert completed(installed, "gorotrace", "stat", "--by", "u") == {"user-frame"}
    assert completed(installed, "gorotrace", "--color", "a") == {"auto", "always"}
    assert completed(installed, "gorotrace", "dump", "4242", "--") == options_of("dump")
    assert "--help" in completed(installed, "gorotrace", "--")
