// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The broker crashes, after any batch of a scripted run, and another one goes on with what was
// durable. Clients that obey MQTT and keep their own state judge it: what was acknowledged is not
// lost, nothing of QoS 2 comes twice. The script has every handshake in it, in both directions.

#include <set>

#include "broker/core/test_client.h"

using namespace core_test;

namespace {

void lasting(core_limits &l) {
    l.max_inflight_messages = 3;
}

ConnectOptions lasting_session() {
    ConnectOptions o;
    o.clean = false;
    o.properties = expiry(1000);
    return o;
}

// A client with the state that MQTT asks of it; its connections come and go.
class Person {
  public:
    explicit Person(std::string id) : id_(std::move(id)) {}

    void meet(World &world) {
        client_ = std::make_unique<Client>(world);
        connected_ = false;
        client_->send_connect(id_, lasting_session());
        listen();
    }
    // The network or the broker is gone.
    void part(bool tell) {
        if (client_ != nullptr && !tell)
            client_->is_open = false;
        client_.reset();
        connected_ = false;
    }
    bool connected() const { return client_ != nullptr && connected_; }

    // Does the next thing there is to do, once the last one is answered.
    void listen() {
        while (client_ != nullptr && !client_->inbox.empty()) {
            Packet packet = client_->inbox.front();
            client_->inbox.pop_front();
            take(packet);
        }
    }
    void subscribe(const std::string &filter_text) { filters_.insert(filter_text); }
    void publish(const std::string &topic, const std::string &payload, uint8_t qos,
                 bool retain = false) {
        out_.push_back({topic, payload, qos, retain, 0, false, false});
    }
    void act() {
        listen();
        if (!connected())
            return;
        for (const std::string &f : filters_) {
            if (asked_.insert(f).second) {
                client_->send_subscribe(900, {filter(f.c_str(), 2)});
                return;
            }
        }
        for (Message &m : out_) {
            if (!m.sent) {
                send(m);
                return;
            }
        }
    }
    bool is_done() const { return out_.empty() && granted_ == filters_; }

    std::vector<std::string> delivered; // to the application
    std::set<std::string> acknowledged; // of what it published
    std::set<std::string> granted_;
    unsigned sessions_lost = 0;

  private:
    struct Message {
        std::string topic, payload;
        uint8_t qos;
        bool retain;
        uint16_t packet_id;
        bool sent;     // on this connection
        bool received; // PUBREC has come
    };

    void send(Message &m) {
        const bool again = m.packet_id != 0;
        if (!again)
            m.packet_id = ++last_id_;
        m.sent = true;
        if (m.received)
            client_->ack(ELLA_PUBREL, m.packet_id);
        else
            client_->publish(m.topic, m.payload, m.qos, m.packet_id, m.retain, nullptr, again);
    }
    void take(const Packet &packet) {
        switch (packet.p.type) {
        case ELLA_CONNACK:
            ASSERT_EQ(packet.p.connack.reason_code, 0);
            connected_ = true;
            if (!packet.p.connack.session_present) {
                sessions_lost += granted_.empty() ? 0u : 1u;
                in_.clear();
                granted_.clear();
            }
            asked_ = granted_;
            for (Message &m : out_)
                m.sent = false;
            break;
        case ELLA_SUBACK:
            granted_ = asked_;
            break;
        case ELLA_PUBLISH:
            arrive(packet);
            break;
        case ELLA_PUBREL:
            in_.erase(packet.p.ack.packet_id);
            client_->ack(ELLA_PUBCOMP, packet.p.ack.packet_id);
            break;
        default:
            answer(packet.p.type, packet.p.ack);
            break;
        }
    }
    void arrive(const Packet &packet) {
        const ella_publish &p = packet.p.publish;
        if (p.qos < 2 || in_.insert(p.packet_id).second)
            delivered.push_back(text(p.payload));
        if (p.qos > 0)
            client_->ack(p.qos == 1 ? ELLA_PUBACK : ELLA_PUBREC, p.packet_id);
    }
    void answer(ella_packet_type type, const ella_ack &ack) {
        for (auto m = out_.begin(); m != out_.end(); m++) {
            if (m->packet_id != ack.packet_id)
                continue;
            if (type == ELLA_PUBREC) {
                acknowledged.insert(m->payload);
                m->received = true;
                client_->ack(ELLA_PUBREL, ack.packet_id);
            } else {
                acknowledged.insert(m->payload);
                out_.erase(m);
            }
            return;
        }
    }

    std::string id_;
    std::unique_ptr<Client> client_;
    bool connected_ = false;
    std::deque<Message> out_;
    std::set<std::string> filters_, asked_;
    std::set<uint16_t> in_;
    uint16_t last_id_ = 0;
};

// What is left of runs: their batches in order.
struct Disk {
    std::vector<Batch> batches;
    // What a driver keeps: from the beginning of the last snapshot that has ended.
    std::vector<Batch> kept() const {
        size_t begin = 0, from = 0;
        for (size_t i = 0; i < batches.size(); i++) {
            if (batches[i].begins_snapshot)
                begin = i;
            if (batches[i].ends_snapshot)
                from = begin;
        }
        return {batches.begin() + static_cast<long>(from), batches.end()};
    }
};

struct Plan {
    std::vector<size_t> crash_after; // batches durable in the first, second … run; then for good
    bool written_survives = false;   // what was written and not synced is there all the same
    size_t snapshot_at = SIZE_MAX;   // round of each run
    bool keep_all = false;           // files that are of no more use are still there
};

struct Outcome {
    size_t batches = 0; // of the first run
    bool finished = false;
};

class Crash {
  public:
    explicit Crash(Plan plan) : plan_(std::move(plan)) {}

    Outcome run() {
        script();
        Outcome out;
        for (size_t run = 0; run <= plan_.crash_after.size() && !out.finished; run++) {
            const bool last = run == plan_.crash_after.size();
            out.finished = one_run(last ? SIZE_MAX : plan_.crash_after[run]);
            if (run == 0)
                out.batches = disk_.batches.size();
        }
        judge(out);
        return out;
    }

  private:
    void script() {
        reader_.subscribe("t/#");
        for (int i = 0; i < 8; i++) {
            const std::string n = std::to_string(i);
            writer_.publish("t/" + n, "m" + n, i % 2 == 0 ? 2 : 1, i % 3 == 0);
        }
        // One that does both at once.
        both_.subscribe("t/1");
        both_.publish("t/b", "own", 2);
    }
    // The reader is away now and then, so that messages wait and exchanges are cut.
    void visit(World &world, size_t round, Person &person, size_t away_from, size_t away_to) {
        if (round == away_from)
            person.part(true);
        if (round == 0 || round == away_to)
            person.meet(world);
    }
    bool one_run(size_t batches) {
        World world(lasting);
        world.journal = Journal::BY_HAND;
        world.now_ms = now_ms_ % 1000 + 1;
        world.wall_offset_ms = 1700000000000 + now_ms_ - world.now_ms;
        world.records = plan_.keep_all ? disk_.batches : disk_.kept();
        bool finished = false;
        for (size_t round = 0; round < 200 && !finished; round++) {
            visit(world, round, reader_, 9, 14);
            visit(world, round, writer_, 11, 12);
            visit(world, round, both_, 20, 21);
            if (round == plan_.snapshot_at)
                world.begin_snapshot();
            reader_.act();
            if (!reader_.granted_.empty() || granted_once_)
                writer_.act();
            granted_once_ = granted_once_ || !reader_.granted_.empty();
            both_.act();
            if (world.durable.size() >= batches)
                break;
            world.sync(1);
            finished = round > 40 && world.written.empty() && reader_.is_done() &&
                       writer_.is_done() && both_.is_done();
            world.advance(10);
        }
        EXPECT_EQ(world.bad_records, 0u);
        crash(world);
        return finished;
    }
    void crash(World &world) {
        disk_.batches.insert(disk_.batches.end(), world.durable.begin(), world.durable.end());
        if (plan_.written_survives)
            disk_.batches.insert(disk_.batches.end(), world.written.begin(), world.written.end());
        now_ms_ += world.now_ms + 5000;
        world.clients.clear();
        reader_.part(false);
        writer_.part(false);
        both_.part(false);
    }
    void judge(const Outcome &out) {
        EXPECT_TRUE(out.finished) << "clients still wait";
        EXPECT_EQ(reader_.sessions_lost, 0u);
        std::map<std::string, int> count;
        for (const std::string &payload : reader_.delivered)
            count[payload]++;
        //= v5/4.3.3-3 test
        for (int i = 0; i < 8; i++) {
            const std::string payload = "m" + std::to_string(i);
            EXPECT_GE(count[payload], 1) << payload << " was lost";
            if (i % 2 == 0) {
                EXPECT_EQ(count[payload], 1) << payload << " came twice";
            }
        }
        EXPECT_EQ(count["own"], 1);
    }

    Plan plan_;
    Disk disk_;
    uint64_t now_ms_ = 0;
    bool granted_once_ = false;
    Person reader_{"reader"}, writer_{"writer"}, both_{"both"};
};

size_t batches_without_a_crash() {
    const Outcome out = Crash({}).run();
    EXPECT_TRUE(out.finished);
    return out.batches;
}

void every_point(Plan plan) {
    const size_t batches = batches_without_a_crash();
    EXPECT_GT(batches, 40u);
    for (size_t at = 0; at <= batches && !testing::Test::HasFailure(); at++) {
        SCOPED_TRACE("crash after batch " + std::to_string(at));
        plan.crash_after = {at};
        Crash(plan).run();
    }
}

//= v5/4.1.0-1 test
//= v5/4.4.0-1 test
TEST(Crash, AfterEveryBatch) {
    every_point({});
}

TEST(Crash, AfterEveryBatchWithMoreOnTheDiskThanWasPromised) {
    Plan plan;
    plan.written_survives = true;
    every_point(plan);
}

TEST(Crash, AfterEveryBatchWithASnapshotUnderWay) {
    for (const size_t at : {3u, 10u, 17u, 25u}) {
        Plan plan;
        plan.snapshot_at = at;
        every_point(plan);
        plan.keep_all = true;
        every_point(plan);
    }
}

TEST(Crash, TwiceAndThrice) {
    const size_t batches = batches_without_a_crash();
    for (size_t a = 0; a <= batches && !HasFailure(); a += 3) {
        for (size_t b = 0; b <= 20 && !HasFailure(); b += 2) {
            SCOPED_TRACE(std::to_string(a) + " " + std::to_string(b));
            Plan plan;
            plan.snapshot_at = (a + b) % 4 == 0 ? 2 : SIZE_MAX;
            plan.crash_after = {a, b};
            Crash(plan).run();
            plan.crash_after = {a, b, (a + b) % 7};
            plan.keep_all = true;
            Crash(plan).run();
        }
    }
}

} // namespace
