/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One connection between a client and the broker: two pipes that delay what passes, may lose it,
 * and end. It knows nothing of what passes.
 */
#ifndef BROKER_SIM_NETWORK_H
#define BROKER_SIM_NETWORK_H

#include <cstdint>
#include <deque>
#include <string>

#include "broker/sim/luck.h"
#include "broker/sim/story.h"

extern "C" {
#include "libella/codec.h"
}

namespace sim {

/* What a socket's buffers hold on the way to a client. */
constexpr size_t PIPE_SIZE = 32768;
constexpr size_t SLOW_PIPE_SIZE = 2048;
constexpr size_t SLOW_CHUNK = 256;
constexpr uint32_t SLOW_CHUNK_MS = 100;

struct Chunk {
    uint64_t due_ms;
    uint64_t sent_ms;
    std::string bytes;
    bool is_end;
};

/* One direction. In order, each byte once, until it is cut. */
class Pipe {
  public:
    void send(uint64_t now_ms, uint64_t delay_ms, const std::string &bytes, bool is_end) {
        uint64_t due_ms = now_ms + delay_ms;
        last_ms_ = due_ms < last_ms_ ? last_ms_ : due_ms;
        size_ += bytes.size();
        chunks_.push_back(Chunk{last_ms_, now_ms, bytes, is_end});
    }
    bool due(uint64_t now_ms) const {
        return !chunks_.empty() && chunks_.front().due_ms <= now_ms;
    }
    uint64_t due_ms() const { return chunks_.empty() ? NEVER_MS : chunks_.front().due_ms; }
    Chunk take() {
        Chunk chunk = chunks_.front();
        chunks_.pop_front();
        size_ -= chunk.bytes.size();
        return chunk;
    }
    bool empty() const { return chunks_.empty(); }
    size_t size() const { return size_; }
    /* Loses what is under way, but for half of the first chunk if it is cut short. */
    void cut(uint64_t now_ms, bool short_) {
        Chunk first{};
        bool keeps = short_ && !chunks_.empty() && chunks_.front().bytes.size() > 1;
        if (keeps) {
            first = chunks_.front();
        }
        chunks_.clear();
        size_ = 0;
        if (keeps) {
            send(now_ms, 0, first.bytes.substr(0, first.bytes.size() / 2), false);
        }
        send(now_ms, 1, "", true);
    }

  private:
    std::deque<Chunk> chunks_;
    size_t size_ = 0;
    uint64_t last_ms_ = 0;
};

struct Connection {
    size_t number = 0;
    int client = 0;
    uint32_t slot = 0;
    uint64_t will_serial = 0;
    bool at_client = true; /* its end has not closed */
    bool at_broker = true;
    bool black = false; /* nothing passes any more, and nobody knows */
    bool cut = false;   /* the same, and both ends are told */
    uint64_t slow_until_ms = 0;
    Pipe up, down;
    std::string unread; /* at the broker's end */
    ella_decoder decoder{};
    bool end_arrived = false; /* at the broker */
    bool held = false;        /* the core takes nothing of it */
    bool dirty = false;       /* the core has something for it */
    bool farewell = false;
    Luck luck{0};

    bool is_slow(uint64_t now_ms) const { return now_ms < slow_until_ms; }
    /* How much more the broker may write. */
    size_t room(uint64_t now_ms) const {
        size_t most = is_slow(now_ms) ? SLOW_PIPE_SIZE : PIPE_SIZE;
        return down.size() >= most ? 0 : most - down.size();
    }
};

} // namespace sim

#endif
