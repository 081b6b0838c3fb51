// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The files of a journal, changed by any bytes: it recovers or refuses clearly, never crashes, and
// never invents a unit. The first byte says how many changes a journal of ours makes first; then
// come edits: where, how, and what. With 0 changes the rest is a file as it stands.

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "broker/io/journal_test_support.h"
#include "fuzz/input.h"

namespace {

constexpr size_t SIZE_MAX_BYTES = 1u << 14;
constexpr uint8_t CHANGES_MAX = 64;
constexpr int ROUNDS = 40; // enough for a snapshot and its syncs

using journal_test::bytes;
using journal_test::disk;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("journal_fuzz", what);
}

// Journals are the same for the same number of changes, so each is made once.
struct model {
    std::unique_ptr<disk> files;
    std::set<bytes> units;
};

const model &journal_of(uint8_t changes) {
    static std::map<uint8_t, model> made;
    model &out = made[changes];
    if (out.files)
        return out;
    out.files = std::make_unique<disk>();
    journal_test::node node(*out.files);
    if (node.recover() != JOURNAL_OK)
        finding("an empty directory is no journal");
    for (uint8_t i = 0; i < changes; i++)
        node.change(8 + i * 7u % 60u);
    if (!node.close())
        finding("a journal in memory can't be closed");
    journal_test::node again(*out.files);
    if (again.recover() != JOURNAL_OK)
        finding("what was closed in order is not recovered");
    out.units = std::set<bytes>(again.units.begin(), again.units.end());
    if (again.seen.changes() != changes)
        finding("what was closed in order is not recovered whole");
    return out;
}

// One edit: a byte changed, bytes cut off, bytes put in, a file dropped, doubled or renamed.
void edit(disk &files, fuzz::source &in) {
    auto at = files.names.begin();
    std::advance(at, in.u8() % files.names.size());
    bytes &data = at->second->data;
    const size_t place = data.empty() ? 0 : in.u16() % data.size();
    switch (in.u8() % 7) {
    case 0:
        if (!data.empty())
            data[place] = static_cast<uint8_t>(data[place] ^ (1u << in.u8() % 8));
        break;
    case 1:
        data.resize(place);
        break;
    case 2: {
        const ella_slice more = in.slice();
        data.insert(data.begin() + static_cast<std::ptrdiff_t>(place), more.base + more.off,
                    more.base + more.end);
        break;
    }
    case 3:
        std::fill(data.begin() + static_cast<std::ptrdiff_t>(place), data.end(), uint8_t{0});
        break;
    case 4:
        files.names.erase(at);
        break;
    case 5: {
        char name[32];
        std::snprintf(name, sizeof name, "%010u.journal", static_cast<unsigned>(in.u8()));
        files.names[name] = std::make_shared<journal_test::inode>(*at->second);
        break;
    }
    default:
        files.read_fails_at = place;
        files.read_status = FILE_FAILED;
        break;
    }
}

void recover(disk &files, const std::set<bytes> *known) {
    journal_test::node node(files);
    const journal_status status = node.recover();
    if (status != JOURNAL_OK && node.said.empty())
        finding("it refuses without a word");
    for (const bytes &unit : node.units) {
        if (known != nullptr && known->count(unit) == 0)
            finding("a unit that nobody wrote is recovered");
    }
    if (status != JOURNAL_OK)
        return;
    // It goes on from there, and what it then takes is there the next time.
    files.read_fails_at = UINT64_MAX;
    const uint64_t fresh = node.next;
    node.change();
    for (int round = 0; round < ROUNDS; round++)
        node.round();
    if (!journal_close(node.journal, node.now_ms))
        return;
    journal_test::node again(files);
    if (again.recover() != JOURNAL_OK || again.seen.value[fresh % journal_test::KEYS] != fresh)
        finding("what was taken after a recovery is lost by the next one");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > SIZE_MAX_BYTES)
        return 0;
    const uint8_t changes = data[0] % (CHANGES_MAX + 1);
    if (changes == 0) {
        disk files;
        files.names["0000000001.journal"] = std::make_shared<journal_test::inode>();
        files.names["0000000001.journal"]->data.assign(data + 1, data + size);
        recover(files, nullptr);
        return 0;
    }
    const model &whole = journal_of(changes);
    const std::unique_ptr<disk> files = disk::copy(*whole.files);
    fuzz::source in(data + 1, size - 1);
    while (!in.is_empty() && !files->names.empty())
        edit(*files, in);
    recover(*files, &whole.units);
    return 0;
}
