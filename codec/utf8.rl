/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * utf8: which bytes are the UTF-8 encoded string of MQTT (section 1.5.3 of 3.1.1, 1.5.4 of 5.0).
 * It knows nothing of lengths, topics or packets.
 *
 * Invariant: at is where the character being read begins; all before it is well-formed.
 */
#include "libella/codec.h"

%%{
    # The characters, also for other machines (topic.rl). A well-formed sequence is one of
    #
    #     00..7F
    #     C2..DF  80..BF
    #     E0      A0..BF  80..BF                      no overlong forms
    #     E1..EC  80..BF  80..BF
    #     ED      80..9F  80..BF                      no surrogates, U+D800..U+DFFF
    #     EE..EF  80..BF  80..BF
    #     F0      90..BF  80..BF  80..BF              no overlong forms
    #     F1..F3  80..BF  80..BF  80..BF
    #     F4      80..8F  80..BF  80..BF              nothing above U+10FFFF

    machine utf8_characters;
    alphtype unsigned char;
    getkey buf[p];

    tail = 0x80..0xbf;

    null_character = 0x00;

    printable = 0x20..0x7e;

    # U+0001..U+001F, U+007F..U+009F
    control = 0x01..0x1f | 0x7f | 0xc2 0x80..0x9f;

    # U+FDD0..U+FDEF, and the last two of each of the 17 planes
    non_character =
          0xef 0xb7 0x90..0xaf
        | 0xef 0xbf 0xbe..0xbf
        | 0xf0 ( 0x9f | 0xaf | 0xbf ) 0xbf 0xbe..0xbf
        | 0xf1..0xf3 ( 0x8f | 0x9f | 0xaf | 0xbf ) 0xbf 0xbe..0xbf
        | 0xf4 0x8f 0xbf 0xbe..0xbf;

    #= v3/1.5.3-1 v5/1.5.4-1 v5/u-1.5.4-1
    multibyte =
          0xc2..0xdf tail
        | 0xe0 0xa0..0xbf tail
        | 0xe1..0xec tail tail
        | 0xed 0x80..0x9f tail
        | 0xee..0xef tail tail
        | 0xf0 0x90..0xbf tail tail
        | 0xf1..0xf3 tail tail tail
        | 0xf4 0x80..0x8f tail tail;

    # U+FEFF is among them: a character like any other, wherever it stands.
    #= v3/1.5.3-3 v5/1.5.4-3
    other = multibyte - control - non_character;
}%%

%%{
    machine utf8;
    include utf8_characters;

    action printable { p = utf8_printable_last(buf, p, pe); }
    action control { text.has_control = true; }
    action non_character { text.has_non_character = true; }
    action null { text.error = ELLA_ERROR_STRING_NULL_CHARACTER; fbreak; }
    action next {
        /*@ assert 0x20 <= buf[at] <= 0x7E || utf8_len(buf, at, pe) == p + 1 - at; */
        at = p + 1u;
    }

    #= v3/1.5.3-2 v5/1.5.4-2 v5/u-1.5.4-2
    character =
          printable @printable
        | control @control
        | non_character @non_character
        | other
        | null_character @null;

    main := ( character @next )*;
}%%

%% write data noerror;

/* The last byte of the run of printable ASCII that begins at start: most strings are nothing else.
 * end > start. */
/*@ requires start < end && bytes_readable(buf, start, end) && 0x20 <= buf[start] <= 0x7E;
    assigns \nothing;
    ensures start <= \result < end;
    ensures utf8_stop(buf, start, end) == utf8_stop(buf, \result + 1, end); */
static uint32_t utf8_printable_last(const uint8_t *buf, uint32_t start, uint32_t end) {
    uint32_t p = start + 1u;

    /*@ loop invariant ends: start < p <= end;
        loop invariant utf8_stop(buf, start, end) == utf8_stop(buf, p, end);
        loop assigns p;
        loop variant end - p; */
    while (p < end && buf[p] >= 0x20u && buf[p] <= 0x7eu)
        p++;
    return p - 1u;
}

/* What a state of the machine says of the bytes [at, p) before the next one. */
/*@ predicate utf8_plain_second(integer a, integer b) =
      UTF8_3(a, b, 0x80) && !(a == 0xEF && (b == 0xB7 || b == 0xBF));

    predicate utf8_state{L}(uint8_t *s, integer at, integer p, integer cs) =
      (cs == 1 ==> p == at + 1 && s[at] == 0xC2) &&
      (cs == 2 ==> p == at + 1 && 0xC3 <= s[at] <= 0xDF ||
                   p == at + 2 && utf8_plain_second(s[at], s[at + 1]) ||
                   p == at + 3 && UTF8_4(s[at], s[at + 1], s[at + 2], 0x80)) &&
      (cs == 3 ==> p == at + 1 && s[at] == 0xE0) &&
      (cs == 4 ==> p == at + 1 && (0xE1 <= s[at] <= 0xEC || s[at] == 0xEE) ||
                   p == at + 2 && UTF8_4(s[at], s[at + 1], 0x80, 0x80)) &&
      (cs == 5 ==> p == at + 1 && s[at] == 0xED) &&
      (cs == 6 ==> p == at + 1 && s[at] == 0xEF) &&
      (cs == 7 ==> p == at + 2 && s[at] == 0xEF && s[at + 1] == 0xB7) &&
      (cs == 8 ==> p == at + 2 && s[at] == 0xEF && s[at + 1] == 0xBF ||
                   p == at + 3 && UTF8_4(s[at], s[at + 1], s[at + 2], 0x80)) &&
      (cs == 9 ==> p == at + 1 && s[at] == 0xF0) &&
      (cs == 10 ==> p == at + 2 && UTF8_4(s[at], s[at + 1], 0x80, 0x80)) &&
      (cs == 11 ==> p == at + 1 && 0xF1 <= s[at] <= 0xF3) &&
      (cs == 12 ==> p == at + 1 && s[at] == 0xF4) &&
      (cs == 13 ==> p == at); */

struct ella_utf8 ella_utf8_check(const uint8_t *buf, uint32_t start, uint32_t end) {
    struct ella_utf8 text = {ELLA_ERROR_NONE, start, false, false};
    uint32_t p = start;
    const uint32_t pe = end;
    uint32_t at = start;
    int cs = utf8_start;

    /*@ loop invariant ends: start <= at <= p < pe;
        loop invariant 1 <= cs <= 13 && utf8_state(buf, at, p, cs);
        loop invariant text.error == ELLA_ERROR_NONE;
        loop invariant utf8_stop(buf, start, pe) == utf8_stop(buf, at, pe);
        loop assigns p, at, cs, text;
        loop variant pe - p; */
    %% write exec;
    /*@ assert utf8_len(buf, at, pe) == 0; */
    if (text.error == ELLA_ERROR_NONE && cs < utf8_first_final)
        text.error = ELLA_ERROR_STRING_NOT_UTF8;
    text.error_at = at;
    return text;
}
