#include "sim/system/program_key.hpp"

#include <cstring>

#include "models/base/hash.hpp"

namespace nibble {
namespace {

/// Appends values as their bytes, lists with their length before them.
class Bin {
 public:
  explicit Bin(std::size_t expected_bytes) { text_.reserve(expected_bytes); }
  template <class Value>
    requires std::is_arithmetic_v<Value>
  void add(Value value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    text_.append(bytes, sizeof value);
  }
  void add(Bytes bytes) { add(bytes.value()); }
  void add(const std::string& text) {
    add(text.size());
    text_ += text;
  }
  void add(const SlotList& slots) {
    add(slots.size());
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
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void add(Bin& bin, const Instruction& instruction) {
  // Taken apart whole: a member that is added to it does not compile here until it counts.
  const auto& [waits, acquires, publishes, frees, bytes, pitch, piece, interleave, crossed, clash, multicast, multicast_cores,
               source, resident, m, n, k, count, accumulate, begins_on, split_n, lane_ops, lane_waits, l1_read, l1_written, continues, l1_streamed, reduce,
               reduce_cores, passes_on, reduce_bytes, reduce_bits] = instruction;
  bin.all(waits, acquires, publishes, frees, bytes, pitch, piece, interleave, crossed, clash, multicast, multicast_cores,
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
  constexpr std::size_t kOfAnInstruction = 224;  // about
  std::size_t instructions = 0;
  for (const KernelProgram::CoreProgram& core : cores) {
    for (const std::vector<Instruction>& queue : core.units) instructions += queue.size();
  }
  Bin bin{instructions * kOfAnInstruction + kOfAnInstruction};
  bin.all(mac_mode, a_format, b_format, depthwise, a_zeros, b_zeros, slots.size(), cores.size());
  for (const Bytes slot : slots) bin.add(slot);
  for (const KernelProgram::CoreProgram& core : cores) {
    for (const std::vector<Instruction>& queue : core.units) {
      bin.add(queue.size());
      for (const Instruction& instruction : queue) add(bin, instruction);
    }
  }
  return content_hash(bin.text());
}

}  // namespace nibble
