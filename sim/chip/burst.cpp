#include "sim/chip/burst.hpp"

namespace nibble {

tlm::tlm_generic_payload& BurstPool::acquire(Transfer& transfer, tlm::tlm_command command, std::uint64_t bytes) {
  if (free_.empty()) {
    all_.push_back(std::make_unique<tlm::tlm_generic_payload>(this));
    all_.back()->set_extension(new BurstExtension);  // owned by the payload
    free_.push_back(all_.back().get());
  }
  tlm::tlm_generic_payload& payload = *free_.back();
  free_.pop_back();
  payload.acquire();
  payload.set_command(command);
  payload.set_data_length(static_cast<unsigned>(bytes));
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload.get_extension<BurstExtension>()->transfer = &transfer;
  return payload;
}

}  // namespace nibble
