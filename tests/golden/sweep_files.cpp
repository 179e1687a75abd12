#include "tests/golden/sweep_files.hpp"

#include <csignal>
#include <thread>

namespace nibble::test {

std::string SweepFiles::sweep(const std::string& rest) const {
  return folder_.write("sweep.yaml",
                       "schema: nibble/sweep/1\nname: mine\nbase:\n  accelerator: rapid\n  networks: [resnet18]\n"
                       "  recipes: [fp16, hfp8]\n  batch: 1\n" +
                           rest);
}

std::string SweepFiles::small() const {
  return sweep("axes:\n  cores: [1, 2, 4]\n  voltage: [0.6 V, 0.75 V]\nobjectives: {time_s: min, energy_j: min}\n");
}

std::string SweepFiles::rows(const std::string& database) {
  const Outcome outcome = nibble({"results", database, "--all", "--format", "csv"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.out;
}

Json SweepFiles::json_rows(const std::string& database) {
  return Json::parse(nibble({"results", database, "--all", "--format", "json"}).out);
}

void SweepFiles::killed_after(const std::vector<std::string>& command, std::chrono::milliseconds delay, int signal) {
  const int program = start(command);
  std::this_thread::sleep_for(delay);
  ::kill(program, signal);
  static_cast<void>(end_of(program));
}

}  // namespace nibble::test
