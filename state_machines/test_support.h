/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the tests of all machines share: a table written as sentences, and the visit of everything
 * that any sequence of events can reach. It knows no machine.
 */
#ifndef LIBELLA_STATE_MACHINES_TEST_SUPPORT_H
#define LIBELLA_STATE_MACHINES_TEST_SUPPORT_H

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace state_machines {

/* A machine by the names of its states and events; outcome says "goto STATE do ACTION". */
struct Machine {
    unsigned states;
    unsigned events;
    std::function<std::string(unsigned)> state_name;
    std::function<std::string(unsigned)> event_name;
    std::function<std::string(unsigned, unsigned)> outcome;
};

inline int index_of(const std::string &name, unsigned count,
                    const std::function<std::string(unsigned)> &name_of) {
    for (unsigned i = 0; i < count; i++) {
        if (name_of(i) == name) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

inline std::vector<std::string> split(const std::string &text, const std::string &separator) {
    std::vector<std::string> parts;
    size_t from = 0;
    for (;;) {
        const size_t at = text.find(separator, from);
        parts.push_back(text.substr(from, at - from));
        if (at == std::string::npos) {
            return parts;
        }
        from = at + separator.size();
    }
}

/* Each row reads "while STATE on EVENT | EVENT goto STATE do ACTION". Together the rows must name
 * every state and event exactly once, and the machine must do what they say. */
inline void expect_table(const Machine &machine, const std::vector<std::string> &rows) {
    const std::string while_ = "while ";
    std::set<std::pair<int, int>> seen;
    for (const std::string &row : rows) {
        SCOPED_TRACE(row);
        const size_t on = row.find(" on ");
        const size_t outcome = row.find(" goto ");
        ASSERT_TRUE(row.rfind(while_, 0) == 0 && on != std::string::npos &&
                    outcome != std::string::npos);
        const int state = index_of(row.substr(while_.size(), on - while_.size()), machine.states,
                                   machine.state_name);
        ASSERT_GE(state, 0) << "no such state";
        for (const std::string &name : split(row.substr(on + 4, outcome - on - 4), " | ")) {
            const int event = index_of(name, machine.events, machine.event_name);
            ASSERT_GE(event, 0) << "no such event: " << name;
            EXPECT_TRUE(seen.insert({state, event}).second) << "twice: " << name;
            EXPECT_EQ(machine.outcome(static_cast<unsigned>(state), static_cast<unsigned>(event)),
                      row.substr(outcome + 1))
                << "on " << name;
        }
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(machine.states) * machine.events)
        << "rows are missing";
}

/* Every value has a name of its own, and what is outside the enum is "?". */
inline void expect_names(unsigned count, const std::function<std::string(unsigned)> &name_of) {
    std::set<std::string> names;
    for (unsigned i = 0; i < count; i++) {
        EXPECT_FALSE(name_of(i).empty());
        EXPECT_NE(name_of(i), "?");
        EXPECT_TRUE(names.insert(name_of(i)).second) << "two are named " << name_of(i);
    }
    EXPECT_EQ(name_of(count), "?");
}

/* Steps a watcher through every sequence of events of every length, by visiting each distinct
 * situation once. A Watcher is copied for each branch and offers
 *     unsigned events() const;             how many events there are now
 *     std::string event_name(unsigned) const;
 *     const char *step(unsigned event);    what was broken, or null
 *     auto key() const;                    all that its future depends on, comparable
 * Returns the number of situations; stops at the first broken rule and prints the shortest story
 * that leads there. */
template <class Watcher> size_t visit_everything(const Watcher &start) {
    std::map<decltype(start.key()), std::vector<unsigned>> stories;
    std::deque<Watcher> open{start};
    stories[start.key()] = {};
    while (!open.empty()) {
        const Watcher here = open.front();
        const std::vector<unsigned> story = stories.at(here.key());
        open.pop_front();
        for (unsigned event = 0; event < here.events(); event++) {
            Watcher next = here;
            const char *broken = next.step(event);
            std::vector<unsigned> longer = story;
            longer.push_back(event);
            if (broken != nullptr) {
                std::string text;
                for (unsigned e : longer) {
                    text += "\n    " + start.event_name(e);
                }
                ADD_FAILURE() << broken << ", after:" << text;
                return 0;
            }
            if (stories.emplace(next.key(), std::move(longer)).second) {
                open.push_back(next);
            }
        }
    }
    return stories.size();
}

} // namespace state_machines

#endif
