#pragma once

#include <string>

#include "sim/report/document.hpp"

namespace nibble {

/// A run's, a comparison's or a scaling document as one self-contained HTML page: no script, no file beside it.
/// The tables of run_table() and compare_table(), and stacked bars of where each run's time and energy went, scaled so
/// that bars of one chart compare.
[[nodiscard]] std::string html_text(const Json& document);

}  // namespace nibble
