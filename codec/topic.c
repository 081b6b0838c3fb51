/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic: whether a topic filter matches a topic name, and what a shared subscription consists of.
 * It does not validate: that is the grammar's part (topic.rl).
 *
 * Invariant: every byte of filter and name is looked at once at most; the only byte values that
 * mean anything are '/', '+', '#' and a leading '$'.
 */
#include "topic.h"

/*@ requires s.off < s.end ==> \valid_read(s.base + s.off);
    assigns \nothing;
    ensures \result <==> s.off < s.end && s.base[s.off] == first; */
static bool starts_with(struct ella_slice s, uint8_t first) {
    return s.off < s.end && s.base[s.off] == first;
}

/*@ requires filter.off < filter.end ==> \valid_read(filter.base + filter.off);
    assigns \nothing;
    ensures \result <==> filter.off < filter.end &&
      (filter.base[filter.off] == '+' || filter.base[filter.off] == '#'); */
static bool starts_with_wildcard(struct ella_slice filter) {
    return starts_with(filter, '+') || starts_with(filter, '#');
}

/* Whether the filter goes on with "/#" at off: then it also matches the parent level. */
/*@ requires off < filter.end && bytes_readable(filter.base, off, filter.end);
    assigns \nothing;
    ensures \result <==> filter.end == off + 2 && filter.base[off] == '/' &&
      filter.base[off + 1] == '#'; */
static bool rest_is_any_child(struct ella_slice filter, uint32_t off) {
    return filter.end == (uint64_t)off + 2u && filter.base[off] == '/' &&
           filter.base[off + 1u] == '#';
}

bool ella_topic_match(struct ella_slice filter, struct ella_slice name) {
    uint32_t f = filter.off;
    uint32_t n = name.off;

    //= v3/4.7.2-1 v5/4.7.2-1
    if (starts_with(name, '$') && starts_with_wildcard(filter))
        return false;
    //= v3/4.7.3-4 v5/4.7.3-4
    /*@ loop invariant filter.off <= f <= filter.end && name.off <= n <= name.end;
        loop invariant
          rest_matches(filter.base, filter.off, filter.end, name.base, name.off, name.end) <==>
          rest_matches(filter.base, f, filter.end, name.base, n, name.end);
        loop assigns f, n;
        loop variant filter.end - f; */
    while (f < filter.end) {
        if (filter.base[f] == '#')
            return true;
        /*@ assert filter.base[f] == '+' ==>
              (rest_matches(filter.base, f, filter.end, name.base, n, name.end) <==>
               rest_matches(filter.base, f + 1, filter.end, name.base,
                            level_end(name.base, n, name.end), name.end)); */
        /*@ assert takes_byte(filter.base, f, name.base, n, name.end) ==>
              (rest_matches(filter.base, f, filter.end, name.base, n, name.end) <==>
               rest_matches(filter.base, f + 1, filter.end, name.base, n + 1, name.end)); */
        if (filter.base[f] == '+') {
            n = ella_topic_level_end(name.base, n, name.end);
            f++;
            /*@ assert
                  rest_matches(filter.base, filter.off, filter.end, name.base, name.off, name.end)
                  <==> rest_matches(filter.base, f, filter.end, name.base, n, name.end); */
        } else if (n < name.end && filter.base[f] == name.base[n]) {
            f++;
            n++;
            /*@ assert
                  rest_matches(filter.base, filter.off, filter.end, name.base, name.off, name.end)
                  <==> rest_matches(filter.base, f, filter.end, name.base, n, name.end); */
        } else {
            return n == name.end && rest_is_any_child(filter, f);
        }
    }
    return n == name.end;
}

/*@ requires s.off <= s.end && bytes_readable(s.base, s.off, s.end);
    assigns \nothing;
    ensures \result <==> \exists integer i; s.off <= i < s.end &&
      (s.base[i] == '+' || s.base[i] == '#'); */
static bool has_wildcard(struct ella_slice s) {
    /*@ loop invariant s.off <= at <= s.end;
        loop invariant \forall integer i; s.off <= i < at ==>
          s.base[i] != '+' && s.base[i] != '#';
        loop assigns at;
        loop variant s.end - at; */
    for (uint32_t at = s.off; at < s.end; at++) {
        if (s.base[at] == '+' || s.base[at] == '#')
            return true;
    }
    return false;
}

/*@ ensures \result <==> is_share(whole.base, whole.off, whole.end); */
bool ella_topic_share(struct ella_slice whole, struct ella_slice *name,
                      struct ella_slice *filter) {
    struct ella_slice share = {whole.base, whole.off, whole.off};

    *name = share;
    *filter = whole;
    if (!ella_topic_is_shared(whole.base, whole.off, whole.end))
        return false;
    //= v5/4.8.2-1 v5/4.8.2-2
    share.off = whole.off + SHARE_PREFIX_LEN;
    share.end = ella_topic_level_end(whole.base, share.off, whole.end);
    if (share.off == share.end || (uint64_t)share.end + 1u >= whole.end || has_wildcard(share))
        return false;
    *name = share;
    filter->off = share.end + 1u;
    return true;
}
