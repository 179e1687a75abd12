#pragma once

#include <exception>

#include "sim/report/document.hpp"

namespace nibble {

/// An error as data, to cross from one process to another; what is not of models/base/error.hpp becomes an
/// InternalError with its text.
[[nodiscard]] Json error_to_json(const std::exception_ptr& error);
[[nodiscard]] std::exception_ptr error_from_json(const Json& json);

}  // namespace nibble
