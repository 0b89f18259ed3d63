import os
import pathlib
import subprocess

import pytest

pytest.register_assert_rewrite("agreement")

import browser as browsers  # noqa: E402
import harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: only with tools/test --full")
    config.addinivalue_line("markers", "alone: loads the machine or asks how fast it is: no other test runs beside it")
    if os.geteuid() != 0:
        raise pytest.UsageError("the end-to-end tests attach probes: run them as root")
    harness.gorotrace()
    harness.CACHE.mkdir(parents=True, exist_ok=True)
    if not config.option.markexpr:
        config.option.markexpr = "not slow"


@pytest.fixture
def truth():
    """Starts truth programs; they are ended with the test."""
    started = []

    def start(*arguments, version=harness.NEWEST, variant="stripped", **options):
        binary = harness.build(harness.PROGRAMS / "truth", version, variant)
        started.append(harness.Truth(binary, *arguments, **options))
        started[-1].binary = binary
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture(scope="module")
def browser():
    with browsers.Browser() as started:
        yield started


@pytest.fixture(autouse=True)
def forget_objects():
    harness.traced_with.clear()


@pytest.fixture(scope="session")
def oracle():
    """Reads a runtime/trace file into a dictionary."""
    binary = harness.build(pathlib.Path(__file__).parent / "oracle", "1.26.11")

    def read(path):
        import json
        done = subprocess.run([binary, path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["goroutines"]

    return read
