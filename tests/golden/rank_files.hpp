#pragma once

#include <string>
#include <vector>

#include "tests/golden/sweep_files.hpp"

namespace nibble::test {

/// Small sweeps for ranks of MPI. Skips its tests where the program was built without MPI.
class RankFiles : public SweepFiles {
 protected:
  void SetUp() override;
  [[nodiscard]] static const char* mpirun();
  [[nodiscard]] static std::vector<std::string> on_ranks(int ranks, const std::vector<std::string>& arguments);
  /// The ranks of a job that was started, once there are so many; none if that takes ten seconds.
  [[nodiscard]] static std::vector<int> ranks_of(int job, std::size_t ranks);
};

}  // namespace nibble::test
