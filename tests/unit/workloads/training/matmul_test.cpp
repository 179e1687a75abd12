// Proves: products of activations and LSTMs are PyTorch's when nothing is rounded; in 4 bits an attention product is
// that of plain loops over what the quantisers give.
#include "workloads/training/quantised_matmul.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "workloads/training/lstm.hpp"
#include "workloads/training/quantised_product.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

struct Factors {
  Tensor a, b, gradient, clip_a = torch::full({1}, 1.5F), clip_b = torch::full({1}, 1.5F);

  explicit Factors(bool transposed) {
    torch::manual_seed(3);
    a = torch::randn({2, 3, 5, 7});
    b = transposed ? torch::randn({2, 3, 4, 7}) : torch::randn({2, 3, 7, 4});
    gradient = torch::randn({2, 3, 5, 4}) * 0.01;
    for (Tensor* tensor : {&a, &b, &clip_a, &clip_b}) tensor->requires_grad_(true);
  }
};

class Matmuls : public testing::TestWithParam<bool> {};

TEST_P(Matmuls, InFp32AreThoseOfAutograd) {
  for (const Emulation emulation : {Emulation::exact, Emulation::fast}) {
    const Factors ours{GetParam()}, theirs{GetParam()};
    LayerArithmetic arithmetic{load_recipe("fp32").precision, emulation, 1, 0};
    const Tensor y = quantised_matmul(ours.a, ours.b, ours.clip_a, ours.clip_b, {GetParam(), true, true}, arithmetic);
    y.backward(ours.gradient);
    const Tensor z = torch::matmul(theirs.a, GetParam() ? theirs.b.transpose(-2, -1) : theirs.b);
    z.backward(theirs.gradient);
    EXPECT_TRUE(torch::allclose(y, z, 1e-5, 1e-5));
    EXPECT_TRUE(torch::allclose(ours.a.grad(), theirs.a.grad(), 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(ours.b.grad(), theirs.b.grad(), 1e-5, 1e-6));
  }
}

INSTANTIATE_TEST_SUITE_P(Transposed, Matmuls, testing::Bool());

/// Codes of round(x / step) within +-7, with the step of a clip.
Tensor codes(const Tensor& values, double clip) { return torch::round(torch::clamp(values.detach(), -clip, clip).to(torch::kFloat64) * 7 / clip); }

TEST(Matmul, InFp4IsTheProductOfItsCodes) {
  const Factors factors{false};
  LayerArithmetic arithmetic{load_recipe("fp4").precision, Emulation::exact, 1, 0};
  const Tensor y = quantised_matmul(factors.a, factors.b, factors.clip_a, factors.clip_b, {false, true, true}, arithmetic);
  const double step = 1.5 / 7;
  const Tensor plain = torch::matmul(codes(factors.a, 1.5), codes(factors.b, 1.5)) * step * step;
  EXPECT_TRUE(torch::allclose(y.to(torch::kFloat64), plain, 1.0 / 512, 1e-6));  // output: 9 bits of mantissa
  y.backward(factors.gradient);
  const Tensor outside = factors.a.detach().abs() > 1.5;
  EXPECT_GT(outside.sum().item<std::int64_t>(), 10);
  EXPECT_TRUE((factors.a.grad().masked_select(outside) == 0).all().item<bool>());
  EXPECT_NE(factors.clip_a.grad().item<float>(), 0);
}

LstmPart lstm_part(const char* recipe) {
  torch::manual_seed(4);
  LstmPart part;
  const Precision precision = load_recipe(recipe).precision;
  part.of_input = std::make_unique<LayerArithmetic>(precision, Emulation::fast, 1, 0);
  part.of_state = std::make_unique<LayerArithmetic>(precision, Emulation::fast, 1, 1);
  part.input_weight = torch::randn({24, 5, 1, 1}).mul_(0.4).requires_grad_(true);
  part.state_weight = torch::randn({24, 6, 1, 1}).mul_(0.4).requires_grad_(true);
  part.bias = torch::randn({24}).requires_grad_(true);
  part.input_clip = torch::full({1}, 2.0F).requires_grad_(true);
  part.state_clip = torch::full({1}, 1.0F).requires_grad_(true);
  return part;
}

TEST(Lstm, InFp32IsThatOfPyTorch) {
  LstmPart part = lstm_part("fp32");
  torch::nn::LSTM theirs{torch::nn::LSTMOptions(5, 6).batch_first(true)};
  auto weights = theirs->named_parameters();
  {
    const torch::NoGradGuard guard;
    weights["weight_ih_l0"].copy_(part.input_weight.view({24, 5}));
    weights["weight_hh_l0"].copy_(part.state_weight.view({24, 6}));
    weights["bias_ih_l0"].copy_(part.bias);
    weights["bias_hh_l0"].zero_();
  }
  const Tensor sequence = torch::randn({3, 7, 5}), gradient = torch::randn({3, 7, 6});
  const Tensor y = lstm_states(sequence, part, true, false);
  const Tensor z = std::get<0>(theirs->forward(sequence));
  EXPECT_TRUE(torch::allclose(y, z, 1e-5, 1e-6));
  y.backward(gradient);
  z.backward(gradient);
  EXPECT_TRUE(torch::allclose(part.input_weight.grad().view({24, 5}), weights["weight_ih_l0"].grad(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(part.state_weight.grad().view({24, 6}), weights["weight_hh_l0"].grad(), 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(lstm_states(sequence.flip({1}), part, true, true).flip({1}), z, 1e-5, 1e-6));
}

TEST(Lstm, InFp4IsNearAndLearnsItsClips) {
  LstmPart exact = lstm_part("fp32"), coarse = lstm_part("fp4");
  const Tensor sequence = torch::randn({3, 7, 5});
  const Tensor y = lstm_states(sequence, coarse, true, false), z = lstm_states(sequence, exact, true, false);
  const double distance = (y - z).norm().item<double>() / z.norm().item<double>();
  EXPECT_GT(distance, 0.01);
  EXPECT_LT(distance, 0.4);
  y.sum().backward();
  EXPECT_TRUE(coarse.state_weight.grad().defined() && coarse.input_clip.grad().defined());
}

}  // namespace
}  // namespace nibble::training
