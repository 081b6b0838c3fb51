// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Who is refused when, told as stories of addresses and users.

#include <gtest/gtest.h>

#include <memory>
#include <string>

extern "C" {
#include "broker/security/login_guard.h"
}

namespace {

ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

class LoginGuardTest : public testing::Test {
  protected:
    LoginGuardTest() : guard(login_guard_create(&rules, 99), login_guard_free) {}
    login_guard_answer ask(const std::string &address, const std::string &user) {
        const login_guard_client client = {slice(address), slice(user)};
        return login_guard_ask(guard.get(), now_ms, &client);
    }
    login_guard_pauses fail(const std::string &address, const std::string &user) {
        const login_guard_client client = {slice(address), slice(user)};
        return login_guard_failed(guard.get(), now_ms, &client);
    }
    void succeed(const std::string &address, const std::string &user) {
        const login_guard_client client = {slice(address), slice(user)};
        login_guard_succeeded(guard.get(), now_ms, &client);
    }

    login_guard_rules rules = {.failures_allowed = 3, .pause_ms = 1000, .lockout_ms = 60000};
    std::unique_ptr<login_guard, void (*)(login_guard *)> guard;
    uint64_t now_ms = 5;
};

TEST_F(LoginGuardTest, FirstFailuresCostNothing) {
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(ask("a", "u"), LOGIN_GUARD_OPEN);
        EXPECT_EQ(fail("a", "u").address_ms, 0u);
    }
    EXPECT_EQ(ask("a", "u"), LOGIN_GUARD_OPEN);
}

TEST_F(LoginGuardTest, PausesDoubleUpToTheLockOut) {
    for (int i = 0; i < 3; i++)
        fail("a", "u" + std::to_string(i));
    for (const uint64_t pause : {1000u, 2000u, 4000u, 8000u, 16000u, 32000u, 60000u, 60000u}) {
        EXPECT_EQ(ask("a", "x"), LOGIN_GUARD_OPEN);
        EXPECT_EQ(fail("a", "v" + std::to_string(pause)).address_ms, pause);
        EXPECT_EQ(ask("a", "x"), LOGIN_GUARD_ADDRESS_LOCKED);
        now_ms += pause - 1;
        EXPECT_EQ(ask("a", "x"), LOGIN_GUARD_ADDRESS_LOCKED);
        now_ms += 1;
    }
}

TEST_F(LoginGuardTest, AUserIsLockedFromEveryAddress) {
    for (int i = 0; i < 3; i++)
        fail("a" + std::to_string(i), "root");
    EXPECT_EQ(fail("b", "root").user_ms, 1000u);
    EXPECT_EQ(ask("c", "root"), LOGIN_GUARD_USER_LOCKED);
    EXPECT_EQ(ask("c", "other"), LOGIN_GUARD_OPEN);
    EXPECT_EQ(ask("b", "other"), LOGIN_GUARD_OPEN);
}

TEST_F(LoginGuardTest, WhoCameInBeforeStaysWelcome) {
    succeed("home", "sensor");
    for (int i = 0; i < 20; i++) {
        fail("home", "wrong"); // another device of the same site
        fail("evil", "sensor");
    }
    EXPECT_EQ(ask("home", "sensor"), LOGIN_GUARD_OPEN);
    EXPECT_EQ(ask("home", "stranger"), LOGIN_GUARD_ADDRESS_LOCKED);
    EXPECT_EQ(ask("elsewhere", "sensor"), LOGIN_GUARD_USER_LOCKED);
}

TEST_F(LoginGuardTest, ButNotForGuessing) {
    succeed("home", "sensor");
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(ask("home", "sensor"), LOGIN_GUARD_OPEN);
        fail("home", "sensor");
    }
    fail("home", "sensor");
    EXPECT_EQ(ask("home", "sensor"), LOGIN_GUARD_ADDRESS_LOCKED);
}

TEST_F(LoginGuardTest, OneGoodLoginDoesNotForgiveAnAddress) {
    for (int i = 0; i < 4; i++)
        fail("a", "victim" + std::to_string(i));
    succeed("a", "own account");
    EXPECT_EQ(ask("a", "victim9"), LOGIN_GUARD_ADDRESS_LOCKED);
}

TEST_F(LoginGuardTest, QuietForALockOutStartsAnew) {
    for (int i = 0; i < 10; i++)
        fail("a", "u");
    now_ms += 60000 + 60000 + 1;
    EXPECT_EQ(ask("a", "u"), LOGIN_GUARD_OPEN);
    EXPECT_EQ(fail("a", "u").address_ms, 0u);
}

TEST_F(LoginGuardTest, WithoutAnAddressTheUserCounts) {
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(fail("", "u").address_ms, 0u);
    EXPECT_EQ(ask("", "u"), LOGIN_GUARD_USER_LOCKED);
    EXPECT_EQ(ask("", "v"), LOGIN_GUARD_OPEN);
}

TEST_F(LoginGuardTest, MayBeTurnedOff) {
    rules.failures_allowed = 0;
    login_guard_configure(guard.get(), &rules);
    for (int i = 0; i < 100; i++)
        EXPECT_EQ(fail("a", "u").address_ms, 0u);
    EXPECT_EQ(ask("a", "u"), LOGIN_GUARD_OPEN);
}

// A flood of names and addresses takes no memory and does not set free who attacks now.
TEST_F(LoginGuardTest, AFloodDoesNotPushOutTheLatest) {
    for (uint32_t i = 0; i < 4 * LOGIN_GUARD_RECORDS; i++) {
        now_ms++;
        fail("flood" + std::to_string(i), "user" + std::to_string(i));
        if (i % 1000 == 0)
            fail("evil", "u" + std::to_string(i));
    }
    EXPECT_EQ(ask("evil", "x"), LOGIN_GUARD_ADDRESS_LOCKED);
}

} // namespace
