// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See options.h. One table names every option, so that the parser has no special cases.

#include "conformance/options.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include "conformance/catalog.h"

namespace conformance {
namespace {

constexpr unsigned long jobs_max = 64;
constexpr unsigned long timeout_ms_max = 600000;

constexpr char help_text[] =
    R"(usage: libella-conformance --broker HOST:PORT [OPTIONS] [CASE or SECTION...]
       libella-conformance grid [--out DIR] [OPTIONS] BROKER.toml... [CASE or SECTION...]

Tests an MQTT broker against the statements of MQTT 3.1.1 and 5.0. The second form
starts each broker that is described, tests it, and compares them all on one page.

Of one broker:
  --broker HOST:PORT  the broker; [::1]:1883 for IPv6; the port may be left out
  --list              print the cases that would run, and stop
  --needs WORD,...    what the broker is configured for; see below
  --lacks WORD,...    features that it does not have; see below
  --user NAME         user name of every CONNECT that names none itself
  --password TEXT     its password
  --tls               speak TLS; port 8883 if left out
  --cafile FILE       trust these certificates (PEM) and not the system's
  --insecure          do not check the broker's certificate
  --cert FILE         our own certificate (PEM), and
  --key FILE          its private key, if it is not in the same file
  --ws                speak WebSocket; port 80 if left out, 443 with --tls
  --ws-path PATH      the path of its request (/mqtt)
  --strict            a lenient verdict counts as a failure
  --junit FILE        write the results as JUnit XML
  --json FILE         write the results as JSON, with wire logs
  --tap FILE          write the results as TAP
  --html FILE         write the results as a page, with all wire logs

Of the grid:
  --out DIR           where its pages are written (conformance-grid)
  --set NAME=VALUE    what @NAME@ stands for in descriptions
  --json              write DIR/NAME.json of each broker as well

Of both:
  --version V         only cases for 3.1, 3.1.1 or 5.0
  --timeout MS        how long an expectation waits that does not say so itself (1000)
  --jobs N            cases that run at the same time, 1 to 64 (8)
  --cases DIR         read case files from DIR/v3 and DIR/v5 instead of those built in
  --help              this text

Cases are named by folder (v5), section (v5/3.1), statement (v5/3.1.2-4), address
(v5/3.1.2/NAME) or name. Without any, all run.

Verdicts: pass, lenient (allowed but not recommended), undefined (the standard leaves
it open), not supported, inconclusive (the question was not reached), fail.
Exit code: 0 nothing failed, 1 failed or inconclusive, 2 usage, case file or no broker.
The grid's exit code is 0 when its pages are written, whatever the verdicts.
)";

bool parse_count(const std::string &written, unsigned long maximum, unsigned long *out) {
    const bool digits =
        !written.empty() && written.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || written.size() > 9) {
        return false;
    }
    *out = std::stoul(written);
    return *out >= 1 && *out <= maximum;
}

std::string words_of(need_kind which) {
    std::string words;
    for (const need_info &row : script_needs()) {
        if (row.kind == which) {
            words += (words.empty() ? "" : ", ") + std::string(row.name);
        }
    }
    return words;
}

void parse_broker(const std::string &written, options *out) {
    out->broker = written;
    if (!tcp_parse_address(written, &out->address)) {
        out->error = "--broker: expected HOST:PORT, not '" + written + "'";
    }
}

void parse_version(const std::string &written, options *out) {
    out->version = script_version(written);
    if (out->version == 0) {
        out->error = "--version: expected 3.1, 3.1.1 or 5.0, not '" + written + "'";
    }
}

// Words with commas between them, all of them needs of one kind.
std::vector<std::string> parse_words(const char *option, need_kind which,
                                     const std::string &written, std::string *error) {
    std::vector<std::string> out;
    std::istringstream words(written);
    for (std::string word; std::getline(words, word, ',');) {
        const need_info *need = script_need(word);
        if (need == nullptr || need->kind != which) {
            *error = std::string(option) + ": '" + word + "' is not one of " + words_of(which);
        }
        out.push_back(word);
    }
    return out;
}

void parse_needs(const std::string &written, options *out) {
    out->needs = parse_words("--needs", need_kind::configuration, written, &out->error);
}

void parse_lacks(const std::string &written, options *out) {
    out->pool.lacks = parse_words("--lacks", need_kind::feature, written, &out->error);
}

void parse_timeout(const std::string &written, options *out) {
    unsigned long number = 0;
    if (!parse_count(written, timeout_ms_max, &number)) {
        out->error = "--timeout: expected milliseconds, 1 to " + std::to_string(timeout_ms_max);
    }
    out->pool.timeout_ms = number;
}

void parse_jobs(const std::string &written, options *out) {
    unsigned long number = 0;
    if (!parse_count(written, jobs_max, &number)) {
        out->error = "--jobs: expected a number, 1 to " + std::to_string(jobs_max);
    }
    out->pool.jobs = static_cast<unsigned>(number);
}

void parse_path(const std::string &written, options *out) {
    out->websocket_path = written;
    if (written[0] != '/' || written.find_first_of(" \r\n") != std::string::npos) {
        out->error = "--ws-path: expected a path such as /mqtt, not '" + written + "'";
    }
}

void parse_set(const std::string &written, options *out) {
    const size_t equals = written.find('=');
    if (equals == std::string::npos || equals == 0) {
        out->error = "--set: expected NAME=VALUE, not '" + written + "'";
        return;
    }
    out->values[written.substr(0, equals)] = written.substr(equals + 1);
}

enum option_place : unsigned {
    of_run = 1,
    of_grid = 2,
    of_both = 3
};

struct option_row {
    const char *name;
    unsigned place;
    bool has_value;
    std::function<void(const std::string &, options *)> take;
};

option_row flag(const char *name, unsigned place, bool options::*where) {
    return {name, place, false,
            [where](const std::string &, options *out) { out->*where = true; }};
}

option_row text(const char *name, unsigned place, std::string options::*where) {
    return {name, place, true,
            [where](const std::string &written, options *out) { out->*where = written; }};
}

option_row file(const char *name, std::string tls_options::*where) {
    return {name, of_run, true, [where](const std::string &written, options *out) {
                out->certificates.*where = written;
            }};
}

option_row credential(const char *name, std::optional<std::string> pool_options::*where) {
    return {name, of_run, true,
            [where](const std::string &written, options *out) { out->pool.*where = written; }};
}

const std::vector<option_row> &option_rows() {
    static const std::vector<option_row> rows = {
        flag("--help", of_both, &options::help),
        flag("-h", of_both, &options::help),
        flag("--list", of_run, &options::list),
        flag("--strict", of_run, &options::strict),
        {"--broker", of_run, true, parse_broker},
        {"--needs", of_run, true, parse_needs},
        {"--lacks", of_run, true, parse_lacks},
        credential("--user", &pool_options::user_name),
        credential("--password", &pool_options::password),
        flag("--tls", of_run, &options::tls),
        file("--cafile", &tls_options::cafile),
        file("--cert", &tls_options::cert),
        file("--key", &tls_options::key),
        {"--insecure", of_run, false,
         [](const std::string &, options *out) { out->certificates.insecure = true; }},
        flag("--ws", of_run, &options::websocket),
        {"--ws-path", of_run, true, parse_path},
        text("--junit", of_run, &options::junit),
        text("--json", of_run, &options::json),
        text("--tap", of_run, &options::tap),
        text("--html", of_run, &options::html),
        text("--out", of_grid, &options::out),
        flag("--json", of_grid, &options::grid_json),
        {"--set", of_grid, true, parse_set},
        {"--version", of_both, true, parse_version},
        {"--timeout", of_both, true, parse_timeout},
        {"--jobs", of_both, true, parse_jobs},
        text("--cases", of_both, &options::cases),
    };
    return rows;
}

// The option at words[*at], with its value; moves *at to the last word that it takes.
void parse_option(const std::vector<std::string> &words, size_t *at, options *out) {
    const std::string &word = words[*at];
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const unsigned place = out->grid ? of_grid : of_run;
    const auto &rows = option_rows();
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const option_row &each) {
        return each.name == name && (each.place & place) != 0;
    });
    if (row == rows.end()) {
        out->error = "unknown option " + name;
    } else if (!row->has_value) {
        out->error = equals == std::string::npos ? "" : name + " takes no value";
        row->take({}, out);
    } else if (equals == std::string::npos && *at + 1 >= words.size()) {
        out->error = name + " needs a value";
    } else {
        const std::string content =
            equals == std::string::npos ? words[++*at] : word.substr(equals + 1);
        if (content.empty() && name != "--password" && name != "--user") {
            out->error = name + " needs a value";
        } else {
            row->take(content, out);
        }
    }
}

bool is_description(const std::string &word) {
    return word.size() > 5 && word.compare(word.size() - 5, 5, ".toml") == 0;
}

std::string contradiction(const options &wanted) {
    const tls_options &files = wanted.certificates;
    const bool certificates =
        files.insecure || !files.cafile.empty() || !files.cert.empty() || !files.key.empty();
    if (wanted.help || wanted.list) {
        return {};
    }
    if (wanted.grid) {
        return wanted.brokers.empty() ? "which brokers? give the files that describe them" : "";
    }
    if (wanted.broker.empty()) {
        return "which broker? give --broker HOST:PORT";
    }
    if (certificates && !wanted.tls) {
        return "certificates are for --tls";
    }
    return files.cert.empty() && !files.key.empty() ? "--key is for the certificate of --cert"
                                                    : "";
}

} // namespace

options options_parse(const std::vector<std::string> &words) {
    options out;
    out.grid = !words.empty() && words[0] == "grid";
    for (size_t i = out.grid ? 1 : 0; i < words.size() && out.error.empty(); i++) {
        if (words[i].rfind("-", 0) == 0) {
            parse_option(words, &i, &out);
        } else if (out.grid && is_description(words[i])) {
            out.brokers.push_back(words[i]);
        } else {
            out.selectors.push_back(words[i]);
        }
    }
    out.error = out.error.empty() ? contradiction(out) : out.error;
    return out;
}

std::string options_help() {
    return std::string(help_text) + "\nWords for --needs, explained in docs/conformance.md:\n  " +
           words_of(need_kind::configuration) + "\nWords for --lacks:\n  " +
           words_of(need_kind::feature) + "\n";
}

std::vector<test_case> options_choose(const std::vector<test_case> &all, const options &wanted,
                                      std::string *error) {
    std::vector<test_case> chosen;
    std::vector<bool> used(wanted.selectors.size(), false);
    for (const test_case &each : all) {
        bool take = wanted.selectors.empty();
        for (size_t i = 0; i < wanted.selectors.size(); i++) {
            if (catalog_selects(wanted.selectors[i], each)) {
                used[i] = true;
                take = true;
            }
        }
        if (take && (wanted.version == 0 || wanted.version == each.version)) {
            chosen.push_back(each);
        }
    }
    for (size_t i = 0; i < used.size(); i++) {
        if (!used[i]) {
            *error = "no case is named by '" + wanted.selectors[i] + "'";
            return {};
        }
    }
    if (chosen.empty()) {
        *error = "no case of that version is named";
    }
    return chosen;
}

} // namespace conformance
