// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the breaches have in common.

#include "conformance/selftest/rules.h"

#include <algorithm>
#include <iterator>

namespace conformance {

std::vector<breach> rules_all() {
    std::vector<breach> all;
    for (auto *chapter : {rules_of_connect, rules_of_sessions, rules_of_publish, rules_of_delivery,
                          rules_of_subscribe, rules_of_errors}) {
        std::vector<breach> some = chapter();
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

breach::hook set_in(packet_type type, std::string name, uint64_t number) {
    return [=](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            what.set(name, number);
        }
    };
}

breach::hook strip_from(packet_type type, std::string name) {
    return [=](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            what.remove(name);
        }
    };
}

breach::hook lose(packet_type type) {
    return [=](breaking_world &, channel &, parcel &what) {
        if (what.is(type)) {
            what.drop();
        }
    };
}

breach::hook overlook(packet_type type, std::string problem) {
    return [=](breaking_world &, channel &, parcel &what) {
        if (what.is(type) && what.troubled(problem)) {
            what.drop();
        }
    };
}

bool hide_close_after_error(breaking_world &, channel &on) {
    return on.said_goodbye;
}

packet packet_of(packet_type type) {
    return {type, {}};
}

packet acknowledgement(packet_type type, uint64_t packet_id) {
    return {type, {{"packet_id", value::of(packet_id)}}};
}

packet suback_for(const parcel &subscribe) {
    packet answer = acknowledgement(packet_type::suback, subscribe.number("packet_id"));
    for (const field &each : subscribe.content.fields) {
        if (each.name == "qos") {
            answer.fields.push_back({"reason", each.value});
        }
    }
    return answer;
}

packet unsuback_for(const parcel &unsubscribe, unsigned version) {
    packet answer = acknowledgement(packet_type::unsuback, unsubscribe.number("packet_id"));
    for (size_t i = 0; version >= 5 && i < filters_in(unsubscribe.content).size(); i++) {
        answer.fields.push_back({"reason", value::of(uint64_t{0})});
    }
    return answer;
}

std::vector<std::string> filters_in(const packet &subscribe) {
    std::vector<std::string> filters;
    for (const field &each : subscribe.fields) {
        if (each.name == "filter") {
            filters.push_back(each.value.bytes);
        }
    }
    return filters;
}

bool filter_matches(std::string_view filter, std::string_view name) {
    if (filter == "#") {
        return true;
    }
    const size_t filter_end = filter.find('/');
    const size_t name_end = name.find('/');
    const std::string_view level = filter.substr(0, filter_end);
    if (level != "+" && level != name.substr(0, name_end)) {
        return false;
    }
    if (filter_end == std::string_view::npos) {
        return name_end == std::string_view::npos;
    }
    const std::string_view rest = filter.substr(filter_end + 1);
    if (name_end == std::string_view::npos) {
        return rest == "#";
    }
    return filter_matches(rest, name.substr(name_end + 1));
}

} // namespace conformance
