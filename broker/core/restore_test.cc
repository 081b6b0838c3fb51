// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What comes back after a crash, and what has become of it meanwhile.

#include <set>

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

using Lines = std::vector<std::string>;

// Calls visit with each record and where it stands; Batches: a vector of them, const or not.
template <class Batches, class Visit> void each_record(Batches &batches, Visit visit) {
    for (auto &batch : batches) {
        const uint32_t end = static_cast<uint32_t>(batch.bytes.size());
        record r{};
        for (uint32_t at = 0, size; at < end; at += size) {
            size = record_read(batch.bytes.data(), at, end, &r);
            if (size == 0) {
                ADD_FAILURE() << "no record";
                break;
            }
            visit(r, batch.bytes.begin() + at, size);
        }
    }
}

std::vector<Bytes> records_of(const std::vector<Batch> &batches) {
    std::vector<Bytes> out;
    each_record(batches, [&](const record &, Bytes::const_iterator at, uint32_t size) {
        out.emplace_back(at, at + size);
    });
    return out;
}

// All the state there is, as a snapshot has it, without what changes from moment to moment.
std::multiset<std::string> state_of(World &world) {
    const size_t before = world.durable.size();
    world.begin_snapshot();
    world.sync();
    std::multiset<std::string> out;
    for (Bytes bytes :
         records_of({world.durable.begin() + static_cast<long>(before), world.durable.end()})) {
        bytes[5] &= static_cast<uint8_t>(~RECORD_UNIT_END);
        if (bytes[4] == RECORD_SNAPSHOT_BEGIN)
            bytes.resize(32);
        std::string line = record_kind_name(bytes[4]);
        for (const uint8_t byte : bytes)
            line += " " + hex(byte);
        out.insert(line);
    }
    return out;
}

ConnectOptions lasting(uint32_t expiry_s = 1000) {
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(expiry_s);
    return o;
}

class Restore : public testing::Test {
  protected:
    Restore() { next(); }

    World &world() { return *worlds_.back(); }
    // The broker crashes, with all that was written; another one starts down_ms later.
    World &restart(uint64_t down_ms = 1000) {
        World &old = world();
        old.sync();
        std::vector<Batch> records = old.records;
        records.insert(records.end(), old.durable.begin(), old.durable.end());
        for (auto &client : old.clients)
            client.second->is_open = false;
        old.clients.clear();
        next();
        world().records = records;
        world().wall_offset_ms = old.wall_offset_ms + old.now_ms + down_ms - world().now_ms;
        EXPECT_NE(world().core(), nullptr);
        EXPECT_EQ(world().bad_records, 0u);
        world().sync();
        return world();
    }

  private:
    void next() {
        worlds_.push_back(std::make_unique<World>());
        worlds_.back()->journal = Journal::AT_ONCE;
    }
    std::vector<std::unique_ptr<World>> worlds_;
};

void fill(World &world) {
    Client a(world), b(world), c(world), p(world);
    ConnectOptions o = lasting();
    o.user = "somebody";
    o.will = Will{"w", "gone", 1, true, will_delay(500) + message_expiry(60)};
    a.connect("a", o);
    a.send_subscribe(1, {filter("t/#", 2), filter("t/1", 1)}, 7);
    a.send_subscribe(2, {filter("t/+", 2)}, 8);
    a.send_subscribe(3, {filter("$share/g/s/#", 1)});
    c.connect("c", lasting(ELLA_SESSION_NEVER_EXPIRES));
    c.send_subscribe(1, {filter("$share/g/s/#", 2)}, 9);
    p.connect("p", lasting(100));
    p.publish("s/1", "shared", 1, 50);
    p.publish("s/1", "shared", 1, 51);
    b.connect("clean"); // does not outlive
    b.subscribe("t/#", 2);
    for (uint16_t i = 0; i < 30; i++)
        p.publish("t/" + std::to_string(i % 3), std::string(i, 'x'), i % 3, i + 100, i % 4 == 0,
                  i % 5 == 0 ? message_expiry(1000) : nullptr);
    p.publish("t/0", "", 1, 40, true);
    a.ack(ELLA_PUBREC, 1);
    a.ack(ELLA_PUBREC, 2);
    a.ack(ELLA_PUBCOMP, 1);
    a.all();
    a.drop();
    c.drop();
    p.drop();
    world.advance(5);
}

void expect_same(const std::multiset<std::string> &now, const std::multiset<std::string> &before) {
    for (const std::string &line : now)
        EXPECT_EQ(before.count(line), now.count(line)) << "now: " << line;
    for (const std::string &line : before)
        EXPECT_EQ(before.count(line), now.count(line)) << "before: " << line;
}

TEST_F(Restore, IsTheSameState) {
    fill(world());
    const auto before = state_of(world());
    EXPECT_GT(before.size(), 40u);
    World &again = restart(0);
    expect_same(state_of(again), before);
    expect_same(state_of(restart(0)), before);
}

TEST_F(Restore, FromASnapshotAloneIsTheSame) {
    fill(world());
    world().durable.clear();
    const auto before = state_of(world()); // the snapshot is all that is left
    expect_same(state_of(restart(0)), before);
}

// The records as version 1 wrote them: with wide heads, and a DONE for each entry.
std::vector<Batch> of_version_1(const std::vector<Batch> &batches) {
    std::vector<Batch> out = batches;
    for (Batch &batch : out) {
        const std::vector<Batch> one{batch};
        batch.bytes.clear();
        each_record(one, [&](const record &r, Bytes::const_iterator at, uint32_t size) {
            const uint32_t body_len = ella_slice_len(r.body);
            const uint32_t more = r.kind == RECORD_DONE ? body_len / 4 : 0;
            for (uint32_t i = 0; i <= more; i++) {
                const uint8_t *other = r.body.base + r.body.off + 4 * i - 4;
                Bytes head(32);
                record_put_u32(head.data(), 32 + (more > 0 ? 0 : body_len));
                head[4] = r.kind;
                head[5] = r.flags;
                record_put_packet_id(head.data(), i == 0 ? r.packet_id : 0);
                record_put_u64(head.data() + 8, r.session);
                record_put_u64(head.data() + 16, r.number + (i == 0 ? 0 : record_get_u32(other)));
                record_put_u64(head.data() + 24, r.value);
                batch.bytes.insert(batch.bytes.end(), head.begin(), head.end());
            }
            if (more == 0)
                batch.bytes.insert(batch.bytes.end(), at + (size - body_len), at + size);
        });
    }
    return out;
}

TEST_F(Restore, FromVersion1IsTheSame) {
    fill(world());
    const auto before = state_of(restart(0));
    World w;
    w.journal = Journal::AT_ONCE;
    w.wall_offset_ms = world().wall_offset_ms;
    w.records = of_version_1(world().records);
    EXPECT_GT(w.records[1].bytes.size(), world().records[1].bytes.size());
    EXPECT_NE(w.core(), nullptr);
    EXPECT_EQ(w.bad_records, 0u);
    w.sync();
    expect_same(state_of(w), before);
}

TEST_F(Restore, AnExchangeGoesOnWhereItWas) {
    Client *a = new Client(world());
    a->connect("a", lasting());
    a->subscribe("t", 2);
    world().publish("t", "1", 2, false);
    world().publish("t", "2", 2, false);
    world().publish("t", "3", 1, false);
    EXPECT_EQ(a->all().size(), 3u);
    a->ack(ELLA_PUBREC, 1);
    a->publish("t", "own", 2, 9);
    World &w = restart();
    delete a;
    Client b(w);
    EXPECT_EQ(b.resume("a").line(), "CONNACK present 00");
    EXPECT_EQ(b.all(), (Lines{"PUBREL #1 00", "PUBLISH t '2' q2 #2 dup", "PUBLISH t '3' q1 #3 dup",
                              "PUBLISH t 'own' q2 #4 dup"}));
    b.publish("t", "own", 2, 9, false, nullptr, true);
    EXPECT_EQ(b.next(), "PUBREC #9 00") << "and not a second time to the subscriber";
    b.ack(ELLA_PUBREL, 9);
    EXPECT_EQ(b.next(), "PUBCOMP #9 00");
}

TEST_F(Restore, TimeGoesOnWhileTheBrokerIsDown) {
    {
        Client a(world()), b(world()), p(world());
        a.connect("short", lasting(10));
        ConnectOptions o = lasting(1000);
        o.will = Will{"w", "gone", 1, true, will_delay(20)};
        b.connect("long", o);
        b.subscribe("t", 1);
        p.connect("p");
        p.publish("r/1", "kept", 1, 1, true);
        p.publish("r/2", "expires", 1, 2, true, message_expiry(15));
        a.drop();
        b.drop();
        p.publish("t", "stays", 1, 3, false, message_expiry(40));
        p.publish("t", "expires", 1, 4, false, message_expiry(15));
    }
    World &w = restart(30000);
    Client a(w), b(w), c(w);
    EXPECT_EQ(a.resume("short").line(), "CONNACK new 00");
    EXPECT_EQ(w.count(STAT_SESSIONS_EXPIRED), 1u);
    EXPECT_EQ(w.count(STAT_WILLS_PUBLISHED), 1u);
    EXPECT_EQ(b.resume("long").line(), "CONNACK present 00");
    const Packet m = b.take(ELLA_PUBLISH);
    EXPECT_EQ(m.line(), "PUBLISH t 'stays' q1 #1");
    EXPECT_EQ(m.properties().message_expiry_interval_s, 10u);
    EXPECT_EQ(b.next(), "nothing");
    c.connect("c");
    c.subscribe("#", 0);
    EXPECT_EQ(c.all(), (Lines{"PUBLISH w 'gone' q0 retain", "PUBLISH r/1 'kept' q0 retain"}));
    EXPECT_EQ(w.count(STAT_WILLS_PUBLISHED), 1u);
    // Once is once.
    World &later = restart();
    EXPECT_EQ(later.count(STAT_WILLS_PUBLISHED), 0u);
    EXPECT_EQ(later.count(STAT_SESSIONS_EXPIRED), 0u);
}

// Nor does a time that no clock comes to.
TEST_F(Restore, AClockThatWasSetBackKeepsNobodyLonger) {
    const uint64_t hour_ms = 3600000;
    Client a(world());
    ConnectOptions o = lasting(10);
    o.will = Will{"w", "gone", 1, true, will_delay(5)};
    a.connect("a", o);
    a.drop();
    World &w = restart(-hour_ms);
    EXPECT_EQ(w.count(STAT_WILLS_PUBLISHED), 0u);
    w.advance(5000);
    EXPECT_EQ(w.count(STAT_WILLS_PUBLISHED), 1u);
    EXPECT_EQ(w.count(STAT_SESSIONS_EXPIRED), 0u);
    w.advance(5000);
    EXPECT_EQ(w.count(STAT_SESSIONS_EXPIRED), 1u);
}

//= v5/3.1.2-8 test
TEST_F(Restore, TheWillOfAConnectionThatTheCrashCutGoesOut) {
    Client *a = new Client(world());
    ConnectOptions o = lasting(1000);
    o.will = Will{"w", "gone", 1, true};
    a->connect("a", o);
    World &w = restart();
    delete a;
    EXPECT_EQ(w.count(STAT_WILLS_PUBLISHED), 1u);
    EXPECT_EQ(w.count(STAT_RETAINED_MESSAGES), 1u);
    EXPECT_EQ(restart().count(STAT_WILLS_PUBLISHED), 0u);
}

// A broker that was idle for long does not let sessions expire too early: the time is recorded.
TEST_F(Restore, AConnectionLastsAsLongAsTheBrokerDid) {
    Client *a = new Client(world());
    a->connect("a", lasting(100));
    world().advance(3600000);
    World &w = restart(20000);
    delete a;
    Client b(w);
    EXPECT_EQ(b.resume("a", 100).line(), "CONNACK present 00");
    b.drop();
    Client c(restart(170000));
    EXPECT_EQ(c.resume("a").line(), "CONNACK new 00");
}

TEST_F(Restore, WhatCameByAShareGroupGoesToAnotherMember) {
    {
        Client a(world()), b(world());
        a.connect("a", lasting(10));
        a.subscribe("$share/g/t", 1);
        a.drop();
        world().publish("t", "x", 1, false);
        b.connect("b", lasting(1000));
        b.subscribe("$share/g/t", 1);
        b.drop();
    }
    World &w = restart(20000);
    Client b(w);
    EXPECT_EQ(b.resume("b").line(), "CONNACK present 00");
    EXPECT_EQ(b.next(), "PUBLISH t 'x' q1 #1");
}

TEST_F(Restore, OnesOwnIsStillOnesOwn) {
    {
        Client a(world());
        a.connect("a", lasting());
        a.publish("t", "own", 1, 1, true);
    }
    World &w = restart();
    Client a(w);
    a.resume("a");
    ella_filter f = filter("t", 1);
    f.no_local = true;
    a.send_subscribe(1, {f});
    EXPECT_EQ(a.all(), Lines{"SUBACK #1 01"});
}

TEST_F(Restore, EndedSessionsStayEnded) {
    {
        Client a(world()), b(world());
        a.connect("a", lasting());
        a.subscribe("t", 1);
        a.drop();
        world().publish("t", "x", 1, false);
        b.connect("a"); // clean start, no expiry
    }
    World &w = restart();
    EXPECT_EQ(w.count(STAT_CLIENTS_TOTAL), 0u);
    EXPECT_EQ(w.count(STAT_SUBSCRIPTIONS), 0u);
    EXPECT_EQ(w.count(STAT_QUEUED_MESSAGES), 0u);
    EXPECT_EQ(core_memory_bytes(w.core(), MEMORY_MESSAGE), 0u);
}

TEST_F(Restore, AFanOutStoresThePayloadOnce) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; i++) {
        clients.push_back(std::make_unique<Client>(world()));
        clients.back()->connect("c" + std::to_string(i), lasting());
        clients.back()->subscribe("t", 1);
        clients.back()->drop();
    }
    const size_t before = world().durable.size();
    world().publish("t", std::string(100000, 'x'), 1, false);
    size_t bytes = 0;
    for (size_t i = before; i < world().durable.size(); i++)
        bytes += world().durable[i].bytes.size();
    EXPECT_LT(bytes, 102000u);
}

// Whatever happens meanwhile, a slice of a snapshot is small.
TEST_F(Restore, ASnapshotComesInSlices) {
    {
        Client a(world());
        a.connect("a", lasting());
        world().configure([](core_limits &l) { l.max_queued_messages = 0; });
        a.subscribe("t", 1);
        a.drop();
        for (int i = 0; i < 10000; i++)
            world().publish("t", std::string(100, 'x'), 1, false);
    }
    const size_t before = world().durable.size();
    world().begin_snapshot();
    EXPECT_GE(world().durable.size() - before, 6u);
    for (size_t i = before; i < world().durable.size(); i++)
        EXPECT_LT(world().durable[i].bytes.size(), 300000u);
}

// The broker before was killed, and now the disk takes nothing: what was read may be in memory
// alone.
TEST_F(Restore, WhatIsNotKnownToBeOnTheDiskIsNotPromisedWhileItFails) {
    for (const core_storage found : {CORE_STORAGE_OK, CORE_STORAGE_FAILED}) {
        {
            Client a(world());
            a.connect("a", lasting());
            a.drop();
        }
        World w;
        w.journal = Journal::AT_ONCE;
        w.records = world().durable;
        w.records_storage = found;
        w.core();
        w.storage(CORE_STORAGE_FULL);
        Client b(w);
        b.send_connect("a", lasting());
        EXPECT_EQ(b.next(), found == CORE_STORAGE_OK ? "CONNACK present 00" : "CONNACK new 97");
        w.storage(CORE_STORAGE_OK);
        w.sync();
        w.storage(CORE_STORAGE_FULL);
        Client c(w);
        c.send_connect("a", lasting());
        EXPECT_EQ(c.next(), "CONNACK present 00") << "a snapshot has it now";
    }
}

// ---- Damage

// The journal does not know any more that the first message was sent, only that the others were.
TEST_F(Restore, WhatIsInFlightIsKnownAndComesFirst) {
    Client *a = new Client(world());
    a->connect("a", lasting());
    a->subscribe("t", 1);
    for (const char *payload : {"1", "2", "3"})
        world().publish("t", payload, 1, false);
    EXPECT_EQ(a->all().size(), 3u);
    each_record(world().durable, [](const record &r, Bytes::iterator at, uint32_t) {
        if (r.kind == RECORD_QUEUED && r.packet_id == 1)
            at[6] = 0;
        else if (r.kind == RECORD_SENT && r.packet_id == 1)
            at[4] = RECORD_TIME;
    });
    World &w = restart();
    delete a;
    Client b(w);
    EXPECT_EQ(b.resume("a").line(), "CONNACK present 00");
    EXPECT_EQ(b.all(), (Lines{"PUBLISH t '2' q1 #2 dup", "PUBLISH t '3' q1 #3 dup",
                              "PUBLISH t '1' q1 #4"}));
    b.ack(ELLA_PUBACK, 3);
    b.drop();
    Client c(w);
    c.resume("a");
    EXPECT_EQ(c.all(), (Lines{"PUBLISH t '2' q1 #2 dup", "PUBLISH t '1' q1 #4 dup"}));
}

TEST_F(Restore, DamagedRecordsAreRefusedOrHarmless) {
    fill(world());
    const std::vector<Bytes> records = records_of(world().durable);
    uint64_t luck = 1;
    uint64_t refused = 0;
    for (int run = 0; run < 300 && !HasFailure(); run++) {
        World w;
        w.journal = Journal::BY_HAND;
        Batch batch;
        for (Bytes bytes : records) {
            luck = luck * 6364136223846793005u + 1442695040888963407u;
            if (luck >> 60 == 0)
                continue;        // one is missing
            if (luck >> 60 == 1) // a byte is wrong, but not in its size
                bytes[4 + (luck >> 20) % (bytes.size() - 4)] ^=
                    static_cast<uint8_t>(luck >> 50 | 1);
            record r{};
            if (record_read(bytes.data(), 0, static_cast<uint32_t>(bytes.size()), &r) == 0)
                continue;
            batch.bytes.insert(batch.bytes.end(), bytes.begin(), bytes.end());
        }
        w.records.push_back(batch);
        w.core();
        refused += w.bad_records;
        w.sync();
        Client a(w);
        a.send_connect("a", lasting());
        w.sync();
        a.all();
        a.publish("t/1", "x", 1, 9);
        w.sync();
        w.begin_snapshot();
        w.sync();
    }
    EXPECT_GT(refused, 100u);
}

// A PUBLISH may have an alias instead of a topic; a record may not.
TEST_F(Restore, AMessageHasATopic) {
    fill(world());
    record message{};
    each_record(world().durable, [&](const record &r, Bytes::const_iterator, uint32_t) {
        if (r.kind == RECORD_MESSAGE)
            message = r;
    });
    ASSERT_EQ(message.kind, RECORD_MESSAGE);
    // PUBLISH of QoS 0 with a topic alias and no payload, in a record of its own.
    const Bytes publish = {0x30, 6, 0, 0, 3, 0x23, 0, 1};
    Batch bad;
    bad.bytes.resize(RECORD_HEAD_SIZE_MAX);
    bad.bytes.resize(
        record_write_head(&message, static_cast<uint32_t>(publish.size()), bad.bytes.data()));
    bad.bytes.insert(bad.bytes.end(), publish.begin(), publish.end());
    World w;
    w.journal = Journal::BY_HAND;
    w.records.push_back(bad);
    EXPECT_NE(w.core(), nullptr);
    EXPECT_EQ(w.bad_records, 1u);
}

TEST_F(Restore, NoMemoryLeavesNothingBehind) {
    fill(world());
    World &w = world();
    w.sync();
    uint64_t requests = 0;
    for (uint64_t n = 0; !HasFailure() && (n == 0 || n <= requests); n++) {
        World again;
        again.journal = Journal::BY_HAND;
        again.records = w.durable;
        again.fail_from = n;
        again.core();
        if (n == 0)
            requests = again.requests;
    }
    EXPECT_GT(requests, 100u);
}

} // namespace
