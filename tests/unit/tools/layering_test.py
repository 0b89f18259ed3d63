"""tools/layering: passes on this repository, and fails on each kind of violation."""

import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def layering(root):
    done = subprocess.run([REPOSITORY / "tools/layering", root], capture_output=True, text=True, timeout=50)
    return done.returncode, done.stdout + done.stderr


class Layering(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.root = pathlib.Path(self.directory.name)
        self.write("CMakeLists.txt", "foreach(folder base model\n  report)\nendforeach()\n")
        self.write("base/text.h", "")
        self.write("model/model.cpp", '#include "model/model.h"\n#include "base/text.h"\n#include <report/no.h>\n')

    def write(self, path, text):
        file = self.root / "userspace" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_this_repository_holds_it(self):
        self.assertEqual(layering(REPOSITORY), (0, ""))

    def test_what_lies_below_may_be_included(self):
        self.write("report/text.cpp", '#include "model/model.h"\n#include "bpf/shared/abi.h"\n')
        self.assertEqual(layering(self.root), (0, ""))

    def test_what_lies_above_may_not(self):
        self.write("base/upwards.h", '#  include "report/text.h"\n')
        code, said = layering(self.root)
        self.assertEqual(code, 1)
        self.assertRegex(said, r"base/upwards\.h: includes report/, which lies above base/\n$")

    def test_a_folder_without_a_place_is_told(self):
        self.write("loose/file.cpp", "")
        code, said = layering(self.root)
        self.assertEqual(code, 1)
        self.assertIn("loose: not in the order", said)

    def test_an_order_that_is_not_found_is_no_pass(self):
        self.write("CMakeLists.txt", "add_subdirectory(base)\n")
        self.assertEqual(layering(self.root)[0], 1)


if __name__ == "__main__":
    unittest.main()
