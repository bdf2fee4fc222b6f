// Files of torch.save: read without executing anything.

#include "core/weights/torch_file.h"

#include <random>

#include "core/files.h"
#include "core/weights/pickle.h"
#include "tests/core/weights/torch_writer.h"
#include "tests/support.h"

using namespace relocus;
using test::TorchWriter;

namespace {

namespace fs = std::filesystem;

// Written by Python's own pickle module: {"epoch": 70000, "state_dict": OrderedDict(weight, turned, count), "neg": -5,
// "big": 2**40, "real": 0.5, "none": None, "yes": True, "lst": [1, "ü", (2, 3, 4, 5)], "optimizer": {…}}; the text
// protocol cannot hold tensors.
constexpr const char* protocol_0 =
    "KGRwMApWZXBvY2gKcDEKSTcwMDAwCnNWbmVnCnAyCkktNQpzVmJpZwpwMwpMMTA5OTUxMTYyNzc3NkwKc1ZyZWFsCnA0CkYwLjUKc1Zub25lCn"
    "A1Ck5zVnllcwpwNgpJMDEKc1Zsc3QKcDcKKGxwOApJMQphVvwKcDkKYShJMgpJMwpJNApJNQp0cDEwCmFzVm9wdGltaXplcgpwMTEKKGRwMTIK"
    "VnN0YXRlCnAxMwooZHAxNApzVnBhcmFtX2dyb3VwcwpwMTUKKGxwMTYKKGRwMTcKVmxyCnAxOApGMC4wMDAxCnNWYmV0YXMKcDE5CihGMC45Ck"
    "YwLjk5OQp0cDIwCnNhc3Mu";
constexpr const char* protocol_1 =
    "fXEAKFgFAAAAZXBvY2hxAUpwEQEAWAoAAABzdGF0ZV9kaWN0cQJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQMpUnEEKFgGAAAAd2VpZ2h0cQ"
    "VjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3BhcmFtZXRlcgpxBihjdG9yY2guX3V0aWxzCl9yZWJ1aWxkX3RlbnNvcl92MgpxBygoWAcAAABzdG9y"
    "YWdlcQhjdG9yY2gKRmxvYXRTdG9yYWdlCnEJWAEAAAAwcQpYAwAAAGNwdXELSwZ0cQxRSwAoSwJLA3RxDShLA0sBdHEOSTAwCmgDKVJxD3RxEF"
    "JxEUkwMQpoAylScRJ0cRNScRRYBgAAAHR1cm5lZHEVaAcoaAxRSwAoSwNLAnRxFihLAUsDdHEXSTAwCmgDKVJxGHRxGVJxGlgFAAAAY291bnRx"
    "G2gHKChoCGN0b3JjaApMb25nU3RvcmFnZQpxHFgBAAAAMXEdaAtLAXRxHlFLACkpSTAwCmgDKVJxH3RxIFJxIXV9cSJYCQAAAF9tZXRhZGF0YX"
    "EjaAMpUnEkWAAAAABxJX1xJlgHAAAAdmVyc2lvbnEnSwFzc3NiWAMAAABuZWdxKEr7////WAMAAABiaWdxKUwxMDk5NTExNjI3Nzc2TApYBAAA"
    "AHJlYWxxKkc/4AAAAAAAAFgEAAAAbm9uZXErTlgDAAAAeWVzcSxJMDEKWAMAAABsc3RxLV1xLihLAVgCAAAAw7xxLyhLAksDSwRLBXRxMGVYCQ"
    "AAAG9wdGltaXplcnExfXEyKFgFAAAAc3RhdGVxM31xNFgMAAAAcGFyYW1fZ3JvdXBzcTVdcTZ9cTcoWAIAAABscnE4Rz8aNuLrHEMtWAUAAABi"
    "ZXRhc3E5KEc/7MzMzMzMzUc/7/fO2RaHK3RxOnVhdXUu";
constexpr const char* protocol_2 =
    "gAJ9cQAoWAUAAABlcG9jaHEBSnARAQBYCgAAAHN0YXRlX2RpY3RxAmNjb2xsZWN0aW9ucwpPcmRlcmVkRGljdApxAylScQQoWAYAAAB3ZWlnaH"
    "RxBWN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfcGFyYW1ldGVyCnEGY3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKcQcoKFgHAAAAc3Rv"
    "cmFnZXEIY3RvcmNoCkZsb2F0U3RvcmFnZQpxCVgBAAAAMHEKWAMAAABjcHVxC0sGdHEMUUsASwJLA4ZxDUsDSwGGcQ6JaAMpUnEPdHEQUnERiG"
    "gDKVJxEodxE1JxFFgGAAAAdHVybmVkcRVoByhoDFFLAEsDSwKGcRZLAUsDhnEXiWgDKVJxGHRxGVJxGlgFAAAAY291bnRxG2gHKChoCGN0b3Jj"
    "aApMb25nU3RvcmFnZQpxHFgBAAAAMXEdaAtLAXRxHlFLACkpiWgDKVJxH3RxIFJxIXV9cSJYCQAAAF9tZXRhZGF0YXEjaAMpUnEkWAAAAABxJX"
    "1xJlgHAAAAdmVyc2lvbnEnSwFzc3NiWAMAAABuZWdxKEr7////WAMAAABiaWdxKYoGAAAAAAABWAQAAAByZWFscSpHP+AAAAAAAABYBAAAAG5v"
    "bmVxK05YAwAAAHllc3EsiFgDAAAAbHN0cS1dcS4oSwFYAgAAAMO8cS8oSwJLA0sESwV0cTBlWAkAAABvcHRpbWl6ZXJxMX1xMihYBQAAAHN0YX"
    "RlcTN9cTRYDAAAAHBhcmFtX2dyb3Vwc3E1XXE2fXE3KFgCAAAAbHJxOEc/Gjbi6xxDLVgFAAAAYmV0YXNxOUc/7MzMzMzMzUc/7/fO2RaHK4Zx"
    "OnVhdXUu";
constexpr const char* protocol_4 =
    "gASVHwIAAAAAAAB9lCiMBWVwb2NolEpwEQEAjApzdGF0ZV9kaWN0lIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlCiMBndlaWdodJ"
    "SMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3BhcmFtZXRlcpSTlGgIjBJfcmVidWlsZF90ZW5zb3JfdjKUk5QoKIwHc3RvcmFnZZSMBXRvcmNo"
    "lIwMRmxvYXRTdG9yYWdllJOUjAEwlIwDY3B1lEsGdJRRSwBLAksDhpRLA0sBhpSJaAUpUpR0lFKUiGgFKVKUh5RSlIwGdHVybmVklGgMKGgTUU"
    "sASwNLAoaUSwFLA4aUiWgFKVKUdJRSlIwFY291bnSUaAwoKGgNaA6MC0xvbmdTdG9yYWdllJOUjAExlGgSSwF0lFFLACkpiWgFKVKUdJRSlHV9"
    "lIwJX21ldGFkYXRhlGgFKVKUjACUfZSMB3ZlcnNpb26USwFzc3NijANuZWeUSvv///+MA2JpZ5SKBgAAAAAAAYwEcmVhbJRHP+AAAAAAAACMBG"
    "5vbmWUTowDeWVzlIiMA2xzdJRdlChLAYwCw7yUKEsCSwNLBEsFdJRljAFilEMCAP+UjAlvcHRpbWl6ZXKUfZQojAVzdGF0ZZR9lIwMcGFyYW1f"
    "Z3JvdXBzlF2UfZQojAJscpRHPxo24uscQy2MBWJldGFzlEc/7MzMzMzMzUc/7/fO2RaHK4aUdWF1dS4=";

std::string from_python(const char* base64) { return QByteArray::fromBase64(base64).toStdString(); }

Tensors some_tensors() {
  torch::manual_seed(3);
  return {{"conv.weight", torch::rand({2, 3, 1})},
          {"conv.bias", torch::rand({2})},
          {"bn.num_batches_tracked", torch::tensor(std::int64_t(1) << 40)},
          {"empty", torch::empty({0, 3})}};
}

bool same(const Tensors& a, const Tensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a)
    if (!b.contains(name) || b.at(name).scalar_type() != tensor.scalar_type() || !torch::equal(b.at(name), tensor))
      return false;
  return true;
}

std::string text(const std::string& value) { return std::string("X") + TorchWriter::number(value.size(), 4) + value; }
std::string storage(std::int64_t elements, const std::string& type = "torch\nFloatStorage\n") {
  return std::string("(") + text("storage") + "c" + type + text("0") + text("cpu") + "\x8a\x08" +
         TorchWriter::number(std::uint64_t(elements), 8) + "tQ";
}
std::string tensor(std::int64_t elements, const std::string& offset, const std::string& shape,
                   const std::string& strides) {
  return std::string("ctorch._utils\n_rebuild_tensor_v2\n(") + storage(elements) + offset + shape + strides + "\x89}tR";
}

}  // namespace

class TorchFileTest : public QObject {
  Q_OBJECT
  test::MadeFolder folder_;
  fs::path file_ = folder_ / "x.ckpt";

  std::string error_reading(const std::string& bytes) {
    test::write_file(file_, bytes);
    return test::error_of([&] { read_torch_file(file_); });
  }
  static std::string pickle_error(const std::string& text) {
    return test::error_of([&] { read_pickle(text, "here"); });
  }

 private Q_SLOTS:
  void pickles_of_python_are_understood() {
    for (const char* source : {protocol_0, protocol_1, protocol_2, protocol_4}) {
      const std::string bytes = from_python(source);
      const Pickle pickle = read_pickle(bytes + "more", "python");
      QCOMPARE(pickle.length, bytes.size());
      const PickleValue& root = *pickle.root;
      QCOMPARE(*root.find("epoch")->as<std::int64_t>(), std::int64_t(70000));
      QCOMPARE(*root.find("neg")->as<std::int64_t>(), std::int64_t(-5));
      QCOMPARE(*root.find("big")->as<std::int64_t>(), std::int64_t(1) << 40);
      QCOMPARE(*root.find("real")->as<double>(), 0.5);
      QCOMPARE(*root.find("yes")->as<bool>(), true);
      QVERIFY(root.find("none")->as<PickleValue::None>());
      QVERIFY(!root.find("absent"));
      const auto& list = root.find("lst")->as<PickleValue::List>()->items;
      QCOMPARE(*list.at(1)->as<std::string>(), std::string("ü"));
      QCOMPARE(list.at(2)->as<PickleValue::Tuple>()->items.size(), std::size_t(4));
      const auto& groups = root.find("optimizer")->find("param_groups")->as<PickleValue::List>()->items;
      QCOMPARE(*groups.at(0)->find("lr")->as<double>(), 1e-4);
      if (source == protocol_0) continue;
      const PickleValue& state = *root.find("state_dict");
      const TensorRecord& turned = *state.find("turned")->as<TensorRecord>();
      QCOMPARE(turned.shape, (std::vector<std::int64_t>{3, 2}));
      QCOMPARE(turned.strides, (std::vector<std::int64_t>{1, 3}));
      QCOMPARE(turned.storage.key, std::string("0"));
      QCOMPARE(turned.storage.elements, std::uint64_t(6));
      QVERIFY(state.find("weight")->as<TensorRecord>());  // a parameter
      QVERIFY(state.find("count")->as<TensorRecord>()->storage.type == NumberType::Long);
    }
    QVERIFY(read_pickle(from_python(protocol_4), "python").root->find("b")->as<PickleValue::Bytes>());
  }

  void everything_else_is_refused_by_name() {
    const std::string start = "\x80\x02";
    RELOCUS_ERROR(read_pickle(start + "cposix\nsystem\n" + text("rm -rf /") + "\x85R.", "here"), "here",
                  "posix.system");
    RELOCUS_ERROR(read_pickle("\x80\x04\x8c\x02os\x8c\x06system\x93.", "here"), "os.system", "does not load");
    RELOCUS_ERROR(read_pickle("cbuiltins\neval\n(S'1'\ntR.", "here"), "builtins.eval", "does not load");
    RELOCUS_ERROR(read_pickle("(S'id'\nios\nsystem\n.", "here"), "os.system", "does not load");
    RELOCUS_ERROR(read_pickle(start + "ctorch.nn.modules.linear\nLinear\n)\x81.", "here"),
                  "torch.nn.modules.linear.Linear", "state_dict");
    RELOCUS_ERROR(read_pickle(start + "cnumpy.core.multiarray\nscalar\n.", "here"), "numpy.core.multiarray.scalar", "");
    RELOCUS_ERROR(read_pickle(start + "(" + text("module") + "NNNNtQ.", "here"), "a module outside of itself",
                  "state_dict");
    RELOCUS_ERROR(read_pickle("Pfile:///etc/passwd\n.", "here"), "file:///etc/passwd", "outside of itself");
    RELOCUS_ERROR(read_pickle(start + "ccollections\nOrderedDict\n)\x81.", "here"), "object of a class", "");
    RELOCUS_ERROR(read_pickle(start + "ctorch\nFloatStorage\n)R.", "here"), "torch.FloatStorage", "only a type");
    RELOCUS_ERROR(read_pickle(start + "\x82\x01.", "here"), "registry of extensions", "");
    RELOCUS_ERROR(read_pickle("\x80\x04\x8f.", "here"), "a set", "");
    RELOCUS_ERROR(read_pickle("\x80\x06.", "here"), "protocol 6", "5");
    RELOCUS_ERROR(read_pickle(start + "\xfe.", "here"), "opcode 0xfe", "at byte 3");
  }

  void bombs_cost_nothing() {
    std::string nested(2 << 20, ']');  // as deep as it is long
    QVERIFY(test::contains(pickle_error(nested + "."), "more than"));
    std::string doubled = std::string("]q") + std::string(1, '\0');  // [x, x], then a list of two of these, …
    for (int i = 0; i < 60; ++i) doubled = doubled + "(h" + char(i) + "h" + char(i) + "lq" + char(i + 1);
    QVERIFY(read_pickle(doubled + ".", "here").values.size() < 100);
    std::string copies = "ccollections\nOrderedDict\nq\1]q\2(";  // one list of pairs, many dicts of it
    for (int i = 0; i < 100000; ++i) copies += "NN\x86";
    copies += "e";
    for (int i = 0; i < 100; ++i) copies += "h\1h\2\x85R";
    QVERIFY(test::contains(pickle_error(copies + "."), "items"));

    for (const char* length : {"X\xff\xff\xff\xff", "T\xff\xff\xff\xff", "B\xff\xff\xff\x7f", "\x8b\xff\xff\xff\x7f",
                               "\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"})
      QVERIFY(test::contains(pickle_error(length), "truncated"));
    const std::string zero("K\0", 2), one = "K\x01", two = "K\x02";
    QVERIFY(pickle_error(tensor(6, zero, two + "K\x03\x86", "K\x03" + one + "\x86") + ".").empty());
    const std::string huge = std::string("\x8a\x08") + TorchWriter::number(1ull << 62, 8);
    for (const std::string& bad :
         {tensor(6, zero, two + "K\x04\x86", "K\x04" + one + "\x86"),
          tensor(6, one, two + "K\x03\x86", "K\x03" + one + "\x86"),
          tensor(6, zero, huge + huge + "\x86", zero + zero + "\x86"), tensor(6, zero, two + "\x85", huge + "\x85"),
          tensor(6, huge, one + "\x85", one + "\x85"), tensor(6, zero, "K\x07\x85", zero + "\x85"),
          tensor(0, zero, ")", ")")})
      QVERIFY(test::contains(pickle_error(bad + "."), "does not fit its storage"));
    QVERIFY(test::contains(pickle_error(tensor(-1, zero, ")", ")") + "."), "negative"));
    QVERIFY(test::contains(pickle_error(tensor(6, zero, "(NNt", ")") + "."), "shape"));
    for (const char* broken :
         {"", ".", "R.", "u.", "t.", "h\1.", "(", "e.", "]N]e.", "}Ns.", "N)Rb.", "0.", "Q.", "I1"})
      QVERIFY2(!pickle_error(broken).empty(), broken);
  }

  void archives_and_legacy_files_give_the_tensors() {
    const Tensors tensors = some_tensors();
    for (const std::string key : {"state_dict", "state_dict_vlad", ""}) {
      const TorchWriter writer(tensors, key);
      writer.write_zip(file_, "little");
      const TorchFile archive = read_checkpoint(file_);
      QVERIFY(same(archive.tables.at(key), tensors));
      QCOMPARE(archive.tables.size(), std::size_t(1));
      if (!key.empty()) QCOMPARE(archive.remarks.at("epoch"), std::string("12"));
      writer.write_legacy(file_);
      QVERIFY(same(read_checkpoint(file_).tables.at(key), tensors));
    }
    write_safetensors(file_, tensors, {{"who", "we"}});
    QVERIFY(same(read_checkpoint(file_).tables.at(""), tensors));
  }

  void numbers_of_a_big_endian_machine_are_turned() {
    Tensors turned{{"a", torch::tensor({1.5f, -2.f})}};
    for (auto& [name, tensor] : turned)
      for (char *at = static_cast<char*>(tensor.data_ptr()), *end = at + tensor.nbytes(); at < end; at += 4)
        std::reverse(at, at + 4);
    TorchWriter(turned).write_zip(file_, "big");
    QVERIFY(torch::equal(read_torch_file(file_).tables.at("state_dict").at("a"), torch::tensor({1.5f, -2.f})));
    TorchWriter(turned).write_zip(file_, "middle");
    RELOCUS_ERROR(read_torch_file(file_), file_.string(), "byte order");
  }

  void a_file_cut_anywhere_is_an_error_that_names_it() {
    const TorchWriter writer(some_tensors());
    writer.write_zip(file_);
    for (const std::string& whole : {read_text(file_), writer.legacy()})
      for (std::size_t length = 0; length < whole.size(); length += 1 + (whole.size() > 4000 ? 6 : 0)) {
        const std::string error = error_reading(whole.substr(0, length));
        QVERIFY2(test::contains(error, file_.string()), qPrintable(QString::number(length)));
      }
    RELOCUS_ERROR(read_torch_file(folder_ / "absent"), "absent", "cannot read");
    RELOCUS_ERROR(read_torch_file(folder_.path()), "cannot read", "");
  }

  void a_damaged_byte_never_crashes_and_archives_notice_it() {
    const Tensors tensors = some_tensors();
    const TorchWriter writer(tensors);
    writer.write_zip(file_);
    const std::string archive = read_text(file_), legacy = writer.legacy();
    std::mt19937 random(5);
    int errors = 0;
    for (int i = 0; i < 1500; ++i) {
      const bool zipped = i % 2 == 0;
      std::string bytes = zipped ? archive : legacy;
      bytes[random() % bytes.size()] ^= char(1 << random() % 8);
      test::write_file(file_, bytes);
      try {  // any other exception fails the test
        const TorchFile found = read_torch_file(file_);
        if (zipped && found.tables.contains("state_dict")) QVERIFY(same(found.tables.at("state_dict"), tensors));
      } catch (const Error&) {
        ++errors;
      }
    }
    QVERIFY(errors > 300);
  }

  void safetensors_are_told_from_pickles_however_long_their_header_is() {
    // The file begins with its header's length, whose low byte may be that of a pickle or of a zip archive.
    bool seen_pickle = false, seen_zip = false;
    for (int padding = 0; padding < 256; ++padding) {
      write_safetensors(file_, {{"weight", torch::arange(3, torch::kFloat)}}, {{"note", std::string(padding, 'x')}});
      const char first = read_text(file_).front();
      seen_pickle |= first == '\x80';
      seen_zip |= first == 'P';
      if (first != '\x80' && first != 'P' && padding % 64 != 0) continue;
      const TorchFile read = read_checkpoint(file_);
      QVERIFY(torch::equal(read.tables.at("").at("weight"), torch::arange(3, torch::kFloat)));
    }
    QVERIFY(seen_pickle && seen_zip);
  }

  void foreign_files_are_named() {
    QVERIFY(test::contains(error_reading("hello, I am a text"), "no file of torch.save"));
    QVERIFY(test::contains(error_reading(""), "it is empty"));
    QVERIFY(test::contains(error_reading("\x80\x02K\x01."), "magic number"));
    {
      caffe2::serialize::PyTorchStreamWriter archive(file_.string());
      archive.writeRecord("other.txt", "x", 1);
      archive.writeEndOfFile();
    }
    RELOCUS_ERROR(read_torch_file(file_), "not of torch", file_.string());
    {
      caffe2::serialize::PyTorchStreamWriter archive(file_.string());
      archive.writeRecord("data.pkl", "\x80\x02}.", 4);
      archive.writeRecord("constants.pkl", "\x80\x02).", 4);
      archive.writeEndOfFile();
    }
    RELOCUS_ERROR(read_torch_file(file_), "TorchScript", file_.string());
    const std::string dict =
        std::string("\x80\x02}") + text("a") + tensor(1000, std::string("K\0", 2), ")", ")") + "s.";
    {
      caffe2::serialize::PyTorchStreamWriter archive(file_.string());
      archive.writeRecord("data.pkl", dict.data(), dict.size());
      archive.writeRecord("data/0", "1234", 4);
      archive.writeEndOfFile();
    }
    RELOCUS_ERROR(read_torch_file(file_), "1000 are to be there", file_.string());
  }
};

QTEST_APPLESS_MAIN(TorchFileTest)
#include "torch_file_test.moc"
