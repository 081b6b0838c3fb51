// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See statements.h.

#include "conformance/statements.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

namespace conformance {
namespace {

struct chapter_row {
    const char *chapter;
    const char *title;
};
constexpr chapter_row chapters[] = {
    {"1", "Data representation"},
    {"2", "Packet format"},
    {"3.1", "CONNECT"},
    {"3.2", "CONNACK"},
    {"3.3", "PUBLISH"},
    {"3.4", "PUBACK"},
    {"3.5", "PUBREC"},
    {"3.6", "PUBREL"},
    {"3.7", "PUBCOMP"},
    {"3.8", "SUBSCRIBE"},
    {"3.9", "SUBACK"},
    {"3.10", "UNSUBSCRIBE"},
    {"3.11", "UNSUBACK"},
    {"3.12", "PINGREQ"},
    {"3.13", "PINGRESP"},
    {"3.14", "DISCONNECT"},
    {"3.15", "AUTH"},
    {"4.1", "Session state"},
    {"4.2", "Network connections"},
    {"4.3", "Quality of service"},
    {"4.4", "Delivery retry"},
    {"4.5", "Message receipt"},
    {"4.6", "Message ordering"},
    {"4.7", "Topics"},
    {"4.8", "Subscriptions"},
    {"4.9", "Flow control"},
    {"4.10", "Request and response"},
    {"4.11", "Server redirection"},
    {"4.12", "Enhanced authentication"},
    {"4.13", "Handling errors"},
    {"5", "Security"},
    {"6", "WebSocket"},
    {"7", "Conformance"},
};
constexpr std::string_view other_in_v3 = "4.8"; // the one chapter that moved between the versions

const std::map<std::string_view, size_t> &ranks() {
    static const std::map<std::string_view, size_t> all = [] {
        std::map<std::string_view, size_t> out;
        for (size_t i = 0; embedded_statements[i].id != nullptr; i++) {
            out.insert({embedded_statements[i].id, i});
        }
        return out;
    }();
    return all;
}

size_t rank(const std::string &id) {
    const auto found = ranks().find(id);
    return found == ranks().end() ? SIZE_MAX : found->second;
}

} // namespace

const statement_info *statement_find(std::string_view id) {
    const auto found = ranks().find(id);
    return found == ranks().end() ? nullptr : &embedded_statements[found->second];
}

void statement_sort(std::vector<std::string> *ids) {
    std::stable_sort(ids->begin(), ids->end(), [](const std::string &a, const std::string &b) {
        return rank(a) != rank(b) ? rank(a) < rank(b) : a < b;
    });
}

std::string statement_chapter(std::string_view id) {
    const size_t slash = id.find('/');
    const std::string folder(id.substr(0, slash));
    std::string_view rest = slash == std::string_view::npos ? "" : id.substr(slash + 1);
    if (rest.substr(0, 2) == "u-") {
        rest.remove_prefix(2);
    }
    rest = rest.substr(0, rest.find('-'));
    const size_t dot = rest.find('.');
    const bool deep = rest.substr(0, dot) == "3" || rest.substr(0, dot) == "4";
    const size_t end = deep && dot != std::string_view::npos ? rest.find('.', dot + 1) : dot;
    return folder + "/" + std::string(rest.substr(0, end));
}

const char *statement_chapter_title(std::string_view chapter) {
    const size_t slash = chapter.find('/');
    const std::string_view number =
        slash == std::string_view::npos ? chapter : chapter.substr(slash + 1);
    if (number == other_in_v3 && chapter.substr(0, slash) == "v3") {
        return "Handling errors";
    }
    for (const chapter_row &row : chapters) {
        if (row.chapter == number) {
            return row.title;
        }
    }
    return "";
}

} // namespace conformance
