// Weights files: ours and damaged ones.

#include <fstream>

#include "core/files.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"
#include "tests/support.h"

using namespace relocus;

namespace {

namespace fs = std::filesystem;

struct Small : torch::nn::Module {
  Small() {
    register_parameter("weight", torch::randn({2, 3}));
    register_parameter("bias", torch::randn({2}));
    register_buffer("count", torch::zeros({}, torch::kLong));
  }
};

std::string with_header(const std::string& header, const std::string& data = {}) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(char(std::uint64_t(header.size()) >> 8 * i & 0xff));
  return bytes + header + data;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& range) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, range);
}

std::string with_entries(const std::string& entries, const std::string& data) {
  return with_header(fmt::format("{{{}}}", entries), data);
}

bool says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  qWarning("said: %s", text.c_str());
  return false;
}

}  // namespace

class WeightsTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path file_;

  std::string error_reading(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    return test::error_of([&] { read_safetensors(file_); });
  }

 private Q_SLOTS:
  void initTestCase() { file_ = fs::path(folder_.path().toStdString()) / "x.safetensors"; }

  void what_is_written_is_read_again() {
    Tensors tensors;
    for (const auto type : {torch::kDouble, torch::kFloat, torch::kHalf, torch::kBFloat16, torch::kLong})
      tensors[c10::toString(type)] = (torch::rand({3, 1, 5}) * 9).to(type);
    tensors["scalar"] = torch::tensor(3.5f);
    tensors["nothing"] = torch::empty({0, 4});
    tensors["turned"] = torch::rand({3, 4}).t();
    write_safetensors(file_, tensors, {{"who", "we"}});
    const TensorFile found = read_safetensors(file_);
    QCOMPARE(found.metadata.at("who"), std::string("we"));
    QCOMPARE(found.tensors.size(), tensors.size());
    for (const auto& [name, tensor] : tensors) QVERIFY2(torch::equal(found.tensors.at(name), tensor), name.c_str());
  }

  void a_file_cut_anywhere_is_an_error_that_names_it() {
    write_safetensors(file_, {{"a", torch::rand({4})}, {"b", torch::rand({2, 2})}});
    const std::string whole = read_text(file_);
    for (std::size_t length = 0; length < whole.size(); ++length)
      QVERIFY(says(error_reading(whole.substr(0, length)), file_.string()));
    QVERIFY(says(test::error_of([&] { read_safetensors(file_.parent_path() / "absent"); }), "absent"));
  }

  void damaged_headers_are_named() {
    const std::string data(16, '\0');
    QVERIFY(says(error_reading(std::string(8, '\xff') + "{}"), "its header would be"));
    QVERIFY(says(error_reading(with_header("no json")), "no JSON"));
    QVERIFY(says(error_reading(with_header("[1]")), "no JSON object"));
    QVERIFY(says(error_reading(with_header(std::string(5000, '['))), "header"));
    QVERIFY(says(error_reading(with_header("{\"a\":3}")), "lacks dtype"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F99", "[1]", "[0,4]"), data)), "number type F99"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F32", "[-1]", "[0,4]"), data)), "larger than the file"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F32", "[4294967296,4294967296]", "[0,16]"), data)),
                 "larger than the file"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F32", "[2]", "[8,4]"), data)), "no range"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F32", "[4]", "[4,20]"), data)), "beyond the end"));
    QVERIFY(says(error_reading(with_entries(entry("a", "F32", "[2]", "[0,12]"), data)), "does not fit"));
    QVERIFY(says(
        error_reading(with_entries(entry("a", "F32", "[2]", "[0,8]") + "," + entry("b", "F32", "[2]", "[4,12]"), data)),
        "overlap"));
    QVERIFY(says(
        error_reading(with_entries(entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]"), data)),
        "twice"));
  }

  void loading_lists_all_that_does_not_fit() {
    Small network;
    const Small other;
    Tensors tensors = state_of(other, "net.");
    tensors["elsewhere.weight"] = torch::zeros({9});  // another network's
    load_strictly(network, tensors, "net.", "here");
    QVERIFY(torch::equal(network.named_parameters()["weight"], other.named_parameters()["weight"]));

    tensors.erase("net.bias");
    tensors["net.weight"] = torch::zeros({3, 2});
    tensors["net.more"] = torch::zeros({1});
    const std::string error = test::error_of([&] { load_strictly(network, tensors, "net.", "here"); });
    for (const char* part :
         {"here", "net.bias is missing", "net.weight has shape [3, 2] where [2, 3] is wanted", "net.more is left over"})
      QVERIFY(says(error, part));
    QVERIFY(torch::equal(network.named_parameters()["weight"], other.named_parameters()["weight"]));

    tensors = state_of(other, "net.");
    tensors["net.bias"] = torch::tensor({1.f, std::nanf("")});
    QVERIFY(says(test::error_of([&] { load_strictly(network, tensors, "net.", "here"); }), "not finite"));
  }

  void a_models_folder_knows_its_hash_and_widths() {
    const fs::path folder = file_.parent_path() / "model";
    const Widths widths{.clusters = 7};
    write_model_folder(folder, "some_method", state_of(Small(), "net."), widths, {{"statistics", "running"}});
    const ModelFolder model = open_model(folder, "some_method");
    QCOMPARE(model.option("statistics", "pair"), "running");
    QCOMPARE(model.option("colour", "red"), "red");
    QCOMPARE(model.widths.clusters, 7);
    QCOMPARE(model.widths.features, 512);
    QCOMPARE(read_tensors(model, "net").size(), std::size_t(3));
    QVERIFY(!model.hash().empty());
    QVERIFY(says(test::error_of([&] { model.network("other"); }), "it holds net"));

    const ModelFolder file = open_model(folder / "weights.safetensors", "some_method");
    QCOMPARE(file.widths.clusters, 7);
    QCOMPARE(file.option("statistics", "pair"), "running");
    QCOMPARE(read_tensors(file, "net").size(), std::size_t(3));
    QVERIFY(says(test::error_of([&] { open_model(folder, "another"); }), "not of another"));

    std::string bytes = read_text(folder / "weights.safetensors");
    bytes.back() ^= 1;
    write_atomically(folder / "weights.safetensors", bytes);
    QVERIFY(says(test::error_of([&] { read_tensors(open_model(folder, "some_method"), "net"); }), "sha256"));
  }

  void malformed_model_json_is_named() {
    const fs::path folder = file_.parent_path() / "malformed";
    fs::create_directories(folder);
    const auto error = [&](const std::string& json) {
      write_atomically(folder / "model.json", json);
      return test::error_of([&] { open_model(folder, "m"); });
    };
    const std::string start = R"({"format":"relocus-model","version":1,"method":"m",)";
    QVERIFY(says(error("{"), "no JSON object"));
    QVERIFY(says(error("{}"), "lacks the text \"format\""));
    QVERIFY(says(error(R"({"format":"x"})"), "not of the format"));
    QVERIFY(says(error(R"({"format":"relocus-model","version":99,"method":"m"})"), "another version"));
    QVERIFY(says(error(start + R"("networks":{}})"), "names no networks"));
    QVERIFY(
        says(error(start + R"("networks":{"a":{"file":"../x","sha256":"","prefix":""}}})"), "no file of this folder"));
    QVERIFY(
        says(error(start + R"("networks":{"a":{"file":"x","sha256":"","prefix":""}},"widths":{"base":0}})"), "width"));
    QVERIFY(says(error(start + R"("networks":{"a":{"file":"x","sha256":"","prefix":""}},"widths":{"bas":64}})"),
                 "not known"));
    QVERIFY(says(test::error_of([&] { open_model(folder / "absent", "m"); }), "--weights"));
  }
};

QTEST_APPLESS_MAIN(WeightsTest)
#include "weights_test.moc"
