#include "models/config/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "models/base/check.hpp"
#include "models/base/error.hpp"

namespace nibble {
namespace fs = std::filesystem;
namespace {

fs::path folder(Kind kind) {
  switch (kind) {
    case Kind::network:
      return fs::path{"workloads"} / "networks";
    case Kind::accelerator:
      return fs::path{"configs"} / "accelerators";
    case Kind::recipe:
      return fs::path{"configs"} / "recipes";
    case Kind::technology:
      return fs::path{"configs"} / "technologies";
    case Kind::grid:
      return fs::path{"configs"} / "grids";
    case Kind::link:
      return fs::path{"configs"} / "links";
    case Kind::sweep:
      return fs::path{"configs"} / "sweeps";
    case Kind::validation:
      return fs::path{"configs"} / "published";
  }
  throw InternalError{"a Kind without a folder"};
}

bool holds_data(const fs::path& directory) {
  std::error_code error;
  return fs::is_directory(directory / "configs", error);
}

bool is_path(const std::string& name_or_path) {
  return name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml") ||
         name_or_path.ends_with(".yml");
}

}  // namespace

std::string kind_name(Kind kind) {
  switch (kind) {
    case Kind::network:
      return "network";
    case Kind::accelerator:
      return "accelerator";
    case Kind::recipe:
      return "recipe";
    case Kind::technology:
      return "technology";
    case Kind::grid:
      return "grid";
    case Kind::link:
      return "link";
    case Kind::sweep:
      return "sweep";
    case Kind::validation:
      return "validation";
  }
  throw InternalError{"a Kind without a name"};
}

fs::path data_directory() {
  // An explicit wish is never second-guessed: a wrong $NIBBLE_DATA is an error, not a reason to look
  // elsewhere.
  if (const char* wished = std::getenv("NIBBLE_DATA"); wished != nullptr && *wished != '\0') {
    if (holds_data(wished)) return wished;
    throw InputError{"CAT-DATA", fmt::format("NIBBLE_DATA = '{}' holds no 'configs' folder", wished),
                     "unset it, or point it at the folder with configs/ and workloads/"};
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (const fs::path& candidate :
       {fs::path{NIBBLE_SOURCE_DIR}, program.parent_path(), fs::path{NIBBLE_INSTALL_DATADIR}}) {
    if (!candidate.empty() && holds_data(candidate)) return candidate;
  }
  throw InputError{"CAT-DATA", "the shipped configurations were not found",
                   "set NIBBLE_DATA to the folder with configs/ and workloads/"};
}

std::vector<std::string> shipped_names(Kind kind) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator{data_directory() / folder(kind), error}) {
    if (file.path().extension() == ".yaml") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path resolve(Kind kind, const std::string& name_or_path) {
  if (is_path(name_or_path)) {
    std::error_code error;
    if (fs::is_regular_file(name_or_path, error)) return name_or_path;
    throw InputError{"CAT-UNKNOWN", fmt::format("there is no {} file '{}'", kind_name(kind), name_or_path)};
  }
  const std::vector<std::string> names = shipped_names(kind);
  if (std::find(names.begin(), names.end(), name_or_path) != names.end()) {
    return data_directory() / folder(kind) / (name_or_path + ".yaml");
  }
  const std::string near = nearest_word(name_or_path, names);
  throw InputError{"CAT-UNKNOWN", fmt::format("there is no {} called '{}'", kind_name(kind), name_or_path),
                   near.empty()
                       ? fmt::format("shipped: {}; or give the path of a YAML file", fmt::join(names, ", "))
                       : fmt::format("did you mean '{}'?", near)};
}

}  // namespace nibble
