#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Shows that every style rule can fail, and that clean files pass."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

STYLE = pathlib.Path(__file__).resolve().parent / "style.py"
HEAD = "/* SPDX-License-Identifier: Apache-2.0\n * Copyright The Libella authors\n */\n"


def run(files):
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = pathlib.Path(top, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, STYLE, top], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout


class Style(unittest.TestCase):
    def breach(self, name, text, expected):
        status, output = run({name: text})
        self.assertEqual(status, 1, output)
        self.assertIn(expected, output)

    def test_clean_tree_passes(self):
        status, output = run({"codec/a.c": HEAD + "int a(void) {\n    return 1;\n}\n"})
        self.assertEqual((status, output), (0, "style: 0 breaches\n"))

    def test_licence(self):
        self.breach("codec/a.c", "int a(void);\n", "codec/a.c:1: no SPDX licence line")
        self.breach("tools/a", "#!/bin/sh\n", "no SPDX licence line")

    def test_long_line(self):
        self.breach("codec/a.c", HEAD + "/* " + "x" * 97 + " */\n", "line of 103 characters")

    def test_long_function(self):
        body = "    f();\n" * 69
        text = HEAD + "int a(void) {\n" + body + "}\n"
        self.breach("broker/io/a.c", text, "function of 71 lines")

    def test_deep_nesting(self):
        text = HEAD + "int a(void) {\n"
        for depth in range(4):
            text += "    " * (depth + 1) + "if (x) {\n"
        self.breach("broker/io/a.c", text + "                }\n}\n", "nesting of 5")

    def test_includes(self):
        self.breach("codec/a.c", HEAD + "#include <stdio.h>\n", "codec/ may not include <stdio.h>")
        self.breach("broker/core/a.c", HEAD + '#include "broker/io/loop.h"\n',
                    "broker/core/ may not include broker/io/loop.h")
        self.breach("conformance/a.h", HEAD + '#include "libella/codec.h"\n',
                    "may not include libella")

    def test_conditional_compilation(self):
        self.breach("broker/core/a.c", HEAD + "#ifdef WITH_BRIDGE\n#endif\n",
                    "conditional compilation")

    def test_mutable_global(self):
        self.breach("codec/a.c", HEAD + "static int counter = 0;\n", "mutable global")
        self.breach("codec/a.c", HEAD + "int table[4];\n", "mutable global")

    def test_unfinished_work(self):
        self.breach("docs/a.md", HEAD + "TO" + "DO: say it\n", "unfinished work")

    def test_path_of_a_machine(self):
        self.breach("tools/a.sh", HEAD + "cd /ho" + "me/someone\n", "path of one machine")

    def test_vague_folder(self):
        self.breach("broker/utils/a.c", HEAD, "folder name says nothing")


if __name__ == "__main__":
    unittest.main()
