// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The comparison as a page. See grid.h.

#include <algorithm>

#include "conformance/grid.h"
#include "conformance/html.h"
#include "conformance/statements.h"

namespace conformance {
namespace {

constexpr char style[] = R"(<style>
.grid td:not(:nth-child(-n+2)),.grid th:not(:nth-child(-n+2)){width:8.6rem}
.grid td:first-child{width:11rem}
.grid thead th{position:sticky;top:0;background:var(--page);z-index:1}
.switch{position:absolute;opacity:0}
.switch+label{display:inline-block;margin:.8rem .5rem .2rem 0;padding:.15rem .8rem;cursor:pointer;
border:1px solid var(--line);border-radius:1rem;background:var(--soft)}
.switch:checked+label{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}
.switch:focus-visible+label{outline:2px solid var(--link)}
#only-differences:checked~main .same{display:none}
#only-failures:checked~main .fine{display:none}
.brokers,.chapters{table-layout:fixed}
.brokers th:first-child{width:28%}.brokers td .totals{margin:.1rem 0}
.brokers td>.chip{white-space:normal;overflow-wrap:anywhere}
.brokers .totals b{font-weight:400;color:var(--dim)}
.chapters td:not(:first-child),.chapters th:not(:first-child){text-align:right;white-space:nowrap}
.chapters th:first-child{width:34%}.chapters .chip{margin-right:.6rem}
.none{color:var(--dim)}
</style>
<input class=switch type=checkbox id=only-differences>
<label for=only-differences>only differences</label>
<input class=switch type=checkbox id=only-failures>
<label for=only-failures>only what a broker fails</label>
)";

constexpr const char *folders[] = {"v3", "v5"};

const char *folder_title(const std::string &folder) {
    return folder == "v5" ? "MQTT 5.0" : "MQTT 3.1.1 and 3.1";
}

std::string broker_row(const grid_column &column) {
    const report_facts &facts = column.facts;
    std::string out = "<tr><td><b>" + escaped(facts.broker) + "</b><br><span class=dim>" +
                      escaped(facts.version) + "</span><br><a href=\"" + column.broker.name +
                      ".html\">all cases and logs</a>";
    for (const std::string &note : facts.notes) {
        out += "<br><span class=\"chip fail\">✗ " + escaped(note) + "</span>";
    }
    for (const char *folder : folders) {
        out += "<td>";
        out += grid_speaks(column, folder) ? html_totals("statements", grid_count(column, folder))
                                           : "<span class=none>not spoken</span>";
    }
    return out + "</tr>\n";
}

std::string brokers_part(const std::vector<grid_column> &columns) {
    std::string out = "<table class=brokers><tr><th>Broker";
    for (const char *folder : folders) {
        out += std::string("<th>") + folder_title(folder);
    }
    out += "</tr>\n";
    for (const grid_column &column : columns) {
        out += broker_row(column);
    }
    return out + "</table>\n";
}

size_t count_of(const std::array<size_t, verdict_count> &counts, verdict which) {
    return counts[static_cast<size_t>(which)];
}

std::string total_cell(const std::array<size_t, verdict_count> &counts) {
    size_t asked = 0;
    for (const verdict which : html_order) {
        asked += which == verdict::not_supported ? 0 : count_of(counts, which);
    }
    if (asked == 0) {
        return "<td class=none>–";
    }
    std::string out = "<td>";
    size_t kept = asked;
    for (const verdict which : {verdict::fail, verdict::inconclusive}) {
        const size_t count = count_of(counts, which);
        kept -= count;
        if (count > 0) {
            out += "<span class=\"chip " + html_class(which) + "\" title=\"" +
                   verdict_name(which) + "\">" + html_sign(which) + " " + std::to_string(count) +
                   "</span> ";
        }
    }
    return out + std::to_string(kept) + " of " + std::to_string(asked);
}

std::string chapters_part(const std::vector<grid_column> &columns) {
    std::string out = "<h2>Totals by chapter</h2>\n<p class=dim>Statements that were asked and "
                      "kept, of those that were asked.</p>\n";
    for (const char *folder : folders) {
        const std::vector<std::string> chapters = grid_chapters(columns[0], folder);
        if (chapters.empty()) {
            continue;
        }
        out +=
            std::string("<h3>") + folder_title(folder) + "</h3>\n<table class=chapters><tr><th>";
        for (const grid_column &column : columns) {
            out += "<th>" + escaped(column.facts.broker);
        }
        out += "</tr>\n";
        for (const std::string &chapter : chapters) {
            out += "<tr><td><a href=\"#" + chapter + "\">" + chapter.substr(3) + "</a> " +
                   statement_chapter_title(chapter);
            for (const grid_column &column : columns) {
                out += total_cell(grid_count(column, chapter));
            }
            out += "</tr>\n";
        }
        out += "</table>\n";
    }
    return out;
}

// Whether the brokers that speak the version differ, and whether one of them fails.
struct row_traits {
    bool differs = false;
    bool fails = false;
};

row_traits traits_of(const std::vector<grid_column> &columns, size_t index) {
    row_traits out;
    const verdict *first = nullptr;
    for (const grid_column &column : columns) {
        const report_statement &statement = column.statements[index];
        if (!grid_speaks(column, statement.id.substr(0, 2))) {
            continue;
        }
        first = first == nullptr ? &statement.verdict : first;
        out.differs = out.differs || *first != statement.verdict;
        out.fails = out.fails || report_failed(statement.verdict, false);
    }
    return out;
}

std::string classes(const row_traits &traits) {
    return std::string(traits.differs ? "" : "same ") + (traits.fails ? "" : "fine");
}

// The cell opens the case that decided.
std::string cell(const grid_column &column, size_t index) {
    const report_statement &statement = column.statements[index];
    if (!grid_speaks(column, statement.id.substr(0, 2))) {
        return "<td class=none>–";
    }
    const report_row &witness = column.rows[report_witness(statement, column.rows)];
    return "<td><a href=\"" + column.broker.name + ".html#" +
           escaped(witness.scenario->address()) + "\" title=\"" +
           std::to_string(statement.rows.size()) +
           (statement.rows.size() == 1 ? " case: " : " cases: ") +
           escaped(witness.scenario->name) + "\">" + html_chip(statement.verdict) + "</a>";
}

std::string statement_row(const std::vector<grid_column> &columns, size_t index) {
    const std::string &id = columns[0].statements[index].id;
    const statement_info *info = statement_find(id);
    std::string out = "<tr class=\"" + classes(traits_of(columns, index)) + "\"><td class=id>" +
                      escaped(id) + "<td>";
    if (info != nullptr) {
        out +=
            std::string("<span class=dim>") + info->keyword + "</span> " + escaped(info->summary);
    }
    for (const grid_column &column : columns) {
        out += cell(column, index);
    }
    return out + "</tr>\n";
}

std::string chapter_part(const std::vector<grid_column> &columns, const std::string &chapter) {
    std::string rows;
    row_traits all;
    for (size_t i = 0; i < columns[0].statements.size(); i++) {
        if (statement_chapter(columns[0].statements[i].id) == chapter) {
            const row_traits traits = traits_of(columns, i);
            all = {all.differs || traits.differs, all.fails || traits.fails};
            rows += statement_row(columns, i);
        }
    }
    std::string out = "<section class=\"" + classes(all) + "\"><h3 id=\"" + chapter + "\">" +
                      folder_title(chapter.substr(0, 2)) + ": " + chapter.substr(3) + " " +
                      statement_chapter_title(chapter) +
                      "</h3>\n<table class=grid><thead><tr><th>Statement<th>";
    for (const grid_column &column : columns) {
        out += "<th>" + escaped(column.facts.broker);
    }
    return out + "</tr></thead>\n" + rows + "</table></section>\n";
}

} // namespace

std::string grid_html(const std::vector<grid_column> &columns) {
    std::string out = html_begin("MQTT conformance of brokers") +
                      "<header><h1>MQTT conformance of brokers</h1>\n<p class=dim>" +
                      escaped(columns[0].facts.date) + " · " +
                      std::to_string(columns[0].rows.size()) + " cases · " +
                      std::to_string(columns[0].statements.size()) +
                      " statements. A statement has the worst verdict of its cases; each cell "
                      "opens the wire log of the case that decided. What failed was run a second "
                      "time, alone.</p>\n" +
                      brokers_part(columns) + "</header>\n" + chapters_part(columns) +
                      "<h2>Statements</h2>\n" + style + "<main>\n";
    for (const char *folder : folders) {
        for (const std::string &chapter : grid_chapters(columns[0], folder)) {
            out += chapter_part(columns, chapter);
        }
    }
    return out + "</main>\n" + html_end();
}

} // namespace conformance
