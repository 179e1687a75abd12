#pragma once

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>

#include <cstddef>
#endif

namespace nibble {

/// SystemC's threads switch stacks behind AddressSanitizer's back, which then has the wrong bounds for the main stack and
/// takes an exception on it for an overflow. Call after sc_start(); does nothing in other builds.
inline void restore_sanitizer_stack() {
#if defined(__SANITIZE_ADDRESS__)
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* low = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, low, size);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

}  // namespace nibble
