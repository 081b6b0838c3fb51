// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/modes.h"

#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>

#include "tools/load/churn.h"
#include "tools/load/idle.h"
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

} // namespace

report modes_run(const options &wanted) {
    if (wanted.mode == "idle") {
        return idle(wanted).run();
    }
    if (wanted.mode == "churn" || wanted.mode == "handshakes") {
        return run_churn(wanted);
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
    if (wanted.mode == "routing") {
        return traffic(wanted, layout::routing).run();
    }
    const bool out = wanted.mode.find("fan-out") != std::string::npos;
    const bool in = wanted.mode.find("fan-in") != std::string::npos;
    const layout shape = out ? layout::fan_out : in ? layout::fan_in : layout::pairs;
    return traffic(wanted, shape).run();
}

} // namespace load
