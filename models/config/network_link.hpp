#pragma once

#include <string>

#include "models/base/units.hpp"

namespace nibble {

/// What lies between an edge device and a server. Energies are of one bit.
struct NetworkLink {
  std::string name, description, file, hash;
  BytesPerSecond uplink, downlink;       ///< edge to server, server to edge
  Seconds latency;                       ///< one way
  Picojoules radio_send, radio_receive;  ///< of the edge device's own port
  Picojoules network;                    ///< of everything between both ends
};

/// Strict YAML, schema nibble/link/1: a name of configs/links, or a path. InputError [CAT-UNKNOWN], [CFG-...].
[[nodiscard]] NetworkLink load_network_link(const std::string& name_or_path);

}  // namespace nibble
