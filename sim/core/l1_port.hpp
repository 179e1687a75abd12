#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "models/base/units.hpp"

namespace nibble {

/// L1Port: the scratchpad port that a core's arrays, weight loaders and SFUs share.
///
/// Timing  A flow asks for `bytes` over `cycles` at full speed. While the flows together ask for no more than the
///         port's bandwidth each runs at full speed; beyond it they get max-min fair shares and take longer.
/// Order   flows that end in the same cycle end in the order in which they began.
/// Counts  busy_cycles(): time with at least one flow, weighted by the share of the bandwidth in use.
/// Not modelled  single bank conflicts: the port serves interleaved beats.
class L1Port : public sc_core::sc_module {
 public:
  L1Port(sc_core::sc_module_name name, BytesPerCycle bandwidth);

  /// Starts a flow; `done` is notified `tail_cycles` after its last byte. `cycles` >= 1 is raised to what the
  /// whole port needs for `bytes`.
  void start(Bytes bytes, std::uint64_t cycles, std::uint64_t tail_cycles, sc_core::sc_event& done);

  [[nodiscard]] BytesPerCycle bandwidth() const { return BytesPerCycle{bandwidth_}; }
  [[nodiscard]] std::size_t active_flows() const { return flows_.size(); }

 private:
  struct Flow {
    double demand = 0;     ///< bytes a cycle at full speed
    double remaining = 0;  ///< full-speed cycles
    double speed = 0;      ///< 0..1
    std::uint64_t tail_cycles = 0;
    sc_core::sc_event* done = nullptr;
  };

  void serve();
  void advance();
  void share_bandwidth();
  void arm();

  double bandwidth_;
  std::vector<Flow> flows_;
  std::vector<std::size_t> by_demand_;
  std::uint64_t last_ = 0;
  sc_core::sc_event wake_;
};

}  // namespace nibble
