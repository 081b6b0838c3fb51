# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""MQTT 3.1.1 clients for the torture: a publisher and a subscriber that keep their sessions, send
again what was not acknowledged, and count what they were told. Many of them share one selector.
"""

import collections
import errno
import selectors
import socket
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, PINGREQ = 8, 9, 12
RETRY_S = 0.02


def _packet(first_byte, body):
    length, head = len(body), bytearray([first_byte])
    while True:
        head.append(length % 128 | (128 if length > 127 else 0))
        length //= 128
        if length == 0:
            return bytes(head) + body


def _text(string):
    data = string.encode()
    return struct.pack("!H", len(data)) + data


class Client:
    """One session. clean: whether it is to last."""

    def __init__(self, world, name, clean=False):
        self.world, self.name, self.clean = world, name, clean
        self.sock, self.is_connected, self.had_session = None, False, False
        self.unread, self.unsent = bytearray(), bytearray()
        self.retry_at = 0.0
        self.sessions_lost = 0
        self.is_wanted = True

    # ---- Connections

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.sock.connect_ex(("127.0.0.1", self.world.port)) not in (0, errno.EINPROGRESS):
            self.lose()
            return
        self.unread, self.unsent = bytearray(), bytearray()
        flags = 2 if self.clean else 0
        self.send(CONNECT << 4, _text("MQTT") + bytes([4, flags, 0, 60]) + _text(self.name))
        self.world.selector.register(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def lose(self):
        if self.sock is not None:
            try:
                self.world.selector.unregister(self.sock)
            except KeyError:
                pass
            self.sock.close()
        self.sock, self.is_connected = None, False
        self.retry_at = time.monotonic() + RETRY_S

    def leave(self):
        self.is_wanted = False
        if self.sock is not None:
            self.send(14 << 4, b"")
            try:
                self.sock.send(self.unsent)
            except OSError:
                pass
        self.lose()

    def send(self, first_byte, body):
        self.unsent += _packet(first_byte, body)

    def send_id(self, kind, packet_id):
        self.send(kind << 4 | (2 if kind == PUBREL else 0), struct.pack("!H", packet_id))

    def ready(self, mask):
        try:
            if mask & selectors.EVENT_READ:
                data = self.sock.recv(1 << 16)
                if not data:
                    self.lose()
                    return
                self.unread += data
                self.take_all()
            if self.sock is not None and self.unsent and mask & selectors.EVENT_WRITE:
                del self.unsent[:self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self.lose()

    def turn(self, now):
        """Once in each round of the world."""
        if self.sock is None:
            if self.is_wanted and now >= self.retry_at:
                self.open()
            return
        if self.is_connected:
            self.work()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)
        if self.sock is not None and self.world.selector.get_key(self.sock).events != events:
            if self.is_connected or self.unsent:
                self.world.selector.modify(self.sock, events, self)

    def work(self):
        """What a connected client does by itself."""

    # ---- Packets

    def take_all(self):
        at = 0
        while True:
            length, shift, head = 0, 0, at + 1
            while head < len(self.unread) and shift < 28:
                byte = self.unread[head]
                length |= (byte & 127) << shift
                head, shift = head + 1, shift + 7
                if byte < 128:
                    break
            else:
                break
            if head + length > len(self.unread):
                break
            self.take(self.unread[at], bytes(self.unread[head:head + length]))
            at = head + length
            if self.sock is None:
                return
        del self.unread[:at]

    def take(self, first_byte, body):
        kind = first_byte >> 4
        if kind == CONNACK:
            if body[1] != 0:
                self.lose()
                return
            if self.had_session and not body[0] & 1 and not self.clean:
                self.sessions_lost += 1
            self.is_connected, self.had_session = True, True
            self.resume(bool(body[0] & 1))
        elif kind == PUBLISH:
            self.take_publish(first_byte, body)
        elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
            self.take_id(kind, struct.unpack("!H", body[:2])[0])
        elif kind == SUBACK:
            self.subscribed()

    def resume(self, session_present):
        """The connection is accepted."""

    def take_publish(self, first_byte, body):
        """A message has come."""

    def take_id(self, kind, packet_id):
        """One of the four acknowledgements has come."""

    def subscribed(self):
        """SUBACK has come."""


class Publisher(Client):
    """Publishes QoS 1 and 2 in turn, a window of them at a time."""

    def __init__(self, world, name, window):
        super().__init__(world, name)
        self.window, self.number = window, 0
        self.next_id = 1
        self.outgoing = collections.OrderedDict()  # packet identifier → what was sent
        self.acknowledged = []  # payloads
        self.retained = 0  # the last retained one acknowledged
        self.publishes = False
        self.latencies = []

    def work(self):
        while self.publishes and len(self.outgoing) < self.window and len(self.unsent) < 1 << 16:
            self.number += 1
            qos = 1 + self.number % 2
            retain = self.number % 10 == 0
            payload = f"{self.name} {self.number} q{qos}"
            topic = f"r/{self.name}" if retain else f"t/{self.name}"
            while self.next_id in self.outgoing:
                self.next_id = self.next_id % 65535 + 1
            packet_id = self.next_id
            self.next_id = self.next_id % 65535 + 1
            self.outgoing[packet_id] = [qos, retain, topic, payload, False, time.monotonic()]
            self.send_publish(packet_id, False)

    def send_publish(self, packet_id, dup):
        qos, retain, topic, payload = self.outgoing[packet_id][:4]
        first_byte = PUBLISH << 4 | (8 if dup else 0) | qos << 1 | (1 if retain else 0)
        self.send(first_byte, _text(topic) + struct.pack("!H", packet_id) + payload.encode())

    def resume(self, session_present):
        """A lost session forgets what was not acknowledged: the client may not repeat it."""
        if not session_present:
            self.outgoing.clear()
        for packet_id, one in self.outgoing.items():
            if one[4]:
                self.send_id(PUBREL, packet_id)
            else:
                self.send_publish(packet_id, True)

    def take_id(self, kind, packet_id):
        one = self.outgoing.get(packet_id)
        if one is None:
            return
        if kind in (PUBACK, PUBREC) and not one[4]:
            self.acknowledged.append(one[3])
            self.latencies.append(time.monotonic() - one[5])
            if one[1]:
                self.retained = int(one[3].split()[1])
        if kind == PUBREC:
            one[4] = True
            self.send_id(PUBREL, packet_id)
        elif kind in (PUBACK, PUBCOMP):
            del self.outgoing[packet_id]


class Subscriber(Client):
    """Subscribes at QoS 2 and counts what is new to it."""

    def __init__(self, world, name, filters, clean=False):
        super().__init__(world, name, clean)
        self.filters = filters
        self.is_subscribed = False
        self.inbound = set()  # QoS 2: identifiers not released
        self.received = collections.Counter()
        self.last_at = time.monotonic()

    def resume(self, session_present):
        if not session_present:
            self.inbound.clear()
            self.is_subscribed = False
        if not self.is_subscribed:
            body = struct.pack("!H", 1)
            for topic_filter in self.filters:
                body += _text(topic_filter) + b"\x02"
            self.send(SUBSCRIBE << 4 | 2, body)

    def subscribed(self):
        self.is_subscribed = True

    def take_publish(self, first_byte, body):
        qos = first_byte >> 1 & 3
        topic_len = struct.unpack("!H", body[:2])[0]
        at = 2 + topic_len
        packet_id = 0
        if qos > 0:
            packet_id = struct.unpack("!H", body[at:at + 2])[0]
            at += 2
        if qos < 2 or packet_id not in self.inbound:
            self.received[body[at:].decode()] += 1
        self.last_at = time.monotonic()
        if qos == 1:
            self.send_id(PUBACK, packet_id)
        elif qos == 2:
            self.inbound.add(packet_id)
            self.send_id(PUBREC, packet_id)

    def take_id(self, kind, packet_id):
        if kind == PUBREL:
            self.inbound.discard(packet_id)
            self.send_id(PUBCOMP, packet_id)


class World:
    """All clients of one run."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.clients = []

    def run(self, seconds, until=None):
        """Until the time is over or until() holds; returns whether it held."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            for client in self.clients:
                client.turn(now)
            for key, mask in self.selector.select(0.005):
                if key.data.sock is not None:
                    key.data.ready(mask)
            if until is not None and until():
                return True
            if time.monotonic() >= end:
                return False
