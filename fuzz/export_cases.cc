// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Conformance cases as seeds of packets_fuzz and records_fuzz: each case is run around the core,
// and what its clients did is written down as a packet script, and the journal that a core keeps
// under that script as records.
//
//     export_cases SCRIPTS RECORDS      (folders)

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "broker/core/core_world.h"
#include "conformance/catalog.h"
#include "conformance/runner.h"
#include "fuzz/packet_script.h"

namespace {

// A world that keeps a diary of what it is asked for.
class diary : public CoreWorld {
  public:
    explicit diary(const std::vector<std::string> &needs) : CoreWorld(needs) {}

    int open(const std::string &client, std::string *error) override {
        const int connection = CoreWorld::open(client, error);
        const auto known = clients_.emplace(client, clients_.size());
        numbers_[connection] = static_cast<uint8_t>(known.first->second % fuzz::SCRIPT_CLIENTS);
        return connection;
    }
    void send(int connection, std::string_view bytes) override {
        note(fuzz::script_kind::packets, connection, bytes);
        CoreWorld::send(connection, bytes);
    }
    void close(int connection) override {
        note(fuzz::script_kind::close, connection, "");
        CoreWorld::close(connection);
    }
    void abort(int connection) override {
        note(fuzz::script_kind::close, connection, "");
        CoreWorld::abort(connection);
    }
    std::vector<conformance::arrival> poll(uint64_t deadline_ms) override {
        const uint64_t before_ms = now_ms();
        auto arrivals = CoreWorld::poll(deadline_ms);
        if (now_ms() > before_ms) {
            fuzz::script_event event;
            event.kind = fuzz::script_kind::time;
            event.ms = static_cast<uint32_t>(now_ms() - before_ms);
            script.events.push_back(event);
        }
        return arrivals;
    }

    fuzz::packet_script script;

  private:
    void note(fuzz::script_kind kind, int connection, std::string_view bytes) {
        fuzz::script_event event;
        event.kind = kind;
        event.client = numbers_[connection];
        event.bytes = std::string(bytes);
        script.events.push_back(std::move(event));
    }

    std::map<std::string, size_t> clients_;
    std::map<int, uint8_t> numbers_;
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: export_cases SCRIPTS RECORDS\n");
        return 2;
    }
    std::filesystem::create_directories(argv[1]);
    std::filesystem::create_directories(argv[2]);
    size_t count = 0;
    for (const conformance::test_case &each : conformance::catalog_embedded().cases) {
        diary world(each.needs);
        (void)conformance::runner_run(each, world, {});
        std::string name = each.address();
        for (char &c : name)
            c = c == '/' ? '-' : c;
        std::string records;
        (void)fuzz::script_play(world.script, &records);
        std::ofstream(std::string(argv[1]) + "/" + name, std::ios::binary)
            << fuzz::script_write(world.script);
        std::ofstream(std::string(argv[2]) + "/" + name, std::ios::binary) << records;
        count++;
    }
    std::printf("%zu cases written to %s and %s\n", count, argv[1], argv[2]);
    return 0;
}
