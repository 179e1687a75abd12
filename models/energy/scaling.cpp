#include "models/energy/scaling.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "models/base/check.hpp"

namespace nibble {
namespace {

struct Polynomial {
  double a, b, c;
};

// stillmaker17, energy coefficients of the HP rows, in the order of ProcessNode.
constexpr std::array<Polynomial, 7> kGateEnergy{{
    {1.018, -0.3107, 0.1539},
    {0.8367, -0.4341, 0.1701},
    {0.373, -0.1582, 0.04104},
    {0.2958, -0.1241, 0.03024},
    {0.2363, -0.09675, 0.02239},
    {0.2068, -0.09311, 0.02375},
    {0.1776, -0.09097, 0.02447},
}};

}  // namespace

double voltage_energy_factor(Volts voltage, Volts reference) {
  const double r = ratio(voltage, reference);
  return r * r;
}

double voltage_leakage_factor(Volts voltage, Volts reference) { return ratio(voltage, reference); }

double ring_hop_mm(const Accelerator& accelerator) {
  NIBBLE_CHECK(accelerator.cores > 0, "accelerator '{}' has no cores", accelerator.name);
  return std::sqrt(accelerator.die_area.value() / accelerator.cores);
}

double gate_energy(ProcessNode node, Volts voltage) {
  const Polynomial& p = kGateEnergy.at(static_cast<std::size_t>(node));
  const double v = voltage.value();
  const double energy = p.a * v * v + p.b * v + p.c;
  NIBBLE_CHECK(energy > 0, "no gate energy at {} V", v);
  return energy;
}

double node_energy_factor(ProcessNode from, Volts from_voltage, ProcessNode to, Volts to_voltage) {
  return gate_energy(to, to_voltage) / gate_energy(from, from_voltage);
}

}  // namespace nibble
