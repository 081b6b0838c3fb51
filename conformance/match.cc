// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See match.h. Fields that may come several times are compared as docs/conformance.md says: in
// order and completely, except the Subscription Identifiers of a PUBLISH, whose order is free.

#include "conformance/match.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conformance/wire_fields.h"

namespace conformance {
namespace {

enum class repetition {
    single,
    ordered,
    any_order
};

repetition repetition_of(packet_type type, std::string_view name) {
    const bool codes = type == packet_type::suback || type == packet_type::unsuback;
    const bool filters = type == packet_type::subscribe || type == packet_type::unsubscribe;
    constexpr std::array<std::string_view, 5> of_filter = {
        "filter", "qos", "no_local", "retain_as_published", "retain_handling"};
    if (name == "user_property" || name == "will_user_property" || (codes && name == "reason") ||
        (filters && std::find(of_filter.begin(), of_filter.end(), name) != of_filter.end())) {
        return repetition::ordered;
    }
    const bool identifiers = type == packet_type::publish && name == "subscription_identifier";
    return identifiers ? repetition::any_order : repetition::single;
}

// All values of a field or of a fact about the packet's form.
std::vector<value> values_of(const decoded &came, std::string_view name) {
    if (name == "flags") {
        return {value::of(uint64_t{came.flags})};
    }
    if (name == "remaining_length") {
        return {value::of(uint64_t{came.remaining_length})};
    }
    if (name == "size") {
        return {value::of(uint64_t{came.size_bytes})};
    }
    if (name == "property_length") {
        return came.property_length
                   ? std::vector<value>{value::of(uint64_t{*came.property_length})}
                   : std::vector<value>{};
    }
    if (name == "payload_len") {
        const value *payload = came.packet.find("payload");
        return {value::of(uint64_t{payload == nullptr ? 0 : payload->bytes.size()})};
    }
    std::vector<value> found;
    for (const field &item : came.packet.fields) {
        if (item.name == name) {
            found.push_back(item.value);
        }
    }
    return found;
}

bool equal_or_capture(const field_spec &spec, const value &came, scope *variables) {
    const bool single = spec.operands.size() == 1;
    for (const operand &source : spec.operands) {
        const bool variable = source.what == operand::kind::variable && source.offset == 0;
        if (single && variable && variables->variables.count(source.variable) == 0) {
            variables->variables[source.variable] = came;
            return true;
        }
        if (match_resolve(source, variables) == came) {
            return true;
        }
    }
    return false;
}

bool compare(const field_spec &spec, const value &came, scope *variables) {
    if (spec.compare == comparison::equal) {
        return equal_or_capture(spec, came, variables);
    }
    const value wanted = match_resolve(spec.operands[0], variables);
    switch (spec.compare) {
    case comparison::not_equal:
        return !(wanted == came);
    case comparison::less:
        return came.number < wanted.number;
    case comparison::less_equal:
        return came.number <= wanted.number;
    case comparison::greater:
        return came.number > wanted.number;
    case comparison::greater_equal:
        return came.number >= wanted.number;
    case comparison::begins_with:
        return came.bytes.compare(0, wanted.bytes.size(), wanted.bytes) == 0;
    default:
        return false;
    }
}

std::string comparison_words(const field_spec &spec, scope *variables) {
    static constexpr std::array<const char *, 9> words = {
        "",       "not ",   "less than ", "at most ", "more than ", "at least ", "beginning with ",
        "absent", "present"};
    std::string out = words[static_cast<size_t>(spec.compare)];
    for (size_t i = 0; i < spec.operands.size(); i++) {
        scope copy = *variables;
        out +=
            (i == 0 ? "" : " or ") + wire_describe_value(match_resolve(spec.operands[i], &copy));
    }
    return out;
}

std::string list_words(const std::vector<value> &values) {
    std::string out;
    for (const value &each : values) {
        out += (out.empty() ? "" : ", ") + wire_describe_value(each);
    }
    return out.empty() ? "absent" : out;
}

bool match_single(const std::vector<const field_spec *> &specs, const std::vector<value> &came,
                  scope *variables) {
    for (const field_spec *spec : specs) {
        if (came.empty() ? spec->compare != comparison::not_equal
                         : !compare(*spec, came[0], variables)) {
            return false;
        }
    }
    return true;
}

bool match_ordered(const std::vector<const field_spec *> &specs, const std::vector<value> &came,
                   scope *variables) {
    if (specs.size() != came.size()) {
        return false;
    }
    for (size_t i = 0; i < specs.size(); i++) {
        if (!compare(*specs[i], came[i], variables)) {
            return false;
        }
    }
    return true;
}

bool match_any_order(const std::vector<const field_spec *> &specs, std::vector<value> came,
                     scope *variables) {
    if (specs.size() != came.size()) {
        return false;
    }
    for (const field_spec *spec : specs) {
        const auto found = std::find_if(came.begin(), came.end(), [&](const value &each) {
            return compare(*spec, each, variables);
        });
        if (found == came.end()) {
            return false;
        }
        came.erase(found);
    }
    return true;
}

// All comparisons of one field at once, since some fields are lists.
bool match_field(const packet_spec &expected, const std::string &name, const decoded &came,
                 scope *variables, std::string *why) {
    const std::vector<value> values = values_of(came, name);
    std::vector<const field_spec *> specs;
    std::string wanted;
    bool fits = true;
    for (const field_spec &spec : expected.fields) {
        if (spec.name != name) {
            continue;
        }
        wanted += (wanted.empty() ? "" : ", ") + comparison_words(spec, variables);
        if (spec.compare == comparison::absent || spec.compare == comparison::present) {
            fits = fits && values.empty() == (spec.compare == comparison::absent);
        } else {
            specs.push_back(&spec);
        }
    }
    if (fits && !specs.empty()) {
        switch (repetition_of(expected.type, name)) {
        case repetition::single:
            fits = match_single(specs, values, variables);
            break;
        case repetition::ordered:
            fits = match_ordered(specs, values, variables);
            break;
        case repetition::any_order:
            fits = match_any_order(specs, values, variables);
            break;
        }
    }
    if (!fits) {
        *why = name + " is " + list_words(values) + ", expected " + wanted;
    }
    return fits;
}

} // namespace

std::string match_text(const text_template &source, scope *variables) {
    std::string out;
    for (const text_part &part : source) {
        if (part.what == text_part::kind::bytes) {
            out += part.bytes;
        } else if (part.what == text_part::kind::prefix) {
            out += variables->prefix;
        } else {
            operand variable;
            variable.what = operand::kind::variable;
            variable.variable = part.bytes;
            const value found = match_resolve(variable, variables);
            out += found.kind == value_kind::number ? std::to_string(found.number) : found.bytes;
        }
    }
    return out;
}

value match_resolve(const operand &source, scope *variables) {
    switch (source.what) {
    case operand::kind::number:
        return value::of(source.number);
    case operand::kind::bytes:
        return value::of(match_text(source.bytes, variables));
    case operand::kind::pair:
        return value::of(match_text(source.bytes, variables),
                         match_text(source.second, variables));
    case operand::kind::variable:
        break;
    }
    const auto found = variables->variables.find(source.variable);
    if (found == variables->variables.end()) {
        if (variables->missing.empty()) {
            variables->missing = source.variable;
        }
        return value::of(uint64_t{0});
    }
    value result = found->second;
    result.number += static_cast<uint64_t>(source.offset);
    return result;
}

bool match_packet(const packet_spec &expected, const decoded &came, scope *variables,
                  std::string *why) {
    if (expected.type != came.packet.type) {
        return false;
    }
    std::vector<std::string> done;
    for (const field_spec &spec : expected.fields) {
        if (std::find(done.begin(), done.end(), spec.name) != done.end()) {
            continue;
        }
        done.push_back(spec.name);
        if (!match_field(expected, spec.name, came, variables, why)) {
            return false;
        }
    }
    return true;
}

} // namespace conformance
