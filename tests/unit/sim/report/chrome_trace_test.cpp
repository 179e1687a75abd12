// Proves: the timeline is valid JSON whose spans add up to the run's own counts, do not overlap, and change no result.
#include "sim/report/chrome_trace.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "sim/report/document.hpp"
#include "sim/system/simulate.hpp"
#include "tests/support/forked.hpp"

namespace nibble {
namespace {

using Json = nlohmann::json;

RunRequest small_run() {
  RunRequest request;
  request.network = "resnet8-28";
  request.recipe = "fp16";
  request.batch = 4;
  return request;
}

struct Trace {
  RunResult run;
  Json file;
};

Trace traced(const RunRequest& request, const KernelChoice& detailed = {}) {
  const std::filesystem::path path =
      std::filesystem::path{::testing::TempDir()} / fmt::format("nibble-{}.trace.json", ::getpid());
  Trace result;
  {
    ChromeTrace trace{path, load_accelerator(request.accelerator), detailed};
    result.run = simulate(request, {.timeline = &trace});
    EXPECT_FALSE(std::filesystem::exists(path)) << "it appears whole or not at all";
    trace.finish();
  }
  std::ifstream file{path};
  result.file = Json::parse(file);
  std::filesystem::remove(path);
  return result;
}

class TraceReader {
 public:
  explicit TraceReader(const Trace& trace) : clock_{trace.run.accelerator.clock.value()} {
    for (const Json& event : trace.file["traceEvents"]) {
      const auto pid = event["pid"].get<int>();
      if (event["ph"] == "M") {
        const std::string name = event["args"]["name"];
        if (event["name"] == "process_name") processes_[pid] = name;
        if (event["name"] == "thread_name") threads_[{pid, event["tid"]}] = name;
      }
      if (event["ph"] == "X") add(event);
    }
  }

  /// Cycles by "process/thread/name", threads of arrays and cores taken together.
  std::map<std::string, std::uint64_t> cycles;
  std::map<std::string, int> events;
  bool overlap = false;

 private:
  void add(const Json& event) {
    const std::pair<int, int> track{event["pid"], event["tid"]};
    std::string process = processes_.at(track.first), thread = threads_.at(track);
    if (process.starts_with("core")) process = "core";
    if (thread.starts_with("array")) thread = "array";
    const double begin = event["ts"], length = event["dur"];
    if (begin < ends_[track] - 1e-5) overlap = true;
    ends_[track] = begin + length;
    const std::string name = process + "/" + thread + "/" + (process == "step" ? "" : event["name"].get<std::string>());
    cycles[name] += static_cast<std::uint64_t>(std::llround(length * 1e-6 * clock_));
    ++events[name];
  }

  double clock_;
  std::map<int, std::string> processes_;
  std::map<std::pair<int, int>, std::string> threads_;
  std::map<std::pair<int, int>, double> ends_;
};

TEST(ChromeTrace, SpansAddUpToTheRunsCounts) {
  const Trace trace = traced(small_run());
  TraceReader reader{trace};
  EXPECT_FALSE(reader.overlap);
  const ArrayCycles& counts = trace.run.array_cycles;
  const std::map<std::string, std::uint64_t> states{{"compute", counts.compute}, {"fill_drain", counts.fill_drain},
                                                    {"memory", counts.memory},   {"ring", counts.ring},
                                                    {"l1", counts.l1},           {"vector", counts.vector},
                                                    {"sync", counts.sync}};
  for (const auto& [state, expected] : states) EXPECT_EQ(reader.cycles["core/array/" + state], expected) << state;
  EXPECT_EQ(reader.cycles["step/kernels/"], trace.run.cycles.value());
  EXPECT_EQ(reader.events["step/kernels/"], static_cast<int>(trace.run.operations.size()));
  std::uint64_t busy = 0;
  for (const OperationResult& operation : trace.run.operations) busy += operation.kernel.memory_busy_cycles;
  const std::uint64_t on_the_bus = reader.cycles["memory/data bus/read"] + reader.cycles["memory/data bus/write"];
  EXPECT_NEAR(static_cast<double>(on_the_bus), static_cast<double>(busy), 0.02 * static_cast<double>(busy))
      << "spans are whole cycles, the bus's are not";
  for (const char* track : {"core/loads/loads", "core/vector/vector", "core/stores/stores", "core/partial sums/partial sums"}) {
    EXPECT_GT(reader.cycles[track], 0U) << track;
  }
}

TEST(ChromeTrace, KernelsThatAreNotChosenHaveTheirSpanOnly) {
  const Trace trace = traced(small_run(), KernelChoice{{"3-4", "classifier"}});
  TraceReader reader{trace};
  std::uint64_t cycles = 0;
  for (std::size_t i = 0; i < trace.run.operations.size(); ++i) {
    const OperationResult& operation = trace.run.operations[i];
    if (i == 2 || i == 3 || operation.layer == "classifier") cycles += operation.kernel.array_cycles.total();
  }
  std::uint64_t in_detail = 0;
  for (const auto& [name, counted] : reader.cycles) in_detail += name.starts_with("core/array/") ? counted : 0;
  EXPECT_EQ(in_detail, cycles);
  EXPECT_GT(in_detail, 0U);
  EXPECT_EQ(reader.events["step/kernels/"], static_cast<int>(trace.run.operations.size()));
  EXPECT_EQ(reader.cycles["step/kernels/"], trace.run.cycles.value());
}

TEST(ChromeTrace, AChoiceThatNoKernelMeetsIsAnErrorAndLeavesNoFile) {
  const std::filesystem::path path =
      std::filesystem::path{::testing::TempDir()} / fmt::format("nibble-{}.none.json", ::getpid());
  {
    ChromeTrace trace{path, load_accelerator("rapid"), KernelChoice{{"no-such-layer"}}};
    EXPECT_GT(simulate(small_run(), {.timeline = &trace}).cycles.value(), 0U);
    EXPECT_THROW(trace.finish(), InputError);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(KernelChoice, ReadsNumbersRangesAndNames) {
  EXPECT_TRUE(KernelChoice{}.contains(1, "any"));
  const KernelChoice choice{{"2", "5-7", "layer1.0.conv1"}};
  for (const std::size_t number : {2, 5, 6, 7}) EXPECT_TRUE(choice.contains(number, "x")) << number;
  for (const std::size_t number : {1, 3, 4, 8}) EXPECT_FALSE(choice.contains(number, "x")) << number;
  EXPECT_TRUE(choice.contains(100, "layer1.0.conv1"));
  for (const char* wrong : {"0", "7-5", "-3", "3-", "1-2-3"}) EXPECT_THROW(KernelChoice{{wrong}}, InputError) << wrong;
}

TEST(ChromeTrace, LookingOnChangesNoResult) {
  const auto document = [](bool look) {
    return test::forked([look] {
      const RunResult run = look ? traced(small_run()).run : simulate(small_run());
      const std::string text = run_document(run).dump();
      return std::vector<double>(text.begin(), text.end());  // every character
    });
  };
  EXPECT_EQ(document(true), document(false));
}

}  // namespace
}  // namespace nibble
