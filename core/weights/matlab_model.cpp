// Relja Arandjelović's networks: struct `net` with a cell of layers, of MatConvNet.
#include <fmt/ranges.h>
#include <matio.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>
#include <memory>

#include "core/error.h"
#include "core/weights/foreign_model.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t header_bytes = 128;  // of level 5
constexpr double max_expansion = 8 * 1032;   // a double stored as one byte, deflated as far as that goes
constexpr int max_depth = 16;

struct Close {
  void operator()(mat_t* file) const { Mat_Close(file); }
  void operator()(matvar_t* value) const { Mat_VarFree(value); }
};
using File = std::unique_ptr<mat_t, Close>;
using Value = std::unique_ptr<matvar_t, Close>;

std::string first_bytes(const fs::path& file, std::size_t count) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(count, '\0');
  stream.read(bytes.data(), std::streamsize(count));
  bytes.resize(std::size_t(std::max<std::streamsize>(stream.gcount(), 0)));
  return bytes;
}

Error damaged(const fs::path& file, const std::string& how) {
  return Error("{} is cut off or damaged: {}; get it again", file.string(), how);
}

/// The elements of a level-5 file follow each other to its end.
void check_level5(const fs::path& file) {
  const std::uint64_t size = fs::file_size(file);
  std::ifstream stream(file, std::ios::binary);
  std::uint64_t at = header_bytes;
  while (at < size) {
    std::uint32_t tag[2] = {};
    stream.seekg(std::streamoff(at));
    if (size - at < sizeof tag || !stream.read(reinterpret_cast<char*>(tag), sizeof tag))
      throw damaged(file, "its last element has no length");
    constexpr std::uint32_t matrix = 14, compressed = 15;
    if (tag[0] != matrix && tag[0] != compressed) throw damaged(file, fmt::format("an element of kind {}", tag[0]));
    if (tag[1] > size - at - sizeof tag)
      throw damaged(file, fmt::format("an element of {} bytes where {} are left", tag[1], size - at - sizeof tag));
    at += sizeof tag + tag[1];
  }
}

double elements_of(const matvar_t& value) {
  double count = 1;
  for (int axis = 0; axis < value.rank; ++axis) count *= double(value.dims[axis]);
  return count;
}

/// Refuses values that cannot be in the file, before anything is read of them.
void check_sizes(const fs::path& file, matvar_t* value, double most, int depth = 0) {
  if (!value) return;
  if (depth > max_depth) throw damaged(file, "values within values without end");
  const double count = value->rank > 0 ? elements_of(*value) : 0;
  const double bytes = double(std::max<std::size_t>(Mat_SizeOfClass(value->class_type), 1));
  if (count * bytes > most) throw damaged(file, fmt::format("it claims to hold {} numbers", count));
  if (value->class_type == MAT_C_CELL) {
    for (int i = 0; i < int(count) && value->data; ++i) check_sizes(file, Mat_VarGetCell(value, i), most, depth + 1);
  } else if (value->class_type == MAT_C_STRUCT) {
    const std::size_t fields = Mat_VarGetNumberOfFields(value);
    for (std::size_t i = 0; i < std::size_t(count) && value->data; ++i)
      for (std::size_t field = 0; field < fields; ++field)
        check_sizes(file, Mat_VarGetStructFieldByIndex(value, field, i), most, depth + 1);
  }
}

matvar_t* field(matvar_t* value, const char* name) {
  return value && value->class_type == MAT_C_STRUCT && value->data ? Mat_VarGetStructFieldByName(value, name, 0)
                                                                   : nullptr;
}

int cells(matvar_t* value) {
  return value && value->class_type == MAT_C_CELL && value->data ? int(elements_of(*value)) : 0;
}

bool is_number(const matvar_t* value) {
  return value && value->class_type >= MAT_C_DOUBLE && value->class_type <= MAT_C_UINT64 && value->data &&
         !value->isComplex && value->rank > 0 && value->nbytes > 0;
}

/// Of MATLAB's own shape, which leaves out axes of length 1 at the end. Undefined when these are no numbers.
torch::Tensor numbers(const matvar_t* value) {
  if (!is_number(value)) return {};
  torch::ScalarType type = torch::kDouble;
  switch (value->class_type) {
    case MAT_C_DOUBLE:
      break;
    case MAT_C_SINGLE:
      type = torch::kFloat;
      break;
    case MAT_C_INT8:
      type = torch::kChar;
      break;
    case MAT_C_UINT8:
      type = torch::kByte;
      break;
    case MAT_C_INT16:
      type = torch::kShort;
      break;
    case MAT_C_INT32:
      type = torch::kInt;
      break;
    case MAT_C_INT64:
      type = torch::kLong;
      break;
    default:
      return {};
  }
  std::vector<std::int64_t> shape, order;  // column-major: the axes the other way round
  for (int axis = value->rank - 1; axis >= 0; --axis) {
    shape.push_back(std::int64_t(value->dims[axis]));
    order.push_back(axis);
  }
  const torch::Tensor stored = torch::from_blob(value->data, shape, type);
  if (std::uint64_t(stored.numel()) * stored.element_size() > value->nbytes) return {};
  torch::Tensor plain = stored.clone();
  if (!plain.is_floating_point()) plain = plain.to(torch::kDouble);
  return plain.permute(order);
}

std::string text(const matvar_t* value) {
  if (!value || value->class_type != MAT_C_CHAR || !value->data) return {};
  const std::size_t count = std::min<std::size_t>(std::size_t(elements_of(*value)), 256);
  std::string result;
  for (std::size_t i = 0; i < count && i * std::size_t(value->data_size) < value->nbytes; ++i)
    result += value->data_size == 2 ? char(static_cast<const std::uint16_t*>(value->data)[i])
                                    : static_cast<const char*>(value->data)[i];
  return result;
}

/// Whether a setting is absent, or made of nothing but this number.
bool is_all(const matvar_t* value, double wanted) {
  const torch::Tensor found = numbers(value);
  return !found.defined() || (found == wanted).all().item<bool>();
}

/// One network on its way into ours.
class Reader {
 public:
  Reader(const fs::path& file, matvar_t* net) : file_(file) {
    matvar_t* const layers = field(net, "layers");
    const int count = cells(layers);
    if (count == 0) throw Error("{}: \"{}\" has no cell array of layers", file.string(), net->name ? net->name : "");
    model_.flavour = "matlab";
    for (int i = 0; i < count; ++i) take_layer(i, Mat_VarGetCell(layers, i));
    if (convolutions_ != std::size(vgg_convolutions))
      problem("it has {} convolutions before NetVLAD where VGG-16 has {}", convolutions_, std::size(vgg_convolutions));
    if (clusters_ == 0) problem("it has no layer of NetVLAD");
    take_mean(net);
    const matvar_t* const name = field(field(net, "meta"), "netID");
    if (!text(name).empty()) model_.numbers["netID"] = text(name);
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

  void take_layer(int i, matvar_t* layer) {
    if (!layer || layer->class_type == MAT_C_OBJECT || layer->class_type == MAT_C_OPAQUE ||
        layer->class_type == MAT_C_FUNCTION)
      throw Error(
          "{}: layer {} is an object of a MATLAB class, which only MATLAB reads; convert the network there with "
          "net_class2struct",
          file_.string(), i);
    const std::string type = text(field(layer, "type")), name = text(field(layer, "name"));
    const std::string key = fmt::format("layers{{{}}} {}", i, name);
    matvar_t* const weights = field(layer, "weights");
    std::vector<torch::Tensor> parts;
    for (int part = 0; part < cells(weights); ++part) parts.push_back(numbers(Mat_VarGetCell(weights, part)));
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

  void take_convolution(const std::string& key, matvar_t* layer, const std::vector<torch::Tensor>& parts) {
    if (convolutions_ >= std::size(vgg_convolutions)) return void(++convolutions_);
    const std::string name = fmt::format("encoder.{}.", vgg_convolutions[convolutions_++]);
    if (parts.size() != 2 || !parts[0].defined() || !parts[1].defined() || parts[0].dim() != 4)
      return problem("{} has no kernels [h, w, in, out] and biases", key);
    if (!is_all(field(layer, "pad"), 1) || !is_all(field(layer, "stride"), 1) || !is_all(field(layer, "dilate"), 1))
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

  void check_pool(const std::string& key, matvar_t* layer) {
    const std::string method = text(field(layer, "method"));
    if ((!method.empty() && method != "max") || !is_all(field(layer, "pool"), 2) ||
        !is_all(field(layer, "stride"), 2) || !is_all(field(layer, "pad"), 0))
      problem("{} does not take the greatest of 2 x 2", key);
  }

  /// param: depth (any that covers all channels), epsilon, alpha, beta.
  void check_normalisation(const std::string& key, matvar_t* layer) {
    const torch::Tensor param = numbers(field(layer, "param"));
    if (!param.defined()) return;
    const torch::Tensor values = param.reshape({-1}).to(torch::kDouble);
    const auto is = [&](std::int64_t i, double wanted, double tolerance) {
      return values.numel() <= i || std::abs(values[i].item<double>() - wanted) <= tolerance;
    };
    if (!is(1, 1e-12, 1e-13) || !is(2, 1, 1e-6) || !is(3, 0.5, 1e-6))
      problem("{} does not divide by the root of the sum of squares and 1e-12", key);
  }

  void take_mean(matvar_t* net) {
    matvar_t* owner = field(field(net, "meta"), "normalization");
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

bool is_matlab_file(const fs::path& file) {
  const std::string start = first_bytes(file, header_bytes);
  return start.starts_with("MATLAB 5.0") || start.starts_with("MATLAB 7.3") || start.starts_with("\x89HDF\r\n\x1a\n");
}

ForeignModel read_matlab_model(const fs::path& file) {
  if (first_bytes(file, header_bytes).starts_with("MATLAB 5.0")) check_level5(file);
  const double most = double(fs::file_size(file)) * max_expansion;
  const File mat(Mat_Open(file.c_str(), MAT_ACC_RDONLY));
  if (!mat) throw damaged(file, "MATLAB's format is not met");
  std::string name;
  std::vector<std::string> others;
  while (const Value value{Mat_VarReadNextInfo(mat.get())}) {
    check_sizes(file, value.get(), most);
    if (!value->name) continue;
    const bool is_net = field(value.get(), "layers") != nullptr;
    if (is_net && (name.empty() || std::string_view(value->name) == "net")) name = value->name;
    others.emplace_back(value->name);
    if (value->class_type == MAT_C_OBJECT || value->class_type == MAT_C_OPAQUE)
      throw Error("{}: \"{}\" is an object of a MATLAB class; convert the network in MATLAB with net_class2struct",
                  file.string(), value->name);
  }
  if (name.empty())
    throw Error("{}: holds no struct \"net\" with layers, but {}", file.string(),
                others.empty() ? "nothing" : fmt::format("{}", fmt::join(others, ", ")));
  const Value net(Mat_VarRead(mat.get(), name.c_str()));
  if (!net) throw damaged(file, fmt::format("\"{}\" cannot be read", name));
  return Reader(file, net.get()).result();
}

}  // namespace relocus
