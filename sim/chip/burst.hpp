#pragma once

#include <cstdint>
#include <memory>
#include <tlm>
#include <vector>

#include "sim/mapper/program.hpp"

namespace nibble {

class Mni;

/// One core's stake in a transfer: whom to tell, about which instruction.
struct TransferEnd {
  Mni* mni = nullptr;
  const Instruction* instruction = nullptr;
  class TransferClient* client = nullptr;
  std::uint64_t bytes_missing = 0;
};

/// A load (of one core, or multicast to several) or a store, cut into bursts.
struct Transfer {
  Unit unit = Unit::load;
  std::uint64_t bytes_to_request = 0;
  std::uint64_t address = 0;           ///< where it lies in memory, and how much of it has been asked for
  std::uint64_t bytes_requested = 0;
  std::vector<TransferEnd> ends;       ///< cores that receive (load) or the one that sends (store)
  std::uint64_t left_memory = 0;       ///< cycle in which the last burst left the memory
  std::uint64_t ends_open = 0;
};

/// What travels with a TLM payload: which transfer a burst belongs to.
struct BurstExtension : tlm::tlm_extension<BurstExtension> {
  Transfer* transfer = nullptr;
  std::uint64_t address = 0;
  std::uint64_t pitch = 0;  ///< bytes between the pieces of a gather; 0 = in order
  std::uint64_t piece = 0;  ///< bytes of such a piece; 0 = a granule
  std::uint64_t column = 0; ///< bytes between pieces that other cores move meanwhile; 0 = no matter
  std::uint32_t interleave = 1;  ///< matrices whose granules lie in turn, of which it moves one
  double clash = 1;         ///< share of the usual turnarounds that it pays for
  bool clockwise = false;   ///< the side of the ring that it comes from
  std::uint64_t ready = 0;  ///< cycle in which the request is complete at the memory (stores: the data too)
  std::uint32_t parts_open = 0;  ///< channels that have not yet served their part
  double last_out = 0;           ///< when the latest of the others was through, from the kernel's begin

  [[nodiscard]] tlm::tlm_extension_base* clone() const override { return new BurstExtension{*this}; }
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const BurstExtension&>(other);
  }
};

/// Recycles payloads: a step moves some hundred thousand bursts.
class BurstPool : public tlm::tlm_mm_interface {
 public:
  ~BurstPool() override = default;
  /// A payload with one reference, of `bytes` for `transfer`.
  tlm::tlm_generic_payload& acquire(Transfer& transfer, tlm::tlm_command command, std::uint64_t bytes);
  void free(tlm::tlm_generic_payload* payload) override { free_.push_back(payload); }

 private:
  std::vector<std::unique_ptr<tlm::tlm_generic_payload>> all_;
  std::vector<tlm::tlm_generic_payload*> free_;
};

}  // namespace nibble
