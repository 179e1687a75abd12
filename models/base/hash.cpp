#include "models/base/hash.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace nibble {
namespace {

std::string digits(const XXH128_hash_t& hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

std::string content_hash(std::string_view content) { return digits(XXH3_128bits(content.data(), content.size())); }

struct ContentHash::State {
  XXH3_state_t xxh;
};

ContentHash::ContentHash() : state_{std::make_unique<State>()} { static_cast<void>(XXH3_128bits_reset(&state_->xxh)); }

ContentHash::~ContentHash() = default;

void ContentHash::add(const void* bytes, std::size_t count) { static_cast<void>(XXH3_128bits_update(&state_->xxh, bytes, count)); }

std::string ContentHash::text() const { return digits(XXH3_128bits_digest(&state_->xxh)); }

}  // namespace nibble
