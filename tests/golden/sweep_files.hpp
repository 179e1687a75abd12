#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/golden/program.hpp"

namespace nibble::test {

/// A folder with small sweeps and their databases, for tests of whoever evaluates them.
class SweepFiles : public testing::Test {
 protected:
  /// A sweep of ResNet-18 in two recipes; `rest`: axes, constraints, objectives.
  [[nodiscard]] std::string sweep(const std::string& rest) const;
  /// Six points, twelve rows. Points that differ in voltage alone share their kernels.
  [[nodiscard]] std::string small() const;
  [[nodiscard]] std::string database(const std::string& name) const { return folder_.file(name); }

  /// All rows of a database, whatever became of them.
  [[nodiscard]] static std::string rows(const std::string& database);
  [[nodiscard]] static Json json_rows(const std::string& database);

  /// Starts a program and kills it, not its children, after a while.
  static void killed_after(const std::vector<std::string>& command, std::chrono::milliseconds delay, int signal);

  TemporaryFolder folder_;
};

}  // namespace nibble::test
