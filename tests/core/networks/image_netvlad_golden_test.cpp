// NetVLAD of images against the reference numbers: PyTorch's programs, MATLAB's and TensorFlow's.

#include <algorithm>
#include <cmath>

#include "core/networks/device.h"
#include "core/networks/image_netvlad.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "tests/core/networks/image_golden.h"

using namespace relocus;
using namespace relocus::test;

namespace {

Arrays arrays_of(const char* name) {
  const auto file = golden_folder() / "image" / name;
  return std::filesystem::exists(file) ? read_npz(file) : Arrays();
}

const Array& array(const Arrays& arrays, const std::string& name) { return arrays.at(name); }

/// Gives a network the reference's numbers whose names begin with `prefix`.
void fill(ImageNetVlad& network, const std::string& prefix = {}) {
  fill_by_golden_rule(network, prefix, golden_suffix());
  network.eval();
}

/// The rule numbers the columns of MATLAB's whitening c * K + k; ours are k * C + c.
void reorder_whitening(ImageNetVlad& network) {
  const torch::NoGradGuard no_gradient;
  torch::Tensor weight = network.named_parameters()["WPCA.0.weight"];
  const std::int64_t k = network.widths().clusters, c = network.widths().block5;
  weight.copy_(weight.view({-1, c, k}).transpose(1, 2).reshape(weight.sizes()).clone());
}

std::map<std::string, Flavour> flavours() {
  return {{"matlab", Flavour::Matlab}, {"tfmat", Flavour::TfMat}, {"tfdep", Flavour::Tf}, {"torch", Flavour::Torch}};
}

}  // namespace

class ImageNetvladGoldenTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { set_torch_threads(0); }

  void the_rule_gives_its_numbers() {
    const auto is = [](const char* name, std::initializer_list<double> numbers) {
      std::uint64_t i = 0;
      for (const double number : numbers) QCOMPARE(golden_number(name, i++), number);
    };
    is("encoder.0.weight", {0.26815652847290039, -0.42920649051666260, 0.63167715072631836, -0.10241580009460449});
    is("pool.centroids", {-0.30463957786560059, 0.22560477256774902, -0.49513816833496094, -0.54130518436431885});
  }

  void pytorchs_program_is_met_layer_by_layer() {
    const torch::NoGradGuard no_gradient;
    const Arrays golden = arrays_of("netvlad_vgg16.npz");
    if (golden.empty()) QSKIP("no reference numbers");
    const auto whitened = std::ranges::find_if(
        golden, [](const auto& item) { return item.first.starts_with("wpca") && item.first.ends_with("_f64"); });
    const std::int64_t clusters = array(golden, "softassign_mean_f64").shape[0];
    ImageNetVlad network({.clusters = int(clusters), .descriptor = int(whitened->second.shape[0])});
    fill(network);
    const torch::Tensor pixels = pixels_of(array(golden, "image_u8"));

    const torch::Tensor layers = tensor_of(array(golden, "layer_stats_f64"));
    std::vector<double> errors;
    const torch::Tensor map =
        network.encoder().forward(network.input().forward(pixels), [&](int module, const torch::Tensor& output) {
          // The mean of signed numbers may be next to 0: all are seen beside the length.
          const torch::Tensor found = statistics_of(output), wanted = layers[module].to(torch::kDouble);
          const torch::Tensor scale = torch::maximum(wanted.abs(), wanted[1]);
          errors.push_back(((found - wanted).abs() / scale).max().item<double>());
        });
    QCOMPARE(errors.size(), std::size_t(layers.size(0)));
    for (std::size_t i = 0; i < errors.size(); ++i)
      QVERIFY2(errors[i] <= 1e-4, qPrintable(QString("module %1: %2").arg(i).arg(errors[i])));
    const std::vector<float>& shape = array(golden, "enc_shape").values;
    QCOMPARE(map.sizes().vec(), std::vector<std::int64_t>(shape.begin(), shape.end()));
    RELOCUS_AT_MOST(max_difference(at_places(map, array(golden, "enc_idx")), tensor_of(array(golden, "enc_val_f64"))),
                    4e-4);

    const ImageNetVlad::Result result = network.describe(map);
    const torch::Tensor assignment = result.cells.assignment[0];  // [K, N]
    RELOCUS_AT_MOST(max_difference(assignment.mean(1), tensor_of(array(golden, "softassign_mean_f64"))), 1e-5);
    RELOCUS_AT_MOST(max_difference(assignment.amax(1), tensor_of(array(golden, "softassign_max_f64"))), 1e-4);
    RELOCUS_AT_MOST(max_difference(result.vlad[0], tensor_of(array(golden, "vlad_f64"))), 2e-7);
    RELOCUS_AT_MOST(max_difference(result.descriptor[0], tensor_of(whitened->second)), 5e-7);
  }

  void matlabs_and_tensorflows_programs_are_met() {
    const torch::NoGradGuard no_gradient;
    const Arrays golden = arrays_of("netvlad_matlab.npz");
    if (golden.empty()) QSKIP("no reference numbers");
    const ImageWidths widths{.clusters = 64, .descriptor = int(array(golden, "desc_matlab").shape[0])};
    const torch::Tensor pixels = pixels_of(array(golden, "image_u8"));
    torch::Tensor map, gray_map;
    Tensors weights;
    for (const auto& [name, flavour] : flavours()) {
      ImageNetVlad network(widths, flavour);
      if (!map.defined()) {
        fill(network);
        reorder_whitening(network);
        network.input().subtract(tensor_of(array(golden, "average_rgb")));
        weights = state_of(network, "");
        map = network.encoder().forward(network.input().forward(pixels));
        const torch::Tensor gray = pixels.select(1, 0).unsqueeze(1).expand_as(pixels);
        gray_map = network.encoder().forward(network.input().forward(gray));
        RELOCUS_AT_MOST(
            relative_difference(at_places(map, array(golden, "conv5_idx")), tensor_of(array(golden, "conv5_val"))),
            2e-5);
      }
      load_strictly(network, weights, "", "the rule");
      const ImageNetVlad::Result result = network.describe(map);
      const torch::Tensor vlad = result.vlad.view({widths.clusters, widths.block5}).t();  // MATLAB's order
      RELOCUS_AT_MOST(
          max_difference(at_places(vlad, array(golden, "vlad_idx")), tensor_of(array(golden, "vlad_val_" + name))),
          3e-7);
      RELOCUS_AT_MOST(max_difference(result.descriptor[0], tensor_of(array(golden, "desc_" + name))), 1e-6);
      if (flavour == Flavour::Tf) {
        RELOCUS_AT_MOST(max_difference(result.descriptor[0], tensor_of(array(golden, "desc_nets_py"))), 1e-6);
        RELOCUS_AT_MOST(max_difference(network.describe(gray_map).descriptor[0],
                                       tensor_of(array(golden, "desc_nets_py_gray_channel0"))),
                        1e-6);
      }
      if (flavour == Flavour::Matlab) {
        const torch::Tensor wanted = tensor_of(array(golden, "first128_renorm"));
        const torch::Tensor first = result.descriptor[0].slice(0, 0, wanted.size(0));
        RELOCUS_AT_MOST(max_difference(first / first.norm(), wanted), 3e-6);
      }
    }
  }

  void where_a_cluster_has_hardly_a_residual_the_flavours_differ_as_they_should() {
    const torch::NoGradGuard no_gradient;
    const Arrays golden = arrays_of("netvlad_matlab.npz");
    if (golden.empty()) QSKIP("no reference numbers");
    const torch::Tensor map = tensor_of(array(golden, "eps_X")).unsqueeze(0).to(torch::kDouble);
    const torch::Tensor assigns = tensor_of(array(golden, "eps_conv_weight"));
    ImageWidths widths{.block5 = int(assigns.size(1)), .clusters = int(assigns.size(0))};
    widths.descriptor = int(array(golden, "eps_desc_torch").shape[0]);
    const auto numbers = read_npz_doubles(golden_folder() / "image/netvlad_matlab.npz");
    const auto doubles = [&](const std::string& name) {
      return torch::tensor(numbers.at(name).values, torch::kDouble);
    };
    std::map<std::string, torch::Tensor> descriptors;
    for (const auto& [name, flavour] : flavours()) {
      ImageNetVlad network(widths, flavour);
      fill(network, "eps.");
      reorder_whitening(network);
      torch::Tensor weight = network.named_parameters()["pool.conv.weight"];
      weight.copy_(assigns.view(weight.sizes()));
      network.named_parameters()["WPCA.0.bias"].zero_();
      network.to(torch::kDouble);
      const ImageNetVlad::Result result = network.describe(map);
      const torch::Tensor vlad = result.vlad.view({widths.clusters, widths.block5}).t().reshape({-1});
      RELOCUS_AT_MOST(max_difference(vlad, doubles("eps_vlad_" + name)), 1e-9);
      RELOCUS_AT_MOST(max_difference(result.descriptor[0], doubles("eps_desc_" + name)), 1e-9);
      const torch::Tensor residuals = network.pool().residuals(result.cells)[0].flatten();
      RELOCUS_AT_MOST(max_difference(residuals, doubles("eps_Vraw")), 1e-9);
      descriptors[name] = vlad;
    }
    QVERIFY(max_difference(descriptors["matlab"], descriptors["torch"]) > 0.2);
  }

  void triplets_have_the_notebooks_losses_and_gradients() {
    const Arrays golden = arrays_of("netvlad_colab.npz");
    if (golden.empty()) QSKIP("no reference numbers");
    const torch::Tensor images = pixels_of(array(golden, "image_u8"));
    const torch::Tensor triplets = tensor_of(array(golden, "triplets")).to(torch::kLong);
    ImageNetVlad network({.clusters = 16, .descriptor = 0});
    fill(network);
    network.encoder().freeze();
    std::vector<std::pair<std::string, torch::Tensor>> trained;  // in the notebook's order
    for (const auto& item : network.named_parameters())
      if (item.key().starts_with("encoder.") && item.value().requires_grad())
        trained.emplace_back(item.key(), item.value());
    for (const char* name : {"pool.centroids", "pool.conv.weight"})
      trained.emplace_back(name, network.named_parameters()[name]);
    QCOMPARE(trained.size(), std::size_t(array(golden, "single_gradnorm_f64").shape[1]));

    double worst = 0;
    for (std::int64_t t = 0; t < triplets.size(0); ++t) {
      const torch::Tensor rows = network.forward(images.index_select(0, triplets[t])).descriptor;  // [3, 8192]
      const auto distance = [&](int other) { return (rows[0] - rows[other] + 1e-6).norm(); };
      const torch::Tensor positive = distance(1), negative = distance(2);
      const torch::Tensor loss = torch::relu(positive - negative + std::sqrt(0.1));
      const auto wanted = [&](const char* name, std::int64_t columns, std::int64_t column) {
        return double(array(golden, name).values[std::size_t(t * columns + column)]);
      };
      RELOCUS_AT_MOST(std::abs(loss.item<double>() - wanted("single_loss_f64", 1, 0)), 2e-6);
      RELOCUS_AT_MOST(std::abs(positive.item<double>() - wanted("single_dist_ap_an_f64", 2, 0)), 2e-6);
      RELOCUS_AT_MOST(std::abs(negative.item<double>() - wanted("single_dist_ap_an_f64", 2, 1)), 2e-6);
      network.zero_grad();
      if (loss.item<double>() > 0) loss.backward();
      for (std::size_t p = 0; p < trained.size(); ++p) {
        const torch::Tensor& gradient = trained[p].second.grad();
        const double norm = gradient.defined() ? gradient.to(torch::kDouble).norm().item<double>() : 0;
        const double expected = wanted("single_gradnorm_f64", std::int64_t(trained.size()), std::int64_t(p));
        if (expected > 0)
          worst = std::max(worst, std::abs(norm / expected - 1));
        else
          QCOMPARE(norm, 0.0);
      }
      if (t > 0) continue;
      RELOCUS_AT_MOST(max_difference(rows, tensor_of(array(golden, "desc0_f64"))), 2e-7);
      for (auto [name, parameter] : trained) {
        std::ranges::replace(name, '.', '_');
        const torch::Tensor expected = tensor_of(array(golden, "grad0_val_f64_" + name));
        const torch::Tensor found = at_places(parameter.grad(), array(golden, "grad0_idx_" + name));
        QVERIFY2(relative_difference(found, expected) <= 1e-3, name.c_str());
      }
    }
    RELOCUS_AT_MOST(worst, 1e-4);
  }
};

QTEST_APPLESS_MAIN(ImageNetvladGoldenTest)
#include "image_netvlad_golden_test.moc"
