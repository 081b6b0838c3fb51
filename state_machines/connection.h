/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One network connection as its accepting end sees it: which packet may come now, and what may
 * still be said. (The dialling end is bridge.h.)
 *
 * It refuses to know bytes, sockets, clocks, passwords, sessions and protocol versions: where a
 * version has no such packet (3.x has no DISCONNECT from the server and no CONNACK for malformed
 * bytes) the caller leaves the packet out and still closes.
 *
 * Invariants (proved by exhaustion in connection_test.cc, and in proofs/wp/connection.c from the
 * contracts below, for every order of events):
 *   - nothing but CONNECT is ever processed first, and a second CONNECT never;
 *   - at most one CONNACK (ACCEPT, REFUSE or VIOLATION_REFUSE) in a connection's life;
 *   - DISCONNECT is ordered only after ACCEPT;
 *   - once CLOSING, no action orders or processes a packet, and only CLOSED follows;
 *   - every state and event has an answer.
 *
 *     WAITING --CONNECT--> CHECKING --accepted--> ESTABLISHED --> CLOSING --> CLOSED
 *        \--CONNECT with method--> AUTHENTICATING --accepted--^  \<-AUTH-> REAUTHENTICATING
 */
#ifndef LIBELLA_STATE_MACHINES_CONNECTION_H
#define LIBELLA_STATE_MACHINES_CONNECTION_H

#include <stdbool.h>

#include "libella/tables.h"

#ifdef __cplusplus
extern "C" {
#endif

enum connection_state {
    CONNECTION_WAITING = 0,      /* transport open, no CONNECT yet; the connect timeout runs */
    CONNECTION_CHECKING,         /* CONNECT without Authentication Method is being judged */
    CONNECTION_AUTHENTICATING,   /* CONNECT with Authentication Method: AUTH exchange (v5 4.12) */
    CONNECTION_ESTABLISHED,      /* CONNACK 0x00 ordered: a session is attached */
    CONNECTION_REAUTHENTICATING, /* as ESTABLISHED, while an AUTH exchange runs (v5 4.12.1) */
    CONNECTION_CLOSING, /* the last byte is ordered; only the transport's end is awaited */
    CONNECTION_CLOSED,  /* the transport is gone */
};
#define CONNECTION_STATE_COUNT ((unsigned)CONNECTION_CLOSED + 1u)

/* The first eight are the peer's doing; connection_packet_event() chooses among those that are
 * lawful packets. The rest is what the caller found out. */
enum connection_event {
    /* A well-formed CONNECT, without and with an Authentication Method. */
    CONNECTION_ON_CONNECT = 0,
    CONNECTION_ON_CONNECT_WITH_METHOD,
    /* A CONNECT that cannot be used but may be answered: an unsupported protocol level in every
     * version (v3/3.1.2-2, v5/3.1.2-2), malformed or against the rules in 5.0 (v5/3.1.4-1). A
     * malformed CONNECT of 3.x must not be answered (v3/3.1.4-1): that is ON_BAD_PACKET. */
    CONNECTION_ON_BAD_CONNECT,
    /* AUTH of any content: whether its method and reason fit is auth.h's question. */
    CONNECTION_ON_AUTH,
    /* A DISCONNECT that obeys the rules. One that does not (session expiry raised from zero,
     * v5/u-3.14.2.2.2-2) is ON_BAD_PACKET, so that the will is not lost with it. */
    CONNECTION_ON_DISCONNECT,
    /* PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE, PINGREQ. */
    CONNECTION_ON_TRAFFIC,
    /* A packet that only the accepting end may send: CONNACK, SUBACK, UNSUBACK, PINGRESP. */
    CONNECTION_ON_WRONG_WAY,
    /* Malformed bytes, or a packet that breaks a rule found while processing it (receive maximum
     * exceeded, bad topic alias, ...). The caller knows the reason code. */
    CONNECTION_ON_BAD_PACKET,
    /* The checks, and the AUTH exchange if there is one, came out well or badly. */
    CONNECTION_ON_ACCEPTED,
    CONNECTION_ON_REFUSED,
    /* The server ends this connection of its own will: shutdown, administrative action, a limit,
     * out of memory. */
    CONNECTION_ON_EXPELLED,
    /* Another connection with the same client identifier was accepted (v5/3.1.4-3). */
    CONNECTION_ON_TAKEN_OVER,
    /* No CONNECT in time, no verdict or no AUTH in time, or 1.5 x keep alive in silence. In
     * CLOSING: the last bytes do not drain. */
    CONNECTION_ON_TIMEOUT,
    /* The transport is closed, by whomever. */
    CONNECTION_ON_TRANSPORT_CLOSED,
};
#define CONNECTION_EVENT_COUNT ((unsigned)CONNECTION_ON_TRANSPORT_CLOSED + 1u)

enum connection_action {
    /* Nothing; a packet is dropped unread. */
    CONNECTION_DO_IGNORE = 0,
    /* Judge the CONNECT (limits, credentials); the verdict comes as ON_ACCEPTED or ON_REFUSED,
     * possibly at once. */
    CONNECTION_DO_CHECK,
    /* Give the CONNECT or AUTH to auth_step(). Its SUCCEED comes back as ON_ACCEPTED, its FAIL as
     * ON_REFUSED, its VIOLATION as ON_BAD_PACKET. */
    CONNECTION_DO_AUTH,
    /* Keep the packet (or stop reading) until the verdict: after ACCEPT it is stepped again, after
     * any other end it is dropped unprocessed. */
    CONNECTION_DO_HOLD,
    /* Process the packet. */
    CONNECTION_DO_PROCESS,
    /* Attach the session, send CONNACK 0x00, then step what was held. */
    CONNECTION_DO_ACCEPT,
    /* Send AUTH 0x00: the re-authentication succeeded. */
    CONNECTION_DO_REAUTHENTICATED,
    /* The peer said goodbye: tell the session which way (session.h), send nothing, close. */
    CONNECTION_DO_FAREWELL,
    /* Send a failing CONNACK with the reason of the event, if the version has one that fits; then
     * close. No session was attached. */
    CONNECTION_DO_REFUSE,
    /* Send DISCONNECT with the reason of the event (5.0 only), tell the session that its
     * connection is lost, close. */
    CONNECTION_DO_DISCONNECT,
    /* Close without a byte. No session is attached. */
    CONNECTION_DO_CLOSE,
    /* A lawful packet at an unlawful time. As CLOSE, REFUSE and DISCONNECT, with the reason
     * Protocol Error (0x82). */
    CONNECTION_VIOLATION_CLOSE,
    CONNECTION_VIOLATION_REFUSE,
    CONNECTION_VIOLATION_DISCONNECT,
    /* The transport went without a farewell: tell the session, release the connection. */
    CONNECTION_DO_LOSE,
    /* The transport went; the session, if any, was told before: release the connection. */
    CONNECTION_DO_RELEASE,
};
#define CONNECTION_ACTION_COUNT ((unsigned)CONNECTION_DO_RELEASE + 1u)

struct connection_transition {
    enum connection_state next;
    enum connection_action action;
};

/* The odd edges, and why they are so:
 *   1. CHECKING holds every packet, even a second CONNECT or malformed bytes. 3.1.1 and 5.0
 *      clients may send on before CONNACK, and what becomes of it must not depend on how fast
 *      a password hash is: refused, none of it is processed (v3/3.1.4-5, v5/3.1.4-6);
 *      accepted, it is judged as if it had come afterwards. TRANSPORT_CLOSED drops what is held:
 *      a caller that stops reading, instead of storing, sees the end after the verdict only and
 *      loses nothing.
 *   2. AUTHENTICATING holds nothing: a client that names an Authentication Method may send
 *      only AUTH and DISCONNECT before CONNACK (v5/3.1.2-30).
 *   3. DISCONNECT in AUTHENTICATING just closes: no session was attached, so there is no will.
 *   4. WAITING answers nothing but CONNECT, not even with a refusal (v5/3.1.0-1, v5/3.14.0-1).
 *   5. CONNECT in CLOSING is ignored and not a violation: there is nobody left to tell.
 *   6. A verdict in any other state than the three that wait for one came too late: ignored.
 *   7. TIMEOUT in CLOSING repeats CLOSE, for a peer that does not take the last bytes.
 *   8. DISCONNECT while REAUTHENTICATING is a farewell like any other.
 *   9. Take-over before ACCEPT cannot happen (no session is attached); it closes in silence.
 *
 * Values outside the enums give {CLOSING, VIOLATION_CLOSE}. */
/*@ // What the values may be, and the sets that the rules speak of.
  predicate connection_known(integer state, integer event) =
      0 <= state <= CONNECTION_CLOSED && 0 <= event <= CONNECTION_ON_TRANSPORT_CLOSED;
  predicate connection_has_session(integer state) =
      state == CONNECTION_ESTABLISHED || state == CONNECTION_REAUTHENTICATING;
  predicate connection_is_judged(integer state) =
      state == CONNECTION_CHECKING || state == CONNECTION_AUTHENTICATING;
  predicate connection_is_connect(integer event) =
      event == CONNECTION_ON_CONNECT || event == CONNECTION_ON_CONNECT_WITH_METHOD;
  predicate connection_refuses(integer action) =
      action == CONNECTION_DO_REFUSE || action == CONNECTION_VIOLATION_REFUSE;
  predicate connection_disconnects(integer action) =
      action == CONNECTION_DO_DISCONNECT || action == CONNECTION_VIOLATION_DISCONNECT;
  // The edges of the drawing at the head of this file, and no others.
  predicate connection_edge(integer state, integer next) =
      state == next ||
      (state == CONNECTION_WAITING && connection_is_judged(next)) ||
      (connection_is_judged(state) && next == CONNECTION_ESTABLISHED) ||
      (connection_has_session(state) && connection_has_session(next)) ||
      (state < CONNECTION_CLOSING && next == CONNECTION_CLOSING) ||
      next == CONNECTION_CLOSED;
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= CONNECTION_CLOSED &&
      0 <= \result.action <= CONNECTION_DO_RELEASE;
  ensures unknown: !connection_known(state, event) ==>
      \result.next == CONNECTION_CLOSING && \result.action == CONNECTION_VIOLATION_CLOSE;
  ensures only_edges: connection_known(state, event) ==> connection_edge(state, \result.next);
  ensures connect_first: state == CONNECTION_WAITING &&
      CONNECTION_ON_CONNECT <= event <= CONNECTION_ON_BAD_PACKET && !connection_is_connect(event)
      ==> \result.next == CONNECTION_CLOSING && (\result.action == CONNECTION_DO_CLOSE ||
          \result.action == CONNECTION_VIOLATION_CLOSE || (event == CONNECTION_ON_BAD_CONNECT &&
          \result.action == CONNECTION_DO_REFUSE));
  ensures connect_is_judged: state == CONNECTION_WAITING ==>
      (\result.next == CONNECTION_CHECKING <==> event == CONNECTION_ON_CONNECT) &&
      (\result.next == CONNECTION_AUTHENTICATING <==>
          event == CONNECTION_ON_CONNECT_WITH_METHOD);
  ensures check_once: \result.action == CONNECTION_DO_CHECK <==>
      state == CONNECTION_WAITING && event == CONNECTION_ON_CONNECT;
  ensures second_connect: connection_is_connect(event) && connection_is_judged(state) ==>
      (state == CONNECTION_CHECKING ? \result.action == CONNECTION_DO_HOLD
                                    : \result.action == CONNECTION_VIOLATION_REFUSE);
  ensures third_connect: connection_is_connect(event) && connection_has_session(state) ==>
      \result.action == CONNECTION_VIOLATION_DISCONNECT;
  ensures auth: \result.action == CONNECTION_DO_AUTH <==>
      (event == CONNECTION_ON_AUTH &&
          (state == CONNECTION_AUTHENTICATING || connection_has_session(state))) ||
      (event == CONNECTION_ON_CONNECT_WITH_METHOD && state == CONNECTION_WAITING);
  ensures auth_goes_on: \result.action == CONNECTION_DO_AUTH ==>
      (connection_has_session(state) ==> \result.next == CONNECTION_REAUTHENTICATING) &&
      (!connection_has_session(state) ==> \result.next == CONNECTION_AUTHENTICATING);
  ensures ignored: connection_known(state, event) && \result.action == CONNECTION_DO_IGNORE ==>
      \result.next == state;
  ensures close: \result.action == CONNECTION_DO_CLOSE ||
      \result.action == CONNECTION_VIOLATION_CLOSE ==> \result.next == CONNECTION_CLOSING;
  ensures hold: \result.action == CONNECTION_DO_HOLD <==> state == CONNECTION_CHECKING &&
      CONNECTION_ON_CONNECT <= event <= CONNECTION_ON_BAD_PACKET;
  ensures hold_waits: \result.action == CONNECTION_DO_HOLD ==>
      \result.next == CONNECTION_CHECKING;
  ensures accept: \result.action == CONNECTION_DO_ACCEPT <==>
      connection_is_judged(state) && event == CONNECTION_ON_ACCEPTED;
  ensures session_begins: !connection_has_session(state) ==>
      (connection_has_session(\result.next) <==> \result.action == CONNECTION_DO_ACCEPT);
  ensures accepted_is_established: \result.action == CONNECTION_DO_ACCEPT ==>
      \result.next == CONNECTION_ESTABLISHED;
  ensures reauthenticated: \result.action == CONNECTION_DO_REAUTHENTICATED <==>
      state == CONNECTION_REAUTHENTICATING && event == CONNECTION_ON_ACCEPTED;
  ensures process: \result.action == CONNECTION_DO_PROCESS <==>
      connection_has_session(state) && event == CONNECTION_ON_TRAFFIC;
  ensures process_stays: \result.action == CONNECTION_DO_PROCESS ==> \result.next == state;
  ensures farewell: \result.action == CONNECTION_DO_FAREWELL <==>
      connection_has_session(state) && event == CONNECTION_ON_DISCONNECT;
  ensures refuse_before_session: connection_refuses(\result.action) ==>
      \result.next == CONNECTION_CLOSING &&
      (connection_is_judged(state) ||
          (state == CONNECTION_WAITING && event == CONNECTION_ON_BAD_CONNECT));
  ensures disconnect_in_session: connection_disconnects(\result.action) ==>
      connection_has_session(state) && \result.next == CONNECTION_CLOSING;
  ensures session_ends: connection_has_session(state) && connection_known(state, event) ==>
      (!connection_has_session(\result.next) <==> connection_disconnects(\result.action) ||
          \result.action == CONNECTION_DO_FAREWELL || \result.action == CONNECTION_DO_LOSE);
  ensures lose: \result.action == CONNECTION_DO_LOSE <==>
      connection_has_session(state) && event == CONNECTION_ON_TRANSPORT_CLOSED;
  ensures release: \result.action == CONNECTION_DO_RELEASE <==>
      !connection_has_session(state) && 0 <= state < CONNECTION_CLOSED &&
      event == CONNECTION_ON_TRANSPORT_CLOSED;
  ensures closing_is_silent: (state == CONNECTION_CLOSING || state == CONNECTION_CLOSED) &&
      connection_known(state, event) ==>
      (\result.action == CONNECTION_DO_IGNORE || \result.action == CONNECTION_DO_CLOSE ||
          \result.action == CONNECTION_DO_RELEASE) && \result.next >= state;
  ensures closed: connection_known(state, event) ==> (\result.next == CONNECTION_CLOSED <==>
      state == CONNECTION_CLOSED || event == CONNECTION_ON_TRANSPORT_CLOSED);
  ensures ends_in_the_end: event == CONNECTION_ON_TIMEOUT && 0 <= state < CONNECTION_CLOSED ==>
      \result.next == CONNECTION_CLOSING && \result.action != CONNECTION_DO_IGNORE;
*/
struct connection_transition connection_step(enum connection_state state,
                                             enum connection_event event);

/* The event of a well-formed packet from the peer. has_method: CONNECT carries an Authentication
 * Method; of no meaning for other packets. */
/*@ assigns \nothing;
  ensures connect: \result == CONNECTION_ON_CONNECT <==> type == ELLA_CONNECT && !has_method;
  ensures connect_with_method: \result == CONNECTION_ON_CONNECT_WITH_METHOD <==>
      type == ELLA_CONNECT && has_method;
  ensures auth: \result == CONNECTION_ON_AUTH <==> type == ELLA_AUTH;
  ensures disconnect: \result == CONNECTION_ON_DISCONNECT <==> type == ELLA_DISCONNECT;
  ensures wrong_way: \result == CONNECTION_ON_WRONG_WAY <==> type == ELLA_CONNACK ||
      type == ELLA_SUBACK || type == ELLA_UNSUBACK || type == ELLA_PINGRESP;
  ensures traffic: \result == CONNECTION_ON_TRAFFIC <==>
      ELLA_PUBLISH <= type <= ELLA_SUBSCRIBE || type == ELLA_UNSUBSCRIBE || type == ELLA_PINGREQ;
  ensures nothing_else: \result == CONNECTION_ON_BAD_PACKET <==>
      !(ELLA_CONNECT <= type <= ELLA_AUTH);
  ensures total: 0 <= \result <= CONNECTION_ON_BAD_PACKET;
*/
enum connection_event connection_packet_event(enum ella_packet_type type, bool has_method);

/* Whether packets other than those an action orders may be queued to the peer: only between ACCEPT
 * and the end (v5/3.2.0-1, v5/3.14.4-1, v3/3.2.0-1). */
/*@ assigns \nothing;
  ensures in_session: \result <==> connection_has_session(state);
*/
bool connection_may_send(enum connection_state state);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *connection_state_name(enum connection_state state);
//@ assigns \result \from event;
const char *connection_event_name(enum connection_event event);
//@ assigns \result \from action;
const char *connection_action_name(enum connection_action action);

#ifdef __cplusplus
}
#endif

#endif
