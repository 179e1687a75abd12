#pragma once

namespace nibble {

/// The style and the script of page/, as they were when the program was built.
extern const char* const kPageStyle;
extern const char* const kPageScript;

}  // namespace nibble
