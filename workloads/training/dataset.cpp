#include "workloads/training/dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "models/base/error.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;

/// A name that --data takes, and where its files may lie besides the folder of fetched sets.
struct KnownSet {
  const char* name;
  const char* packaged;
};
constexpr std::array kKnownSets{KnownSet{"fashion-mnist", "/usr/share/datasets/fashion-mnist"},  // Debian's package
                                KnownSet{"mnist", nullptr}, KnownSet{"cifar-10", nullptr}, KnownSet{"kjv", nullptr}};

/// `folder/name`, or the same with ".gz".
fs::path plain_or_gzip(const fs::path& folder, const std::string& name) {
  const fs::path plain = folder / name;
  return fs::exists(plain) ? plain : fs::path{plain.string() + ".gz"};
}

Dataset read_idx_folder(const fs::path& folder) {
  const auto set = [&](const std::string& stem) {
    return read_idx(plain_or_gzip(folder, stem + "-images-idx3-ubyte"), plain_or_gzip(folder, stem + "-labels-idx1-ubyte"));
  };
  return {folder.string(), set("train"), set("t10k")};
}

Dataset read_cifar_folder(const fs::path& folder) {
  Dataset data;
  data.name = folder.string();
  for (int batch = 1; batch <= 5; ++batch) append_cifar(folder / fmt::format("data_batch_{}.bin", batch), data.train);
  append_cifar(folder / "test_batch.bin", data.test);
  return data;
}

/// The last tenth is the test set: other books or chapters, not other pieces of the same sentences.
Dataset read_text(const fs::path& file) {
  constexpr std::size_t kTestShare = 10;
  Dataset data;
  data.name = file.string();
  data.text.train = read_plain_or_gzip(file);
  const std::size_t tests = data.text.train.size() / kTestShare;
  if (tests == 0) throw InputError{"DATA-FORMAT", fmt::format("{} is too short to train on", file.string())};
  data.text.test.assign(data.text.train.end() - static_cast<std::ptrdiff_t>(tests), data.text.train.end());
  data.text.train.resize(data.text.train.size() - tests);
  return data;
}

Dataset read_folder(const fs::path& folder) {
  if (fs::exists(folder / "text.txt")) return read_text(folder / "text.txt");
  return fs::exists(folder / "test_batch.bin") ? read_cifar_folder(folder) : read_idx_folder(folder);
}

Dataset load_known(const KnownSet& known) {
  for (const fs::path& folder : {fs::path{known.packaged == nullptr ? "" : known.packaged}, fetched_sets() / known.name}) {
    if (folder.empty() || !fs::is_directory(folder)) continue;
    Dataset data = read_folder(folder);
    data.name = known.name;
    return data;
  }
  throw InputError{"DATA-MISSING", fmt::format("{} is not in {}", known.name, fetched_sets().string()),
                   fmt::format("run scripts/fetch_data.sh {}, or give a folder that has its files", known.name)};
}

}  // namespace

fs::path fetched_sets() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path{value == nullptr ? "" : value};
  };
  if (const fs::path own = variable("NIBBLE_DATASETS"); !own.empty()) return own;
  if (const fs::path cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache / "nibble" / "data";
  return variable("HOME") / ".cache" / "nibble" / "data";
}

Dataset load_dataset(const std::string& name_or_path) {
  const auto* known = std::find_if(kKnownSets.begin(), kKnownSets.end(),
                                   [&](const KnownSet& set) { return name_or_path == set.name; });
  if (known != kKnownSets.end()) return load_known(*known);
  if (fs::is_directory(name_or_path)) return read_folder(name_or_path);
  if (fs::is_regular_file(name_or_path)) return read_text(name_or_path);
  std::vector<std::string> names;
  for (const KnownSet& set : kKnownSets) names.emplace_back(set.name);
  throw InputError{"DATA-MISSING", fmt::format("'{}' is neither a data set's name nor a folder or file", name_or_path),
                   fmt::format("give one of {}, a folder with MNIST's idx files or CIFAR-10's binary batches, or a text",
                               fmt::join(names, ", "))};
}

}  // namespace nibble::training
