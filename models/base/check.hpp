#pragma once

#include <fmt/format.h>

#include "models/base/error.hpp"

/// A broken invariant of the program itself, checked in Release too: throws InternalError with the values.
/// Usage: NIBBLE_CHECK(a <= b, "a = {} exceeds b = {}", a, b);
#define NIBBLE_CHECK(condition, ...)                                                                \
  do {                                                                                              \
    if (!(condition)) {                                                                             \
      throw ::nibble::InternalError(fmt::format("{}:{}: {}: {}", __FILE__, __LINE__, #condition,    \
                                                fmt::format(__VA_ARGS__)));                         \
    }                                                                                               \
  } while (false)
