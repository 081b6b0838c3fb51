// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See runner.h. Every step is a function that returns whether the case goes on; the verdict is
// settled in one place.

#include "conformance/runner.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

constexpr uint64_t nothing_default_ms = 200;
constexpr uint64_t optional_default_ms = 200;
constexpr uint64_t first_refusal = 0x80;

// An alternative being followed. `scope` has what it captured so far.
struct path {
    grade outcome = grade::pass;
    std::vector<expect_item> items;
    scope variables;
};

field_spec reason_at_least_80() {
    field_spec reason;
    reason.name = "reason";
    reason.compare = comparison::greater_equal;
    operand limit;
    limit.number = first_refusal;
    reason.operands.push_back(limit);
    return reason;
}

expect_item close_item() {
    expect_item item;
    item.what = expect_item::kind::close;
    return item;
}

path path_of_refusal(packet_type type, const field_spec &reason, grade outcome,
                     const scope &variables) {
    expect_item refusal;
    refusal.packet.type = type;
    refusal.packet.fields.push_back(reason);
    return {outcome, {refusal, close_item()}, variables};
}

// The table "the end of a connection" of docs/conformance.md.
std::vector<path> paths_of_end(const expect_item &end, const client &who, const scope &variables) {
    std::vector<path> paths;
    const bool named = !end.packet.fields.empty();
    const bool before = !who.connected;
    if (who.version >= 5) {
        const packet_type type = before ? packet_type::connack : packet_type::disconnect;
        if (named) {
            paths.push_back(path_of_refusal(type, end.packet.fields[0], grade::pass, variables));
        }
        paths.push_back(path_of_refusal(type, reason_at_least_80(),
                                        named ? grade::lenient : grade::pass, variables));
    }
    const bool lenient = who.version >= 5 && named && !before;
    paths.push_back({lenient ? grade::lenient : grade::pass, {close_item()}, variables});
    return paths;
}

// What the bytes of a raw piece mean, if they are a packet at all.
std::string describe_raw(std::string_view bytes, unsigned version) {
    size_t size = 0;
    if (wire_frame(bytes, &size) != frame_status::complete || size != bytes.size()) {
        return "raw bytes";
    }
    event sent;
    sent.packet = wire_decode(bytes, version, false);
    return "raw " + sent.describe();
}

struct taken {
    bool found = false;
    decoded packet;
};

class runner {
  public:
    runner(const test_case &scenario, world &place, const run_options &options)
        : scenario_(scenario), world_(place), options_(options),
          stage_(scenario, place, options.prefix) {
        const auto &needs = scenario.needs;
        if (std::find(needs.begin(), needs.end(), "no_anonymous") == needs.end()) {
            stage_.set_credentials(options.user_name, options.password);
        }
    }

    case_result run() {
        const uint64_t begin = world_.now_ms();
        if (needs_met()) {
            steps(scenario_.steps);
            stage_.clean_up(options_.timeout_ms);
        }
        result_.duration_ms = world_.now_ms() - begin;
        result_.log = std::move(stage_.log);
        return std::move(result_);
    }

  private:
    bool needs_met();
    bool steps(const std::vector<step> &list);
    bool one(const step &each);
    bool repeat(const step &each);
    bool settle(verdict outcome, const std::string &reason, unsigned line);
    bool decided(const step &each);
    bool miss(const step &each, const std::string &reason);
    bool missing_variable(const step &each, const scope &used);
    uint64_t timeout_of(const step &each) const;

    packet resolve(const packet_spec &spec);
    std::string raw_bytes(const std::vector<raw_token> &tokens);
    std::string token_bytes(const raw_token &token);
    bool send(const step &each);
    bool send_packet(const step &each, client &who, packet content);
    bool send_ack(const step &each, client &who, packet_type type, uint64_t id);

    std::vector<path> paths(const step &each, const client &who);
    uint64_t deadline_for(const step &each, const std::vector<path> &alive, size_t index,
                          uint64_t first);
    bool item_fits(const expect_item &item, const event *came, scope *variables, std::string *why);
    bool expect(const step &each, client &who, packet *consumed = nullptr);
    bool finish_expect(const step &each, client &who, const path &best, size_t count);
    bool mismatch(const step &each, const event *came, const std::string &why, uint64_t waited_ms);
    bool either(const step &each);
    bool unordered(const step &each, client &who);
    bool assign(const std::vector<packet_spec> &wanted, std::vector<bool> *used,
                const std::vector<const decoded *> &came, size_t at, scope *variables);

    taken take(client &who, packet_type type, uint64_t id, uint64_t deadline_ms, std::string *why);
    bool preparation(const step &each, const std::string &why);
    bool connect(const step &each, client &who);
    bool filters(const step &each, client &who);
    bool publish(const step &each, client &who);
    bool publish_acks(const step &each, client &who, uint64_t qos, uint64_t id);
    bool disconnect(const step &each, client &who);
    bool ping(const step &each, client &who);
    bool receive(const step &each, client &who);

    const test_case &scenario_;
    world &world_;
    const run_options &options_;
    stage stage_;
    case_result result_;
};

// --- verdicts
// ----------------------------------------------------------------------------------------

bool runner::needs_met() {
    for (const std::string &need : scenario_.needs) {
        const auto &lacks = options_.lacks;
        if (std::find(lacks.begin(), lacks.end(), need) != lacks.end()) {
            return settle(verdict::not_supported, "needs " + need + ", which the broker lacks", 0);
        }
        const need_kind kind = script_need(need)->kind;
        const bool asked = kind == need_kind::configuration || kind == need_kind::transport;
        if (asked && !world_.satisfies(need)) {
            return settle(verdict::not_supported, "needs " + need, 0);
        }
    }
    return true;
}

// Keeps the worst verdict. Returns whether the case goes on.
bool runner::settle(verdict outcome, const std::string &reason, unsigned line) {
    if (outcome > result_.verdict) {
        result_.verdict = outcome;
        result_.reason = reason;
        result_.line = line;
    }
    return outcome < verdict::not_supported;
}

// What has been seen on any connection that decides the case, whatever this step is about.
bool runner::decided(const step &each) {
    if (!stage_.malformed.empty()) {
        settle(verdict::fail, "the broker sent a malformed packet: " + stage_.malformed,
               each.line);
    } else if (!stage_.unsupported.empty()) {
        settle(verdict::not_supported, stage_.unsupported, each.line);
    } else {
        return false;
    }
    return true;
}

bool runner::miss(const step &each, const std::string &reason) {
    if (decided(each)) {
        return false;
    }
    return settle(each.given ? verdict::inconclusive : verdict::fail, reason, each.line);
}

bool runner::missing_variable(const step &each, const scope &used) {
    if (used.missing.empty()) {
        return false;
    }
    settle(verdict::inconclusive, "$" + used.missing + " has no value here", each.line);
    return true;
}

uint64_t runner::timeout_of(const step &each) const {
    return each.within_ms.value_or(each.optional ? optional_default_ms : options_.timeout_ms);
}

// --- steps
// -------------------------------------------------------------------------------------------

bool runner::steps(const std::vector<step> &list) {
    for (const step &each : list) {
        if (!one(each) || decided(each)) {
            return false;
        }
    }
    return true;
}

bool runner::one(const step &each) {
    if (each.kind == step_kind::wait) {
        const uint64_t until = stage_.now_ms() + each.duration_ms;
        while (stage_.pump(until)) {
        }
        return true;
    }
    if (each.kind == step_kind::repeat) {
        return repeat(each);
    }
    if (each.clients.size() > 1) {
        return either(each);
    }
    client &who = stage_.by_name(each.clients[0]);
    switch (each.kind) {
    case step_kind::open:
        return stage_.open(who) ||
               settle(verdict::inconclusive, "no connection: " + stage_.error, each.line);
    case step_kind::send:
        return send(each);
    case step_kind::close:
        stage_.close(who);
        return true;
    case step_kind::abort:
        stage_.abort(who);
        return true;
    case step_kind::ignore:
        stage_.ignore(who, each.packets[0]);
        return true;
    case step_kind::drain: {
        const uint64_t until = stage_.now_ms() + each.duration_ms;
        while (stage_.pump(until)) {
        }
        stage_.drain(who);
        return true;
    }
    case step_kind::connect:
        return connect(each, who);
    case step_kind::subscribe:
    case step_kind::unsubscribe:
        return filters(each, who);
    case step_kind::publish:
        return publish(each, who);
    case step_kind::disconnect:
        return disconnect(each, who);
    case step_kind::ping:
        return ping(each, who);
    default:
        break;
    }
    if (who.connection < 0) {
        return settle(verdict::inconclusive, who.name + " has no connection to expect anything on",
                      each.line);
    }
    if (each.kind == step_kind::unordered) {
        return unordered(each, who);
    }
    return each.kind == step_kind::receive ? receive(each, who) : expect(each, who);
}

bool runner::repeat(const step &each) {
    const value count = match_resolve(each.count, &stage_.variables);
    if (missing_variable(each, stage_.variables)) {
        return false;
    }
    const std::map<std::string, value> before = stage_.variables.variables;
    for (uint64_t i = 1; i <= count.number; i++) {
        stage_.variables.variables = before;
        if (!each.counter.empty()) {
            stage_.variables.variables[each.counter] = value::of(i);
        }
        if (!steps(each.body)) {
            return false;
        }
    }
    return true;
}

// --- sending
// -----------------------------------------------------------------------------------------

packet runner::resolve(const packet_spec &spec) {
    packet result;
    result.type = spec.type;
    for (const field_spec &field : spec.fields) {
        result.fields.push_back({field.name, match_resolve(field.operands[0], &stage_.variables)});
    }
    return result;
}

std::string runner::token_bytes(const raw_token &token) {
    const value content = match_resolve(token.content, &stage_.variables);
    const auto big_endian = [](uint64_t number, unsigned count) {
        std::string out;
        for (unsigned i = count; i > 0; i--) {
            out += static_cast<char>(number >> (8 * (i - 1)) & 0xFF);
        }
        return out;
    };
    switch (token.what) {
    case raw_token::kind::variable_integer:
        return wire_variable_integer(static_cast<uint32_t>(content.number));
    case raw_token::kind::two_bytes:
        return big_endian(content.number, 2);
    case raw_token::kind::four_bytes:
        return big_endian(content.number, 4);
    case raw_token::kind::counted_text:
        return big_endian(token.written_length.value_or(content.bytes.size()), 2) + content.bytes;
    default:
        return content.bytes;
    }
}

// From the end, since r* counts what follows it.
std::string runner::raw_bytes(const std::vector<raw_token> &tokens) {
    std::string out;
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {
        if (token->what == raw_token::kind::rest_length) {
            out.insert(0, wire_variable_integer(static_cast<uint32_t>(out.size())));
        } else {
            out.insert(0, token_bytes(*token));
        }
    }
    return out;
}

bool runner::send(const step &each) {
    client &who = stage_.by_name(each.clients[0]);
    if (!stage_.ensure_open(who)) {
        return settle(verdict::inconclusive, "no connection: " + stage_.error, each.line);
    }
    std::string bytes;
    std::string line;
    for (const send_piece &piece : each.pieces) {
        packet content = resolve(piece.packet);
        line += line.empty() ? "" : " & ";
        if (piece.raw) {
            const std::string raw = raw_bytes(piece.tokens);
            if (stage_.lacks_credentials(raw)) {
                return settle(verdict::not_supported,
                              "its CONNECT is written as bytes, without user name and password",
                              each.line);
            }
            bytes += raw;
            line += describe_raw(raw, who.version);
        } else {
            bytes += stage_.encode(who, &content);
            line += wire_describe(content);
        }
    }
    if (missing_variable(each, stage_.variables)) {
        return false;
    }
    stage_.send(who, bytes, each.text ? send_text : each.split, line);
    return true;
}

bool runner::send_packet(const step &each, client &who, packet content) {
    if (!stage_.ensure_open(who)) {
        return settle(verdict::inconclusive, "no connection: " + stage_.error, each.line);
    }
    if (missing_variable(each, stage_.variables)) {
        return false;
    }
    const std::string bytes = stage_.encode(who, &content);
    stage_.send(who, bytes, 0, wire_describe(content));
    return true;
}

bool runner::send_ack(const step &each, client &who, packet_type type, uint64_t id) {
    packet ack;
    ack.type = type;
    ack.fields.push_back({"packet_id", value::of(id)});
    return send_packet(each, who, ack);
}

// --- expecting
// ---------------------------------------------------------------------------------------

std::vector<path> runner::paths(const step &each, const client &who) {
    std::vector<path> result;
    for (const alternative &next : each.alternatives) {
        if (next.items.back().what == expect_item::kind::end) {
            for (path &way : paths_of_end(next.items.back(), who, stage_.variables)) {
                way.outcome = std::max(way.outcome, next.grade);
                way.items.insert(way.items.begin(), next.items.begin(), next.items.end() - 1);
                result.push_back(std::move(way));
            }
        } else {
            result.push_back({next.grade, next.items, stage_.variables});
        }
    }
    return result;
}

// `nothing` alone waits its own time; beside alternatives a time it names rules, unless `within`
// does.
uint64_t runner::deadline_for(const step &each, const std::vector<path> &alive, size_t index,
                              uint64_t first) {
    bool only_nothing = true;
    std::optional<uint64_t> named;
    for (const path &way : alive) {
        const expect_item &item = way.items[index];
        only_nothing = only_nothing && item.what == expect_item::kind::nothing;
        if (item.what == expect_item::kind::nothing && item.duration_ms) {
            named = std::max(named.value_or(0), *item.duration_ms);
        }
    }
    const uint64_t from = index == 0 ? first : stage_.now_ms();
    if (only_nothing) {
        return from + named.value_or(each.within_ms.value_or(nothing_default_ms));
    }
    return from + (each.within_ms ? *each.within_ms : named.value_or(timeout_of(each)));
}

bool runner::item_fits(const expect_item &item, const event *came, scope *variables,
                       std::string *why) {
    switch (item.what) {
    case expect_item::kind::nothing:
        return came == nullptr;
    case expect_item::kind::packet:
        return came != nullptr && came->kind == event_kind::packet &&
               match_packet(item.packet, came->packet, variables, why);
    default:
        return came != nullptr && came->kind == event_kind::close;
    }
}

bool runner::mismatch(const step &each, const event *came, const std::string &why,
                      uint64_t waited_ms) {
    std::string reason = "expected: " + each.source + "\n";
    if (came == nullptr) {
        reason += "came: nothing within " + std::to_string(waited_ms) + " ms";
    } else {
        reason += "came: " + came->describe();
    }
    return miss(each, why.empty() ? reason : reason + "\nbut " + why);
}

// Follows all alternatives at once; the first to be complete is taken, of several the best grade.
bool runner::expect(const step &each, client &who, packet *consumed) {
    std::vector<path> alive = paths(each, who);
    const uint64_t begin = stage_.now_ms();
    size_t count = 0; // of events; `nothing` is an item without one
    for (size_t index = 0;; index++) {
        const event *came = stage_.await(who, count, deadline_for(each, alive, index, begin));
        count += came == nullptr ? 0 : 1;
        const path *best = nullptr;
        std::string why;
        std::vector<path> next;
        std::vector<path> complete;
        for (path &way : alive) {
            if (!item_fits(way.items[index], came, &way.variables, &why)) {
                continue;
            }
            (way.items.size() == index + 1 ? complete : next).push_back(std::move(way));
        }
        for (const path &way : complete) {
            best = best == nullptr || way.outcome < best->outcome ? &way : best;
        }
        if (best != nullptr) {
            if (consumed != nullptr && came != nullptr) {
                *consumed = came->packet.packet;
            }
            return finish_expect(each, who, *best, count);
        }
        if (next.empty() && each.optional &&
            (came == nullptr || came->kind != event_kind::broken)) {
            return true;
        }
        if (next.empty()) {
            return mismatch(each, came, why, stage_.now_ms() - begin);
        }
        alive = std::move(next);
    }
}

bool runner::finish_expect(const step &each, client &who, const path &best, size_t count) {
    if (missing_variable(each, best.variables)) {
        return false;
    }
    stage_.consume(who, count);
    stage_.variables = best.variables;
    if (best.outcome == grade::pass) {
        return true;
    }
    return settle(best.outcome == grade::lenient ? verdict::lenient : verdict::undefined,
                  "an alternative that is graded came about: " + each.source, each.line);
}

bool runner::either(const step &each) {
    std::vector<client *> some;
    for (const std::string &name : each.clients) {
        some.push_back(&stage_.by_name(name));
    }
    const auto ready = [](const client *who) { return !who->queue.empty() || who->close_seen; };
    const uint64_t deadline = stage_.now_ms() + timeout_of(each);
    auto winner = std::find_if(some.begin(), some.end(), ready);
    while (winner == some.end() && stage_.pump(deadline)) {
        winner = std::find_if(some.begin(), some.end(), ready);
    }
    if (winner != some.end()) {
        std::rotate(some.begin(), winner, winner + 1);
    }
    for (size_t i = 0; i < each.aliases.size(); i++) {
        stage_.alias(each.aliases[i], *some[i]);
    }
    if (winner != some.end()) {
        return expect(each, *some[0]);
    }
    step at_once = each;
    at_once.within_ms = 0;
    return expect(at_once, *some[0]);
}

// Gives each packet that came a packet of the block of its own, if that is possible.
bool runner::assign(const std::vector<packet_spec> &wanted, std::vector<bool> *used,
                    const std::vector<const decoded *> &came, size_t at, scope *variables) {
    if (at == came.size()) {
        return true;
    }
    for (size_t i = 0; i < wanted.size(); i++) {
        scope attempt = *variables;
        std::string why;
        if ((*used)[i] || !match_packet(wanted[i], *came[at], &attempt, &why)) {
            continue;
        }
        (*used)[i] = true;
        if (assign(wanted, used, came, at + 1, &attempt)) {
            *variables = std::move(attempt);
            return true;
        }
        (*used)[i] = false;
    }
    return false;
}

bool runner::unordered(const step &each, client &who) {
    const uint64_t begin = stage_.now_ms();
    const uint64_t deadline = begin + timeout_of(each);
    scope best = stage_.variables;
    for (size_t count = 1; count <= each.packets.size(); count++) {
        const event *last = stage_.await(who, count - 1, deadline);
        if (last == nullptr || last->kind != event_kind::packet) {
            return mismatch(each, last,
                            std::to_string(count - 1) + " packets of the block came before",
                            stage_.now_ms() - begin);
        }
        std::vector<const decoded *> came;
        for (size_t i = 0; i < count; i++) {
            came.push_back(&who.queue[i].packet);
        }
        std::vector<bool> used(each.packets.size(), false);
        best = stage_.variables;
        if (!assign(each.packets, &used, came, 0, &best)) {
            return mismatch(each, last, "no packet of the block is left that fits", 0);
        }
    }
    stage_.consume(who, each.packets.size());
    stage_.variables = best;
    return true;
}

// --- steps in one word
// -------------------------------------------------------------------------------

bool runner::preparation(const step &each, const std::string &why) {
    step given = each;
    given.given = true;
    return miss(given, "the preparation did not succeed: " + each.source + "\n" + why);
}

// The first packet of this type (and identifier, unless 0) in the queue; what comes before it
// stays.
taken runner::take(client &who, packet_type type, uint64_t id, uint64_t deadline_ms,
                   std::string *why) {
    taken result;
    for (size_t index = 0;; index++) {
        const event *came = stage_.await(who, index, deadline_ms);
        if (came == nullptr) {
            *why = std::string("came: no ") + packet_name(type) + " in time";
            return result;
        }
        if (came->kind != event_kind::packet) {
            *why = "came: " + came->describe();
            return result;
        }
        const packet &content = came->packet.packet;
        if (content.type == type && (id == 0 || content.number("packet_id") == id)) {
            result.found = true;
            result.packet = came->packet;
            stage_.consume_at(who, index);
            return result;
        }
    }
}

bool runner::connect(const step &each, client &who) {
    if (!send_packet(each, who, resolve(each.packets[0]))) {
        return false;
    }
    std::string why;
    const taken connack =
        take(who, packet_type::connack, 0, stage_.now_ms() + timeout_of(each), &why);
    if (!connack.found) {
        return preparation(each, why);
    }
    if (connack.packet.packet.number("reason") != 0) {
        return preparation(each, "came: " + wire_describe(connack.packet.packet));
    }
    return true;
}

bool runner::filters(const step &each, client &who) {
    const bool subscribe = each.kind == step_kind::subscribe;
    packet content = resolve(each.packets[0]);
    const uint64_t id = content.number("packet_id", who.next_packet_id);
    if (!send_packet(each, who, content)) {
        return false;
    }
    std::string why;
    const packet_type answer = subscribe ? packet_type::suback : packet_type::unsuback;
    const taken ack = take(who, answer, id, stage_.now_ms() + timeout_of(each), &why);
    if (!ack.found) {
        return preparation(each, why);
    }
    if (!subscribe) {
        return true;
    }
    std::vector<uint64_t> asked;
    for (const field &item : content.fields) {
        if (item.name == "filter") {
            asked.push_back(0);
        } else if (item.name == "qos" || item.name == "options") {
            asked.back() = item.value.number & 3;
        }
    }
    std::vector<uint64_t> granted;
    for (const field &item : ack.packet.packet.fields) {
        if (item.name == "reason") {
            granted.push_back(item.value.number);
        }
    }
    return asked == granted || preparation(each, "came: " + wire_describe(ack.packet.packet));
}

bool runner::publish(const step &each, client &who) {
    packet content = resolve(each.packets[0]);
    const uint64_t qos = content.number("qos");
    const uint64_t id = content.number("packet_id", who.next_packet_id);
    return send_packet(each, who, content) && publish_acks(each, who, qos, id);
}

bool runner::publish_acks(const step &each, client &who, uint64_t qos, uint64_t id) {
    if (qos == 0) {
        return true;
    }
    std::string why;
    const packet_type first = qos == 1 ? packet_type::puback : packet_type::pubrec;
    taken ack = take(who, first, id, stage_.now_ms() + timeout_of(each), &why);
    if (ack.found && qos == 2 && ack.packet.packet.number("reason") < first_refusal) {
        if (!send_ack(each, who, packet_type::pubrel, id)) {
            return false;
        }
        ack = take(who, packet_type::pubcomp, id, stage_.now_ms() + timeout_of(each), &why);
    }
    if (!ack.found) {
        return preparation(each, why);
    }
    return ack.packet.packet.number("reason") < first_refusal ||
           preparation(each, "came: " + wire_describe(ack.packet.packet));
}

bool runner::disconnect(const step &each, client &who) {
    if (!send_packet(each, who, resolve(each.packets[0]))) {
        return false;
    }
    const uint64_t deadline = stage_.now_ms() + timeout_of(each);
    size_t index = 0;
    while (const event *came = stage_.await(who, index, deadline)) {
        if (came->kind == event_kind::close) {
            break;
        }
        index++;
    }
    stage_.close(who);
    return true;
}

bool runner::ping(const step &each, client &who) {
    if (!send_packet(each, who, resolve(each.packets[0]))) {
        return false;
    }
    std::string why;
    const uint64_t deadline = stage_.now_ms() + timeout_of(each);
    return take(who, packet_type::pingresp, 0, deadline, &why).found || preparation(each, why);
}

bool runner::receive(const step &each, client &who) {
    step expectation = each;
    alternative only;
    only.items.push_back({expect_item::kind::packet, each.packets[0], std::nullopt});
    expectation.alternatives = {only};
    packet message;
    if (!expect(expectation, who, &message)) {
        return false;
    }
    const uint64_t id = message.number("packet_id");
    if (message.number("qos") == 0) {
        return true;
    }
    if (message.number("qos") == 1) {
        return send_ack(each, who, packet_type::puback, id);
    }
    if (!send_ack(each, who, packet_type::pubrec, id)) {
        return false;
    }
    std::string why;
    if (!take(who, packet_type::pubrel, id, stage_.now_ms() + timeout_of(each), &why).found) {
        return miss(each, "expected: PUBREL after the PUBREC of " + each.source + "\n" + why);
    }
    return send_ack(each, who, packet_type::pubcomp, id);
}

} // namespace

const char *verdict_name(verdict which) {
    static constexpr std::array<const char *, verdict_count> names = {
        "pass", "undefined", "lenient", "not supported", "inconclusive", "fail"};
    return names[static_cast<size_t>(which)];
}

case_result runner_run(const test_case &scenario, world &place, const run_options &options) {
    return runner(scenario, place, options).run();
}

std::string runner_log_text(const std::vector<log_entry> &log, const std::string &indent) {
    constexpr size_t shown_bytes_max = 128;
    std::string out;
    for (const log_entry &entry : log) {
        std::array<char, 32> time{};
        std::snprintf(time.data(), time.size(), "%8llu ms  ",
                      static_cast<unsigned long long>(entry.at_ms));
        const char *arrow = entry.direction == log_direction::sent       ? " > "
                            : entry.direction == log_direction::received ? " < "
                                                                         : " - ";
        out += indent + time.data() + entry.client + arrow + entry.line + "\n";
        const std::string_view bytes = entry.bytes;
        if (!bytes.empty()) {
            out += indent + std::string(13, ' ') + "    " +
                   wire_hex(bytes.substr(0, shown_bytes_max));
            out += bytes.size() > shown_bytes_max
                       ? " … (" + std::to_string(bytes.size()) + " bytes)\n"
                       : "\n";
        }
    }
    return out;
}

} // namespace conformance
