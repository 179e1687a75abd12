#pragma once

#include <cstdint>
#include <map>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// PsumRing: the narrow ring between neighbouring cores on which partial sums are exchanged.
///
/// An exchange begins when all its cores have joined. The result is cut into one chunk a core; each chunk gathers
/// its partial sums on the way to its owner, from both sides (reduce-scatter), so a segment carries, in each
/// direction, one chunk for each owner beyond it. When the cores are all there are, the ring is closed and each
/// direction carries half. Where sums are passed on, all of the lower core's go to the higher one, which has begun on them.
///
/// Timing  a segment is held for its bytes / bandwidth; the exchange ends when the last segment is free again and the
///         longest way's hops have passed: from end to end of an open stretch, half of the way round a closed ring.
/// Counts  byte_hops().
class PsumRing : public sc_core::sc_module {
 public:
  PsumRing(sc_core::sc_module_name name, const Accelerator& accelerator);

  /// `core` joins exchange `instruction.reduce`; `done` is notified at its end. The reference holds, from then on,
  /// the bytes that arrived at `core`.
  const Bytes& join(std::uint32_t core, const Instruction& instruction, sc_core::sc_event& done);

  /// Blocks the calling SC_THREAD until a core has joined exchange `id`.
  void await_first(std::uint32_t id);

  [[nodiscard]] std::uint64_t byte_hops() const { return byte_hops_; }
  /// Ids of the exchanges that wait for cores, in order.
  [[nodiscard]] std::vector<std::uint32_t> waiting() const;
  /// Counts what passed outside of the kernel's time; the ids of waiting exchanges grow by `ids`.
  void skip(std::uint64_t byte_hops, std::uint32_t ids);
  void reset();  ///< before a kernel: forgets exchange ids
  [[nodiscard]] std::string describe_stall() const;

 private:
  struct Member {
    std::uint32_t core = 0;
    sc_core::sc_event* done = nullptr;
    Bytes received;
  };
  struct Exchange {
    std::vector<Member> members;
    std::uint32_t size = 0;
    bool passes_on = false;
    Bytes bytes;
  };
  void run(Exchange& exchange);
  /// Takes every segment from `from` to `to` for `bytes`; the cycle in which the last of them is free again.
  std::uint64_t carry(std::uint32_t from, std::uint32_t to, bool clockwise, std::uint64_t bytes);

  std::uint32_t cores_;
  BytesPerCycle bandwidth_;
  std::uint64_t hop_cycles_;
  std::vector<std::uint64_t> clockwise_, counter_;  ///< segment i joins core i and core i + 1
  std::map<std::uint32_t, Exchange> exchanges_;
  std::uint64_t byte_hops_ = 0;
  sc_core::sc_event joined_;
};

}  // namespace nibble
