// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A WebSocket client for MQTT: handshake, masked binary frames out, frames in. Every send() is one
// frame, so that a case decides where frames begin and end.

#ifndef CONFORMANCE_WEBSOCKET_LAYER_H
#define CONFORMANCE_WEBSOCKET_LAYER_H

#include <memory>
#include <string>

#include "conformance/layer.h"

namespace conformance {

// `host` and `path` are those of the HTTP request.
std::unique_ptr<layer> websocket_layer_make(const std::string &host, const std::string &path);

} // namespace conformance

#endif
