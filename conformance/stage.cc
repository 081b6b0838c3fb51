// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See stage.h.

#include "conformance/stage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

// One of the features a 5.0 CONNACK can deny (feature) or must show (announced).
struct connack_rule {
    const char *need;
    const char *property;
    uint64_t otherwise; // if the property is absent
    uint64_t minimum;   // what the need demands
    uint64_t maximum;
};
constexpr uint64_t none = 0x100000000;
constexpr connack_rule connack_rules[] = {
    {"qos1", "maximum_qos", 2, 1, 2},
    {"qos2", "maximum_qos", 2, 2, 2},
    {"retain", "retain_available", 1, 1, 1},
    {"wildcard", "wildcard_subscription_available", 1, 1, 1},
    {"subscription_identifiers", "subscription_identifier_available", 1, 1, 1},
    {"shared_subscriptions", "shared_subscription_available", 1, 1, 1},
    {"topic_alias", "topic_alias_maximum", 0, 1, 65535},
    {"topic_alias_limit", "topic_alias_maximum", 0, 0, 65534},
    {"receive_maximum", "receive_maximum", none, 1, 200},
    {"maximum_packet_size", "maximum_packet_size", none, 1, 1048576},
    {"server_keep_alive", "server_keep_alive", none, 1, 5},
    {"session_expiry_limit", "session_expiry_interval", none, 0, 0xFFFFFFFF},
    {"no_qos2", "maximum_qos", 2, 0, 1},
    {"no_retain", "retain_available", 1, 0, 0},
    {"no_wildcard", "wildcard_subscription_available", 1, 0, 0},
    {"no_subscription_identifiers", "subscription_identifier_available", 1, 0, 0},
    {"no_shared_subscriptions", "shared_subscription_available", 1, 0, 0},
};

uint64_t next_packet_id(client *who) {
    const uint64_t id = who->next_packet_id;
    who->next_packet_id = id == 65535 ? 1 : id + 1;
    return id;
}

void add_default(packet *content, const char *name, value otherwise) {
    if (content->find(name) == nullptr) {
        content->fields.push_back({name, std::move(otherwise)});
    }
}

bool names_credentials(const packet &connect) {
    constexpr std::array<const char *, 5> names = {"user_name", "password", "user_name_flag",
                                                   "password_flag", "connect_flags"};
    return std::any_of(names.begin(), names.end(),
                       [&](const char *name) { return connect.find(name) != nullptr; });
}

uint64_t or_one(uint64_t id) {
    return id == 0 ? 1 : id;
}

constexpr uint64_t split_pause_ms = 1;

} // namespace

std::string event::describe() const {
    if (kind == event_kind::close) {
        return "the broker closed the connection";
    }
    std::string out = wire_describe(packet.packet);
    for (const std::string &problem : packet.problems) {
        out += " [" + problem + "]";
    }
    return out;
}

stage::stage(const test_case &scenario, world &place, std::string prefix)
    : scenario_(scenario), world_(place), begin_ms_(place.now_ms()) {
    variables.prefix = std::move(prefix);
}

void stage::set_credentials(const std::optional<std::string> &user_name,
                            const std::optional<std::string> &password) {
    if (user_name) {
        added_fields_.push_back({"user_name", value::of(*user_name)});
    }
    if (password) {
        added_fields_.push_back({"password", value::of(*password)});
    }
    credentials_.fields = added_fields_;
}

bool stage::lacks_credentials(std::string_view raw) const {
    size_t size = 0;
    if (added_fields_.empty() || wire_frame(raw, &size) != frame_status::complete) {
        return false;
    }
    const decoded sent = wire_decode(raw.substr(0, size), scenario_.version, false);
    return sent.packet.type == packet_type::connect && sent.problems.empty() &&
           sent.packet.find("user_name") == nullptr;
}

uint64_t stage::now_ms() {
    return world_.now_ms();
}

client &stage::by_name(const std::string &name) {
    client *&found = names_[name];
    if (found == nullptr) {
        clients_.push_back(std::make_unique<client>());
        found = clients_.back().get();
        found->name = name;
        found->version = scenario_.version;
    }
    return *found;
}

void stage::alias(const std::string &name, client &of) {
    names_[name] = &of;
}

void stage::note(const std::string &line) {
    if (logging_) {
        log.push_back({now_ms() - begin_ms_, {}, log_direction::note, line, {}});
    }
}

bool stage::open(client &who) {
    drop_connection(who);
    who.connection = world_.open(who.name, &error);
    if (who.connection < 0) {
        return false;
    }
    if (logging_) {
        log.push_back(
            {now_ms() - begin_ms_, who.name, log_direction::note, "connection opened", {}});
    }
    return true;
}

bool stage::ensure_open(client &who) {
    return (who.connection >= 0 && !who.close_seen) || open(who);
}

// Forgets everything that belongs to the connection, and gives its number back.
void stage::drop_connection(client &who) {
    if (who.connection >= 0) {
        world_.close(who.connection);
    }
    who.connection = -1;
    who.version = scenario_.version;
    who.close_seen = false;
    who.connected = false;
    who.broken = false;
    who.odd_version = false;
    who.unread.clear();
    who.queue.clear();
}

void stage::close(client &who) {
    if (who.connection >= 0 && logging_) {
        log.push_back({now_ms() - begin_ms_, who.name, log_direction::note, "closes", {}});
    }
    drop_connection(who);
}

void stage::abort(client &who) {
    if (who.connection >= 0) {
        log.push_back({now_ms() - begin_ms_, who.name, log_direction::note, "aborts", {}});
        world_.abort(who.connection);
        who.connection = -1;
    }
    drop_connection(who);
}

std::string stage::encode(client &who, packet *content) {
    switch (content->type) {
    case packet_type::connect:
        add_default(content, "id", value::of(variables.prefix + who.name));
        if (!names_credentials(*content)) {
            content->fields.insert(content->fields.end(), added_fields_.begin(),
                                   added_fields_.end());
        }
        who.version = static_cast<unsigned>(content->number("version", who.version));
        break;
    case packet_type::publish:
        add_default(content, "topic", value::of(variables.prefix));
        if (content->number("qos") > 0 && content->find("packet_id") == nullptr) {
            add_default(content, "packet_id", value::of(next_packet_id(&who)));
        }
        break;
    case packet_type::subscribe:
    case packet_type::unsubscribe:
        if (content->find("packet_id") == nullptr) {
            add_default(content, "packet_id", value::of(next_packet_id(&who)));
        }
        break;
    case packet_type::suback:
    case packet_type::unsuback:
        add_default(content, "packet_id", value::of(or_one(who.next_packet_id)));
        add_default(content, "reason", value::of(uint64_t{0}));
        break;
    case packet_type::puback:
    case packet_type::pubrec:
        add_default(content, "packet_id", value::of(or_one(who.publish_id)));
        break;
    case packet_type::pubrel:
        add_default(content, "packet_id", value::of(or_one(who.pubrec_id)));
        break;
    case packet_type::pubcomp:
        add_default(content, "packet_id", value::of(or_one(who.pubrel_id)));
        break;
    default:
        break;
    }
    return wire_encode(*content, who.version);
}

void stage::send(client &who, const std::string &bytes, unsigned split, const std::string &line) {
    log_sent(who, bytes, line);
    remember(who, bytes);
    if (split == send_text) {
        world_.send_text(who.connection, bytes);
        return;
    }
    if (split == 0) {
        world_.send(who.connection, bytes);
        return;
    }
    for (size_t at = 0; at < bytes.size(); at += split) {
        if (at > 0) {
            const uint64_t until = now_ms() + split_pause_ms;
            while (pump(until)) {
            }
        }
        world_.send(who.connection, std::string_view(bytes).substr(at, split));
    }
}

void stage::log_sent(client &who, std::string_view bytes, const std::string &line) {
    if (logging_) {
        log.push_back(
            {now_ms() - begin_ms_, who.name, log_direction::sent, line, std::string(bytes)});
    }
}

// What we sent matters for reading the answers and for cleaning up; it is read back from the
// bytes, so that raw packets count too.
void stage::remember(client &who, std::string_view bytes) {
    size_t size = 0;
    while (wire_frame(bytes, &size) == frame_status::complete) {
        const decoded sent = wire_decode(bytes.substr(0, size), who.version, false);
        bytes.remove_prefix(size);
        const packet &content = sent.packet;
        if (content.type == packet_type::connect) {
            remember_connect(who, content);
        } else if (content.type == packet_type::publish && content.number("retain") == 1) {
            const value *payload = content.find("payload");
            const value *topic = content.find("topic");
            if (payload != nullptr && !payload->bytes.empty() && topic != nullptr &&
                !topic->bytes.empty()) {
                retained_.insert(topic->bytes);
            }
        } else if (content.type == packet_type::disconnect &&
                   content.number("session_expiry_interval") > 0) {
            const value *id = who.connect.find("id");
            if (id != nullptr) {
                sessions_[id->bytes] = who.version;
            }
        }
    }
}

void stage::remember_connect(client &who, const packet &content) {
    who.connect = content;
    const uint64_t version =
        content.number("version", content.number("protocol_level", who.version));
    who.odd_version = version < 3 || version > 5;
    who.version = who.odd_version ? who.version : static_cast<unsigned>(version);
    const value *id = content.find("id");
    const bool stays = who.version >= 5 ? content.number("session_expiry_interval") > 0
                                        : content.number("clean_start", 1) == 0;
    if (stays && id != nullptr && !id->bytes.empty()) {
        sessions_[id->bytes] = who.version;
    }
    const value *will = content.find("will_topic");
    if (will != nullptr && content.number("will_retain") == 1) {
        retained_.insert(will->bytes);
    }
}

bool stage::pump(uint64_t deadline_ms) {
    const std::vector<arrival> news = world_.poll(deadline_ms);
    for (const arrival &each : news) {
        take_in(each);
    }
    return !news.empty();
}

void stage::take_in(const arrival &news) {
    for (const std::unique_ptr<client> &who : clients_) {
        if (who->connection != news.connection) {
            continue;
        }
        who->unread += news.bytes;
        read_packets(*who);
        if (!news.problem.empty()) {
            malformed = malformed.empty() ? who->name + " < " + news.problem : malformed;
            if (logging_) {
                log.push_back(
                    {now_ms() - begin_ms_, who->name, log_direction::note, news.problem, {}});
            }
        }
        if (!news.closed) {
            continue;
        }
        if (!who->unread.empty() && !who->broken && logging_) {
            log.push_back({now_ms() - begin_ms_, who->name, log_direction::received,
                           "an unfinished packet", who->unread});
        }
        if (logging_) {
            log.push_back(
                {now_ms() - begin_ms_, who->name, log_direction::note, "the broker closed", {}});
        }
        who->queue.push_back({event_kind::close, {}});
    }
}

decoded stage::read(const client &who, std::string_view bytes) const {
    const decoded result = wire_decode(bytes, who.version, true);
    if (result.problems.empty() || !who.odd_version) {
        return result;
    }
    const decoded other = wire_decode(bytes, who.version >= 5 ? 4 : 5, true);
    return other.problems.empty() ? other : result;
}

bool stage::is_ignored(const client &who, const event &news) const {
    return std::any_of(who.ignored.begin(), who.ignored.end(), [&](const packet_spec &pattern) {
        scope copy = variables;
        std::string why;
        return news.kind == event_kind::packet && match_packet(pattern, news.packet, &copy, &why);
    });
}

void stage::read_packets(client &who) {
    while (!who.broken) {
        size_t size = 0;
        const frame_status status = wire_frame(who.unread, &size);
        if (status == frame_status::incomplete) {
            return;
        }
        event next;
        if (status == frame_status::malformed) {
            size = who.unread.size();
            next.packet.problems.push_back("Remaining Length is longer than four bytes");
            who.broken = true;
        } else {
            next.packet = read(who, std::string_view(who.unread).substr(0, size));
        }
        if (!next.packet.problems.empty()) {
            next.kind = event_kind::broken;
            malformed = malformed.empty() ? who.name + " < " + next.describe() : malformed;
        }
        if (logging_) {
            log.push_back({now_ms() - begin_ms_, who.name, log_direction::received,
                           next.describe(), who.unread.substr(0, size)});
        }
        who.unread.erase(0, size);
        check_features(who, next.packet.packet);
        if (!is_ignored(who, next)) {
            who.queue.push_back(std::move(next));
        }
    }
}

void stage::check_features(const client &who, const packet &connack) {
    if (connack.type != packet_type::connack || who.version < 5 || connack.number("reason") != 0) {
        return;
    }
    const value *assigned = connack.find("assigned_client_id");
    if (assigned != nullptr && who.connect.number("session_expiry_interval") > 0) {
        sessions_[assigned->bytes] = who.version;
    }
    for (const connack_rule &rule : connack_rules) {
        const auto &needs = scenario_.needs;
        if (std::find(needs.begin(), needs.end(), rule.need) == needs.end()) {
            continue;
        }
        const uint64_t shown = connack.number(rule.property, rule.otherwise);
        bool met = shown >= rule.minimum && shown <= rule.maximum;
        if (std::string_view(rule.need) == "session_expiry_limit") {
            met = met && shown != who.connect.number(rule.property);
        }
        if (std::string_view(rule.need) == "server_keep_alive") {
            const uint64_t asked = who.connect.number("keep_alive");
            met = met && (asked == 0 || asked > shown);
        }
        if (!met && unsupported.empty()) {
            unsupported = "needs " + std::string(rule.need) + ", but CONNACK has " +
                          rule.property +
                          (shown == none || connack.find(rule.property) == nullptr
                               ? " absent"
                               : "=" + std::to_string(shown));
        }
    }
}

const event *stage::await(client &who, size_t index, uint64_t deadline_ms) {
    static const event closed = {event_kind::close, {}};
    while (who.queue.size() <= index) {
        if (who.close_seen) {
            return &closed;
        }
        if (!pump(deadline_ms)) {
            break;
        }
    }
    return who.queue.size() > index ? &who.queue[index] : nullptr;
}

void stage::consume(client &who, size_t count) {
    for (size_t i = 0; i < count && !who.queue.empty(); i++) {
        consume_at(who, 0);
    }
}

void stage::consume_at(client &who, size_t index) {
    const event gone = std::move(who.queue[index]);
    who.queue.erase(who.queue.begin() + static_cast<ptrdiff_t>(index));
    if (gone.kind == event_kind::close) {
        who.close_seen = true;
        return;
    }
    const packet &content = gone.packet.packet;
    const uint64_t id = content.number("packet_id");
    if (content.type == packet_type::publish && id != 0) {
        who.publish_id = id;
    } else if (content.type == packet_type::pubrec) {
        who.pubrec_id = id;
    } else if (content.type == packet_type::pubrel) {
        who.pubrel_id = id;
    } else if (content.type == packet_type::connack && content.number("reason") == 0) {
        who.connected = true;
        credentials_ = who.connect;
    }
}

void stage::ignore(client &who, const packet_spec &pattern) {
    who.ignored.push_back(pattern);
    const auto unwanted = [&](const event &each) { return is_ignored(who, each); };
    who.queue.erase(std::remove_if(who.queue.begin(), who.queue.end(), unwanted), who.queue.end());
}

void stage::drain(client &who) {
    const auto packet = [](const event &each) { return each.kind == event_kind::packet; };
    who.queue.erase(std::remove_if(who.queue.begin(), who.queue.end(), packet), who.queue.end());
}

// --- afterwards
// --------------------------------------------------------------------------------------

bool stage::await_type(client &who, packet_type type, uint64_t deadline_ms) {
    while (const event *next = await(who, 0, deadline_ms)) {
        if (next->kind == event_kind::close) {
            return false;
        }
        const bool found = next->packet.packet.type == type;
        consume(who, 1);
        if (found) {
            return true;
        }
    }
    return false;
}

bool stage::clean_connect(client &who, const std::string &id, unsigned version,
                          uint64_t deadline_ms) {
    if (!open(who)) {
        return false;
    }
    packet connect;
    connect.type = packet_type::connect;
    connect.fields = {{"version", value::of(uint64_t{version})},
                      {"clean_start", value::of(uint64_t{1})},
                      {"id", value::of(id)}};
    for (const char *name : {"user_name", "password"}) {
        if (const value *credential = credentials_.find(name)) {
            connect.fields.push_back({name, *credential});
        }
    }
    send(who, encode(who, &connect), 0, {});
    return await_type(who, packet_type::connack, deadline_ms);
}

void stage::forget_sessions(uint64_t deadline_ms) {
    const std::map<std::string, unsigned> sessions = sessions_;
    client &cleaner = by_name("cleaner");
    for (const auto &[id, version] : sessions) {
        if (clean_connect(cleaner, id, version, deadline_ms)) {
            world_.send(cleaner.connection, std::string("\xE0\x00", 2));
        }
        drop_connection(cleaner);
    }
}

void stage::forget_retained(uint64_t deadline_ms) {
    const std::set<std::string> topics = retained_;
    client &cleaner = by_name("cleaner");
    if (topics.empty() ||
        !clean_connect(cleaner, variables.prefix + "z", scenario_.version, deadline_ms)) {
        return;
    }
    for (const std::string &topic : topics) {
        packet publish;
        publish.type = packet_type::publish;
        publish.fields = {{"topic", value::of(topic)}, {"retain", value::of(uint64_t{1})}};
        send(cleaner, encode(cleaner, &publish), 0, {});
    }
    packet ping;
    ping.type = packet_type::pingreq;
    send(cleaner, encode(cleaner, &ping), 0, {});
    if (await_type(cleaner, packet_type::pingresp, deadline_ms)) {
        world_.send(cleaner.connection, std::string("\xE0\x00", 2));
    }
    drop_connection(cleaner);
}

void stage::clean_up(uint64_t timeout_ms) {
    logging_ = false;
    for (const std::unique_ptr<client> &who : clients_) {
        if (who->connection >= 0 && who->connected && !who->close_seen) {
            world_.send(who->connection, std::string("\xE0\x00", 2));
        }
        drop_connection(*who);
    }
    if (world_.outlives_case()) {
        forget_sessions(now_ms() + timeout_ms);
        forget_retained(now_ms() + timeout_ms);
    }
}

} // namespace conformance
