// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/broker_process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace load {

namespace {

// The first number of schedstat: time on a processor, in ns, by the scheduler's own clock, which
// is exact, where utime and stime of stat are counted in ticks.
bool add_threads(int pid, uint64_t *cpu_ns) {
    bool any = false;
    for (const int thread : process_threads(pid)) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) +
                           "/schedstat");
        uint64_t ns = 0;
        if (file >> ns) {
            *cpu_ns += ns;
            any = true;
        }
    }
    return any;
}

bool add_memory(const std::string &folder, uint64_t *rss_bytes) {
    std::ifstream file(folder + "/statm");
    uint64_t whole = 0;
    uint64_t resident = 0;
    if (!(file >> whole >> resident)) {
        return false;
    }
    *rss_bytes += resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    return true;
}

} // namespace

std::vector<int> process_threads(int pid) {
    std::vector<int> threads;
    DIR *tasks = opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
    if (tasks == nullptr) {
        return threads;
    }
    for (const dirent *entry = readdir(tasks); entry != nullptr; entry = readdir(tasks)) {
        if (entry->d_name[0] != '.') {
            threads.push_back(std::atoi(entry->d_name));
        }
    }
    closedir(tasks);
    return threads;
}

process_figures process_read(const std::vector<int> &pids) {
    process_figures figures;
    for (const int pid : pids) {
        const std::string folder = "/proc/" + std::to_string(pid);
        const bool threads = add_threads(pid, &figures.cpu_ns);
        const bool memory = add_memory(folder, &figures.rss_bytes);
        figures.complete = figures.complete && threads && memory;
    }
    return figures;
}

own_figures process_own() {
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    own_figures out;
    for (const timeval &each : {own.ru_utime, own.ru_stime}) {
        out.cpu_ns += static_cast<uint64_t>(each.tv_sec) * 1000000000u +
                      static_cast<uint64_t>(each.tv_usec) * 1000;
    }
    out.sleeps = static_cast<uint64_t>(own.ru_nvcsw);
    return out;
}

} // namespace load
