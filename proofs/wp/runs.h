/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * runs: that a run of encoded properties has the size it had, if its bytes are what they were.
 * Said of a run that has n bytes at most, it is proved by induction over n (scripts/). And so that
 * properties have the size they had, if what was written lies apart from them.
 */
#ifndef PROOFS_WP_RUNS_H
#define PROOFS_WP_RUNS_H

#include "codec/encode.h"
#include "codec/lists.h"

/* The property at i ends where it did. */
/*@ predicate entry_same{L1, L2}(uint8_t *b, integer i, integer end) =
      bytes_same{L1, L2}(b, i, end) ==>
        entry_end{L1}(b, i, end) == entry_end{L2}(b, i, end) &&
        (entry_end{L1}(b, i, end) > end ==> i > end || end < 0);

    lemma entry_stays{L1, L2}: \forall uint8_t *b, integer i, end; entry_same{L1, L2}(b, i, end);
*/

/* Both sizes are 0, or that of a property and of what follows. */
/*@ predicate run_begins{L1, L2}(uint8_t *b, integer i, integer end, integer id, integer next) =
      i < next <= end && entry_end{L1}(b, i, end) == next && entry_end{L2}(b, i, end) == next &&
      run_size{L1}(b, i, end, id) ==
        (\at(b[i], L1) == id ? next - i : 0) + run_size{L1}(b, next, end, id) &&
      run_size{L2}(b, i, end, id) ==
        (\at(b[i], L1) == id ? next - i : 0) + run_size{L2}(b, next, end, id);

    predicate run_unfolds{L1, L2}(uint8_t *b, integer i, integer end, integer id) =
      run_size{L1}(b, i, end, id) == 0 == run_size{L2}(b, i, end, id) ||
      run_begins{L1, L2}(b, i, end, id, entry_end{L1}(b, i, end));

    lemma runs_unfold{L1, L2}: \forall uint8_t *b, integer i, end, id;
      0 <= i ==> bytes_same{L1, L2}(b, i, end) ==> entry_same{L1, L2}(b, i, end) ==>
        run_unfolds{L1, L2}(b, i, end, id);
*/

/* The claim; and what only names it for a smaller n, where the induction needs it. */
/*@ predicate runs_up_to{L1, L2}(uint8_t *b, integer end, integer id, integer n) =
      \forall integer i; 0 <= i && end - n <= i ==> bytes_same{L1, L2}(b, i, end) ==>
        run_unfolds{L1, L2}(b, i, end, id) ==>
        run_size{L1}(b, i, end, id) == run_size{L2}(b, i, end, id);

    predicate runs_named{L1, L2}(uint8_t *b, integer end, integer id, integer n) =
      runs_up_to{L1, L2}(b, end, id, n) ==>
        \forall integer i; 0 <= i && end - n <= i ==> bytes_same{L1, L2}(b, i, end) ==>
          run_unfolds{L1, L2}(b, i, end, id) ==>
          run_size{L1}(b, i, end, id) == run_size{L2}(b, i, end, id);

    lemma runs_name{L1, L2}: \forall uint8_t *b, integer end, id, n;
      runs_named{L1, L2}(b, end, id, n);

    lemma runs_stay{L1, L2}: \forall uint8_t *b, integer end, id, n;
      runs_named{L1, L2}(b, end, id, n - 1) ==> runs_up_to{L1, L2}(b, end, id, n);

    lemma run_stays{L1, L2}: \forall uint8_t *b, integer i, end, id;
      0 <= i ==> bytes_same{L1, L2}(b, i, end) ==>
        runs_named{L1, L2}(b, end, id, end - i - 1) ==> runs_named{L1, L2}(b, end, id, end - i) ==>
        run_size{L1}(b, i, end, id) == run_size{L2}(b, i, end, id);
*/

/* What put_apart() says is what its parts say; bytes that begin later are apart, too. */
/*@ lemma put_apart_parts{L}: \forall struct writer *w, struct ella_properties *p;
      put_apart(w, p) ==> place_apart_all(w, p) && buf_apart(w->buf, w->at, w->end, p);

    lemma put_apart_whole{L}: \forall struct writer *w, struct ella_properties *p;
      place_apart_all(w, p) && buf_apart(w->buf, w->at, w->end, p) ==> put_apart(w, p);

    lemma slice_apart_parts{L}: \forall struct writer *w, struct ella_slice s;
      slice_apart(w, s) <==> place_apart(w, s) && bytes_apart(w->buf, w->at, w->end, s);

    lemma bytes_apart_later{L}: \forall uint8_t *buf, integer at, later, end, struct ella_slice s;
      at <= later ==> bytes_apart(buf, at, end, s) ==> bytes_apart(buf, later, end, s);

    lemma buf_apart_later{L}:
      \forall uint8_t *buf, integer at, later, end, struct ella_properties *p;
      at <= later ==> buf_apart(buf, at, end, p) ==> buf_apart(buf, later, end, p);
*/

/* Properties that lie apart from the bytes that changed have the sizes that they had. */
/*@ lemma runs_apart_stay{L1, L2}:
      \forall uint8_t *buf, integer at, end, struct ella_properties *p;
      buf_apart{L1}(buf, at, end, p) ==> changed_only{L1, L2}(buf, at, end) ==>
      runs_same{L1, L2}(p);

    lemma properties_stay{L1, L2}: \forall struct ella_properties *p;
      0 <= \at(p->subscription_identifiers.off, L1) && 0 <= \at(p->user_properties.off, L1) ==>
      runs_same{L1, L2}(p) ==> members_same{L1, L2}(p) ==>
        ids_size{L1}(p) == ids_size{L2}(p) && pairs_size{L1}(p) == pairs_size{L2}(p) &&
        properties_size{L1}(p) == properties_size{L2}(p) &&
        (properties_sized{L1}(p) <==> properties_sized{L2}(p));
*/

#endif
