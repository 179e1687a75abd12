#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "models/base/units.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// An L1 tile buffer of one core: empty, owned by the instruction that fills it, or full.
using SlotIndex = std::uint16_t;
using SlotList = boost::container::small_vector<SlotIndex, 4>;

/// The four in-order instruction queues of a core. They run ahead of one another as far as slots allow.
enum class Unit : std::uint8_t { load, mpe, sfu, store };
inline constexpr std::size_t kUnits = 4;

/// One instruction. It starts when all `waits` are full and all `acquires` are empty (which it then owns);
/// when it ends, `publishes` become full and `frees` become empty.
struct Instruction {
  SlotList waits, acquires, publishes, frees;

  // Unit::load and Unit::store: a transfer between memory and L1.
  Bytes bytes;                      ///< moved over ring and memory; 0 when `resident`
  Bytes pitch;                      ///< between the pieces of a gather in memory; 0 = in order
  Bytes piece;                      ///< of a gather; 0 = a granule
  Bytes column;                     ///< between pieces of a gather that other cores load or store meanwhile; 0 = no matter
  std::uint32_t interleave = 1;     ///< matrices whose granules lie in turn, of which it moves one; 1 = in order
  bool crossed = false;             ///< other cores work on others of those matrices meanwhile
  std::uint32_t clash = 100;        ///< percent of the usual turnarounds between reads and writes that it pays for
  std::uint32_t multicast = 0;      ///< load: id of a request that several cores make together; 0 = this core alone
  std::uint32_t multicast_cores = 1;///< how many cores make it: the memory is read once all have asked
  std::optional<std::uint32_t> source;  ///< load: out of this other core's L1 instead of the memory
  bool resident = false;            ///< the tensor is in L1 already, or stays there: no transfer

  // Unit::mpe: one L1 tile through the corelets' arrays, C[m,n] (+)= A[m,k] B[k,n], `count` times.
  std::uint64_t m = 0, n = 0, k = 0, count = 1;
  bool accumulate = false;          ///< adds to partial sums that an earlier instruction left in C
  std::uint32_t begins_on = 0;      ///< id of the exchange that brings the sums which this tile begins on; 0 = on zeros
  bool split_n = true;              ///< corelets share the tile by columns; otherwise by rows (or by count if > 1)

  // Unit::sfu: vector work on L1 tiles.
  std::uint64_t lane_ops = 0;
  std::uint64_t lane_waits = 0;     ///< lane slots that pass while sums wait for one another: time, not work
  Bytes l1_read, l1_written;
  bool continues = false;           ///< goes on with the instruction before it, whose pipeline is full
  Bytes l1_streamed;                ///< read of L1 through L0 and the arrays, past the SFUs' own port

  // Unit::store with partial sums: exchanged over the narrow ring and added before the (1/reduce_cores) share is stored.
  std::uint32_t reduce = 0;         ///< id of the exchange; 0 = none
  std::uint32_t reduce_cores = 1;
  bool passes_on = false;           ///< two cores: the first's sums go to the second whole, whose tile began on them
  Bytes reduce_bytes;               ///< this core's whole partial result
  std::uint32_t reduce_bits = 0;    ///< of one of its sums; 0 = the accumulator's format
};

/// One kernel for the whole chip: what one Operation of a step became.
struct KernelProgram {
  std::string layer;
  Pass pass = Pass::fwd;
  std::string mac_mode;             ///< "" for vector work alone
  std::string a_format, b_format;   ///< operands of the GEMM
  bool depthwise = false;
  double a_zeros = 0.0, b_zeros = 0.0;
  std::vector<Bytes> slots;         ///< capacity of each slot; every core has the same
  struct CoreProgram {
    std::array<std::vector<Instruction>, kUnits> units;
  };
  std::vector<CoreProgram> cores;   ///< one for each core of the machine; idle cores have empty queues
  std::string mapping;              ///< how it was mapped, for people: "cores m4 n1 k1, tile 1792x64x576, k innermost"
};

}  // namespace nibble
