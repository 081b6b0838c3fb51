# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The C that follows from the tables of spec/: libella/tables.h and tables.c.

It refuses to know numbers of the protocol and files on disk: tables come in, text goes out. What
it writes is C11, clean as C++ too, freestanding, and without anything that changes at run time.
"""

from spec_tables import HEADING, WILL_BIT

SENT_BY = {"none": "0", "client": "ELLA_SENT_BY_CLIENT", "server": "ELLA_SENT_BY_SERVER",
           "both": "ELLA_SENT_BY_CLIENT | ELLA_SENT_BY_SERVER"}


def c_heading(sentence):
    lines = [f"// {line}" for line in HEADING]
    return "\n".join(lines) + f"\n//\n// {sentence}\n"


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def c_enum(name, rows):
    body = "".join(f"    {enumerator} = {value},\n" for enumerator, value in rows)
    return f"enum {name} {{\n{body}}};\n"


def c_header_enums(spec):
    types = [("ELLA_TYPE_NONE", 0)] + [(f"ELLA_TYPE_{row['name']}", number)
                                       for number, row in enumerate(spec.types, 1)]
    reasons = []
    for row in spec.reasons:
        names = [row["name"]] + [alias[0] for alias in row["aliases"]]
        reasons += [(f"ELLA_REASON_{name}", f"0x{row['value']:02X}") for name in names]
    errors = [("ELLA_ERROR_NONE", 0)] + [(f"ELLA_ERROR_{row['name'].upper()}", number)
                                         for number, row in enumerate(spec.errors, 1)]
    return "\n".join([
        "// Control packets by the high four bits of their first byte. 0 is reserved.",
        c_enum("ella_packet_type", [(f"ELLA_{row['name']}", row["type"]) for row in spec.packets]),
        "// Identifiers of the properties of MQTT 5.0 (v5 2.2.2.2).",
        c_enum("ella_property_id", [(f"ELLA_PROPERTY_{row['name']}", f"0x{row['id']:02X}")
                                    for row in spec.properties]),
        "// Data types (v5 1.5). ELLA_TYPE_NONE marks identifiers that do not exist.",
        c_enum("ella_property_type", types),
        "// Reason codes of MQTT 5.0 (v5 2.4); 0x80 and above are failures.",
        c_enum("ella_reason_code", reasons),
        "// Return codes of CONNACK and SUBACK before 5.0 (v3 3.2.2.3 and 3.9.3).",
        c_enum("ella_connack_code_v3", [(f"ELLA_CONNACK_V3_{row['name']}", row["value"])
                                        for row in spec.connack_v3]),
        c_enum("ella_suback_code_v3", [(f"ELLA_SUBACK_V3_{row['name']}", f"0x{row['value']:02X}")
                                       for row in spec.suback_v3]),
        "// What the codec can find wrong. ella_error_text() says it in words.",
        c_enum("ella_error", errors),
    ])


C_HEADER_RULES = """\
// Bits of the packet sets below: 1u << packet type. Bit 0, free because type 0 is reserved, stands
// for the Will Properties in the payload of CONNECT.
#define ELLA_WILL_PROPERTIES_BIT (1u << {will_bit})
#define ELLA_PACKET_BIT(packet_type) (1u << (packet_type))

// Bits of v3_sent_by and v5_sent_by.
#define ELLA_SENT_BY_CLIENT 1u
#define ELLA_SENT_BY_SERVER 2u

#define ELLA_PACKET_RULE_COUNT 16
#define ELLA_PROPERTY_RULE_COUNT {property_count}
#define ELLA_REASON_COUNT 256
#define ELLA_ERROR_COUNT {error_count} // ELLA_ERROR_NONE included

// First byte of a packet: right when ((first_byte ^ flags) & flags_mask) == 0; for MQTT 3.1 take
// flags_mask_v31 instead.
// PUBLISH has flags_mask 0; its DUP, QoS and RETAIN bits have rules of their own.
struct ella_packet_rule {{
    uint8_t flags;
    uint8_t flags_mask;
    uint8_t flags_mask_v31;
    uint8_t v3_sent_by; // set of ELLA_SENT_BY_…; 0 for a packet that the version does not have
    uint8_t v5_sent_by;
}};

// A property of MQTT 5.0. All sets are of packet bits.
struct ella_property_rule {{
    uint8_t type;                // enum ella_property_type
    bool repeatable;             // may occur more than once somewhere: see repeatable_packets
    uint32_t minimum;            // of an integer's value, of any other type's length in bytes
    uint32_t maximum;
    uint32_t packets;            // where it may stand
    uint32_t client_packets;     // where it may stand when a client sends the packet
    uint32_t server_packets;     // where it may stand when a server sends the packet
    uint32_t repeatable_packets; // where it may occur more than once
}};

// By packet type; by property identifier.
extern const struct ella_packet_rule ella_packet_rules[ELLA_PACKET_RULE_COUNT];
extern const struct ella_property_rule ella_property_rules[ELLA_PROPERTY_RULE_COUNT];

// Packets in which a reason code may stand, by its value; 0 for values that do not exist.
extern const uint16_t ella_reason_packets[ELLA_REASON_COUNT];
extern const uint16_t ella_reason_client_packets[ELLA_REASON_COUNT]; // in packets from a client
extern const uint16_t ella_reason_server_packets[ELLA_REASON_COUNT]; // in packets from a server

// Names as the standard writes them, static and never NULL; "unknown" for a number that it does
// not have.
const char *ella_packet_name(uint32_t packet_type);
const char *ella_property_name(uint32_t property_id);
const char *ella_reason_name(uint32_t reason_code);

// What an error says to a person; "no error" for ELLA_ERROR_NONE.
const char *ella_error_text(enum ella_error error);

// The MQTT 5.0 reason code to answer with; ELLA_REASON_SUCCESS for ELLA_ERROR_NONE.
uint8_t ella_error_reason(enum ella_error error);

// Id of the statement that the error enforces in version 3, 4 or 5, such as "v5/3.3.1-4";
// "" where that version has none.
const char *ella_error_statement(enum ella_error error, uint8_t version);
"""


def header(spec):
    rules = C_HEADER_RULES.format(will_bit=WILL_BIT, property_count=spec.properties[-1]["id"] + 1,
                                  error_count=len(spec.errors) + 1)
    return "\n".join([
        c_heading("The numbers of MQTT 3.1, 3.1.1 and 5.0: packets, properties, reason codes, "
                  "errors."),
        "#ifndef LIBELLA_TABLES_H\n#define LIBELLA_TABLES_H\n",
        "#include <stdbool.h>\n#include <stdint.h>\n",
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n",
        c_header_enums(spec),
        rules,
        "#ifdef __cplusplus\n}\n#endif\n",
        "#endif\n",
    ])


# The tables are written without designators, gaps and all, so that they compile as C++ as well.
def c_rows(declaration, rows, count, gap):
    lines = [rows.get(number, f"    {gap}, // {number}: there is none\n")
             for number in range(count)]
    return f"{declaration} = {{\n" + "".join(lines) + "};\n"


def c_packet_rules(spec):
    rows = {}
    for row in spec.packets:
        values = ", ".join(f"0x{row[key]:X}" for key in ("flags", "flags_mask", "flags_mask_v31"))
        rows[row["type"]] = (f"    {{{values}, // {row['name']}\n"
                             f"        {SENT_BY[row['v3']]}, {SENT_BY[row['v5']]}}},\n")
    return c_rows("const struct ella_packet_rule ella_packet_rules[ELLA_PACKET_RULE_COUNT]", rows,
                  max(rows) + 1, "{0x0, 0x0, 0x0, 0, 0}")


def c_property_rules(spec):
    rows = {}
    for row in spec.properties:
        sets = [spec.mask(names) for names in (row["packets"], spec.packets_of(row, "client"),
                                               spec.packets_of(row, "server"),
                                               row["repeatable_in"])]
        repeatable = "true" if row["repeatable_in"] else "false"
        masks = ", ".join(f"0x{bits:04X}u" for bits in sets)
        rows[row["id"]] = (f"    {{ELLA_TYPE_{row['type']}, {repeatable}, "
                           f"// 0x{row['id']:02X} {row['name']}\n"
                           f"        {row['minimum']}u, {row['maximum']}u, {masks}}},\n")
    return c_rows("const struct ella_property_rule ella_property_rules[ELLA_PROPERTY_RULE_COUNT]",
                  rows, max(rows) + 1, "{ELLA_TYPE_NONE, false, 0u, 0u, 0u, 0u, 0u, 0u}")


def c_reason_packets(spec, name, sides):
    rows = {}
    for row in spec.reasons:
        bits = spec.mask([packet for side in sides for packet in row[side]])
        rows[row["value"]] = f"    0x{bits:04X}u, // 0x{row['value']:02X} {row['name']}\n"
    return c_rows(f"const uint16_t {name}[ELLA_REASON_COUNT]", rows, 256, "0u")


def c_text_function(signature, subject, cases, fallback):
    body = "".join(f"    case {case}:\n        return {result};\n" for case, result in cases)
    body += f"    default:\n        return {fallback};\n"
    return f"{signature}\n{{\n    switch ({subject}) {{\n{body}    }}\n}}\n"


def c_error_functions(spec):
    named = [(f"ELLA_ERROR_{row['name'].upper()}", row) for row in spec.errors]
    parts = [
        c_text_function("const char *ella_error_text(enum ella_error error)", "error",
                        [("ELLA_ERROR_NONE", '"no error"')] +
                        [(name, c_string(row["text"])) for name, row in named], '"unknown"'),
        c_text_function("uint8_t ella_error_reason(enum ella_error error)", "error",
                        [("ELLA_ERROR_NONE", "ELLA_REASON_SUCCESS")] +
                        [(name, f"ELLA_REASON_{row['reason'].upper()}") for name, row in named],
                        "ELLA_REASON_UNSPECIFIED_ERROR"),
    ]
    for version in ("v3", "v5"):
        parts.append(c_text_function(
            f"static const char *tables_statement_{version}(enum ella_error error)", "error",
            [(name, c_string(row[version])) for name, row in named if row[version]], '""'))
    parts.append("const char *ella_error_statement(enum ella_error error, uint8_t version)\n{\n"
                 "    return version == 5 ? tables_statement_v5(error) "
                 ": tables_statement_v3(error);\n}\n")
    return "\n".join(parts)


def source(spec):
    return "\n".join([
        c_heading("The tables of libella/tables.h and the words for their numbers."),
        "#include \"libella/tables.h\"\n",
        c_packet_rules(spec),
        c_property_rules(spec),
        c_reason_packets(spec, "ella_reason_packets", ("client", "server")),
        c_reason_packets(spec, "ella_reason_client_packets", ("client",)),
        c_reason_packets(spec, "ella_reason_server_packets", ("server",)),
        c_text_function("const char *ella_packet_name(uint32_t packet_type)", "packet_type",
                        [(f"ELLA_{row['name']}", c_string(row["name"])) for row in spec.packets],
                        '"unknown"'),
        c_text_function("const char *ella_property_name(uint32_t property_id)", "property_id",
                        [(f"ELLA_PROPERTY_{row['name']}", c_string(row["title"]))
                         for row in spec.properties], '"unknown"'),
        c_text_function("const char *ella_reason_name(uint32_t reason_code)", "reason_code",
                        [(f"ELLA_REASON_{row['name']}", c_string(row["title"]))
                         for row in spec.reasons], '"unknown"'),
        c_error_functions(spec),
    ])
