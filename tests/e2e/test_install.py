"""What `cmake --install` puts on a machine, and that pages and completions know what the program knows."""

import email.utils
import pathlib
import re
import subprocess

import pytest

import harness

COMMANDS = ("stat", "dump", "metrics", "cat", "check", "ps", "record", "report", "export", "diff", "top", "monitor", "help")
OPTION = r"(?<![\w-])--[a-z][a-z-]*[a-z]"
COMPLETIONS = {"bash": "bash-completion/completions/gorotrace", "zsh": "zsh/site-functions/_gorotrace",
               "fish": "fish/vendor_completions.d/gorotrace.fish"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    build = pathlib.Path(harness.gorotrace()).resolve().parents[1]
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True)
    return prefix


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def options_of(*command):
    """The long ones that --help lists, and not those that a sentence names."""
    return set(re.findall(rf"(?m)^  (?:-\w,)?({OPTION})", output_of(harness.gorotrace(), *command, "--help")))


def man(path, width=80):
    """As a terminal shows it, without bold; what groff warns of fails."""
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True, text=True,
                          env={"MANWIDTH": str(width), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and not done.stderr, (path, done.stderr)
    return re.sub(r".\x08", "", done.stdout)


@pytest.fixture(scope="module")
def options():
    """By command; of all commands: under ""."""
    known = {command: options_of(*command.split()) for command in (*COMMANDS, "")}
    assert known[""] == {"--help", "--version", "--color", "--verbose"} and "--budget" in known["stat"], known
    return {command: of | known[""] for command, of in known.items()}


def page_name(command):
    return f"gorotrace-{command}.1" if command else "gorotrace.1"


def pages(installed):
    return {path.name: path for path in (installed / "share/man/man1").iterdir()}


def test_everything_is_in_its_place(installed):
    files = {str(p.relative_to(installed)) for p in installed.rglob("*") if p.is_file()}
    assert files >= {
        "bin/gorotrace", *(f"share/{file}" for file in COMPLETIONS.values()), "share/gorotrace/stat.schema.json",
        "share/gorotrace/dump.schema.json", "share/gorotrace/targets.schema.json", "share/doc/gorotrace/LICENSE"}, files
    assert pages(installed).keys() == {page_name(command) for command in (*COMMANDS, "")}
    listed = re.search(r"(?s)\nCommands:\n(.*?)\n\n", output_of(harness.gorotrace(), "--help"))[1]
    assert set(re.findall(r"(?m)^  (\w+)", listed)) == set(COMMANDS)


def test_the_program_is_stripped(installed):
    sections = output_of("readelf", "-SW", installed / "bin/gorotrace")
    assert ".debug_info" not in sections and ".symtab" not in sections
    done = subprocess.run([installed / "bin/gorotrace", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_page_has_the_options_of_its_command_and_no_others(installed, options):
    for command, known in options.items():
        page = re.sub(r"\\f[BIR]", "", pages(installed)[page_name(command)].read_text().replace("\\-", "-"))
        listed = re.findall(rf"(?m)^\.TP\n(?:-\w, )?({OPTION})", page)
        assert set(listed) == known and len(listed) == len(known), command
        # What a sentence names is an option of this or of another command.
        assert set(re.findall(OPTION, page)) <= set.union(*options.values()) | {"--now"}, command


def test_a_page_says_what_help_says(installed):
    """Of each option its value, description and default; the examples and the exit codes."""
    for command in COMMANDS:
        shown = " ".join(man(pages(installed)[page_name(command)], 10000).split())
        text = output_of(harness.gorotrace(), command, "--help")
        options = re.search(r"(?s)\nOptions:\n(.*?)\n\n", text)[1]
        for names, says in re.findall(r"(?m)^  (-\S.*?)(?:  +|\n +)(\S.*)$", options):
            assert " ".join(f"{names.replace(',', ', ', 1)} {says}".split()) in shown, (command, names)
        for code, says in re.findall(r"(\d) (.*?)(?:, (?=\d )|\.?\n)", text[text.index("Exit codes: "):]):
            assert f" {code} {says}" in shown, (command, code)


def test_pages_are_right_for_both_formatters(installed):
    for name, path in pages(installed).items():
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "style", path], capture_output=True, text=True)
        # What stands in SEE ALSO is installed on some machines only.
        found = [line for line in lint.stdout.splitlines() if "referenced manual not found" not in line]
        assert not found, found
        wide = [line for line in man(path).splitlines() if len(line) > 80]
        assert not wide, (name, wide)


def test_what_is_copied_from_a_page_can_be_typed(installed):
    """Hyphens and quotes are those of ASCII, in both formatters, and an example is the one of --help."""
    for name, path in pages(installed).items():
        for shown in (re.sub(r".\x08", "", output_of("mandoc", "-T", "utf8", path)), man(path)):
            assert not re.search("[‐−’‘“”ˆ˜]", shown), name
    joined = " ".join(man(pages(installed)["gorotrace-dump.1"]).replace("\\\n", "").split())
    for example in re.findall(r"(?m)^(?:Example: | {9})(gorotrace .*)$", output_of(harness.gorotrace(), "dump", "--help")):
        assert example in joined


def test_pages_bear_the_day_of_the_version(installed):
    changelog = (harness.ROOT / "deploy/debian/changelog").read_text()
    version = re.match(r"gorotrace \((.*?)\)", changelog)[1]
    day = email.utils.parsedate_to_datetime(re.search(r"(?m)^ -- .*>  (.*)$", changelog)[1]).date()
    for path in pages(installed).values():
        assert re.search(rf'(?m)^\.TH \S+ 1 {day} "gorotrace {version}" "User Commands"$', path.read_text()), path


def test_pages_are_the_same_whenever_they_are_made(installed):
    for command in ("", *COMMANDS):
        again = output_of(installed / "bin/gorotrace", "help", *command.split(), "--format", "man")
        assert again == pages(installed)[page_name(command)].read_text()
    for shell, file in COMPLETIONS.items():
        again = output_of(installed / "bin/gorotrace", "help", "--format", shell)
        assert again == (installed / "share" / file).read_text()


def test_completions_have_every_option_and_no_others(installed, options):
    all_of = set.union(*options.values())
    for shell, file in COMPLETIONS.items():
        text = (installed / "share" / file).read_text()
        found = set(re.findall(r"(?<!set) -l ([a-z-]+)", text)) if shell == "fish" else set(re.findall(OPTION, text))
        found = {option if option.startswith("--") else "--" + option for option in found} | {"--format"}
        assert found == all_of, (shell, found ^ all_of)


def test_what_help_refuses():
    for words, said in ((["--format", "csh"], "text, man, bash, zsh, fish"), (["stat", "--format", "zsh"], "leave \"stat\" out")):
        done = subprocess.run([harness.gorotrace(), "help", *words], capture_output=True, text=True)
        assert done.returncode == 2 and said in done.stderr and not done.stdout, done
