// ClusVPR against the reference numbers of the authors' program.

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/networks/clusvpr.h"
#include "core/networks/device.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/image_golden.h"

using namespace relocus;
using namespace relocus::test;
using Json = nlohmann::json;

namespace {

const Json& golden() {
  static const Json all = [] {
    std::ifstream file(golden_folder() / "image/clusvpr_golden.json");
    return file ? Json::parse(file) : Json();
  }();
  return all;
}

/// factor * sin(a * i + b), i counting the elements.
torch::Tensor sines(at::IntArrayRef shape, double factor, double a, double b) {
  const std::int64_t count = c10::multiply_integers(shape);
  const torch::Tensor i = torch::arange(count, torch::kDouble);
  return (factor * torch::sin(a * i + b)).to(torch::kFloat).view(shape);
}

void flatten(const Json& json, std::vector<double>& values) {
  if (json.is_array())
    for (const Json& item : json) flatten(item, values);
  else
    values.push_back(json.get<double>());
}

double difference(const torch::Tensor& found, const Json& wanted) {
  std::vector<double> values;
  flatten(wanted, values);
  return max_difference(found.flatten(), torch::tensor(values, torch::kDouble));
}

torch::Tensor& parameter(torch::nn::Module& module, const char* name) { return module.named_parameters()[name]; }

}  // namespace

class ClusvprGoldenTest : public QObject {
  Q_OBJECT

  const Arrays& arrays() const {
    static const Arrays all = [] {
      const auto file = golden_folder() / "image/clusvpr.npz";
      return std::filesystem::exists(file) ? read_npz(file) : Arrays();
    }();
    return all;
  }

  /// Of whole tensors, or of the places that are listed.
  torch::Tensor wanted(const std::string& name) const { return tensor_of(arrays().at(name + "_f64")); }
  torch::Tensor found(const std::string& name, const torch::Tensor& tensor) const {
    const auto places = arrays().find(name + "_idx");
    return places == arrays().end() || arrays().at(name + "_f64").values.size() == std::size_t(tensor.numel())
               ? tensor.flatten()
               : at_places(tensor, places->second);
  }
  double largest(const std::string& name, const torch::Tensor& tensor) const {
    return max_difference(found(name, tensor), wanted(name).flatten());
  }
  double relative(const std::string& name, const torch::Tensor& tensor) const {
    return relative_difference(found(name, tensor), wanted(name).flatten());
  }

  void compare_with(const std::string& prefix, Clusvpr& network, double block0, double block1, double later,
                    double tokens, double vlad, double pca) {
    const auto images = read_npz(golden_folder() / "image/clusvpr_images.npz");
    const torch::Tensor pixels = torch::cat({pixels_of(images.at("image0_u8")), pixels_of(images.at("image1_u8"))});
    const Clusvpr::Result result = network.forward(pixels, true);
    const auto name = [&](const char* part) { return prefix + part; };
    RELOCUS_AT_MOST(relative(name("conv5"), result.map), 2e-5);
    RELOCUS_AT_MOST(relative(name("pool"), result.map.amax({2, 3})), 2e-5);
    // Block by block, as the golden values are.
    torch::Tensor map = result.map;
    const double tolerances[] = {block0, block1, later, later};
    std::vector<torch::Tensor> factors;
    for (int block = 0; block < 4; ++block) {
      const auto layer = network.pool().named_modules()["vit_layer." + std::to_string(block)];
      map = std::dynamic_pointer_cast<CwtBlock>(layer)->forward(map);
      const double error = relative(prefix + "block" + std::to_string(block), map);
      QVERIFY2(error <= tolerances[block], qPrintable(QString("block %1: %2").arg(block).arg(error)));
      factors.push_back(result.steps[std::size_t(block)].factors);
    }
    QCOMPARE(result.transformed.sizes(), map.sizes());
    RELOCUS_AT_MOST(largest(name("tokenw"), torch::stack(factors, 1)), tokens);
    RELOCUS_AT_MOST(relative(name("vlad"), result.residuals), vlad);
    RELOCUS_AT_MOST(largest(name("pca"), result.descriptor), pca);
    if (prefix != "imagenet_") return;
    RELOCUS_AT_MOST(largest(name("gem"), result.cells.means), 3e-4);
    RELOCUS_AT_MOST(largest(name("desc"), result.vlad), 5e-6);
  }

 private Q_SLOTS:
  void initTestCase() { set_torch_threads(0); }

  void tokens_weigh_by_their_distances() {
    if (golden().is_null()) QSKIP("no reference numbers");
    const Json& given = golden()["a_token_weight"];
    const torch::Tensor factors = token_factors(sines({2, 13, 4}, 1, 0.7, 0.3), given["k"].get<std::int64_t>());
    RELOCUS_AT_MOST(difference(factors, given["factor"]), 1e-5);
  }

  void generalised_means_are_the_programs() {
    if (golden().is_null()) QSKIP("no reference numbers");
    const Json& given = golden()["b_gem"];
    const torch::Tensor p = torch::tensor(given["p"].get<std::vector<float>>());
    const torch::Tensor means = generalised_means(sines({2, 2, 4, 3}, 1, 0.9, 0.1), p);
    RELOCUS_AT_MOST(difference(means, given["gem"]), 1e-5);
    RELOCUS_AT_MOST(difference(torch::sigmoid(means), given["sigmoid"]), 1e-5);
  }

  void optlad_sums_residuals_of_groups() {
    const torch::NoGradGuard no_gradient;
    if (golden().is_null()) QSKIP("no reference numbers");
    const ClusvprWidths widths{.block5 = 4,
                               .blocks = 0,
                               .hidden = 2,
                               .expansion = 2,
                               .groups = 2,
                               .clusters = 3,
                               .exponent_rows = 2,
                               .exponent_columns = 3};
    OptLad pool(widths, ClusvprForm::Reference);
    parameter(pool, "linear1.weight").copy_(sines({8, 4}, 1, 0.37, 0.2));
    parameter(pool, "conv.weight").copy_(sines({3, 4, 1, 1}, 2, 1.3, 0.5));
    parameter(pool, "centroids").copy_(sines({3, 4}, 0.5, 0.81, 0.9));
    const torch::Tensor residuals = pool.residuals(pool.cells(sines({2, 4, 2, 3}, 3, 0.53, 0.4)));
    RELOCUS_AT_MOST(difference(residuals, golden()["c_optlad"]["vlad"]), 1e-5);
    RELOCUS_AT_MOST(difference(normalised_vlad(residuals), golden()["c_optlad"]["descriptor"]), 1e-5);
  }

  void a_block_is_the_programs() {
    const torch::NoGradGuard no_gradient;
    if (golden().is_null()) QSKIP("no reference numbers");
    const Json& given = golden()["d_cwtnet"];
    CwtBlock block({.block5 = 8, .hidden = 4, .mlp = 8});
    block.eval();
    std::map<std::string, torch::Tensor> parameters;  // in the order of their names
    for (const auto& item : block.named_parameters()) parameters[item.key()] = item.value();
    std::size_t j = 0;
    for (auto& [name, tensor] : parameters) {
      QCOMPARE(given["params"][j][0].get<std::string>(), name);
      tensor.copy_(sines(tensor.sizes(), 0.5, 0.61, 0.1 * double(++j)));
    }
    QCOMPARE(given["params"].size(), j);
    const torch::Tensor x = sines({2, 8, 8, 6}, 2, 0.29, 0.15);
    const torch::Tensor y = block.forward(x);
    RELOCUS_AT_MOST(difference(y[0][0], given["out_[0,0]"]), 1e-5);
    RELOCUS_AT_MOST(difference(y[1][7], given["out_[1,7]"]), 1e-5);
    RELOCUS_AT_MOST(std::abs(y.sum(torch::kDouble).item<double>() - given["out_sum"].get<double>()), 1e-3);
    const torch::Tensor branch = block.transform(x.slice(1, 4));
    RELOCUS_AT_MOST(difference(branch[0][0], given["global_cwt_[0,0]"]), 1e-5);
    RELOCUS_AT_MOST(std::abs(branch.sum(torch::kDouble).item<double>() - given["global_cwt_sum"].get<double>()), 1e-3);
  }

  void the_whole_network_is_met_in_both_forms_and_scales_of_pixels() {
    const torch::NoGradGuard no_gradient;
    if (arrays().empty()) QSKIP("no reference numbers");
    const ClusvprWidths widths{.descriptor = int(arrays().at("imagenet_pca_f64").shape[1])};
    for (const ClusvprForm form : {ClusvprForm::Fixed, ClusvprForm::Reference}) {
      Clusvpr network(widths, form);
      fill_by_golden_rule(network, "", golden_suffix());
      network.eval();
      if (form == ClusvprForm::Fixed) {
        compare_with("imagenet_", network, 1e-4, 1e-4, 2e-3, 1e-3, 1e-4, 2e-6);
      } else {
        use_published_pixels(network.input());
        compare_with("clus_", network, 1e-3, 2e-2, 2e-2, 1e-2, 5e-4, 1e-5);
      }
      // The names of the published checkpoints, without those of ours.
      std::ifstream names(golden_folder() / "image/clusvpr_state_dict.txt");
      std::size_t count = 0;
      for (std::string line; std::getline(names, line); ++count) {
        const std::string name = line.substr(0, line.find(' '));
        QVERIFY2(network.named_parameters().contains(name) || network.named_buffers().contains(name), name.c_str());
      }
      QCOMPARE(count, network.named_parameters().size() + network.named_buffers().size() - 5);  // pca., input.
    }
  }

  void a_pyramid_of_regions_is_met() {
    const torch::NoGradGuard no_gradient;
    if (arrays().empty()) QSKIP("no reference numbers");
    Clusvpr network({.exponent_rows = 1, .exponent_columns = 1, .descriptor = 0});
    fill_by_golden_rule(network, "", golden_suffix());
    parameter(network, "net_vlad.GeM_pool.p").fill_(3);
    network.eval();
    torch::Tensor map = torch::empty({3, 512, 30, 40});
    for (std::int64_t i = 0; i < map.numel(); ++i)
      map.data_ptr<float>()[i] = float(golden_number("clusvpr.map" + golden_suffix(), std::uint64_t(i)));
    const torch::Tensor regions = network.regions(map);  // [3, 21, 8192]
    QCOMPARE(regions.sizes().vec(), (std::vector<std::int64_t>{3, 21, 8192}));
    const torch::Tensor a = regions[0], b = regions.slice(0, 1);
    RELOCUS_AT_MOST(max_difference(torch::matmul(a, b.transpose(1, 2)), tensor_of(arrays().at("region_score"))[0]),
                    1e-5);
    RELOCUS_AT_MOST(max_difference(at_places(a, arrays().at("region_A_idx")), tensor_of(arrays().at("region_A_val"))),
                    2e-5);
    RELOCUS_AT_MOST(max_difference(at_places(b, arrays().at("region_B_idx")), tensor_of(arrays().at("region_B_val"))),
                    2e-5);
  }

  void any_size_and_any_batch_is_described() {
    const torch::NoGradGuard no_gradient;
    const ClusvprWidths widths{.block1 = 2,
                               .block2 = 2,
                               .block3 = 4,
                               .block4 = 4,
                               .block5 = 8,
                               .blocks = 2,
                               .hidden = 4,
                               .mlp = 8,
                               .groups = 4,
                               .clusters = 3,
                               .exponent_rows = 3,
                               .exponent_columns = 4,
                               .descriptor = 6};
    Clusvpr network(widths);
    fill_by_golden_rule(network, "");
    network.eval();
    for (const auto& [height, width] : {std::pair{48, 64}, {80, 112}, {16, 16}, {853, 40}}) {
      const torch::Tensor pixels = torch::randint(0, 256, {2, 3, height, width}, torch::kByte);
      const torch::Tensor both = network.forward(pixels).descriptor;
      QVERIFY(torch::isfinite(both).all().item<bool>());
      RELOCUS_AT_MOST(max_difference(network.forward(pixels.slice(0, 0, 1)).descriptor[0], both[0]), 1e-5);
    }
    QVERIFY(torch::isfinite(network.forward(torch::zeros({1, 3, 48, 64})).descriptor).all().item<bool>());

    Clusvpr published(widths, ClusvprForm::Reference);
    fill_by_golden_rule(published, "");
    published.eval();
    const torch::Tensor fitting = torch::randint(0, 256, {1, 3, 48, 64}, torch::kByte);
    QVERIFY(torch::equal(published.forward(fitting).descriptor, network.forward(fitting).descriptor));
    const std::string error = error_of([&] { published.forward(torch::zeros({1, 3, 80, 112})); });
    for (const char* part : {"4 x 3 cells", "7 x 5", "64 x 48 pixels", "form=fixed"})
      QVERIFY2(error.find(part) != std::string::npos, error.c_str());
    const std::string parts = error_of([&] { network.regions(torch::zeros({1, 8, 4, 4})); });
    QVERIFY2(parts.find("cannot be parted") != std::string::npos, parts.c_str());
    const std::string odd = error_of([&] { check(ClusvprWidths{.block5 = 7}); });
    QVERIFY2(odd.find("must be even") != std::string::npos, odd.c_str());
  }

  void tokens_at_the_same_distances_count_the_same() {
    QVERIFY(torch::equal(token_factors(torch::ones({2, 13, 4})), torch::ones({2, 13})));
    QVERIFY(torch::equal(token_factors(torch::rand({1, 1, 4})), torch::ones({1, 1})));
    const torch::Tensor few = token_factors(torch::rand({1, 4, 4}));  // fewer than there are neighbours
    QVERIFY(torch::isfinite(few).all().item<bool>());
    RELOCUS_AT_MOST(std::abs(few.min().item<double>() - 0.5), 1e-6);
    RELOCUS_AT_MOST(std::abs(few.max().item<double>() - 1.5), 1e-6);
  }

  void gradients_reach_every_parameter_but_those_of_the_unused_norm() {
    Clusvpr network({.block1 = 2,
                     .block2 = 2,
                     .block3 = 4,
                     .block4 = 4,
                     .block5 = 8,
                     .blocks = 2,
                     .hidden = 4,
                     .mlp = 8,
                     .groups = 4,
                     .clusters = 3,
                     .exponent_rows = 3,
                     .exponent_columns = 4,
                     .descriptor = 0});
    network.train();
    torch::manual_seed(1);
    const torch::Tensor map = network.encoder().forward(network.input().forward(torch::rand({2, 3, 48, 64}) * 255));
    const torch::Tensor regions = network.regions(map);
    (regions * torch::randn(regions.sizes())).sum().backward();
    for (const auto& item : network.named_parameters()) {
      const bool unused = item.key().find("global_bn") != std::string::npos;
      QVERIFY2(item.value().grad().defined() != unused, item.key().c_str());
      if (!unused) QVERIFY2(torch::isfinite(item.value().grad()).all().item<bool>(), item.key().c_str());
    }
  }

  void parameters_and_multiply_adds_are_counted() {
    const auto costs = clusvpr_costs({}, 480, 640);
    std::map<std::string, PartCost> parts;
    for (const PartCost& cost : costs) parts[cost.name] = cost;
    QCOMPARE(parts["VGG-16"].parameters, 14714688.0);
    QCOMPARE(parts["CWTNet"].parameters, 2666496.0);
    QCOMPARE(parts["OptLAD"].parameters, 541872.0);
    QCOMPARE(parts["whitening"].parameters, 33558528.0);
    QVERIFY(std::abs(parts["VGG-16"].multiply_adds / 1e9 - 93.959) < 0.001);
    QVERIFY(std::abs(parts["CWTNet"].multiply_adds / 1e9 - 1.059) < 0.001);
    QVERIFY(std::abs(parts["OptLAD"].multiply_adds / 1e9 - 0.708) < 0.001);
    QVERIFY(std::abs(parts["whitening"].multiply_adds / 1e9 - 0.034) < 0.001);
  }
};

QTEST_APPLESS_MAIN(ClusvprGoldenTest)
#include "clusvpr_golden_test.moc"
