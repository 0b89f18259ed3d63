"""tools/layering: passes on this repository, and fails on each kind of violation."""

import subprocess

import pytest

from conftest import ROOT


def layering(root):
    done = subprocess.run([ROOT / "tools/layering", root], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def house(tmp_path):
    """Writes files of a house with three floors."""
    def write(path, text):
        file = tmp_path / "userspace" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return tmp_path

    write("CMakeLists.txt", "foreach(folder base model\n  report)\nendforeach()\n")
    write("base/text.h", "")
    write("model/model.cpp", '#include "model/model.h"\n#include "base/text.h"\n#include <report/no.h>\n')
    return write


def test_this_repository_holds_it():
    assert layering(ROOT) == (0, "")


def test_what_lies_below_may_be_included(house):
    assert layering(house("report/text.cpp", '#include "model/model.h"\n#include "bpf/shared/abi.h"\n')) == (0, "")


def test_what_lies_above_may_not(house):
    root = house("base/upwards.h", '#  include "report/text.h"\n')
    assert layering(root) == (1, f"{root}/userspace/base/upwards.h: includes report/, which lies above base/\n")


def test_a_folder_without_a_place_is_told(house):
    code, said = layering(house("loose/file.cpp", ""))
    assert code == 1 and "loose: not in the order" in said


def test_an_order_that_is_not_found_is_no_pass(house):
    assert layering(house("CMakeLists.txt", "add_subdirectory(base)\n"))[0] == 1
