#pragma once

#include <boost/mpi/communicator.hpp>

namespace nibble {

/// The whole life of a rank other than 0: reads the sweep that rank 0 names, evaluates what it hands out, ends when it
/// says so. What is wrong with the input is rank 0's to report.
void serve_rank(const boost::mpi::communicator& world);

}  // namespace nibble
