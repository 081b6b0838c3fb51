// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See grid.h.

#include "conformance/grid.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>

#include "conformance/broker_runner.h"
#include "conformance/output.h"
#include "conformance/statements.h"

namespace conformance {
namespace {

// A folder of our own for what brokers write; it goes with us.
class scratch_folder {
  public:
    scratch_folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "conformance-grid-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) {
            path_ = pattern;
            std::error_code ignored; // brokers that change their user must get in
            std::filesystem::permissions(path_, std::filesystem::perms(0755), ignored);
        }
    }
    scratch_folder(const scratch_folder &) = delete;
    scratch_folder &operator=(const scratch_folder &) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        if (!path_.empty()) {
            std::filesystem::remove_all(path_, ignored);
        }
    }
    const std::string &path() const { return path_; }

  private:
    std::string path_;
};

// A remark that belongs to nothing would be lost without a word.
std::string wrong_remark(const broker_description &broker, const std::vector<test_case> &all) {
    std::set<std::string> known;
    for (const test_case &each : all) {
        known.insert(each.address());
        known.insert(each.cites.begin(), each.cites.end());
    }
    for (const auto &[key, text] : broker.remarks) {
        if (known.count(key) == 0) {
            return broker.name + ": remark on " + key + ": there is no such case or statement";
        }
    }
    return {};
}

std::vector<grid_column> read_descriptions(const options &wanted,
                                           const std::vector<test_case> &all, std::string *error) {
    std::vector<grid_column> columns;
    std::set<std::string> names;
    for (const std::string &file : wanted.brokers) {
        grid_column column;
        column.broker = broker_file_read(file);
        std::string wrong = column.broker.error;
        wrong = wrong.empty() ? wrong_remark(column.broker, all) : wrong;
        if (wrong.empty() && !names.insert(column.broker.name).second) {
            wrong = file + ":1: there is another broker with the name " + column.broker.name;
        }
        if (!wrong.empty()) {
            *error += (error->empty() ? "" : "\n") + wrong;
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

bool run_broker(const std::vector<test_case> &cases, const options &wanted,
                const std::string &scratch, grid_column *column, std::string *error) {
    broker_runner runner(column->broker, wanted.values, wanted.pool, scratch);
    FILE *progress = isatty(STDERR_FILENO) != 0 ? stderr : nullptr;
    report_tree tree(stdout, progress, isatty(STDOUT_FILENO) != 0, false, cases.size());
    report_facts &facts = column->facts;
    facts.broker = column->broker.title;
    facts.version = runner.version();
    facts.date = output_date();
    facts.home = "index.html";
    facts.remarks = column->broker.remarks;
    facts.pass_bytes_max = 0; // pages of several brokers are large as they are
    std::printf("%s: %s\n", column->broker.title.c_str(), facts.version.c_str());
    std::fflush(stdout);
    const auto begin = std::chrono::steady_clock::now();
    column->rows = runner.run(
        cases, [&](size_t done) { tree.advance(done); }, error);
    const auto elapsed = std::chrono::steady_clock::now() - begin;
    facts.duration_ms = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
    for (const std::string &what : runner.ended()) {
        facts.notes.push_back("The broker ended by itself during " + what);
    }
    if (column->rows.empty()) {
        return false;
    }
    column->statements = report_statements(column->rows);
    tree.finish(column->rows, facts.duration_ms);
    std::printf("\n");
    return true;
}

void write_pages(const std::vector<grid_column> &columns, const options &wanted,
                 std::string *error) {
    for (const grid_column &column : columns) {
        const std::string page = wanted.out + "/" + column.broker.name;
        output_write(page + ".html", report_html(column.rows, column.facts), error);
        if (wanted.grid_json) {
            output_write(page + ".json", report_json(column.rows, column.facts.broker), error);
        }
    }
    output_write(wanted.out + "/index.html", grid_html(columns), error);
    output_write(wanted.out + "/README.md", grid_markdown(columns), error);
}

} // namespace

bool grid_run(const std::vector<test_case> &all, const std::vector<test_case> &cases,
              const options &wanted, std::string *error) {
    std::vector<grid_column> columns = read_descriptions(wanted, all, error);
    const scratch_folder scratch;
    if (error->empty() && scratch.path().empty()) {
        *error = "no folder can be made for what the brokers write";
    }
    if (!error->empty()) {
        return false;
    }
    for (grid_column &column : columns) {
        if (!run_broker(cases, wanted, scratch.path(), &column, error)) {
            return false;
        }
    }
    write_pages(columns, wanted, error);
    return error->empty();
}

bool grid_speaks(const grid_column &column, const std::string &folder) {
    return std::any_of(column.broker.versions.begin(), column.broker.versions.end(),
                       [&](unsigned version) { return (version >= 5) == (folder == "v5"); });
}

std::array<size_t, verdict_count> grid_count(const grid_column &column,
                                             const std::string &chapter) {
    std::array<size_t, verdict_count> counts{};
    for (const report_statement &each : column.statements) {
        if (statement_chapter(each.id) == chapter ||
            (chapter.size() == 2 && each.id.compare(0, 2, chapter) == 0)) {
            counts[static_cast<size_t>(each.verdict)]++;
        }
    }
    return counts;
}

std::vector<std::string> grid_chapters(const grid_column &column, const std::string &folder) {
    std::vector<std::string> chapters;
    for (const report_statement &each : column.statements) {
        const std::string chapter = statement_chapter(each.id);
        if (chapter.compare(0, folder.size(), folder) == 0 &&
            (chapters.empty() || chapters.back() != chapter)) {
            chapters.push_back(chapter);
        }
    }
    return chapters;
}

} // namespace conformance
