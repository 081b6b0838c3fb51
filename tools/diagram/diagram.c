/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Prints all state machines as Mermaid diagrams and tables, in Markdown, to standard output.
 *
 * It refuses to know any transition: every one is asked of the machine's own step function, so
 * that the pictures cannot be out of date. The output depends on nothing but the machines.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "state_machines/auth.h"
#include "state_machines/bridge.h"
#include "state_machines/connection.h"
#include "state_machines/keepalive.h"
#include "state_machines/qos_receive.h"
#include "state_machines/qos_send.h"
#include "state_machines/session.h"

#define ACTION_LEN_MAX 96u

/* A transition in words. */
struct edge {
    unsigned next;
    char action[ACTION_LEN_MAX];
};

struct machine {
    const char *name;
    const char *what; /* one sentence */
    unsigned state_count;
    unsigned event_count;
    const char *(*state_name)(unsigned state);
    const char *(*event_name)(unsigned event);
    struct edge (*step)(unsigned state, unsigned event);
};

static struct edge edge_of(unsigned next, const char *action, const char *more, const char *most) {
    struct edge edge = {.next = next};
    (void)snprintf(edge.action, sizeof edge.action, "%s%s%s", action, more, most);
    return edge;
}

/* The machine named x behind functions that take numbers. */
#define NAMES_OF(x)                                                                               \
    static const char *x##_state_at(unsigned state) {                                             \
        return x##_state_name((enum x##_state)state);                                             \
    }                                                                                             \
    static const char *x##_event_at(unsigned event) {                                             \
        return x##_event_name((enum x##_event)event);                                             \
    }
#define PLAIN_STEP_OF(x)                                                                          \
    NAMES_OF(x)                                                                                   \
    static struct edge x##_edge_at(unsigned state, unsigned event) {                              \
        const struct x##_transition step =                                                        \
            x##_step((enum x##_state)state, (enum x##_event)event);                               \
        return edge_of((unsigned)step.next, x##_action_name(step.action), "", "");                \
    }
#define MACHINE(x, X, sentence)                                                                   \
    {                                                                                             \
        .name = #x, .what = sentence, .state_count = X##_STATE_COUNT,                             \
        .event_count = X##_EVENT_COUNT, .state_name = x##_state_at, .event_name = x##_event_at,   \
        .step = x##_edge_at                                                                       \
    }

PLAIN_STEP_OF(connection)
PLAIN_STEP_OF(auth)
PLAIN_STEP_OF(qos_receive)
PLAIN_STEP_OF(keepalive)
PLAIN_STEP_OF(bridge)
NAMES_OF(qos_send)
NAMES_OF(session)

static struct edge qos_send_edge_at(unsigned state, unsigned event) {
    const struct qos_send_transition step =
        qos_send_step((enum qos_send_state)state, (enum qos_send_event)event);
    return edge_of((unsigned)step.next, qos_send_action_name(step.action),
                   step.takes_slot ? ", take a slot" : "", step.frees_id ? ", free the id" : "");
}

static struct edge session_edge_at(unsigned state, unsigned event) {
    const struct session_transition step =
        session_step((enum session_state)state, (enum session_event)event);
    const bool keep = step.will == SESSION_WILL_KEEP;
    return edge_of((unsigned)step.next, keep ? "" : session_will_name(step.will), keep ? "" : ", ",
                   session_action_name(step.action));
}

static const struct machine machines[] = {
    MACHINE(connection, CONNECTION, "A network connection, as the end that accepts it sees it."),
    MACHINE(auth, AUTH, "Enhanced authentication of MQTT 5.0, as the end that judges sees it."),
    MACHINE(qos_send, QOS_SEND, "One packet id of a sender at QoS 1 and 2."),
    MACHINE(qos_receive, QOS_RECEIVE, "One packet id of a receiver at QoS 2."),
    MACHINE(session, SESSION, "The session of one client identifier, and its will."),
    MACHINE(keepalive, KEEPALIVE, "How long the peer may be silent."),
    MACHINE(bridge, BRIDGE, "A bridge's connection, as the end that dials sees it."),
};

/* What needs no arrow and no cell: the event changes nothing. */
static bool is_silent(unsigned state, const struct edge *edge) {
    return edge->next == state && strcmp(edge->action, "ignore") == 0;
}

static bool is_same(const struct edge *a, const struct edge *b) {
    return a->next == b->next && strcmp(a->action, b->action) == 0;
}

/* "EVENT or EVENT / ACTION": all events of a state that do what first does, if first is the first
 * of them. Returns whether anything was printed. */
static bool print_label(const struct machine *m, unsigned from, unsigned first,
                        const char *before) {
    const struct edge edge = m->step(from, first);
    for (unsigned event = 0; event < first; event++) {
        const struct edge earlier = m->step(from, event);
        if (is_same(&earlier, &edge)) {
            return false;
        }
    }
    printf("%s%s", before, m->event_name(first));
    for (unsigned event = first + 1u; event < m->event_count; event++) {
        const struct edge later = m->step(from, event);
        if (is_same(&later, &edge)) {
            printf(" or %s", m->event_name(event));
        }
    }
    printf(" / %s", edge.action);
    return true;
}

/* One arrow for all events that lead from one state to another, a line for each action. */
static void print_arrow(const struct machine *m, unsigned from, unsigned to) {
    bool begun = false;
    for (unsigned event = 0; event < m->event_count; event++) {
        const struct edge edge = m->step(from, event);
        if (edge.next != to || is_silent(from, &edge)) {
            continue;
        }
        if (!begun) {
            printf("    s%u --> s%u : ", from, to);
        }
        begun = print_label(m, from, event, begun ? "<br/>" : "") || begun;
    }
    if (begun) {
        printf("\n");
    }
}

static void print_diagram(const struct machine *m) {
    printf("```mermaid\nstateDiagram-v2\n");
    for (unsigned state = 0; state < m->state_count; state++) {
        printf("    state \"%s\" as s%u\n", m->state_name(state), state);
    }
    printf("    [*] --> s0\n");
    for (unsigned from = 0; from < m->state_count; from++) {
        for (unsigned to = 0; to < m->state_count; to++) {
            print_arrow(m, from, to);
        }
    }
    printf("```\n\n");
}

static void print_table(const struct machine *m) {
    printf("| event |");
    for (unsigned state = 0; state < m->state_count; state++) {
        printf(" %s |", m->state_name(state));
    }
    printf("\n|---|");
    for (unsigned state = 0; state < m->state_count; state++) {
        printf("---|");
    }
    for (unsigned event = 0; event < m->event_count; event++) {
        printf("\n| **%s** |", m->event_name(event));
        for (unsigned state = 0; state < m->state_count; state++) {
            const struct edge edge = m->step(state, event);
            if (is_silent(state, &edge)) {
                printf(" |");
            } else if (edge.next == state) {
                printf(" %s |", edge.action);
            } else {
                printf(" %s → *%s* |", edge.action, m->state_name(edge.next));
            }
        }
    }
    printf("\n");
}

int main(void) {
    printf(
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Copyright The Libella authors -->\n"
        "<!-- Printed by //tools/diagram from state_machines/; do not edit. -->\n\n"
        "# State machines\n\n"
        "An arrow reads *event / action*. An event without an arrow, or with an empty cell, is\n"
        "ignored in that state. What events and actions mean, and the reason of every odd edge,\n"
        "stands in the header of the same name in `state_machines/`.\n");
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        printf("\n## %s\n\n%s\n\n", machines[i].name, machines[i].what);
        print_diagram(&machines[i]);
        print_table(&machines[i]);
    }
    return ferror(stdout) != 0 || fflush(stdout) != 0;
}
