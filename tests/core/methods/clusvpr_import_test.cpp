// Checkpoints of ClusVPR, and its principal components in HDF5, become one models folder.

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/checkpoints.h"
#include "core/files.h"
#include "core/methods/registry.h"
#include "core/network_library.h"
#include "core/networks/clusvpr_widths.h"
#include "core/vlad_files.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

constexpr ClusvprWidths small{.block1 = 2,
                              .block2 = 4,
                              .block3 = 6,
                              .block4 = 8,
                              .block5 = 12,
                              .blocks = 2,
                              .hidden = 8,
                              .mlp = 10,
                              .expansion = 2,
                              .groups = 3,
                              .clusters = 5,
                              .exponent_rows = 3,
                              .exponent_columns = 4,
                              .descriptor = 0};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A copy of a .safetensors file whose tensors are called otherwise; an empty name leaves one out.
template <class Rename>
void rename_tensors(const fs::path& from, const fs::path& to, const Rename& rename) {
  const std::string whole = read_text(from);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof(length));
  const auto header = nlohmann::json::parse(whole.substr(8, length));
  nlohmann::json renamed = nlohmann::json::object();
  std::string numbers;
  for (const auto& [name, tensor] : header.items()) {
    const std::string other = name == "__metadata__" ? "" : rename(name);
    if (other.empty()) continue;
    const std::size_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    renamed[other] = tensor;
    renamed[other]["data_offsets"] = {numbers.size(), numbers.size() + end - begin};
    numbers += whole.substr(8 + length + begin, end - begin);
  }
  std::string text = renamed.dump();
  text.resize((text.size() + 511) / 512 * 512, ' ');
  const std::uint64_t size = text.size();
  write_atomically(to, std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + text + numbers);
}

/// As data-parallel training of the authors' program calls them.
std::string published(const std::string& name) { return name.starts_with("input.") ? "" : "module." + name; }

}  // namespace

class ClusvprImportTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path golden_, checkpoint_, out_;

  fs::path file(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }
  ImportReport import(const std::vector<fs::path>& files) const {
    fs::remove_all(out_);
    return import_checkpoints(files, "clusvpr", out_);
  }
  Eigen::VectorXf descriptor(const fs::path& weights) const {
    const MethodInfo& info = method("clusvpr");
    const auto options = info.options();
    set_option(*options, "image_width=0");
    Picture picture{64, 48, {}};
    for (int i = 0; i < 64 * 48 * 3; ++i) picture.pixels.push_back(std::uint8_t(i * 7 % 251));
    const Reading readings[] = {{{}, picture}};
    return info.create(*options, {.weights = weights, .device = "cpu"})->encode(readings).at(0).global;
  }
  void expect_error(const std::vector<fs::path>& files, std::initializer_list<const char*> parts) const {
    const std::string error = test::error_of([&] { import(files); });
    for (const char* part : parts) QVERIFY2(contains(error, part), error.c_str());
    QVERIFY(!fs::exists(out_));
  }

 private Q_SLOTS:
  void initTestCase() {
    golden_ = file("golden"), checkpoint_ = file("model_best.safetensors"), out_ = file("model");
    network_library().write_golden_clusvpr_weights(golden_, {}, small);
    rename_tensors(golden_ / "weights.safetensors", checkpoint_, published);
  }

  void a_checkpoint_of_the_program_loads_by_its_names() {
    const ImportReport report = import({checkpoint_});
    QCOMPARE(report.networks, (std::vector<std::string>{"base_model", "input", "net_vlad"}));
    QCOMPARE(descriptor(out_).size(), Eigen::Index(small.vlad_length()));
    const std::string told = read_text(out_ / "import.json");
    for (const char* part : {"not whitened", "1 / 255", "module.net_vlad.GeM_pool.p"}) QVERIFY(contains(told, part));
    // Ours goes in and comes out with its own pixels.
    import({golden_ / "weights.safetensors"});
    QCOMPARE(descriptor(out_), descriptor(golden_));
  }

  void model_and_components_become_one_file() {
    PcaFile pca;
    pca.axes = Eigen::MatrixXd::Random(small.vlad_length(), 7);
    pca.eigenvalues = Eigen::VectorXd::LinSpaced(7, 0.5, 0.1);
    pca.mean = Eigen::VectorXd::Random(small.vlad_length());
    pca.shift = pca.axes.transpose() * pca.mean;
    write_pca(file("pca_params_model_best.h5"), pca);
    import({golden_ / "weights.safetensors", file("pca_params_model_best.h5")});
    const Eigen::VectorXd x = descriptor(golden_).cast<double>();
    const Eigen::VectorXd projected = pca.axes.transpose() * (x - pca.mean);
    const Eigen::VectorXd wanted = (projected.array() / pca.eigenvalues.array().sqrt()).matrix().normalized();
    const Eigen::VectorXf found = descriptor(out_);
    QCOMPARE(found.size(), Eigen::Index(7));
    QVERIFY((found.cast<double>() - wanted).norm() < 1e-4);
  }

  void vgg_alone_is_a_beginning() {
    rename_tensors(golden_ / "weights.safetensors", file("vgg16.safetensors"), [](const std::string& name) {
      constexpr std::string_view encoder = "base_model.base.";
      return name.starts_with(encoder) ? "features." + name.substr(encoder.size()) : std::string();
    });
    QCOMPARE(import({file("vgg16.safetensors")}).networks, (std::vector<std::string>{"base_model", "input"}));
    const std::string error = test::error_of([&] { descriptor(out_); });
    QVERIFY2(contains(error, "train clusvpr"), error.c_str());
  }

  void whatever_does_not_fit_is_named() {
    rename_tensors(golden_ / "weights.safetensors", file("bad.safetensors"), [](const std::string& name) {
      if (name == "net_vlad.vit_layer.1.local_bn.bias") return std::string();
      return published(name == "net_vlad.vit_layer.0.local_bn.bias" ? "net_vlad.other" : name);
    });
    expect_error({file("bad.safetensors")}, {"net_vlad.vit_layer.1.local_bn.bias is missing", "net_vlad.other",
                                             "net_vlad.vit_layer.0.local_bn.bias is missing", "left over"});
    rename_tensors(golden_ / "weights.safetensors", file("alien.safetensors"),
                   [](const std::string& name) { return "x." + name; });
    expect_error({file("alien.safetensors")}, {"alien.safetensors", "no ClusVPR"});
    write_centres(file("vgg16_pitts_64_desc_cen.hdf5"), {Descriptors::Ones(2, 3), Descriptors::Ones(4, 3)});
    expect_error({file("vgg16_pitts_64_desc_cen.hdf5")}, {"centres of clusters"});
    const PcaFile pca{Eigen::MatrixXd::Ones(9, 2), Eigen::VectorXd::Ones(2), Eigen::VectorXd::Zero(9),
                      Eigen::VectorXd::Zero(2)};
    write_pca(file("small.h5"), pca);
    expect_error({checkpoint_, file("small.h5")}, {"pca.weight", "[2, 9]", "[2, 40]"});
    write_atomically(file("cut.h5"), read_text(file("small.h5")).substr(0, 900));
    expect_error({checkpoint_, file("cut.h5")}, {"cut.h5", "cut off or damaged"});
    expect_error({file("none.h5")}, {"none.h5"});
  }
};

QTEST_APPLESS_MAIN(ClusvprImportTest)
#include "clusvpr_import_test.moc"
