#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""A small MQTT 3.1.1 broker (QoS 0 and 1, exact topics and a last #) with a planted fault, so
that it is known what a load generator must see.

usage: faulty_broker.py FAULT EVERY

FAULT: none, lose, repeat, reorder (a message waits for its successor), spoil (a byte of the
stamp), misroute (to another subscriber), silent (no PUBACK). EVERY: at every so many-th delivery.
Prints its port, and at the end of its input, how often it did it.
"""
import selectors
import socket
import sys


def packet(first, body):
    length = len(body)
    head = bytes([first])
    while True:
        head += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if length == 0:
            return head + body


class Client:
    def __init__(self, sock):
        self.sock, self.bytes, self.filters, self.next_id, self.held = sock, b"", [], 0, None

    def packets(self):
        while len(self.bytes) >= 2:
            length, at, shift = 0, 1, 0
            while at < len(self.bytes):
                length |= (self.bytes[at] & 0x7F) << shift
                shift += 7
                at += 1
                if self.bytes[at - 1] < 0x80:
                    break
            else:
                return
            if len(self.bytes) < at + length:
                return
            first, body = self.bytes[0], self.bytes[at:at + length]
            self.bytes = self.bytes[at + length:]
            yield first, body


class Broker:
    def __init__(self, fault, every):
        self.fault, self.every = fault, every
        self.deliveries = self.faults = 0
        self.clients = {}

    def handle(self, client, first, body):
        kind = first >> 4
        if kind == 1:
            client.sock.sendall(b"\x20\x02\x00\x00")
        elif kind == 8:
            length = int.from_bytes(body[2:4], "big")
            client.filters.append((body[4:4 + length].decode(), body[4 + length]))
            client.sock.sendall(b"\x90\x03" + body[:2] + body[4 + length:5 + length])
        elif kind == 3:
            self.publish(client, first >> 1 & 3, body)

    def publish(self, sender, qos, body):
        length = int.from_bytes(body[:2], "big")
        topic, rest = body[2:2 + length].decode(), body[2 + length:]
        if qos:
            if self.fault == "silent" and self.due():
                return
            sender.sock.sendall(b"\x40\x02" + rest[:2])
            rest = rest[2:]
        for client in list(self.clients.values()):
            for name, granted in client.filters:
                if name == topic or name.endswith("#") and topic.startswith(name[:-1]):
                    self.deliver(client, body[:2 + length], rest, min(qos, granted))

    def due(self):
        self.deliveries += 1
        if self.deliveries % self.every == 0:
            self.faults += 1
            return True
        return False

    def deliver(self, client, topic, payload, qos):
        fault = self.fault if self.fault not in ("none", "silent") and self.due() else ""
        if fault == "lose":
            return
        if fault == "spoil":
            payload = payload[:3] + bytes([payload[3] ^ 0x55]) + payload[4:]
        if fault == "misroute":
            others = [each for each in self.clients.values() if each.filters and each != client]
            client = others[0]
        if fault == "reorder" and client.held is None:
            client.held = (topic, payload, qos)
            return
        self.send(client, topic, payload, qos)
        if fault == "repeat":
            self.send(client, topic, payload, qos)
        if client.held is not None:
            held, client.held = client.held, None
            self.send(client, *held)

    @staticmethod
    def send(client, topic, payload, qos):
        if qos:
            client.next_id = client.next_id % 65535 + 1
            topic += client.next_id.to_bytes(2, "big")
        client.sock.sendall(packet(0x30 | qos << 1, topic + payload))


def main():
    broker = Broker(sys.argv[1], int(sys.argv[2]))
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(listener.getsockname()[1], flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                print(broker.faults, flush=True)
                return
            if key.fileobj is listener:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                broker.clients[sock] = Client(sock)
                selector.register(sock, selectors.EVENT_READ)
                continue
            client = broker.clients[key.fileobj]
            try:
                received = client.sock.recv(65536)
            except ConnectionError:
                received = b""
            if not received:
                selector.unregister(client.sock)
                del broker.clients[client.sock]
                continue
            client.bytes += received
            for first, body in client.packets():
                broker.handle(client, first, body)


if __name__ == "__main__":
    main()
