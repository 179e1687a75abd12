#pragma once

#include <string>
#include <vector>

namespace nibble {

/// Becomes another program of the house (nibble-training, nibble-mpi), which lies beside this one where both are built
/// and installed. Comes back only if there is none; InputError [`id`] if it is there and does not start.
void become_sibling(const std::string& program, std::vector<std::string> arguments, const std::string& id);

}  // namespace nibble
