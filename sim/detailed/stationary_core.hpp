#pragma once

#include <cstdint>
#include <memory>

#include "sim/detailed/detailed_core.hpp"
#include "sim/detailed/element_array.hpp"
#include "sim/detailed/weight_loader.hpp"

namespace nibble::detailed {

/// StationaryCore: one operand lies in the elements' registers, the other streams past; sums go down the columns.
/// Weight stationary, and input stationary with A and B exchanged.
class StationaryCore : public DetailedCore {
 public:
  StationaryCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, PortSeat seat, KernelGuard& guard);

  [[nodiscard]] L0Accesses l0_accesses() const override { return array_.l0_accesses(); }

 private:
  [[nodiscard]] std::uint64_t wanted_load() const override { return loader_.wanted(block_index()); }
  void load(Port& port) override { loader_.step(port, block_index()); }
  [[nodiscard]] bool block_in_place() const override { return loader_.blocks_loaded() > block_index(); }
  [[nodiscard]] BeatOrder beats() const override { return BeatOrder{shape_, block(), buffer()}; }
  [[nodiscard]] std::unique_ptr<OperandFetch> begin_fetch() override;
  [[nodiscard]] bool sums_can_leave(const Beat& beat) const override {
    return !beat.last || outputs_.size() < std::size_t{shape_.accumulators} * shape_.columns;
  }
  std::uint64_t step_array(const Beat& issued) override;
  [[nodiscard]] ElementCounts take_counts() override { return array_.take_counts(); }
  [[nodiscard]] std::uint64_t held_bits() const override { return loader_.block_bits(block_index()); }
  [[nodiscard]] unsigned held_element_bits() const override { return BlockView{shape_, block()}.stationary_bits(); }
  void trace_array(sc_core::sc_trace_file* file) const override { array_.trace(file); }

  [[nodiscard]] std::uint32_t buffer() const { return static_cast<std::uint32_t>(block_index() % shape_.buffers); }

  CodeTable stationary_, streamed_;
  ElementArray array_;
  WeightLoader loader_;
};

}  // namespace nibble::detailed
