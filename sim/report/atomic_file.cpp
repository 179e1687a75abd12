#include "sim/report/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const std::string& name, int error) {
  throw InputError("OUT-WRITE", fmt::format("cannot write '{}': {}", name, std::generic_category().message(error)));
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

bool is_special(const fs::path& path) {
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// A file beside the target that vanishes unless it takes the target's place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : target_{target}, name_{folder_of(target) / ("." + target.filename().string() + ".XXXXXX")} {
    std::string pattern = name_.string();
    descriptor_ = ::mkstemp(pattern.data());
    if (descriptor_ < 0) fail(target_.string(), errno);
    name_ = pattern;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  void write(std::string_view content) {
    write_all(descriptor_, content, target_.string());
    if (::fchmod(descriptor_, permissions()) != 0 || ::fsync(descriptor_) != 0) fail(target_.string(), errno);
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (::close(descriptor) != 0) fail(target_.string(), errno);
  }

  void take_place() {
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_.string(), errno);
    name_.clear();
    // The rename itself is on disk only once the folder is; a file system that cannot sync folders has no more to give.
    const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    ::fsync(folder);
    ::close(folder);
  }

 private:
  /// Those of the file that is replaced, else what the user's mask allows.
  [[nodiscard]] mode_t permissions() const {
    struct stat old {};
    if (::stat(target_.c_str(), &old) == 0) return old.st_mode & 07777;
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
  }

  fs::path target_;
  fs::path name_;
  int descriptor_ = -1;
};

void write_special(const fs::path& path, std::string_view content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path.string(), errno);
  try {
    write_all(descriptor, content, path.string());
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (::close(descriptor) != 0) fail(path.string(), errno);
}

/// A link stays a link: the file that it leads to is the one that is replaced.
fs::path behind_links(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

}  // namespace

void write_all(int descriptor, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(name, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void check_writable(const fs::path& path) {
  const fs::path target = behind_links(path);
  if (fs::is_directory(target)) fail(path.string(), EISDIR);
  if (!is_special(target) && ::access(folder_of(target).c_str(), W_OK) != 0) fail(path.string(), errno);
  if (fs::exists(target) && ::access(target.c_str(), W_OK) != 0) fail(path.string(), errno);
}

void write_file(const fs::path& path, std::string_view content) {
  check_writable(path);
  const fs::path target = behind_links(path);
  if (is_special(target)) {
    write_special(target, content);
    return;
  }
  TemporaryFile file{target};
  file.write(content);
  file.take_place();
}

}  // namespace nibble
