// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/options.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>

namespace load {

namespace {

const char *const help_text = R"(usage: libella-load [OPTION]... MODE
       libella-load compare --a BROKER --b BROKER [OPTION]... MODE
       libella-load table FILE [OPTION]...

Loads an MQTT broker and says what it costs it, how long messages take, and which are lost,
repeated or out of order. A slow broker is not flooded: each publisher has a window of messages
that are not yet delivered, so that a missing message is the broker's.

Modes:
  pairs      each publisher has a subscriber of its own (100)
  fan-out    every subscriber (100) gets what every publisher (1) sends
  fan-in     one subscriber gets what every publisher (100) sends
  rate       pairs at a fixed rate (20000/s); latency counts from when a message was due
  routing    each message has 2 or 3 receivers among 1000 subscriptions (--count), exact and with
             wildcards, of 300 clients
  idle       clients that connect (1000) and do nothing: memory of each
  churn      clients (50) that connect, disconnect, and again; with --tls
  handshakes the same with TLS
  subscriptions  (100000, of 100 clients): time, memory of each
  retained   messages (10000) are stored, and replayed to a subscriber
  queue      messages (500) for clients that are away (100), until they come back
  omb-fan-out-basic, omb-point-to-point-basic, omb-fan-in-basic,
  omb-fan-out-enterprise, omb-point-to-point-enterprise, omb-fan-in-enterprise
             the scenarios of the Open MQTT Benchmark Suite

Options:
  --broker HOST:PORT    (127.0.0.1:1883)
  --remote              allow a broker on another machine; only load what is yours
  --protocol VERSION    3.1.1 or 5.0 (3.1.1)
  --qos QOS             0, 1 or 2 (0)
  --publishers N, --subscribers N, --clients N
  --count N             of what is stored: subscriptions, messages
  --own                 queue: each client is sent its own messages (all are sent the same)
  --payload BYTES       of each message, 16 at least (64)
  --window N            messages of a publisher that are under way at most (32)
  --rate N              messages a second of all publishers together (as fast as windows open)
  --sleep               with a rate: sleep until the next message is due (it polls, which takes a
                        core, but what the broker sends then finds it awake, and in time)
  --seconds N           how long is measured (10)
  --warm-up N           seconds before that, which do not count (2)
  --loss-timeout N      seconds without any progress of a publisher until what it waits for is
                        given up (10)
  --connect-timeout N   seconds without any new connection or answer until the run fails (30)
  --keep-alive N        seconds (0: none)
  --shared              the subscribers share one subscription ($share)
  --lasting             pairs, fan-out, fan-in: the subscribers' sessions outlive their
                        connections, so that a broker with persistence stores what they get
  --tls, --cafile FILE, --insecure
                        TLS, for churn; the broker's certificate is judged by FILE or not at all
  --user NAME, --password-file FILE
  --pid PID[,PID]...    of the broker, on this machine: its CPU time and memory
  --floor               no broker, but a process that hands on the same bytes over the same
                        connections and decides nothing: what the kernel alone costs. For pairs,
                        fan-out, fan-in, rate and churn
  --json                the report as JSON
  --quiet               no progress line
  -h, --help

compare starts two brokers in turn, a fresh one for each run, and prints the medians and their
ratio. BROKER is a description as libella-conformance grid takes it (NAME.toml), or a command line,
in which @port@ and @dir@ stand for a free port and an empty folder.
  --a BROKER, --b BROKER   "floor" is what --floor is
  --runs N              of each (5)
  --set NAME=VALUE      what @NAME@ stands for in descriptions

table runs the brokers that FILE names in turn in the modes that it names, and prints a table in
Markdown. --runs, --seconds, --warm-up and --set are for all of them.

Exit code: 0 all was delivered, once and in order; 1 it was not, or the broker can't be reached;
2 usage.
)";

bool parse_number(const std::string &written, uint32_t least, uint32_t most, uint32_t *out) {
    const bool digits =
        !written.empty() && written.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || written.size() > 9) {
        return false;
    }
    *out = static_cast<uint32_t>(std::stoul(written));
    return *out >= least && *out <= most;
}

constexpr uint32_t stored_topics_max = 0xffffff; // what a stamp can name

struct option_row {
    const char *name;
    bool has_value;
    std::function<void(const std::string &, options *)> take;
};

option_row number(const char *name, uint32_t least, uint32_t most, uint32_t options::*where) {
    return {name, true, [=](const std::string &written, options *out) {
                if (!parse_number(written, least, most, &(out->*where))) {
                    out->error = std::string(name) + ": expected a number, " +
                                 std::to_string(least) + " to " + std::to_string(most) +
                                 ", not '" + written + "'";
                }
            }};
}

option_row flag(const char *name, bool options::*where) {
    return {name, false, [=](const std::string &, options *out) { out->*where = true; }};
}

option_row text(const char *name, std::string options::*where) {
    return {name, true, [=](const std::string &written, options *out) { out->*where = written; }};
}

void parse_protocol(const std::string &written, options *out) {
    if (written == "3.1.1") {
        out->version = ELLA_VERSION_3_1_1;
    } else if (written == "5.0" || written == "5") {
        out->version = ELLA_VERSION_5_0;
    } else {
        out->error = "--protocol: expected 3.1.1 or 5.0, not '" + written + "'";
    }
}

void parse_pids(const std::string &written, options *out) {
    std::istringstream words(written);
    for (std::string word; std::getline(words, word, ',');) {
        uint32_t pid = 0;
        if (!parse_number(word, 1, 4194304, &pid)) {
            out->error = "--pid: expected process ids, not '" + written + "'";
            return;
        }
        out->pids.push_back(static_cast<int>(pid));
    }
}

void parse_set(const std::string &written, options *out) {
    const size_t equals = written.find('=');
    if (equals == std::string::npos || equals == 0) {
        out->error = "--set: expected NAME=VALUE, not '" + written + "'";
    } else {
        out->values[written.substr(0, equals)] = written.substr(equals + 1);
    }
}

void read_password(const std::string &written, options *out) {
    std::ifstream file(written);
    if (!std::getline(file, out->password)) {
        out->error = "--password-file: can't read a line of '" + written + "'";
    }
}

const std::vector<option_row> &option_rows() {
    static const std::vector<option_row> rows = {
        text("--broker", &options::broker),
        flag("--remote", &options::remote),
        {"--protocol", true, parse_protocol},
        number("--qos", 0, 2, &options::qos),
        number("--publishers", 1, clients_max, &options::publishers),
        number("--subscribers", 1, clients_max, &options::subscribers),
        number("--clients", 1, clients_max, &options::clients),
        number("--payload", stamp_len, payload_max, &options::payload_len),
        number("--window", 1, window_max, &options::window),
        number("--rate", 1, 100000000, &options::rate),
        number("--seconds", 1, 86400, &options::seconds),
        number("--warm-up", 0, 3600, &options::warm_up_s),
        number("--loss-timeout", 1, 3600, &options::loss_timeout_s),
        number("--connect-timeout", 1, 3600, &options::connect_timeout_s),
        number("--keep-alive", 0, 65535, &options::keep_alive_s),
        number("--count", 1, 10000000, &options::count),
        flag("--sleep", &options::sleep),
        flag("--own", &options::own),
        flag("--tls", &options::tls),
        text("--cafile", &options::cafile),
        flag("--insecure", &options::insecure),
        flag("--shared", &options::shared),
        flag("--lasting", &options::lasting),
        text("--a", &options::broker_a),
        text("--b", &options::broker_b),
        number("--runs", 1, 1000, &options::runs),
        {"--set", true, parse_set},
        text("--user", &options::user_name),
        {"--password-file", true, read_password},
        {"--pid", true, parse_pids},
        flag("--floor", &options::floor),
        flag("--json", &options::json),
        flag("--quiet", &options::quiet),
        flag("--help", &options::help),
        flag("-h", &options::help),
    };
    return rows;
}

// What a mode is when nothing else is said.
struct mode_row {
    const char *name;
    uint32_t publishers;
    uint32_t subscribers;
    uint32_t rate;
    bool suite; // of the Open MQTT Benchmark Suite: QoS 1, 16 bytes, keep alive 300 s
    bool shared;
    uint32_t clients = 1000;
    uint32_t count = 0;
};

const mode_row mode_rows[] = {
    {"pairs", 100, 0, 0, false, false},
    {"fan-out", 1, 100, 0, false, false},
    {"fan-in", 100, 1, 0, false, false},
    {"rate", 100, 0, 20000, false, false},
    {"routing", 10, 300, 0, false, false, 1000, 1000},
    {"idle", 0, 0, 0, false, false},
    {"churn", 0, 0, 0, false, false, 50},
    {"handshakes", 0, 0, 0, false, false, 50},
    {"subscriptions", 0, 0, 0, false, false, 100, 100000},
    {"retained", 0, 0, 0, false, false, 2, 10000},
    {"queue", 0, 0, 0, false, false, 100, 500},
    {"omb-fan-out-basic", 1, 1000, 1, true, false},
    {"omb-point-to-point-basic", 1000, 0, 1000, true, false},
    {"omb-fan-in-basic", 1000, 5, 1000, true, true},
    {"omb-fan-out-enterprise", 5, 1000, 250, true, false},
    {"omb-point-to-point-enterprise", 50000, 0, 50000, true, false},
    {"omb-fan-in-enterprise", 50000, 500, 50000, true, true},
};

std::string without_suite(const std::string &mode) {
    for (const char *name : {"fan-out", "fan-in", "point-to-point"}) {
        if (mode.find(name) != std::string::npos) {
            return name;
        }
    }
    return mode;
}

// Before the options are read, so that they say more than the mode.
void take_mode(const std::string &written, options *out) {
    const auto *row = std::find_if(std::begin(mode_rows), std::end(mode_rows),
                                   [&](const mode_row &each) { return each.name == written; });
    if (row == std::end(mode_rows)) {
        out->error = "no mode is named '" + written + "'; see --help";
        return;
    }
    out->mode = written;
    out->publishers = row->publishers;
    out->subscribers = row->subscribers;
    out->rate = row->rate;
    out->shared = row->shared;
    out->clients = row->clients;
    out->count = row->count;
    out->tls = written == "handshakes";
    if (row->suite) {
        out->qos = 1;
        out->payload_len = 16;
        out->keep_alive_s = 300;
    }
}

void parse_option(const std::vector<std::string> &words, size_t *at, options *out) {
    const std::string &word = words[*at];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto &rows = option_rows();
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const option_row &each) { return each.name == name; });
    if (row == rows.end()) {
        out->error = "unknown option " + name;
    } else if (!row->has_value) {
        out->error = equals == std::string::npos ? "" : name + " takes no value";
        row->take({}, out);
    } else if (equals == std::string::npos && *at + 1 >= words.size()) {
        out->error = name + " needs a value";
    } else {
        row->take(equals == std::string::npos ? words[++*at] : word.substr(equals + 1), out);
    }
}

// The mode is the word that is neither an option nor the value of one.
std::string find_mode(const std::vector<std::string> &words, std::string *error) {
    std::string mode;
    const auto &rows = option_rows();
    for (size_t i = 0; i < words.size(); i++) {
        if (words[i].rfind("-", 0) == 0) {
            const auto row = std::find_if(rows.begin(), rows.end(), [&](const option_row &each) {
                return each.name == words[i];
            });
            i += row != rows.end() && row->has_value ? 1 : 0;
        } else if (mode.empty()) {
            mode = words[i];
        } else {
            *error = "one mode, not '" + mode + "' and '" + words[i] + "'";
        }
    }
    return mode;
}

std::string contradiction(options *wanted) {
    if (wanted->compare && (wanted->broker_a.empty() || wanted->broker_b.empty())) {
        return "compare which brokers? give --a and --b";
    }
    if (!wanted->compare && !(wanted->broker_a + wanted->broker_b).empty()) {
        return "--a and --b are for compare";
    }
    if (!address_parse(wanted->broker, &wanted->where)) {
        return "--broker: expected HOST:PORT, not '" + wanted->broker + "'";
    }
    if (!wanted->where.loopback && !wanted->remote) {
        return wanted->broker + " is not this machine: only with --remote";
    }
    if (wanted->tls && wanted->mode != "churn" && wanted->mode != "handshakes") {
        return "--tls is for churn";
    }
    if (wanted->tls && wanted->cafile.empty() && !wanted->insecure) {
        return "by what is the broker's certificate judged? give --cafile, or --insecure";
    }
    if (wanted->count > stored_topics_max && wanted->mode != "subscriptions") {
        return "--count: at most " + std::to_string(stored_topics_max) + " messages";
    }
    const std::string kind = without_suite(wanted->mode);
    const bool pairs = kind != "fan-out" && kind != "fan-in" && kind != "routing";
    if (kind == "routing" && wanted->subscribers < 3) {
        return "routing needs 3 subscribers at least";
    }
    if (pairs && wanted->subscribers != 0 && wanted->subscribers != wanted->publishers) {
        return "as many subscribers as publishers in this mode";
    }
    if (pairs) {
        wanted->subscribers = wanted->publishers;
    }
    if (kind == "fan-out" && wanted->publishers > fan_out_publishers_max) {
        return "at most " + std::to_string(fan_out_publishers_max) +
               " publishers in this mode: every subscriber names every topic";
    }
    if (wanted->shared && kind != "fan-in") {
        return "--shared is for fan-in";
    }
    if (wanted->sleep && wanted->rate == 0) {
        return "--sleep is for a rate";
    }
    return {};
}

} // namespace

options options_parse(const std::vector<std::string> &arguments) {
    options out;
    out.compare = !arguments.empty() && arguments[0] == "compare";
    const bool table = !arguments.empty() && arguments[0] == "table";
    const std::vector<std::string> words(arguments.begin() + (out.compare || table ? 1 : 0),
                                         arguments.end());
    const std::string mode = find_mode(words, &out.error);
    if (table) {
        out.table = mode;
    } else if (!mode.empty() && out.error.empty()) {
        take_mode(mode, &out);
    }
    for (size_t i = 0; i < words.size() && out.error.empty(); i++) {
        if (words[i].rfind("-", 0) == 0) {
            parse_option(words, &i, &out);
        }
    }
    if (out.error.empty() && !out.help) {
        out.error = !mode.empty() ? (table ? "" : contradiction(&out))
                    : table       ? "a table of which FILE? see --help"
                                  : "which mode? see --help";
    }
    return out;
}

std::string options_help() {
    return help_text;
}

} // namespace load
