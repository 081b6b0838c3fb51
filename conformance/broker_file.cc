// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See broker_file.h.

#include "conformance/broker_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "conformance/toml.h"

namespace conformance {
namespace {

using kind = toml_value::kind;
constexpr int64_t start_s_max = 600;

bool contains(const std::vector<std::string> &words, const std::string &word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

class reader {
  public:
    reader(const std::string &file, const std::string &contents)
        : file_(file), source_(toml_parse(file, contents)) {}

    broker_description read() {
        out_.error = source_.error;
        std::error_code ignored;
        out_.here = std::filesystem::absolute(file_, ignored).parent_path().string();
        for (const auto &table : source_.tables) {
            if (table.size() >= 2 && table[0] == "setup") {
                setup(table[1]);
            }
        }
        for (const toml_entry &each : source_.entries) {
            if (out_.error.empty()) {
                entry(each);
            }
        }
        if (out_.error.empty()) {
            complete();
        }
        return std::move(out_);
    }

  private:
    void fail(unsigned line, const std::string &what) {
        if (out_.error.empty()) {
            out_.error = file_ + ":" + std::to_string(line) + ": " + what;
        }
    }

    broker_setup &setup(const std::string &name) {
        for (broker_setup &each : out_.setups) {
            if (each.name == name) {
                return each;
            }
        }
        out_.setups.emplace_back();
        out_.setups.back().name = name;
        return out_.setups.back();
    }

    // True if the value is of this kind; else an error.
    bool is(const toml_entry &each, kind wanted, const char *words) {
        if (each.value.what != wanted) {
            fail(each.line, each.key + ": expected " + words);
        }
        return each.value.what == wanted;
    }

    void text(const toml_entry &each, std::string *out) {
        if (is(each, kind::text, "a string")) {
            *out = each.value.text;
        }
    }

    void list(const toml_entry &each, std::vector<std::string> *out) {
        if (is(each, kind::list, "a list of strings")) {
            *out = each.value.list;
        }
    }

    void entry(const toml_entry &each) {
        const std::vector<std::string> &table = each.table;
        if (table.empty()) {
            top(each);
        } else if (table[0] == "setup" && table.size() == 2) {
            of_setup(each, &setup(table[1]));
        } else if (table[0] == "setup" && table.size() == 3 && table[2] == "files") {
            file(each, &setup(table[1]));
        } else if (table.size() == 1 && table[0] == "set") {
            text(each, &out_.values[each.key]);
        } else if (table.size() == 1 && table[0] == "remarks") {
            text(each, &out_.remarks[each.key]);
        } else {
            fail(each.line,
                 "expected the tables setup.NAME, setup.NAME.files, set and remarks only");
        }
    }

    void top(const toml_entry &each) {
        if (each.key == "name") {
            text(each, &out_.name);
            if (out_.name.empty() ||
                out_.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
                    std::string::npos) {
                fail(each.line, "name: expected lower-case letters, digits and '-'");
            }
        } else if (each.key == "title") {
            text(each, &out_.title);
        } else if (each.key == "version_command") {
            list(each, &out_.version_command);
        } else if (each.key == "versions") {
            versions(each);
        } else if (each.key == "lacks") {
            lacks(each);
        } else {
            fail(each.line, "unknown key " + each.key +
                                ": expected name, title, versions, lacks or version_command");
        }
    }

    void versions(const toml_entry &each) {
        std::vector<std::string> names;
        list(each, &names);
        for (const std::string &name : names) {
            const unsigned version = script_version(name);
            if (version == 0) {
                fail(each.line, "versions: expected 3.1, 3.1.1 or 5.0, not '" + name + "'");
            }
            out_.versions.push_back(version);
        }
    }

    void lacks(const toml_entry &each) {
        list(each, &out_.lacks);
        for (const std::string &word : out_.lacks) {
            const need_info *need = script_need(word);
            if (need == nullptr || need->kind != need_kind::feature) {
                fail(each.line, "lacks: '" + word + "' is no feature");
            }
        }
    }

    void of_setup(const toml_entry &each, broker_setup *out) {
        if (each.key == "command") {
            list(each, &out->command);
        } else if (each.key == "needs") {
            needs(each, out);
        } else if (each.key == "ready_line") {
            text(each, &out->ready_line);
        } else if (each.key == "websocket_path") {
            text(each, &out->websocket_path);
            if (out->websocket_path.empty() || out->websocket_path[0] != '/') {
                fail(each.line, "websocket_path: expected a path such as /mqtt");
            }
        } else if (each.key == "port" && is(each, kind::number, "a number")) {
            if (each.value.number < 1 || each.value.number > 65535) {
                fail(each.line, "port: expected 1 to 65535");
            }
            out->port = std::to_string(each.value.number);
        } else if (each.key == "start_s" && is(each, kind::number, "a number")) {
            if (each.value.number < 1 || each.value.number > start_s_max) {
                fail(each.line, "start_s: expected 1 to " + std::to_string(start_s_max));
            }
            out->start_ms = static_cast<uint64_t>(each.value.number) * 1000;
        } else {
            fail(each.line, "unknown key " + each.key +
                                ": expected command, needs, port, ready_line, start_s or "
                                "websocket_path");
        }
    }

    void needs(const toml_entry &each, broker_setup *out) {
        list(each, &out->needs);
        for (const std::string &word : out->needs) {
            const need_info *need = script_need(word);
            const bool known = need != nullptr && (need->kind == need_kind::configuration ||
                                                   need->kind == need_kind::announced);
            if (!known) {
                fail(each.line, "needs: '" + word +
                                    "' is no need of configuration and none that "
                                    "CONNACK announces");
            }
        }
    }

    void file(const toml_entry &each, broker_setup *out) {
        if (each.key.empty() || each.key.find('/') != std::string::npos || each.key[0] == '.') {
            fail(each.line, "expected the name of a file, without a folder");
        }
        text(each, &out->files[each.key]);
    }

    void complete() {
        const auto missing = [&](const std::string &what) { fail(1, what + " is missing"); };
        if (out_.name.empty()) {
            missing("name");
        } else if (out_.versions.empty()) {
            missing("versions");
        } else if (out_.setups.empty()) {
            missing("a table [setup.NAME]");
        }
        for (const broker_setup &each : out_.setups) {
            if (each.command.empty()) {
                missing("command of setup " + each.name);
            }
        }
        out_.title = out_.title.empty() ? out_.name : out_.title;
    }

    const std::string &file_;
    toml_file source_;
    broker_description out_;
};

// Whether the setup offers the needs of the case that are of this kind.
bool offers(const broker_setup &setup, const test_case &scenario, need_kind which) {
    return std::all_of(scenario.needs.begin(), scenario.needs.end(), [&](const auto &need) {
        return script_need(need)->kind != which || contains(setup.needs, need);
    });
}

} // namespace

broker_description broker_file_parse(const std::string &file, const std::string &contents) {
    return reader(file, contents).read();
}

broker_description broker_file_read(const std::string &file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream contents;
    contents << in.rdbuf();
    if (!in) {
        broker_description none;
        none.error = file + ":1: can't be read";
        return none;
    }
    return broker_file_parse(file, contents.str());
}

std::string broker_file_fill(const std::string &text,
                             const std::map<std::string, std::string> &values) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text[at] == '@' ? text.find('@', at + 1) : std::string::npos;
        const auto found = end == std::string::npos
                               ? values.end()
                               : values.find(text.substr(at + 1, end - at - 1));
        if (found == values.end()) {
            out += text[at++];
        } else {
            out += found->second;
            at = end + 1;
        }
    }
    return out;
}

size_t broker_file_setup(const broker_description &broker, const test_case &scenario) {
    const auto &versions = broker.versions;
    if (std::find(versions.begin(), versions.end(), scenario.version) == versions.end()) {
        return SIZE_MAX;
    }
    const bool websocket = contains(scenario.needs, "websocket");
    size_t second_best = SIZE_MAX;
    for (size_t i = 0; i < broker.setups.size(); i++) {
        if (broker.setups[i].websocket_path.empty() == websocket ||
            !offers(broker.setups[i], scenario, need_kind::configuration)) {
            continue;
        }
        if (offers(broker.setups[i], scenario, need_kind::announced)) {
            return i;
        }
        second_best = std::min(second_best, i);
    }
    return second_best == SIZE_MAX ? 0 : second_best;
}

} // namespace conformance
