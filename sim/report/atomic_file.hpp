#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nibble {

/// Writes a whole file or none: a reader, a full disk or a crash never sees half of it, and an old file stays as it
/// was until the new one is complete on disk. What is not a regular file (/dev/stdout, a pipe) is written straight to.
/// InputError [OUT-WRITE] when it cannot be written.
void write_file(const std::filesystem::path& path, std::string_view content);

/// InputError [OUT-WRITE] if write_file would fail already for want of a folder or permission: asked before a long
/// run, so that its result is not lost.
void check_writable(const std::filesystem::path& path);

/// Writes to an open file descriptor to the end, or throws InputError [OUT-WRITE] that calls it `name`.
void write_all(int descriptor, std::string_view content, const std::string& name);

}  // namespace nibble
