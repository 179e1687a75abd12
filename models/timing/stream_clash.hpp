#pragma once

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"

namespace nibble {

/// Share of the usual turnarounds (0 to 1) that a stream read and one written meet which lie `displacement` bytes off whole matrices
/// against each other, as columns of sticks `pitch` bytes long.
///
/// Both sweep a column after the other. Shifted by a part x of a column they meet for 4 x (1 - x) of it, else they spare one another
/// down to `displaced_clash`. Columns over half of the banks (`bank_span`) or less: shifted by none or by whole columns, the streams never
/// part. Longer ones: x is a part of the span, and shifted by none of it they are parted for two thirds by the time between a read
/// and its write; several cores are in the same banks, which leaves the cube root of bank_span / pitch of what parts them.
/// Source: shapes read off broadcasts on the Spyre card (sim/validation/README.md). Without a `bank_span` it is `displaced_clash`.
[[nodiscard]] double displaced_clash(const Memory& memory, Bytes pitch, Bytes displacement);

/// The same, beyond 1, for an operation that reads what the one before it has stored: `chained_clash`, up to twice that where columns
/// cover only some of the banks.
[[nodiscard]] double chained_clash(const Memory& memory, Bytes pitch);

}  // namespace nibble
