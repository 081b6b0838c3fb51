#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""A broker for the tests of libella-conformance: it answers CONNECT, SUBSCRIBE, UNSUBSCRIBE and
PINGREQ, closes after DISCONNECT, and knows nothing else.

usage: fake_broker.py PORT [HABIT...]

Habits: mute (no PINGRESP), user (only ella with the password secret may connect), crash (ends when
it gets a PUBLISH), lingers (is gone from its port a while before it has ended), late (says so when
it is ready, not before).
"""
import os
import socket
import sys
import threading
import time


def read_exactly(link, count):
    data = b""
    while len(data) < count:
        some = link.recv(count - len(data))
        if not some:
            raise ConnectionError
        data += some
    return data


def read_packet(link):
    first = read_exactly(link, 1)[0]
    length, shift = 0, 0
    while True:
        byte = read_exactly(link, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first, read_exactly(link, length)


def string(body, at):
    end = at + 2 + int.from_bytes(body[at:at + 2], "big")
    return body[at + 2:end], end


def credentials(body, level):
    """The user name and password of a CONNECT without a Will; None for one that is missing."""
    flags, at = body[7], 10
    at += body[10] + 1 if level == 5 else 0
    _, at = string(body, at)
    name, at = string(body, at) if flags & 0x80 else (None, at)
    password, at = string(body, at) if flags & 0x40 else (None, at)
    return name, password


def granted(body, level):
    """One code for each filter of a SUBSCRIBE: the QoS it asks for."""
    at, codes = 3 if level == 5 else 2, b""
    while at < len(body):
        _, at = string(body, at)
        codes += bytes([body[at] & 3])
        at += 1
    return codes


def answer(first, body, level, habits):
    """What to send; None to close."""
    kind = first >> 4
    extra = b"\0" if level == 5 else b""
    if kind == 1:
        refused = "user" in habits and credentials(body, level) != (b"ella", b"secret")
        code = (0x87 if level == 5 else 5) if refused else 0
        return bytes([0x20, 2 + len(extra), 0, code]) + extra
    if kind == 3 and "crash" in habits:
        return None
    if kind == 8:
        codes = granted(body, level)
        return bytes([0x90, 2 + len(extra) + len(codes)]) + body[:2] + extra + codes
    if kind == 10:
        return bytes([0xB0, 2 + 2 * len(extra)]) + body[:2] + extra + extra
    if kind == 12:
        return b"" if "mute" in habits else b"\xd0\0"
    return None


def serve(link, listener, habits):
    level = 4
    try:
        while True:
            first, body = read_packet(link)
            level = body[6] if first >> 4 == 1 else level
            data = answer(first, body, level, habits)
            if data is None:
                break
            link.sendall(data)
        if first >> 4 == 3 and "crash" in habits:
            end(link, listener, habits)
    except OSError:
        pass
    link.close()


def end(link, listener, habits):
    if "lingers" in habits:
        listener.shutdown(socket.SHUT_RDWR)
        link.shutdown(socket.SHUT_RDWR)
        time.sleep(1)
    os._exit(3)


def main():
    if sys.argv[1] == "--version":
        print("\nfake broker 1.2.3")
        return
    habits = set(sys.argv[2:])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    if "late" in habits:
        time.sleep(0.3)
        print("now it is ready", flush=True)
    try:
        while True:
            link, _ = listener.accept()
            threading.Thread(target=serve, args=(link, listener, habits), daemon=True).start()
    except OSError:  # it is shut down
        threading.Event().wait()


if __name__ == "__main__":
    main()
