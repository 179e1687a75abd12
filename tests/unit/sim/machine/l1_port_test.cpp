// Proves: flows that fit run at full speed to the cycle; flows that do not share the port max-min fairly; the tail
// comes after the last byte.
#include "sim/core/l1_port.hpp"

#include <gtest/gtest.h>

#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Starts one flow at a given cycle and notes when it is done.
class Driver : public sc_core::sc_module {
 public:
  Driver(sc_core::sc_module_name name, L1Port& port, std::uint64_t at, std::uint64_t bytes, std::uint64_t cycles,
         std::uint64_t tail)
      : sc_module{name}, port_{port}, at_{at}, bytes_{bytes}, cycles_{cycles}, tail_{tail} {
    SC_HAS_PROCESS(Driver);
    SC_THREAD(run);
  }
  std::uint64_t ended = 0;

 private:
  void run() {
    wait(kernel_time(at_));
    port_.start(Bytes{bytes_}, cycles_, tail_, done_);
    wait(done_);
    ended = kernel_now();
  }
  L1Port& port_;
  std::uint64_t at_, bytes_, cycles_, tail_;
  sc_core::sc_event done_;
};

TEST(L1Port, FlowsThatFitRunAtFullSpeed) {
  L1Port port{"port", BytesPerCycle{128}};
  Driver first{"first", port, 0, 16 * 1000, 1000, 0};
  Driver second{"second", port, 10, 64 * 500, 500, 7};
  sc_core::sc_start();
  EXPECT_EQ(first.ended, 1000U);
  EXPECT_EQ(second.ended, 10U + 500 + 7);
}

TEST(L1Port, AModestFlowIsServedInFullBesideAGreedyOne) {
  L1Port port{"port", BytesPerCycle{128}};
  // 28 B/cycle for 100 cycles leave 100 B/cycle to a block of 12,800 B that would take 100 cycles alone.
  Driver first{"first", port, 0, 2800, 100, 0};
  Driver second{"second", port, 0, 12800, 1, 0};
  sc_core::sc_start();
  EXPECT_EQ(first.ended, 100U);
  EXPECT_EQ(second.ended, 100U + 22);  // 2,800 B left at 128 B/cycle
}

TEST(L1Port, EqualFlowsShareEqually) {
  L1Port port{"port", BytesPerCycle{128}};
  Driver first{"first", port, 0, 12800, 1, 0};
  Driver second{"second", port, 0, 12800, 1, 0};
  sc_core::sc_start();
  EXPECT_EQ(first.ended, 200U);
  EXPECT_EQ(second.ended, 200U);
}

TEST(L1Port, AFlowWithoutBytesTakesItsCycles) {
  L1Port port{"port", BytesPerCycle{128}};
  Driver first{"first", port, 0, 0, 50, 0};
  Driver second{"second", port, 0, 128 * 60, 1, 0};
  sc_core::sc_start();
  EXPECT_EQ(first.ended, 50U);
  EXPECT_EQ(second.ended, 60U);
}

}  // namespace
}  // namespace nibble
