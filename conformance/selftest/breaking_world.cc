// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The bytes between a case and a broker, with one rule broken on the way.

#include "conformance/selftest/breaking_world.h"

#include <algorithm>
#include <utility>

namespace conformance {

namespace {

constexpr unsigned version_min = 3;
constexpr unsigned version_max = 5;
constexpr unsigned version_otherwise = 4; // to read what precedes any CONNECT

unsigned version_of(const packet &connect) {
    const uint64_t level = connect.number("version", connect.number("protocol_level"));
    return level < version_min || level > version_max ? version_otherwise
                                                      : static_cast<unsigned>(level);
}

parcel parcel_of(std::string_view bytes, unsigned version, bool from_server) {
    decoded read = wire_decode(bytes, version, from_server);
    parcel result;
    result.content = std::move(read.packet);
    result.flags = read.flags;
    result.bytes = bytes;
    result.problems = std::move(read.problems);
    return result;
}

parcel unreadable_parcel(std::string_view bytes) {
    parcel result;
    result.bytes = bytes;
    result.problems = {"Remaining Length is longer than four bytes"};
    return result;
}

} // namespace

// ---- Parcels ----------------------------------------------------------------------------------

uint64_t parcel::number(std::string_view name, uint64_t otherwise) const {
    return content.number(name, otherwise);
}

std::string parcel::text(std::string_view name) const {
    const value *found = content.find(name);
    return found == nullptr ? "" : found->bytes;
}

bool parcel::troubled(std::string_view words) const {
    return std::any_of(problems.begin(), problems.end(), [&](const std::string &problem) {
        return problem.find(words) != std::string::npos;
    });
}

void parcel::set(std::string_view name, uint64_t number) {
    changed = true;
    const bool known = has(name);
    for (field &each : content.fields) {
        if (each.name == name) {
            each.value = value::of(number);
        }
    }
    if (!known) {
        content.fields.push_back({std::string(name), value::of(number)});
    }
}

void parcel::set_text(std::string_view name, std::string_view text) {
    changed = true;
    const bool known = has(name);
    for (field &each : content.fields) {
        if (each.name == name) {
            each.value = value::of(std::string(text));
        }
    }
    if (!known) {
        content.fields.push_back({std::string(name), value::of(std::string(text))});
    }
}

void parcel::remove(std::string_view name) {
    std::vector<field> &all = content.fields;
    const auto kept = std::remove_if(all.begin(), all.end(),
                                     [&](const field &each) { return each.name == name; });
    changed = changed || kept != all.end();
    all.erase(kept, all.end());
}

void parcel::replace(std::string whole) {
    bytes = std::move(whole);
    changed = false;
}

std::string channel::id() const {
    const value *found = connect.find("id");
    return found == nullptr ? "" : found->bytes;
}

breach &&breach::ask(hook with) && {
    asking = std::move(with);
    return std::move(*this);
}

breach &&breach::answer(hook with) && {
    answering = std::move(with);
    return std::move(*this);
}

breach &&breach::close(std::function<bool(breaking_world &, channel &)> with) && {
    closing = std::move(with);
    return std::move(*this);
}

breach &&breach::leave(std::function<void(breaking_world &, channel &)> with) && {
    leaving = std::move(with);
    return std::move(*this);
}

breach &&breach::noticed_as(verdict grade) && {
    expected = grade;
    return std::move(*this);
}

// ---- The world --------------------------------------------------------------------------------

breaking_world::~breaking_world() {
    for (const std::unique_ptr<channel> &each : channels_) {
        give_up(*each);
    }
    if (publisher_ >= 0) {
        broker_.close(publisher_);
    }
}

int breaking_world::open(const std::string &client, std::string *error) {
    auto made = std::make_unique<channel>();
    made->inner = broker_.open(client, error);
    if (made->inner < 0) {
        return -1;
    }
    made->outer = static_cast<int>(channels_.size());
    made->client = client;
    channels_.push_back(std::move(made));
    return channels_.back()->outer;
}

void breaking_world::send(int connection, std::string_view bytes) {
    channel &on = by_outer(connection);
    on.from_case += bytes;
    ask(on);
}

void breaking_world::send_text(int connection, std::string_view bytes) {
    channel &on = by_outer(connection);
    flush(on);
    if (on.inner >= 0) {
        broker_.send_text(on.inner, bytes);
    }
}

void breaking_world::close(int connection) {
    channel &on = by_outer(connection);
    flush(on);
    on.left = true;
    if (on.inner >= 0) {
        broker_.close(std::exchange(on.inner, -1));
    }
    if (rule_.leaving) {
        rule_.leaving(*this, on);
    }
}

void breaking_world::abort(int connection) {
    channel &on = by_outer(connection);
    flush(on);
    on.left = true;
    give_up(on);
    if (rule_.leaving) {
        rule_.leaving(*this, on);
    }
}

std::vector<arrival> breaking_world::poll(uint64_t deadline_ms) {
    for (const std::unique_ptr<channel> &each : channels_) {
        flush(*each);
    }
    for (;;) {
        std::vector<arrival> out = deliveries();
        for (const arrival &news : broker_.poll(out.empty() ? deadline_ms : now_ms())) {
            take(news);
        }
        for (arrival &more : deliveries()) {
            out.push_back(std::move(more));
        }
        if (!out.empty() || now_ms() >= deadline_ms) {
            return out;
        }
    }
}

// ---- From the case to the broker --------------------------------------------------------------

void breaking_world::ask(channel &on) {
    size_t size = 0;
    while (!on.left && !on.closed && !on.from_case.empty()) {
        const frame_status status =
            on.unreadable ? frame_status::malformed : wire_frame(on.from_case, &size);
        if (status == frame_status::incomplete) {
            return;
        }
        if (status == frame_status::malformed) {
            parcel rest = unreadable_parcel(std::exchange(on.from_case, ""));
            rest.bytes.erase(0, std::exchange(on.passed_bytes, 0));
            on.unreadable = true;
            pass(on, std::move(rest), true);
            return;
        }
        const std::string bytes = on.from_case.substr(0, size);
        on.from_case.erase(0, size);
        if (const size_t passed = std::exchange(on.passed_bytes, 0); passed > 0) {
            forward(on, std::string_view(bytes).substr(passed));
            continue;
        }
        parcel what = parcel_of(bytes, on.version, false);
        learn_request(on, what);
        pass(on, std::move(what), true);
    }
}

// Time is about to pass, so the broker has to see what has been sent of an unfinished packet.
void breaking_world::flush(channel &on) {
    if (on.from_case.size() > on.passed_bytes) {
        forward(on, std::string_view(on.from_case).substr(on.passed_bytes));
        on.passed_bytes = on.from_case.size();
    }
}

void breaking_world::learn_request(channel &on, const parcel &what) {
    if (what.is(packet_type::connect) && on.connect.type == packet_type::reserved) {
        on.connect = what.content;
        on.version = version_of(what.content);
    } else if (what.is(packet_type::subscribe)) {
        on.subscriptions.push_back(what.content);
    } else if (what.is(packet_type::disconnect)) {
        on.said_goodbye = true;
    }
}

void breaking_world::forward(channel &on, std::string_view bytes) {
    if (on.inner >= 0 && !bytes.empty()) {
        broker_.send(on.inner, bytes);
    }
}

// ---- From the broker to the case --------------------------------------------------------------

void breaking_world::take(const arrival &news) {
    channel *on = by_inner(news.connection);
    if (on == nullptr) {
        return; // of the hidden publisher
    }
    on->from_broker += news.bytes;
    on->problem = news.problem;
    answer(*on);
    if (news.closed && !on->closed) {
        on->closed = !rule_.closing || rule_.closing(*this, *on);
    }
}

void breaking_world::answer(channel &on) {
    size_t size = 0;
    while (!on.closed && wire_frame(on.from_broker, &size) == frame_status::complete) {
        parcel what =
            parcel_of(std::string_view(on.from_broker).substr(0, size), on.version, true);
        on.from_broker.erase(0, size);
        learn_answer(on, what);
        pass(on, std::move(what), false);
    }
}

void breaking_world::learn_answer(channel &on, const parcel &what) {
    if (what.is(packet_type::connack)) {
        on.accepted = what.number("reason") == 0;
        on.refused = !on.accepted;
    }
}

std::vector<arrival> breaking_world::deliveries() {
    std::vector<arrival> out;
    for (const std::unique_ptr<channel> &each : channels_) {
        channel &on = *each;
        const bool anything = !on.waiting.empty() || !on.problem.empty() || on.closed;
        if (on.left || on.close_reported || !anything) {
            continue;
        }
        arrival news;
        news.connection = on.outer;
        news.bytes = std::exchange(on.waiting, "");
        news.closed = on.closed;
        news.problem = std::exchange(on.problem, "");
        out.push_back(std::move(news));
        on.close_reported = on.closed;
    }
    return out;
}

// ---- Both ways --------------------------------------------------------------------------------

void breaking_world::pass(channel &on, parcel what, bool from_case) {
    const breach::hook &hook = from_case ? rule_.asking : rule_.answering;
    std::string behind;
    std::string *const outside = std::exchange(behind_, &behind);
    if (hook) {
        hook(*this, on, what);
    }
    behind_ = outside;
    std::string bytes;
    if (!what.dropped) {
        bytes = what.changed ? wire_encode(what.content, on.version) : what.bytes;
    }
    bytes += behind;
    if (from_case) {
        forward(on, bytes);
    } else if (!on.left && !on.closed) {
        on.waiting += bytes;
    }
}

void breaking_world::give(channel &to, const packet &what) {
    give_bytes(to, wire_encode(what, to.version));
}

void breaking_world::give_bytes(channel &to, std::string_view bytes) {
    if (!to.left && !to.closed) {
        to.waiting += bytes;
    }
}

void breaking_world::follow(channel &to, const packet &what) {
    *behind_ += wire_encode(what, to.version);
}

void breaking_world::tell(channel &from, const packet &what) {
    forward(from, wire_encode(what, from.version));
}

void breaking_world::tell_after(channel &from, const packet &what) {
    *behind_ += wire_encode(what, from.version);
}

void breaking_world::end(channel &on) {
    on.closed = true;
    give_up(on);
}

void breaking_world::publish(packet message) {
    if (publisher_ < 0) {
        std::string error;
        publisher_ = broker_.open("publisher of the breach", &error);
        packet connect{packet_type::connect, {{"id", value::of("breach")}}};
        broker_.send(publisher_, wire_encode(connect, version_max));
    }
    auto &fields = message.fields;
    const auto unwanted = [](const field &each) {
        return each.name == "qos" || each.name == "packet_id" || each.name == "dup" ||
               each.name == "topic_alias";
    };
    fields.erase(std::remove_if(fields.begin(), fields.end(), unwanted), fields.end());
    broker_.send(publisher_, wire_encode(message, version_max));
}

std::vector<channel *> breaking_world::accepted() {
    std::vector<channel *> out;
    for (const std::unique_ptr<channel> &each : channels_) {
        if (each->accepted && !each->left && !each->closed && !each->said_goodbye) {
            out.push_back(each.get());
        }
    }
    return out;
}

channel &breaking_world::by_outer(int connection) {
    return *channels_.at(static_cast<size_t>(connection));
}

channel *breaking_world::by_inner(int connection) {
    for (const std::unique_ptr<channel> &each : channels_) {
        if (each->inner == connection) {
            return each.get();
        }
    }
    return nullptr;
}

void breaking_world::give_up(channel &on) {
    if (on.inner >= 0) {
        broker_.abort(std::exchange(on.inner, -1));
    }
}

} // namespace conformance
