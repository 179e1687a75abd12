#pragma once

#include <cstddef>
#include <functional>

namespace nibble {

/// Calls job(0) to job(count - 1), each once, in `workers` forked processes that take the next number when they are done
/// with one. `on_progress` is told how many are done. What jobs leave behind must be files: memory is not shared.
///
/// A job that throws says why on stderr; the others are done all the same, then this is an InputError [REPRODUCE-RUN].
/// Workers end with the process that started them.
void run_forked(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& job,
                const std::function<void(std::size_t)>& on_progress);

}  // namespace nibble
