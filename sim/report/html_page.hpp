#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "sim/report/text_table.hpp"

/// What self-contained HTML pages share. All text is escaped.
namespace nibble {

[[nodiscard]] std::string html_escaped(const std::string& text);

[[nodiscard]] std::string html_table(const std::vector<TableColumn>& columns);

/// A heading and a table.
[[nodiscard]] std::string html_section(const std::string& heading, const std::vector<TableColumn>& columns);

/// Stacked bars of where each run's time and energy went, and the tables of the same.
[[nodiscard]] std::string html_run_sections(const std::vector<Json>& runs);

/// A whole page of this content (HTML), in the house's style; `style`: more of it.
[[nodiscard]] std::string html_page(const std::string& title, const std::string& content, const std::string& version,
                                    const std::string& style = {});

}  // namespace nibble
