#include "sim/chip/kernel_result.hpp"

namespace nibble {

ArrayCycles& ArrayCycles::operator+=(const ArrayCycles& other) {
  compute += other.compute;
  fill_drain += other.fill_drain;
  memory += other.memory;
  ring += other.ring;
  l1 += other.l1;
  vector += other.vector;
  sync += other.sync;
  throttled += other.throttled;
  return *this;
}

ArrayCycles& ArrayCycles::operator*=(std::uint64_t chips) {
  for (std::uint64_t* part : {&compute, &fill_drain, &memory, &ring, &l1, &vector, &sync, &throttled}) *part *= chips;
  return *this;
}

}  // namespace nibble
