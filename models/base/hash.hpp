#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace nibble {

/// 32 hex digits (XXH3, 128 bit) naming a content. For identity, not for security.
[[nodiscard]] std::string content_hash(std::string_view content);

/// content_hash() of a content that comes piece by piece and is never whole in memory.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  void add(const void* bytes, std::size_t count);
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nibble
