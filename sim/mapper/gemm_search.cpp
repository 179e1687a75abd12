#include "sim/mapper/gemm_search.hpp"

#include <fmt/format.h>

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "models/base/error.hpp"
#include "models/timing/array_pass.hpp"
#include "sim/mapper/gemm_candidates.hpp"
#include "sim/mapper/tile_price.hpp"

namespace nibble {
namespace {

// Mappings whose estimates differ by less are equal as far as the estimate can tell.
constexpr double kTimeTolerance = 1.02;
// Tile sizes tried along one axis: the whole share, then halves, until some have been found to fit.
constexpr int kCutsPerAxis = 12;
constexpr int kFitsPerAxis = 3;
// Slots of a program: what a core's sequencer is thought to keep track of (ESTIMATE), and well within SlotIndex.
constexpr std::uint64_t kMostSlots = 1024;
// Smaller scratchpads that a choice which reads something twice is held against: so many from one power of two to the next.
constexpr std::uint64_t kScratchpadSteps = 4;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

/// An order of the loops with what stays in L1.
struct Arrangement {
  LoopOrder order;
  Keep keep_a, keep_b;
  void apply(GemmTiling& tiling) const {
    tiling.order = order;
    tiling.keep_a = keep_a;
    tiling.keep_b = keep_b;
  }
};

std::vector<Arrangement> arrangements(bool keeps) {
  std::vector<Arrangement> all;
  for (const LoopOrder order : {LoopOrder::m_outer, LoopOrder::n_outer}) {
    for (const Keep outer : {Keep::stream, Keep::panel}) {
      for (const Keep inner : {Keep::stream, Keep::all}) {
        if (!keeps && (outer != Keep::stream || inner != Keep::stream)) continue;
        const bool m_outer = order == LoopOrder::m_outer;
        all.push_back({order, m_outer ? outer : inner, m_outer ? inner : outer});
      }
    }
  }
  return all;
}

/// What of the operands an arrangement reads more than once: 1 for A, 2 for B. Time and bytes depend on nothing else of it.
using Rereads = std::size_t;
constexpr std::size_t kRereads = 4;

Rereads rereads(const GemmSpace& space, const GemmTiling& tiling, const TileCounts& most) {
  const bool a = !space.a_resident && a_passes(tiling, most) > 1, b = !space.b_resident && b_passes(tiling, most) > 1;
  return (a ? 1U : 0U) + (b ? 2U : 0U);
}

/// What a size of tiles needs of L1 in all arrangements, and takes.
struct SizeRecord {
  std::uint64_t a_bytes = 0, b_bytes = 0;          ///< of a tile
  std::uint64_t other_bytes = 0;                   ///< of all slots but those of A and B
  std::uint64_t least_bytes = kNever;              ///< of the arrangement that needs least; kNever: none may be used
  std::uint32_t other_slots = 0;
  bool known = false;
  std::array<std::uint32_t, kRereads> prices{};    ///< numbers from 1; 0: not asked for yet
};

/// The sizes of tiles of one split: pixels by columns by channels by groups, largest first.
struct SizeGrid {
  CoreSplit split;
  CoreShare share;
  std::vector<PixelChoice> pixels;
  std::vector<std::uint64_t> columns, channels, counts;
  std::vector<double> bounds;       ///< [pixels], TilePricer::bound
  std::vector<std::size_t> first;   ///< [pixels * columns]: the first of channels * counts records; kNever: not asked for yet
};

/// What crosses the memory interface if nothing is read twice.
double least_bytes(const GemmSpace& space) {
  Bytes all = (space.a_resident ? Bytes{} : space.a) + (space.b_resident ? Bytes{} : space.b);
  for (const auto* uses : {&space.extra_reads, &space.stores}) {
    for (const EpilogueUse& use : *uses) all += use.bytes;
  }
  return static_cast<double>(all.value());
}

}  // namespace

/// Walks the candidates and keeps the best ones.
class TilingSearch::Walk {
 public:
  Walk(GemmSpace space, const MapperOptions& options, std::shared_ptr<TileTimes> times)
      : space_{std::move(space)}, prune_{options.prune}, times_{std::move(times)}, pricer_{space_, *times_} {
    for (const CoreSplit& split : possible_splits(space_, options.split)) add_split(split);
  }

  [[nodiscard]] const GemmSpace& space() const { return space_; }

  std::optional<GemmChoice> run(Bytes budget) {
    budget_ = budget.value();
    candidates_.clear();
    best_cycles_ = std::numeric_limits<double>::infinity();
    for (Split& split : splits_) {
      if (split.fixed && try_sizes(*split.fixed, false)) continue;
      if (!split.any) split.any = all_sizes(split.split);
      try_sizes(*split.any, prune_);
    }
    return best();
  }

 private:
  struct Split {
    CoreSplit split;
    std::optional<SizeGrid> fixed, any;  ///< the one shape that the machine uses, if it has one; all shapes
  };

  void add_split(const CoreSplit& split) {
    splits_.push_back({split, {}, {}});
    if (space_.accelerator->core.l1.output_side == 0 || space_.pixels_reduce) return;
    SizeGrid grid = grid_of(split);
    const OutputShape shape = fixed_shape(space_, split, grid.share, width());
    grid.pixels = {pixel_choice(space_.pixels, over_rows(space_, split), shape.rows)};
    grid.columns = {shape.columns};
    grid.first.resize(1, kNever);
    splits_.back().fixed = std::move(grid);
  }

  SizeGrid all_sizes(const CoreSplit& split) {
    SizeGrid grid = grid_of(split);
    grid.pixels = pixels_of(over_rows(space_, split), grid.share.rows);
    grid.columns = halvings(grid.share.n, width(), kCutsPerAxis);
    grid.first.resize(grid.pixels.size() * grid.columns.size(), kNever);
    for (const PixelChoice& pixels : grid.pixels) grid.bounds.push_back(pricer_.bound(split, grid.share, pixels));
    return grid;
  }

  [[nodiscard]] std::uint64_t width() const {
    const MpeArray& mpe = space_.accelerator->core.mpe;
    return std::uint64_t{mpe.columns} * mpe.lanes;
  }

  /// With the sizes of channels and groups.
  [[nodiscard]] SizeGrid grid_of(const CoreSplit& split) const {
    SizeGrid grid;
    grid.split = split;
    grid.share = core_share(space_, split, {});
    // Whole channels that fill a stationary block and do not spill over into a next one.
    const BlockShape block = block_shape(space_.accelerator->core.mpe, *space_.mode, space_.operation->gemm->b_format);
    const std::uint64_t depth = std::max<std::uint64_t>(1, block.depth / space_.taps);
    grid.channels = halvings(grid.share.channels, space_.pixels_reduce ? space_.taps : depth * space_.taps, kCutsPerAxis);
    grid.counts = halvings(grid.share.groups.size(), 1, kCutsPerAxis);
    return grid;
  }

  /// All sizes tried for shares of one in `parts`: splits that cut the pixels alike see the same tiles.
  const std::vector<PixelChoice>& pixels_of(std::uint64_t parts, Span rows) {
    const auto [found, fresh] = pixels_.try_emplace(parts);
    if (fresh) {
      for (const PixelCut& cut_size : pixel_cuts(space_.pixels, rows)) {
        found->second.push_back(pixel_choice(space_.pixels, parts, cut_size));
      }
    }
    return found->second;
  }

  /// True if some of these tiles fits. `prune`: where a cut of the pixels cannot win, none of its tiles is tried.
  bool try_sizes(SizeGrid& grid, bool prune) {
    bool any = false;
    for (std::size_t pixel = 0; pixel < grid.pixels.size(); ++pixel) {
      if (prune && grid.bounds[pixel] > limit()) continue;
      int fits = 0;
      for (std::size_t column = 0; column < grid.columns.size(); ++column) {
        if (fits == kFitsPerAxis) break;  // smaller tiles only add steps
        fits += try_depths(grid, pixel, column) ? 1 : 0;
      }
      any = any || fits > 0;
    }
    return any;
  }

  /// True if some depth of this tile fits.
  bool try_depths(SizeGrid& grid, std::size_t pixel, std::size_t column) {
    GemmTiling tiling{.split = grid.split, .pixels = grid.pixels[pixel].cut, .n = grid.columns[column]};
    const std::size_t first = first_record(grid, pixel, column);
    int fits = 0;
    for (std::size_t channel = 0; channel < grid.channels.size(); ++channel) {
      if (fits == kFitsPerAxis) break;
      tiling.channels = grid.channels[channel];
      for (std::size_t count = 0; count < grid.counts.size(); ++count) {
        tiling.count = grid.counts[count];
        SizeRecord& record = records_[first + channel * grid.counts.size() + count];
        if (!record.known) measure(record, tiling, grid.share, grid.pixels[pixel]);
        if (record.least_bytes > budget_) continue;
        try_orders(record, tiling, grid.share, grid.pixels[pixel]);
        ++fits;
        break;
      }
    }
    return fits > 0;
  }

  std::size_t first_record(SizeGrid& grid, std::size_t pixel, std::size_t column) {
    std::size_t& first = grid.first[pixel * grid.columns.size() + column];
    if (first == kNever) {
      first = records_.size();
      records_.resize(first + grid.channels.size() * grid.counts.size());
    }
    return first;
  }

  /// Works out what a size needs of L1.
  void measure(SizeRecord& record, GemmTiling tiling, const CoreShare& share, const PixelChoice& pixels) const {
    record.known = true;
    const TileSize size = tile_size(space_, tiling, share, pixels);
    const GemmSlots slots = gemm_slots(space_, tiling, size.most, size.largest);
    const Bytes output_limit = space_.accelerator->core.l1.output_tile;
    if (output_limit.value() > 0 && slots.groups[2].size > output_limit) return;
    // Only how many slots A and B have depends on the order and on what is kept.
    record.a_bytes = slots.groups[0].size.value();
    record.b_bytes = slots.groups[1].size.value();
    record.other_slots = static_cast<std::uint32_t>(slots.total - slots.a_count - slots.b_count);
    record.other_bytes = slots.footprint().value() - record.a_bytes * slots.a_count - record.b_bytes * slots.b_count;
    for (const Arrangement& way : arrangements_) {
      way.apply(tiling);
      record.least_bytes = std::min(record.least_bytes, bytes_of(record, tiling, size.most));
    }
  }

  /// Of all slots; kNever if these are too many.
  [[nodiscard]] std::uint64_t bytes_of(const SizeRecord& record, const GemmTiling& tiling, const TileCounts& most) const {
    const std::uint64_t a_count = space_.a_resident ? 0 : a_slots(tiling, most);
    const std::uint64_t b_count = space_.b_resident ? 0 : b_slots(tiling, most);
    if (record.other_slots + a_count + b_count > kMostSlots) return kNever;
    return record.other_bytes + record.a_bytes * a_count + record.b_bytes * b_count;
  }

  /// Considers the arrangements of a size that fit: of those that read the same things again the first.
  void try_orders(SizeRecord& record, GemmTiling tiling, const CoreShare& share, const PixelChoice& pixels) {
    const TileSize size = tile_size(space_, tiling, share, pixels);
    std::array<bool, kRereads> fits{};
    std::array<GemmTiling, kRereads> first;
    boost::container::static_vector<Rereads, kRereads> order;
    for (const Arrangement& way : arrangements_) {
      way.apply(tiling);
      const Rereads again = rereads(space_, tiling, size.most);
      if (fits[again] || bytes_of(record, tiling, size.most) > budget_) continue;
      fits[again] = true;
      first[again] = tiling;
      order.push_back(again);
    }
    for (const Rereads again : order) {
      if (!prune_ || !is_beaten(fits, again)) consider(record.prices[again], first[again], size);
    }
  }

  /// True if tiles of the same size fit that read less again: they move fewer bytes and are not slower.
  static bool is_beaten(const std::array<bool, kRereads>& fits, Rereads again) {
    for (Rereads less = 0; less < again; ++less) {
      if (fits[less] && (less & again) == less) return true;
    }
    return false;
  }

  void consider(std::uint32_t& number, GemmTiling tiling, const TileSize& size) {
    if (number == 0) {
      prices_.emplace_back();
      number = static_cast<std::uint32_t>(prices_.size());
    }
    TilePrice& price = prices_[number - 1];
    // The best can only become better: what is too slow now is too slow in the end.
    const double most = prune_ ? limit() : std::numeric_limits<double>::infinity();
    if (!price.exact && price.cycles <= most) price = pricer_.price(tiling, size, most);
    if (!price.exact || price.cycles > most) return;
    tiling.corelets_split_n = price.corelets_split_n;
    candidates_.push_back({tiling, price.cycles, price.bytes, price.tiles});
    best_cycles_ = std::min(best_cycles_, price.cycles);
  }

  /// What is slower than this cannot be chosen any more.
  [[nodiscard]] double limit() const { return best_cycles_ * kTimeTolerance; }

  [[nodiscard]] std::optional<GemmChoice> best() const {
    const GemmChoice* chosen = nullptr;
    for (const GemmChoice& candidate : candidates_) {
      if (candidate.cycles > limit()) continue;
      if (chosen == nullptr || candidate.bytes < chosen->bytes ||
          (candidate.bytes == chosen->bytes && candidate.cycles < chosen->cycles)) {
        chosen = &candidate;
      }
    }
    return chosen == nullptr ? std::nullopt : std::optional{*chosen};
  }

  const GemmSpace space_;
  const bool prune_;
  std::shared_ptr<TileTimes> times_;
  TilePricer pricer_;
  std::vector<Arrangement> arrangements_ = arrangements(space_.accelerator->core.l1.keep_operands);
  std::vector<Split> splits_;
  std::map<std::uint64_t, std::vector<PixelChoice>> pixels_;
  std::vector<SizeRecord> records_;
  std::vector<TilePrice> prices_;
  std::uint64_t budget_ = 0;
  std::vector<GemmChoice> candidates_;
  double best_cycles_ = std::numeric_limits<double>::infinity();
};

std::vector<Bytes> lacks_of_smaller(const Accelerator& accelerator) {
  std::vector<Bytes> lacks;
  if (accelerator.core.l1.output_side > 0) return lacks;  // one shape of tiles is all that such a machine has
  Accelerator machine = accelerator;
  for (const Bytes capacity : smaller_scratchpads(accelerator, kScratchpadSteps)) {
    machine.core.l1.capacity = capacity;
    lacks.push_back(usable_l1(accelerator) - usable_l1(machine));
  }
  return lacks;
}

TilingSearch::TilingSearch(GemmSpace space, const MapperOptions& options, std::shared_ptr<TileTimes> times)
    : walk_{std::make_unique<Walk>(std::move(space), options, std::move(times))} {}

TilingSearch::~TilingSearch() = default;

const GemmSpace& TilingSearch::space() const { return walk_->space(); }

std::optional<GemmChoice> TilingSearch::find(Bytes budget, const std::vector<Bytes>& lacks) {
  std::optional<GemmChoice> choice = walk_->run(budget);
  if (!choice || choice->bytes <= least_bytes(space())) return choice;
  for (const Bytes lack : lacks) {
    const std::optional<GemmChoice> other = walk_->run(budget - std::min(budget, lack));
    if (!other || other->bytes > choice->bytes * kFarBehind) break;
    if (other->bytes < choice->bytes) choice = other;
  }
  return choice;
}

GemmTiling choose_tiling(const GemmSpace& space, const MapperOptions& options) {
  TilingSearch search{space, options, std::make_shared<TileTimes>(space)};
  if (const auto choice = search.find(space.budget, lacks_of_smaller(*space.accelerator))) return choice->tiling;
  throw InputError{"MAP-L1",
                   fmt::format("{} ({}): not even the smallest tiles fit the {} B of L1 that a core has for them",
                               space.operation->layer, to_string(space.operation->pass), space.budget.value()),
                   "enlarge core.l1.capacity"};
}

}  // namespace nibble
