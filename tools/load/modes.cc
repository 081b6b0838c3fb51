// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/modes.h"

#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>

#include "tools/load/churn.h"
#include "tools/load/idle.h"
#include "tools/load/relay.h"
#include "tools/load/stored.h"
#include "tools/load/traffic.h"

namespace load {

namespace {

report run_churn(const options &wanted) {
    if (!wanted.tls) {
        return churn(wanted, nullptr).run();
    }
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX *)> context(SSL_CTX_new(TLS_client_method()),
                                                                SSL_CTX_free);
    if (context == nullptr) {
        throw std::runtime_error("OpenSSL can't be used");
    }
    if (!wanted.insecure) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        if (SSL_CTX_load_verify_locations(context.get(), wanted.cafile.c_str(), nullptr) != 1) {
            throw std::runtime_error("--cafile: no certificates can be read from " +
                                     wanted.cafile);
        }
    }
    return churn(wanted, context.get()).run();
}

layout shape_of(const std::string &mode) {
    const auto has = [&](const char *word) { return mode.find(word) != std::string::npos; };
    return has("fan-out")   ? layout::fan_out
           : has("fan-in")  ? layout::fan_in
           : has("routing") ? layout::routing
                            : layout::pairs;
}

report run_traffic(const options &wanted) {
    return traffic(wanted, shape_of(wanted.mode)).run();
}

report run_floor(const options &wanted, report (*run)(const options &)) {
    const layout shape = shape_of(wanted.mode);
    const std::string refusal = relay_refuses(wanted, shape);
    if (!refusal.empty()) {
        throw std::runtime_error(refusal);
    }
    const relay floor(wanted, shape);
    options there = wanted;
    there.broker = "127.0.0.1:" + std::to_string(floor.port());
    address_parse(there.broker, &there.where);
    there.pids = {static_cast<int>(floor.pid())};
    report out = run(there);
    out.mode += ", floor";
    return out;
}

} // namespace

report modes_run(const options &wanted) {
    const bool is_stored =
        wanted.mode == "subscriptions" || wanted.mode == "retained" || wanted.mode == "queue";
    const bool is_churn = wanted.mode == "churn" || wanted.mode == "handshakes";
    if (wanted.floor && (is_stored || wanted.mode == "idle")) {
        throw std::runtime_error("there is no floor for " + wanted.mode);
    }
    if (wanted.mode == "idle") {
        return idle(wanted).run();
    }
    if (wanted.mode == "subscriptions") {
        return stored(wanted).subscriptions();
    }
    if (wanted.mode == "retained") {
        return stored(wanted).retained();
    }
    if (wanted.mode == "queue") {
        return stored(wanted).queued();
    }
    const auto run = is_churn ? run_churn : run_traffic;
    return wanted.floor ? run_floor(wanted, run) : run(wanted);
}

} // namespace load
