// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Files that a configuration names: which they are, and that secrets are not left open.

#include <map>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "broker/io/config_test_support.h"

namespace io_test {
namespace {

std::map<std::string, bool> paths_of(const struct config &config) {
    std::map<std::string, bool> paths;
    const bool all = config_visit_paths(
        &config,
        [](void *ctx, const char *path, bool is_written) {
            (*static_cast<std::map<std::string, bool> *>(ctx))[path] = is_written;
            return true;
        },
        &paths);
    EXPECT_TRUE(all);
    return paths;
}

TEST(ConfigPaths, AllThatAreNamedAreVisited) {
    configuration c;
    mkdir(c.dir.file("more").c_str(), 0700);
    ASSERT_TRUE(c.read_text("pid_file /run/p\nlog_dest file /var/log/l\nlistener 0 /run/s\n"
                            "include_dir " +
                            c.dir.file("more") + "\n"))
        << c.error();
    const std::map<std::string, bool> paths = paths_of(c.config);
    const std::map<std::string, bool> expected = {
        {"/run/p", true}, {"/var/log/l", true}, {"/run/s", true}, {c.dir.file("more"), false}};
    EXPECT_EQ(paths, expected);
}

TEST(ConfigPaths, VisitingStopsAtFalse) {
    configuration c;
    ASSERT_TRUE(c.read_text("pid_file /run/p\nlog_dest file /var/log/l\n"));
    int count = 0;
    EXPECT_FALSE(config_visit_paths(
        &c.config,
        [](void *ctx, const char *, bool) {
            ++*static_cast<int *>(ctx);
            return false;
        },
        &count));
    EXPECT_EQ(count, 1);
}

TEST(ConfigPaths, SecretsThatOthersMayReadAreRefused) {
    for (size_t i = 0; i < config_option_count; i++) {
        const config_option &option = config_options[i];
        if (!option.secret)
            continue;
        configuration c;
        const std::string file = c.dir.write("secret", "");
        const std::string top = option.scope == CONFIG_LISTENER ? "listener 1883\n" : "";
        const std::string line = option.name + (" " + file) + "\n";
        const std::string where = "t.conf:" + std::to_string(top.empty() ? 1 : 2) + ": ";
        chmod(file.c_str(), 0644);
        EXPECT_FALSE(c.read_text(top + line)) << option.name;
        EXPECT_EQ(c.error(), where + option.name + " " + file +
                                 ": every user of this machine may read it (mode 0644); chmod o= "
                                 "it, or write allow_exposed_files true above this line");
        chmod(file.c_str(), 0602);
        EXPECT_FALSE(c.read_text(top + line));
        EXPECT_NE(c.error().find("may write it (mode 0602)"), std::string::npos) << c.error();
        EXPECT_TRUE(c.read_text("allow_exposed_files true\n" + top + line)) << c.error();
        EXPECT_FALSE(c.read_text(top + "allow_exposed_files false\n" + line));
        chmod(file.c_str(), 0640);
        EXPECT_TRUE(c.read_text(top + line)) << c.error();
        EXPECT_TRUE(c.config.has_secrets);
        EXPECT_FALSE(c.read_text(top + line + "allow_exposed_files true\n"));
        EXPECT_NE(c.error().find("must come before the files"), std::string::npos) << c.error();
    }
}

} // namespace
} // namespace io_test
