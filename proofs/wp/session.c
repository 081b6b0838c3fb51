/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: the session of a client and its wills, in the words of the standard: intervals, instants
 * and ways to end, for every order of them. Each will is published once or discarded once, never
 * both, and is settled when the session is gone. It is published exactly when its connection ended
 * otherwise than by a normal DISCONNECT and then the delay is over, the session ends or a new
 * connection with Clean Start comes, whichever is first (v5 3.1.2.5, 3.1.3.2.2; 3.1.1 with a delay
 * of 0).
 *
 * It refuses to know what is in a will; its fate is what counts.
 */
#include <stddef.h>

#include "state_machines/session.c"

enum fate {
    FATE_NONE = 0, /* the latest connection brought no will */
    FATE_KEPT,
    FATE_PUBLISHED,
    FATE_DISCARDED,
};

struct client {
    enum session_state state;
    enum fate fate;       /* of the will of the latest connection */
    uint64_t will_due_ms; /* of meaning while DETACHED_WILL */
    uint64_t expires_ms;  /* of meaning while detached */
};

/*@ predicate lawful(struct client client) =
      0 <= client.state <= SESSION_DETACHED_WILL && 0 <= client.fate <= FATE_DISCARDED &&
      (client.fate == FATE_KEPT <==> session_has_will(client.state)) &&
      (client.state == SESSION_DETACHED_WILL ==> client.will_due_ms <= client.expires_ms);
  // The instant when an interval that begins now is over.
  logic integer instant(integer now_ms, integer interval_s) =
      interval_s == SESSION_NEVER_EXPIRES ? SESSION_NO_DEADLINE_MS
          : \min(now_ms + interval_s * 1000, SESSION_NO_DEADLINE_MS);
  predicate is_over(integer now_ms, integer deadline_ms) =
      now_ms >= deadline_ms && deadline_ms != SESSION_NO_DEADLINE_MS;
*/

/* The one place where a will is settled: it must be there and unsettled. */
/*@ requires valid: \valid(client);
  requires never_twice: will != SESSION_WILL_KEEP ==> client->fate == FATE_KEPT;
  assigns client->fate;
  ensures published: will == SESSION_WILL_PUBLISH ==> client->fate == FATE_PUBLISHED;
  ensures discarded: will == SESSION_WILL_DISCARD ==> client->fate == FATE_DISCARDED;
  ensures kept: will == SESSION_WILL_KEEP ==> client->fate == \old(client->fate);
*/
static void client_settle(struct client *client, enum session_will will) {
    if (will == SESSION_WILL_PUBLISH) {
        client->fate = FATE_PUBLISHED;
    } else if (will == SESSION_WILL_DISCARD) {
        client->fate = FATE_DISCARDED;
    }
}

/* A CONNECT is accepted. Every operation returns what becomes of the will that was there. */
/*@ requires valid: \valid(client);
  requires invariant: lawful(*client);
  requires not_attached: !session_is_attached(client->state);
  assigns client->state, client->fate;
  ensures invariant: lawful(*client);
  ensures attached: session_is_attached(client->state);
  ensures published: \result == SESSION_WILL_PUBLISH <==>
      \old(client->fate) == FATE_KEPT && clean_start;
  ensures discarded: \result == SESSION_WILL_DISCARD <==>
      \old(client->fate) == FATE_KEPT && !clean_start;
  ensures new_will: client->fate == (has_will ? FATE_KEPT : FATE_NONE);
*/
enum session_will client_connects(struct client *client, bool clean_start, bool has_will) {
    enum session_event event;
    struct session_transition transition;
    if (clean_start) {
        event = has_will ? SESSION_ON_CLEAN_WILL : SESSION_ON_CLEAN;
    } else {
        event = has_will ? SESSION_ON_RESUME_WILL : SESSION_ON_RESUME;
    }
    transition = session_step(client->state, event);
    client_settle(client, transition.will);
    //@ assert never_neither: client->fate != FATE_KEPT;
    client->fate = has_will ? FATE_KEPT : FATE_NONE;
    client->state = transition.next;
    return transition.will;
}

/* The connection ends in any other way than a normal DISCONNECT. */
/*@ requires valid: \valid(client);
  requires invariant: lawful(*client);
  requires attached: session_is_attached(client->state);
  assigns *client;
  ensures invariant: lawful(*client);
  ensures published: \result == SESSION_WILL_PUBLISH <==>
      \old(client->fate) == FATE_KEPT && (will_delay_s == 0 || session_expiry_s == 0);
  ensures never_discarded: \result != SESSION_WILL_DISCARD;
  ensures due_later: \old(client->fate) == FATE_KEPT && will_delay_s > 0 && session_expiry_s > 0
      ==> client->fate == FATE_KEPT && client->state == SESSION_DETACHED_WILL &&
          client->will_due_ms == instant(now_ms, \min(will_delay_s, session_expiry_s));
  ensures gone: client->state == SESSION_GONE <==> session_expiry_s == 0;
  ensures kept: session_expiry_s > 0 ==> session_is_detached(client->state) &&
      client->expires_ms == instant(now_ms, session_expiry_s);
*/
enum session_will client_is_lost(struct client *client, uint64_t now_ms, uint32_t will_delay_s,
                                 uint32_t session_expiry_s) {
    const enum session_event event = session_lost_event(will_delay_s, session_expiry_s);
    const struct session_transition transition = session_step(client->state, event);
    client_settle(client, transition.will);
    client->will_due_ms =
        session_deadline_ms(now_ms, session_will_delay_s(will_delay_s, session_expiry_s));
    client->expires_ms = session_deadline_ms(now_ms, session_expiry_s);
    client->state = transition.next;
    return transition.will;
}

/* A normal DISCONNECT. */
/*@ requires valid: \valid(client);
  requires invariant: lawful(*client);
  requires attached: session_is_attached(client->state);
  assigns *client;
  ensures invariant: lawful(*client);
  ensures never_published: \result != SESSION_WILL_PUBLISH;
  ensures discarded: \result == SESSION_WILL_DISCARD <==> \old(client->fate) == FATE_KEPT;
  ensures gone: client->state == SESSION_GONE <==> session_expiry_s == 0;
  ensures kept: session_expiry_s > 0 ==> client->state == SESSION_DETACHED &&
      client->expires_ms == instant(now_ms, session_expiry_s);
*/
enum session_will client_disconnects(struct client *client, uint64_t now_ms,
                                     uint32_t session_expiry_s) {
    const enum session_event event = session_disconnect_event(session_expiry_s);
    const struct session_transition transition = session_step(client->state, event);
    client_settle(client, transition.will);
    client->expires_ms = session_deadline_ms(now_ms, session_expiry_s);
    client->state = transition.next;
    return transition.will;
}

/* The will's timer fires if its instant has come. */
/*@ requires valid: \valid(client);
  requires invariant: lawful(*client);
  assigns client->state, client->fate;
  ensures invariant: lawful(*client);
  ensures published: \result == SESSION_WILL_PUBLISH <==>
      \old(client->state) == SESSION_DETACHED_WILL && is_over(now_ms, client->will_due_ms);
  ensures never_discarded: \result != SESSION_WILL_DISCARD;
  ensures session_stays: client->state == \old(client->state) ||
      (client->state == SESSION_DETACHED && \result == SESSION_WILL_PUBLISH);
*/
enum session_will client_will_timer(struct client *client, uint64_t now_ms) {
    struct session_transition transition;
    if (client->state == SESSION_DETACHED_WILL &&
        (now_ms < client->will_due_ms || client->will_due_ms == SESSION_NO_DEADLINE_MS)) {
        return SESSION_WILL_KEEP;
    }
    transition = session_step(client->state, SESSION_ON_WILL_DUE);
    client_settle(client, transition.will);
    client->state = transition.next;
    return transition.will;
}

/* The expiry timer fires, or the operator removes the session. */
/*@ requires valid: \valid(client);
  requires invariant: lawful(*client);
  assigns client->state, client->fate;
  ensures invariant: lawful(*client);
  ensures published: \result == SESSION_WILL_PUBLISH <==>
      \old(client->state) == SESSION_DETACHED_WILL;
  ensures never_discarded: \result != SESSION_WILL_DISCARD;
  ensures gone: client->state == SESSION_GONE <==> !session_is_attached(\old(client->state));
  ensures never_while_attached: session_is_attached(\old(client->state)) ==>
      client->state == \old(client->state) && client->fate == \old(client->fate);
*/
enum session_will client_expires(struct client *client) {
    const struct session_transition transition =
        session_step(client->state, SESSION_ON_EXPIRED);
    client_settle(client, transition.will);
    client->state = transition.next;
    return transition.will;
}

enum happening { CONNECTS = 0, IS_LOST, DISCONNECTS, TIME_PASSES, EXPIRES };

struct chapter {
    enum happening happening;
    bool clean_start;
    bool has_will;
    uint64_t now_ms;
    uint32_t will_delay_s;
    uint32_t session_expiry_s;
};

/* Any life, of any length: a CONNECT while attached is a take-over, so the old connection is lost
 * first. */
/*@ requires readable: \valid_read(chapters + (0 .. chapter_count - 1));
  assigns \nothing;
  ensures invariant: lawful(\result);
  ensures settled: \result.state == SESSION_GONE ==> \result.fate != FATE_KEPT;
*/
struct client client_of(const struct chapter *chapters, size_t chapter_count) {
    struct client client = {SESSION_GONE, FATE_NONE, 0, 0};
    /*@ loop invariant 0 <= i <= chapter_count;
      loop invariant lawful(client);
      loop assigns i, client;
      loop variant chapter_count - i;
    */
    for (size_t i = 0; i < chapter_count; i++) {
        const struct chapter chapter = chapters[i];
        const bool attached =
            client.state == SESSION_ATTACHED || client.state == SESSION_ATTACHED_WILL;
        if (attached && (chapter.happening == IS_LOST || chapter.happening == CONNECTS)) {
            (void)client_is_lost(&client, chapter.now_ms, chapter.will_delay_s,
                                 chapter.session_expiry_s);
        }
        if (chapter.happening == CONNECTS) {
            (void)client_connects(&client, chapter.clean_start, chapter.has_will);
        } else if (chapter.happening == DISCONNECTS && attached) {
            (void)client_disconnects(&client, chapter.now_ms, chapter.session_expiry_s);
        } else if (chapter.happening == TIME_PASSES) {
            (void)client_will_timer(&client, chapter.now_ms);
        } else if (chapter.happening == EXPIRES) {
            (void)client_expires(&client);
        }
    }
    return client;
}
