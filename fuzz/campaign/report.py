#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The report of a campaign, as text (Markdown) and as one HTML page without scripts."""
import html

import coverage

PART_HEAD = ("date", "commit", "CPU-hours", "cores", "of the clock", "executions", "findings")
HARNESS_HEAD = ("harness", "what it judges", "executions", "CPU-seconds", "per second", "corpus",
                "findings")
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


def cpu_hours(part):
    return sum(row["cpu_seconds"] for row in part["harnesses"]) / 3600


def executions(part):
    return sum(row["executions"] for row in part["harnesses"])


def found(part):
    return sum(len(row["findings"]) for row in part["harnesses"])


def part_rows(parts):
    for part in parts:
        yield (part["date"], part["commit"], f"{cpu_hours(part):.2f}", str(part["cores"]),
               f"{part['seconds']} s", f"{executions(part):,}", str(found(part)))


def harness_rows(parts):
    """A row for each harness of any part; executions per second of a processor."""
    rows = {}
    for part in parts:
        for row in part["harnesses"]:
            rows.setdefault(row["name"], []).append(row)
    for name, mine in rows.items():
        runs, seconds = (sum(row[key] for row in mine) for key in ("executions", "cpu_seconds"))
        yield (name, mine[-1]["what"], f"{runs:,}", f"{seconds:,.0f}",
               f"{runs / seconds if seconds else 0:,.0f}",
               f"{max(row['corpus'] for row in mine):,}",
               str(sum(len(row["findings"]) for row in mine)))


def finding_rows(parts):
    for part in parts:
        for row in part["harnesses"]:
            for finding in row["findings"]:
                yield (row["name"], part["commit"], finding["reason"],
                       f"tools/fuzz replay {row['name']} {finding['file']}")


def folder_rows(files):
    for name, (covered, count) in sorted(coverage.by_folder(files).items()):
        yield (name, str(covered), str(count), percent(covered, count))


def file_rows(files):
    for name, (covered, count) in files.items():
        yield (name, str(covered), str(count), percent(covered, count))


def summary(parts):
    dates = sorted({part["date"] for part in parts})
    total, hours, count = (sum(map(value, parts)) for value in (executions, cpu_hours, found))
    return (f"{' to '.join(dates[:1] + dates[1:][-1:])}: {total:,} executions in {hours:.2f} "
            f"CPU-hours; {count} finding{'' if count == 1 else 's'}.")


def sections(parts, files):
    """title, head, rows"""
    yield "Parts", PART_HEAD, list(part_rows(parts))
    yield "Harnesses", HARNESS_HEAD, list(harness_rows(parts))
    findings = list(finding_rows(parts))
    if findings:
        yield "Findings", ("harness", "commit", "what", "again with"), findings
    if files:
        yield "Lines that the corpora reach", FILE_HEAD, list(folder_rows(files))
        yield "By file", FILE_HEAD, list(file_rows(files))


def as_markdown(parts, files):
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->",
             "<!-- Copyright The Libella authors -->", "<!-- Made by tools/fuzz. -->", "",
             "# A fuzzing campaign", "", summary(parts), ""]
    for title, head, rows in sections(parts, files):
        lines += [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
                  for row in rows]
        lines.append("")
    return "\n".join(lines)


def is_number(cell):
    return cell.replace(",", "").replace(".", "").replace("-", "").isdigit()


def as_html(parts, files):
    page = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
            "<!-- SPDX-License-Identifier: Apache-2.0, Copyright The Libella authors -->",
            "<title>A fuzzing campaign</title>", f"<style>{STYLE}</style></head><body>",
            "<h1>A fuzzing campaign</h1>", f"<p>{html.escape(summary(parts))}</p>"]
    for title, head, rows in sections(parts, files):
        page.append(f"<h2>{html.escape(title)}</h2><table><tr>")
        page += [f"<th>{html.escape(cell)}</th>" for cell in head]
        page.append("</tr>")
        for row in rows:
            cells = (f'<td class="number">{cell}</td>' if is_number(cell)
                     else f"<td>{html.escape(cell)}</td>" for cell in row)
            page.append("<tr>" + "".join(cells) + "</tr>")
        page.append("</table>")
    return "\n".join(page) + "</body></html>\n"


def write(parts, files, folder):
    (folder / "report.md").write_text(as_markdown(parts, files), encoding="utf-8")
    (folder / "report.html").write_text(as_html(parts, files), encoding="utf-8")
