// Proves: adding activities adds every count; modes that only one side has are kept.
#include "models/energy/activity.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

Activity counted_from(std::uint64_t first) {
  Activity a;
  a.macs["fp16"] = first;
  a.gated_macs["fp16"] = first + 1;
  a.register_read = Bytes{first + 2};
  a.register_written = Bytes{first + 3};
  a.l0_read = Bytes{first + 4};
  a.l0_written = Bytes{first + 5};
  a.l1_read = Bytes{first + 6};
  a.l1_written = Bytes{first + 7};
  a.sfu_lane_ops = first + 8;
  a.ring_byte_hops = first + 9;
  a.psum_ring_byte_hops = first + 10;
  a.memory_read = Bytes{first + 11};
  a.memory_written = Bytes{first + 12};
  a.core_busy_cycles = first + 13;
  a.core_idle_cycles = first + 14;
  a.array_byte_hops = first + 15;
  a.memory_row_misses = first + 16;
  return a;
}

TEST(Activity, SumHasEveryCount) {
  Activity sum = counted_from(100);
  sum += counted_from(1000);
  EXPECT_EQ(sum.macs["fp16"], 1100U);
  EXPECT_EQ(sum.gated_macs["fp16"], 1102U);
  EXPECT_EQ(sum.register_read, Bytes{1104});
  EXPECT_EQ(sum.register_written, Bytes{1106});
  EXPECT_EQ(sum.l0_read, Bytes{1108});
  EXPECT_EQ(sum.l0_written, Bytes{1110});
  EXPECT_EQ(sum.l1_read, Bytes{1112});
  EXPECT_EQ(sum.l1_written, Bytes{1114});
  EXPECT_EQ(sum.sfu_lane_ops, 1116U);
  EXPECT_EQ(sum.ring_byte_hops, 1118U);
  EXPECT_EQ(sum.psum_ring_byte_hops, 1120U);
  EXPECT_EQ(sum.memory_read, Bytes{1122});
  EXPECT_EQ(sum.memory_written, Bytes{1124});
  EXPECT_EQ(sum.core_busy_cycles, 1126U);
  EXPECT_EQ(sum.core_idle_cycles, 1128U);
  EXPECT_EQ(sum.array_byte_hops, 1130U);
  EXPECT_EQ(sum.memory_row_misses, 1132U);
}

TEST(Activity, ModesOfBothSidesAreKept) {
  Activity sum;
  sum.macs["fp16"] = 5;
  Activity other;
  other.macs["int4"] = 7;
  sum += other;
  EXPECT_EQ(sum.macs, (std::map<std::string, std::uint64_t>{{"fp16", 5}, {"int4", 7}}));
}

}  // namespace
}  // namespace nibble
