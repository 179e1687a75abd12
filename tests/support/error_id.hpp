#pragma once

#include <functional>
#include <string>

#include "models/base/error.hpp"

namespace nibble::test {

/// The id of the InputError that `work` ends in ("CFG-RANGE"); "none" if it ends well.
inline std::string id_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const InputError& error) {
    return error.problems().front().id;
  }
  return "none";
}

}  // namespace nibble::test
