#include "models/config/network_link.hpp"

#include "models/config/extends.hpp"

namespace nibble {

NetworkLink load_network_link(const std::string& name_or_path) {
  const YamlFile file = load_extended(Kind::link, name_or_path);
  file.require_schema("nibble/link/1");
  const MapReader root = file.root();
  NetworkLink link;
  link.file = file.name();
  link.name = root.text("name");
  link.description = root.text("description", "");
  const auto rate = [&](const char* key) { return root.bytes_per_second(key, BytesPerSecond{1}, BytesPerSecond{1e12}); };
  const auto a_bit = [&](const char* key) { return root.picojoules(key, Picojoules{0}, Picojoules{1e9}); };
  link.uplink = rate("uplink");
  link.downlink = rate("downlink");
  link.latency = root.seconds("latency", Seconds{0}, Seconds{60});
  link.radio_send = a_bit("radio_send");
  link.radio_receive = a_bit("radio_receive");
  link.network = a_bit("network");
  file.finish();
  link.hash = file.hash();
  return link;
}

}  // namespace nibble
