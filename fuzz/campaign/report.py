#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The report of a campaign, as text (Markdown) and as one HTML page without scripts."""
import html

import coverage

HARNESS_HEAD = ("harness", "what it judges", "executions", "per second", "corpus", "findings")
FILE_HEAD = ("file", "lines reached", "of", "%")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: .25em .8em; border-bottom: 1px solid #ccc; text-align: left }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
code { background: #f3f3f3; padding: .1em .3em }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd }
  code { background: #2a2a2a }
  td, th { border-color: #444 }
}
"""


def percent(covered, count):
    return f"{100.0 * covered / count:.1f}" if count else "-"


def harness_rows(record):
    for row in record["harnesses"]:
        rate = row["executions"] / row["seconds"] if row["seconds"] else 0
        yield (row["name"], row["what"], f"{row['executions']:,}", f"{rate:,.0f}",
               f"{row['corpus']:,}", str(len(row["findings"])))


def finding_rows(record):
    for row in record["harnesses"]:
        for finding in row["findings"]:
            yield (row["name"], finding["reason"],
                   f"tools/fuzz replay {row['name']} {finding['file']}")


def folder_rows(files):
    for name, (covered, count) in sorted(coverage.by_folder(files).items()):
        yield (name, str(covered), str(count), percent(covered, count))


def file_rows(files):
    for name, (covered, count) in files.items():
        yield (name, str(covered), str(count), percent(covered, count))


def summary(record):
    total = sum(row["executions"] for row in record["harnesses"])
    findings = sum(len(row["findings"]) for row in record["harnesses"])
    hours = record["cpu_seconds"] / 3600
    return (f"{record['date']}, commit {record['commit']}: {total:,} executions in {hours:.2f} "
            f"CPU-hours on {record['cores']} cores ({record['seconds']} s); {findings} findings.")


def sections(record, files):
    """title, head, rows"""
    yield "Harnesses", HARNESS_HEAD, list(harness_rows(record))
    found = list(finding_rows(record))
    if found:
        yield "Findings", ("harness", "what", "again with"), found
    if files:
        yield "Lines that the corpora reach", FILE_HEAD, list(folder_rows(files))
        yield "By file", FILE_HEAD, list(file_rows(files))


def as_markdown(record, files):
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->",
             "<!-- Copyright The Libella authors -->", "<!-- Made by tools/fuzz. -->", "",
             "# A fuzzing campaign", "", summary(record), ""]
    for title, head, rows in sections(record, files):
        lines += [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
                  for row in rows]
        lines.append("")
    return "\n".join(lines)


def is_number(cell):
    return cell.replace(",", "").replace(".", "").replace("-", "").isdigit()


def as_html(record, files):
    parts = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
             "<!-- SPDX-License-Identifier: Apache-2.0, Copyright The Libella authors -->",
             "<title>A fuzzing campaign</title>", f"<style>{STYLE}</style></head><body>",
             "<h1>A fuzzing campaign</h1>", f"<p>{html.escape(summary(record))}</p>"]
    for title, head, rows in sections(record, files):
        parts.append(f"<h2>{html.escape(title)}</h2><table><tr>")
        parts += [f"<th>{html.escape(cell)}</th>" for cell in head]
        parts.append("</tr>")
        for row in rows:
            cells = (f'<td class="number">{cell}</td>' if is_number(cell)
                     else f"<td>{html.escape(cell)}</td>" for cell in row)
            parts.append("<tr>" + "".join(cells) + "</tr>")
        parts.append("</table>")
    return "\n".join(parts) + "</body></html>\n"


def write(record, files, folder):
    (folder / "report.md").write_text(as_markdown(record, files), encoding="utf-8")
    (folder / "report.html").write_text(as_html(record, files), encoding="utf-8")
