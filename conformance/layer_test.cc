// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// WebSocket and the stacking of layers, byte by byte and without sockets.

#include "conformance/layer.h"

#include <gtest/gtest.h>

#include "conformance/websocket_handshake.h"
#include "conformance/websocket_layer.h"

namespace conformance {
namespace {

std::string answer_to(const std::string &request, const std::string &more = {}) {
    const std::string name = "Sec-WebSocket-Key: ";
    const size_t begin = request.find(name) + name.size();
    const std::string key = request.substr(begin, request.find("\r\n", begin) - begin);
    return "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, "
           "Upgrade\r\nSec-WebSocket-Accept: " +
           websocket_accept(key) + "\r\n" + more + "\r\n";
}
const std::string mqtt = "Sec-WebSocket-Protocol: mqtt\r\n";

// A frame as a server sends it.
std::string frame(unsigned first, const std::string &content, unsigned second = 0) {
    std::string out(1, static_cast<char>(first));
    if (content.size() < 126) {
        out += static_cast<char>(second | content.size());
    } else {
        out += static_cast<char>(second | 126);
        out += static_cast<char>(content.size() >> 8);
        out += static_cast<char>(content.size() & 0xFF);
    }
    return out + content;
}

// The contents of a client's frame; fails the test if it is not masked or not whole.
struct opened {
    unsigned first = 0;
    std::string content;
    size_t size = 0;
};
opened open_frame(const std::string &bytes) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes.at(i)); };
    opened out;
    out.first = at(0);
    EXPECT_NE(at(1) & 0x80, 0) << "not masked";
    size_t length = at(1) & 0x7F;
    const size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    length = more > 0 ? 0 : length;
    for (size_t i = 0; i < more; i++) {
        length = length << 8 | at(2 + i);
    }
    for (size_t i = 0; i < length; i++) {
        out.content += static_cast<char>(at(6 + more + i) ^ at(2 + more + i % 4));
    }
    out.size = 6 + more + length;
    return out;
}

struct ready_websocket {
    std::unique_ptr<layer> socket = websocket_layer_make("broker:80", "/mqtt");
    std::string request;
    std::string up;
    std::string down;

    explicit ready_websocket(const std::string &protocol = mqtt) {
        socket->start(&request);
        socket->receive(answer_to(request, protocol), &up, &down);
    }
    void receive(const std::string &bytes) { socket->receive(bytes, &up, &down); }
};

TEST(WebsocketHandshake, AcceptIsThatOfTheStandard) {
    EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(websocket_key().size(), 24u);
    EXPECT_NE(websocket_key(), websocket_key());
}

TEST(WebsocketHandshake, RequestOffersMqtt) {
    const std::string request = websocket_request("h:80", "/p", "k");
    EXPECT_EQ(request.rfind("GET /p HTTP/1.1\r\nHost: h:80\r\n", 0), 0u);
    EXPECT_NE(request.find("\r\nSec-WebSocket-Protocol: mqtt\r\n"), std::string::npos);
    EXPECT_EQ(request.substr(request.size() - 4), "\r\n\r\n");
}

TEST(WebsocketHandshake, JudgesTheAnswer) {
    const std::string request = websocket_request("h", "/", "k");
    const std::string good = answer_to(request, mqtt);
    EXPECT_EQ(websocket_judge(good, "k").failure + websocket_judge(good, "k").problem, "");
    EXPECT_NE(websocket_judge(good, "other").failure, "");
    EXPECT_NE(websocket_judge("HTTP/1.1 404 Not Found\r\n\r\n", "k").failure.find("404"),
              std::string::npos);
    EXPECT_NE(websocket_judge("HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n", "k").failure, "");
    const std::string extended = answer_to(request, mqtt + "Sec-WebSocket-Extensions: x\r\n");
    EXPECT_NE(websocket_judge(extended, "k").failure, "");
    EXPECT_NE(websocket_judge(answer_to(request), "k").problem, "");
    const std::string other = answer_to(request, "Sec-WebSocket-Protocol: mqttv3.1\r\n");
    EXPECT_NE(websocket_judge(other, "k").problem.find("mqttv3.1"), std::string::npos);
}

TEST(Websocket, AnswerMayComeInPiecesAndWithAFrame) {
    const auto socket = websocket_layer_make("broker:80", "/mqtt");
    std::string request;
    std::string up;
    std::string down;
    socket->start(&request);
    for (const char c : answer_to(request, mqtt) + frame(0x82, "first")) {
        EXPECT_EQ(up, "");
        socket->receive(std::string(1, c), &up, &down);
    }
    EXPECT_TRUE(socket->ready());
    EXPECT_EQ(up, "first");
    EXPECT_EQ(down, "");
}

TEST(Websocket, AnEndlessAnswerIsRefused) {
    const auto socket = websocket_layer_make("broker:80", "/mqtt");
    std::string bytes;
    socket->start(&bytes);
    socket->receive(std::string(websocket_answer_bytes_max + 1, 'x'), &bytes, &bytes);
    EXPECT_FALSE(socket->ready());
    EXPECT_NE(socket->failure(), "");
}

TEST(Websocket, FramesOfEveryLengthAreMasked) {
    ready_websocket client;
    for (const size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 100000u}) {
        const std::string content(size, 'm');
        std::string down;
        client.socket->send(content, false, &down);
        const opened sent = open_frame(down);
        EXPECT_EQ(sent.first, 0x82u);
        EXPECT_EQ(sent.content, content) << size;
        EXPECT_EQ(sent.size, down.size());
        if (size > 100) {
            EXPECT_EQ(down.find(std::string(50, 'm')), std::string::npos) << "mask of zeros?";
        }
    }
    std::string down;
    client.socket->send("x", true, &down);
    EXPECT_EQ(open_frame(down).first, 0x81u);
}

TEST(Websocket, MessagesMayBeInPieces) {
    ready_websocket client;
    client.receive(frame(0x02, "ab") + frame(0x89, "alive?") + frame(0x80, "cd"));
    EXPECT_EQ(client.up, "abcd");
    const opened pong = open_frame(client.down);
    EXPECT_EQ(pong.first, 0x8Au);
    EXPECT_EQ(pong.content, "alive?");
    client.receive(frame(0x82, std::string(300, 'l')) + frame(0x8A, ""));
    EXPECT_EQ(client.up, "abcd" + std::string(300, 'l'));
    EXPECT_EQ(client.socket->problem(), "");
}

TEST(Websocket, CloseIsAnsweredAndEndsIt) {
    ready_websocket client;
    client.receive(frame(0x88, "\x03\xE8"));
    EXPECT_TRUE(client.socket->ended());
    EXPECT_EQ(open_frame(client.down).first, 0x88u);
    client.down.clear();
    client.socket->end(&client.down);
    EXPECT_EQ(client.down, "") << "only one Close";
}

TEST(Websocket, EndSendsClose) {
    ready_websocket client;
    client.socket->end(&client.down);
    EXPECT_EQ(open_frame(client.down).content, "\x03\xE8");
    EXPECT_FALSE(client.socket->ended());
}

TEST(Websocket, WrongFramesAreProblems) {
    const std::string masked = frame(0x82, "1234x", 0x80);
    const std::string huge = std::string("\x82\x7F", 2) + std::string(8, '\x11');
    for (const std::string &wrong :
         {frame(0x81, "text"), masked, frame(0xC2, "reserved bit"), frame(0x83, "type 3"),
          frame(0x8B, "type 11"), frame(0x80, "no beginning"), frame(0x09, "ping in pieces"),
          frame(0x02, "a") + frame(0x82, "b"), frame(0x89, std::string(126, 'p')), huge}) {
        ready_websocket client;
        client.receive(wrong + frame(0x82, "not read"));
        EXPECT_NE(client.socket->problem(), "") << wrong;
        EXPECT_TRUE(client.socket->ended());
        EXPECT_EQ(client.up.find("not read"), std::string::npos);
    }
}

TEST(LayerStack, WithoutLayersBytesGoThrough) {
    layer_stack stack;
    std::string up;
    std::string down;
    stack.start(&down);
    EXPECT_TRUE(stack.ready());
    stack.receive("in", &up, &down);
    stack.send("out", false, &down);
    stack.end(&down);
    EXPECT_EQ(up + "/" + down, "in/out");
    EXPECT_FALSE(stack.ended());
}

// Every byte is followed by a mark; ready after "hello".
class marking_layer : public layer {
  public:
    explicit marking_layer(char mark) : mark_(mark) {}
    void start(std::string *down) override { *down += "hello?"; }
    bool ready() const override { return ready_; }
    void receive(std::string_view bytes, std::string *up, std::string *) override {
        for (const char c : bytes) {
            if (ready_) {
                *up += c == mark_ ? "" : std::string(1, c);
            } else {
                seen_ += c;
                ready_ = seen_ == "hello";
            }
        }
    }
    void send(std::string_view bytes, bool, std::string *down) override {
        for (const char c : bytes) {
            *down += {c, mark_};
        }
    }
    void end(std::string *down) override { *down += "!"; }
    bool ended() const override { return false; }

  private:
    char mark_;
    bool ready_ = false;
    std::string seen_;
};

TEST(LayerStack, LayersBeginOneAfterTheOtherAndWrapEachOther) {
    layer_stack stack;
    stack.push(std::make_unique<marking_layer>('-'));
    stack.push(std::make_unique<marking_layer>('+'));
    std::string up;
    std::string down;
    stack.start(&down);
    EXPECT_EQ(down, "hello?");
    down.clear();
    stack.receive("hello", &up, &down);
    EXPECT_EQ(down, "h-e-l-l-o-?-") << "the second speaks through the first";
    EXPECT_FALSE(stack.ready());
    stack.receive("h-e-l-l-o-a-+-", &up, &down);
    EXPECT_TRUE(stack.ready());
    EXPECT_EQ(up, "a");
    down.clear();
    stack.send("x", false, &down);
    EXPECT_EQ(down, "x-+-");
    down.clear();
    stack.end(&down);
    EXPECT_EQ(down, "!-!") << "the upper ends through the lower";
}

TEST(LayerStack, AProblemIsToldOnce) {
    layer_stack stack;
    stack.push(websocket_layer_make("h", "/"));
    std::string request;
    std::string bytes;
    stack.start(&request);
    EXPECT_EQ(stack.take_problem(), "");
    stack.receive(answer_to(request), &bytes, &bytes);
    EXPECT_TRUE(stack.ready());
    EXPECT_NE(stack.take_problem(), "");
    EXPECT_EQ(stack.take_problem(), "");
}

} // namespace
} // namespace conformance
