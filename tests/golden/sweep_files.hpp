#pragma once

#include <gtest/gtest.h>

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
  /// The rows of small(), as undisturbed local processes find them.
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string database(const std::string& name) const { return folder_.file(name); }

  /// All rows of a database with every column and metric, a line each, whatever became of them.
  [[nodiscard]] static std::string rows(const std::string& database);
  [[nodiscard]] static Json json_rows(const std::string& database);

  TemporaryFolder folder_;
};

}  // namespace nibble::test
