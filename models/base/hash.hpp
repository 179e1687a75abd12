#pragma once

#include <string>
#include <string_view>

namespace nibble {

/// 32 hex digits (XXH3, 128 bit) naming a content. For identity, not for security.
[[nodiscard]] std::string content_hash(std::string_view content);

}  // namespace nibble
