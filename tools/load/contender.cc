// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/contender.h"

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tools/load/modes.h"
#include "tools/load/runner.h"

namespace load {

namespace {

using conformance::broker_description;
using conformance::broker_file_fill;
using conformance::broker_setup;

constexpr useconds_t ready_step_us = 20000;

// A description in a file, or a command line for the shell.
broker_description describe(const std::string &written) {
    broker_description out;
    const bool file = written.size() > 5 && written.compare(written.size() - 5, 5, ".toml") == 0;
    if (file) {
        out = conformance::broker_file_read(written);
    } else {
        broker_setup setup;
        setup.command = {"sh", "-c", "exec " + written};
        out.name = written.substr(0, written.find(' '));
        out.setups.push_back(setup);
    }
    if (!out.error.empty()) {
        throw std::runtime_error(out.error);
    }
    return out;
}

bool answers(const address &where) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool yes =
        ::connect(fd, reinterpret_cast<const sockaddr *>(&where.where), sizeof where.where) == 0;
    close(fd);
    return yes;
}

} // namespace

scratch_folder::scratch_folder() {
    char made[] = "/tmp/libella-load-XXXXXX";
    if (mkdtemp(made) == nullptr) {
        throw std::runtime_error("can't make a folder in /tmp");
    }
    path_ = made;
}

scratch_folder::~scratch_folder() {
    std::error_code ignored; // nothing more can be done about it
    std::filesystem::remove_all(path_, ignored);
}

contender::contender(const std::string &written, const std::map<std::string, std::string> &values,
                     const std::string &scratch)
    : broker_(describe(written)), scratch_(scratch), values_(values) {
    values_.insert(broker_.values.begin(), broker_.values.end());
    values_["here"] = broker_.here;
}

std::string contender::version() {
    return broker_.version_command.empty()
               ? broker_.name
               : conformance::process_first_line(fill(broker_.version_command), scratch_);
}

report contender::run(const options &asked) {
    options wanted = asked;
    if (broker_.name == "floor") {
        wanted.floor = true;
        return modes_run(wanted);
    }
    // The broker inherits it.
    runner_allow_files(size_t{wanted.publishers} + wanted.subscribers + wanted.clients);
    conformance::process running;
    start(&running, &wanted);
    report out = modes_run(wanted);
    if (!running.running()) {
        throw std::runtime_error(broker_.name + " ended by itself: " + running.outcome());
    }
    running.stop();
    return out;
}

std::vector<std::string> contender::fill(const std::vector<std::string> &words) const {
    std::vector<std::string> out;
    for (const std::string &word : words) {
        out.push_back(broker_file_fill(word, values_));
    }
    return out;
}

void contender::start(conformance::process *running, options *wanted) {
    const broker_setup &setup = broker_.setups.front();
    values_["dir"] = scratch_ + "/broker";
    values_["port"] =
        setup.port.empty() ? std::to_string(conformance::process_free_port()) : setup.port;
    const std::string &dir = values_["dir"];
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    // A broker that root starts may drop its rights.
    std::filesystem::permissions(scratch_, std::filesystem::perms::all);
    std::filesystem::permissions(dir, std::filesystem::perms::all);
    for (const auto &[name, contents] : setup.files) {
        std::ofstream(dir + "/" + name) << broker_file_fill(contents, values_);
    }
    wanted->broker = "127.0.0.1:" + values_["port"];
    address_parse(wanted->broker, &wanted->where);
    std::string error;
    const std::string log = scratch_ + "/output.log";
    if (!running->start(fill(setup.command), dir, log, &error)) {
        throw std::runtime_error(broker_.name + ": " + error);
    }
    const uint64_t until_ns = now_ns() + setup.start_ms * 1000000;
    while (!answers(wanted->where)) {
        if (!running->running() || now_ns() > until_ns) {
            throw std::runtime_error(broker_.name + " does not listen; it said:\n" +
                                     conformance::process_read_file(log));
        }
        usleep(ready_step_us);
    }
    wanted->pids = {static_cast<int>(running->pid())};
}

} // namespace load
