#pragma once

#include <string>
#include <vector>

#include "sim/published/figures.hpp"

namespace nibble {

inline constexpr const char* kPublishedSchema = "nibble/validate/1";

/// Every row beside ours: `groups` (name, description, file's hash), `rows` (group, what, unit, published value or band,
/// source, trust, tolerance, ours, detail, ratio, within, because), and `failed`: how many verified figures ours is
/// outside of, without a reason that the row gives.
[[nodiscard]] Json published_document(const std::vector<PublishedGroup>& groups, const RunDocuments& runs);

/// A table for each group, its rows outside of their bands with the reasons under it.
[[nodiscard]] std::string published_table(const Json& document);
/// The rows, as CSV.
[[nodiscard]] std::string published_csv(const Json& document);

}  // namespace nibble
