/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Lines for people, given to the port. It knows nothing of how they are written.
 */
#include "broker/core/core_state.h"

static struct ella_slice user_name_of(const struct connection *connection) {
    if (connection->session != NULL)
        return text_slice(connection->session->user_name);
    return connect_request_user_name(connection);
}

void log_line(struct core *core, const struct core_log *line) {
    struct core_log whole = *line;

    if (core->ports.log == NULL)
        return;
    if (line->conn != CORE_NO_CONN)
        whole.user_name = user_name_of(connection_of(core, line->conn));
    core->ports.log(core->ports.ctx, &whole);
}

struct ella_slice log_client_id(const struct connection *connection) {
    if (connection->session != NULL)
        return session_client_id(connection->session);
    return connect_request_client_id(connection);
}

void log_connection(struct core *core, enum core_log_level level, enum core_log_kind kind,
                    const struct connection *connection, uint8_t reason_code, const char *text) {
    struct core_log line = {0};

    line.level = level;
    line.kind = kind;
    line.conn = connection->slot;
    line.client_id = log_client_id(connection);
    line.reason_code = reason_code;
    line.text = text;
    log_line(core, &line);
}

void log_packet_line(struct core *core, enum core_log_kind kind,
                     const struct connection *connection, uint8_t packet_type,
                     struct ella_slice topic, uint8_t qos) {
    struct core_log line = {0};

    line.level = CORE_LOG_DEBUG;
    line.kind = kind;
    line.conn = connection->slot;
    line.client_id = log_client_id(connection);
    line.topic = topic;
    line.packet_type = packet_type;
    line.qos = qos;
    line.text = ella_packet_name(packet_type);
    log_line(core, &line);
}
