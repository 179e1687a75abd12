#pragma once

#include <exception>
#include <systemc>
#include <utility>

namespace nibble {

/// Carries an exception out of a SystemC process with its type: the kernel would turn it into a report.
class KernelGuard {
 public:
  template <class Body>
  void run(Body&& body) {
    try {
      std::forward<Body>(body)();
    } catch (const sc_core::sc_unwind_exception&) {
      throw;  // the kernel is killing the process
    } catch (...) {
      if (!error_) error_ = std::current_exception();
      sc_core::sc_stop();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
};

}  // namespace nibble
