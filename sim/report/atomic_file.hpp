#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nibble {

/// A file that is written whole or not at all: a reader, a full disk or a crash never sees half of it, and an
/// old file stays as it was until commit(). What is not a regular file (/dev/stdout, a pipe) is written
/// straight to. Every member throws InputError [OUT-WRITE] when it cannot do its part.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  ///< without commit(): nothing has happened

  void write(std::string_view content);
  /// All that was written is on disk, under the file's name. Once, at the end.
  void commit();

 private:
  [[nodiscard]] unsigned permissions() const;

  std::filesystem::path target_;     ///< links followed
  std::filesystem::path temporary_;  ///< beside it; empty for what is not a regular file
  int descriptor_ = -1;
};

/// The same in one go.
void write_file(const std::filesystem::path& path, std::string_view content);

/// InputError [OUT-WRITE] if an AtomicFile would fail already for want of a folder or permission: asked
/// before a long run, so that its result is not lost.
void check_writable(const std::filesystem::path& path);

/// Writes to an open file descriptor to the end, or throws InputError [OUT-WRITE] that calls it `name`.
void write_all(int descriptor, std::string_view content, const std::string& name);

}  // namespace nibble
