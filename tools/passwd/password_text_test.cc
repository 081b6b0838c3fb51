// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include <gtest/gtest.h>

#include <string>

extern "C" {
#include "tools/passwd/password_text.h"
}

namespace {

const char hashed[] = "$6$et2bx9QOwPlPR+JA$qCxoK1gcYpLCoy7OrGIIsz/LiVNfTHlg3S05hi7D7j7jA0zRV6ZX921"
                      "3WpzWmJDqVaA8K2LSKdcIoTQAXm7ppQ==";

struct changed {
    password_text_result result;
    std::string text;
};

changed taken(password_text_result result, password_text *out) {
    const changed all = {result, std::string(out->text, out->len)};
    password_text_free(out);
    return all;
}

changed set(const std::string &text, const char *user, const char *hash = "H") {
    password_text out;
    const auto result = password_text_set(text.data(), text.size(), user, hash, &out);
    return taken(result, &out);
}

changed remove(const std::string &text, const char *user) {
    password_text out;
    const auto result = password_text_delete(text.data(), text.size(), user, &out);
    return taken(result, &out);
}

changed upgrade(const std::string &text, uint32_t *bad_line) {
    password_text out;
    const password_text_hasher hasher = {
        nullptr, [](void *, const char *password, size_t len, char *hash) {
            const std::string made = "<" + std::string(password, len) + ">";
            made.copy(hash, made.size());
            hash[made.size()] = '\0';
            return true;
        }};
    const auto result = password_text_upgrade(text.data(), text.size(), &hasher, &out, bad_line);
    return taken(result, &out);
}

TEST(PasswordText, AUserIsAddedBehindWhatIsThere) {
    EXPECT_EQ(set("", "a").text, "a:H\n");
    EXPECT_EQ(set("# c\nb:x", "a").text, "# c\nb:x\na:H\n");
    EXPECT_EQ(set("b:x\n", "a").result, PASSWORD_TEXT_ADDED);
}

TEST(PasswordText, AUserIsChangedInItsPlace) {
    const changed all = set("# a:1\nb:x\r\n a :old\nc:y\n", "a");
    EXPECT_EQ(all.text, "# a:1\nb:x\r\na:H\nc:y\n");
    EXPECT_EQ(all.result, PASSWORD_TEXT_CHANGED);
    EXPECT_EQ(set("a:1\nb:2\na:3\n", "a").text, "a:H\nb:2\n");
    EXPECT_EQ(set("ab:1\n", "a").text, "ab:1\na:H\n");
}

TEST(PasswordText, AUserIsDeleted) {
    EXPECT_EQ(remove("# a:1\na:1\nb:2\n", "a").text, "# a:1\nb:2\n");
    EXPECT_EQ(remove("b:2", "a").text, "b:2");
    EXPECT_EQ(remove("b:2", "a").result, PASSWORD_TEXT_UNCHANGED);
}

TEST(PasswordText, OnlyPlainPasswordsAreHashed) {
    uint32_t bad_line = 9;
    const std::string kept = std::string("# c\n\nb:") + hashed + "\n";
    const changed all = upgrade(kept + "a:plain: word\n", &bad_line);
    EXPECT_EQ(all.text, kept + "a:<plain: word>\n");
    EXPECT_EQ(all.result, PASSWORD_TEXT_CHANGED);
    EXPECT_EQ(bad_line, 0u);
    EXPECT_EQ(upgrade(kept, &bad_line).result, PASSWORD_TEXT_UNCHANGED);
}

TEST(PasswordText, AFileOfAnotherKindStaysAsItIs) {
    uint32_t bad_line = 0;
    EXPECT_EQ(upgrade("a:1\nnonsense\n", &bad_line).result, PASSWORD_TEXT_UNCHANGED);
    EXPECT_EQ(bad_line, 2u);
    upgrade("a:\n", &bad_line);
    EXPECT_EQ(bad_line, 1u);
}

TEST(PasswordText, NamesThatCanNotStandInAFile) {
    for (const char *bad : {"", "a:b", "#a", " a", "a ", "a\nb", "\xFF"})
        EXPECT_NE(password_text_check_user(bad), nullptr) << bad;
    for (const char *good : {"a", "a b", "a#", "\xC3\xA4", "$x"})
        EXPECT_EQ(password_text_check_user(good), nullptr) << good;
}

} // namespace
