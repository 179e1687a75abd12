#pragma once

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"

namespace nibble {

/// Share of the usual turnarounds (0 to 1) that a stream read and one written meet which lie `displacement` bytes off whole matrices
/// against each other, as columns of sticks `pitch` bytes long.
///
/// Both sweep a column after the other. Columns that cover all banks (`bank_span`): the streams spare one another
/// down to `displaced_clash` if they meet the same banks at different times, less as they are shifted into one another's, by half a span
/// at most. Shorter columns: the same, in shares of a column; shifted by none or by whole columns, the streams never part.
/// Longer ones: cores meet in the same banks, whose share is 1 - sqrt(bank_span / pitch).
/// Source: broadcasts on the Spyre card (sim/validation/README.md). Without a `bank_span` it is `displaced_clash`.
[[nodiscard]] double displaced_clash(const Memory& memory, Bytes pitch, Bytes displacement);

/// The same, beyond 1, for an operation that reads what the one before it has stored: `chained_clash`, up to twice that where columns
/// cover only some of the banks.
[[nodiscard]] double chained_clash(const Memory& memory, Bytes pitch);

}  // namespace nibble
