/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic: which strings are topic names, topic filters and shared subscriptions (sections 4.7 and
 * 4.8.2). It matches nothing: that is topic.c.
 *
 * Invariant: at is where the character being read begins; all before it is a valid beginning.
 * A wildcard in the wrong place is the byte at fault, even if only the next one shows it.
 */
#include <string.h>

#include "libella/codec.h"

#define TOPIC_SHARE_PREFIX "$share/"
#define TOPIC_SHARE_PREFIX_LEN 7u

%%{
    machine topic_characters;
    include utf8_characters "utf8.rl";

    action next { at = p + 1u; }
    action text { p = topic_text_last(buf, p, pe); }
    action null { error = ELLA_ERROR_STRING_NULL_CHARACTER; fbreak; }

    # Any character of a string but U+0000, which is refused, and those that mean something.
    #= v3/4.7.3-2 v5/4.7.3-2
    text = ( printable - [/+#] ) @text
         | control | non_character | other
         | null_character @null;
}%%

/* Whether the byte is printable ASCII but none of "/+#". */
/*@ predicate topic_byte(integer b) =
      0x20 <= b <= 0x7E && b != '/' && b != '+' && b != '#'; */
/*@ assigns \nothing;
    ensures \result <==> topic_byte(byte); */
static bool topic_is_text(uint8_t byte) {
    return byte >= 0x20u && byte <= 0x7eu && byte != '/' && byte != '+' && byte != '#';
}

/* The last byte of the run of such text that begins at start; end > start. */
/*@ requires start < end && bytes_readable(buf, start, end);
    requires topic_byte(buf[start]);
    assigns \nothing;
    ensures start <= \result < end;
    ensures name_stop(buf, start, end) == name_stop(buf, \result + 1, end); */
static uint32_t topic_text_last(const uint8_t *buf, uint32_t start, uint32_t end) {
    uint32_t p = start + 1u;

    /*@ loop invariant start < p <= end;
        loop invariant name_stop(buf, start, end) == name_stop(buf, p, end);
        loop assigns p;
        loop variant end - p; */
    while (p < end && topic_is_text(buf[p]))
        p++;
    return p - 1u;
}

%%{
    # 4.7: the topic name of a message: no wildcards.

    machine topic_name;
    include topic_characters;

    action wildcard { error = ELLA_ERROR_TOPIC_NAME_WILDCARD; fbreak; }
    action whole {
        /*@ assert topic_byte(buf[at]) || name_len(buf, at, pe) == p + 1 - at; */
        at = p + 1u;
    }

    #= v3/4.7.1-1 v5/4.7.0-1 v3/3.3.2-2 v5/3.3.2-2
    main := ( ( text | '/' | [+#] @wildcard ) @whole )*;
}%%

%% write data noerror;

/* What a state of the machine says of the bytes [at, p) before the next one. */
/*@ predicate topic_name_state{L}(uint8_t *s, integer at, integer p, integer cs) =
      (cs == 1 ==> p == at + 1 && 0xC2 <= s[at] <= 0xDF ||
                   p == at + 2 && UTF8_3(s[at], s[at + 1], 0x80) ||
                   p == at + 3 && UTF8_4(s[at], s[at + 1], s[at + 2], 0x80)) &&
      (cs == 2 ==> p == at + 1 && s[at] == 0xE0) &&
      (cs == 3 ==> p == at + 1 && 0xE1 <= s[at] <= 0xEF && s[at] != 0xED ||
                   p == at + 2 && UTF8_4(s[at], s[at + 1], 0x80, 0x80)) &&
      (cs == 4 ==> p == at + 1 && s[at] == 0xED) &&
      (cs == 5 ==> p == at + 1 && s[at] == 0xF0) &&
      (cs == 6 ==> p == at + 1 && 0xF1 <= s[at] <= 0xF3) &&
      (cs == 7 ==> p == at + 1 && s[at] == 0xF4) &&
      (cs == 8 ==> p == at); */

enum ella_error ella_topic_name_check(const uint8_t *buf, uint32_t start, uint32_t end,
                                      uint32_t *error_at) {
    enum ella_error error = ELLA_ERROR_NONE;
    uint32_t p = start;
    const uint32_t pe = end;
    uint32_t at = start;
    int cs = topic_name_start;

    /*@ loop invariant start <= at <= p < pe;
        loop invariant 1 <= cs <= 8 && topic_name_state(buf, at, p, cs);
        loop invariant
          cs == 1 ==> name_len(buf, at, pe) == (UTF8_TAIL(buf[p]) ? p + 1 - at : 0);
        loop invariant error == ELLA_ERROR_NONE;
        loop invariant name_stop(buf, start, pe) == name_stop(buf, at, pe);
        loop assigns p, at, cs, error;
        loop variant pe - p; */
    %% write exec;
    /*@ assert stopped: name_len(buf, at, pe) == 0; */
    //= v3/4.7.3-1 v5/4.7.3-1
    if (start == end)
        error = ELLA_ERROR_TOPIC_NAME_EMPTY;
    else if (error == ELLA_ERROR_NONE && cs < topic_name_first_final)
        error = ELLA_ERROR_STRING_NOT_UTF8;
    *error_at = at;
    return error;
}

%%{
    # 4.7.1: levels between separators; + is a level by itself, # is the last level by itself.
    # 4.8.2: $share/NAME/ may stand before a filter; what follows it is machine `shared`.

    machine topic_filter;
    include topic_characters;

    action multi_level { error = ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD; fbreak; }
    action single_level { error = ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD; fbreak; }
    action share_name { error = ELLA_ERROR_SHARE_NAME; fbreak; }
    action one_back { at = at - 1u; }

    character = text @next;
    separator = '/' @next;

    #= v3/4.7.1-2 v5/4.7.1-1
    hash = '#' @next ( any @one_back @multi_level )?;

    #= v3/4.7.1-3 v5/4.7.1-2
    plus = '+' @next ( ( any - '/' ) @one_back @single_level )?;

    words = character+ ( '#' @multi_level | '+' @single_level )?;

    level = ( words | plus )?;
    filter = ( level separator )* ( level | hash );

    ordinary := filter;

    #= v5/4.8.2-1
    empty_name = '/' @share_name;

    #= v5/4.8.2-2
    name = character+ ( [+#] @share_name )?;

    shared := empty_name | [+#] @share_name | name separator ( filter & any+ );
}%%

%% write data noerror;

static bool topic_is_shared(const uint8_t *buf, uint32_t start, uint32_t end) {
    return (uint64_t)start + TOPIC_SHARE_PREFIX_LEN <= end &&
           memcmp(buf + start, TOPIC_SHARE_PREFIX, TOPIC_SHARE_PREFIX_LEN) == 0;
}

/* Why a filter may not end where it does: at is where its last whole character ends, name where
 * its share name begins. */
static enum ella_error topic_filter_unfinished(uint32_t at, uint32_t end, uint32_t name) {
    if (at < end)
        return ELLA_ERROR_STRING_NOT_UTF8;
    //= v5/4.8.2-1 v5/4.8.2-2
    return at == name ? ELLA_ERROR_SHARE_NAME : ELLA_ERROR_SHARE_FILTER;
}

enum ella_error ella_topic_filter_check(const uint8_t *buf, uint32_t start, uint32_t end,
                                        uint32_t *error_at) {
    const bool shared = topic_is_shared(buf, start, end);
    const uint32_t first = shared ? start + TOPIC_SHARE_PREFIX_LEN : start;
    enum ella_error error = ELLA_ERROR_NONE;
    uint32_t p = first;
    const uint32_t pe = end;
    uint32_t at = first;
    int cs = shared ? topic_filter_en_shared : topic_filter_en_ordinary;

    /*@ loop invariant start <= at <= p < pe;
        loop variant pe - p; */
    %% write exec;
    //= v3/4.7.3-1 v5/4.7.3-1
    if (start == end)
        error = ELLA_ERROR_TOPIC_FILTER_EMPTY;
    else if (error == ELLA_ERROR_NONE && cs < topic_filter_first_final)
        error = topic_filter_unfinished(at, end, first);
    *error_at = at;
    return error;
}
