// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The tree of topic levels against a map from paths to nodes.

#include "broker/core/memory_test_support.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>
#include <vector>

extern "C" {
#include "broker/core/topic_tree.h"
}

using libella_test::test_memory;

static struct ella_slice slice(const std::string &s) {
    return {reinterpret_cast<const uint8_t *>(s.data()), 0, static_cast<uint32_t>(s.size())};
}

class TopicTreeTest : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(topic_tree_init(&tree, &port.memory, 8, 42)); }
    void TearDown() override {
        topic_tree_free(&tree);
        EXPECT_EQ(port.memory.total_bytes, 0u);
        EXPECT_EQ(port.live_blocks, 0u);
        EXPECT_FALSE(port.wrong_size);
    }
    uint32_t child(uint32_t parent, const std::string &level) {
        return topic_tree_child(&tree, parent, slice(level));
    }
    uint32_t add(uint32_t parent, const std::string &level) {
        return topic_tree_add(&tree, parent, slice(level));
    }
    std::string level(uint32_t node) {
        const struct ella_slice s = topic_tree_level(&tree, node);
        return std::string(reinterpret_cast<const char *>(ella_slice_data(s)), ella_slice_len(s));
    }
    uint64_t value(uint32_t node) {
        return *static_cast<uint64_t *>(topic_tree_value(&tree, node));
    }
    test_memory port;
    struct topic_tree tree;
};

TEST_F(TopicTreeTest, ANodeIsFoundByParentAndLevel) {
    EXPECT_EQ(child(TOPIC_TREE_ROOT, "sport"), TOPIC_TREE_NONE);
    const uint32_t sport = add(TOPIC_TREE_ROOT, "sport");
    const uint32_t tennis = add(sport, "tennis");
    EXPECT_EQ(child(TOPIC_TREE_ROOT, "sport"), sport);
    EXPECT_EQ(child(sport, "tennis"), tennis);
    EXPECT_EQ(child(TOPIC_TREE_ROOT, "tennis"), TOPIC_TREE_NONE);
    EXPECT_EQ(topic_tree_find(&tree, topic_path_of(slice("sport/tennis"))), tennis);
    EXPECT_EQ(topic_tree_find(&tree, topic_path_of(slice("sport"))), sport);
    EXPECT_EQ(topic_tree_find(&tree, topic_path_of(slice("sport/"))), TOPIC_TREE_NONE);
    EXPECT_EQ(topic_tree_find(&tree, topic_path_of(slice("sport/tennis/x"))), TOPIC_TREE_NONE);
    EXPECT_EQ(value(tennis), 0u) << "values begin cleared";
    EXPECT_EQ(level(tennis), "tennis");
    topic_tree_remove(&tree, tennis);
    EXPECT_EQ(child(sport, "tennis"), TOPIC_TREE_NONE);
    topic_tree_remove(&tree, sport);
}

//= v3/4.7.3-4 test
//= v5/4.7.3-4 test
TEST_F(TopicTreeTest, ALongLevelLookedForAgainIsReadForItsHashOnce) {
    const std::string name(65, 'x');
    const uint32_t a = add(TOPIC_TREE_ROOT, "a");
    const uint32_t b = add(TOPIC_TREE_ROOT, "b");
    const uint32_t leaf = add(a, name);
    uint64_t digest = 0;
    EXPECT_EQ(topic_tree_child_again(&tree, b, slice(name), &digest), TOPIC_TREE_NONE);
    EXPECT_EQ(digest, 0u) << "b has no children: there was nothing to look for";
    EXPECT_EQ(topic_tree_child_again(&tree, a, slice(name), &digest), leaf);
    EXPECT_NE(digest, 0u);
    const uint64_t kept = digest;
    EXPECT_EQ(topic_tree_child_again(&tree, TOPIC_TREE_ROOT, slice(name), &digest),
              TOPIC_TREE_NONE);
    EXPECT_EQ(topic_tree_child_again(&tree, a, slice(name), &digest), leaf);
    EXPECT_EQ(digest, kept);
    topic_tree_remove(&tree, leaf);
    topic_tree_remove(&tree, b);
    topic_tree_remove(&tree, a);
}

TEST_F(TopicTreeTest, LevelsAreBytesAndNothingElse) {
    const std::vector<std::string> levels = {
        "", " ", "a", "A", "a ", " a", "\xc3\xa9", "e\xcc\x81", "\xef\xbb\xbf", "a\xef\xbb\xbf",
    };
    std::vector<uint32_t> nodes;
    for (const std::string &each : levels) {
        EXPECT_EQ(child(TOPIC_TREE_ROOT, each), TOPIC_TREE_NONE) << each;
        nodes.push_back(add(TOPIC_TREE_ROOT, each));
    }
    for (size_t i = 0; i < levels.size(); i++) {
        EXPECT_EQ(child(TOPIC_TREE_ROOT, levels[i]), nodes[i]);
        EXPECT_EQ(level(nodes[i]), levels[i]);
    }
    for (uint32_t node : nodes)
        topic_tree_remove(&tree, node);
}

TEST_F(TopicTreeTest, LevelsOfEveryLengthAreKept) {
    std::vector<uint32_t> nodes;
    std::vector<std::string> levels;
    for (size_t len : {0u, 1u, 13u, 14u, 15u, 16u, 255u, 256u, 65534u, 65535u}) {
        levels.push_back(std::string(len, 'x'));
        nodes.push_back(add(TOPIC_TREE_ROOT, levels.back()));
    }
    for (size_t i = 0; i < levels.size(); i++) {
        EXPECT_EQ(level(nodes[i]), levels[i]);
        EXPECT_EQ(child(TOPIC_TREE_ROOT, levels[i]), nodes[i]);
    }
    for (uint32_t node : nodes)
        topic_tree_remove(&tree, node);
}

TEST_F(TopicTreeTest, PositionsWalkTheLevelsForthAndBack) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
        {"a", {"a"}},
        {"/", {"", ""}},
        {"a/", {"a", ""}},
        {"/a", {"", "a"}},
        {"a//b", {"a", "", "b"}},
        {"//", {"", "", ""}},
        {"ab/cd/ef", {"ab", "cd", "ef"}},
    };
    for (const auto &one : cases) {
        const struct topic_path path = topic_path_of(slice(one.first));
        std::vector<uint32_t> positions = {0};
        std::vector<std::string> levels;
        while (!topic_path_ends(path, positions.back())) {
            const struct ella_slice s = topic_path_level(path, positions.back());
            levels.push_back(one.first.substr(s.off, s.end - s.off));
            positions.push_back(s.end + 1);
        }
        EXPECT_EQ(levels, one.second) << one.first;
        EXPECT_EQ(positions.back(), one.first.size() + 1);
        for (size_t i = positions.size() - 1; i > 0; i--)
            EXPECT_EQ(topic_path_previous(path, positions[i]), positions[i - 1]) << one.first;
    }
}

TEST_F(TopicTreeTest, AgreesWithAMapUnderRandomUse) {
    std::mt19937 random(7);
    std::map<std::pair<uint32_t, std::string>, uint32_t> model;
    std::vector<std::pair<uint32_t, std::string>> keys;
    std::vector<uint32_t> parents;
    for (int i = 0; i < 5; i++)
        parents.push_back(add(TOPIC_TREE_ROOT, "parent" + std::to_string(i)));
    for (int round = 0; round < 200000; round++) {
        const bool grow = (round / 20000) % 2 == 0;
        if (random() % 10 < (grow ? 8u : 2u)) {
            const uint32_t parent = parents[random() % parents.size()];
            const std::string name = std::to_string(random() % 30000);
            const uint32_t found = child(parent, name);
            const auto known = model.find({parent, name});
            ASSERT_EQ(found, known == model.end() ? TOPIC_TREE_NONE : known->second);
            if (known == model.end()) {
                model[{parent, name}] = add(parent, name);
                keys.emplace_back(parent, name);
            }
        } else if (!keys.empty()) {
            const size_t i = random() % keys.size();
            topic_tree_remove(&tree, model[keys[i]]);
            ASSERT_EQ(child(keys[i].first, keys[i].second), TOPIC_TREE_NONE);
            model.erase(keys[i]);
            keys[i] = keys.back();
            keys.pop_back();
        }
    }
    for (const auto &one : model)
        ASSERT_EQ(child(one.first.first, one.first.second), one.second);
    for (const auto &one : model)
        topic_tree_remove(&tree, one.second);
    for (uint32_t parent : parents)
        topic_tree_remove(&tree, parent);
    EXPECT_LT(port.memory.total_bytes, 3 * 32 * POOL_SLAB_ITEMS) << "the index shrinks too";
}

TEST_F(TopicTreeTest, WithoutMemoryNothingChanges) {
    const std::string long_level(100, 'x');
    port.fail_once(1); // the index
    EXPECT_EQ(add(TOPIC_TREE_ROOT, "a"), TOPIC_TREE_NONE);
    const uint32_t a = add(TOPIC_TREE_ROOT, "a");
    port.fail_once(1); // the level
    EXPECT_EQ(add(TOPIC_TREE_ROOT, long_level), TOPIC_TREE_NONE);
    EXPECT_EQ(child(TOPIC_TREE_ROOT, long_level), TOPIC_TREE_NONE);
    EXPECT_EQ(tree.slot_count, 1u);
    EXPECT_EQ(tree.nodes.item_count, 2u) << "the root and a";
    topic_tree_remove(&tree, a);
}

TEST(TopicTreeDeathTest, ANodeWithChildrenStays) {
    test_memory port;
    struct topic_tree tree;
    ASSERT_TRUE(topic_tree_init(&tree, &port.memory, 8, 1));
    const std::string name = "a";
    const uint32_t a = topic_tree_add(&tree, TOPIC_TREE_ROOT, slice(name));
    const uint32_t b = topic_tree_add(&tree, a, slice(name));
    EXPECT_DEATH(topic_tree_remove(&tree, a), "child_count");
    topic_tree_remove(&tree, b);
    topic_tree_remove(&tree, a);
    EXPECT_DEATH(topic_tree_remove(&tree, TOPIC_TREE_ROOT), "ROOT");
    topic_tree_free(&tree);
}
