#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "sim/validation/simulate_measured.hpp"

namespace nibble {

inline constexpr const char* kMeasuredSchema = "nibble/validate-measured/1";

/// Measured kernels beside their simulation: `rows` (the file's own columns, then simulated_us, ratio, mapping or
/// not_simulated), `kinds` and `cores` (errors of the rows of one kind of kernel, and of one kind on so many cores, each
/// kind with the RMS of the half of its shapes that values of the machine were chosen on and of the other half, and beside the
/// error of the analytical model that the card's makers publish), `worst` (row numbers, largest error first).
[[nodiscard]] Json measured_document(const std::vector<SimulatedKernel>& kernels, const std::string& accelerator,
                                     const std::string& file);

/// The document's errors and worst rows, for people.
[[nodiscard]] std::string measured_table(const Json& document);
/// The document's rows, as CSV with the file's own columns first.
[[nodiscard]] std::string measured_csv(const Json& document);

}  // namespace nibble
