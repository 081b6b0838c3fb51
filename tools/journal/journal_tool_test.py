#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""libella-journal as people use it: files of Mosquitto's are imported and served by the broker,
journals are printed, found damaged, and repaired.

usage: journal_tool_test.py LIBELLA-JOURNAL LIBELLAD MOSQUITTO-DB OLD-JOURNAL

MOSQUITTO-DB was written by Mosquitto 2.0.11 (version 6); files of version 5, and malformed ones,
are written here. OLD-JOURNAL is what a libellad left that wrote version 1 and was killed.
"""
import os
import pathlib
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TOOL, BROKER, REAL_DB, OLD_JOURNAL = (os.path.realpath(path) for path in sys.argv[1:5])
MAGIC = b"\x00\xb5\x00mosquitto db"
NEVER = 0xFFFFFFFF


# ---- Mosquitto's format ----


def chunk(kind, body):
    return struct.pack(">II", kind, len(body)) + body


class Database:
    """A file of Mosquitto's, version 5 or 6."""

    def __init__(self, version):
        self.version = version
        config = struct.pack("<QBB6x", 99, 1, 8)
        self.bytes = MAGIC + struct.pack(">II", 0, version) + chunk(1, config)

    def client(self, name, expiry=NEVER, user=b""):
        body = struct.pack("<q", 0) + struct.pack(">IHH", expiry, 5, len(name))
        if self.version == 6:
            body += struct.pack(">HH4x", 1883, len(user))
        self.bytes += chunk(6, body + name + (user if self.version == 6 else b""))

    def message(self, number, topic, payload, qos, retain=0, properties=b"", expires=0):
        body = struct.pack("<Qq", number, expires)
        body += struct.pack(">IHHHHHBB", len(payload), 1, 3, 0, len(topic), 1883, qos, retain)
        self.bytes += chunk(2, body + b"pub" + topic + payload + properties)

    def queued(self, name, number, qos, state=11, packet_id=0, incoming=False, properties=b""):
        body = struct.pack("<Q", number)
        body += struct.pack(">HHBBBB", packet_id, len(name), qos, state, 0, 0 if incoming else 1)
        self.bytes += chunk(3, body + name + properties)

    def retained(self, number):
        self.bytes += chunk(4, struct.pack("<Q", number))

    def subscription(self, name, topic, qos, identifier=0, options=0):
        body = struct.pack(">IHHBB2x", identifier, len(name), len(topic), qos, options)
        self.bytes += chunk(5, body + name + topic)


# ---- MQTT ----


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(kind, body):
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


class Client:
    def __init__(self, port, name, version=4, keeps_session=True):
        self.version = version
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.buffer = b""
        properties = b""
        if version == 5:
            properties = b"\x05\x11\xff\xff\xff\xff" if keeps_session else b"\0"
        body = text(b"MQTT") + bytes([version, 0, 0, 0]) + properties + text(name)
        self.socket.sendall(packet(0x10, body))
        kind, answer = self.read()
        assert kind == 0x20 and answer[1] == 0, answer
        self.session_present = answer[0] == 1

    def read(self):
        while True:
            if len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
                end = 2 + self.buffer[1]
                found, self.buffer = self.buffer[:end], self.buffer[end:]
                return found[0], found[2:]
            got = self.socket.recv(4096)
            assert got, "the broker closed the connection"
            self.buffer += got

    def read_publish(self):
        """(dup, qos, retain, topic, packet id, properties and payload), acknowledged."""
        kind, body = self.read()
        assert kind >> 4 == 3, (kind, body)
        qos = kind >> 1 & 3
        end = 2 + struct.unpack(">H", body[:2])[0]
        packet_id = struct.unpack(">H", body[end : end + 2])[0] if qos else 0
        rest = body[end + 2 :] if qos else body[end:]
        if qos == 1:
            self.socket.sendall(packet(0x40, struct.pack(">H", packet_id)))
        return (bool(kind & 8), qos, kind & 1, body[2:end], packet_id, rest)

    def settle(self):
        """What was sent before is on disk when SUBACK comes."""
        properties = b"\0" if self.version == 5 else b""
        body = struct.pack(">H", 99) + properties + text(b"settled") + b"\0"
        self.socket.sendall(packet(0x82, body))
        assert self.read()[0] == 0x90

    def close(self):
        self.socket.close()


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.journal = self.folder / "journal"
        self.broker = None

    def tearDown(self):
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()
        self.scratch.cleanup()

    def run_tool(self, *arguments, status=0):
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def import_database(self, database, status=0, extra=()):
        path = self.folder / "mosquitto.db"
        path.write_bytes(database)
        return self.run_tool(*extra, "import", path, self.journal, status=status)

    def start_broker(self, more=""):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = self.folder / "conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\nuser root\n"
            f"persistence_location {self.folder}\n{more}"
        )
        with open(self.folder / "log", "a") as log:
            self.broker = subprocess.Popen([BROKER, "-c", config], stdout=log, stderr=log)
        for _ in range(200):
            if self.answers(port):
                return port
            time.sleep(0.05)
        raise AssertionError(self.log())

    def answers(self, port):
        """It listens before it has read its journal, and answers after that."""
        if self.broker.poll() is not None:
            raise AssertionError(self.log())
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as probe:
                probe.sendall(packet(0x10, text(b"MQTT") + b"\4\2\0\0" + text(b"probe")))
                return probe.recv(4) == b"\x20\2\0\0"
        except OSError:
            return False

    def log(self):
        return (self.folder / "log").read_text()

    def kill_broker(self):
        self.broker.kill()
        self.broker.wait()
        self.broker = None


def some_state(version):
    db = Database(version)
    db.message(1, b"a/b", b"one", 2)
    db.message(2, b"a/b", b"two", 1, properties=b"\x07&\x00\x01k\x00\x01v")
    db.message(3, b"kept", b"retained", 1, retain=1)
    db.message(4, b"$SYS/broker/uptime", b"5 seconds", 2, retain=1)
    db.message(5, b"a/b", b"gone", 1, expires=1000)
    db.message(6, b"a/b", b"half", 2)
    db.message(7, b"a/b", b"zero", 0)
    db.client(b"x", user=b"alice")
    db.queued(b"x", 1, 2, state=9, packet_id=5)
    db.queued(b"x", 1, 2, state=5, packet_id=6)
    db.queued(b"x", 2, 1, state=3, packet_id=7, properties=b"\x02\x0b\x21")
    db.queued(b"x", 2, 1)
    db.queued(b"x", 5, 1)
    db.queued(b"x", 7, 0)
    db.client(b"y")
    db.queued(b"y", 6, 2, state=7, packet_id=9, incoming=True)
    db.client(b"brief", expiry=0)
    db.subscription(b"x", b"a/+", 2, identifier=33)
    db.subscription(b"x", b"a/#", 1)
    db.subscription(b"nobody", b"a/#", 1)
    db.retained(3)
    db.retained(4)
    return db.bytes


class Import(ToolTest):
    def check_served(self):
        port = self.start_broker()
        client = Client(port, b"x")
        self.assertTrue(client.session_present)
        self.assertEqual(client.read(), (0x62, struct.pack(">H", 5)))
        self.assertEqual(client.read_publish(), (True, 2, 0, b"a/b", 6, b"one"))
        self.assertEqual(client.read_publish(), (True, 1, 0, b"a/b", 7, b"two"))
        self.assertEqual(client.read_publish()[1:4] + (b"two",), (1, 0, b"a/b", b"two"))
        self.assertEqual(client.read_publish()[5], b"half")
        # The subscription is there too, and the half of y is known.
        other = Client(port, b"y")
        self.assertTrue(other.session_present)
        other.socket.sendall(packet(0x3C, text(b"a/b") + struct.pack(">H", 9) + b"half"))
        self.assertEqual(other.read(), (0x50, struct.pack(">H", 9)))
        other.socket.sendall(packet(0x62, struct.pack(">H", 9)))
        self.assertEqual(other.read(), (0x70, struct.pack(">H", 9)))
        other.socket.sendall(packet(0x32, text(b"a/b") + struct.pack(">H", 1) + b"new"))
        self.assertEqual(client.read_publish()[5], b"new")
        other.socket.sendall(packet(0x82, struct.pack(">H", 2) + text(b"#") + b"\0"))
        while True:
            kind, body = other.read()
            if kind >> 4 == 3:
                break
        self.assertEqual((kind & 1, body), (1, text(b"kept") + b"retained"))
        client.close()
        other.close()

    def test_version_6(self):
        said = self.import_database(some_state(6))
        self.assertIn("imported 2 sessions, 2 subscriptions, 5 messages: 1 retained", said)
        dump = self.run_tool("dump", self.journal)
        self.assertIn('client="x" expiry=4294967295 user="alice"', dump)
        self.check_served()

    def test_version_5(self):
        self.import_database(some_state(5))
        self.check_served()

    def test_a_file_that_mosquitto_wrote(self):
        with open(REAL_DB, "rb") as file:
            said = self.import_database(file.read())
        self.assertIn("imported 3 sessions, 2 subscriptions, 9 messages", said)
        self.assertIn("2 retained, 14 in queues, 1 under way from clients", said)
        port = self.start_broker()
        client = Client(port, b"v5-sub", 5)
        self.assertTrue(client.session_present)
        got = [client.read_publish() for _ in range(7)]
        payloads = [b"qos2-0", b"qos2-1", b"qos2-2", b"qos1-0", b"qos1-1", b"qos1-2", b"half way"]
        self.assertEqual([row[5] for row in got], [b"\x02\x0b\x4d" + p for p in payloads])
        self.assertEqual([row[4] for row in got[:3]], [1, 2, 3])
        client.close()

    def test_encrypted(self):
        keys = self.folder / "keys"
        keys.touch(0o600)
        keys.write_text("ab" * 32 + "\n")
        self.import_database(some_state(6), extra=("-k", keys))
        self.assertIn("with none of the keys", self.run_tool("verify", self.journal, status=1))
        self.run_tool("-k", keys, "verify", self.journal)
        data = b"".join(p.read_bytes() for p in self.journal.iterdir())
        self.assertNotIn(b"retained", data)
        port = self.start_broker(f"persistence_key_file {keys}\n")
        client = Client(port, b"x")
        self.assertTrue(client.session_present)
        client.close()

    def test_what_it_refuses(self):
        self.assertIn("no file of Mosquitto's", self.import_database(b"hello", status=1))
        self.assertIn("no file of Mosquitto's", self.import_database(b"", status=1))
        self.assertIn("older than 5", self.import_database(Database(4).bytes, status=1))
        self.assertIn("later than 6", self.import_database(Database(7).bytes, status=1))
        self.assertFalse(self.journal.exists())
        self.import_database(some_state(6))
        self.assertIn("holds a journal already", self.import_database(some_state(6), status=1))

    def test_every_length_of_a_cut_file(self):
        whole = some_state(6)
        for end in range(23, len(whole), 7):
            self.journal = self.folder / str(end)
            path = self.folder / "cut.db"
            path.write_bytes(whole[:end])
            done = subprocess.run(
                [TOOL, "import", path, self.journal], capture_output=True, text=True
            )
            self.assertIn(done.returncode, (0, 1), done.stderr)
            if done.returncode == 1:
                self.assertIn("cut or malformed at byte", done.stderr)


class OldVersion(ToolTest):
    """Two sessions had a/#: "away" got nothing yet, "here" the first two of three messages."""

    def setUp(self):
        super().setUp()
        self.journal.mkdir(0o700)
        (self.journal / "0000000001.journal").write_bytes(pathlib.Path(OLD_JOURNAL).read_bytes())
        (self.journal / "0000000001.journal").chmod(0o600)

    def check_served(self):
        port = self.start_broker()
        here = Client(port, b"here", 5)
        self.assertTrue(here.session_present)
        self.assertEqual(here.read_publish(), (False, 1, 0, b"a/3", 3, b"\0third, retained"))
        away = Client(port, b"away", 5)
        self.assertTrue(away.session_present)
        self.assertEqual(away.read_publish(), (False, 1, 0, b"a/1", 1, b"\0first, at least once"))
        self.assertEqual(away.read_publish(), (False, 2, 0, b"a/2", 2, b"\0second, exactly once"))
        self.assertEqual(away.read_publish(), (False, 1, 0, b"a/3", 3, b"\0third, retained"))
        for client in (here, away):
            client.settle()
            client.close()

    def test_is_printed(self):
        dump = self.run_tool("dump", self.journal)
        self.assertIn("1788 bytes, version 1, the first file, plain", dump)
        self.assertIn("done number=2 session=2 packet_id=1\n", dump)
        self.assertIn("24 records, 0 bad bytes: all is well", dump)

    def test_is_served_and_goes_on(self):
        self.check_served()
        self.kill_broker()
        dump = self.run_tool("dump", self.journal)
        self.assertIn(", version 1, the first file", dump)
        self.assertIn(", version 2, continues the file before", dump)
        port = self.start_broker()
        away = Client(port, b"away", 5)
        self.assertEqual(away.read_publish(), (True, 2, 0, b"a/2", 2, b"\0second, exactly once"))
        away.close()

    def test_is_repaired(self):
        self.run_tool("repair", self.journal)
        self.assertIn("version 2, the first file", self.run_tool("dump", self.journal))
        self.check_served()


class Look(ToolTest):
    def a_journal(self):
        self.import_database(some_state(6))
        return self.journal / "0000000001.journal"

    def test_a_good_one(self):
        self.a_journal()
        self.assertIn("all is well", self.run_tool("verify", self.journal))
        dump = self.run_tool("dump", self.journal)
        self.assertIn('message time=- number=1 topic="a/b" qos=2 retain=0 bytes=3', dump)
        self.assertIn('subscription session=1 filter="a/+" qos=2', dump)
        self.assertNotIn("topic=", self.run_tool("-q", "dump", self.journal))

    def test_damage_is_found_and_repaired(self):
        path = self.a_journal()
        data = bytearray(path.read_bytes())
        at = data.index(b"a/b") + 1
        data[at] ^= 1
        path.write_bytes(data)
        self.assertIn("are damaged", self.run_tool("verify", self.journal, status=1))
        self.assertIn("the folder as it was", self.run_tool("repair", self.journal))
        self.assertIn("all is well", self.run_tool("verify", self.journal))
        self.assertTrue((self.folder / "journal.before-repair").exists())
        port = self.start_broker()
        client = Client(port, b"x")
        self.assertTrue(client.session_present)
        client.close()

    def test_missing_files_are_told(self):
        path = self.a_journal()
        path.rename(self.journal / "0000000003.journal")
        self.assertIn("no readable header", self.run_tool("repair", self.journal, status=0))

    def test_command_line(self):
        self.assertIn("usage:", self.run_tool("--help"))
        self.assertIn("version", self.run_tool("--version"))
        for wrong in ([], ["eat", "x"], ["dump"], ["import", "x"], ["--eat"]):
            self.assertIn("try --help", self.run_tool(*wrong, status=2))
        self.assertIn("No such file", self.run_tool("dump", "/nonexistent", status=1))
        self.assertIn("No such file", self.run_tool("repair", "/nonexistent", status=1))


class Kill(ToolTest):
    """The broker itself, killed with what it has promised."""

    def test_what_was_acknowledged_is_there(self):
        for sync in ("always", "never", "interval 50"):
            with self.subTest(sync=sync):
                self.tearDown()
                self.setUp()
                self.kill_and_look(f"persistence_sync {sync}\nmax_queued_messages 0\n")

    def kill_and_look(self, more):
        port = self.start_broker(more)
        sub = Client(port, b"sub")
        sub.socket.sendall(packet(0x82, struct.pack(">H", 1) + text(b"t") + b"\x02"))
        sub.read()
        sub.close()
        pub = Client(port, b"pub")
        for i in range(1, 301):
            pub.socket.sendall(packet(0x32, text(b"t") + struct.pack(">HI", i, i)))
        acknowledged = 0
        while acknowledged < 150:
            self.assertEqual(pub.read()[0], 0x40)
            acknowledged += 1
        self.kill_broker()
        pub.close()
        port = self.start_broker(more)
        sub = Client(port, b"sub")
        self.assertTrue(sub.session_present)
        got = [struct.unpack(">I", sub.read_publish()[5])[0] for _ in range(acknowledged)]
        self.assertEqual(got, list(range(1, acknowledged + 1)))
        sub.close()

    def test_a_full_disk_costs_acknowledgements_and_nothing_else(self):
        """A limit on the size of files stands for a full disk: it comes and goes without root."""
        port = self.start_broker("max_queued_messages 0\n")
        sub = Client(port, b"sub")
        sub.socket.sendall(packet(0x82, struct.pack(">H", 1) + text(b"t") + b"\x01"))
        sub.read()
        sub.close()
        live = Client(port, b"live")
        live.socket.sendall(packet(0x82, struct.pack(">H", 1) + text(b"zero") + b"\0"))
        live.read()
        pub = Client(port, b"pub", 5)
        limits = resource.prlimit(self.broker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.broker.pid, resource.RLIMIT_FSIZE, (40000, limits[1]))

        def publish(client, number):
            body = text(b"t") + struct.pack(">HBI", number, 0, number)
            client.socket.sendall(packet(0x32, body))

        def reason(client):
            kind, answer = client.read()
            self.assertEqual(kind, 0x40)
            return answer[2] if len(answer) > 2 else 0

        # One is under way when the disk is full, and its answer has to wait.
        number = 1
        pub.socket.settimeout(2)
        with self.assertRaises(TimeoutError):
            while number < 3000:
                publish(pub, number)
                self.assertEqual(reason(pub), 0)
                number += 1
        self.assertIn("no space left on the disk", self.log())
        # Others are refused.
        other = Client(port, b"other", 5, keeps_session=False)
        publish(other, 1)
        self.assertEqual(reason(other), 0x97)
        pub.socket.sendall(packet(0x30, text(b"zero") + b"\0flows"))
        self.assertEqual(live.read_publish()[5], b"flows")
        resource.prlimit(self.broker.pid, resource.RLIMIT_FSIZE, limits)
        pub.socket.settimeout(60)
        self.assertEqual(reason(pub), 0, self.log())
        publish(pub, number + 1)
        self.assertEqual(reason(pub), 0)
        self.assertIn("can be written again", self.log())
        self.kill_broker()
        port = self.start_broker("max_queued_messages 0\n")
        sub = Client(port, b"sub")
        got = [struct.unpack(">I", sub.read_publish()[5])[0] for _ in range(number + 1)]
        self.assertEqual(got, list(range(1, number + 2)))
        for client in (pub, other, live, sub):
            client.close()

    def test_two_brokers_do_not_share_a_folder(self):
        self.start_broker()
        first, self.broker = self.broker, None
        with self.assertRaises(AssertionError):
            try:
                self.start_broker()
            finally:
                first.kill()
                first.wait()
        self.assertIn("another broker uses this folder", self.log())

    def test_a_wrong_key_ends_the_start(self):
        keys = self.folder / "keys"
        keys.touch(0o600)
        keys.write_text("ab" * 32)
        self.start_broker(f"persistence_key_file {keys}\n")
        self.kill_broker()
        keys.write_text("cd" * 32)
        with self.assertRaises(AssertionError):
            self.start_broker(f"persistence_key_file {keys}\n")
        self.assertIn("encrypted with none of the keys", self.log())

    def test_files_are_for_nobody_else(self):
        self.start_broker()
        self.assertEqual(self.journal.stat().st_mode & 0o777, 0o700)
        for path in self.journal.iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.kill_broker()
        self.journal.chmod(0o755)
        with self.assertRaises(AssertionError):
            self.start_broker()
        self.assertIn("chmod 700", self.log())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
