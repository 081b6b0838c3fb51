// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What waits for the journal and what does not; what becomes of it when the storage fails; which
// records are saved.

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

// Asks for a session that is stored.
void connect_stored(World &world, Client &client, const std::string &id) {
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(1000);
    client.send_connect(id, o);
    world.sync();
    client.take(ELLA_CONNACK);
}

class Durable : public testing::Test {
  protected:
    Durable() { world.journal = Journal::BY_HAND; }

    // A connected client with a session that is stored.
    void connected(Client &client, const std::string &id, ella_version = ELLA_VERSION_5_0) {
        connect_stored(world, client, id);
    }
    void subscribed(Client &client, const char *topic, uint8_t qos) {
        client.send_subscribe(1, {filter(topic, qos)});
        world.sync();
        client.take(ELLA_SUBACK);
    }

    World world;
};

//= v5/4.1.0-1 test
//= v3/3.1.2-5 test
TEST_F(Durable, EveryPromiseWaits) {
    Client a(world), b(world);
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(1000);
    a.send_connect("a", o);
    EXPECT_EQ(a.next(), "nothing");
    world.sync();
    EXPECT_EQ(a.next(), "CONNACK new 00");
    a.send_subscribe(1, {filter("t", 2)});
    EXPECT_EQ(a.next(), "nothing");
    world.sync();
    EXPECT_EQ(a.next(), "SUBACK #1 02");
    b.connect("b");
    b.publish("t", "x", 1, 7);
    EXPECT_EQ(b.next(), "nothing");
    world.sync();
    EXPECT_EQ(b.next(), "PUBACK #7 00");
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q1 #1");
    a.send_unsubscribe(2, {filter("t")});
    EXPECT_EQ(a.next(), "nothing");
    world.sync();
    EXPECT_EQ(a.next(), "UNSUBACK #2 00");
}

TEST_F(Durable, ExactlyOnceWaitsAtEachStep) {
    Client a(world), b(world);
    connected(a, "a");
    connected(b, "b");
    subscribed(a, "t", 2);
    b.publish("t", "x", 2, 7);
    EXPECT_EQ(b.next(), "nothing");
    EXPECT_EQ(a.next(), "nothing") << "its packet id is not stored yet";
    world.sync();
    EXPECT_EQ(b.next(), "PUBREC #7 00");
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q2 #1");
    b.ack(ELLA_PUBREL, 7);
    a.ack(ELLA_PUBREC, 1);
    EXPECT_EQ(b.next() + a.next(), "nothingnothing");
    world.sync();
    EXPECT_EQ(b.next(), "PUBCOMP #7 00");
    EXPECT_EQ(a.next(), "PUBREL #1 00");
    a.ack(ELLA_PUBCOMP, 1);
    EXPECT_EQ(world.count(STAT_QUEUED_MESSAGES), 0u);
}

TEST_F(Durable, OneBatchServesTheWholeWindow) {
    Client a(world);
    connected(a, "a");
    subscribed(a, "t", 2);
    a.reads = false;
    for (int i = 0; i < 5; i++)
        world.publish("t", std::to_string(i), i == 2 ? 1 : 2, false);
    world.sync();
    const size_t before = world.durable.size();
    a.read_again();
    EXPECT_EQ(a.next(), "nothing");
    world.sync();
    EXPECT_EQ(a.all().size(), 5u);
    EXPECT_EQ(world.durable.size(), before + 1u);
}

TEST_F(Durable, WhatPromisesNothingFlowsOn) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    b.connect("b");
    b.publish("nobody", "x", 1, 1);
    EXPECT_EQ(b.next(), "PUBACK #1 10");
    b.publish("t", "x", 1, 2);
    b.simple(ELLA_PINGREQ);
    EXPECT_EQ(b.all(), Lines{"PINGRESP"}) << "before the PUBACK that waits";
    b.publish("t", "zero", 0);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t 'x' q1 #1", "PUBLISH t 'zero' q0"}));
    world.sync();
    EXPECT_EQ(b.next(), "PUBACK #2 00");
}

TEST_F(Durable, AnswersLeaveInOrderWithTheirBatches) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    b.connect("b");
    for (uint16_t i = 1; i <= 5; i++)
        b.publish("t", "x", 1, i);
    EXPECT_EQ(world.written.size(), 5u);
    world.sync(1);
    EXPECT_EQ(b.all(), Lines{"PUBACK #1 00"});
    world.sync();
    EXPECT_EQ(b.all(), (Lines{"PUBACK #2 00", "PUBACK #3 00", "PUBACK #4 00", "PUBACK #5 00"}));
}

TEST_F(Durable, AConnectionThatClosesStillGetsItsAnswers) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    b.connect("b");
    b.publish("t", "x", 1, 1);
    world.shut_down();
    EXPECT_TRUE(b.is_open);
    world.sync();
    EXPECT_EQ(b.all(), (Lines{"PUBACK #1 00", "DISCONNECT 8b"}));
    EXPECT_FALSE(b.is_open);
}

TEST_F(Durable, AClientThatReadsNothingIsNotToldAgainAndAgain) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    b.connect("b");
    b.reads = false;
    for (uint16_t i = 1; i <= 3; i++)
        b.publish("t", "x", 1, i);
    world.sync();
    b.read_again();
    EXPECT_EQ(b.all().size(), 3u);
}

// ---- The storage fails

TEST_F(Durable, AFullDiskRefusesWithoutLosing) {
    Client a(world), b(world), c(world, ELLA_VERSION_3_1_1);
    connected(a, "a");
    subscribed(a, "t", 2);
    b.connect("b");
    c.connect("c");
    b.publish("t", "held", 1, 1);
    world.storage(CORE_STORAGE_FULL);
    EXPECT_TRUE(world.was_logged("no space"));
    EXPECT_EQ(world.count(STAT_STORAGE_FAILS), 1u);
    b.publish("t", "refused", 1, 2);
    b.publish("t", "refused", 2, 3);
    EXPECT_EQ(b.all(), Lines{}) << "behind the one that waits";
    EXPECT_EQ(world.count(STAT_DROPPED_STORAGE), 2u);
    c.publish("t", "three", 1, 1);
    EXPECT_GT(c.unsent(), 0u);
    EXPECT_FALSE(c.accepts());
    a.all();
    b.publish("t", "zero", 0);
    EXPECT_EQ(a.all(), Lines{"PUBLISH t 'zero' q0"});
    world.storage(CORE_STORAGE_OK);
    ASSERT_FALSE(world.written.empty());
    EXPECT_TRUE(world.written.front().begins_snapshot);
    EXPECT_EQ(c.unsent(), 0u) << "taken now";
    EXPECT_EQ(b.all().size() + c.all().size(), 0u) << "nothing is durable yet";
    world.sync();
    EXPECT_EQ(b.all(), (Lines{"PUBACK #1 00", "PUBACK #2 97", "PUBREC #3 97"}));
    EXPECT_EQ(c.all(), Lines{"PUBACK #1 00"});
    EXPECT_EQ(world.count(STAT_STORAGE_FAILS), 0u);
    EXPECT_EQ(world.count(STAT_STORAGE_FAILURES), 1u);
}

TEST_F(Durable, ARefusalWaitsForNothing) {
    Client a(world), b(world), c(world);
    connected(a, "a");
    subscribed(a, "t", 2);
    b.connect("b");
    connected(c, "c");
    world.storage(CORE_STORAGE_FULL);
    for (Client *each : {&b, &c}) {
        each->publish("t", "x", 1, 1);
        each->publish("t", "x", 2, 2);
        EXPECT_EQ(each->all(), (Lines{"PUBACK #1 97", "PUBREC #2 97"}));
    }
}

// What was repeated on a new connection is acknowledged no earlier than the first was to be.
TEST_F(Durable, ARepetitionWaitsForWhatItRepeats) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 2);
    connected(b, "b");
    b.publish("t", "x", 2, 7);
    b.drop();
    world.storage(CORE_STORAGE_FULL);
    b.open();
    EXPECT_EQ(b.resume("b").line(), "CONNACK present 00");
    b.publish("t", "x", 2, 7, false, nullptr, true);
    EXPECT_EQ(b.next(), "nothing");
    world.storage(CORE_STORAGE_OK);
    world.sync();
    EXPECT_EQ(b.next(), "PUBREC #7 00");
}

TEST_F(Durable, OnlyTheEndOfTheSnapshotMakesUpForLostBatches) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    for (int i = 0; i < 900; i++)
        world.publish("t", std::string(1000, 'x'), 1, false);
    world.sync();
    b.connect("b");
    b.publish("t", "held", 1, 1);
    world.storage(CORE_STORAGE_FAILED);
    world.storage(CORE_STORAGE_OK);
    ASSERT_GT(world.written.size(), 1u);
    ASSERT_TRUE(world.written.back().ends_snapshot);
    world.sync(world.written.size() - 1);
    EXPECT_EQ(b.next(), "nothing");
    world.sync();
    EXPECT_EQ(b.next(), "PUBACK #1 00");
}

TEST_F(Durable, SessionsAreNotBegunButGoOnWhileTheStorageFails) {
    Client a(world), x(world), y(world), z(world);
    connected(a, "a");
    subscribed(a, "t", 0);
    a.drop();
    world.sync();
    world.storage(CORE_STORAGE_FULL);
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(1000);
    x.send_connect("new", o);
    EXPECT_EQ(x.next(), "CONNACK new 97");
    y.send_connect("a", o);
    EXPECT_EQ(y.next(), "CONNACK present 00");
    y.send_subscribe(1, {filter("u", 1)});
    EXPECT_EQ(y.next(), "SUBACK #1 97");
    z.send_connect("clean");
    EXPECT_EQ(z.next(), "CONNACK new 00");
    EXPECT_EQ(z.subscribe("u", 1), "SUBACK #1000 01");
    z.publish("t", "zero", 0);
    EXPECT_EQ(y.next(), "PUBLISH t 'zero' q0");
}

TEST_F(Durable, WhoIsMadeToWaitIsNotTakenForDead) {
    Client a(world), c(world, ELLA_VERSION_3_1_1);
    connected(a, "a");
    subscribed(a, "t", 1);
    ConnectOptions o;
    o.keep_alive = 10;
    c.connect("c", o);
    world.storage(CORE_STORAGE_FULL);
    c.publish("t", "x", 1, 1);
    world.advance(60000);
    EXPECT_TRUE(c.is_open);
    world.storage(CORE_STORAGE_OK);
    world.sync();
    EXPECT_EQ(c.next(), "PUBACK #1 00");
    world.advance(60000);
    EXPECT_FALSE(c.is_open);
}

TEST_F(Durable, WithoutMemoryForARecordASnapshotMakesUpForIt) {
    Client a(world), b(world);
    connected(a, "a");
    subscribed(a, "t", 2);
    connected(b, "b");
    world.publish("t", "x", 2, false);
    world.sync();
    EXPECT_EQ(a.next(), "PUBLISH t 'x' q2 #1");
    // The buffer is given back when it was large, so the next record asks for memory.
    for (int i = 0; i < 3000; i++)
        b.publish("u", std::string(1000, 'x'), 1, static_cast<uint16_t>(i + 1), true);
    world.sync();
    b.all();
    world.fail_from = world.requests + 1;
    world.fail_once = false;
    a.ack(ELLA_PUBREC, 1);
    world.fail_from = 0;
    if (a.is_open) {
        world.sync();
        EXPECT_EQ(a.next(), "PUBREL #1 00");
    }
}

// ---- SENT inside QUEUED

// The records of entries in the last batch, in order.
Lines entries_of(const World &world) {
    const Batch &batch = world.durable.back();
    const uint32_t end = static_cast<uint32_t>(batch.bytes.size());
    Lines out;
    record r{};
    for (uint32_t at = 0, size; at < end; at += size) {
        size = record_read(batch.bytes.data(), at, end, &r);
        if (size == 0)
            return {"no record"};
        if (r.kind != RECORD_QUEUED && r.kind != RECORD_SENT && r.kind != RECORD_DONE)
            continue;
        out.push_back(std::string(record_kind_name(r.kind)) + " #" + std::to_string(r.packet_id));
        for (uint32_t i = r.body.off; r.kind == RECORD_DONE && i < r.body.end; i += 4)
            out.back() += " +" + std::to_string(record_get_u32(r.body.base + i));
    }
    return out;
}

TEST_F(Durable, WhatIsSentAtOnceHasOneRecord) {
    for (const uint8_t qos : {1, 2}) {
        Client a(world);
        connected(a, "a" + std::to_string(qos));
        subscribed(a, "t", qos);
        world.takes_batches = false;
        a.reads = false;
        world.publish("t", "1", qos, false);
        world.publish("t", "2", qos, false);
        a.read_again();
        world.takes_batches = true;
        world.sync();
        EXPECT_EQ(a.all().size(), 2u);
        EXPECT_EQ(entries_of(world), (Lines{"queued #1", "queued #2"}));
        a.send_unsubscribe(2, {filter("t")});
        world.sync();
    }
}

// Its records stand behind that of the second message, whose QUEUED may be all that is found.
TEST_F(Durable, AnEarlierMessageIsNotOvertakenInTheRecords) {
    Client a(world);
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(1000) + receive_maximum(1);
    a.send_connect("a", o);
    world.sync();
    a.take(ELLA_CONNACK);
    subscribed(a, "t", 1);
    world.publish("t", "1", 1, false);
    world.publish("t", "2", 1, false);
    world.sync();
    EXPECT_EQ(a.all(), Lines{"PUBLISH t '1' q1 #1"});
    world.takes_batches = false;
    world.publish("t", "3", 1, false);
    a.ack(ELLA_PUBACK, 1);
    a.ack(ELLA_PUBACK, 2);
    EXPECT_EQ(a.all(), (Lines{"PUBLISH t '2' q1 #2", "PUBLISH t '3' q1 #3"}));
    world.takes_batches = true;
    world.sync();
    EXPECT_EQ(entries_of(world), (Lines{"queued #0", "done #1", "sent #2", "done #2", "sent #3"}));
}

// Read in their order, two messages would have the same identifier else.
TEST_F(Durable, AnIdentifierThatBecameFreeMeanwhileIsNotPutBeforeThat) {
    Client a(world);
    connected(a, "a");
    subscribed(a, "t", 1);
    world.publish("t", "first", 1, false);
    for (uint32_t id = 2; id <= 65535; id++) {
        world.publish("t", "", 1, false);
        a.ack(ELLA_PUBACK, static_cast<uint16_t>(id));
    }
    world.sync();
    EXPECT_EQ(a.all().size(), 65535u);
    world.takes_batches = false;
    a.reads = false;
    world.publish("t", "last", 1, false);
    a.ack(ELLA_PUBACK, 1);
    a.read_again();
    EXPECT_EQ(a.all(), Lines{"PUBLISH t 'last' q1 #1"});
    world.takes_batches = true;
    world.sync();
    EXPECT_EQ(entries_of(world), (Lines{"queued #0", "done #1", "sent #1"}));
}

// ---- Acknowledgements in a row

struct Acknowledged : Durable {
    // Both have four messages in flight.
    void SetUp() override {
        for (Client *client : {&a, &b}) {
            connected(*client, client == &a ? "a" : "b");
            subscribed(*client, client == &a ? "t/a" : "t/b", 1);
        }
        for (int i = 0; i < 4; i++) {
            world.publish("t/a", "x", 1, false);
            world.publish("t/b", "x", 1, false);
        }
        world.sync();
        EXPECT_EQ(a.all().size() + b.all().size(), 8u);
    }
    // What is recorded of them.
    Lines recorded(const std::vector<std::pair<Client *, uint16_t>> &acknowledgements) {
        world.takes_batches = false;
        for (const auto &each : acknowledgements)
            each.first->ack(ELLA_PUBACK, each.second);
        world.takes_batches = true;
        world.sync();
        return entries_of(world);
    }
    // How many messages wait for each after a crash.
    std::vector<size_t> left() {
        World again;
        again.journal = Journal::AT_ONCE;
        for (const Batch &batch : world.durable) {
            if (batch.begins_snapshot)
                again.records.clear();
            again.records.push_back(batch);
        }
        EXPECT_NE(again.core(), nullptr);
        EXPECT_EQ(again.bad_records, 0u);
        std::vector<size_t> out;
        for (const char *name : {"a", "b"}) {
            Client client(again);
            connect_stored(again, client, name);
            out.push_back(client.all().size());
        }
        return out;
    }

    Client a{world}, b{world};
};

TEST_F(Acknowledged, InARowHaveOneRecord) {
    EXPECT_EQ(recorded({{&a, 1}, {&a, 2}, {&a, 3}}), Lines{"done #1 +2 +4"});
    EXPECT_EQ(left(), (std::vector<size_t>{1, 4}));
}

TEST_F(Acknowledged, OfAnotherSessionBeginARecord) {
    EXPECT_EQ(recorded({{&a, 1}, {&b, 1}, {&b, 2}, {&a, 2}, {&a, 3}, {&a, 4}}),
              (Lines{"done #1", "done #1 +2", "done #2 +2 +4"}));
    EXPECT_EQ(left(), (std::vector<size_t>{0, 2}));
}

TEST_F(Acknowledged, BackwardsBeginARecordEach) {
    EXPECT_EQ(recorded({{&a, 2}, {&a, 4}, {&a, 1}, {&a, 3}}), (Lines{"done #2 +4", "done #1 +4"}));
    EXPECT_EQ(left(), (std::vector<size_t>{0, 4}));
}

TEST_F(Acknowledged, BehindAnotherRecordBeginARecord) {
    world.takes_batches = false;
    a.ack(ELLA_PUBACK, 1);
    world.publish("t/b", "y", 1, false);
    EXPECT_EQ(recorded({{&a, 2}, {&a, 3}}), (Lines{"done #1", "queued #5", "done #2 +2"}));
    EXPECT_EQ(left(), (std::vector<size_t>{1, 5}));
}

TEST_F(Acknowledged, DoNotJoinWhatHasLeft) {
    EXPECT_EQ(recorded({{&a, 1}}), Lines{"done #1"});
    EXPECT_EQ(recorded({{&a, 2}, {&a, 3}}), Lines{"done #2 +2"});
    EXPECT_EQ(left(), (std::vector<size_t>{1, 4}));
}

// The disk fails in between; the snapshot has what is left.
TEST_F(Acknowledged, DoNotJoinWhatIsLost) {
    world.takes_batches = false;
    a.ack(ELLA_PUBACK, 1);
    world.storage(CORE_STORAGE_FAILED);
    a.ack(ELLA_PUBACK, 2);
    world.storage(CORE_STORAGE_OK);
    a.ack(ELLA_PUBACK, 3);
    world.takes_batches = true;
    world.sync();
    EXPECT_EQ(left(), (std::vector<size_t>{1, 4}));
}

} // namespace
