// Relja Arandjelović's networks: struct `net` with a cell of layers, of MatConvNet.
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "core/mat_file.h"
#include "core/weights/foreign_model.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

const MatValue* field(const MatValue* value, const char* name) { return value ? value->field(name) : nullptr; }

/// Of MATLAB's shape, float or double; undefined when these are no numbers, or none at all.
torch::Tensor numbers(const MatValue* value) {
  if (!value || value->kind != MatValue::Kind::Numbers) return {};
  const std::vector<std::int64_t> stored_shape(value->shape.rbegin(), value->shape.rend());
  std::vector<std::int64_t> order;
  for (std::size_t axis = stored_shape.size(); axis-- > 0;) order.push_back(std::int64_t(axis));
  return std::visit(
      [&](const auto& values) {
        if (values.empty()) return torch::Tensor();
        using Number = std::decay_t<decltype(values[0])>;
        const auto type = std::is_same_v<Number, float> ? torch::kFloat : torch::kDouble;
        return torch::from_blob(const_cast<Number*>(values.data()), stored_shape, type).clone().permute(order);
      },
      value->numbers);
}

std::string text(const MatValue* value) {
  return value && value->rows.size() == 1 ? value->rows.front() : std::string();
}

/// Whether a setting is absent, or made of nothing but this number.
bool is_all(const MatValue* value, double wanted) {
  const torch::Tensor found = numbers(value);
  return !found.defined() || (found == wanted).all().item<bool>();
}

/// One network on its way into ours.
class Reader {
 public:
  Reader(const fs::path& file, const MatValue& net) : file_(file) {
    const MatValue* const layers = net.field("layers");
    if (!layers || layers->cells.empty()) throw Error("{}: its network has no cell array of layers", file.string());
    model_.flavour = "matlab";
    for (std::size_t i = 0; i < layers->cells.size(); ++i) take_layer(i, layers->cells[i]);
    if (convolutions_ != std::size(vgg_convolutions))
      problem("it has {} convolutions before NetVLAD where VGG-16 has {}", convolutions_, std::size(vgg_convolutions));
    if (clusters_ == 0) problem("it has no layer of NetVLAD");
    take_mean(&net);
    const std::string name = text(field(net.field("meta"), "netID"));
    if (!name.empty()) model_.numbers["netID"] = name;
  }

  ForeignModel result() && { return std::move(model_); }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    model_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void add(const std::string& name, const std::string& key, const torch::Tensor& stored, const torch::Tensor& tensor,
           const std::string& rule) {
    model_.items[name] = {tensor.contiguous(), key, stored.sizes().vec(), rule};
  }

  void take_layer(std::size_t i, const MatValue& layer) {
    if (layer.kind == MatValue::Kind::Object)
      throw Error(
          "{}: layer {} is an object of a MATLAB class, which only MATLAB reads; convert the network there with "
          "net_class2struct",
          file_.string(), i);
    const std::string type = text(layer.field("type")), name = text(layer.field("name"));
    const std::string key = fmt::format("layers{{{}}} {}", i, name);
    std::vector<torch::Tensor> parts;
    if (const MatValue* const weights = layer.field("weights"))
      for (const MatValue& part : weights->cells) parts.push_back(numbers(&part));
    if (type == "conv")
      clusters_ == 0 ? take_convolution(key, layer, parts) : take_whitening(key, parts);
    else if (type == "custom" && !parts.empty())
      take_vlad(key, parts);
    else if (type == "pool")
      check_pool(key, layer);
    else if (type == "normalize")
      check_normalisation(key, layer);
    else if (type != "relu" && type != "custom")
      problem("{} is of a kind that NetVLAD does not have: \"{}\"", key, type);
  }

  void take_convolution(const std::string& key, const MatValue& layer, const std::vector<torch::Tensor>& parts) {
    if (convolutions_ >= std::size(vgg_convolutions)) return void(++convolutions_);
    const std::string name = fmt::format("encoder.{}.", vgg_convolutions[convolutions_++]);
    if (parts.size() != 2 || !parts[0].defined() || !parts[1].defined() || parts[0].dim() != 4)
      return problem("{} has no kernels [h, w, in, out] and biases", key);
    if (!is_all(field(&layer, "pad"), 1) || !is_all(field(&layer, "stride"), 1) || !is_all(field(&layer, "dilate"), 1))
      problem("{} is no convolution with stride 1 and a margin of 1", key);
    add(name + "weight", key, parts[0], parts[0].permute({3, 2, 0, 1}), "[h, w, in, out] -> (3, 2, 0, 1)");
    add(name + "bias", key, parts[1], parts[1].reshape({-1}), "as a row");
  }

  void take_vlad(const std::string& key, const std::vector<torch::Tensor>& parts) {
    if (clusters_ > 0) return problem("{} is a second layer of NetVLAD", key);
    for (const torch::Tensor& part : parts)
      if (!part.defined() || part.dim() == 0) return problem("{} has weights that are no numbers", key);
    if (parts.size() != 2 && parts.size() != 3)
      return problem("{} has {} weights; NetVLAD has 2 or 3", key, parts.size());
    const torch::Tensor &assign = parts.front(), &centres = parts.back();
    clusters_ = assign.size(-1);
    if (clusters_ == 0 || assign.numel() == 0 || centres.numel() != assign.numel())
      return problem("{} has weights that do not fit each other", key);
    const std::int64_t features = assign.numel() / clusters_;
    add("pool.conv.weight", key, assign, assign.reshape({features, clusters_}).t().reshape({clusters_, features, 1, 1}),
        "[1, 1, D, K] transposed");
    add("pool.centroids", key, centres, -centres.reshape({features, clusters_}).t(),
        "[1, 1, D, K] transposed, of the other sign");
    if (parts.size() == 3) add("pool.conv.bias", key, parts[1], parts[1].reshape({-1}), "as a row");
  }

  void take_whitening(const std::string& key, const std::vector<torch::Tensor>& parts) {
    if (model_.items.contains("WPCA.0.weight")) return problem("{} is a second whitening", key);
    if (parts.size() != 2 || !parts[0].defined() || !parts[1].defined() || parts[0].numel() == 0 ||
        parts[0].size(-1) == 0)
      return problem("{} has no matrix and biases", key);
    const std::int64_t rows = parts[0].numel() / parts[0].size(-1);
    if (rows % clusters_ != 0) return problem("{} has {} rows for {} clusters", key, rows, clusters_);
    add("WPCA.0.weight", key, parts[0], whitening_from_channels(parts[0].reshape({rows, -1}), clusters_),
        "[1, 1, D * K, P] transposed, columns d * K + k -> k * D + d");
    add("WPCA.0.bias", key, parts[1], parts[1].reshape({-1}), "as a row");
  }

  void check_pool(const std::string& key, const MatValue& layer) {
    const std::string method = text(field(&layer, "method"));
    if ((!method.empty() && method != "max") || !is_all(field(&layer, "pool"), 2) ||
        !is_all(field(&layer, "stride"), 2) || !is_all(field(&layer, "pad"), 0))
      problem("{} does not take the greatest of 2 x 2", key);
  }

  /// param: depth (any that covers all channels), epsilon, alpha, beta.
  void check_normalisation(const std::string& key, const MatValue& layer) {
    const torch::Tensor param = numbers(field(&layer, "param"));
    if (!param.defined()) return;
    const torch::Tensor values = param.reshape({-1}).to(torch::kDouble);
    const auto is = [&](std::int64_t i, double wanted, double tolerance) {
      return values.numel() <= i || std::abs(values[i].item<double>() - wanted) <= tolerance;
    };
    if (!is(1, 1e-12, 1e-13) || !is(2, 1, 1e-6) || !is(3, 0.5, 1e-6))
      problem("{} does not divide by the root of the sum of squares and 1e-12", key);
  }

  void take_mean(const MatValue* net) {
    const MatValue* owner = field(field(net, "meta"), "normalization");
    if (!owner) owner = field(net, "normalization");
    const torch::Tensor image = numbers(field(owner, "averageImage"));
    if (!image.defined() || image.numel() % 3 != 0 || (image.dim() == 3 ? image.size(2) : image.numel()) != 3)
      return problem("it has no averageImage of three channels");
    const torch::Tensor rows = image.reshape({-1, 3}).to(torch::kFloat);
    add("input.mean", "meta.normalization.averageImage", image, rows[0], "its first pixel");
    add("input.scale", "", torch::ones({1}), torch::ones({1}), "pixels of 0 to 255");
    add("input.deviation", "", torch::ones({3}), torch::ones({3}), "none");
    if (!torch::equal(rows, rows[0].expand_as(rows)))
      model_.remarks.push_back("the average image is not the same everywhere; its first pixel is subtracted");
  }

  const fs::path& file_;
  ForeignModel model_;
  std::size_t convolutions_ = 0;
  std::int64_t clusters_ = 0;
};

}  // namespace

torch::Tensor whitening_from_channels(const torch::Tensor& stored, std::int64_t clusters) {
  const std::int64_t rows = stored.size(0), columns = stored.size(1), features = rows / clusters;
  return stored.t().reshape({columns, features, clusters}).transpose(1, 2).reshape({columns, rows, 1, 1});
}

bool is_matlab_file(const fs::path& file) { return is_mat_file(file); }

ForeignModel read_matlab_model(const fs::path& file) {
  const auto values = read_mat(file);
  const MatValue* net = nullptr;
  std::vector<std::string> others;
  for (const auto& [name, value] : values) {
    others.push_back(name);
    if (value.kind == MatValue::Kind::Object)
      throw Error("{}: \"{}\" is an object of a MATLAB class; convert the network in MATLAB with net_class2struct",
                  file.string(), name);
    if (value.field("layers") && (!net || name == "net")) net = &value;
  }
  if (!net)
    throw Error("{}: holds no struct \"net\" with layers, but {}", file.string(),
                others.empty() ? "nothing" : fmt::format("{}", fmt::join(others, ", ")));
  return Reader(file, *net).result();
}

}  // namespace relocus
