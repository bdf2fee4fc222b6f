// Networks of images as the PyTorch, MATLAB and TensorFlow programs store them, as a models folder.

#include <fstream>
#include <set>

#include "core/files.h"
#include "core/methods/registry.h"
#include "core/networks/image_model.h"
#include "core/weights/foreign_model.h"
#include "core/weights/golden_rule.h"
#include "core/weights/import.h"
#include "core/weights/load.h"
#include "tests/core/networks/image_golden.h"
#include "tests/core/weights/bundle_writer.h"
#include "tests/core/weights/torch_writer.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

constexpr ImageWidths small{
    .block1 = 4, .block2 = 6, .block3 = 8, .block4 = 10, .block5 = 12, .clusters = 3, .descriptor = 7};

Tensors golden_state(const ImageWidths& widths = small) {
  ImageNetVlad network(widths);
  fill_by_golden_rule(network, "");
  return state_of(network, "");
}

Tensors without_input(Tensors tensors) {
  std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("input."); });
  return tensors;
}

bool same(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a)
    if (!b.contains(name) || !torch::equal(b.at(name), tensor)) return qWarning("%s", name.c_str()), false;
  return true;
}

/// netvlad_tf's variables of a network.
Tensors as_tensorflow(const Tensors& state, const ImageWidths& widths) {
  const char* const names[] = {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3",
                               "conv4_1", "conv4_2", "conv4_3", "conv5_1", "conv5_2", "conv5_3"};
  const std::string scope = "vgg16_netvlad_pca/";
  const std::int64_t k = widths.clusters, d = widths.block5;
  Tensors result;
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const std::string ours = fmt::format("encoder.{}.", vgg_convolutions[i]);
    result[scope + names[i] + "/kernel"] = state.at(ours + "weight").permute({2, 3, 1, 0}).contiguous();
    result[scope + names[i] + "/bias"] = state.at(ours + "bias");
  }
  result[scope + "average_rgb"] = torch::tensor({123.68f, 116.779f, 103.939f});
  result[scope + "assignment/kernel"] = state.at("pool.conv.weight").view({k, d}).t().reshape({1, 1, d, k});
  result[scope + "cluster_centers"] = -state.at("pool.centroids").t().reshape({1, 1, 1, d, k});
  result[scope + "WPCA/kernel"] =
      state.at("WPCA.0.weight").view({-1, k, d}).permute({2, 1, 0}).reshape({1, 1, d * k, widths.descriptor});
  result[scope + "WPCA/bias"] = state.at("WPCA.0.bias");
  return result;
}

}  // namespace

class ImageImportTest : public QObject {
  Q_OBJECT
  MadeFolder folder_;
  fs::path out_ = folder_ / "model";

  ImportReport import(const std::vector<fs::path>& files, const std::string& method = "netvlad") {
    fs::remove_all(out_);
    return import_checkpoints(files, method, out_, {});
  }
  Tensors imported() const { return read_safetensors(out_ / "weights.safetensors").tensors; }
  Eigen::VectorXf descriptor(const Picture& picture, const char* flavour) const {
    const MethodInfo& info = method("netvlad");
    const auto options = info.options();
    for (const std::string& setting : {std::string("image_width=0"), std::string("flavour=") + flavour})
      set_option(*options, setting);
    const Reading readings[] = {{{}, picture}};
    return info.create(*options, {.weights = out_, .device = "cpu"})->encode(readings).at(0).global;
  }

 private Q_SLOTS:
  void matlabs_files_of_all_kinds_give_the_reference_descriptor() {
    const fs::path folder = golden_folder() / "image";
    RELOCUS_NEED(folder / "netvlad_small_expected.npz");
    const auto expected = read_npz(folder / "netvlad_small_expected.npz");
    const Array& image = expected.at("image_u8");
    const Picture picture{int(image.shape[1]), int(image.shape[0]), {image.values.begin(), image.values.end()}};
    Tensors first;
    int files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".mat") continue;
      ++files;
      const std::string name = entry.path().filename().string();
      const ImportReport report = import({entry.path()});
      const Tensors tensors = imported();
      const auto differs = [&](const char* ours, const char* theirs) {
        const torch::Tensor wanted = tensor_of(expected.at(theirs));
        return max_difference(tensors.at(ours).view(wanted.sizes()), wanted);
      };
      QCOMPARE(differs("encoder.0.weight", "encoder_0_weight"), 0.0);
      QCOMPARE(differs("encoder.0.bias", "encoder_0_bias"), 0.0);
      QCOMPARE(differs("encoder.28.weight", "encoder_28_weight"), 0.0);
      QCOMPARE(differs("pool.centroids", "pool_centroids"), 0.0);
      QCOMPARE(differs("pool.conv.weight", "pool_conv_weight"), 0.0);
      QCOMPARE(differs("WPCA.0.bias", "WPCA_0_bias"), 0.0);
      const std::int64_t k = tensors.at("pool.centroids").size(0), d = tensors.at("pool.centroids").size(1);
      const torch::Tensor whitening = tensor_of(expected.at("WPCA_0_weight")).view({-1, d, k});
      QVERIFY(torch::equal(tensors.at("WPCA.0.weight").view({-1, k, d}), whitening.transpose(1, 2)));

      for (const auto& [flavour, key] :
           {std::pair("auto", "desc_matlab"), std::pair("matlab", "desc_matlab"),
            std::pair("tf_mat", "desc_tf_importer"), std::pair("torch", "desc_torch_eps")}) {
        const std::vector<float>& wanted = expected.at(key).values;
        const Eigen::VectorXf found = descriptor(picture, flavour);
        const Eigen::Map<const Eigen::VectorXf> golden(wanted.data(), Eigen::Index(wanted.size()));
        QCOMPARE(found.size(), golden.size());
        const float error = (found - golden).cwiseAbs().maxCoeff();
        QVERIFY2(error <= 2e-6f, qPrintable(QString("%1 %2: %3").arg(name.c_str(), flavour).arg(double(error))));
      }
      check_layers(expected, picture);
      QCOMPARE(report.tensors.size(), std::size_t(33));
      const auto item = std::ranges::find(report.tensors, "encoder.28.weight", &ImportReport::Item::name);
      QVERIFY(contains(item->key, "conv5_3") && contains(item->rule, "(3, 2, 0, 1)"));
      QVERIFY(std::abs(item->deviation - tensors.at("encoder.28.weight").std(false).item<double>()) < 1e-6);
      QVERIFY(contains(read_text(out_ / "import.json"), "\"deviation\""));
      if (first.empty()) first = tensors;
      QVERIFY(same(first, tensors));
    }
    QVERIFY(files > 0);
  }

  void tensorflows_checkpoints_are_read_by_their_variables() {
    const Tensors state = golden_state();
    const fs::path prefix = folder_ / "tf/vd16";
    write_tensor_bundle(prefix, as_tensorflow(state, small));
    for (const char* ending : {"", ".index", ".data-00000-of-00001", ".meta"}) {
      import({prefix.string() + ending});
      QVERIFY(same(without_input(imported()), without_input(state)));
      QCOMPARE(imported().at("input.mean")[1].item<float>(), 116.779f);
      QCOMPARE(imported().at("input.scale").item<float>(), 1.f);
      QCOMPARE(open_model(out_, "netvlad").option("flavour", ""), std::string("tf"));
    }

    Tensors less = as_tensorflow(state, small);
    less.erase("vgg16_netvlad_pca/conv3_2/bias");
    write_tensor_bundle(folder_ / "tf/less", less);
    RELOCUS_ERROR(import({folder_ / "tf/less.index"}), "conv3_2/bias is missing", "");
    QVERIFY(!fs::exists(out_));
    write_tensor_bundle(folder_ / "tf/other", {{"dense/kernel", torch::zeros({3})}});
    RELOCUS_ERROR(import({folder_ / "tf/other.index"}), "average_rgb", "tf/other");
  }

  void damaged_checkpoints_of_tensorflow_are_named() {
    const fs::path prefix = folder_ / "tf/damaged", index = prefix.string() + ".index";
    const fs::path data = prefix.string() + ".data-00000-of-00001";
    write_tensor_bundle(prefix, as_tensorflow(golden_state(), small));
    const std::string good_data = read_text(data), good_index = read_text(index);
    std::string bad = good_data;
    bad[bad.size() / 2] = char(bad[bad.size() / 2] ^ 1);
    write_file(data, bad);
    RELOCUS_ERROR(import({index}), "checksum", "damaged.data-00000-of-00001");
    write_file(data, good_data.substr(0, good_data.size() - 5));
    RELOCUS_ERROR(import({index}), "cut off", "damaged.data-00000-of-00001");
    fs::remove(data);
    RELOCUS_ERROR(import({index}), "there is no file", "data-00000-of-00001");
    write_file(data, good_data);
    for (std::size_t length = 0; length < good_index.size(); length += 97) {
      write_file(index, good_index.substr(0, length));
      RELOCUS_ERROR(import({index}), "damaged.index", "");
    }
    for (std::size_t at = 0; at < good_index.size(); at += 61) {
      std::string flipped = good_index;
      flipped[at] = char(flipped[at] ^ 0x40);
      write_file(index, flipped);
      error_of([&] { import({index}); });  // some bytes are spare; none may do harm
    }
  }

  void checkpoints_of_pytorch_are_read_whatever_wrote_them() {
    const Tensors state = golden_state(), plain = without_input(state);
    Tensors wide = plain;  // as add_pca leaves them
    for (const char* name : {"WPCA.0.weight", "WPCA.0.bias"}) wide[name] = wide[name].to(torch::kDouble);
    TorchWriter(wide, "state_dict").write_zip(folder_ / "mapillary_WPCA7.pth.tar");
    const ImportReport report = import({folder_ / "mapillary_WPCA7.pth.tar"}, "patch_netvlad");
    QVERIFY(same(imported(), state));
    QCOMPARE(report.networks, (std::vector<std::string>{"WPCA", "encoder", "input", "pool"}));
    QVERIFY(
        any_contains({std::ranges::find(report.tensors, "WPCA.0.bias", &ImportReport::Item::name)->rule}, "float32"));

    Tensors parallel;
    for (const auto& [name, tensor] : plain) {
      const auto dot = name.find('.');
      parallel[name.starts_with("WPCA") ? name : name.substr(0, dot) + ".module" + name.substr(dot)] = tensor;
    }
    TorchWriter(parallel, "state_dict").write_legacy(folder_ / "parallel.pth.tar");
    import({folder_ / "parallel.pth.tar"});
    QVERIFY(same(imported(), state));

    Tensors bare = plain;  // the notebook's best_model.pt, with 3 clusters and no whitening
    bare.erase("WPCA.0.weight"), bare.erase("WPCA.0.bias");
    TorchWriter(bare, "").write_zip(folder_ / "best_model.pt");
    QVERIFY(any_contains(import({folder_ / "best_model.pt"}).remarks, "not whitened"));
    QCOMPARE(image_widths_of(imported(), "").length(), 3 * 12);
    bare["pool.conv.bias"] = torch::ones({3});  // the second version
    TorchWriter(bare, "").write_zip(folder_ / "v2.pt");
    import({folder_ / "v2.pt"});
    QCOMPARE(image_widths_of(imported(), "").assignment_bias, 1);

    Tensors torchvision{{"classifier.0.weight", torch::zeros({2, 2})}};
    for (const auto& [name, tensor] : plain)
      if (name.starts_with("encoder.")) torchvision["features" + name.substr(7)] = tensor;
    TorchWriter(torchvision, "").write_zip(folder_ / "vgg16.pth");
    const ImportReport encoder = import({folder_ / "vgg16.pth"});
    QVERIFY(any_contains(encoder.remarks, "train netvlad") && any_contains(encoder.remarks, "classifier"));
    const MethodInfo& info = method("netvlad");
    RELOCUS_ERROR(info.create(*info.options(), {.weights = out_, .device = "cpu"}), "clusters", "train netvlad");
  }

  void whatever_does_not_fit_is_listed_at_once() {
    Tensors state = without_input(golden_state());
    state.erase("encoder.12.bias");
    state["encoder.2.weight"] = torch::zeros({4, 4, 3, 2});
    state["pool.centroids"] = torch::full({3, 12}, std::nanf(""));
    state["encoder.30.weight"] = torch::zeros({2});
    TorchWriter(state, "state_dict").write_zip(folder_ / "bad.pth.tar");
    const std::string error = error_of([&] { import({folder_ / "bad.pth.tar"}); });
    for (const char* part : {"encoder.12.bias is missing", "[4, 4, 3, 2] where [4, 4, 3, 3]", "not finite",
                             "encoder.30.weight", "left over", "bad.pth.tar"})
      QVERIFY2(contains(error, part), error.c_str());
    QVERIFY(!fs::exists(out_));

    Tensors huge = without_input(golden_state());  // widths that no memory could hold
    for (const char* name : {"encoder.17.bias", "encoder.24.bias"}) huge[name] = torch::zeros({65536});
    TorchWriter(huge, "").write_zip(folder_ / "huge.pth");
    RELOCUS_ERROR(import({folder_ / "huge.pth"}), "encoder.24.weight", "65536");

    TorchWriter({{"layer1.weight", torch::zeros({2})}}, "").write_zip(folder_ / "resnet.pth");
    RELOCUS_ERROR(import({folder_ / "resnet.pth"}), "resnet.pth", "no network of images");
    RELOCUS_ERROR(import({}), "name the checkpoints", "");
    TorchWriter(without_input(golden_state()), "").write_zip(folder_ / "a.pth");
    Tensors other = without_input(golden_state());
    other["encoder.0.bias"] = other["encoder.0.bias"] + 1;
    TorchWriter(other, "").write_zip(folder_ / "b.pth");
    RELOCUS_ERROR(import({folder_ / "a.pth", folder_ / "b.pth"}), "a.pth and b.pth", "encoder.0.bias");
  }

  void matlabs_files_that_are_cut_off_or_foreign_are_named() {
    const fs::path folder = golden_folder() / "image", copy = folder_ / "cut.mat";
    RELOCUS_NEED(folder / "netvlad_small.mat");
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".mat") continue;
      const std::string whole = read_text(entry.path());
      for (const double share : {0.0, 0.0002, 0.003, 0.1, 0.5, 0.9, 0.9999}) {
        write_file(copy, whole.substr(0, std::size_t(share * double(whole.size()))));
        RELOCUS_ERROR(import({copy}), "cut.mat", "");
      }
      for (std::size_t at = 130; at < whole.size(); at += whole.size() / 40) {
        std::string flipped = whole;
        flipped[at] = char(flipped[at] ^ 0x80);
        write_file(copy, flipped);
        error_of([&] { import({copy}); });  // a number may have changed; nothing worse
      }
    }
    write_file(copy, std::string(300, 'x'));
    RELOCUS_ERROR(import({copy}), "cut.mat", "");
    const fs::path list = shared_folder() / "data/vpr_lists/heaputil_berlin.mat";
    if (fs::exists(list)) RELOCUS_ERROR(import({list}), "holds no struct", "dbStruct");
  }

 private:
  /// The outputs of all layers, of MATLAB's order: pooling comes before the ReLU there.
  void check_layers(const std::map<std::string, Array>& expected, const Picture& picture) {
    const torch::NoGradGuard no_gradient;
    const auto network = load_image_network({.weights = out_, .device = "cpu"}, "netvlad");
    const torch::Tensor layers = tensor_of(expected.at("layer_stats"));  // raw, without mean, then 35 layers
    const auto check = [&](std::int64_t row, const torch::Tensor& output) {
      const torch::Tensor wanted = layers[row].to(torch::kDouble), found = statistics_of(output);
      const double error = ((found - wanted).abs() / torch::maximum(wanted.abs(), wanted[1])).max().item<double>();
      QVERIFY2(error < 1e-4, qPrintable(QString("layer %1: %2").arg(row).arg(error)));
    };
    const torch::Tensor pixels = pixels_of(picture).unsqueeze(0);
    check(0, pixels);
    const torch::Tensor input = network->input().forward(pixels);
    check(1, input);
    const std::set<int> pools{4, 9, 16, 23};
    const torch::Tensor map = network->encoder().forward(input, [&](int module, const torch::Tensor& output) {
      if (!pools.contains(module + 1)) check(module + 2, output);  // a ReLU before the pooling is after it there
    });
    RELOCUS_AT_MOST(relative_difference(map[0], tensor_of(expected.at("conv5"))), 1e-5);
    const ImageNetVlad::Result result = network->describe(map);
    check(36, result.descriptor);
    const torch::Tensor vlad = result.vlad.view({network->widths().clusters, -1}).t().reshape({-1});
    RELOCUS_AT_MOST(max_difference(vlad, tensor_of(expected.at("vlad_matlab"))), 1e-6);
    RELOCUS_AT_MOST(
        relative_difference(network->pool().residuals(result.cells)[0], tensor_of(expected.at("vlad_Vraw"))), 1e-4);
  }
};

QTEST_APPLESS_MAIN(ImageImportTest)
#include "image_import_test.moc"
