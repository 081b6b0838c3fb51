// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any struct as a packet: every member is taken from the bytes, lawful or not. Judged: what the
// checked encoder takes the decoder takes, at the size announced and with the same content; what
// is refused, or does not fit, leaves the buffer as it was; nothing is written past its end; a
// PUBLISH and properties by themselves are encoded as inside a packet.

#include <algorithm>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/words.h"

namespace {

using fuzz::source;

constexpr size_t SIZE_MAX_BYTES = 4096;
constexpr uint8_t UNTOUCHED = 0xA5;
constexpr uint32_t MARGIN = 8;

[[noreturn]] void finding(const char *what) {
    fuzz::finding("encode_fuzz", what);
}

// Longer than a field may be.
ella_slice too_long() {
    static const std::vector<uint8_t> bytes(65536, 'a');
    return ella_slice_of(bytes.data(), static_cast<uint32_t>(bytes.size()));
}

ella_slice text(source &in) {
    const ella_slice slice = in.slice();
    return slice.end - slice.off == 42 ? too_long() : slice;
}

// A list as nobody put it together: any bytes, cut anywhere.
constexpr uint8_t RAW = 250;

void fill_user_properties(source &in, std::vector<uint8_t> *room, ella_slice *out) {
    uint32_t used = 0;
    const uint8_t choice = in.u8();
    if (choice >= RAW) {
        *out = in.slice();
        return;
    }
    room->resize(256);
    for (uint8_t count = choice % 4; count > 0; count--) {
        const ella_slice name = text(in);
        if (ella_user_property_put(name, text(in), room->data(),
                                   static_cast<uint32_t>(room->size()), &used) != ELLA_ERROR_NONE)
            break;
    }
    *out = ella_slice_of(room->data(), used);
}

void fill_identifiers(source &in, std::vector<uint8_t> *room, ella_slice *out) {
    uint32_t used = 0;
    const uint8_t choice = in.u8();
    if (choice >= RAW) {
        *out = in.slice();
        return;
    }
    room->resize(8);
    for (uint8_t count = choice % 4; count > 0; count--) {
        if (ella_subscription_identifier_put(in.u32(), room->data(),
                                             static_cast<uint32_t>(room->size()),
                                             &used) != ELLA_ERROR_NONE)
            break;
    }
    *out = ella_slice_of(room->data(), used);
}

// What outlives the filling of a packet.
struct arena {
    std::vector<uint8_t> lists[5];
    size_t used = 0;
    std::vector<uint8_t> *next() { return &lists[used++]; }
};

void fill_properties(source &in, arena *room, ella_properties *p) {
    // Bits of identifiers that exist, most of the time: a byte chooses a few.
    for (uint8_t count = in.u8() % 6; count > 0; count--)
        p->present |= uint64_t(1) << (in.u8() % 64);
    if (p->present == 0)
        return;
    p->message_expiry_interval_s = in.u32();
    p->session_expiry_interval_s = in.u32();
    p->will_delay_interval_s = in.u32();
    p->maximum_packet_size = in.u32();
    p->server_keep_alive_s = in.u16();
    p->receive_maximum = in.u16();
    p->topic_alias_maximum = in.u16();
    p->topic_alias = in.u16();
    for (uint8_t *byte :
         {&p->payload_format_indicator, &p->request_problem_information,
          &p->request_response_information, &p->maximum_qos, &p->retain_available,
          &p->wildcard_subscription_available, &p->subscription_identifier_available,
          &p->shared_subscription_available})
        *byte = in.u8();
    for (ella_slice *slice :
         {&p->content_type, &p->response_topic, &p->correlation_data,
          &p->assigned_client_identifier, &p->authentication_method, &p->authentication_data,
          &p->response_information, &p->server_reference, &p->reason_string})
        *slice = text(in);
    fill_identifiers(in, room->next(), &p->subscription_identifiers);
    fill_user_properties(in, room->next(), &p->user_properties);
}

void fill_connect(source &in, arena *room, ella_connect *c) {
    c->version = in.u8() % 8;
    c->clean_start = in.flag();
    c->has_will = in.flag();
    c->will_retain = in.flag();
    c->has_user_name = in.flag();
    c->has_password = in.flag();
    c->will_qos = in.u8() % 4;
    c->keep_alive_s = in.u16();
    c->client_id = text(in);
    c->will_topic = text(in);
    c->will_payload = text(in);
    c->user_name = text(in);
    c->password = text(in);
    fill_properties(in, room, &c->properties);
    fill_properties(in, room, &c->will_properties);
}

void fill_filters(source &in, ella_packet_type type, ella_version version, arena *room,
                  ella_slice *out) {
    std::vector<uint8_t> *list = room->next();
    uint32_t used = 0;
    const uint8_t choice = in.u8();
    if (choice >= RAW) {
        *out = in.slice();
        return;
    }
    list->resize(256);
    for (uint8_t count = choice % 4; count > 0; count--) {
        ella_filter entry = {};
        entry.filter = text(in);
        entry.qos = in.u8() % 4;
        entry.no_local = in.flag();
        entry.retain_as_published = in.flag();
        entry.retain_handling = in.u8() % 4;
        if (ella_filter_put(type, version, &entry, list->data(),
                            static_cast<uint32_t>(list->size()), &used) != ELLA_ERROR_NONE)
            break;
    }
    *out = ella_slice_of(list->data(), used);
}

void fill(source &in, ella_version version, arena *room, ella_packet *packet) {
    switch (packet->type) {
    case ELLA_CONNECT:
        fill_connect(in, room, &packet->connect);
        break;
    case ELLA_CONNACK:
        packet->connack.session_present = in.flag();
        packet->connack.reason_code = in.u8();
        fill_properties(in, room, &packet->connack.properties);
        break;
    case ELLA_PUBLISH:
        packet->publish.dup = in.flag();
        packet->publish.retain = in.flag();
        packet->publish.qos = in.u8() % 4;
        packet->publish.packet_id = in.u16();
        packet->publish.topic = text(in);
        packet->publish.payload = in.slice();
        fill_properties(in, room, &packet->publish.properties);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBREL:
    case ELLA_PUBCOMP:
        packet->ack.packet_id = in.u16();
        packet->ack.reason_code = in.u8();
        fill_properties(in, room, &packet->ack.properties);
        break;
    case ELLA_SUBSCRIBE:
    case ELLA_UNSUBSCRIBE:
        packet->subscribe.packet_id = in.u16();
        fill_filters(in, packet->type, version, room, &packet->subscribe.filters);
        fill_properties(in, room, &packet->subscribe.properties);
        break;
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        packet->suback.packet_id = in.u16();
        packet->suback.reason_codes = in.slice();
        fill_properties(in, room, &packet->suback.properties);
        break;
    default:
        packet->reason.reason_code = in.u8();
        fill_properties(in, room, &packet->reason.properties);
        break;
    }
}

bool is_untouched(const std::vector<uint8_t> &bytes, size_t from, size_t to) {
    return std::all_of(bytes.begin() + static_cast<ptrdiff_t>(from),
                       bytes.begin() + static_cast<ptrdiff_t>(to),
                       [](uint8_t byte) { return byte == UNTOUCHED; });
}

void check_too_small(const ella_packet &packet, ella_version version, ella_sender sender,
                     uint32_t announced) {
    std::vector<uint8_t> small(announced + MARGIN, UNTOUCHED);
    uint32_t size = 0;
    if (ella_encode(&packet, version, sender, small.data(), 0, announced - 1, &size) !=
        ELLA_ERROR_BUFFER_TOO_SMALL)
        finding("a buffer one byte too small is taken");
    fuzz::judge_words("encode_fuzz", ELLA_ERROR_BUFFER_TOO_SMALL);
    if (!is_untouched(small, announced - 1, small.size()))
        finding("written past the end of a buffer too small");
}

void check_decodes(const std::vector<uint8_t> &bytes, uint32_t size, const ella_packet &packet,
                   ella_version version, ella_sender sender) {
    const fuzz::exact copy(bytes.data(), size);
    ella_decoder d;
    ella_packet again;
    ella_decoder_init(&d, packet.type == ELLA_CONNECT ? ELLA_VERSION_UNKNOWN : version, sender,
                      ELLA_PACKET_SIZE_MAX);
    if (ella_decode(&d, copy.data(), 0, size, &again) != ELLA_PACKET)
        finding("what the checked encoder wrote is refused");
    if (d.size != size || again.type != packet.type)
        finding("what the checked encoder wrote is another packet");
    std::vector<uint8_t> second(size);
    uint32_t second_size = 0;
    if (ella_encode(&again, static_cast<ella_version>(d.version), sender, second.data(), 0, size,
                    &second_size) != ELLA_ERROR_NONE ||
        second_size != size || !std::equal(second.begin(), second.end(), bytes.begin()))
        finding("decoding and encoding again gives other bytes");
}

void check_publish_alone(const ella_packet &packet, ella_version version, ella_sender sender,
                         ella_error sized, uint32_t announced) {
    uint32_t alone = 0, written = 0;
    if (ella_publish_size(&packet.publish, version, sender, &alone) != sized ||
        (sized == ELLA_ERROR_NONE && alone != announced))
        finding("a PUBLISH alone has another size");
    std::vector<uint8_t> bytes(sized == ELLA_ERROR_NONE ? announced : 256u);
    const auto room = static_cast<uint32_t>(bytes.size());
    if (ella_encode_publish(&packet.publish, version, sender, bytes.data(), 0, room, &written) !=
        sized)
        finding("a PUBLISH alone has another verdict");
}

void check_properties_alone(const ella_properties &properties, ella_packet_type type,
                            ella_sender sender, bool lawful) {
    uint32_t announced = 0, written = 0, error_at = 0;
    const ella_error sized = ella_properties_size(&properties, type, sender, &announced);
    std::vector<uint8_t> bytes(sized == ELLA_ERROR_NONE ? announced : 256u);
    const auto room = static_cast<uint32_t>(bytes.size());
    if (lawful && sized != ELLA_ERROR_NONE)
        finding("properties of a packet are refused alone");
    if (ella_properties_encode(&properties, type, sender, bytes.data(), 0, room, &written) !=
        sized)
        finding("properties have a size and are not encoded, or the reverse");
    if (sized != ELLA_ERROR_NONE)
        return;
    if (announced > 0 && ella_properties_encode(&properties, type, sender, bytes.data(), 0,
                                                room - 1, &written) != ELLA_ERROR_BUFFER_TOO_SMALL)
        finding("properties are taken where there is no room");
    ella_properties again;
    if (written != announced ||
        (lawful && ella_properties_decode(type, sender, bytes.data(), 0, room, &again,
                                          &error_at) != ELLA_ERROR_NONE))
        finding("properties alone are refused, or of another size");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES)
        return 0;
    static const ella_version versions[] = {ELLA_VERSION_3_1, ELLA_VERSION_3_1_1, ELLA_VERSION_5_0,
                                            ELLA_VERSION_5_0};
    source in(data, size);
    const uint8_t choice = in.u8();
    // Now and then a version and a type that there are not, or that are not known yet.
    const ella_version version = choice >= 253   ? ELLA_VERSION_UNKNOWN
                                 : choice >= 250 ? static_cast<ella_version>(6)
                                                 : versions[choice % 4];
    const ella_sender sender = in.flag() ? ELLA_FROM_SERVER : ELLA_FROM_CLIENT;
    arena room;
    ella_packet packet = {};
    const uint8_t kind = in.u8();
    packet.type = static_cast<ella_packet_type>(kind == 255 ? 0 : 1 + kind % 15);
    fill(in, version, &room, &packet);

    uint32_t announced = 0;
    const ella_error sized = ella_encoded_size(&packet, version, sender, &announced);
    fuzz::judge_words("encode_fuzz", sized);
    const uint32_t room_size = sized == ELLA_ERROR_NONE ? announced : 256;
    if (packet.type == ELLA_PUBLISH)
        check_publish_alone(packet, version, sender, sized, announced);
    std::vector<uint8_t> bytes(room_size + MARGIN, UNTOUCHED);
    uint32_t written = 0;
    const ella_error error =
        ella_encode_checked(&packet, version, sender, bytes.data(), 0, room_size, &written);
    if (packet.type == ELLA_PUBLISH)
        check_properties_alone(packet.publish.properties, packet.type, sender,
                               error == ELLA_ERROR_NONE && version == ELLA_VERSION_5_0);
    if (sized != ELLA_ERROR_NONE && error == ELLA_ERROR_NONE)
        finding("a packet without a size is encoded");
    if (!is_untouched(bytes, room_size, bytes.size()))
        finding("written past the end");
    if (error != ELLA_ERROR_NONE) {
        if (!is_untouched(bytes, 0, room_size))
            finding("written on failure");
        return 0;
    }
    if (written != announced)
        finding("the size written is not the size announced");
    check_too_small(packet, version, sender, announced);
    check_decodes(bytes, written, packet, version, sender);
    return 0;
}
