// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "tools/load/report.h"

#include <cmath>
#include <cstdio>

namespace load {

namespace {

std::string quoted(const std::string &text) {
    std::string out = "\"";
    for (const char each : text) {
        if (each == '"' || each == '\\') {
            out += '\\';
        }
        out += static_cast<unsigned char>(each) < ' ' ? ' ' : each;
    }
    return out + "\"";
}

} // namespace

void report::add_latency(const histogram &latency_ns) {
    const auto us = [](uint64_t ns) { return static_cast<double>(ns) / 1000; };
    add("latency_mean", latency_ns.mean() / 1000, "us");
    add("latency_p50", us(latency_ns.percentile(50)), "us");
    add("latency_p90", us(latency_ns.percentile(90)), "us");
    add("latency_p99", us(latency_ns.percentile(99)), "us");
    add("latency_p99.9", us(latency_ns.percentile(99.9)), "us");
    add("latency_max", us(latency_ns.max()), "us");
}

const figure *report::find(const std::string &key) const {
    for (const figure &each : figures) {
        if (each.key == key) {
            return &each;
        }
    }
    return nullptr;
}

// Whole numbers as they are; others with at least three digits that count.
std::string report_number(double value) {
    char text[64];
    if (value == std::floor(value) || std::fabs(value) >= 1000) {
        snprintf(text, sizeof text, "%.0f", value);
    } else {
        snprintf(text, sizeof text, std::fabs(value) >= 10 ? "%.1f" : "%.3f", value);
    }
    return text;
}

std::string report_faults(const report &found) {
    std::string out;
    for (const std::string &key : found.faults) {
        out += (out.empty() ? "" : ", ") + key + " " + report_number(found.find(key)->value);
    }
    return out;
}

std::string report_text(const report &found) {
    std::string out = found.mode + "\n";
    for (const figure &each : found.figures) {
        char line[256];
        snprintf(line, sizeof line, "  %-32s %14s %s\n", each.key.c_str(),
                 report_number(each.value).c_str(), each.unit.c_str());
        out += line;
    }
    for (const std::string &note : found.notes) {
        out += "  note: " + note + "\n";
    }
    return out;
}

std::string report_json(const report &found) {
    std::string out = "{\n  \"mode\": " + quoted(found.mode) + ",\n  \"faulty\": ";
    out += found.faulty ? "true" : "false";
    out += ",\n  \"figures\": {";
    const char *comma = "\n";
    for (const figure &each : found.figures) {
        char number[64];
        snprintf(number, sizeof number, "%.12g", std::isfinite(each.value) ? each.value : 0);
        out += comma + ("    " + quoted(each.key)) + ": {\"value\": " + number +
               ", \"unit\": " + quoted(each.unit) + "}";
        comma = ",\n";
    }
    out += "\n  },\n  \"notes\": [";
    comma = "";
    for (const std::string &note : found.notes) {
        out += comma + quoted(note);
        comma = ", ";
    }
    return out + "]\n}\n";
}

} // namespace load
