// Proves: a visit whose port keeps up takes its formula's cycles; every bit moves once, however many passes are skipped;
// a port that is the limit is busy all the time.
#include "models/timing/port_schedule.hpp"

#include <gtest/gtest.h>

#include "models/base/units.hpp"

namespace nibble {
namespace {

constexpr PortedArray kArray{.rows = 8, .columns = 8, .latency = 4, .accumulators = 8, .bubble = 1, .port_bits = 1024};

PortTraffic traffic_of(std::uint64_t rows) {
  return {.rows = rows, .pass_rows = 8, .entries = 4, .depth = 8, .last_depth = 5, .row_bits = 16, .last_row_bits = 16,
          .sums_in_bits = 1024, .last_sums_in_bits = 1024, .sums_in_entry = 3, .columns = 8, .column_sum_bits = 128,
          .last_column_sum_bits = 128, .sum_rows = rows, .l0_words = 64};
}

std::uint64_t bits_of(const PortTraffic& traffic) {
  const std::uint64_t elements = (traffic.entries - 1) * traffic.depth + traffic.last_depth;
  return traffic.rows * (elements * traffic.row_bits + traffic.sums_in_bits + 8 * traffic.column_sum_bits);
}

TEST(PortSchedule, APortThatKeepsUpLeavesTheFormula) {
  PortedArray array = kArray;
  array.port_bits = 1 << 16;
  for (const std::uint64_t rows : {1U, 7U, 8U, 9U, 100U, 5000U}) {
    const std::uint64_t bubbles = ceil_div(rows, 8) - 1, last = rows % 8;
    // A short last pass waits for its additions between entries.
    const std::uint64_t waits = last != 0 && last < array.latency ? (array.latency - last) * 3 : 0;
    const std::uint64_t pipeline = (array.rows - 1) + (array.columns - 1) + (array.latency - 1);
    const VisitSchedule schedule = schedule_visit(array, traffic_of(rows), {});
    EXPECT_EQ(schedule.cycles, rows * 4 + bubbles + waits + pipeline) << rows;
  }
}

TEST(PortSchedule, MovesEveryBitOnceWhateverIsSkipped) {
  for (const std::uint64_t port : {300U, 777U, 1024U, 4096U}) {
    PortedArray array = kArray;
    array.port_bits = port;
    for (const std::uint64_t rows : {3U, 64U, 1001U, 20000U}) {
      for (const std::uint64_t load : {0U, 1000U, 300000U}) {
        PortState before;
        if (load > 0) before.loads = {BlockLoad{load}};
        const VisitSchedule schedule = schedule_visit(array, traffic_of(rows), before);
        const std::uint64_t left = schedule.after.loads.empty() ? 0 : schedule.after.loads.front().bits;
        EXPECT_EQ(schedule.moved_bits + schedule.after.used_bits, bits_of(traffic_of(rows)) + load - left)
            << port << " bits, " << rows << " rows, load " << load;
        EXPECT_LE(schedule.moved_bits, schedule.cycles * port);
      }
    }
  }
}

TEST(PortSchedule, ANarrowPortIsBusyAllTheTime) {
  PortedArray array = kArray;
  array.port_bits = 128;
  const PortTraffic traffic = traffic_of(4000);
  const double busy = static_cast<double>(bits_of(traffic)) / 128;
  EXPECT_NEAR(static_cast<double>(schedule_visit(array, traffic, {}).cycles), busy, 0.01 * busy);
}

}  // namespace
}  // namespace nibble
