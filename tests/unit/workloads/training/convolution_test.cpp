// Proves: the three GEMMs of a quantised convolution are those of PyTorch's autograd when nothing is rounded, and
// those of plain loops over gemm_reference, bit for bit, in 4 bits.
#include "workloads/training/quantised_convolution.hpp"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <array>
#include <ostream>

#include "models/gemm/machine.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

struct Case {
  std::int64_t images, inputs, outputs, size;
  ConvolutionShape shape;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.images << "x" << c.inputs << "x" << c.size << "x" << c.size << " to " << c.outputs << ", " << c.shape.kernel[0] << "x"
       << c.shape.kernel[1] << " stride " << c.shape.stride[0] << "x" << c.shape.stride[1] << " padding " << c.shape.padding[0] << "x"
       << c.shape.padding[1] << " groups " << c.shape.groups;
}

const std::array kCases{Case{2, 3, 4, 6, {{3, 3}, {1, 1}, {1, 1}, 1}}, Case{2, 4, 6, 7, {{3, 3}, {2, 2}, {1, 1}, 1}},
                        Case{1, 4, 4, 8, {{3, 3}, {2, 2}, {1, 1}, 4}}, Case{3, 5, 2, 6, {{1, 1}, {2, 2}, {0, 0}, 1}},
                        Case{2, 2, 3, 7, {{5, 3}, {2, 1}, {2, 0}, 1}}};

struct Data {
  Tensor input, weight, gradient, clip;
};

Data draw(const Case& c) {
  torch::manual_seed(7);
  Data data;
  data.input = torch::rand({c.images, c.inputs, c.size, c.size}) * 3 - 0.5;
  data.weight = torch::randn({c.outputs, c.inputs / c.shape.groups, c.shape.kernel[0], c.shape.kernel[1]});
  data.clip = torch::full({1}, 2.0F);
  const std::int64_t h = (c.size + 2 * c.shape.padding[0] - c.shape.kernel[0]) / c.shape.stride[0] + 1;
  const std::int64_t w = (c.size + 2 * c.shape.padding[1] - c.shape.kernel[1]) / c.shape.stride[1] + 1;
  data.gradient = torch::randn({c.images, c.outputs, h, w}) * 0.01;
  for (Tensor* tensor : {&data.input, &data.weight, &data.clip}) tensor->requires_grad_(true);
  return data;
}

class Convolutions : public testing::TestWithParam<Case> {};

TEST_P(Convolutions, InFp32AreThoseOfAutograd) {
  const Case& c = GetParam();
  for (const Emulation emulation : {Emulation::exact, Emulation::fast}) {
    const Data ours = draw(c), theirs = draw(c);
    LayerArithmetic arithmetic{load_recipe("fp32").precision, emulation, 1, 0};
    const Tensor y = quantised_convolution(ours.input, ours.weight, ours.clip, c.shape, arithmetic);
    y.backward(ours.gradient);
    const Tensor z = torch::conv2d(theirs.input, theirs.weight, {}, c.shape.stride, c.shape.padding, 1, c.shape.groups);
    z.backward(theirs.gradient);
    EXPECT_TRUE(torch::allclose(y, z, 1e-5, 1e-5));
    EXPECT_TRUE(torch::allclose(ours.input.grad(), theirs.input.grad(), 1e-5, 1e-6));
    EXPECT_TRUE(torch::allclose(ours.weight.grad(), theirs.weight.grad(), 1e-5, 1e-6));
  }
}

std::span<const float> span_of(const Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The convolution again, index by index: what the matrices hold is written out, nothing is shared with the library
/// but the quantisers and the definition of the product.
struct PlainConvolution {
  const Case& c;
  std::int64_t height, width;  // of the output

  [[nodiscard]] static std::size_t at(std::initializer_list<std::int64_t> index, at::IntArrayRef sizes) {
    std::int64_t flat = 0;
    std::size_t d = 0;
    for (const std::int64_t i : index) flat = flat * sizes[d++] + i;
    return static_cast<std::size_t>(flat);
  }
  [[nodiscard]] static Matrix matrix(std::int64_t rows, std::int64_t columns) {
    return {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)};
  }

  /// Calls visit(row, tap, input index or -1): every product of every output.
  template <class Visit>
  void each_tap(Visit visit) const {
    const auto &kernel = c.shape.kernel, &stride = c.shape.stride, &padding = c.shape.padding;
    for (std::int64_t n = 0, row = 0; n < c.images; ++n)
      for (std::int64_t oh = 0; oh < height; ++oh)
        for (std::int64_t ow = 0; ow < width; ++ow, ++row)
          for (std::int64_t i = 0, tap = 0; i < c.inputs; ++i)
            for (std::int64_t kh = 0; kh < kernel[0]; ++kh)
              for (std::int64_t kw = 0; kw < kernel[1]; ++kw, ++tap) {
                const std::int64_t h = oh * stride[0] + kh - padding[0], w = ow * stride[1] + kw - padding[1];
                const bool inside = h >= 0 && h < c.size && w >= 0 && w < c.size;
                visit(static_cast<std::size_t>(row), static_cast<std::size_t>(tap),
                      inside ? static_cast<std::int64_t>(at({n, i, h, w}, {c.images, c.inputs, c.size, c.size})) : -1);
              }
  }

  [[nodiscard]] Matrix input_matrix(const std::vector<float>& x) const {
    Matrix a = matrix(c.images * height * width, c.inputs * c.shape.kernel[0] * c.shape.kernel[1]);
    each_tap([&](std::size_t row, std::size_t tap, std::int64_t from) {
      a.at(row, tap) = from < 0 ? 0.0F : x[static_cast<std::size_t>(from)];
    });
    return a;
  }
  [[nodiscard]] Matrix gradient_matrix(const std::vector<float>& g) const {
    Matrix b = matrix(c.images * height * width, c.outputs);
    for (std::int64_t n = 0; n < c.images; ++n)
      for (std::int64_t o = 0; o < c.outputs; ++o)
        for (std::int64_t p = 0; p < height * width; ++p)
          b.at(static_cast<std::size_t>(n * height * width + p), static_cast<std::size_t>(o)) =
              g[static_cast<std::size_t>((n * c.outputs + o) * height * width + p)];
    return b;
  }
};

Matrix turned(const Matrix& m) {
  Matrix t{m.columns, m.rows};
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t k = 0; k < m.columns; ++k) t.at(k, r) = m.at(r, k);
  return t;
}

Matrix reference(const Precision& precision, GemmPass pass, const Matrix& a, const Matrix& b, double scale) {
  GemmArithmetic arithmetic = default_machine_arithmetic(formats_of(precision, pass));
  arithmetic.output_scale = static_cast<float>(scale);
  return gemm_reference(arithmetic, a, b);
}

TEST(Fp4Convolution, ForwardAndWeightGradientAreThePlainLoopsBitForBit) {
  for (const Case& c : kCases) {
    if (c.shape.groups != 1) continue;
    const Data data = draw(c);
    const Precision precision = load_recipe("fp4").precision;
    LayerArithmetic arithmetic{precision, Emulation::exact, 1, 0};
    const Tensor y = quantised_convolution(data.input, data.weight, data.clip, c.shape, arithmetic);
    y.backward(data.gradient);
    const PlainConvolution plain{c, y.size(2), y.size(3)};

    const Quantised x = pact_quantise(span_of(data.input), {4, 2.0});
    const Quantised w = sawb_quantise(span_of(data.weight), {});
    Matrix weights{static_cast<std::size_t>(c.outputs), w.values.size() / static_cast<std::size_t>(c.outputs)};
    weights.values = w.values;
    const Matrix a = plain.input_matrix(x.values);
    const Matrix forward = reference(precision, GemmPass::fwd, a, turned(weights), x.scale * w.scale);
    EXPECT_EQ(forward.values, plain.gradient_matrix({span_of(y).begin(), span_of(y).end()}).values);

    GradScale scale;
    scale.settle(data.gradient.abs().max().item<double>());
    const TwoPhaseGradients gradients = two_phase_quantise(span_of(data.gradient), scale);
    const Matrix to_weights = reference(precision, GemmPass::wgrad, turned(a), plain.gradient_matrix(gradients.wgrad.values),
                                        x.scale * gradients.wgrad.scale);
    const Tensor ours = data.weight.grad().contiguous();
    EXPECT_EQ(turned(to_weights).values, std::vector<float>(span_of(ours).begin(), span_of(ours).end()));
  }
}

/// dgrad through autograd on the quantised values: exact there, since codes are small integers and powers of four;
/// what is left is one rounding into the output's DLFloat16 and those of its accumulator.
TEST_P(Convolutions, InFp4PassGradientsStraightThrough) {
  const Case& c = GetParam();
  const Data data = draw(c);
  const Precision precision = load_recipe("fp4").precision;
  LayerArithmetic arithmetic{precision, Emulation::fast, 1, 0};
  quantised_convolution(data.input, data.weight, data.clip, c.shape, arithmetic).backward(data.gradient);

  const auto real = [](const Quantised& q, const Tensor& like) {
    return torch::tensor(q.values).view(like.sizes()) * q.scale;
  };
  GradScale scale;
  scale.settle(data.gradient.abs().max().item<double>());
  const TwoPhaseGradients gradients = two_phase_quantise(span_of(data.gradient), scale);
  const Tensor weight = real(sawb_quantise(span_of(data.weight), {}), data.weight);
  Tensor input = data.input.detach().clone().requires_grad_(true);
  torch::conv2d(input, weight, {}, c.shape.stride, c.shape.padding, 1, c.shape.groups)
      .backward(real(gradients.dgrad, data.gradient));
  const Tensor passes = (data.input >= 0).logical_and(data.input <= 2.0);
  const Tensor expected = input.grad() * passes;
  EXPECT_TRUE(torch::allclose(data.input.grad(), expected, 1.0 / 512, 1e-7));
  const double clip = (input.grad() * (data.input >= 2.0)).sum().item<double>();
  EXPECT_NEAR(data.clip.grad().item<double>(), clip, 0.01 * input.grad().abs().sum().item<double>() + 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Convolutions, testing::ValuesIn(kCases));

}  // namespace
}  // namespace nibble::training
