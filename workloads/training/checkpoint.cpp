#include "workloads/training/checkpoint.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kFields = 5;  // of EpochResult

fs::path checkpoint_in(const fs::path& folder) { return folder / "checkpoint.pt"; }

/// `write(path)` makes a file beside `path`, which then takes its place.
void replace(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  const fs::path beside = path.string() + ".new";
  try {
    write(beside);
    fs::rename(beside, path);
  } catch (const std::exception&) {
    std::error_code ignored;
    fs::remove(beside, ignored);
    throw InputError{"OUT-WRITE", fmt::format("{} cannot be written", path.string()), "is there space, and permission?"};
  }
}

torch::Tensor table_of(const std::vector<EpochResult>& results) {
  torch::Tensor table = torch::empty({static_cast<std::int64_t>(results.size()), kFields}, torch::kFloat64);
  auto* cell = table.data_ptr<double>();
  for (const EpochResult& r : results) {
    for (const double value : {static_cast<double>(r.epoch), r.loss, r.train_accuracy, r.test_accuracy, r.seconds}) {
      *cell++ = value;
    }
  }
  return table;
}

std::vector<EpochResult> results_of(const torch::Tensor& table) {
  std::vector<EpochResult> results;
  const auto* cell = table.data_ptr<double>();
  for (std::int64_t i = 0; i < table.size(0); ++i, cell += kFields) {
    results.push_back({static_cast<std::uint64_t>(cell[0]), cell[1], cell[2], cell[3], cell[4]});
  }
  return results;
}

std::string log_text(const std::vector<EpochResult>& results) {
  std::string text;
  for (const EpochResult& r : results) {
    const nlohmann::ordered_json line{{"epoch", r.epoch},
                                      {"loss", r.loss},
                                      {"train_accuracy", r.train_accuracy},
                                      {"test_accuracy", r.test_accuracy},
                                      {"time_s", r.seconds}};
    text += line.dump() + "\n";
  }
  return text;
}

torch::Tensor read_tensor(torch::serialize::InputArchive& archive, const std::string& name) {
  torch::Tensor tensor;
  archive.read(name, tensor, true);
  return tensor;
}

std::string read_fingerprint(torch::serialize::InputArchive& archive) {
  c10::IValue value;
  archive.read("run", value);
  return value.toStringRef();
}

std::vector<EpochResult> read_state(torch::serialize::InputArchive& archive, const std::vector<NamedTensor>& state,
                                    TrainableNetwork& network) {
  const torch::NoGradGuard guard;
  for (std::size_t i = 0; i < state.size(); ++i) state[i].tensor.copy_(read_tensor(archive, fmt::format("tensor{}", i)));
  const torch::Tensor scales = read_tensor(archive, "grad_scales");
  const auto* first = scales.data_ptr<std::int64_t>();
  network.set_grad_scales({first, first + scales.numel()});
  return results_of(read_tensor(archive, "results"));
}

}  // namespace

void save_checkpoint(const fs::path& folder, const std::string& fingerprint, const std::vector<NamedTensor>& state,
                     const TrainableNetwork& network, const std::vector<EpochResult>& results) {
  std::error_code exists_already;
  fs::create_directories(folder, exists_already);
  torch::serialize::OutputArchive archive;
  archive.write("run", c10::IValue{fingerprint});
  for (std::size_t i = 0; i < state.size(); ++i) archive.write(fmt::format("tensor{}", i), state[i].tensor.detach(), true);
  archive.write("grad_scales", torch::tensor(network.grad_scales(), torch::kInt64), true);
  archive.write("results", table_of(results), true);
  replace(checkpoint_in(folder), [&](const fs::path& path) { archive.save_to(path.string()); });
  replace(folder / "log.jsonl", [&](const fs::path& path) {
    std::ofstream log{path};
    log.exceptions(std::ios::failbit | std::ios::badbit);
    log << log_text(results) << std::flush;
  });
}

std::vector<EpochResult> load_checkpoint(const fs::path& folder, const std::string& fingerprint,
                                         const std::vector<NamedTensor>& state, TrainableNetwork& network) {
  const fs::path path = checkpoint_in(folder);
  if (!fs::exists(path)) return {};
  torch::serialize::InputArchive archive;
  std::string found;
  try {
    archive.load_from(path.string());
    found = read_fingerprint(archive);
    if (found == fingerprint) return read_state(archive, state, network);
  } catch (const c10::Error&) {
    throw InputError{"TRAIN-RESUME", fmt::format("{} is damaged, or no checkpoint", path.string()), "remove it, or give another --out"};
  }
  throw InputError{"TRAIN-RESUME", fmt::format("{} is of another run: network, recipe, data or options differ", path.string()),
                   "give the options of that run, or another --out"};
}

}  // namespace nibble::training
