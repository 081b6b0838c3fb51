#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Faults known from other brokers (known_faults.toml) as inputs of packets_fuzz."""
import re
import tomllib

import harnesses

TOKEN = re.compile(r"'([^']*)'(?:\*(\d+))?|((?:[0-9a-f]{2})+)|(\S+)")
KINDS = {">": 0, "close": 1, "wait": 2, "read": 3, "deaf": 4}  # enum class script_kind
FLAGS = 0


def content_of(text):
    """Bytes of pairs of digits and quoted text."""
    out = b""
    for quoted, times, digits, wrong in TOKEN.findall(text):
        if wrong:
            raise ValueError(f"not bytes: {wrong}")
        out += bytes.fromhex(digits) if digits else quoted.encode() * int(times or 1)
    return out


def event_of(text):
    first, _, rest = text.partition(" ")
    if first == "wait":
        return bytes([KINDS["wait"] * 16]) + int(rest).to_bytes(3, "big")
    word, _, packet = rest.partition(" ")
    head = bytes([KINDS[word] * 16 + int(first)])
    if word != ">":
        return head
    content = content_of(packet)
    return head + len(content).to_bytes(2, "big") + content


def load():
    text = (harnesses.ROOT / "fuzz/known_faults.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["fault"]


def inputs():
    """file name -> bytes"""
    return {f"known-{fault['name']}": bytes([FLAGS]) + b"".join(map(event_of, fault["events"]))
            for fault in load()}


def write(folder):
    for stale in folder.glob("known-*"):
        stale.unlink()
    for name, content in inputs().items():
        (folder / name).write_bytes(content)
    return len(inputs())
