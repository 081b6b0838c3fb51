// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See layer.h.

#include "conformance/layer.h"

#include <algorithm>

namespace conformance {

// Bytes that layer `count` hands down go through those below it.
void layer_stack::send_below(size_t count, std::string bytes, std::string *down) {
    for (size_t i = count; i > 0 && !bytes.empty(); i--) {
        std::string lower;
        layers_[i - 1]->send(bytes, false, &lower);
        bytes = std::move(lower);
    }
    *down += bytes;
}

// A layer begins when all below it are ready.
void layer_stack::start_next(std::string *down) {
    while (started_ <= layers_.size() && (started_ == 0 || layers_[started_ - 1]->ready())) {
        if (started_ < layers_.size()) {
            std::string first;
            layers_[started_]->start(&first);
            send_below(started_, std::move(first), down);
        }
        started_++;
    }
}

void layer_stack::start(std::string *down) {
    start_next(down);
}

void layer_stack::receive(std::string_view bytes, std::string *up, std::string *down) {
    std::string content(bytes);
    for (size_t i = 0; i < layers_.size() && i < started_; i++) {
        std::string higher;
        std::string answer;
        layers_[i]->receive(content, &higher, &answer);
        send_below(i, std::move(answer), down);
        if (i + 1 == started_) {
            start_next(down); // what came behind the handshake goes to the layer just started
        }
        content = std::move(higher);
    }
    *up += content;
}

void layer_stack::send(std::string_view bytes, bool text, std::string *down) {
    if (layers_.empty()) {
        *down += bytes;
        return;
    }
    std::string lower;
    layers_.back()->send(bytes, text, &lower);
    send_below(layers_.size() - 1, std::move(lower), down);
}

void layer_stack::end(std::string *down) {
    for (size_t i = std::min(started_, layers_.size()); i > 0; i--) {
        std::string last;
        layers_[i - 1]->end(&last);
        send_below(i - 1, std::move(last), down);
    }
}

bool layer_stack::ended() const {
    return std::any_of(layers_.begin(), layers_.end(),
                       [](const auto &each) { return each->ended(); });
}

std::string layer_stack::failure() const {
    for (const auto &each : layers_) {
        if (!each->failure().empty()) {
            return each->failure();
        }
    }
    return {};
}

std::string layer_stack::take_problem() {
    for (const auto &each : layers_) {
        if (!each->problem().empty() && !told_) {
            told_ = true;
            return each->problem();
        }
    }
    return {};
}

} // namespace conformance
