#include "core/networks/sparse_gradients.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/networks/gradient_kernels.h"
#include "core/networks/precision.h"

namespace relocus {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

using Parts = std::vector<std::int64_t>;

/// A plain value that waits in a context for the way back.
template <class Value>
struct Kept : torch::CustomClassHolder {
  explicit Kept(Value v) : value(std::move(v)) {}
  Value value;
};
template <class Value>
c10::IValue keep(const Value& value) {
  return c10::IValue::make_capsule(c10::make_intrusive<Kept<Value>>(value));
}
template <class Value>
const Value& kept(AutogradContext* context, const char* name) {
  return static_cast<const Kept<Value>&>(*context->saved_data.at(name).toCapsule()).value;
}

float* row(const Tensor& matrix, std::int64_t r) { return matrix.data_ptr<float>() + r * matrix.size(1); }

/// Calls work(part, first row, last row); the parts of an affine of one row are one.
template <class Work>
void each_part(const Parts& parts, std::int64_t count, const Work& work) {
  if (count == 1) return work(0, parts.front(), parts.back());
  for (std::int64_t i = 0; i < count; ++i) work(i, parts[std::size_t(i)], parts[std::size_t(i) + 1]);
}

struct Convolution : Function<Convolution> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const RulePaths* paths, const float* packed) {
    context->save_for_backward({x, weight});
    context->saved_data["paths"] = keep(*paths);
    context->saved_data["x wants"] = x.requires_grad();
    const Tensor result = torch::empty({paths->forth->rows, weight.size(0)}, x.options().requires_grad(false));
    sparse_convolution(*paths->forth, x.data_ptr<float>(), weight.size(1), packed, bias.data_ptr<float>(),
                       result.data_ptr<float>(), weight.size(0));
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], weight = saved[1].contiguous(), gradient = gradients[0].contiguous();
    const RulePaths& paths = kept<RulePaths>(context, "paths");
    const std::int64_t out = weight.size(0), in = weight.size(1), taps = paths.forth->taps;

    Tensor x_gradient;
    if (context->saved_data["x wants"].toBool()) {
      std::vector<float> packed(std::size_t(weight.numel()));
      const float* first = weight.data_ptr<float>() + (paths.mirrored ? taps - 1 : 0);
      pack_weights(first, in, out, int(taps), {taps, in * taps, paths.mirrored ? -1 : 1}, packed.data());
      x_gradient = torch::empty({x.size(0), in}, gradient.options());
      sparse_convolution(*paths.back, gradient.data_ptr<float>(), out, packed.data(), nullptr,
                         x_gradient.data_ptr<float>(), in);
    }
    const Tensor by_tap = torch::empty({taps, in, out}, gradient.options());
    sparse_weight_gradient(*paths.forth, x.data_ptr<float>(), in, gradient.data_ptr<float>(), out,
                           by_tap.data_ptr<float>());
    const Tensor bias_gradient = torch::empty({out}, gradient.options());
    column_sums(gradient.data_ptr<float>(), gradient.size(0), out, bias_gradient.data_ptr<float>());
    return {x_gradient, by_tap.permute({2, 1, 0}).reshape(weight.sizes()), bias_gradient, {}, {}};
  }
};

struct Pooling : Function<Pooling> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& windows) {
    const Tensor result = torch::empty({windows.size(0), x.size(1)}, x.options().requires_grad(false));
    const Tensor winners = torch::empty({windows.size(0), x.size(1)}, torch::kInt);
    pool_rows_noting(x.data_ptr<float>(), x.size(0), x.size(1), windows.data_ptr<std::int64_t>(), windows.size(0),
                     result.data_ptr<float>(), winners.data_ptr<std::int32_t>());
    context->saved_data["winners"] = winners;
    context->saved_data["rows"] = x.size(0);
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const Tensor gradient = gradients[0].contiguous(), winners = context->saved_data["winners"].toTensor();
    const Tensor x_gradient = torch::empty({context->saved_data["rows"].toInt(), gradient.size(1)}, gradient.options());
    unpool_rows(gradient.data_ptr<float>(), winners.data_ptr<std::int32_t>(), gradient.size(0), gradient.size(1),
                x_gradient.size(0), x_gradient.data_ptr<float>());
    return {x_gradient, {}};
  }
};

struct NeighbourSums : Function<NeighbourSums> {
  using Rules = std::shared_ptr<const RuleBook>;
  static Tensor summed(const Tensor& x, const RuleBook& rules) {
    const Tensor result = torch::empty_like(x, x.options().requires_grad(false));
    neighbour_sums(rules, x.data_ptr<float>(), x.size(1), result.data_ptr<float>());
    return result;
  }
  static Tensor forward(AutogradContext* context, const Tensor& x, const Rules* rules) {
    context->saved_data["rules"] = keep(*rules);
    return summed(x, **rules);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {summed(gradients[0].contiguous(), *kept<Rules>(context, "rules")), {}};
  }
};

struct MomentsOf : Function<MomentsOf> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Parts* parts, const Tensor* copies) {
    const std::int64_t count = std::int64_t(parts->size()) - 1;
    const Tensor mean = torch::zeros({count, x.size(1)}, x.options().requires_grad(false));
    const Tensor variance = torch::ones_like(mean);
    each_part(*parts, count, [&](std::int64_t part, std::int64_t first, std::int64_t last) {
      if (first == last) return;
      column_statistics(row(x, first), last - first, x.size(1), row(mean, part), row(variance, part),
                        copies->defined() ? copies->data_ptr<float>() + first : nullptr);
    });
    context->save_for_backward({x, mean});
    context->saved_data["parts"] = *parts;
    if (copies->defined()) context->saved_data["copies"] = *copies;
    return {mean, variance};
  }

  /// d mean / d x = w / W, d variance / d x = 2 w (x - mean) / W: a line in x for each column.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &mean = saved[1];
    const Parts parts = context->saved_data["parts"].toIntVector();
    const auto found = context->saved_data.find("copies");
    const Tensor copies = found == context->saved_data.end() ? Tensor() : found->second.toTensor();
    const Tensor x_gradient = torch::empty_like(x);
    each_part(parts, mean.size(0), [&](std::int64_t part, std::int64_t first, std::int64_t last) {
      if (first == last) return;
      const double all = copies.defined() ? copies.slice(0, first, last).sum().item<double>() : double(last - first);
      const Tensor slope = gradients[1][part] * (2 / all);
      const Tensor offset = gradients[0][part] / all - mean[part] * slope;
      weighted_line(row(x, first), last - first, x.size(1), slope.data_ptr<float>(), offset.data_ptr<float>(),
                    copies.defined() ? copies.data_ptr<float>() + first : nullptr, row(x_gradient, first));
    });
    return {x_gradient, {}, {}};
  }
};

/// Gradients of one side's x, scale and shift, where `result` (undefined without ReLU) was made of it.
struct SideGradients {
  SideGradients(const Tensor& gradient, const Tensor& result, const Tensor& x, const Tensor& scale, const Parts& parts)
      : to_x(torch::empty_like(x)), to_scale(torch::zeros_like(scale)), to_shift(torch::zeros_like(scale)) {
    each_part(parts, scale.size(0), [&](std::int64_t part, std::int64_t first, std::int64_t last) {
      scale_shift_gradient(row(gradient, first), result.defined() ? row(result, first) : nullptr, row(x, first),
                           row(scale, part), last - first, x.size(1),
                           {row(to_x, first), row(to_scale, part), row(to_shift, part)});
    });
  }
  Tensor to_x, to_scale, to_shift;
};

struct ScaleShift : Function<ScaleShift> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& scale, const Tensor& shift,
                        const Parts* parts, bool relu) {
    const Tensor result = torch::empty_like(x, x.options().requires_grad(false));
    each_part(*parts, scale.size(0), [&](std::int64_t part, std::int64_t first, std::int64_t last) {
      scale_shift(row(x, first), last - first, x.size(1), row(scale, part), row(shift, part), relu, row(result, first));
    });
    context->save_for_backward({x, scale, relu ? result : Tensor()});
    context->saved_data["parts"] = *parts;
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const SideGradients side(gradients[0].contiguous(), saved[2], saved[0], saved[1],
                             context->saved_data["parts"].toIntVector());
    return {side.to_x, side.to_scale, side.to_shift, {}, {}};
  }
};

struct ScaleShiftAddRelu : Function<ScaleShiftAddRelu> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& scale, const Tensor& shift,
                        const Tensor& other, const Tensor& other_scale, const Tensor& other_shift, const Parts* parts) {
    const Tensor result = torch::empty_like(x, x.options().requires_grad(false));
    each_part(*parts, scale.size(0), [&](std::int64_t part, std::int64_t first, std::int64_t last) {
      scale_shift_add_relu(row(x, first), row(scale, part), row(shift, part), row(other, first), row(other_scale, part),
                           row(other_shift, part), last - first, x.size(1), row(result, first));
    });
    context->save_for_backward({x, scale, other, other_scale, result});
    context->saved_data["parts"] = *parts;
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Parts parts = context->saved_data["parts"].toIntVector();
    const Tensor gradient = gradients[0].contiguous();
    const SideGradients own(gradient, saved[4], saved[0], saved[1], parts);
    const SideGradients others(gradient, saved[4], saved[2], saved[3], parts);
    return {own.to_x, own.to_scale, own.to_shift, others.to_x, others.to_scale, others.to_shift, {}};
  }
};

}  // namespace

bool has_cpu_gradients(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && !is_reduced_on_cpu();
}

Tensor sparse_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, const RulePaths& paths,
                          const float* packed_weights) {
  return Convolution::apply(x.contiguous(), weight, bias, &paths, packed_weights);
}

Tensor pool_rows(const Tensor& x, const Tensor& windows) { return Pooling::apply(x.contiguous(), windows); }

Tensor neighbour_sums(const Tensor& x, const std::shared_ptr<const RuleBook>& rules) {
  return NeighbourSums::apply(x.contiguous(), &rules);
}

Tensor neighbour_maxima(const Tensor& x, const RuleBook& rules) {
  const Tensor values = x.detach().contiguous(), result = torch::empty_like(values);
  neighbour_maxima(rules, values.data_ptr<float>(), values.size(1), result.data_ptr<float>());
  return result;
}

Moments moments_of(const Tensor& x, const Parts& parts, const Tensor& copies) {
  const variable_list both = MomentsOf::apply(x.contiguous(), &parts, &copies);
  return {both[0], both[1]};
}

Tensor scale_shift(const Tensor& x, const Tensor& scale, const Tensor& shift, const Parts& parts, bool relu) {
  return ScaleShift::apply(x.contiguous(), scale.contiguous(), shift.contiguous(), &parts, relu);
}

Tensor scale_shift_add_relu(const Tensor& x, const Tensor& scale, const Tensor& shift, const Tensor& other,
                            const Tensor& other_scale, const Tensor& other_shift, const Parts& parts) {
  return ScaleShiftAddRelu::apply(x.contiguous(), scale.contiguous(), shift.contiguous(), other.contiguous(),
                                  other_scale.contiguous(), other_shift.contiguous(), &parts);
}

}  // namespace relocus
