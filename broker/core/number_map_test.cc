// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <map>

#include "broker/core/memory_test_support.h"

extern "C" {
#include "broker/core/number_map.h"
}

namespace {

// Against a map that is known to be right, with many that share a home.
TEST(NumberMap, FindsWhatIsThereAndNothingElse) {
    libella_test::test_memory port;
    number_map map{};
    std::map<uint64_t, int *> model;
    std::vector<int> things(1000);
    uint64_t luck = 1;
    EXPECT_EQ(number_map_find(&map, 1), nullptr);
    for (int i = 0; i < 200000; i++) {
        luck = luck * 6364136223846793005u + 1442695040888963407u;
        const uint64_t number = 1 + (luck >> 33) % 700 * (luck % 2 == 0 ? 1 : 1u << 20);
        if (model.count(number) > 0) {
            ASSERT_EQ(number_map_find(&map, number), model[number]);
            number_map_remove(&map, number);
            model.erase(number);
        } else {
            ASSERT_EQ(number_map_find(&map, number), nullptr);
            int *thing = &things[static_cast<size_t>(i) % things.size()];
            ASSERT_TRUE(number_map_add(&port.memory, &map, number, thing));
            model[number] = thing;
        }
        ASSERT_EQ(map.count, model.size());
    }
    for (const auto &[number, thing] : model)
        ASSERT_EQ(number_map_find(&map, number), thing);
    number_map_free(&port.memory, &map);
    EXPECT_EQ(port.memory.total_bytes, 0u);
}

} // namespace
