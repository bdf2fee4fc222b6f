#include "core/numpy.h"

#include <cmath>
#include <fstream>

#include "core/files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// A .npy file as NumPy writes it, from its parts.
std::string npy(const std::string& descr, const std::string& order, const std::string& shape, const std::string& data,
                int version = 1) {
  const std::string header = "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string bytes("\x93NUMPY");
  bytes += {static_cast<char>(version), '\0', static_cast<char>(header.size()), '\0'};
  if (version > 1) bytes += {'\0', '\0'};
  return bytes + header + data;
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

}  // namespace

class NumpyTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::filesystem::path file(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = folder_.filePath(QString::fromStdString(name)).toStdString();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private Q_SLOTS:
  void reads_every_kind_of_number_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char* name, const std::string& bytes) {
      QTest::newRow(name) << QByteArray(bytes.data(), bytes.size());
    };
    row("f2", npy("'<f2'", "False", "(3,)", raw<std::uint16_t>({0x3C00, 0x4000, 0x4200})));
    row("f4", npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3})));
    row("f4, version 2", npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3}), 2));
    row("f4, version 3", npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3}), 3));
    row("f4, big endian", npy("'>f4'", "False", "(3,)", std::string("\x3F\x80\0\0\x40\0\0\0\x40\x40\0\0", 12)));
    row("f8", npy("'<f8'", "False", "(3,)", raw<double>({1, 2, 3})));
    row("i1", npy("'|i1'", "False", "(3,)", raw<std::int8_t>({1, 2, 3})));
    row("u1", npy("'|u1'", "False", "(3,)", raw<std::uint8_t>({1, 2, 3})));
    row("i2", npy("'<i2'", "False", "(3,)", raw<std::int16_t>({1, 2, 3})));
    row("u2", npy("'<u2'", "False", "(3,)", raw<std::uint16_t>({1, 2, 3})));
    row("i4", npy("'<i4'", "False", "(3,)", raw<std::int32_t>({1, 2, 3})));
    row("u4", npy("'<u4'", "False", "(3,)", raw<std::uint32_t>({1, 2, 3})));
    row("i8", npy("'<i8'", "False", "(3L,)", raw<std::int64_t>({1, 2, 3})));
    row("u8", npy("\"<u8\"", "False", "( 3, )", raw<std::uint64_t>({1, 2, 3})));
  }
  void reads_every_kind_of_number() {
    QFETCH(QByteArray, bytes);
    const Array array = read_npy(file("a.npy", bytes.toStdString()));
    QCOMPARE(array.shape, std::vector<std::int64_t>{3});
    QCOMPARE(array.values, (std::vector<float>{1, 2, 3}));
  }

  void signs_and_booleans_survive() {
    QCOMPARE(read_npy(file("a.npy", npy("'<i2'", "False", "(1,)", raw<std::int16_t>({-5})))).values[0], -5.f);
    QCOMPARE(read_npy(file("a.npy", npy("'|u1'", "False", "(1,)", "\xFF"))).values[0], 255.f);
    QCOMPARE(read_npy(file("a.npy", npy("'|b1'", "False", "(2,)", std::string("\1\0", 2)))).values,
             (std::vector<float>{1, 0}));
    QVERIFY(std::isnan(read_npy(file("a.npy", npy("'<f4'", "False", "(1,)", raw<float>({NAN})))).values[0]));
  }

  void columns_first_becomes_rows_first() {
    // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]])
    const Array array = read_npy(file("a.npy", npy("'<f4'", "True", "(2, 3)", raw<float>({1, 4, 2, 5, 3, 6}))));
    QCOMPARE(array.shape, (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(array.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  }

  void scalars_and_empty_arrays_are_arrays() {
    QCOMPARE(read_npy(file("a.npy", npy("'<f4'", "False", "()", raw<float>({7})))).values, (std::vector<float>{7}));
    const Array empty = read_npy(file("a.npy", npy("'<f4'", "True", "(0, 4)", "")));
    QCOMPARE(empty.shape, (std::vector<std::int64_t>{0, 4}));
    QVERIFY(empty.values.empty());
  }

  void what_is_written_comes_back() {
    const std::filesystem::path path = file("a.npy", "");
    const Array array{{2, 1, 3}, {0, -1.5f, 2, 3, 1e30f, 5}};
    write_npy(path, array);
    QCOMPARE(read_npy(path).shape, array.shape);
    QCOMPARE(read_npy(path).values, array.values);
    QCOMPARE(int(read_text(path).find("\n") + 1) % 64, 0);  // numbers are aligned, as NumPy's own

    Descriptors descriptors(2, 2);
    descriptors << 1, 2, 3, 4;
    write_npy(path, descriptors);
    QVERIFY(read_descriptors(path) == descriptors);

    const std::filesystem::path packed = folder_.filePath("a.npz").toStdString();
    write_npz(packed, {{"x", array}, {"y", {{1}, {9}}}});
    QCOMPARE(read_npz(packed, "x").values, array.values);
    QCOMPARE(int(read_npz(packed).size()), 2);
    QCOMPARE(read_npz(packed).at("y").values[0], 9.f);
    QVERIFY(test::error_of([&] { read_descriptors(packed); }).find("x, y") != std::string::npos);
    QCOMPARE(int(read_descriptors(packed, "x").cols()), 3);
  }

  void bad_files_are_named_with_the_cure_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const std::string& bytes, const char* says) {
      QTest::newRow(name) << QByteArray(bytes.data(), bytes.size()) << says;
    };
    const std::string good = npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3}));
    row("empty", "", "not a NumPy array");
    row("foreign", "PK\3\4 and so on and so on", "not a NumPy array");
    row("truncated numbers", good.substr(0, good.size() - 1), "truncated");
    row("truncated header", good.substr(0, 20), "truncated");
    row("numbers left over", good + "xxxx", "truncated or damaged");
    row("huge shape", npy("'<f4'", "False", "(4000000000, 4000000000)", raw<float>({1})), "truncated");
    row("shape beyond 64 bits", npy("'<f4'", "False", "(99999999999999999999999,)", raw<float>({1})), "header");
    row("negative shape", npy("'<f4'", "False", "(-1,)", raw<float>({1})), "header");
    row("objects", npy("'|O'", "False", "(1,)", "cos\nsystem\n(S'true'\ntR."), "never loaded");
    row("text", npy("'<U3'", "False", "(1,)", std::string(12, 'a')), "not plain numbers");
    row("records", npy("[('x', '<f4'), ('y', '<i4')]", "False", "(1,)", std::string(8, 'a')), "not plain numbers");
    row("complex", npy("'<c8'", "False", "(1,)", std::string(8, 'a')), "not plain numbers");
    row("future version", npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3}), 9), "version 9");
    row("missing key", std::string("\x93NUMPY\1\0\x10\0{'descr': '<f4'}", 26), "header");
    row("unclosed", std::string("\x93NUMPY\1\0\x10\0{'descr': [[[[[[", 26), "header");
  }
  void bad_files_are_named_with_the_cure() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    const std::filesystem::path path = file("bad.npy", bytes.toStdString());
    const QString error = QString::fromStdString(test::error_of([&] { read_npy(path); }));
    QVERIFY2(error.contains("bad.npy") && error.contains(says), qPrintable(error));
  }

  void no_prefix_of_a_file_is_taken_for_a_file() {
    const std::string good = npy("'<f8'", "True", "(2, 2)", raw<double>({1, 2, 3, 4}));
    for (std::size_t length = 0; length < good.size(); ++length)
      QVERIFY(!test::error_of([&] { read_npy(file("cut.npy", good.substr(0, length))); }).empty());
  }

  void bad_archives_are_named_with_the_cure() {
    const std::filesystem::path path = folder_.filePath("b.npz").toStdString();
    write_npz(path, {{"x", {{64}, std::vector<float>(64, 1.f)}}});
    const std::string good = read_text(path);
    for (std::size_t length = 0; length < good.size(); length += 7)
      QVERIFY(!test::error_of([&] { read_npz(file("cut.npz", good.substr(0, length))); }).empty());
    std::string damaged = good;
    damaged[45] ^= 0x55;
    QVERIFY(!test::error_of([&] { read_npz(file("damaged.npz", damaged)); }).empty());
    QVERIFY(test::error_of([&] { read_npz(path, "y"); }).find("it holds x") != std::string::npos);
    QVERIFY(test::error_of([&] { read_npz("/nowhere/a.npz"); }).find("/nowhere/a.npz") != std::string::npos);
    QVERIFY(test::error_of([&] { read_npy("/nowhere/a.npy"); }).find("/nowhere/a.npy") != std::string::npos);
    QVERIFY(test::error_of([&] { read_npy("/tmp"); }).find("/tmp") != std::string::npos);
    QVERIFY(test::error_of([&] {
              read_descriptors(file("flat.npy", npy("'<f4'", "False", "(3,)", raw<float>({1, 2, 3}))));
            }).find("N x D") != std::string::npos);
  }

  void published_archives_are_read() {
    const std::filesystem::path rows = test::shared_folder() / "data/kitti_odometry/sc_row_descriptors/00.npz";
    RELOCUS_NEED(rows);
    const Descriptors keys = read_descriptors(rows, "row_avg");
    QCOMPARE(int(keys.rows()), 4541);
    QCOMPARE(int(keys.cols()), 20);
    QCOMPARE(int(read_descriptors(rows, "row_tercile").cols()), 40);
    const std::filesystem::path golden = test::golden_folder() / "lidar/overlapnetvlad.npz";
    RELOCUS_NEED(golden);
    QCOMPARE(read_npz(golden, "00_000000.occupied").values, (std::vector<float>{16283, 8443, 515}));
    QCOMPARE(read_npz(golden, "00_000000.active32").shape, (std::vector<std::int64_t>{32, 32}));
  }
};

QTEST_APPLESS_MAIN(NumpyTest)
#include "numpy_test.moc"
