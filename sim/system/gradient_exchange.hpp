#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/system/chip_link.hpp"

namespace nibble {

/// A weight gradient on its way through the exchange.
struct Gradient {
  std::uint32_t id = 0;
  Bytes bytes;  ///< in the recipe's exchange format
};

/// GradientExchange: a chip's end of the collective that adds up gradients over all chips: reduce-scatter, then
/// all-gather.
///
/// Ring    half of the gradients goes round each way, in N chunks and 2 (N - 1) steps. A chip passes a chunk on when
///         it has come in: in the reduce-scatter with its own part added, as the bytes stream through.
/// Fully connected  two steps: a chunk to each peer, to be added up there; its sum to each peer. What goes to the
///         N - 1 peers at the same time is one message of their size through the chip's port.
/// Order   one collective at a time. All gradients that have become ready meanwhile go together in the next one.
/// Padding a chunk is a whole number of bytes, so that 2 (N - 1) (N - 1) bytes a direction may be padding.
/// Not modelled  what adding costs of the memory bandwidth of kernels that run meanwhile; its energy is counted.
class GradientExchange {
 public:
  using Done = std::function<void(const std::vector<std::uint32_t>& gradients)>;

  GradientExchange(Topology topology, std::uint32_t chips) : topology_{topology}, chips_{chips} {}

  /// Direction `way` sends over `link` to `peer`. A ring has two ways, fully connected chips one.
  void connect(std::size_t way, ChipLink& link, GradientExchange& peer);
  void on_done(Done done) { done_ = std::move(done); }
  /// These gradients of this chip are complete.
  void ready(const std::vector<Gradient>& gradients);

  [[nodiscard]] std::uint64_t collectives() const { return collectives_; }
  /// Bytes of gradients that this chip has added to its own.
  [[nodiscard]] Bytes added() const { return added_; }
  void reset();

 private:
  struct Way {
    ChipLink* link = nullptr;
    GradientExchange* peer = nullptr;
    std::uint64_t sent = 0, received = 0;  ///< steps of the present collective
    std::uint64_t chunk = 0;
  };

  void start();
  void advance(std::size_t way);
  void receive(std::size_t way);
  void finish_if_complete();
  [[nodiscard]] std::size_t ways() const { return topology_ == Topology::ring ? 2 : 1; }
  [[nodiscard]] std::uint64_t steps() const { return topology_ == Topology::ring ? 2 * (chips_ - 1) : 2; }

  Topology topology_;
  std::uint32_t chips_;
  std::array<Way, 2> ways_;
  std::vector<Gradient> pending_, running_;
  bool busy_ = false;
  std::uint64_t collectives_ = 0;
  Bytes added_;
  Done done_;
};

}  // namespace nibble
