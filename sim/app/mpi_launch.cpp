#include "sim/app/mpi_launch.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/error.hpp"
#include "sim/app/sibling_program.hpp"

namespace nibble {
namespace {

/// What launchers tell their processes: Open MPI's mpirun, PMI (MPICH, Intel MPI, srun --mpi=pmi2), PMIx (srun --mpi=pmix).
bool started_by_mpi() {
  const std::initializer_list<const char*> names{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  return std::any_of(names.begin(), names.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

void become_rank_of_mpi(int argc, const char* const* argv) {
  if (argc < 2 || std::string_view{argv[1]} != "sweep" || !started_by_mpi()) return;
  become_sibling("nibble-mpi", std::vector<std::string>(argv, argv + argc), "MPI-BUILD");
  throw InputError{"MPI-BUILD", "started by mpirun, but this nibble was built without MPI",
                   "install Boost.MPI (Debian: apt install libboost-mpi-dev), then run cmake and build again; or sweep "
                   "--shard I/N without mpirun, and nibble merge"};
}

}  // namespace nibble
