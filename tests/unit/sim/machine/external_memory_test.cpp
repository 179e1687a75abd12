// Proves: one direction runs at the achieved rate; two directions lose two turnarounds for each batch of the smaller
// one, which is the measured law t = (R + W) / rate + alpha * min(R, W); whole granules move; a gather opens pages;
// stripes spread over channels, and a pitch may keep to one of them.
#include "sim/chip/external_memory.hpp"

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "sim/chip/burst.hpp"
#include "sim/core/kernel_time.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

/// How a burst lies in memory: see BurstExtension.
struct Burst {
  std::uint64_t pitch = 0, piece = 0, column = 0;
  double clash = 1;
  std::uint32_t interleave = 1;
};

class Initiator : public sc_core::sc_module {
 public:
  explicit Initiator(sc_core::sc_module_name name) : sc_module{name}, socket{"socket"} {
    socket.register_nb_transport_bw(this, &Initiator::answer);
  }
  void send(tlm::tlm_command command, std::uint64_t bytes, const Burst& burst, std::uint64_t address = 0) {
    tlm::tlm_generic_payload& payload = pool_.acquire(transfer_, command, bytes);
    payload.get_extension<BurstExtension>()->ready = kernel_now();
    BurstExtension& extension = *payload.get_extension<BurstExtension>();
    extension.address = address;
    extension.pitch = burst.pitch;
    extension.piece = burst.piece;
    extension.column = burst.column;
    extension.clash = burst.clash;
    extension.interleave = burst.interleave;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay;
    socket->nb_transport_fw(payload, phase, delay);
    payload.release();
  }
  tlm_utils::simple_initiator_socket<Initiator> socket;
  std::uint64_t last = 0;

 private:
  tlm::tlm_sync_enum answer(tlm::tlm_generic_payload& payload, tlm::tlm_phase&, sc_core::sc_time& delay) {
    EXPECT_EQ(payload.get_response_status(), tlm::TLM_OK_RESPONSE);
    last = std::max<std::uint64_t>(last, kernel_now() + delay.value() / kKernelTicksPerCycle);
    return tlm::TLM_COMPLETED;
  }
  BurstPool pool_;
  Transfer transfer_;
};

std::uint64_t cycles_for(const Memory& config, int reads, int writes, std::uint64_t bytes,
                         const Burst& burst = {}) {
  KernelGuard guard;
  Agenda agenda{"agenda", guard};
  ExternalMemory memory{"memory", config, Hertz{1e9}, agenda};
  Initiator initiator{"initiator"};
  initiator.socket.bind(memory.socket);
  for (int i = 0; i < std::max(reads, writes); ++i) {
    if (i < reads) initiator.send(tlm::TLM_READ_COMMAND, bytes, burst);
    if (i < writes) initiator.send(tlm::TLM_WRITE_COMMAND, bytes, burst);
  }
  sc_core::sc_start();
  return initiator.last;
}

TEST(ExternalMemory, OneDirectionRunsAtTheAchievedRate) {
  Memory config = test::small_machine().memory;
  config.efficiency = 0.75;  // 48 B/cycle
  const double expected = 100 * 4096 / 48.0, cycles = static_cast<double>(cycles_for(config, 100, 0, 4096));
  EXPECT_GE(cycles, expected);
  EXPECT_LE(cycles, expected * 1.002 + 1);  // what a burst takes is rounded up to ten bits
}

TEST(ExternalMemory, TheSmallerDirectionCostsTurnarounds) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  // 64 reads and 16 writes of one batch each: 80 x 64 cycles, and two turnarounds of 10 for each write.
  EXPECT_EQ(cycles_for(config, 64, 16, 4096), 80U * 64 + 16 * 2 * 10);
}

TEST(ExternalMemory, ABurstOfSeveralBatchesPaysForEach) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  config.turnaround_batch = Bytes{1024};
  // Four batches a burst; the last write has nobody left to alternate with and pays its change of direction only.
  EXPECT_EQ(cycles_for(config, 10, 10, 4096), 20U * 64 + (19 * 4 + 1) * 10);
}

TEST(ExternalMemory, LatencyDelaysTheAnswerOnly) {
  Memory config = test::small_machine().memory;
  config.latency = Seconds{100e-9};
  EXPECT_EQ(cycles_for(config, 10, 0, 4096), 10U * 64 + 100);
}

TEST(ExternalMemory, WholeGranulesMove) {
  EXPECT_EQ(cycles_for(test::small_machine().memory, 1, 0, 129), 4U);  // 256 B
}

TEST(ExternalMemory, AGatherFindsRowBuffersClosedTheMoreOftenTheFartherItsPiecesLie) {
  Memory config = test::small_machine().memory;
  config.activation = Seconds{3e-9};
  config.page = Bytes{4096};
  // 4096 B are 32 granules of 128 B and take 64 cycles in order. One SystemC module of a name a process.
  const auto gather = [&](std::uint64_t pitch, std::uint64_t piece = 0) {
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 0, 4096, {.pitch = pitch, .piece = piece}))};
    })[0];
  };
  EXPECT_EQ(gather(0), 10 * 64);
  EXPECT_EQ(gather(128), 10 * 64);
  EXPECT_NEAR(gather(1024), 10 * (64 + 32 * 3 * 0.2), 1);
  EXPECT_NEAR(gather(4096), 10 * (64 + 32 * 3 * 0.5), 1);
  // Sixteen pieces of 256 B: each hides a quarter of the next one's opening. An eighth of a page beyond a granule hides all of it.
  EXPECT_NEAR(gather(4096, 256), 10 * (64 + 16 * 3 * 0.5 * 3 / 4), 1);
  EXPECT_EQ(gather(4096, 640), 10 * 64);
  config.bank_span = Bytes{4096};
  config.bank_conflict = Seconds{8e-9};
  EXPECT_EQ(gather(4096, 4096), 10 * 64);
  EXPECT_EQ(gather(8192, 4096), 10 * (64 + 4));
  EXPECT_EQ(gather(16384, 4096), 10 * (64 + 6));
}

TEST(ExternalMemory, AGatherFindsItsBanksTakenTheMoreOftenTheLongerTheColumnsThatCoresShare) {
  Memory config = test::small_machine().memory;
  config.activation = Seconds{3e-9};
  config.crossed_activation = Seconds{2e-9};
  config.page = Bytes{4096};
  config.bank_span = Bytes{64 * 1024};
  const auto gather = [&](std::uint64_t column) {
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 0, 4096, {.pitch = 4096, .column = column}))};
    })[0];
  };
  EXPECT_NEAR(gather(0), 10 * (64 + 32 * 3 * 0.5), 1);
  EXPECT_NEAR(gather(64 * 1024), 10 * (64 + 32 * (3 * 0.5 + 2 * 0.5)), 1);
  EXPECT_NEAR(gather(3 * 64 * 1024), 10 * (64 + 32 * (3 * 0.5 + 2 * 0.75)), 1);
}

TEST(ExternalMemory, RowsOfAGatherOpenWhileTheBusTurnsAround) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  config.turnaround_batch = Bytes{4096};
  config.collects = true;
  config.page = Bytes{4096};
  const auto cycles = [&](double activation) {
    config.activation = Seconds{activation * 1e-9};
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 10, 4096, {.pitch = 4096}))};
    })[0];
  };
  // Twenty bursts of 64 cycles and ten pairs of turnarounds of 20. 640 openings, of which half are needed, take as long at 0.625.
  const double transfers = 20 * 64;
  EXPECT_NEAR(cycles(0), transfers + 10 * 20, 1);
  EXPECT_NEAR(cycles(0.5), transfers + 10 * 20, 20) << "all but the first rows open meanwhile";
  EXPECT_NEAR(cycles(2.5), transfers + 320 * 2.5, 20) << "and are waited for beyond";
}

TEST(ExternalMemory, OneOfInterleavedMatricesLiesInSomeChannelsOnly) {
  Memory config = test::small_machine().memory;
  config.channels = 4;
  config.efficiency = 0.5;
  const auto reading = [&](std::uint32_t interleave) {
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 0, 4096, {.interleave = interleave}))};
    })[0];
  };
  // 4096 B at half of the peak of 64 B/cycle. A channel passes 16 B/cycle at most: two are as fast as all of them.
  EXPECT_EQ(reading(1), 10 * 128);
  EXPECT_EQ(reading(2), 10 * 128);
  EXPECT_EQ(reading(3), 10 * 128) << "every channel in turn";
  EXPECT_EQ(reading(4), 10 * 256);
  EXPECT_EQ(reading(6), 10 * 128);
  EXPECT_EQ(reading(32), 10 * 256);
}

TEST(ExternalMemory, TurnaroundsAreSharesOfTheUsualOnesAndMoreFromOneSideOfTheRing) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  config.turnaround_batch = Bytes{4096};
  const auto both_ways = [&](const Burst& burst, std::uint64_t one_sided_batch = 0) {
    config.one_sided_batch = Bytes{one_sided_batch};
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 10, 4096, burst))};
    })[0];
  };
  const double transfers = 20 * 64, usual = both_ways({}) - transfers;
  EXPECT_NEAR(usual, 19 * 10, 10);
  EXPECT_NEAR(both_ways({.clash = 2}) - transfers, 2 * usual, 1);
  EXPECT_NEAR(both_ways({.clash = 0.5}) - transfers, usual / 2, 1);
  // The last burst has nobody to wait for.
  EXPECT_NEAR(both_ways({}, 1024) - transfers, 4 * usual, 40);
}

TEST(ExternalMemory, ShortPiecesAreShortBatchesWhoseTurnaroundsHideTheirOpenings) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  config.turnaround_batch = Bytes{4096};
  config.turnaround_pieces = 4;
  config.activation = Seconds{1e-9};
  config.page = Bytes{4096};
  const auto both_ways = [&](std::uint64_t piece) {
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, 10, 10, 4096, {.pitch = 8192, .piece = piece}))};
    })[0];
  };
  const double transfers = 20 * 64;
  EXPECT_NEAR(both_ways(2048) - transfers, 19 * 10, 10) << "longer than the usual batch";
  EXPECT_NEAR(both_ways(512) - transfers, 19 * 2 * 10, 20) << "batches of 2 KiB";
  EXPECT_NEAR(both_ways(256) - transfers, 19 * 4 * 10, 40) << "16 openings of 0.5 ns hide in 4 turnarounds of 10";
}

TEST(ExternalMemory, CollectedTurnaroundsFollowTheSmallerDirectionAlone) {
  Memory config = test::small_machine().memory;
  config.turnaround = Seconds{10e-9};
  config.turnaround_batch = Bytes{4096};
  config.collects = true;
  const auto cycles = [&](int reads, int writes, std::uint64_t bytes, double clash = 1) {
    return test::forked([&] {
      return std::vector<double>{static_cast<double>(cycles_for(config, reads, writes, bytes, {.clash = clash}))};
    })[0];
  };
  // Two turnarounds of 10 cycles for each 4096 B of the smaller direction, the same in bursts of an eighth of that.
  EXPECT_NEAR(cycles(10, 10, 4096), 20 * 64 + 10 * 2 * 10, 20);
  EXPECT_NEAR(cycles(80, 80, 512), 20 * 64 + 10 * 2 * 10, 20);
  EXPECT_NEAR(cycles(10, 10, 4096, 0.5), 20 * 64 + 10 * 10, 20);
  EXPECT_NEAR(cycles(10, 2, 4096), 12 * 64 + 2 * 2 * 10, 20);
  EXPECT_EQ(cycles(10, 0, 4096), 10 * 64);
}

/// Eight channels, each an eighth of 64 B a cycle; bursts of `bytes` at these addresses.
std::uint64_t cycles_at(const Memory& config, const std::vector<std::uint64_t>& addresses, std::uint64_t bytes,
                        const Burst& burst = {}) {
  const std::vector<double> got = test::forked([&]() -> std::vector<double> {
    KernelGuard guard;
    Agenda agenda{"agenda", guard};
    ExternalMemory memory{"memory", config, Hertz{1e9}, agenda};
    Initiator initiator{"initiator"};
    initiator.socket.bind(memory.socket);
    for (const std::uint64_t address : addresses) initiator.send(tlm::TLM_READ_COMMAND, bytes, burst, address);
    sc_core::sc_start();
    return {static_cast<double>(initiator.last), static_cast<double>(memory.bytes_read().value())};
  });
  EXPECT_EQ(got[1], bytes * addresses.size());
  return static_cast<std::uint64_t>(got[0]);
}

Memory eight_channels() {
  Memory config = test::small_machine().memory;
  config.channels = 8;
  config.interleave = Bytes{256};
  config.banks = 16;  // whose rows open in no time
  config.page = Bytes{1024};
  return config;
}

TEST(ExternalMemory, ChannelsTogetherHaveTheWholeBandwidth) {
  EXPECT_EQ(cycles_at(eight_channels(), {0, 2048, 4096, 6144}, 2048), 8192U / 64);
}

TEST(ExternalMemory, AStripeHasOneChannelsBandwidthAndOthersGoBeside) {
  EXPECT_EQ(cycles_at(eight_channels(), {0}, 256), 256U / 8);
  EXPECT_EQ(cycles_at(eight_channels(), {0, 256}, 256), 256U / 8);
  EXPECT_EQ(cycles_at(eight_channels(), {0, 2048}, 256), 2 * 256U / 8);  // the same channel, eight stripes on
}

TEST(ExternalMemory, APitchOfAllChannelsKeepsToOneUnlessStripesAreHashed) {
  Memory config = eight_channels();
  const Burst column{.pitch = 8 * 256, .piece = 256};
  EXPECT_EQ(cycles_at(config, {0}, 16 * 256, column), 16 * 256U / 8);
  config.channel_hash = true;
  EXPECT_EQ(cycles_at(config, {0}, 16 * 256, column), 16 * 256U / 64);
  EXPECT_EQ(cycles_at(config, {0}, 16 * 256), 16 * 256U / 64);  // and in order as before
}

TEST(ExternalMemory, EveryChannelServesItsPartOfBytesThatLieAnyhow) {
  Memory config = eight_channels();
  config.banks = 4;
  config.page = Bytes{1024};
  for (const bool hash : {false, true}) {
    config.channel_hash = hash;
    // An odd number of granules from an odd one on: cycles_at() checks that none is lost.
    EXPECT_GE(cycles_at(config, {128 * 7, 128 * 1001}, 128 * 77), 2 * 128U * 77 / 64);
  }
}

TEST(ExternalMemory, ALongBurstTakesTheTimeOfItsStripesOneByOne) {
  Memory config = eight_channels();
  config.banks = 4;
  config.row_open = Seconds{28e-9};
  config.row_cycle = Seconds{48e-9};
  config.activate_gap = Seconds{7.5e-9};
  for (const bool hash : {false, true}) {
    config.channel_hash = hash;
    for (const std::uint64_t first : {0U, 3U, 61U}) {  // on a group of eight, within one, across a row of groups
      std::vector<std::uint64_t> stripes(45);
      for (std::uint64_t i = 0; i < stripes.size(); ++i) stripes[i] = (first + i) * 256;
      EXPECT_EQ(cycles_at(config, {first * 256}, stripes.size() * 256), cycles_at(config, stripes, 256)) << first;
    }
  }
}

TEST(ExternalMemory, RowsThatStreamOpenAreNoMissesAndScatteredOnesAre) {
  Memory config = test::small_machine().memory;
  config.interleave = Bytes{256};
  config.banks = 4;
  config.page = Bytes{1024};
  config.row_open = Seconds{28e-9};
  config.row_cycle = Seconds{48e-9};
  const auto misses = [&](const Burst& burst) {
    return test::forked([&]() -> std::vector<double> {
      KernelGuard guard;
      Agenda agenda{"agenda", guard};
      ExternalMemory memory{"memory", config, Hertz{1e9}, agenda};
      Initiator initiator{"initiator"};
      initiator.socket.bind(memory.socket);
      initiator.send(tlm::TLM_READ_COMMAND, 16 * 128, burst, 0);
      sc_core::sc_start();
      return {static_cast<double>(memory.row_misses())};
    })[0];
  };
  EXPECT_EQ(misses({}), 0);
  EXPECT_EQ(misses({.pitch = 1024, .piece = 128}), 16 - 2);  // sixteen rows for the bytes of two
}

}  // namespace
}  // namespace nibble
