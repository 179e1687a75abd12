#include "sim/system/program_key.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "models/base/hash.hpp"

namespace nibble {
namespace {

/// Takes values as their bytes, lists with their length before them. A program has thousands of instructions, of which
/// each is a few hundred bytes: they go to the hash by way of a buffer that stays in a core's nearest cache.
class Bin {
 public:
  template <class Value>
    requires std::is_arithmetic_v<Value>
  void add(Value value) {
    if (used_ + sizeof value > buffer_.size()) empty();
    std::memcpy(buffer_.data() + used_, &value, sizeof value);
    used_ += sizeof value;
  }
  void add(Bytes bytes) { add(bytes.value()); }
  void add(const std::string& text) {
    add(text.size());
    for (const char character : text) add(character);
  }
  void add(const SlotList& slots) {
    add(static_cast<std::uint32_t>(slots.size()));
    for (const SlotIndex slot : slots) add(slot);
  }
  template <class Value>
  void add(const std::optional<Value>& value) {
    add(value.has_value());
    if (value) add(*value);
  }
  template <class... Values>
  void all(const Values&... values) {
    (add(values), ...);
  }
  [[nodiscard]] std::string hash() {
    empty();
    return hash_.text();
  }

 private:
  void empty() {
    hash_.add(buffer_.data(), used_);
    used_ = 0;
  }

  std::array<char, 8192> buffer_;
  std::size_t used_ = 0;
  ContentHash hash_;
};

void add(Bin& bin, const Instruction& instruction) {
  // Taken apart whole: a member that is added to it does not compile here until it counts.
  const auto& [waits, acquires, publishes, frees, bytes, pitch, piece, column, interleave, crossed, clash, multicast, multicast_cores,
               source, resident, m, n, k, count, accumulate, begins_on, split_n, lane_ops, lane_waits, l1_read, l1_written, continues, l1_streamed, reduce,
               reduce_cores, passes_on, reduce_bytes, reduce_bits] = instruction;
  bin.all(waits, acquires, publishes, frees, bytes, pitch, piece, column, interleave, crossed, clash, multicast, multicast_cores,
          source, resident, m, n, k, count, accumulate, begins_on, split_n, lane_ops, lane_waits, l1_read, l1_written, continues, l1_streamed, reduce,
          reduce_cores, passes_on, reduce_bytes, reduce_bits);
}

}  // namespace

std::string program_key(const KernelProgram& program) {
  const auto& [layer, pass, mac_mode, a_format, b_format, depthwise, a_zeros, b_zeros, slots,
               cores, mapping] = program;
  static_cast<void>(layer);
  static_cast<void>(pass);
  static_cast<void>(mapping);
  Bin bin;
  bin.all(mac_mode, a_format, b_format, depthwise, a_zeros, b_zeros, slots.size(), cores.size());
  for (const Bytes slot : slots) bin.add(slot);
  for (const KernelProgram::CoreProgram& core : cores) {
    for (const std::vector<Instruction>& queue : core.units) {
      bin.add(queue.size());
      for (const Instruction& instruction : queue) add(bin, instruction);
    }
  }
  return bin.hash();
}

}  // namespace nibble
