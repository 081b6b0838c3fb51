#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What trace.py promises, shown on small repositories with two statements for each version."""

import contextlib
import io
import shutil
import tempfile
import unittest
from pathlib import Path

import trace

ROOT = Path(__file__).absolute().parent.parent
TABLES = ("types.toml", "packets.toml", "properties.toml", "reason_codes.toml")
STATEMENT = """
[[statement]]
id = "{id}"
section = "3.1"
keyword = "{keyword}"
binds = "{binds}"
observable = "{observable}"
kind = "behaviour"
summary = "What {id} asks."
"""
EXCEPTION = """
[[exception]]
statement = "{id}"
missing = {missing}
reason = "{reason}"
"""
UNTESTABLE = """
[[untestable]]
statement = "{id}"
reason = "{reason}"
"""
# Citations are put together here, so that this file itself has none.
SLASHES, HASHES = "//" + "= ", "#" + "= "


def statement(id_, keyword="MUST", binds="server", observable="no"):
    return STATEMENT.format(id=id_, keyword=keyword, binds=binds, observable=observable)


class Tree(unittest.TestCase):
    """v3/1-1 and v5/1-1 bind a server; v3/1-2 is a SHOULD and v5/1-2 binds clients."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "spec").mkdir()
        for name in TABLES:
            shutil.copyfile(ROOT / "spec" / name, self.root / "spec" / name)
        self.put("spec/errors.toml", "")
        self.put("spec/exceptions.toml", "")
        self.put_untestable("v3/1-1", "v3/1-2", "v5/1-1", "v5/1-2")
        self.put("spec/statements_v3.toml",
                 statement("v3/1-1") + statement("v3/1-2", keyword="SHOULD"))
        self.put("spec/statements_v5.toml",
                 statement("v5/1-1", binds="both") + statement("v5/1-2", binds="client"))
        self.allow(2)

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def put_untestable(self, *ids, reason="Nothing shows it."):
        self.put("conformance/untestable.toml",
                 "".join(UNTESTABLE.format(id=id_, reason=reason) for id_ in ids))

    def allow(self, count):
        self.put("spec/ratchet.toml", f"server_musts_without_evidence = {count}\n")

    def run_trace(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = trace.main([*arguments, "--root", str(self.root)])
        return code, out.getvalue(), err.getvalue()

    def missing(self):
        """What --list says: statement → the missing sides."""
        code, out, err = self.run_trace("--list")
        self.assertEqual((code, err), (0, ""))
        rows = [line.split() for line in out.splitlines() if line.startswith(("v3/", "v5/"))]
        return {row[0]: row[1] for row in rows}


class Citations(Tree):
    def test_without_any_the_server_musts_lack_both(self):
        self.assertEqual(self.missing(), {"v3/1-1": "code+test", "v5/1-1": "code+test"})

    def test_code_and_test_are_told_apart(self):
        self.put("broker/core/a.c", f"    {SLASHES}v3/1-1\n")
        self.put("broker/core/a_test.cc", f"{SLASHES}v5/1-1 test\n")
        self.assertEqual(self.missing(), {"v3/1-1": "test", "v5/1-1": "code"})

    def test_several_ids_share_a_line(self):
        self.put("codec/a.c", f"{SLASHES}v3/1-1 v5/1-1\n")
        self.put("codec/a_test.cc", f"{SLASHES}v3/1-1 v5/1-1 test\n")
        self.assertEqual(self.missing(), {})

    def test_ragel_and_python_cite_behind_a_hash(self):
        self.put("codec/a.rl", f"  {HASHES}v3/1-1\n{SLASHES}v5/1-1\n")
        self.put("tools/interop/a_test.py", f"{HASHES}v3/1-1 v5/1-1 test\n")
        self.assertEqual(self.missing(), {})

    def test_a_scenario_cites_on_as_many_lines_as_it_likes(self):
        self.put("codec/a.c", f"{SLASHES}v3/1-1 v5/1-1\n")
        self.put("conformance/cases/v5/1.case", "case a\ncites v3/1-1 \\\n  v5/1-1  # both\n")
        self.assertEqual(self.missing(), {})

    def test_golden_packets_cite_like_scenarios(self):
        self.put("codec/testdata/a.md", "cites v3/1-1 v5/1-1\n")
        self.put("README.md", "cites v5/9-9\n")
        self.assertEqual(self.missing(), {"v3/1-1": "code", "v5/1-1": "code"})

    def test_only_the_product_enforces(self):
        for name in ("conformance/a.cc", "fuzz/a.cc", "tools/a.py", "broker/sim/a.c"):
            mark = HASHES if name.endswith(".py") else SLASHES
            self.put(name, f"{mark}v3/1-1 v5/1-1\n")
        self.assertEqual(self.missing(), {"v3/1-1": "code+test", "v5/1-1": "code+test"})

    def test_nothing_counts_in_what_is_generated_or_built(self):
        for name in ("codec/gen/a.c", "docs/reference/a.c", "node_modules/a/b.js", "bazel-out/a.c",
                     "tools/x/node_modules/b.js"):
            self.put(name, f"{SLASHES}v3/1-1 v5/9-9\n")
        self.assertEqual(self.missing(), {"v3/1-1": "code+test", "v5/1-1": "code+test"})


class Mistakes(Tree):
    def refused(self, name, text, expected):
        self.put(name, text)
        code, _, err = self.run_trace()
        self.assertEqual(code, 1)
        self.assertIn(expected, err)

    def test_an_unknown_id_in_code_is_named_with_its_line(self):
        self.refused("codec/a.c", f"int a;\n{SLASHES}v5/1-1 v5/1-9\n",
                     "codec/a.c:2: no statement v5/1-9")

    def test_an_unknown_id_in_a_test(self):
        self.refused("codec/a_test.cc", f"{SLASHES}v3/7-7 test\n",
                     "codec/a_test.cc:1: no statement v3/7-7")

    def test_an_unknown_id_in_a_scenario(self):
        self.refused("conformance/cases/v3/1.case", "case a\ncites v3/1-1 \\\n v3/1-7\n",
                     "1.case:2: no statement v3/1-7")

    def test_what_is_no_id_at_all(self):
        self.refused("codec/a.c", f"{SLASHES}MQTT-1-1\n", "'MQTT-1-1' is not the id")

    def test_a_citation_of_nothing(self):
        self.refused("codec/a_test.cc", f"{SLASHES}test\n", "without a statement")

    def test_a_test_that_claims_to_enforce(self):
        self.refused("codec/a_test.cc", f"{SLASHES}v3/1-1\n", 'ends with "test"')

    def test_they_fail_the_summary_too(self):
        self.put("codec/a.c", f"{SLASHES}v5/1-9\n")
        self.assertEqual(self.run_trace("--summary")[0], 1)


class Ratchet(Tree):
    def test_as_many_as_allowed_pass(self):
        code, out, err = self.run_trace("--check")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("server-side MUSTs without evidence: 2 (at most 2)", out)
        self.assertNotIn("go down", out)

    def test_one_more_fails(self):
        self.allow(1)
        for option in ("--check", "--summary"):
            code, _, err = self.run_trace(option)
            self.assertEqual(code, 1)
            self.assertIn("2 server-side MUSTs lack evidence, 1 are allowed", err)

    def test_without_check_nobody_looks(self):
        self.allow(0)
        self.assertEqual(self.run_trace()[0], 0)

    def test_fewer_pass_and_are_praised(self):
        self.put("codec/a.c", f"{SLASHES}v3/1-1\n{SLASHES}v3/1-1 test\n")
        code, out, err = self.run_trace("--check")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("can go down to 1", out)

    def test_half_of_the_evidence_is_none(self):
        self.allow(1)
        self.put("codec/a.c", f"{SLASHES}v3/1-1\n")
        self.assertEqual(self.run_trace("--check")[0], 1)


class Exceptions(Tree):
    def excuse(self, id_, missing='["code", "test"]', reason="Not offered."):
        text = (self.root / "spec/exceptions.toml").read_text(encoding="utf-8")
        self.put("spec/exceptions.toml",
                 text + EXCEPTION.format(id=id_, missing=missing, reason=reason))

    def refused(self, expected):
        code, _, err = self.run_trace("--check")
        self.assertEqual(code, 1)
        self.assertIn(expected, err)

    def test_one_takes_its_statement_off_the_count(self):
        self.excuse("v3/1-1")
        self.allow(1)
        self.assertEqual(self.missing(), {"v5/1-1": "code+test"})
        self.assertEqual(self.run_trace("--check")[0], 0)

    def test_one_covers_only_what_it_names(self):
        self.excuse("v3/1-1", missing='["code"]')
        self.assertEqual(self.missing()["v3/1-1"], "test")

    def test_one_for_an_unknown_statement_is_refused(self):
        self.excuse("v3/9-9")
        self.refused("v3/9-9: no such statement")

    def test_one_for_a_statement_with_all_evidence_is_refused(self):
        self.excuse("v3/1-1")
        self.put("codec/a.c", f"{SLASHES}v3/1-1\n{SLASHES}v3/1-1 test\n")
        self.refused("v3/1-1: has all evidence")

    def test_one_without_a_reason_is_refused(self):
        self.excuse("v3/1-1", reason=" ")
        self.refused("no reason")

    def test_one_that_excuses_nothing_is_refused(self):
        self.excuse("v3/1-1", missing="[]")
        self.refused("missing is []")

    def test_two_for_a_statement_are_refused(self):
        self.excuse("v3/1-1")
        self.excuse("v3/1-1")
        self.refused("excepted twice")


class Observable(Tree):
    """v3/1-1 and v5/1-1 can be observed, the latter partly, v5/1-2 can't."""

    def setUp(self):
        super().setUp()
        self.put("spec/statements_v3.toml", statement("v3/1-1", observable="yes"))
        self.put("spec/statements_v5.toml", statement("v5/1-1", observable="partly") +
                 statement("v5/1-2", binds="client"))

        self.put_untestable()

    def cite(self, *ids):
        self.put("conformance/cases/v5/1.case", f"case a\ncites {' '.join(ids)}\n")

    def refused(self, expected):
        for option in ("--check", "--summary"):
            code, _, err = self.run_trace(option)
            self.assertEqual(code, 1)
            self.assertIn(expected, err)

    def test_a_case_or_a_reason_for_each_passes(self):
        self.cite("v3/1-1", "v5/1-1")
        self.put_untestable("v5/1-2")
        self.assertEqual(self.run_trace("--check")[0], 0)
        self.cite("v3/1-1", "v5/1-1", "v5/1-2")
        self.put_untestable()
        self.assertEqual(self.run_trace("--check")[0], 0)

    def test_one_without_a_case_is_named(self):
        self.cite("v3/1-1")
        self.put_untestable("v5/1-2")
        self.refused("v5/1-1: has no conformance case")

    def test_one_that_nobody_can_observe_needs_a_reason(self):
        self.cite("v3/1-1", "v5/1-1")
        self.refused("v5/1-2: has no conformance case")

    def test_another_test_is_no_case(self):
        self.cite("v3/1-1")
        self.put("broker/core/a_test.cc", f"{SLASHES}v5/1-1 test\n")
        self.refused("v5/1-1: has no conformance case")

    def test_no_reason_stands_for_a_case_of_what_can_be_observed(self):
        self.cite("v3/1-1")
        self.put_untestable("v5/1-1", "v5/1-2")
        self.refused("v5/1-1: spec/ says that it can be observed")

    def test_a_reason_beside_a_case_is_refused(self):
        self.cite("v3/1-1", "v5/1-1", "v5/1-2")
        self.put_untestable("v5/1-2")
        self.refused("v5/1-2: has a case, the row can go")

    def test_a_row_for_an_unknown_statement_is_refused(self):
        self.cite("v3/1-1", "v5/1-1")
        self.put_untestable("v5/9-9")
        self.refused("v5/9-9: no such statement")

    def test_two_rows_and_rows_without_reason_are_refused(self):
        self.cite("v3/1-1", "v5/1-1")
        self.put_untestable("v5/1-2", "v5/1-2")
        self.refused("v5/1-2: stands here twice")
        self.put_untestable("v5/1-2", reason=" ")
        self.refused("v5/1-2: no reason")

    def test_the_page_must_have_the_table(self):
        self.cite("v3/1-1", "v5/1-1")
        self.put_untestable("v5/1-2")
        table = self.run_trace("--observable")[1]
        self.put("docs/conformance.md", f"# Cases\n\n{table}")
        self.assertEqual(self.run_trace("--check")[0], 0)
        self.put("docs/conformance.md", table.replace("| 1 | 100 %", "| 0 | 0 %"))
        self.refused("docs/conformance.md: lacks the line | MQTT 3.1.1 | 3 | 1 | 1 | 100 % | 0 |")

    def test_the_list_says_what_is_without_and_why(self):
        self.put_untestable("v5/1-2")
        code, out, err = self.run_trace("--observable")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("| MQTT 3.1.1 | all | 1 | 0 | 0 % | 0 |", out)
        self.assertIn("| MQTT 5.0 | 3 | 1 | 0 | 0 % | 1 |", out)
        self.assertIn("v3/1-1                   no case\n", out)
        self.assertIn("v5/1-2                   Nothing shows it.\n", out)


class Reports(Tree):
    def test_the_table_counts_server_musts(self):
        self.put("codec/a.c", f"{SLASHES}v3/1-1 v3/1-2 v5/1-2\n")
        rows = {line[:10].strip(): line.split()[2:] for line in self.run_trace()[1].splitlines()}
        self.assertEqual(rows["MQTT 3.1.1"], ["2", "1", "1", "0", "0", "1"])
        self.assertEqual(rows["MQTT 5.0"], ["2", "1", "0", "0", "0", "1"])

    def test_the_matrix_has_every_statement_and_its_places(self):
        self.put("codec/a.c", f"{SLASHES}v3/1-1\n{SLASHES}v3/1-1\n")
        self.put("codec/a_test.cc", f"{SLASHES}v3/1-1 test\n")
        page = self.root / "matrix.md"
        self.assertEqual(self.run_trace("--write", str(page))[0], 0)
        rows = [line for line in page.read_text(encoding="utf-8").splitlines()
                if line.startswith("| [v")]
        self.assertEqual(len(rows), 4)
        self.assertIn("| [codec/a.c](../../codec/a.c) | [codec/a_test.cc]", rows[0])
        self.assertIn("What v3/1-1 asks.", rows[0])


if __name__ == "__main__":
    unittest.main()
