// Proves: the simulated Spyre card stays as near to the measured one as it was found to be, kind by kind; on the rows that its
// few fitted values were chosen with as on the others; and that a row which cannot be simulated says why.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "models/config/catalogue.hpp"
#include "sim/validation/simulate_measured.hpp"
#include "tests/support/forked.hpp"

namespace nibble {
namespace {

/// RMS error of the rows of each kind, simulated in a process of its own.
double rms(const std::function<bool(const MeasuredKernel&)>& wanted) {
  return test::forked([&] {
    std::vector<MeasuredKernel> kernels =
        read_measured_kernels((data_directory() / "configs/measurements/spyre.csv").string());
    std::erase_if(kernels, [&](const MeasuredKernel& kernel) { return !wanted(kernel); });
    const std::vector<SimulatedKernel> simulated = simulate_measured(kernels, load_accelerator("spyre"));
    std::vector<const SimulatedKernel*> rows;
    for (const SimulatedKernel& kernel : simulated) rows.push_back(&kernel);
    return std::vector<double>{summarise(rows).rms};
  })[0];
}

struct Bound {
  const char* op;
  double rms;  ///< the error found, and a tenth
};

class Silicon : public ::testing::TestWithParam<Bound> {};

TEST_P(Silicon, ErrorStaysWhereItWas) {
  EXPECT_LE(rms([](const MeasuredKernel& kernel) { return kernel.op == GetParam().op; }), GetParam().rms);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Silicon,
                         ::testing::Values(Bound{"pointwise", 0.071}, Bound{"broadcast", 0.102}, Bound{"copy", 0.123},
                                           Bound{"reduction", 0.07}, Bound{"softmax", 0.184}, Bound{"matmul", 0.111},
                                           Bound{"bmm", 0.445}),
                         [](const auto& test) { return std::string{test.param.op}; });

TEST(SiliconMatmul, OneCore) {
  EXPECT_LE(rms([](const MeasuredKernel& kernel) { return kernel.op == "matmul" && kernel.cores == 1; }), 0.016);
}

TEST(SiliconReduction, FewCores) {
  EXPECT_LE(rms([](const MeasuredKernel& kernel) { return kernel.op == "reduction" && kernel.cores < 32; }), 0.035);
}

TEST(SimulatedRow, SaysWhyItWasNotSimulated) {
  const std::vector<double> answers = test::forked([] {
    MeasuredKernel odd, fine;
    odd.op = "attention";
    fine.op = "copy";
    fine.m = fine.n = 512;
    fine.cores = 32;
    const auto simulated = simulate_measured({odd, fine}, load_accelerator("spyre"));
    return std::vector<double>{static_cast<double>(simulated[0].not_simulated.size()), simulated[1].simulated_us};
  });
  EXPECT_GT(answers[0], 0);
  EXPECT_GT(answers[1], 0);
}

}  // namespace
}  // namespace nibble
