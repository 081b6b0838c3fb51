# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""The fuzz dictionary that follows from the tables of spec/, in the form of libFuzzer and AFL++.

It refuses to know which fuzz target reads it. Its tokens are what random bytes hit too rarely:
whole fixed headers, properties with values around their bounds, lengths at the edges, names.
"""

from spec_tables import HEADING

TOKEN_MAX_BYTES = 64  # libFuzzer keeps no longer ones
PROTOCOL_NAMES = (("mqtt_3_1", b"MQIsdp\x03"), ("mqtt_3_1_1", b"MQTT\x04"),
                  ("mqtt_5_0", b"MQTT\x05"))
BRIDGE_BIT = 0x80  # bridges of the Mosquitto family set it in the protocol level
TOPICS = ("/", "//", "+", "#", "/#", "/+", "+/+", "+/#", "a", "a/b", "a/+/c", "a/#", "a/b/#",
          "$SYS/", "$SYS/#", "$share/g/", "$share/g/#", "$share/g/a/+", "$share//a", "$share/+/a",
          "a#", "+a")
STRINGS = (("nul", b"\x00"), ("overlong_slash", b"\xc0\xaf"), ("surrogate", b"\xed\xa0\x80"),
           ("beyond_unicode", b"\xf4\x90\x80\x80"), ("last_code_point", b"\xf4\x8f\xbf\xbf"),
           ("byte_order_mark", b"\xef\xbb\xbf"), ("non_character", b"\xef\xbf\xbf"),
           ("control", b"\x1f"), ("cut_short", b"\xe2\x82"))
LENGTHS = (("zero", b"\x00"), ("one_byte", b"\x7f"), ("two_bytes_least", b"\x80\x01"),
           ("two_bytes", b"\xff\x7f"), ("three_bytes_least", b"\x80\x80\x01"),
           ("three_bytes", b"\xff\xff\x7f"), ("four_bytes_least", b"\x80\x80\x80\x01"),
           ("four_bytes", b"\xff\xff\xff\x7f"), ("five_bytes", b"\xff\xff\xff\xff\x01"),
           ("not_shortest", b"\x80\x00"))


def variable_byte_integer(value):
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def counted(data):
    return len(data).to_bytes(2, "big") + data


def integer(kind, value):
    if kind["name"] == "VARIABLE_BYTE_INTEGER":
        return variable_byte_integer(value)
    return value.to_bytes(kind["fixed"], "big")


def property_values(row, kind):
    """Encoded values worth trying: the bounds, and a step outside where the type allows it."""
    if kind["name"] == "UTF8_PAIR":
        return [counted(b"n") + counted(b"v"), counted(b"") + counted(b"")]
    if kind["name"] in ("UTF8_STRING", "BINARY"):
        return [counted(b""), counted(b"a/b" if row["name"] == "RESPONSE_TOPIC" else b"x")]
    edges = {row["minimum"] - 1, row["minimum"], row["minimum"] + 1, row["maximum"],
             row["maximum"] + 1}
    inside = sorted(edge for edge in edges if kind["minimum"] <= edge <= kind["maximum"])
    return [integer(kind, value) for value in inside]


def token(name, data):
    assert 0 < len(data) <= TOKEN_MAX_BYTES
    return name + '="' + "".join(f"\\x{byte:02x}" for byte in data) + '"\n'


def fixed_headers(spec):
    out = []
    for row in spec.packets:
        name = row["name"].lower()
        if row["flags_mask"]:
            first = row["type"] << 4 | row["flags"]
            out += [token(f"{name}_empty", bytes([first, 0])), token(name, bytes([first, 2]))]
            continue
        for flags in range(16):
            out.append(token(f"{name}_{flags:x}", bytes([row["type"] << 4 | flags])))
    return out


def properties(spec):
    types = {row["name"]: row for row in spec.types}
    out = []
    for row in spec.properties:
        for number, value in enumerate(property_values(row, types[row["type"]])):
            out.append(token(f"{row['name'].lower()}_{number}", bytes([row["id"]]) + value))
    return out


def reason_codes(spec):
    out = []
    for row in spec.reasons:
        name = row["name"].lower()
        out.append(token(f"reason_{name}", bytes([row["value"], 0])))
        sent_in = [packet for packet in ("PUBACK", "DISCONNECT") if packet in row["client"]]
        for packet in sent_in:
            first = spec.packet_types[packet] << 4
            packet_id = b"\x00\x01" if packet == "PUBACK" else b""
            body = packet_id + bytes([row["value"]])
            out.append(token(f"{packet.lower()}_{name}", bytes([first, len(body)]) + body))
    return out


def dictionary(spec):
    names = [token(name, counted(data[:-1]) + data[-1:]) for name, data in PROTOCOL_NAMES]
    names += [token(f"{name}_bridge", counted(data[:-1]) + bytes([data[-1] | BRIDGE_BIT]))
              for name, data in PROTOCOL_NAMES[:2]]
    topics = [token(f"topic_{number}", counted(text.encode()))
              for number, text in enumerate(TOPICS)]
    parts = [
        ("Protocol names and levels", names),
        ("First bytes and short fixed headers", fixed_headers(spec)),
        ("Lengths as Variable Byte Integers", [token(f"length_{n}", data) for n, data in LENGTHS]),
        ("Properties, with values at their bounds and one step outside", properties(spec)),
        ("Reason codes, alone and in packets", reason_codes(spec)),
        ("Topic names and filters, right and wrong", topics),
        ("Text at the edges of UTF-8", [token(f"utf8_{n}", data) for n, data in STRINGS]),
    ]
    head = "".join(f"# {line}\n" for line in HEADING)
    return head + "".join(f"\n# {title}\n" + "".join(tokens) for title, tokens in parts)
