// `relocus-cli import` from end to end, on checkpoints of every published kind that are made of golden-rule weights.

#include <QProcess>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/networks/bevnet.h"
#include "core/networks/netvlad.h"
#include "tests/app/made_sequence.h"
#include "tests/core/weights/published_files.h"
#include "tests/core/weights/torch_writer.h"

using namespace relocus;
using namespace test;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  int code = -1;
  std::string out, err;
  nlohmann::json line() const { return nlohmann::json::parse(out, nullptr, false); }
};

Outcome call(const std::vector<std::string>& arguments) {
  QStringList list;
  for (const std::string& argument : arguments) list << QString::fromStdString(argument);
  QProcess process;
  process.start(RELOCUS_BINARY_DIR "/relocus-cli", list);
  process.waitForFinished(120000);
  return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
          process.readAllStandardOutput().toStdString(), process.readAllStandardError().toStdString()};
}

}  // namespace

class ImportCliTest : public QObject {
  Q_OBJECT

 private:
  MadeFolder folder_;
  Tensors backbone_, overlap_, vlad_, attnvlad_;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string zip(const std::string& name, const Tensors& tensors, const std::string& key = "state_dict") {
    TorchWriter(tensors, key).write_zip(path(name));
    return path(name);
  }
  std::string legacy(const std::string& name, const Tensors& tensors, const std::string& key = "state_dict") {
    TorchWriter(tensors, key).write_legacy(path(name));
    return path(name);
  }
  Outcome import(std::vector<std::string> arguments, const std::string& out) {
    arguments.insert(arguments.begin(), "import");
    for (const std::string& each : {std::string("--method"), std::string("overlap_netvlad"), std::string("--out"),
                                    path(out), std::string("--json")})
      arguments.push_back(each);
    return call(arguments);
  }
  Tensors imported(const std::string& out) const {
    return read_safetensors(folder_ / out / "weights.safetensors").tensors;
  }
  bool holds(const std::string& out, const Tensors& expected, const std::string& prefix) const {
    const Tensors found = imported(out);
    for (const auto& [name, tensor] : expected) {
      const auto it = found.find(prefix + name);
      if (it == found.end() || !torch::equal(it->second, tensor)) return qWarning("%s", name.c_str()), false;
    }
    return true;
  }

 private Q_SLOTS:
  void initTestCase() {
    backbone_ = golden<BevBackbone>(compact(), "backbone.");
    overlap_ = golden<OverlapHead>(compact(), "overlap.");
    vlad_ = golden<ConvolutionalHead>(compact(), "vlad.");
    attnvlad_ = golden<AttentionHead>(compact(), "attnvlad.");
  }

  void the_names_that_users_have() {
    const Outcome outcome = import({zip("backbone.ckpt", as_spconv(backbone_, Stored::V21)),
                                    legacy("overlap.ckpt", as_spconv(overlap_, Stored::V21)),
                                    zip("vlad.ckpt", vlad_, ""), legacy("attnvlad.ckpt", attnvlad_)},
                                   "all");
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    QCOMPARE(outcome.line().at("networks").size(), std::size_t(4));
    QCOMPARE(outcome.line().at("model").get<std::string>(), path("all"));
    QCOMPARE(outcome.line().at("sha256").get<std::string>(), sha256_of_file(folder_ / "all/weights.safetensors"));
    QVERIFY(holds("all", backbone_, "backbone.") && holds("all", overlap_, "overlap."));
    QVERIFY(holds("all", vlad_, "vlad.") && holds("all", attnvlad_, "attnvlad."));
  }

  void kernels_of_either_release_of_spconv() {
    for (const Stored stored : {Stored::V21, Stored::V22}) {
      const std::string layout = stored == Stored::V21 ? "2.1" : "2.2";
      const std::string file = zip("backbone.ckpt", as_spconv(backbone_, stored));
      QCOMPARE(import({file}, "auto").code, 0);
      QCOMPARE(import({file, "--layout", layout}, "told").code, 0);
      QVERIFY(holds("auto", backbone_, "backbone.") && holds("told", backbone_, "backbone."));
      const Outcome outcome = import({file, "--layout", stored == Stored::V21 ? "2.2" : "2.1"}, "none");
      QCOMPARE(outcome.code, 1);
      QVERIFY2(contains(outcome.err, "dconv_down1.conv.3.weight") && contains(outcome.err, "--layout"),
               outcome.err.c_str());
      QVERIFY(!fs::exists(folder_ / "none"));
    }
  }

  void a_kernel_of_one_tap_is_multiplied_as_spconv_does() {
    // Declared [Cout, 1, 1, Cin], its buffer is (Cin, Cout): reading the declared axes would give another network
    // without any error where both are as many.
    const auto kernel = std::ranges::find_if(backbone_, [](const auto& item) {
      const torch::Tensor& w = item.second;
      return w.dim() == 4 && w.size(2) == 1 && w.size(0) > 1 && w.size(1) > 1;
    });
    QVERIFY(kernel != backbone_.end());
    const torch::Tensor& w = kernel->second;  // [Cout, Cin, 1, 1]
    const torch::Tensor stored = as_spconv(backbone_, Stored::V21).at(kernel->first);
    QVERIFY(stored.sizes() == at::IntArrayRef({w.size(0), 1, 1, w.size(1)}));
    QVERIFY(torch::equal(stored.reshape({w.size(1), w.size(0)}), w.view({w.size(0), w.size(1)}).t()));
    QVERIFY(!torch::equal(stored.view({w.size(0), w.size(1)}), w.view({w.size(0), w.size(1)})));
    QCOMPARE(import({zip("backbone.ckpt", as_spconv(backbone_, Stored::V21))}, "tap").code, 0);
    QVERIFY(torch::equal(imported("tap").at("backbone." + kernel->first), w));
  }

  void a_wrong_permutation_is_seen_and_repaired_on_request() {
    BevBackbone network(compact());
    fill_by_golden_rule(network, "backbone.");
    write_two_laps(folder_ / "laps", {.frames_per_lap = 20});
    const auto scan = [&](const char* number) {
      const std::string bytes = read_text(folder_ / "laps/velodyne" / number);
      PointCloud cloud;
      for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
        float xyz[3];
        std::memcpy(xyz, bytes.data() + at, sizeof xyz);
        cloud.points.emplace_back(xyz[0], xyz[1], xyz[2]);
      }
      return cloud;
    };
    learn_norms(network, {scan("000003.bin"), scan("000013.bin")});
    const Tensors state = state_of(network, "");
    const std::string permuted = zip("permuted.ckpt", as_spconv(state, Stored::Permuted));
    const Outcome wrong = import({permuted, "--check", path("laps")}, "wrong");
    QCOMPARE(wrong.code, 0);
    QCOMPARE(wrong.line().at("check").at("permuted").get<bool>(), true);
    QVERIFY(contains(wrong.line().at("check").at("doubts").dump(), "--repair-permutation"));
    const Outcome mended = import({permuted, "--repair-permutation", "--check", path("laps")}, "mended");
    QCOMPARE(mended.code, 0);
    QCOMPARE(mended.line().at("check").at("permuted").get<bool>(), false);
    QVERIFY(holds("mended", state, "backbone."));
  }

  void a_checkpoint_of_bevnet_is_split() {
    const Tensors whole = golden<BevNet>(compact(), "bevnet.");
    const Outcome outcome =
        import({zip("kitti.ckpt", prefixed(as_spconv(whole, Stored::V21), "module."), "state_dict")}, "bevnet");
    QVERIFY2(outcome.code == 0, outcome.err.c_str());
    QCOMPARE(outcome.line().at("networks").get<std::vector<std::string>>(),
             (std::vector<std::string>{"backbone", "bevnet", "overlap"}));
    std::size_t found = 0;
    for (const auto& [name, tensor] : imported("bevnet")) {
      const std::string own = name.substr(name.find('.') + 1);
      found += whole.contains(own) && torch::equal(whole.at(own), tensor);
    }
    QCOMPARE(found, whole.size());
  }

  void what_came_in_goes_out_again() {
    QCOMPARE(
        import({zip("backbone.ckpt", as_spconv(backbone_, Stored::V21)), zip("attnvlad.ckpt", attnvlad_)}, "ours").code,
        0);
    QCOMPARE(import({path("ours/weights.safetensors")}, "again").code, 0);
    QCOMPARE(read_text(folder_ / "again/weights.safetensors"), read_text(folder_ / "ours/weights.safetensors"));
    // as `safetensors.torch.load_file` reads it: a length, a header in JSON, then the numbers
    const std::string bytes = read_text(folder_ / "ours/weights.safetensors");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    const auto header = nlohmann::json::parse(bytes.substr(8, length));
    const auto& entry = header.at("backbone.dconv_down1.conv.3.weight");
    QCOMPARE(entry.at("dtype").get<std::string>(), std::string("F32"));
    const std::uint64_t begin = 8 + length + entry.at("data_offsets").at(0).get<std::uint64_t>();
    const torch::Tensor kernel = backbone_.at("dconv_down1.conv.3.weight").contiguous();
    QVERIFY(std::memcmp(bytes.data() + begin, kernel.data_ptr(), kernel.nbytes()) == 0);
  }

  void hostile_files_are_refused_by_name_and_nothing_is_executed_data() {
    QTest::addColumn<QByteArray>("pickle");
    QTest::addColumn<QString>("name");
    const std::string touched = path("touched");
    const auto row = [](const char* title, const std::string& pickle, const char* name) {
      QTest::newRow(title) << QByteArray::fromStdString(pickle) << name;
    };
    row("os.system", "cos\nsystem\n(S'touch " + touched + "'\ntR.", "os.system");
    row("posix.system", "cposix\nsystem\n(S'touch " + touched + "'\ntR.", "posix.system");
    row("builtins.eval", "c__builtin__\neval\n(S'open(\"" + touched + "\", \"w\")'\ntR.", "__builtin__.eval");
    row("an instance", "(ios\nsystem\n.", "os.system");
    row("subprocess", "csubprocess\nPopen\n((lp0\nS'touch'\naS'" + touched + "'\natR.", "subprocess.Popen");
    row("a class of torch", std::string("\x80\x02") + "ctorch.nn.modules.linear\nLinear\n)\x81.",
        "torch.nn.modules.linear.Linear");
    row("a registered extension", std::string("\x80\x02\x82\x01."), "registry of extensions");
  }
  void hostile_files_are_refused_by_name_and_nothing_is_executed() {
    QFETCH(QByteArray, pickle);
    QFETCH(QString, name);
    // as torch before 1.6 wrote it: magic number, version, system, then the object
    const std::string head = TorchWriter({}, "").legacy();
    const std::string body = TorchWriter({}, "").pickle();
    const std::string hostile = head.substr(0, head.find(body)) + pickle.toStdString();
    write_file(folder_ / "evil.ckpt", hostile);
    const Outcome outcome = import({path("evil.ckpt")}, "evil");
    QCOMPARE(outcome.code, 1);
    QVERIFY2(contains(outcome.err, "evil.ckpt"), outcome.err.c_str());
    QVERIFY2(contains(outcome.err, name.toStdString()), outcome.err.c_str());
    QVERIFY(!fs::exists(folder_ / "touched") && !fs::exists(folder_ / "evil"));
  }

  void files_that_are_none_are_named() {
    write_file(folder_ / "noise.ckpt", std::string(3000, '\x07'));
    write_file(folder_ / "empty.ckpt", "");
    const std::string good = read_text(zip("cut.ckpt", attnvlad_));
    write_file(folder_ / "cut.ckpt", good.substr(0, good.size() / 2));
    Tensors bad = attnvlad_;
    bad.begin()->second = torch::full_like(bad.begin()->second, std::nanf(""));
    zip("nan.ckpt", bad);
    for (const char* name : {"noise.ckpt", "empty.ckpt", "cut.ckpt", "nan.ckpt", "absent.ckpt"}) {
      const Outcome outcome = import({path(name)}, "none");
      QCOMPARE(outcome.code, 1);
      QVERIFY2(contains(outcome.err, name), outcome.err.c_str());
      QVERIFY(!fs::exists(folder_ / "none"));
    }
    QCOMPARE(call({"import", path("cut.ckpt")}).code, 2);
  }
};

QTEST_GUILESS_MAIN(ImportCliTest)
#include "import_cli_test.moc"
