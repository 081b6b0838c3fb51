// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The command line of libella-load.

#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libella/codec.h"
#include "tools/load/clients.h"

namespace load {

constexpr uint32_t clients_max = 1000000;
constexpr uint32_t window_max = 16384; // so that a packet identifier is never in use twice
constexpr uint32_t fan_out_publishers_max = 1000;
constexpr uint32_t payload_max = 1024 * 1024;

struct options {
    std::string mode;
    std::string broker = "127.0.0.1:1883";
    address where;
    bool remote = false;
    ella_version version = ELLA_VERSION_3_1_1;
    uint32_t qos = 0;
    uint32_t publishers = 0;
    uint32_t subscribers = 0;
    uint32_t clients = 1000;
    uint32_t count = 0; // of what is stored
    bool own = false;   // queue: messages of their own for each client
    bool tls = false;
    std::string cafile;
    bool insecure = false;
    uint32_t payload_len = 64;
    uint32_t window = 32;
    uint32_t rate = 0; // messages a second of all publishers; 0: as fast as the window opens
    bool sleep = false; // with a rate: until the next message is due; else it polls
    uint32_t seconds = 10;
    uint32_t warm_up_s = 2;
    uint32_t loss_timeout_s = 10;
    uint32_t connect_timeout_s = 30;
    uint32_t keep_alive_s = 0;
    bool shared = false;  // the subscribers share one subscription
    bool lasting = false; // their sessions outlive their connections
    std::string user_name;
    std::string password;
    bool floor = false; // a relay instead of a broker
    std::vector<int> pids;
    std::string table; // the file, if a table is wanted
    bool compare = false;
    std::string broker_a; // the description of a broker, or a command line
    std::string broker_b;
    std::map<std::string, std::string> values; // of @NAME@ in both
    uint32_t runs = 5;                         // of each
    bool json = false;
    bool quiet = false;
    bool help = false;
    std::string error; // what is wrong with the command line; empty if nothing
};

options options_parse(const std::vector<std::string> &words);
std::string options_help();

} // namespace load

#endif
