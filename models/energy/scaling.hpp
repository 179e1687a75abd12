#pragma once

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"

namespace nibble {

/// Factor on a switching energy when the supply goes from `reference` to `voltage`: C V^2, nothing else.
[[nodiscard]] double voltage_energy_factor(Volts voltage, Volts reference);

/// Factor on leakage power: proportional to the supply. ESTIMATE: the current's own fall with the voltage is
/// left out, which overstates leakage below the reference.
[[nodiscard]] double voltage_leakage_factor(Volts voltage, Volts reference);

/// Length of one ring segment: the pitch of the cores, if they tile the die as squares. ESTIMATE: no floor
/// plan of these chips gives the ring's route; 36 mm2 and 4 cores make 3 mm.
[[nodiscard]] double ring_hop_mm(const Accelerator& accelerator);

/// High-performance nodes of Stillmaker and Baas (stillmaker17).
enum class ProcessNode { hp45, hp32, hp20, hp16, hp14, hp10, hp7 };

/// Relative gate energy E(V) = a V^2 + b V + c of a node (stillmaker17); meaningful as a ratio only.
[[nodiscard]] double gate_energy(ProcessNode node, Volts voltage);

/// Factor that takes an energy from one node and voltage to another.
[[nodiscard]] double node_energy_factor(ProcessNode from, Volts from_voltage, ProcessNode to,
                                        Volts to_voltage);

}  // namespace nibble
