#include "tests/golden/rank_files.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

namespace nibble::test {

void RankFiles::SetUp() {
  if (*mpirun() == '\0') GTEST_SKIP() << "built without MPI (Debian: apt install libboost-mpi-dev openmpi-bin)";
  // Open MPI asks root whether it means it, and wants a processor for each rank.
  for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"}) ::setenv(name, "1", 1);
  ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
  ::setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
  ::setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 1);  // which containers forbid
}

const char* RankFiles::mpirun() {
#ifdef NIBBLE_MPIRUN
  return NIBBLE_MPIRUN;
#else
  return "";
#endif
}

std::vector<std::string> RankFiles::on_ranks(int ranks, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{mpirun(), "-n", std::to_string(ranks), NIBBLE_BINARY, "sweep"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::vector<int> RankFiles::ranks_of(int job, std::size_t ranks) {
  for (int tries = 0; tries < 1000; ++tries) {
    if (std::vector<int> found = children_of(job); found.size() == ranks) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return {};
}

}  // namespace nibble::test
