#pragma once

namespace nibble::training {

/// What training asks of the process that it runs in, once for all: sums in one order whatever the number of cores, and memory
/// that stays from step to step.
void settle_process();

}  // namespace nibble::training
