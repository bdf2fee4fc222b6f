// Checkpoints of every published kind, made of golden-rule weights, as a models folder.

#include "core/weights/import.h"

#include <numeric>

#include "core/files.h"
#include "core/methods/registry.h"
#include "core/networks/bevnet.h"
#include "core/networks/netvlad.h"
#include "core/numpy.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "core/weights/soundness.h"
#include "tests/core/networks/scans.h"
#include "tests/core/weights/published_files.h"
#include "tests/core/weights/torch_writer.h"

using namespace relocus;
using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr const char* method_name = "overlap_netvlad";

Tensors imported(const fs::path& folder) { return read_safetensors(folder / "weights.safetensors").tensors; }

bool same(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a)
    if (!b.contains(name) || !torch::equal(b.at(name), tensor)) return qWarning("%s", name.c_str()), false;
  return true;
}

}  // namespace

class ImportTest : public QObject {
  Q_OBJECT
  test::MadeFolder folder_;
  fs::path out_ = folder_ / "model";

  ImportReport import(const std::vector<fs::path>& files, const ImportOptions& options = {}) {
    fs::remove_all(out_);
    return import_checkpoints(files, method_name, out_, options);
  }
  fs::path zip(const std::string& name, const Tensors& tensors, const std::string& key = "state_dict") {
    const fs::path file = folder_ / name;
    TorchWriter(tensors, key).write_zip(file);
    return file;
  }
  fs::path legacy(const std::string& name, const Tensors& tensors, const std::string& key = "state_dict") {
    const fs::path file = folder_ / name;
    TorchWriter(tensors, key).write_legacy(file);
    return file;
  }

 private Q_SLOTS:
  void every_layout_of_spconv_gives_the_same_weights() {
    const Tensors backbone = golden<BevBackbone>(compact(), "backbone.");
    const Tensors overlap = golden<OverlapHead>(compact(), "overlap.");
    const Tensors expected = merged({prefixed(backbone, "backbone."), prefixed(overlap, "overlap.")});
    struct Case {
      Stored stored;
      std::string layout;
      bool repair;
    };
    for (const Case& c : {Case{Stored::V21, "auto", false},
                          {Stored::V21, "2.1", false},
                          {Stored::V22, "auto", false},
                          {Stored::V22, "2.2", false},
                          {Stored::Permuted, "auto", true}}) {
      const auto files = {zip("backbone.ckpt", as_spconv(backbone, c.stored)),
                          legacy("overlap.ckpt", as_spconv(overlap, c.stored))};
      const ImportReport report = import(files, {c.layout, c.repair});
      QVERIFY(same(imported(out_), expected));
      QCOMPARE(report.tensors.size(), expected.size());
      QCOMPARE(report.networks, (std::vector<std::string>{"backbone", "overlap"}));
      QCOMPARE(open_model(out_, method_name).widths.base, 32);
      QCOMPARE(open_model(out_, method_name).widths.features, 64);
      QVERIFY(test::any_contains(report.remarks, "a global descriptor"));
      QCOMPARE(test::any_contains(report.remarks, "2.2 and later"), c.stored == Stored::V22);
    }

    const fs::path permuted = zip("backbone.ckpt", as_spconv(backbone, Stored::Permuted));
    import({permuted});  // all shapes fit, yet the weights are wrong
    QVERIFY(!torch::equal(imported(out_).at("backbone.dconv_down2.conv.3.weight"),
                          backbone.at("dconv_down2.conv.3.weight")));
    RELOCUS_ERROR(import({permuted}, {"2.1"}), "dconv_down1.conv.3.weight", "--layout");
    const fs::path right = zip("backbone.ckpt", as_spconv(backbone, Stored::V21));
    RELOCUS_ERROR(import({right}, {"2.2"}), "dconv_down1.conv.3.weight", "--layout");
    RELOCUS_ERROR(import({right}, {"auto", true}), "nothing to repair", "");
    RELOCUS_ERROR(import({right}, {"1.2"}), "no layout \"1.2\"", "2.1");
  }

  void all_kinds_of_files_are_told_by_their_tensors() {
    const Tensors v1 = golden<ConvolutionalHead>(compact(), "vlad."),
                  v2 = golden<AttentionHead>(compact(), "attnvlad.");
    const Tensors whole = golden<BevNet>(compact(), "bevnet.");
    const auto report = import({zip("a.bin", prefixed(as_spconv(whole, Stored::V21), "module.")),
                                legacy("b.bin", v1, "state_dict_vlad"), zip("c.bin", v2, "")});
    QCOMPARE(report.networks, (std::vector<std::string>{"attnvlad", "backbone", "bevnet", "overlap", "vlad"}));
    const Tensors found = imported(out_);
    QCOMPARE(found.size(), std::size_t(369 + 23 + 31));
    QVERIFY(torch::equal(found.at("attnvlad.vlad.cluster_weights"), v2.at("vlad.cluster_weights")));
    QVERIFY(torch::equal(found.at("vlad.conv.2.weight"), v1.at("conv.2.weight")));
    QVERIFY(report.remarks.empty());
    const auto item =
        std::ranges::find(report.tensors, "backbone.dconv_down1.conv.3.weight", &ImportReport::Item::name);
    QCOMPARE(item->key, std::string("state_dict/module.dconv_down1.conv.3.weight"));
    QCOMPARE(item->file, std::string("a.bin"));
    QVERIFY(test::contains(item->rule, "(2, 3, 0, 1)"));
    QVERIFY(test::contains(read_text(out_ / "import.json"), "epoch"));

    BevNet network(compact());
    load_bevnet(network, open_model(out_, method_name));
    QVERIFY(same(state_of(network, ""), whole));

    const fs::path ours = folder_ / "ours.safetensors";  // what was exported is taken back
    fs::copy_file(out_ / "weights.safetensors", ours, fs::copy_options::overwrite_existing);
    import({ours});
    QVERIFY(same(imported(out_), found));
    QVERIFY(torch::equal(imported(out_).at("bevnet.upsample2.weight"), whole.at("upsample2.weight")));
  }

  void whatever_does_not_fit_is_listed_at_once() {
    Tensors overlap = as_spconv(golden<OverlapHead>(compact(), "overlap."), Stored::V21);
    overlap.erase("last_conv16.0.bias");
    overlap["last_conv16.3.weight"] = torch::zeros({1, 3, 3, 15});
    overlap["last_conv16.1.weight"] = torch::full({16}, std::nanf(""));
    overlap["last_conv16.9.weight"] = torch::zeros({2});
    const fs::path file = zip("overlap.ckpt", overlap);
    const std::string error = test::error_of([&] { import({file}); });
    for (const char* part : {"last_conv16.0.bias is missing", "last_conv16.3.weight", "[1, 3, 3, 15]", "not finite",
                             "last_conv16.9.weight", "left over"})
      QVERIFY2(test::contains(error, part), error.c_str());
    QVERIFY(!fs::exists(out_));

    const fs::path foreign = zip("resnet.pth", {{"layer1.0.weight", torch::zeros({3})}});
    RELOCUS_ERROR(import({foreign}), "resnet.pth", "no network of");
    const Tensors backbone = as_spconv(golden<BevBackbone>(compact(), "backbone."), Stored::V21);
    const Tensors other = as_spconv(golden<BevBackbone>(compact(), "other."), Stored::V21);
    RELOCUS_ERROR(import({zip("a.ckpt", backbone), zip("b.ckpt", other)}), "a.ckpt and b.ckpt", "different numbers");
    import({zip("a.ckpt", backbone), zip("b.ckpt", backbone)});
    RELOCUS_ERROR(import({zip("c.ckpt", merged({backbone, {{"stranger", torch::zeros({1})}}}))}), "c.ckpt", "stranger");
    RELOCUS_ERROR(import_checkpoints(std::vector{foreign}, "scan_context", out_), "scan_context", method_name);
  }

  void checkpoints_give_the_reference_outputs() {
    const fs::path reference = test::golden_folder() / "lidar/overlapnetvlad.npz";
    RELOCUS_NEED(reference);
    if (std::getenv("RELOCUS_GOLDEN_SUFFIX")) QSKIP("the made checkpoints follow the rule without a suffix");
    const auto numbers = read_npz(reference);
    const auto pair = std::ranges::find_if(numbers, [](const auto& item) { return item.first.ends_with(".score"); });
    const std::string first = pair->first.substr(0, pair->first.find("__"));
    const std::string second = pair->first.substr(first.size() + 2, pair->first.rfind('.') - first.size() - 2);

    import({zip("backbone.ckpt", as_spconv(golden<BevBackbone>({}, "backbone."), Stored::V21)),
            legacy("overlap.ckpt", as_spconv(golden<OverlapHead>({}, "overlap."), Stored::V21)),
            zip("attnvlad.ckpt", golden<AttentionHead>({}, "attnvlad."))});
    const MethodInfo& info = method(method_name);
    const auto network = info.create(*info.options(), Resources{.weights = out_, .device = "cpu"});
    const std::vector<Reading> readings{{test::scan_of(first), {}}, {test::scan_of(second), {}}};
    const auto encodings = network->encode(readings);
    const Array& wanted = numbers.at(first + ".vlad_v2");
    const Eigen::Map<const Eigen::VectorXf> descriptor(wanted.values.data(), Eigen::Index(wanted.values.size()));
    QVERIFY(encodings[0].global.dot(descriptor) / (encodings[0].global.norm() * descriptor.norm()) >= 0.99999f);
    const auto score =
        network->rerank(*network->prepare(encodings[0]), std::vector{network->prepare(encodings[1])}).at(0);
    QVERIFY(std::abs(score.similarity - pair->second.values.at(0)) <= 1e-4f);
  }

  void a_wrong_permutation_shows_on_a_scan() {
    BevBackbone network(compact());
    fill_by_golden_rule(network, "backbone.");
    learn_norms(network, {test::street(1), test::street(2)});
    const Tensors state = state_of(network, "");
    std::vector<CheckScan> scans;
    for (const int place : {3, 4})
      for (const int frame : {0, 1}) {
        scans.push_back({fmt::format("{}", place), place, test::street(place)});
        if (frame == 1) scans.back().cloud.points.resize(5600);
      }

    import({zip("backbone.ckpt", as_spconv(state, Stored::V21))});
    const FeatureCheck sound = check_features(out_, method_name, scans);
    qInfo("%s", describe(sound).c_str());
    QVERIFY(!sound.permuted);
    QVERIFY2(sound.doubts.empty(), describe(sound).c_str());
    QCOMPARE(sound.finite, 1.0);
    QVERIFY(sound.neighbour_cosine > sound.distant_cosine);

    const fs::path permuted = zip("backbone.ckpt", as_spconv(state, Stored::Permuted));
    import({permuted});
    const FeatureCheck wrong = check_features(out_, method_name, scans);
    qInfo("%s", describe(wrong).c_str());
    QVERIFY(wrong.permuted);
    QVERIFY(test::any_contains(wrong.doubts, "--repair-permutation"));
    import({permuted}, {"auto", true});
    QVERIFY(!check_features(out_, method_name, std::span(scans).first(1)).permuted);

    scans.resize(1);
    scans[0].cloud.points.clear();
    RELOCUS_ERROR(check_features(out_, method_name, scans), "no points", "");
  }

  /// The margins that stand beside the thresholds in core/weights/soundness.cpp.
  void verdicts_on_real_scans_have_margins_data() {
    QTest::addColumn<QString>("variant");
    QTest::newRow("published widths") << "";
    QTest::newRow("other numbers") << ".b";
    QTest::newRow("compact") << "compact";
  }
  void verdicts_on_real_scans_have_margins() {
    QFETCH(QString, variant);
    RELOCUS_NEED(test::shared_folder() / "data/kitti_odometry/sequences/08/velodyne/001500.bin");
    const bool small = variant == "compact";
    BevBackbone network(small ? compact() : Widths());
    fill_by_golden_rule(network, "backbone.", small ? "" : variant.toStdString());
    learn_norms(network, {test::scan_of("08_000000"), test::scan_of("08_000720")});
    const Tensors state = state_of(network, "");
    std::vector<CheckScan> scans;
    for (const auto& entry :
         fs::directory_iterator(test::shared_folder() / "data/kitti_odometry/sequences/00/velodyne")) {
      const std::string name = "00_" + entry.path().stem().string();
      if (scans.size() < 4) scans.push_back({name, int(scans.size()), test::scan_of(name)});
    }
    const auto check = [&](Stored stored) {
      import({zip("backbone.ckpt", as_spconv(state, stored))});
      FeatureCheck found = check_features(out_, method_name, scans);
      qInfo("%s", describe(found).c_str());
      return found;
    };
    const FeatureCheck right = check(Stored::V21), wrong = check(Stored::Permuted);
    QVERIFY(!right.permuted && right.doubts.empty());
    QVERIFY(wrong.permuted);
    QVERIFY(right.norm_divergence < 0.5 * right.norm_divergence_exchanged);
  }
};

QTEST_APPLESS_MAIN(ImportTest)
#include "import_test.moc"
