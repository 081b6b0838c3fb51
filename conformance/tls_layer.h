// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// TLS for the suite's connections, by OpenSSL, which is used for nothing else.

#ifndef CONFORMANCE_TLS_LAYER_H
#define CONFORMANCE_TLS_LAYER_H

#include <memory>
#include <string>

#include "conformance/layer.h"

namespace conformance {

struct tls_options {
    std::string cafile;    // PEM; empty: the system's certificates
    bool insecure = false; // the server's certificate is not checked
    std::string cert;      // the client's certificate chain, PEM; empty: none
    std::string key;       // its private key, PEM; empty: it is in the file of `cert`
};

// What all connections of a run share. May be used by several threads at once.
class tls_settings;

// Null with the reason in `error` if a file can't be used.
std::shared_ptr<const tls_settings> tls_settings_make(const tls_options &options,
                                                      std::string *error);
// `host` is the name or the IP address that the server's certificate must be for.
std::unique_ptr<layer> tls_layer_make(std::shared_ptr<const tls_settings> settings,
                                      const std::string &host);

} // namespace conformance

#endif
