# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""What a broker and mosquitto_sub say to each other, and what follows from it.

libmosquitto 2.0 keeps a message of QoS 2 a second time when its PUBLISH is repeated after a
reconnect under the same identifier (section 4.3.3 says that the receiver knows it by that). PUBREL
then shows the first of the two; the other one is shown in the place of a later message with that
identifier, which is never shown. So what mosquitto_sub prints can't tell what the broker did. The
packets can: `received` counts what a client that keeps to the standard would have had from the
packets that mosquitto_sub has answered, `shown` what libmosquitto makes of them.
"""

import collections
import selectors
import socket
import struct
import threading

PUBLISH, PUBACK, PUBREC, PUBCOMP = 3, 4, 5, 7


class _Packets:
    """One direction of a connection, cut into packets."""

    def __init__(self, take):
        self.take, self.bytes = take, bytearray()

    def feed(self, data):
        self.bytes += data
        while len(self.bytes) >= 2:
            length, shift, at = 0, 0, 1
            while at < len(self.bytes):
                length |= (self.bytes[at] & 127) << shift
                shift, at = shift + 7, at + 1
                if self.bytes[at - 1] < 128:
                    break
            if self.bytes[at - 1] >= 128 or len(self.bytes) < at + length:
                return
            self.take(self.bytes[0], bytes(self.bytes[at:at + length]))
            del self.bytes[:at + length]


class Wiretap:
    """Listens at `port` for one client at a time; a thread of its own hands on what comes."""

    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received, self.shown = collections.Counter(), collections.Counter()
        self.repeated = 0
        self._held = set()      # identifiers between PUBREC and PUBCOMP
        self._kept = []         # the same as libmosquitto has it: (identifier, payload)
        self._under_way = {}    # identifier → payload, of this connection
        self._ends = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._ends = True
        self._thread.join()
        self.listener.close()

    def _serve(self):
        self.listener.settimeout(0.2)
        while not self._ends:
            try:
                client, _ = self.listener.accept()
            except TimeoutError:
                continue
            try:
                with client, socket.create_connection(("127.0.0.1", self.broker_port)) as broker:
                    self._connection(client, broker)
            except OSError:
                continue  # the broker is down, or one of them has gone

    def _connection(self, client, broker):
        self._under_way = {}
        ways = {broker: (client, _Packets(self._from_broker)),
                client: (broker, _Packets(self._from_client))}
        selector = selectors.DefaultSelector()
        for sock in ways:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(sock, selectors.EVENT_READ)
        with selector:
            while not self._ends:
                for key, _ in selector.select(0.2):
                    to, packets = ways[key.fileobj]
                    data = self._read(key.fileobj)
                    if not data and key.fileobj is client:
                        return
                    packets.feed(data)
                    if key.fileobj is broker and not data:
                        # What the client still has to say to it is heard to the end.
                        selector.unregister(broker)
                        client.shutdown(socket.SHUT_WR)
                    elif broker in selector.get_map() or to is client:
                        self._write(to, data)

    @staticmethod
    def _read(sock):
        try:
            return sock.recv(65536)
        except ConnectionResetError:
            return b""

    @staticmethod
    def _write(sock, data):
        try:
            sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # its end is read next

    def _from_broker(self, first_byte, body):
        if first_byte >> 4 != PUBLISH:
            return
        at = 2 + struct.unpack("!H", body[:2])[0]
        if first_byte & 6 == 0:
            self._got(body[at:].decode())
            return
        self._under_way[body[at:at + 2]] = body[at + 2:].decode()

    def _from_client(self, first_byte, body):
        kind, packet_id = first_byte >> 4, body[:2]
        if kind == PUBACK and packet_id in self._under_way:
            self._got(self._under_way.pop(packet_id))
        elif kind == PUBREC and packet_id in self._under_way:
            payload = self._under_way.pop(packet_id)
            self.repeated += packet_id in self._held
            if packet_id not in self._held:
                self.received[payload] += 1
            self._held.add(packet_id)
            self._kept.append((packet_id, payload))
        elif kind == PUBCOMP:
            self._held.discard(packet_id)
            found = next((one for one in self._kept if one[0] == packet_id), None)
            if found is not None:
                self._kept.remove(found)
                self.shown[found[1]] += 1

    def _got(self, payload):
        self.received[payload] += 1
        self.shown[payload] += 1
