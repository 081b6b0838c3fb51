/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella-sim: stories from seeds, one after the other, until a promise is broken.
 */
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "broker/sim/world.h"

namespace {

const char HELP[] =
    "usage: libella-sim [OPTION]...\n"
    "Plays stories of unlucky clients, networks, disks and crashes around the broker's core and\n"
    "journal in virtual time, and holds what clients saw against what was promised.\n"
    "\n"
    "  --seeds N       how many stories; 100\n"
    "  --from S        the first seed; 1\n"
    "  --minutes M     simulated minutes of each, 1 to 1440; 10\n"
    "  --seed S        this story alone\n"
    "  --trace         with --seed: tell everything that happens on standard output\n"
    "  --story         with --seed: tell the events and play nothing\n"
    "  --no-network    the network is good\n"
    "  --no-crashes    the broker lives for ever\n"
    "  --no-disk       the disk is good\n"
    "  --no-flips      no bit on disk changes by itself\n"
    "  --no-shrink     tell a broken story as it is\n"
    "  --crash-after N kill the broker right after the Nth operation on its disk\n"
    "  --power         with --crash-after: cut the power instead\n"
    "  --help          this text\n"
    "\n"
    "A broken promise is told with the seed and the shortest story found that breaks it; the "
    "exit\n"
    "status is 1 then. 2: wrong usage.\n";

constexpr uint32_t SHRINK_TRIES = 3000;

struct Options {
    uint64_t from = 1, seeds = 100;
    uint32_t minutes = 10;
    sim::Faults faults;
    sim::CrashPoint crash;
    bool trace = false, story = false, shrink = true;
};

bool number(const char *text, uint64_t low, uint64_t high, uint64_t *out) {
    char *end = nullptr;
    *out = text == nullptr ? 0 : std::strtoull(text, &end, 10);
    return text != nullptr && *text != '\0' && *end == '\0' && *out >= low && *out <= high;
}

/* Whether the option is one without a value. */
bool flag(const char *name, Options *options) {
    struct {
        const char *name;
        bool *target;
        bool value;
    } const flags[] = {{"--trace", &options->trace, true},
                       {"--story", &options->story, true},
                       {"--no-network", &options->faults.network, false},
                       {"--no-crashes", &options->faults.crashes, false},
                       {"--no-disk", &options->faults.disk, false},
                       {"--no-flips", &options->faults.flips, false},
                       {"--power", &options->crash.power, true},
                       {"--no-shrink", &options->shrink, false}};
    for (const auto &one : flags) {
        if (std::strcmp(name, one.name) == 0) {
            *one.target = one.value;
            return true;
        }
    }
    return false;
}

bool parse(int argc, char **argv, Options *options) {
    for (int i = 1; i < argc; i++) {
        uint64_t value = 0;
        const char *name = argv[i];
        if (flag(name, options)) {
            continue;
        }
        bool known = std::strcmp(name, "--seeds") == 0 || std::strcmp(name, "--from") == 0 ||
                     std::strcmp(name, "--seed") == 0 || std::strcmp(name, "--minutes") == 0 ||
                     std::strcmp(name, "--crash-after") == 0;
        bool minutes = std::strcmp(name, "--minutes") == 0;
        if (!known || i + 1 == argc ||
            !number(argv[++i], minutes ? 1 : 0, minutes ? 1440 : UINT64_MAX, &value)) {
            std::fprintf(stderr, "libella-sim: %s: %s; --help tells more\n", name,
                         known ? "a number was expected behind it" : "no such option");
            return false;
        }
        if (minutes) {
            options->minutes = static_cast<uint32_t>(value);
        } else if (std::strcmp(name, "--seeds") == 0) {
            options->seeds = value;
        } else if (std::strcmp(name, "--crash-after") == 0) {
            options->crash.operation = value;
        } else {
            options->from = value;
            options->seeds = std::strcmp(name, "--seed") == 0 ? 1 : options->seeds;
        }
    }
    return true;
}

void tell(const sim::Story &story) {
    for (const sim::Profile &profile : story.cast) {
        std::printf("  %s\n", line_of(profile).c_str());
    }
    for (const sim::Event &event : story.events) {
        std::printf("  %s\n", line_of(story, event).c_str());
    }
}

/* What is broken without who and which: words that have no digit in them. */
std::string kind_of(const std::string &broken) {
    std::string kind, word;
    for (char c : broken + " ") {
        if (c != ' ') {
            word += c;
            continue;
        }
        bool is_name = word.find_first_of("0123456789") != std::string::npos || word == "witness";
        kind += is_name ? "" : word + " ";
        word.clear();
    }
    return kind;
}

void report(const sim::Story &story, const sim::Outcome &outcome, const Options &options) {
    std::printf("seed %" PRIu64 ", %zu events: %s\n", story.seed, story.events.size(),
                outcome.broken.c_str());
    if (!options.shrink) {
        return;
    }
    std::string kind = kind_of(outcome.broken);
    auto fails = [&options, &kind](const sim::Story &s) {
        return kind_of(sim::World(s, nullptr, options.crash).run().broken) == kind;
    };
    sim::Story best = shrink(story, fails, SHRINK_TRIES);
    sim::Outcome last = sim::World(best, nullptr, options.crash).run();
    std::printf("in short, %zu events: %s\n", best.events.size(), last.broken.c_str());
    tell(best);
    if (options.trace) {
        std::printf("as it happens:\n");
        (void)sim::World(best, stdout, options.crash).run();
    }
    std::printf("replay: libella-sim --seed %" PRIu64 " --minutes %u --trace\n", story.seed,
                options.minutes);
}

int play(const Options &options) {
    sim::Outcome sum;
    uint64_t damaged = 0;
    auto started = std::chrono::steady_clock::now();
    auto said = started;
    for (uint64_t seed = options.from; seed < options.from + options.seeds; seed++) {
        sim::Story story = sim::story_of(seed, options.minutes, options.faults);
        if (options.story) {
            tell(story);
            continue;
        }
        bool trace = options.trace && options.seeds == 1 && !options.shrink;
        sim::Outcome outcome = sim::World(story, trace ? stdout : nullptr, options.crash).run();
        if (!outcome.broken.empty()) {
            report(story, outcome, options);
            return 1;
        }
        sum.steps += outcome.steps;
        sum.messages += outcome.messages;
        sum.deliveries += outcome.deliveries;
        sum.crashes += outcome.crashes;
        sum.connections += outcome.connections;
        sum.simulated_ms += outcome.simulated_ms;
        sum.disk_operations += outcome.disk_operations;
        damaged += outcome.damaged ? 1 : 0;
        auto now = std::chrono::steady_clock::now();
        if (now - said > std::chrono::seconds(30)) {
            said = now;
            std::printf("... seed %" PRIu64 "\n", seed);
            std::fflush(stdout);
        }
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    std::printf("%" PRIu64 " seeds from %" PRIu64 ", %.1f hours simulated in %.1f s: %" PRIu64
                " messages, %" PRIu64 " deliveries, %" PRIu64 " connections, %" PRIu64
                " crashes, %" PRIu64 " disk operations, %" PRIu64 " steps of the core, %" PRIu64
                " seeds in which flipped bits were found and said, 0 promises broken\n",
                options.seeds, options.from, static_cast<double>(sum.simulated_ms) / 3600000,
                took.count(), sum.messages, sum.deliveries, sum.connections, sum.crashes,
                sum.disk_operations, sum.steps, damaged);
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    Options options;
    if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
        std::fputs(HELP, stdout);
        return 0;
    }
    return parse(argc, argv, &options) ? play(options) : 2;
}
