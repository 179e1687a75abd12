// Design points a second: cold (no two points share a kernel), warm (all share all), over local processes and, where the
// program was built with MPI, over ranks. A point is a training step of ResNet-50 at batch 64. Goals a core: 20 cold, 100 warm;
// two processes or ranks at least 1.9 times one. `points_per_cpu_s` counts the processors' own time: on a machine that others
// use, only it says what a point costs.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "sim/app/sweep_pool.hpp"

namespace {

namespace fs = std::filesystem;

/// A folder for this process's sweeps and databases, gone at the end.
class Folder {
 public:
  Folder() : path_{fs::temp_directory_path() / "nibble-sweep-bench-XXXXXX"} {
    std::string name = path_.string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] std::string sweep(const std::string& name, const std::string& axis) const {
    std::ofstream{path_ / name} << "schema: nibble/sweep/1\nname: bench\nbase: {accelerator: rapid, networks: [resnet50], "
                                   "recipes: [hfp8], batch: 64}\naxes:\n  "
                                << axis << "\nobjectives: {time_s: min}\n";
    return path_ / name;
  }
  [[nodiscard]] fs::path file(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

const Folder& folder() {
  static const Folder made;
  return made;
}

// Every bandwidth is another machine to time; every voltage is the same one.
constexpr const char* kCold = "memory.bandwidth: {from: 101 GB/s, to: 116 GB/s, step: 1 GB/s}";
constexpr const char* kWarm = "voltage: {from: 0.551 V, to: 0.750 V, step: 0.001 V}";
#ifdef NIBBLE_MPIRUN
// Long enough that the start of MPI, of a second or so, does not count.
constexpr const char* kColdRanks = "memory.bandwidth: {from: 101 GB/s, to: 116 GB/s, step: 0.2 GB/s}";
constexpr const char* kWarmRanks = "voltage: {from: 0.5501 V, to: 0.750 V, step: 0.0001 V}";
#endif

double cpu_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    seconds += static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }
  return seconds;
}

void count(benchmark::State& state, double points, double cpu) {
  state.counters["points_per_s"] = benchmark::Counter(points, benchmark::Counter::kIsRate);
  state.counters["points_per_cpu_s"] = points / cpu;
}

std::vector<nibble::SweepTask> tasks_of(const nibble::DesignSpace& space) {
  std::vector<nibble::SweepTask> tasks;
  for (std::uint64_t point = 0; point < space.numbers().count(); ++point) tasks.push_back({point, 0, 0});
  return tasks;
}

void local(benchmark::State& state, const char* axis, bool warm) {
  const auto jobs = static_cast<std::size_t>(state.range(0));
  const nibble::DesignSpace space{nibble::load_sweep(folder().sweep("local.yaml", axis))};
  const std::vector<nibble::SweepTask> tasks = tasks_of(space);
  const auto ignore = [](const nibble::ResultRow&) {};
  auto pool = std::make_unique<nibble::SweepPool>(space, jobs, std::chrono::milliseconds{0});
  if (warm) pool->run({tasks.front()}, ignore);
  double points = 0, cpu = -cpu_seconds();
  for (auto _ : state) {
    if (!warm) {
      pool.reset();
      pool = std::make_unique<nibble::SweepPool>(space, jobs, std::chrono::milliseconds{0});
    }
    pool->run(tasks, ignore);
    points += static_cast<double>(tasks.size());
  }
  count(state, points, cpu + cpu_seconds());
}

#ifdef NIBBLE_MPIRUN
/// The whole command, with the start of MPI.
void ranks(benchmark::State& state, const char* axis) {
  const std::string sweep = folder().sweep("ranks.yaml", axis);
  const std::string command = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 " NIBBLE_MPIRUN " --oversubscribe --bind-to none -n " +
                              std::to_string(state.range(0)) + " " NIBBLE_BINARY " sweep " + sweep + " --out " +
                              folder().file("ranks.db").string() + " >/dev/null";
  const nibble::DesignSpace space{nibble::load_sweep(sweep)};
  double points = 0, cpu = -cpu_seconds();
  for (auto _ : state) {
    for (const char* ending : {"", "-wal", "-shm"}) fs::remove(folder().file(std::string{"ranks.db"} + ending));
    if (std::system(command.c_str()) != 0) state.SkipWithError("mpirun failed");
    points += static_cast<double>(space.numbers().count());
  }
  count(state, points, cpu + cpu_seconds());
}
BENCHMARK_CAPTURE(ranks, cold, kColdRanks)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(ranks, warm, kWarmRanks)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
#endif

BENCHMARK_CAPTURE(local, cold, kCold, false)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(local, warm, kWarm, true)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 99; }  // libsystemc asks for it; main is ours

BENCHMARK_MAIN();
