/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Paho's C client against a broker, in 3.1.1 and 5.0: paho_test PORT
 * Stories as in mqtt_js_test.js; any surprise ends the program with status 1.
 */
#include <MQTTClient.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 8000
#define SILENCE_MS 300

static char server[64];

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

struct client {
    MQTTClient handle;
    int version;
    bool session_present;
};

struct settings {
    const char *id;
    bool clean;
    const char *will_topic;
};

static struct client client_connect(int version, struct settings settings) {
    struct client client = {.version = version};
    MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
    create.MQTTVersion = version;
    if (MQTTClient_createWithOptions(&client.handle, server, settings.id,
                                     MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != 0) {
        fail("creating a client");
    }
    MQTTClient_connectOptions v3 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions v5 = MQTTClient_connectOptions_initializer5;
    MQTTClient_connectOptions options = version == MQTTVERSION_5 ? v5 : v3;
    MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
    will.topicName = settings.will_topic;
    will.message = "gone";
    will.qos = 1;
    options.will = settings.will_topic != NULL ? &will : NULL;
    options.MQTTVersion = version;
    options.keepAliveInterval = 30;
    options.username = getenv("MQTT_USER");
    options.password = getenv("MQTT_PASSWORD");
    if (version != MQTTVERSION_5) {
        options.cleansession = settings.clean;
        int rc = MQTTClient_connect(client.handle, &options);
        if (rc != MQTTCLIENT_SUCCESS) {
            fail("CONNECT: %d", rc);
        }
        client.session_present = options.returned.sessionPresent != 0;
        return client;
    }
    options.cleanstart = settings.clean;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = settings.clean ? 0 : 100;
    MQTTProperties_add(&properties, &expiry);
    MQTTResponse response = MQTTClient_connect5(client.handle, &options, &properties, NULL);
    if (response.reasonCode != MQTTREASONCODE_SUCCESS) {
        fail("CONNECT: %d", response.reasonCode);
    }
    client.session_present = options.returned.sessionPresent != 0;
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
    return client;
}

static void client_end(struct client *client) {
    if (client->version == MQTTVERSION_5) {
        MQTTClient_disconnect5(client->handle, 1000, MQTTREASONCODE_SUCCESS, NULL);
    } else {
        MQTTClient_disconnect(client->handle, 1000);
    }
    MQTTClient_destroy(&client->handle);
}

static void subscribe(struct client *client, const char *filter, int qos) {
    int rc;
    if (client->version == MQTTVERSION_5) {
        MQTTResponse response = MQTTClient_subscribe5(client->handle, filter, qos, NULL, NULL);
        rc = (int)response.reasonCode;
        MQTTResponse_free(response);
        rc = rc == qos ? 0 : rc;
    } else {
        rc = MQTTClient_subscribe(client->handle, filter, qos);
    }
    if (rc != MQTTCLIENT_SUCCESS) {
        fail("SUBSCRIBE %s: %d", filter, rc);
    }
}

static void publish(struct client *client, const char *topic, const char *text, int qos,
                    bool retained) {
    MQTTClient_deliveryToken token = 0;
    int rc;
    if (client->version == MQTTVERSION_5) {
        MQTTResponse response = MQTTClient_publish5(client->handle, topic, (int)strlen(text), text,
                                                    qos, retained, NULL, &token);
        rc = (int)response.reasonCode;
        MQTTResponse_free(response);
    } else {
        rc = MQTTClient_publish(client->handle, topic, (int)strlen(text), text, qos, retained,
                                &token);
    }
    if (rc != MQTTCLIENT_SUCCESS) {
        fail("PUBLISH %s: %d", topic, rc);
    }
    if (qos > 0 && MQTTClient_waitForCompletion(client->handle, token, PATIENCE_MS) != 0) {
        fail("PUBLISH %s at QoS %d was not acknowledged", topic, qos);
    }
}

/* Expects text next, with that QoS and RETAIN flag; text NULL: expects silence. */
static void expect(struct client *client, const char *text, int qos, bool retained) {
    char *topic = NULL;
    int topic_len = 0;
    MQTTClient_message *message = NULL;
    int rc = MQTTClient_receive(client->handle, &topic, &topic_len, &message,
                                text != NULL ? PATIENCE_MS : SILENCE_MS);
    if (message == NULL) {
        if (text != NULL) {
            fail("'%s' did not come: %d", text, rc);
        }
        return;
    }
    if (text == NULL) {
        fail("'%.*s' came unasked", message->payloadlen, (char *)message->payload);
    }
    if ((size_t)message->payloadlen != strlen(text) ||
        memcmp(message->payload, text, strlen(text)) != 0 || message->qos != qos ||
        (message->retained != 0) != retained) {
        fail("expected '%s' qos %d retain %d, got '%.*s' qos %d retain %d", text, qos, retained,
             message->payloadlen, (char *)message->payload, message->qos, message->retained);
    }
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
}

static void quality_of_service(int version) {
    struct client client = client_connect(version, (struct settings){"paho-qos", true, NULL});
    const char *texts[] = {"level 0", "level 1", "level 2"};
    for (int qos = 0; qos <= 2; qos++) {
        subscribe(&client, "paho/qos/+", qos);
        publish(&client, "paho/qos/x", texts[qos], qos, false);
        expect(&client, texts[qos], qos, false);
    }
    client_end(&client);
}

static void retained(int version) {
    struct client client = client_connect(version, (struct settings){"paho-keep", true, NULL});
    publish(&client, "paho/kept", "kept", 2, true);
    subscribe(&client, "paho/kept", 2);
    expect(&client, "kept", 2, true);
    publish(&client, "paho/kept", "", 1, true);
    expect(&client, "", 1, false);
    subscribe(&client, "paho/kept", 2);
    expect(&client, NULL, 0, false);
    client_end(&client);
}

static void will(int version) {
    struct client witness = client_connect(version, (struct settings){"paho-witness", true, NULL});
    subscribe(&witness, "paho/will", 1);
    struct client victim =
        client_connect(version, (struct settings){"paho-victim", true, "paho/will"});
    /* A second connection with the same identifier closes the first, whose will is due. */
    struct client heir = client_connect(version, (struct settings){"paho-victim", true, NULL});
    expect(&witness, "gone", 1, false);
    client_end(&heir);
    expect(&witness, NULL, 0, false);
    MQTTClient_destroy(&victim.handle);
    client_end(&witness);
}

static void session_resume(int version) {
    struct settings keep = {"paho-resumed", false, NULL};
    struct client before = client_connect(version, keep);
    subscribe(&before, "paho/away", 2);
    client_end(&before);
    struct client sender = client_connect(version, (struct settings){"paho-sender", true, NULL});
    publish(&sender, "paho/away", "one", 1, false);
    publish(&sender, "paho/away", "two", 2, false);
    struct client after = client_connect(version, keep);
    /* The synchronous API does not tell it in 5.0; there the messages below do. */
    if (version != MQTTVERSION_5 && !after.session_present) {
        fail("the session was not resumed");
    }
    expect(&after, "one", 1, false);
    expect(&after, "two", 2, false);
    client_end(&after);
    client_end(&sender);
    keep.clean = true;
    struct client last = client_connect(version, keep);
    client_end(&last);
}

static void shared_subscription(int version) {
    struct client first = client_connect(version, (struct settings){"paho-first", true, NULL});
    struct client second = client_connect(version, (struct settings){"paho-second", true, NULL});
    subscribe(&first, "$share/g/paho/jobs", 1);
    subscribe(&second, "$share/g/paho/jobs", 1);
    struct client sender = client_connect(version, (struct settings){"paho-sender", true, NULL});
    for (int i = 0; i < 4; i++) {
        publish(&sender, "paho/jobs", "job", 1, false);
    }
    for (int i = 0; i < 2; i++) {
        expect(&first, "job", 1, false);
        expect(&second, "job", 1, false);
    }
    client_end(&first);
    publish(&sender, "paho/jobs", "job", 1, false);
    expect(&second, "job", 1, false);
    client_end(&second);
    client_end(&sender);
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, char *text) {
    MQTTProperty property = {.identifier = code};
    property.value.data.data = text;
    property.value.data.len = (int)strlen(text);
    MQTTProperties_add(properties, &property);
}

/* The next message must carry these properties, unaltered. */
static void expect_request(struct client *client, const char *response_topic, const char *data) {
    char *topic = NULL;
    int topic_len = 0;
    MQTTClient_message *message = NULL;
    MQTTClient_receive(client->handle, &topic, &topic_len, &message, PATIENCE_MS);
    if (message == NULL) {
        fail("the request did not come");
    }
    MQTTProperty *to =
        MQTTProperties_getProperty(&message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
    MQTTProperty *with =
        MQTTProperties_getProperty(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
    if (to == NULL || strncmp(to->value.data.data, response_topic, strlen(response_topic)) != 0 ||
        with == NULL || strncmp(with->value.data.data, data, strlen(data)) != 0) {
        fail("Response Topic or Correlation Data did not come as sent");
    }
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
}

/* In 3.1.1 both sides know the response topic; in 5.0 the request names it. */
static void request_response(int version) {
    struct client responder =
        client_connect(version, (struct settings){"paho-responder", true, NULL});
    struct client requester =
        client_connect(version, (struct settings){"paho-requester", true, NULL});
    subscribe(&responder, "paho/request", 1);
    subscribe(&requester, "paho/response", 1);
    if (version == MQTTVERSION_5) {
        char topic[] = "paho/response";
        char data[] = "42";
        MQTTClient_message request = MQTTClient_message_initializer;
        MQTTClient_deliveryToken token = 0;
        request.payload = "question";
        request.payloadlen = 8;
        request.qos = 1;
        add_text(&request.properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, topic);
        add_text(&request.properties, MQTTPROPERTY_CODE_CORRELATION_DATA, data);
        MQTTResponse sent =
            MQTTClient_publishMessage5(requester.handle, "paho/request", &request, &token);
        if (sent.reasonCode != MQTTREASONCODE_SUCCESS) {
            fail("the request was not sent: %d", sent.reasonCode);
        }
        MQTTResponse_free(sent);
        expect_request(&responder, topic, data);
        MQTTProperties_free(&request.properties);
    } else {
        publish(&requester, "paho/request", "question", 1, false);
        expect(&responder, "question", 1, false);
    }
    publish(&responder, "paho/response", "answer", 1, false);
    expect(&requester, "answer", 1, false);
    client_end(&requester);
    client_end(&responder);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fputs("usage: paho_test PORT\n", stderr);
        return 2;
    }
    snprintf(server, sizeof server, "tcp://127.0.0.1:%d", atoi(argv[1]));
    const int versions[] = {MQTTVERSION_3_1_1, MQTTVERSION_5};
    for (int i = 0; i < 2; i++) {
        quality_of_service(versions[i]);
        retained(versions[i]);
        will(versions[i]);
        session_resume(versions[i]);
        shared_subscription(versions[i]);
        request_response(versions[i]);
        printf("ok %d\n", versions[i]);
    }
    return 0;
}
