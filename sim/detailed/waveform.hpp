#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "sim/detailed/detailed_core.hpp"

namespace nibble::detailed {

/// Waveform: a detailed run as a VCD file: one ns a cycle, signals by module ("core.array.row0.col1.weight"; of two corelets:
/// "corelet0.array...").
///
/// The kernel writes it, to a name that ends in ".vcd". InputError [OUT-WRITE] if that cannot be written.
class Waveform {
 public:
  Waveform(const std::string& path, const std::vector<std::unique_ptr<DetailedCore>>& corelets);
  Waveform(const Waveform&) = delete;
  Waveform& operator=(const Waveform&) = delete;
  ~Waveform();

 private:
  sc_core::sc_trace_file* file_ = nullptr;
};

}  // namespace nibble::detailed
