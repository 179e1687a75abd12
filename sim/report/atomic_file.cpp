#include "sim/report/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const std::string& name, int error) {
  throw InputError("OUT-WRITE",
                   fmt::format("cannot write '{}': {}", name, std::generic_category().message(error)));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path{"."};
}

bool is_special(const fs::path& path) {
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// A link stays a link: the file that it leads to is the one that is replaced.
fs::path behind_links(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

/// The rename is on disk only once its folder is; a file system that cannot sync folders has no more to give.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : target_{behind_links(path)} {
  check_writable(path);
  if (is_special(target_)) {
    descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    std::string pattern =
        (folder_of(target_) / fmt::format(".{}.XXXXXX", target_.filename().string())).string();
    descriptor_ = ::mkstemp(pattern.data());
    if (descriptor_ >= 0) temporary_ = pattern;
  }
  if (descriptor_ < 0) fail(target_.string(), errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view content) { write_all(descriptor_, content, target_.string()); }

void AtomicFile::commit() {
  const std::string name = target_.string();
  if (!temporary_.empty() && (::fchmod(descriptor_, permissions()) != 0 || ::fsync(descriptor_) != 0)) {
    fail(name, errno);
  }
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (::close(descriptor) != 0) fail(name, errno);
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(name, errno);
  temporary_.clear();
  sync_folder(folder_of(target_));
}

/// Those of the file that is replaced, else what the user's mask allows.
unsigned AtomicFile::permissions() const {
  struct stat old {};
  if (::stat(target_.c_str(), &old) == 0) return old.st_mode & 07777;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file{path};
  file.write(content);
  file.commit();
}

void check_writable(const fs::path& path) {
  const fs::path target = behind_links(path);
  if (fs::is_directory(target)) fail(path.string(), EISDIR);
  if (!is_special(target) && ::access(folder_of(target).c_str(), W_OK) != 0) fail(path.string(), errno);
  if (fs::exists(target) && ::access(target.c_str(), W_OK) != 0) fail(path.string(), errno);
}

void write_all(int descriptor, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(name, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace nibble
