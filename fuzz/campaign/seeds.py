#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Seeds beside the committed corpora: the golden packets and the bytes in conformance cases, as
each harness wants its input."""
import hashlib
import re

import harnesses

PACKET = re.compile(r"^```packet version=(\S+) from=(\S+).*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOKEN = re.compile(r"'([^']*)'|([0-9a-fA-F]{2})")
VERSIONS = {"3.1": 1, "3.1.1": 2, "5.0": 3}
SENDERS = {"client": 0, "server": 4}


def without_comment(line):
    return re.sub(r"('[^']*')|#.*", lambda found: found.group(1) or "", line)


def golden_packets():
    """(choice of version and sender, bytes) of every golden packet."""
    for path in sorted((harnesses.ROOT / "codec/testdata").glob("*.md")):
        for version, sender, text in PACKET.findall(path.read_text(encoding="utf-8")):
            content = b"".join(
                quoted.encode() if quoted else bytes.fromhex(pair)
                for line in text.splitlines()
                for quoted, pair in TOKEN.findall(without_comment(line)))
            yield VERSIONS.get(version, 0) | SENDERS[sender], content


def inputs(harness):
    for choice, packet in golden_packets():
        if harness.name == "decode_fuzz":
            yield bytes([choice, 128]) + packet
        elif harness.name in ("roundtrip_fuzz", "differential_fuzz"):
            yield bytes([choice]) + packet


def write(harness, folder):
    """Returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for content in inputs(harness):
        name = hashlib.sha256(content).hexdigest()[:16]
        (folder / name).write_bytes(content)
        count += 1
    return count
