// Proves: content_hash is XXH3 of 128 bits, high half first, as other programs print it.
#include "models/base/hash.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

// The value that xxHash's own test vectors give for no input and no seed.
TEST(ContentHash, OfNothingIsThePublishedValue) {
  EXPECT_EQ(content_hash(""), "99aa06d3014798d86001c324468d497f");
}

TEST(ContentHash, SeesEveryByte) {
  EXPECT_NE(content_hash("a"), content_hash("b"));
  EXPECT_NE(content_hash("a"), content_hash(std::string_view{"a\0", 2}));
  EXPECT_EQ(content_hash("the same"), content_hash("the same"));
}

TEST(ContentHash, PieceByPieceIsThatOfTheWhole) {
  std::string whole;
  ContentHash hash;
  for (std::size_t piece = 0; piece < 300; ++piece) {  // across all of XXH3's own block sizes
    const std::string part(piece, static_cast<char>(piece));
    hash.add(part.data(), part.size());
    whole += part;
    EXPECT_EQ(hash.text(), content_hash(whole)) << piece;
  }
}

}  // namespace
}  // namespace nibble
