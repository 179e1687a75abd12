#include "sim/app/sibling_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble {

void become_sibling(const std::string& program, std::vector<std::string> arguments, const std::string& id) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = self.parent_path() / program;
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(path.c_str(), pointers.data());
  if (errno != ENOENT) throw InputError{id, fmt::format("{} does not start: {}", path, std::strerror(errno))};
}

}  // namespace nibble
