#include <fmt/format.h>

#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "models/config/yaml_node.hpp"

namespace nibble {
namespace {

/// Files that were parsed before. A sweep reads its machine anew for every point, and yaml-cpp would be a quarter of a
/// point's time. The whole text is compared, so that a file which has changed is parsed again.
class ParsedFiles {
 public:
  YamlDocument document(const std::string& file_name, std::string text) {
    const std::lock_guard lock{mutex_};
    const auto known = files_.find(file_name);
    if (known != files_.end() && known->second.text == text) return known->second.document;
    YamlDocument parsed = parse_yaml(text, file_name);
    if (text.size() > kMostBytes || (known == files_.end() && files_.size() == kMostFiles)) return parsed;
    return files_.insert_or_assign(file_name, Parsed{std::move(text), std::move(parsed)}).first->second.document;
  }

 private:
  struct Parsed {
    std::string text;
    YamlDocument document;
  };
  static constexpr std::size_t kMostFiles = 64;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10;  ///< of one: machines and recipes, not networks

  std::mutex mutex_;
  std::map<std::string, Parsed> files_;
};

std::string text_of(const std::filesystem::path& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const std::uintmax_t size = regular ? std::filesystem::file_size(path, error) : 0;
  std::ifstream stream{path, std::ios::binary};
  if (!regular || error || !stream) {
    throw InputError{
        Problem{"CFG-FILE", path.string(), 0, 0, "cannot be read", "is it there, and a plain file?"}};
  }
  if (size > kMaxYamlBytes) {
    throw InputError{Problem{"CFG-FILE", path.string(), 0, 0, fmt::format("is {} bytes long", size),
                             fmt::format("at most {} bytes are read", kMaxYamlBytes)}};
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

YamlDocument parse_yaml_file(const std::filesystem::path& path) {
  static ParsedFiles files;
  return files.document(path.string(), text_of(path));
}

}  // namespace nibble
