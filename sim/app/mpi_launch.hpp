#pragma once

namespace nibble {

/// `mpirun -n N nibble sweep ...`: started so, this process becomes nibble-mpi, which knows MPI; any other command line, or
/// start, comes back. nibble itself is not linked with MPI, whose start takes half a second that no other command should
/// pay. InputError [MPI-BUILD] if there is no nibble-mpi: N sweeps would write to one database.
void become_rank_of_mpi(int argc, const char* const* argv);

}  // namespace nibble
