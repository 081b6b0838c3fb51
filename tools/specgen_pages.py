# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The reference pages that follow from the tables of spec/, in Markdown.

It refuses to know numbers of the protocol and files on disk: tables come in, text goes out.
"""

from itertools import groupby

from spec_tables import HEADING, VERSION_NAMES, WILL, plain


def page(title, introduction, *parts):
    heading = "\n".join(f"<!-- {line} -->" for line in HEADING)
    return "\n".join([heading, "", f"# {title}", "", introduction, ""] + list(parts))


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def anchor(statement_id):
    return statement_id.replace("/", "-")


def link(statement_id):
    if not statement_id:
        return ""
    version = statement_id.split("/")[0]
    return f"[{statement_id}](statements_{version}.md#{anchor(statement_id)})"


def first_byte(row):
    if row["flags_mask"] == 0:
        return f"0x{row['type']:X}0 + flags"
    return f"0x{row['type']:X}{row['flags']:X}"


def packets(spec):
    rows = []
    for row in spec.packets:
        names = [item["title"] for item in spec.properties if row["name"] in item["packets"]]
        rows.append([row["section"], row["name"], str(row["type"]), first_byte(row), row["v3"],
                     row["v5"], row["packet_id"], row["v3_payload"], row["v5_payload"],
                     row["v5_reason_code"].replace("_", " "), ", ".join(names),
                     plain(row["summary"])])
    return page(
        "Control packets",
        "The section number is the same in both standards. The flags of PUBLISH are DUP (8), QoS "
        "(2 and 4) and RETAIN (1).\nMQTT 3.1 has the packets of 3.1.1, and its receivers ignore "
        "flags that mean nothing, but those of CONNECT:\nthey come before the version.",
        table(["Section", "Packet", "Type", "First byte", "Sent by (3.1.1)", "Sent by (5.0)",
               "Packet identifier", "Payload (3.1.1)", "Payload (5.0)", "Reason code (5.0)",
               "Properties (5.0)", "What it is"], rows))


def place(spec, row, name):
    """A packet in which a property may stand, and the side that may send it if that matters."""
    if name == WILL:
        return "Will"
    senders = [side for side in ("client", "server") if name in spec.packets_of(row, side)]
    narrowed = len(senders) == 1 and spec.sends(name, "client") and spec.sends(name, "server")
    repeats = name in row["repeatable_in"] and row["repeatable_in"] != row["packets"]
    notes = ([f"from a {senders[0]}"] if narrowed else []) + (["may repeat"] if repeats else [])
    return name + (f" ({', '.join(notes)})" if notes else "")


def properties(spec):
    types = {row["name"]: row["title"] for row in spec.types}
    rows = []
    for row in spec.properties:
        places = ", ".join(place(spec, row, name) for name in row["packets"])
        repeats = "yes" if row["repeatable_in"] == row["packets"] else "no"
        if repeats == "no" and row["repeatable_in"]:
            repeats = "in some"
        rows.append([str(row["id"]), f"0x{row['id']:02X}", row["title"], types[row["type"]],
                     places, repeats, f"{row['minimum']} to {row['maximum']}",
                     plain(row["default"]), ", ".join(row["sections"]), plain(row["summary"])])
    kinds = [[row["title"], str(row["fixed"] or ""), f"{row['minimum']} to {row['maximum']}",
              row["v3"], row["v5"], plain(row["summary"])] for row in spec.types]
    return page(
        "Properties",
        "What MQTT 5.0 packets carry beside their fixed fields. The range is that of the value "
        "for integers,\nand of the length in bytes for strings and binary data.",
        table(["Id", "Hex", "Property", "Type", "Packets", "May repeat", "Range", "When absent",
               "Sections", "What it is"], rows),
        "## Types\n",
        table(["Type", "Bytes", "Range", "Section (3.1.1)", "Section (5.0)", "What it is"], kinds))


def reason_codes(spec):
    rows = []
    for row in spec.reasons:
        names = [row["title"]] + [f"{title} (in {packet})" for _, title, packet in row["aliases"]]
        rows.append([str(row["value"]), f"0x{row['value']:02X}", ", ".join(names),
                     ", ".join(row["client"]), ", ".join(row["server"]), plain(row["summary"])])
    def old(codes):
        return table(["Value", "Hex", "Name", "What it says"],
                     [[str(row["value"]), f"0x{row['value']:02X}", row["title"],
                       plain(row["summary"])] for row in codes])
    return page(
        "Reason codes",
        "The reason codes of MQTT 5.0, and what MQTT 3.1 and 3.1.1 had in their place. Values "
        "from 0x80 on are failures.",
        table(["Value", "Hex", "Name", "From a client in", "From a server in", "What it says"],
              rows),
        "## Return codes of CONNACK before 5.0\n", old(spec.connack_v3),
        "## Return codes of SUBACK before 5.0\n", old(spec.suback_v3))


def errors(spec):
    titles = {row["name"]: f"0x{row['value']:02X} {row['title']}" for row in spec.reasons}
    rows = [[f"`ELLA_ERROR_{row['name'].upper()}`", plain(row["text"]), link(row["v3"]),
             link(row["v5"]), titles[row["reason"].upper()]] for row in spec.errors]
    return page(
        "Errors of the codec",
        "What the codec can find wrong with bytes, which statement of each standard says so, and "
        "the reason code with\nwhich an MQTT 5.0 peer answers.",
        table(["Error", "In words", "3.1.1", "5.0", "Answer in 5.0"], rows))


def section_order(row):
    """The part of a section that gets a heading: chapter and section, as in 3.12."""
    return ".".join(row["section"].split(".")[:2])


def statements(spec, version):
    names = {row["section"]: row["name"] for row in spec.packets}
    parts = []
    for section, group in groupby(spec.statements[version], section_order):
        name = names.get(section)
        parts.append(f"## {section}" + (f" {name}" if name else "") + "\n")
        parts.append(table(
            ["Statement", "Section", "Keyword", "Binds", "Kind", "Observable", "What it asks"],
            [[f"<a id=\"{anchor(row['id'])}\"></a>{row['id']}", row["section"], row["keyword"],
              row["binds"], row["kind"], row["observable"], plain(row["summary"])]
             for row in group]))
    return page(
        f"Statements of {VERSION_NAMES[version]}",
        f"{version}/3.1.2-4 is statement 4 of section 3.1.2; {version}/u-3.1.4-1 is a rule that "
        "the standard did not number.\nThe words are ours; the standard's own text decides. "
        "Observable says whether a client can see a server keep it.",
        *parts)
