#pragma once

namespace nibble {

/// Keeps what the process frees for what it allocates next, once for all. By default glibc gives large blocks back to the system, and each
/// training step or design point gets them again as fresh pages, which the kernel has to clear.
void keep_freed_memory();

}  // namespace nibble
