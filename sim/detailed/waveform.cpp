#include "sim/detailed/waveform.hpp"

#include <fmt/format.h>

#include <fstream>

#include "models/base/error.hpp"

namespace nibble::detailed {

Waveform::Waveform(const std::string& path, const std::vector<std::unique_ptr<DetailedCore>>& corelets) {
  constexpr const char* kEnding = ".vcd";
  const std::string stem = path.ends_with(kEnding) ? path.substr(0, path.size() - 4) : path;
  if (!std::ofstream{stem + kEnding}) {
    throw InputError{"OUT-WRITE", fmt::format("{}{} cannot be written", stem, kEnding), "a file in a folder that is there"};
  }
  file_ = sc_core::sc_create_vcd_trace_file(stem.c_str());
  sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);  // stdout is for results
  file_->set_time_unit(1, sc_core::SC_NS);
  for (const auto& corelet : corelets) corelet->trace(file_);
}

Waveform::~Waveform() { sc_core::sc_close_vcd_trace_file(file_); }

}  // namespace nibble::detailed
