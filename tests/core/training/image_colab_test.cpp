// Training as NetVLAD in Colab does it, against the reference numbers: 18 triplets, with the steps as they should be
// and as the notebook makes them.

#include <cmath>

#include "core/networks/device.h"
#include "core/networks/image_netvlad.h"
#include "core/training/image_losses.h"
#include "core/training/optimiser.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/image_golden.h"

using namespace relocus;
using namespace relocus::test;

namespace {

constexpr int batch = 8, epochs = 2;

/// The order in which the reference numbers list what learns.
const std::vector<std::string> learning{"encoder.24.weight", "encoder.24.bias",   "encoder.26.weight",
                                        "encoder.26.bias",   "encoder.28.weight", "encoder.28.bias",
                                        "pool.centroids",    "pool.conv.weight"};

struct Notebook {
  Arrays golden;
  torch::Tensor triplets;  ///< [9, 3] of images
  torch::Tensor before;    ///< [12, 512, h, w]: what the layers give that stay as they are
  std::shared_ptr<ImageNetVlad> network;

  /// Descriptors of a triplet: anchor, positive, negative.
  torch::Tensor describe(std::int64_t triplet) const {
    const auto parameters = network->named_parameters();
    torch::Tensor x = before.index_select(0, triplets[triplet]);
    for (const char* layer : {"24", "26", "28"}) {
      if (std::string(layer) != "24") x = torch::relu(x);
      const std::string name = std::string("encoder.") + layer;
      // As one product: convolutions in double precision are slow.
      const torch::Tensor weight = parameters[name + ".weight"], bias = parameters[name + ".bias"];
      const torch::Tensor columns = torch::im2col(x, {3, 3}, {1, 1}, {1, 1}, {1, 1});  // [3, C * 9, h * w]
      x = (torch::matmul(weight.flatten(1), columns) + bias.unsqueeze(1)).view({x.size(0), -1, x.size(2), x.size(3)});
    }
    return network->describe(x).vlad;
  }
  ImageTripletLoss loss(std::int64_t triplet) const {
    const torch::Tensor all = describe(triplet);
    return image_triplets(all.slice(0, 0, 1), all.slice(0, 1, 2), all.slice(0, 2, 3), torch::zeros({1}, torch::kLong),
                          std::sqrt(0.1));
  }
  Tensors weights() const {
    Tensors all;
    for (const std::string& name : learning) all[name] = network->named_parameters()[name].detach().clone();
    return all;
  }
};

}  // namespace

class ImageColabTest : public QObject {
  Q_OBJECT
  Notebook notebook_;

 private Q_SLOTS:
  void initTestCase() {
    set_torch_threads(0);
    const auto file = golden_folder() / "image/netvlad_colab.npz";
    if (!std::filesystem::exists(file)) QSKIP("no reference numbers");
    notebook_.golden = read_npz(file);
    notebook_.triplets = tensor_of(notebook_.golden.at("triplets")).to(torch::kLong);
    const torch::NoGradGuard no_gradient;
    notebook_.network = std::make_shared<ImageNetVlad>(
        ImageWidths{.clusters = int(notebook_.golden.at("desc0_f64").shape[1] / 512), .descriptor = 0});
    notebook_.network->encoder().freeze();
    fill_by_golden_rule(*notebook_.network, "", golden_suffix());
    const torch::Tensor pixels = pixels_of(notebook_.golden.at("image_u8"));
    std::vector<torch::Tensor> parts;
    for (std::int64_t i = 0; i < pixels.size(0); ++i)
      notebook_.network->encoder().forward(notebook_.network->input().forward(pixels.slice(0, i, i + 1)),
                                           [&](int module, const torch::Tensor& x) {
                                             if (module == Vgg16::first_trained - 1) parts.push_back(x.clone());
                                           });
    // In double precision from here on: steps of a rate this large blow rounding up.
    notebook_.before = torch::cat(parts).to(torch::kDouble);
    notebook_.network->to(torch::kDouble);
  }

  void losses_and_gradients_of_single_triplets_are_the_notebook_s() {
    const torch::Tensor losses = tensor_of(notebook_.golden.at("single_loss_f64")),
                        distances = tensor_of(notebook_.golden.at("single_dist_ap_an_f64")),
                        norms = tensor_of(notebook_.golden.at("single_gradnorm_f64"));
    RELOCUS_AT_MOST(max_difference(notebook_.describe(0), tensor_of(notebook_.golden.at("desc0_f64"))), 1e-6);
    for (std::int64_t i = 0; i < notebook_.triplets.size(0); ++i) {
      const ImageTripletLoss found = notebook_.loss(i);
      RELOCUS_AT_MOST(std::abs(found.loss.item<double>() - losses[i].item<double>()), 2e-6);
      RELOCUS_AT_MOST(std::abs(found.positive_distance - distances[i][0].item<double>()), 2e-6);
      RELOCUS_AT_MOST(std::abs(found.negative_distance - distances[i][1].item<double>()), 2e-6);
      found.loss.backward();
      for (std::size_t p = 0; p < learning.size(); ++p) {
        torch::Tensor& gradient = notebook_.network->named_parameters()[learning[p]].mutable_grad();
        const double wanted = norms[i][std::int64_t(p)].item<double>(), own = gradient.norm().item<double>();
        QVERIFY2(std::abs(own - wanted) <= 1e-4 * wanted,
                 qPrintable(QString("%1 %2: %3, wanted %4").arg(i).arg(learning[p].c_str()).arg(own).arg(wanted)));
        if (i == 0)
          RELOCUS_AT_MOST(
              relative_difference(at_places(gradient, notebook_.golden.at("grad0_idx_" + underscored(learning[p]))),
                                  tensor_of(notebook_.golden.at("grad0_val_f64_" + underscored(learning[p])))),
              1e-3);
        gradient = torch::Tensor();
      }
    }
  }

  void steps_are_the_corrected_or_the_notebook_s_data() {
    QTest::addColumn<bool>("reference");
    QTest::newRow("fixed") << false;
    QTest::newRow("original") << true;
  }
  void steps_are_the_corrected_or_the_notebook_s() {
    QFETCH(bool, reference);
    const std::string kind = reference ? "original_lr001_f64" : "fixed_lr001_f64";
    const Tensors start = notebook_.weights();
    ImageVladOptions options;
    options.mining = "random", options.reference = reference;
    Optimiser optimiser(*notebook_.network, options.optimiser_options());
    std::vector<double> losses;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      for (const std::string& name : learning)  // what was left over is dropped
        notebook_.network->named_parameters()[name].mutable_grad() = torch::Tensor();
      for (std::int64_t i = 0; i < notebook_.triplets.size(0); ++i) {
        const torch::Tensor loss = notebook_.loss(i).loss;
        losses.push_back(loss.item<double>());
        (reference ? loss : loss / batch).backward();
        if ((i + 1) % batch == 0) optimiser.step(1e-2);
      }
    }
    RELOCUS_AT_MOST(
        max_difference(torch::tensor(losses, torch::kDouble), tensor_of(notebook_.golden.at("loss_" + kind))), 2e-6);
    const torch::Tensor moved = tensor_of(notebook_.golden.at("delta_norm_" + kind)),
                        momentum = tensor_of(notebook_.golden.at("buffer_norm_" + kind));
    const Tensors end = notebook_.weights(), state = optimiser.state();
    for (std::size_t p = 0; p < learning.size(); ++p) {
      const std::string& name = learning[p];
      const double delta = moved[std::int64_t(p)].item<double>(), buffer = momentum[std::int64_t(p)].item<double>();
      RELOCUS_AT_MOST(std::abs((end.at(name) - start.at(name)).norm().item<double>() - delta), 1e-3 * delta);
      RELOCUS_AT_MOST(std::abs(state.at("momentum." + name).norm().item<double>() - buffer), 1e-5 * buffer);
      RELOCUS_AT_MOST(
          relative_difference(
              at_places(end.at(name) - start.at(name), notebook_.golden.at("grad0_idx_" + underscored(name))),
              tensor_of(
                  notebook_.golden.at("delta_val_f64_" + kind.substr(0, kind.size() - 4) + "_" + underscored(name)))),
          2e-3);
    }
    const torch::NoGradGuard no_gradient;
    for (const auto& [name, tensor] : start) notebook_.network->named_parameters()[name].copy_(tensor);
  }

 private:
  static std::string underscored(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
  }
};

QTEST_APPLESS_MAIN(ImageColabTest)
#include "image_colab_test.moc"
