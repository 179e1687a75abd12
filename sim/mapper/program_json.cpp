#include "sim/mapper/program_json.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "nibble/program/1";
constexpr std::array<const char*, kUnits> kUnitNames{"load", "mpe", "sfu", "store"};
constexpr std::array kPasses{Pass::fwd,        Pass::dgrad,      Pass::wgrad,
                             Pass::vector_fwd, Pass::vector_bwd, Pass::update, Pass::recompute};

void put_slots(Json& line, const char* key, const SlotList& slots) {
  if (!slots.empty()) line[key] = std::vector<SlotIndex>(slots.begin(), slots.end());
}

/// Only what differs from an instruction that does nothing is written.
template <class T>
void put(Json& line, const char* key, const T& value, const T& nothing) {
  if (value != nothing) line[key] = value;
}

Json instruction_line(std::size_t core, std::size_t unit, const Instruction& i) {
  Json line;
  line["core"] = core;
  line["unit"] = kUnitNames[unit];
  put_slots(line, "waits", i.waits);
  put_slots(line, "acquires", i.acquires);
  put_slots(line, "publishes", i.publishes);
  put_slots(line, "frees", i.frees);
  const Instruction nothing;
  put(line, "bytes", i.bytes.value(), nothing.bytes.value());
  put(line, "pitch", i.pitch.value(), nothing.pitch.value());
  put(line, "piece", i.piece.value(), nothing.piece.value());
  put(line, "column", i.column.value(), nothing.column.value());
  put(line, "interleave", i.interleave, nothing.interleave);
  put(line, "crossed", i.crossed, nothing.crossed);
  put(line, "clash", i.clash, nothing.clash);
  put(line, "multicast", i.multicast, nothing.multicast);
  put(line, "multicast_cores", i.multicast_cores, nothing.multicast_cores);
  if (i.source) line["source"] = *i.source;
  put(line, "resident", i.resident, nothing.resident);
  put(line, "m", i.m, nothing.m);
  put(line, "n", i.n, nothing.n);
  put(line, "k", i.k, nothing.k);
  put(line, "count", i.count, nothing.count);
  put(line, "accumulate", i.accumulate, nothing.accumulate);
  put(line, "begins_on", i.begins_on, nothing.begins_on);
  put(line, "split_n", i.split_n, nothing.split_n);
  put(line, "lane_ops", i.lane_ops, nothing.lane_ops);
  put(line, "lane_waits", i.lane_waits, nothing.lane_waits);
  put(line, "l1_read", i.l1_read.value(), nothing.l1_read.value());
  put(line, "l1_written", i.l1_written.value(), nothing.l1_written.value());
  put(line, "continues", i.continues, nothing.continues);
  put(line, "l1_streamed", i.l1_streamed.value(), nothing.l1_streamed.value());
  put(line, "reduce", i.reduce, nothing.reduce);
  put(line, "reduce_cores", i.reduce_cores, nothing.reduce_cores);
  put(line, "passes_on", i.passes_on, nothing.passes_on);
  put(line, "reduce_bytes", i.reduce_bytes.value(), nothing.reduce_bytes.value());
  put(line, "reduce_bits", i.reduce_bits, nothing.reduce_bits);
  return line;
}

/// Takes known keys out of one line; what is left over is an error.
class LineReader {
 public:
  // Round brackets: braces would make an array of one object.
  LineReader(Json line, const std::string& file, int number) : line_(std::move(line)), file_{file}, number_{number} {}

  [[noreturn]] void fail(const std::string& id, const std::string& what, const std::string& hint = {}) const {
    throw InputError{Problem{id, file_, number_, 1, what, hint}};
  }

  template <class T>
  void take(const char* key, T& value) {
    const auto found = line_.find(key);
    if (found == line_.end()) return;
    convert(key, *found, value);
    line_.erase(key);
  }

  /// As take(), for a key that every such line has.
  template <class T>
  void require(const char* key, T& value) {
    if (!line_.contains(key)) fail("PRG-MISSING", fmt::format("the line has no '{}'", key));
    take(key, value);
  }

  void take(const char* key, std::optional<std::uint32_t>& value) {
    if (line_.contains(key)) take(key, value.emplace());
  }

  void take(const char* key, Bytes& value) {
    std::uint64_t bytes = value.value();
    take(key, bytes);
    value = Bytes{bytes};
  }

  void take(const char* key, std::vector<Bytes>& sizes) {
    take_list(key, [&](const Json& item) {
      std::uint64_t bytes = 0;
      convert(key, item, bytes);
      sizes.emplace_back(bytes);
    });
  }

  void take(const char* key, SlotList& slots) {
    take_list(key, [&](const Json& item) { convert(key, item, slots.emplace_back()); });
  }

  void finish() const {
    if (!line_.empty()) fail("PRG-UNKNOWN", fmt::format("'{}' is not a key of this line", line_.begin().key()));
  }

 private:
  template <class Add>
  void take_list(const char* key, Add add) {
    const auto found = line_.find(key);
    if (found == line_.end()) return;
    if (!found->is_array()) fail("PRG-TYPE", fmt::format("{} = {}", key, found->dump()), "needs a list");
    for (const Json& item : *found) add(item);
    line_.erase(key);
  }

  template <class T>
  void convert(const char* key, const Json& item, T& value) const {
    if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>) {
      if (!item.is_number_unsigned() || item.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
        fail("PRG-TYPE", fmt::format("{} = {}", key, item.dump()),
             fmt::format("needs a whole number from 0 to {}", std::numeric_limits<T>::max()));
      }
    }
    try {
      value = item.get<T>();
    } catch (const nlohmann::json::exception&) {
      fail("PRG-TYPE", fmt::format("{} = {} has the wrong type", key, item.dump()));
    }
  }

  Json line_;
  const std::string& file_;
  int number_;
};

KernelProgram read_kernel(LineReader& line) {
  KernelProgram program;
  std::string schema, pass = "fwd";
  std::size_t cores = 0;
  line.take("schema", schema);
  if (schema != kSchema) {
    line.fail("PRG-SCHEMA", fmt::format("schema = '{}'", schema), fmt::format("this version reads '{}'", kSchema));
  }
  line.take("layer", program.layer);
  line.take("pass", pass);
  line.take("mac_mode", program.mac_mode);
  line.take("a_format", program.a_format);
  line.take("b_format", program.b_format);
  line.take("depthwise", program.depthwise);
  line.take("a_zeros", program.a_zeros);
  line.take("b_zeros", program.b_zeros);
  line.take("slots", program.slots);
  line.require("cores", cores);
  line.take("mapping", program.mapping);
  line.finish();
  bool known = false;
  for (const Pass candidate : kPasses) {
    if (to_string(candidate) != pass) continue;
    program.pass = candidate;
    known = true;
  }
  if (!known) line.fail("PRG-PASS", fmt::format("pass = '{}'", pass), "fwd, dgrad, wgrad, vector_fwd, vector_bwd, update or recompute");
  if (cores > 65536) line.fail("PRG-CORES", fmt::format("cores = {}", cores), "at most 65536");
  program.cores.resize(cores);
  return program;
}

void read_instruction(LineReader& line, KernelProgram& program) {
  std::size_t core = 0;
  std::string unit;
  Instruction i;
  line.require("core", core);
  line.require("unit", unit);
  line.take("waits", i.waits);
  line.take("acquires", i.acquires);
  line.take("publishes", i.publishes);
  line.take("frees", i.frees);
  line.take("bytes", i.bytes);
  line.take("pitch", i.pitch);
  line.take("piece", i.piece);
  line.take("column", i.column);
  line.take("interleave", i.interleave);
  line.take("crossed", i.crossed);
  line.take("clash", i.clash);
  line.take("multicast", i.multicast);
  line.take("multicast_cores", i.multicast_cores);
  line.take("source", i.source);
  line.take("resident", i.resident);
  line.take("m", i.m);
  line.take("n", i.n);
  line.take("k", i.k);
  line.take("count", i.count);
  line.take("accumulate", i.accumulate);
  line.take("begins_on", i.begins_on);
  line.take("split_n", i.split_n);
  line.take("lane_ops", i.lane_ops);
  line.take("lane_waits", i.lane_waits);
  line.take("l1_read", i.l1_read);
  line.take("l1_written", i.l1_written);
  line.take("continues", i.continues);
  line.take("l1_streamed", i.l1_streamed);
  line.take("reduce", i.reduce);
  line.take("reduce_cores", i.reduce_cores);
  line.take("passes_on", i.passes_on);
  line.take("reduce_bytes", i.reduce_bytes);
  line.take("reduce_bits", i.reduce_bits);
  line.finish();
  if (core >= program.cores.size()) {
    line.fail("PRG-CORES", fmt::format("core = {} of a kernel for {}", core, program.cores.size()));
  }
  for (std::size_t u = 0; u < kUnits; ++u) {
    if (unit != kUnitNames[u]) continue;
    program.cores[core].units[u].push_back(std::move(i));
    return;
  }
  line.fail("PRG-UNIT", fmt::format("unit = '{}'", unit), "load, mpe, sfu or store");
}

}  // namespace

std::string to_json_lines(const KernelProgram& program) {
  Json kernel;
  kernel["schema"] = kSchema;
  kernel["layer"] = program.layer;
  kernel["pass"] = to_string(program.pass);
  if (!program.mac_mode.empty()) {
    kernel["mac_mode"] = program.mac_mode;
    kernel["a_format"] = program.a_format;
    kernel["b_format"] = program.b_format;
    put(kernel, "depthwise", program.depthwise, false);
    put(kernel, "a_zeros", program.a_zeros, 0.0);
    put(kernel, "b_zeros", program.b_zeros, 0.0);
  }
  std::vector<std::uint64_t> slots;
  for (const Bytes size : program.slots) slots.push_back(size.value());
  kernel["slots"] = slots;
  kernel["cores"] = program.cores.size();
  put(kernel, "mapping", program.mapping, std::string{});
  std::string text = kernel.dump() + "\n";
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      for (const Instruction& i : program.cores[core].units[unit]) text += instruction_line(core, unit, i).dump() + "\n";
    }
  }
  return text;
}

std::vector<KernelProgram> read_programs(std::istream& input, const std::string& file_name) {
  std::vector<KernelProgram> programs;
  std::string text;
  for (int number = 1; std::getline(input, text); ++number) {
    if (text.empty()) continue;
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) throw InputError{Problem{"PRG-SYNTAX", file_name, number, 1, "the line is no JSON object", ""}};
    const bool kernel = json.contains("schema");
    LineReader line{std::move(json), file_name, number};
    if (kernel) {
      programs.push_back(read_kernel(line));
    } else if (programs.empty()) {
      line.fail("PRG-SCHEMA", "an instruction before the first kernel", "a program starts with a line that has 'schema'");
    } else {
      read_instruction(line, programs.back());
    }
  }
  if (programs.empty()) throw InputError{Problem{"PRG-EMPTY", file_name, 0, 0, "the file has no kernel", ""}};
  return programs;
}

}  // namespace nibble
