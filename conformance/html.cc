// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See html.h.

#include "conformance/html.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace conformance {
namespace {

// Colours are chosen so that text on the page keeps a contrast of 4.5 in light and dark.
constexpr char style[] = R"(
:root{color-scheme:light dark;--page:#fff;--text:#1c2128;--dim:#59636e;--line:#d5dae0;
--soft:#f4f6f8;
--link:#0757b8;--pass:#1a7f37;--undefined:#0a6f8a;--lenient:#8a5a00;--not-supported:#6a737d;
--inconclusive:#7b3fbf;--fail:#c41c24}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--text:#dfe4ea;--dim:#98a2ad;
--line:#323a43;
--soft:#1b2128;--link:#7cb5ff;--pass:#4cc267;--undefined:#4db8d3;--lenient:#dba32f;
--not-supported:#8b949e;--inconclusive:#c297f5;--fail:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:82rem;padding:1.5rem 1rem 4rem;background:var(--page);
color:var(--text);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3rem}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);
padding-bottom:.3rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
p{margin:.4rem 0}.dim{color:var(--dim)}
code,pre,.id{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.86em}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600}.id{white-space:nowrap}
.chip{display:inline-block;white-space:nowrap;font-weight:600;font-size:.86rem}
.chip.pass{color:var(--pass)}.chip.undefined{color:var(--undefined)}
.chip.lenient{color:var(--lenient)}.chip.not-supported{color:var(--not-supported);font-weight:400}
.chip.inconclusive{color:var(--inconclusive)}.chip.fail{color:var(--fail)}
.bar{display:flex;height:.7rem;border-radius:.35rem;overflow:hidden;background:var(--soft);
margin:.2rem 0}
.bar i{display:block}.bar .pass{background:var(--pass)}.bar .undefined{background:var(--undefined)}
.bar .lenient{background:var(--lenient)}.bar .not-supported{background:var(--line)}
.bar .inconclusive{background:var(--inconclusive)}.bar .fail{background:var(--fail)}
.statements td:nth-child(1){width:10.5rem}.statements td:nth-child(2){width:8.5rem}
.statements a{margin-right:.8rem;overflow-wrap:anywhere}
.totals{margin:.9rem 0}.totals .chip{margin-right:1.1rem}
.filter{position:absolute;opacity:0}
.filters{display:inline}.filter+label{display:inline-block;margin:.8rem .5rem 0 0;
padding:.1rem .7rem;
border:1px solid var(--line);border-radius:1rem;cursor:pointer;user-select:none;
background:var(--soft)}
.filter:not(:checked)+label{opacity:.5;text-decoration:line-through}
.filter:focus-visible+label{outline:2px solid var(--link)}
details{border:1px solid var(--line);border-radius:.4rem;margin:.3rem 0}
details[open]{background:var(--soft)}
summary{cursor:pointer;padding:.3rem .7rem;display:grid;grid-template-columns:8.2rem 1fr;
gap:.2rem .6rem}
summary::-webkit-details-marker{display:none}
summary .title{grid-column:2;color:var(--dim)}
.inside{padding:.1rem .9rem .7rem;scroll-margin-top:4rem}
.inside:target{outline:2px solid var(--link);outline-offset:-2px;border-radius:.4rem}
pre{margin:.5rem 0;padding:.6rem .8rem;overflow-x:auto;background:var(--page);
border:1px solid var(--line);border-radius:.4rem;line-height:1.45}
pre .t,pre .n,pre .b{color:var(--dim)}pre .s{color:var(--link)}pre .r{color:var(--pass)}
.remark{border-left:3px solid var(--link);padding-left:.7rem}
@media (max-width:40rem){summary{grid-template-columns:1fr}summary .title{grid-column:1}}
@media print{.filter+label{display:none}}
)";

// Opens the case that the address names, also in browsers that would leave it closed.
constexpr char opener[] = R"(
function show(){var e=document.getElementById(decodeURIComponent(location.hash.slice(1)));
while(e){if(e.tagName==="DETAILS")e.open=true;e=e.parentElement}}
addEventListener("hashchange",show);show();
)";

std::string log_line(const log_entry &entry, size_t bytes_max) {
    static constexpr std::array<const char *, 3> classes = {"s", "r", "n"};
    static constexpr std::array<const char *, 3> arrows = {" &gt; ", " &lt; ", "   "};
    const auto kind = static_cast<size_t>(entry.direction);
    std::array<char, 32> time{};
    std::snprintf(time.data(), time.size(), "%8llu ms",
                  static_cast<unsigned long long>(entry.at_ms));
    std::string out = std::string("<span class=t>") + time.data() +
                      "</span>  <span class=" + classes[kind] + ">" + escaped(entry.client) +
                      arrows[kind] + escaped(entry.line) + "</span>\n";
    const std::string_view bytes = entry.bytes;
    if (!bytes.empty() && bytes_max > 0) {
        out += "<span class=b>" + std::string(17, ' ') + wire_hex(bytes.substr(0, bytes_max));
        out += bytes.size() > bytes_max ? " … (" + std::to_string(bytes.size()) + " bytes)" : "";
        out += "</span>\n";
    }
    return out;
}

} // namespace

const char *html_sign(verdict which) {
    static constexpr std::array<const char *, verdict_count> signs = {"✓", "○", "≈",
                                                                      "–", "?", "✗"};
    return signs[static_cast<size_t>(which)];
}

const std::array<verdict, verdict_count> html_order = {verdict::fail,    verdict::inconclusive,
                                                       verdict::lenient, verdict::undefined,
                                                       verdict::pass,    verdict::not_supported};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
        }
    }
    return out;
}

std::string html_begin(const std::string &title) {
    return "<!DOCTYPE html>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
           "<!-- Copyright The Libella authors -->\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
           "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>" +
           escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n";
}

std::string html_end() {
    return std::string("<script>") + opener + "</script>\n</body>\n</html>\n";
}

std::string html_class(verdict which) {
    std::string out = verdict_name(which);
    std::replace(out.begin(), out.end(), ' ', '-');
    return out;
}

std::string html_chip(verdict which) {
    return "<span class=\"chip " + html_class(which) + "\">" + html_sign(which) + " " +
           verdict_name(which) + "</span>";
}

std::string html_totals(const std::string &what, const std::array<size_t, verdict_count> &counts) {
    const size_t total = std::accumulate(counts.begin(), counts.end(), size_t{0});
    std::string bar;
    std::string legend;
    for (const verdict which : html_order) {
        const size_t count = counts[static_cast<size_t>(which)];
        if (count > 0) {
            bar += "<i class=" + html_class(which) + " style=\"flex:" + std::to_string(count) +
                   "\"></i>";
            legend += "<span class=\"chip " + html_class(which) + "\">" + html_sign(which) + " " +
                      std::to_string(count) + " " + verdict_name(which) + "</span>";
        }
    }
    return "<div class=totals><b>" + std::to_string(total) + " " + escaped(what) +
           "</b><div class=bar>" + bar + "</div>" + legend + "</div>\n";
}

std::string html_filters() {
    std::string rules = "<style>";
    std::string boxes;
    for (const verdict which : html_order) {
        const std::string name = html_class(which);
        rules += "#show-" + name + ":not(:checked)~main .row." + name + "{display:none}";
        boxes += "<input class=filter type=checkbox checked id=show-" + name +
                 "><label for=show-" + name + ">" + html_chip(which) + "</label>\n";
    }
    return rules + "</style>\n" + boxes;
}

std::string html_log(const std::vector<log_entry> &log, size_t bytes_max) {
    if (log.empty()) {
        return {};
    }
    std::string out = "<pre>";
    for (const log_entry &entry : log) {
        out += log_line(entry, bytes_max);
    }
    return out + "</pre>\n";
}

} // namespace conformance
