#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/override.hpp"

namespace nibble {

/// Which operand waits in the MPE registers while the others stream past.
enum class Dataflow : std::uint8_t { weight_stationary, output_stationary, input_stationary };

/// One multiply-accumulate pipeline of an MPE lane: a pair of operand formats and its rate.
struct MacMode {
  std::string name;                   ///< also the key of its energy in the technology: "fp16", "int4xfp4"
  std::vector<std::string> operands;  ///< two format names, in either order ("int4", "fp4-radix4")
  std::uint32_t macs_per_lane = 1;    ///< per cycle, along the reduction dimension
  std::string accumulator;            ///< format of the partial sums that leave the array
};

/// The 2-D array of mixed-precision elements of one corelet.
///
/// Rows reduce (partial sums go down the columns), columns x lanes are output channels. A weight
/// block is rows*macs_per_lane*entries deep (reduction) and columns*lanes wide; models/timing/array_pass.hpp
/// derives `entries` from the registers and the stationary format.
struct MpeArray {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t lanes = 0;
  Bytes registers;                    ///< weight registers of one MPE, all buffers together
  std::uint32_t weight_buffers = 2;   ///< 2: the next block loads while this one computes
  std::uint32_t accumulators = 0;     ///< streamed rows in flight per pass (entries of the local register file)
  std::uint32_t mac_latency_cycles = 1;
  std::uint32_t pass_bubble_cycles = 0;  ///< lost between two passes of `accumulators` rows
  std::uint32_t weight_rows_a_cycle = 0; ///< rows of a register entry that can be written at once; 0: as many as the port brings
  Dataflow dataflow = Dataflow::weight_stationary;
  std::vector<MacMode> modes;
};

/// Streaming buffers between L1 and the array rows, one slice a row.
struct L0Buffers {
  std::uint32_t slices = 0;
  Bytes slice_capacity;
  BytesPerCycle slice_bandwidth;
};

/// The scratchpad that a core's corelets share (IBM: LX).
struct L1Scratchpad {
  Bytes capacity;
  double allocatable = 1.0;           ///< share that the mapper may use; the rest is the runtime's
  BytesPerCycle corelet_bandwidth;    ///< port to arrays and SFUs, shared by the corelets
  BytesPerCycle ring_bandwidth;       ///< port to the ring, each direction
  std::uint32_t banks = 1;
  bool keep_operands = true;          ///< false: a GEMM's operands stream past each output tile and are read again for the next
  Bytes output_tile;                  ///< largest tile of partial sums that a GEMM may keep in it; 0: no limit of its own
  std::uint32_t output_side = 0;      ///< most rows or columns of that tile, whose shape is then fixed, not searched; 0: searched
  Bytes vector_tile;                  ///< of the largest stream of vector work, which one instruction works through; 0: the mapper's own, an instruction each
  std::uint32_t gathered_rows = 0;    ///< most rows of an output tile of one of a batch of products, two arrays wide, or one if its operands are interleaved; 0: as any tile
  std::uint32_t output_buffers = 2;   ///< tiles of a GEMM's output that may lie in it: with 1 the next waits for the store
};

/// 1-D vector arrays of one corelet; arrays*units*lanes lane operations a cycle.
struct SfuArrays {
  std::uint32_t arrays = 0;
  std::uint32_t units = 0;
  std::uint32_t lanes = 0;
  std::uint32_t startup_cycles = 0;   ///< pipeline fill per vector instruction
  BytesPerCycle l1_bandwidth;         ///< what a core's SFUs read and write of L1; 0: as much as the port passes
  std::uint32_t reduction_lanes = 0;  ///< lanes of a core that can add to one sum a row; 0: all
  std::uint32_t row_cycles = 0;       ///< to bring the lanes' sums of a row together
};

struct Core {
  std::uint32_t corelets = 0;
  MpeArray mpe;
  L0Buffers l0;
  L1Scratchpad l1;
  SfuArrays sfu;
};

/// Bi-directional data ring through all cores and the memory node, and the narrow partial-sum ring.
struct Ring {
  BytesPerCycle bandwidth;            ///< per direction
  BytesPerCycle unicast_bandwidth;    ///< per direction, while several cores load alone; 0: `bandwidth`
  std::uint32_t hop_cycles = 0;
  BytesPerCycle psum_bandwidth;       ///< per direction, between neighbouring cores
  bool multicast = true;
  bool passes_sums = false;           ///< cores that share a reduction pass a tile's sums on from one to the next; else exchange
};

/// Load/store units of a core (IBM: MNI).
struct Dma {
  Bytes burst;                        ///< largest single request
  std::uint32_t outstanding = 0;      ///< requests in flight for each of load and store
  std::uint32_t gather_cycles = 0;    ///< a core spends on each granule of an interleaved matrix that it loads alone
  std::uint32_t crossed_gather_cycles = 0; ///< the same while other cores gather others of those matrices, in however many channels
  std::uint32_t shared_gather_cycles = 0;  ///< and together with others, who all have to be ready for it
};

/// External memory of a chip.
struct Memory {
  std::string kind;                   ///< key of its energy in the technology: "lpddr5", "hbm2"
  BytesPerSecond bandwidth;           ///< nominal peak
  double efficiency = 1.0;            ///< one-direction achieved / peak: refresh, row misses
  Seconds latency;
  Seconds turnaround;                 ///< bus idle at each change between reading and writing
  Bytes turnaround_batch;             ///< most bytes served in one direction while the other waits
  Bytes one_sided_batch;              ///< the same while only cores on one side of the ring use the memory; 0: turnaround_batch
  bool collects = false;              ///< waits for a batch of the direction that has less to move before it turns: without banks
  std::uint32_t turnaround_pieces = 0; ///< at most so many pieces of a gather are served in one direction while the other waits; 0: any number
  double chained_clash = 1.0;         ///< share of the turnarounds where an operation reads what the one before it has stored
  double displaced_clash = 1.0;       ///< and where the result does not lie in the input's banks, see models/timing/stream_clash
  std::uint32_t channels = 1;         ///< that share the bandwidth. With banks each works by itself and has a share of turnaround_batch; without, granules are dealt out to them in turn
  Bytes interleave;                   ///< with banks: consecutive addresses of a channel before the next one's begin
  bool channel_hash = false;          ///< the channel of a stripe shifts by one every `channels` stripes, and so on: no pitch keeps to one
  std::uint32_t banks = 0;            ///< of a channel, each with an open row of `page` bytes; 0: gathers lose time by chance, see activation
  Seconds row_open;                   ///< precharge and activation: tRP + tRCD
  Seconds row_cycle;                  ///< least time between two openings in a bank: tRC
  Seconds activate_gap;               ///< and in a channel: tRRD, or a quarter of tFAW if that is longer
  Bytes page;                         ///< a bank's row; without banks: pitch of a gather at which every second piece finds its row buffer closed
  Seconds activation;                 ///< bus time lost where a gather opens another page; pieces in order hide theirs
  Seconds crossed_activation;         ///< and where another core's piece of the gather has its bank
  Bytes bank_span;                    ///< pieces that lie further apart than this meet in one bank; 0: they never do
  Seconds bank_conflict;              ///< bus time that each of them then loses, at most
  Bytes capacity;
  Bytes granule;                      ///< smallest access
};

/// How the links join chips: each to its two neighbours, or each to every other through a switch.
enum class Topology : std::uint8_t { ring, fully_connected };

/// Links between the chips of a system.
struct Links {
  Topology topology = Topology::ring;
  /// Per direction. Ring: of one of a chip's two links. Fully connected: of all of a chip's links together,
  /// an equal part of it to each peer.
  BytesPerSecond bandwidth;
  Seconds latency;                    ///< from the last byte sent to the last byte received
};

/// A supply voltage and the clock that it allows.
struct OperatingPoint {
  std::string name;                   ///< "" if it has none
  Volts voltage;
  Hertz clock;
};

/// What a power cap takes the chip to draw: what it does with the operands that there are, or as if none were zero.
enum class Throttling : std::uint8_t { sparsity_aware, worst_case };

/// How the chip is kept below a power: clock pulses are left out, the voltage stays.
struct PowerManagement {
  std::optional<Watts> cap;           ///< of one chip, without its external memory and links; absent: none
  Throttling throttling = Throttling::sparsity_aware;
};

struct Accelerator {
  std::string name;
  std::string description;
  std::string technology;             ///< name or path of a configs/technologies file
  Volts voltage;
  Hertz clock;
  std::uint32_t cores = 0;
  SquareMillimetres die_area;
  Core core;
  Ring ring;
  Dma dma;
  Memory memory;
  std::uint32_t chips = 1;            ///< of the whole system
  std::optional<Links> links;         ///< a machine of several chips has them
  std::vector<OperatingPoint> operating_points;  ///< what voltage and clock can be set to; rising
  PowerManagement power;
  std::string file;                   ///< where it was read from
  std::string hash;                   ///< content hash of the resolved configuration
  std::string timing_hash;            ///< the same of all that can change a kernel's cycles; "" if not read from a file
  /// The same of all that can change the cycles of a program, once it is mapped: with the arrays, and of vector work alone.
  struct ExecutionHashes {
    std::string matrix, vector;
  };
  ExecutionHashes execution_hashes;
  /// Published peak efficiencies to print beside ours: mode name -> TOPS/W, with a source key.
  struct PublishedPeak {
    std::string mode;
    double tops_per_w = 0;
    std::string source;
    Volts voltage;                    ///< operating point of the published figure
    Hertz clock;
  };
  std::vector<PublishedPeak> published_peaks;
  /// Published peak rates of the whole system, to check the configuration's arithmetic against.
  struct PublishedRate {
    std::string mode;
    double tops = 0;
    std::string source;
  };
  std::vector<PublishedRate> published_rates;
};

/// The mode of `accelerator` that multiplies these two formats (either order); nullptr if it has none.
[[nodiscard]] const MacMode* find_mac_mode(const Accelerator& accelerator, const std::string& a,
                                           const std::string& b);
/// As find_mac_mode, but InputError [ACC-FORMAT] that lists the pairs which the machine has.
[[nodiscard]] const MacMode& require_mac_mode(const Accelerator& accelerator, const std::string& a,
                                              const std::string& b);
/// MACs that the whole chip can do in one cycle in `mode`.
[[nodiscard]] Macs peak_macs_per_cycle(const Accelerator& accelerator, const MacMode& mode);

/// Operations a second (a MAC is two) of all chips in `mode`, every lane at work in every cycle; 10^12/s.
[[nodiscard]] double peak_tops(const Accelerator& accelerator, const MacMode& mode);

/// Reads, resolves `extends`, checks and hashes. `name_or_path`: a shipped name or a YAML path.
[[nodiscard]] Accelerator load_accelerator(const std::string& name_or_path, const Overrides& overrides = {});

}  // namespace nibble
