/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic: which strings are topic names, topic filters and shared subscriptions (sections 4.7 and
 * 4.8.2). It matches nothing: that is topic.c.
 *
 * Invariant: at is where the character being read begins; all before it is a valid beginning.
 * A wildcard in the wrong place is the byte at fault, even if only the next one shows it.
 */
#include "codec/topic.h"

/* Asked of every filter, so it is worth a copy where that is checked. */
inline bool ella_topic_is_shared(const uint8_t *buf, uint32_t start, uint32_t end) {
    if ((uint64_t)start + SHARE_PREFIX_LEN > end)
        return false;
    return buf[start] == '$' && buf[start + 1u] == 's' && buf[start + 2u] == 'h' &&
           buf[start + 3u] == 'a' && buf[start + 4u] == 'r' && buf[start + 5u] == 'e' &&
           buf[start + 6u] == '/';
}

uint32_t ella_topic_level_end(const uint8_t *buf, uint32_t start, uint32_t end) {
    uint32_t at = start;

    /*@ loop invariant start <= at <= end;
        loop invariant level_end(buf, start, end) == level_end(buf, at, end);
        loop invariant \forall integer i; start <= i < at ==> buf[i] != '/';
        loop assigns at;
        loop variant end - at; */
    while (at < end && buf[at] != '/')
        at++;
    return at < end ? at : end;
}

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
    ensures no_wildcard(buf, start, \result + 1);
    ensures topic_stop(buf, start, end, levels) == topic_stop(buf, \result + 1, end, levels); */
static uint32_t topic_text_last(const uint8_t *buf, uint32_t start, uint32_t end)
    /*@ ghost (uint64_t levels) */ {
    uint32_t p = start + 1u;

    /*@ assert utf8_len(buf, start, end) == 1 && topic_len(buf, start, end, levels) == 1; */
    /*@ loop invariant ends: start < p <= end;
        loop invariant no_wildcard(buf, start, p);
        loop invariant topic_stop(buf, start, end, levels) ==
          topic_stop(buf, p, end, levels);
        loop assigns p;
        loop variant end - p; */
    while (p < end && topic_is_text(buf[p])) {
        /*@ assert utf8_len(buf, p, end) == 1 && topic_len(buf, p, end, levels) == 1; */
        p++;
    }
    return p - 1u;
}

/* Whether the wildcard at at is a level by itself, and the last if it is '#'. The first level
 * begins at levels. */
/*@ requires at < end && \valid_read(buf + (levels .. end - 1)) && \valid_read(buf + at);
    requires buf[at] == '+' || buf[at] == '#';
    assigns \nothing;
    ensures \result <==> wildcard_len(buf, at, end, levels) == 1; */
static bool topic_wildcard_fits(const uint8_t *buf, uint32_t at, uint32_t end, uint64_t levels) {
    const uint32_t next = at + 1u;

    if (at < levels || (at > levels && buf[at - 1u] != '/'))
        return false;
    return next >= end || (buf[at] == '+' && buf[next] == '/');
}

%%{
    # 4.7: characters, the separator of levels, and wildcards where they fit.
    #= v3/4.7.1-2 v5/4.7.1-1 v3/4.7.1-3 v5/4.7.1-2

    machine topic;
    include utf8_characters "utf8.rl";

    action text { p = topic_text_last(buf, p, pe) /*@ ghost (levels) */; }
    action null { error = ELLA_ERROR_STRING_NULL_CHARACTER; fbreak; }
    action wildcard {
        if (!topic_wildcard_fits(buf, p, pe, levels)) {
            error = buf[p] == '#' ? ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD
                                  : ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD;
            fbreak;
        }
    }
    action whole {
        /*@ assert topic_len(buf, at, pe, levels) == p + 1 - at; */
        at = p + 1u;
    }
    action run { at = p + 1u; }

    plain = ( printable - [/+#] ) @text @run;

    #= v3/4.7.3-2 v5/4.7.3-2
    character = control | non_character | other | null_character @null;

    main := ( plain | ( character | '/' | [+#] @wildcard ) @whole )*;
}%%

%% write data noerror;

/* What a state of the machine says of the bytes [at, p) before the next one. */
/*@ predicate topic_state{L}(uint8_t *s, integer at, integer p, integer cs) =
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

/*@ predicate is_wildcard(integer error) =
      error == ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD ||
      error == ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD; */
/*@ assigns \nothing;
    ensures \result <==> is_wildcard(error); */
static bool topic_is_wildcard(enum ella_error error) {
    return error == ELLA_ERROR_TOPIC_FILTER_MULTI_LEVEL_WILDCARD ||
           error == ELLA_ERROR_TOPIC_FILTER_SINGLE_LEVEL_WILDCARD;
}

/* Reads as far as wildcards are levels by themselves, the first of which begins at levels. */
/*@ requires start <= end && start <= levels && bytes_readable(buf, start, end);
    requires \valid(error_at) && \separated(error_at, buf + (start .. end - 1));
    assigns *error_at;
    ensures *error_at == topic_stop(buf, start, end, levels) && start <= *error_at <= end;
    ensures \result == ELLA_ERROR_NONE <==> *error_at == end;
    ensures \result == ELLA_ERROR_NONE && levels > end ==> no_wildcard(buf, start, end);
    ensures \result == ELLA_ERROR_STRING_NULL_CHARACTER <==>
      *error_at < end && buf[*error_at] == 0;
    ensures is_wildcard(\result) <==>
      *error_at < end && (buf[*error_at] == '+' || buf[*error_at] == '#');
    ensures \result == ELLA_ERROR_NONE || \result == ELLA_ERROR_STRING_NOT_UTF8 ||
      \result == ELLA_ERROR_STRING_NULL_CHARACTER || is_wildcard(\result); */
static enum ella_error topic_read(const uint8_t *buf, uint32_t start, uint32_t end,
                                  uint64_t levels, uint32_t *error_at) {
    enum ella_error error = ELLA_ERROR_NONE;
    uint32_t p = start;
    const uint32_t pe = end;
    uint32_t at = start;
    int cs = topic_start;

    /*@ loop invariant ends: start <= at <= p < pe;
        loop invariant 1 <= cs <= 8 && topic_state(buf, at, p, cs);
        loop invariant
          cs == 1 ==> utf8_len(buf, at, pe) == (UTF8_TAIL(buf[p]) ? p + 1 - at : 0);
        loop invariant error == ELLA_ERROR_NONE;
        loop invariant levels > pe ==> no_wildcard(buf, start, p);
        loop invariant so_far:
          topic_stop(buf, start, pe, levels) == topic_stop(buf, at, pe, levels);
        loop assigns p, at, cs, error;
        loop variant pe - p; */
    %% write exec;
    /*@ assert stopped: topic_len(buf, at, pe, levels) == 0; */
    if (error == ELLA_ERROR_NONE && cs < topic_first_final)
        error = ELLA_ERROR_STRING_NOT_UTF8;
    *error_at = at;
    return error;
}

/*@ ensures \result == ELLA_ERROR_NONE ==> no_wildcard(buf, start, end); */
enum ella_error ella_topic_name_check(const uint8_t *buf, uint32_t start, uint32_t end,
                                      uint32_t *error_at) {
    /* Its levels begin behind its end: no wildcard fits. */
    //= v3/4.7.1-1 v5/4.7.0-1 v3/3.3.2-2 v5/3.3.2-2
    const enum ella_error error = topic_read(buf, start, end, (uint64_t)end + 1u, error_at);

    //= v3/4.7.3-1 v5/4.7.3-1
    if (start == end)
        return ELLA_ERROR_TOPIC_NAME_EMPTY;
    return topic_is_wildcard(error) ? ELLA_ERROR_TOPIC_NAME_WILDCARD : error;
}

/* 4.8.2: a name, '/' and a filter; start is where the name begins. */
/*@ requires start <= end && bytes_readable(buf, start, end);
    requires \valid(error_at) && \separated(error_at, buf + (start .. end - 1));
    assigns *error_at;
    ensures \result == ELLA_ERROR_NONE <==> share_and_filter(buf, start, end);
    ensures \result == ELLA_ERROR_NONE ==> share_parts(buf, start, end);
    ensures start <= *error_at <= end; */
static enum ella_error topic_share_check(const uint8_t *buf, uint32_t start, uint32_t end,
                                         uint32_t *error_at) {
    const uint32_t name_end = ella_topic_level_end(buf, start, end);
    const enum ella_error error = ella_topic_name_check(buf, start, name_end, error_at);

    //= v5/4.8.2-1 v5/4.8.2-2
    if (error == ELLA_ERROR_TOPIC_NAME_EMPTY || error == ELLA_ERROR_TOPIC_NAME_WILDCARD)
        return ELLA_ERROR_SHARE_NAME;
    if (error != ELLA_ERROR_NONE)
        return error;
    if (end - name_end > 1u) {
        const uint32_t filter = name_end + 1u;
        /*@ assert filter == level_end(buf, start, end) + 1 && filter < end; */
        return topic_read(buf, filter, end, filter, error_at);
    }
    /*@ assert !topic_levels(buf, level_end(buf, start, end) + 1, end); */
    *error_at = end;
    return ELLA_ERROR_SHARE_FILTER;
}

/* Of what it takes, ella_topic_share() splits whatever begins with $share/. */
/*@ ensures \result == ELLA_ERROR_NONE && is_shared(buf, start, end) ==>
      is_share(buf, start, end); */
enum ella_error ella_topic_filter_check(const uint8_t *buf, uint32_t start, uint32_t end,
                                        uint32_t *error_at) {
    if (ella_topic_is_shared(buf, start, end)) {
        const uint32_t name = start + SHARE_PREFIX_LEN;
        /*@ assert name == start + 7 && is_shared(buf, start, end); */
        return topic_share_check(buf, name, end, error_at);
    }
    /*@ assert !is_shared(buf, start, end); */
    if (start < end)
        return topic_read(buf, start, end, start, error_at);
    //= v3/4.7.3-1 v5/4.7.3-1
    *error_at = end;
    return ELLA_ERROR_TOPIC_FILTER_EMPTY;
}
