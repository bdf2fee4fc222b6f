#include "core/point_files.h"

#include <random>

#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

template <class... Numbers>
std::string packed(Numbers... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return bytes;
}

std::string reversed(std::string bytes) { return {bytes.rbegin(), bytes.rend()}; }

std::string pcd_header(std::string_view data, int points = 2) {
  return fmt::format(
      "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z _ intensity\nSIZE 4 4 4 1 4\nTYPE F F F U F\nCOUNT 1 1 1 4 1\nWIDTH "
      "{0}\nHEIGHT 1\n"
      "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {0}\nDATA {1}\n",
      points, data);
}

std::string pcd_record(float x, float y, float z, float intensity) { return packed(x, y, z, 0, intensity); }

const std::string kPlyHeader =
    "ply\nformat {} 1.0\ncomment made by hand\nelement vertex 2\nproperty double x\nproperty float y\nproperty float "
    "z\n"
    "property uchar scalar_Intensity\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n";

std::string ply_header(std::string_view format) { return fmt::format(fmt::runtime(kPlyHeader), format); }

/// Two points, (1, 2, 3) with 0.5 and (4, 5, 6) with 0.75, or one tenth of them.
void verify_two_points(const PointCloud& cloud, float first_intensity, float second_intensity) {
  QCOMPARE(cloud.points.size(), std::size_t(2));
  QVERIFY(cloud.points[0] == Eigen::Vector3f(1, 2, 3));
  QVERIFY(cloud.points[1] == Eigen::Vector3f(4, 5, 6));
  QCOMPARE(cloud.intensities, (std::vector<float>{first_intensity, second_intensity}));
}

}  // namespace

class PointFilesTest : public QObject {
  Q_OBJECT

  MadeFolder folder_;
  std::filesystem::path made(const char* name, std::string_view bytes) { return write_file(folder_ / name, bytes); }

 private Q_SLOTS:
  void kitti_scans_hold_four_floats_a_point() {
    verify_two_points(read_points(made("a.bin", bytes_of({1, 2, 3, 0.5f, 4, 5, 6, 0.75f}))), 0.5f, 0.75f);
  }

  void kitti_scans_of_many_blocks_are_read_whole() {
    const PointCloud cloud = read_bin(write_scan(folder_ / "long.bin", 9001));
    QCOMPARE(cloud.points.size(), std::size_t(9001));
    QCOMPARE(cloud.points[8999].x(), 9000.f);
    QCOMPARE(cloud.points[9000].y(), 2.f);
    QCOMPARE(cloud.intensities[9000], 0.25f);
  }

  void a_bad_kitti_scan_is_an_error() {
    RELOCUS_ERROR(read_points(folder_ / "none.bin"), "none.bin", "No such file");
    RELOCUS_ERROR(read_points(made("empty.bin", "")), "empty.bin", "is empty");
    RELOCUS_ERROR(read_points(made("cut.bin", std::string(33, 'a'))), "cut.bin", "truncated");
    RELOCUS_ERROR(read_points(made("nan.bin", bytes_of(std::vector<float>(64, NAN)))), "nan.bin", "no coordinates");
    RELOCUS_ERROR(read_points(made("huge.bin", bytes_of(std::vector<float>(64, 1e30f)))), "huge.bin", "no coordinates");
    RELOCUS_ERROR(read_points(made("text.bin", std::string(1600, 'x'))), "text.bin", "no coordinates");
    std::filesystem::create_directory(folder_ / "folder.bin");
    RELOCUS_ERROR(read_points(folder_ / "folder.bin"), "folder.bin", "not a file");
    RELOCUS_ERROR(read_points(made("scan.las", "LASF")), "scan.las", ".pcd");
  }

  void a_few_bad_points_stay_for_the_data_check() {
    std::vector<float> numbers(400, 1);
    numbers[4] = NAN;
    QVERIFY(!read_bin(made("some.bin", bytes_of(numbers))).points[1].allFinite());
  }

  void a_foreign_packing_whose_size_fits_is_told() {
    const auto path = shared_folder() / "data/lidar_pairs/nclt_2012-01-15/1326652795280148.bin";
    RELOCUS_NEED(path);
    RELOCUS_ERROR(read_bin(path), "1326652795280148.bin", "no coordinates");
  }

  void real_pairs_are_read() {
    const auto folder = shared_folder() / "data/lidar_pairs";
    RELOCUS_NEED(folder);
    for (const char* name : {"ndt_omp/251370668.bin", "lidar_iris/64line.bin", "lidar_iris/16line_1.bin"})
      QVERIFY2(read_bin(folder / name).points.size() > 20000, name);
  }

  void pcd_is_read_in_all_its_encodings() {
    verify_two_points(read_points(made("a.pcd", pcd_header("ascii") + "1 2 3 0 0 0 0 0.5\n4 5 6 0 0 0 0 0.75\n")), 0.5f,
                      0.75f);
    const std::string records = pcd_record(1, 2, 3, 0.5f) + pcd_record(4, 5, 6, 0.75f);
    verify_two_points(read_points(made("b.pcd", pcd_header("binary") + records)), 0.5f, 0.75f);

    const std::string fields =
        packed(1.f, 4.f) + packed(2.f, 5.f) + packed(3.f, 6.f) + std::string(8, '\0') + packed(0.5f, 0.75f);
    const std::string literals = std::string(1, char(23)) + fields.substr(0, 24);  // 24 bytes as they are
    const std::string zeros = std::string(1, '\0') + std::string(1, '\0');         // one zero …
    const std::string copies = packed(std::uint8_t(5 << 5), std::uint8_t(0));  // … and 7 more from one byte before
    const std::string rest = std::string(1, char(7)) + fields.substr(32);
    const std::string lzf = literals + zeros + copies + rest;
    const auto compressed = [&](std::uint32_t packed_size, std::uint32_t size) {
      return pcd_header("binary_compressed") + packed(packed_size, size) + lzf;
    };
    const auto size = std::uint32_t(lzf.size());
    verify_two_points(read_points(made("c.pcd", compressed(size, 40))), 0.5f, 0.75f);
    RELOCUS_ERROR(read_points(made("d.pcd", compressed(size - 1, 40))), "d.pcd", "damaged");
    RELOCUS_ERROR(read_points(made("e.pcd", compressed(size + 1, 40))), "e.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("f.pcd", compressed(size, 4'000'000'000u))), "f.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("g.pcd", compressed(size, 60))), "g.pcd", "its header tells 2 points");
  }

  void pcd_without_intensities_and_with_doubles_is_read() {
    const std::string header = "VERSION .7\nFIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nWIDTH 1\nHEIGHT 2\nDATA binary\n";
    const PointCloud cloud = read_points(made("a.pcd", header + packed(1., 2., 3., 4., 5., 6.)));
    QVERIFY(cloud.points[1] == Eigen::Vector3f(4, 5, 6));
    QVERIFY(cloud.intensities.empty());
  }

  void a_bad_pcd_is_an_error() {
    const std::string records = pcd_record(1, 2, 3, 0.5f) + pcd_record(4, 5, 6, 0.75f);
    RELOCUS_ERROR(read_points(made("a.pcd", pcd_header("binary") + records.substr(1))), "a.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("b.pcd", pcd_header("binary", 2'000'000'000) + records)), "b.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("c.pcd", pcd_header("ascii", 2'000'000'000) + "1 2 3")), "c.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("d.pcd", pcd_header("ascii") + "1 2 3 0 0 0 0 0.5\n")), "d.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("e.pcd", pcd_header("ascii") + "1 2 3 0 0 0 0 0.5\n4 5 6 0 0 0 0\n")), "e.pcd",
                  "point 1");
    RELOCUS_ERROR(read_points(made("f.pcd", pcd_header("zip") + records)), "f.pcd", "DATA is");
    RELOCUS_ERROR(read_points(made("g.pcd", "FIELDS x y z\nSIZE 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 3\n")),
                  "g.pcd", "do not fit");
    RELOCUS_ERROR(read_points(made("h.pcd", "FIELDS a b\nSIZE 4 4\nTYPE F F\nPOINTS 1\nDATA ascii\n1 2\n")), "h.pcd",
                  "no fields x, y");
    RELOCUS_ERROR(read_points(made("i.pcd", "FIELDS x y z\nSIZE 3 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 3\n")),
                  "i.pcd", "unknown");
    RELOCUS_ERROR(read_points(made(
                      "j.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 99999999999\nPOINTS 1\nDATA binary\n")),
                  "j.pcd", "COUNT");
    RELOCUS_ERROR(
        read_points(
            made("k.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 4294967296\nHEIGHT 4294967296\nDATA binary\n")),
        "k.pcd", "truncated");
    RELOCUS_ERROR(read_points(made("l.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS -5\nDATA binary\n")), "l.pcd",
                  "-5");
    RELOCUS_ERROR(read_points(made("m.pcd", pcd_header("ascii", 0))), "m.pcd", "no points");
    RELOCUS_ERROR(read_points(made("n.pcd", pcd_header("ascii", 1) + "nan nan nan 0 0 0 0 0\n")), "n.pcd",
                  "no finite point");
    RELOCUS_ERROR(read_points(made("o.pcd", "")), "o.pcd", "no DATA line");
    RELOCUS_ERROR(read_points(made("p.pcd", std::string(5000, '\xff'))), "p.pcd", "no DATA line");
  }

  void ply_is_read_in_all_its_encodings() {
    verify_two_points(read_points(made("a.ply", ply_header("ascii") + "1 2 3 50\n4 5 6 75\n3 0 1 0\n")), 50, 75);
    const std::string little = packed(1., 2.f, 3.f, '\x32') + packed(4., 5.f, 6.f, '\x4b');
    verify_two_points(read_points(made("b.ply", ply_header("binary_little_endian") + little)), 50, 75);
    const auto big = [](double x, float y, float z, char i) {
      return reversed(packed(x)) + reversed(packed(y)) + reversed(packed(z)) + i;
    };
    verify_two_points(
        read_points(made("c.ply", ply_header("binary_big_endian") + big(1, 2, 3, '\x32') + big(4, 5, 6, '\x4b'))), 50,
        75);
  }

  void a_bad_ply_is_an_error() {
    RELOCUS_ERROR(read_points(made("a.ply", ply_header("binary_little_endian") + std::string(33, '\0'))), "a.ply",
                  "truncated");
    RELOCUS_ERROR(read_points(made("b.ply", ply_header("ascii") + "1 2 3 50\n")), "b.ply", "truncated");
    RELOCUS_ERROR(
        read_points(made("c.ply",
                         "ply\nformat ascii 1.0\nelement vertex 99999999999999\nproperty float x\nproperty float "
                         "y\nproperty float z\nend_header\n1 2 3\n")),
        "c.ply", "truncated");
    RELOCUS_ERROR(read_points(made("d.ply", "ply\nformat ascii 1.0\nelement vertex -1\nend_header\n")), "d.ply",
                  "no number");
    RELOCUS_ERROR(
        read_points(made("e.ply", "ply\nformat ascii 1.0\nelement vertex 1\nproperty list uchar int x\nend_header\n")),
        "e.ply", "lists");
    RELOCUS_ERROR(read_points(made("f.ply", "ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\nend_header\n")),
                  "f.ply", "quad");
    RELOCUS_ERROR(read_points(made("g.ply", "ply\nformat ascii 1.0\nelement face 1\nelement vertex 1\nend_header\n")),
                  "g.ply", "before");
    RELOCUS_ERROR(read_points(made("h.ply", "solid cube")), "h.ply", "does not begin");
    RELOCUS_ERROR(read_points(made("i.ply", "ply\nformat ascii 1.0\n")), "i.ply", "does not end");
    RELOCUS_ERROR(read_points(made("j.ply", ply_header("utf8"))), "j.ply", "neither ascii nor binary");
    RELOCUS_ERROR(read_points(made("k.ply", "ply\nformat ascii 1.0\nend_header\n")), "k.ply", "no vertices");
  }

  void a_file_that_was_cut_never_passes_as_whole() {
    const std::string records = pcd_record(1, 2, 3, 0.5f) + pcd_record(4, 5, 6, 0.75f);
    const std::string lzf = std::string("\x1f") + records.substr(0, 32) + "\x07" + records.substr(32);
    const std::string little = packed(1., 2.f, 3.f, '\x32') + packed(4., 5.f, 6.f, '\x4b');
    const std::pair<const char*, std::string> whole[] = {
        {"a.pcd", pcd_header("ascii") + "1 2 3 0 0 0 0 0.5\n4 5 6 0 0 0 0 7"},  // a shorter last number cannot be seen
        {"b.pcd", pcd_header("binary") + records},
        {"c.pcd", pcd_header("binary_compressed") + packed(std::uint32_t(lzf.size()), 40u) + lzf},
        {"d.ply", ply_header("ascii") + "1 2 3 50\n4 5 6 7"},
        {"e.ply", ply_header("binary_little_endian") + little},
    };
    for (const auto& [name, bytes] : whole) {
      QCOMPARE(read_points(made(name, bytes)).points.size(), std::size_t(2));
      for (std::size_t size = 0; size < bytes.size(); ++size)
        RELOCUS_ERROR(read_points(made(name, std::string_view(bytes).substr(0, size))), name, ";");
    }
  }

  void other_fields_do_no_harm() {
    const auto pcd = [](std::string_view fields, std::string_view sizes, std::string_view types) {
      return fmt::format("FIELDS x y z {}\nSIZE 4 4 4 {}\nTYPE F F F {}\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA binary\n",
                         fields, sizes, types);
    };
    const std::string xyz = packed(1.f, 2.f, 3.f);
    for (const std::string& file :
         {pcd("normal_x normal_y normal_z", "8 8 8", "F F F") + xyz + packed(7., 8., 9.),  // wider than the coordinates
          pcd("normal_x", "4", "F") + xyz + packed(7.f),                                   // a third of a normal
          pcd("positions", "4", "F") + xyz + packed(7.f),                                  // another reader's own name
          pcd("ring ring", "8 1", "F U") + xyz + packed(7., 'a'),                          // one name, two types
          pcd("x", "8", "F") + xyz + packed(7.)}) {
      const PointCloud cloud = read_points(made("a.pcd", file));
      QCOMPARE(cloud.points.size(), std::size_t(1));
      QVERIFY(cloud.points[0] == Eigen::Vector3f(1, 2, 3));
    }
  }

  void ply_intensities_may_be_any_number() {
    for (const char* type : {"char", "uchar", "short", "ushort", "int", "uint", "float", "double", "int8", "uint8",
                             "int16", "uint16", "int32", "uint32", "float32", "float64"}) {
      const std::string header = fmt::format(
          "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nproperty {} "
          "intensity\nend_header\n",
          type);
      verify_two_points(read_points(made("a.ply", header + "1 2 3 50\n4 5 6 75\n")), 50, 75);
    }
  }

  void xyz_lines_may_have_an_intensity() {
    verify_two_points(read_points(made("a.xyz", "# x y z i\r\n1 2 3 0.5\r\n\r\n4 5 6 0.75\r\n")), 0.5f, 0.75f);
    QVERIFY(read_points(made("b.xyz", "1,2,3\n")).intensities.empty());
    QVERIFY(read_points(made("c.xyz", "1 2 3 255 0 0\n")).intensities.empty());  // colours
    RELOCUS_ERROR(read_points(made("d.xyz", "1 2 3\n4 5\n")), "d.xyz line 2", "x y z");
    RELOCUS_ERROR(read_points(made("e.xyz", "1 2 3 4\n4 5 6\n")), "e.xyz line 2", "3 numbers");
    RELOCUS_ERROR(read_points(made("f.xyz", "nan nan nan\n")), "f.xyz", "no finite");
    RELOCUS_ERROR(read_points(made("g.xyz", "")), "g.xyz", "no points");
    RELOCUS_ERROR(read_points(made("h.xyz", std::string("1 2 3\n\0\1", 8))), "h.xyz line 2", "??");
  }

  void labels_are_the_low_half_of_each_word() {
    const auto path = made("a.label", packed(std::uint32_t(0x00070028), std::uint32_t(0xffff00fc)));
    QCOMPARE(read_labels(path), (std::vector<std::uint16_t>{40, 252}));
    RELOCUS_ERROR(read_labels(made("b.label", "abcde")), "b.label", "truncated");
    RELOCUS_ERROR(read_labels(made("c.label", "")), "c.label", "empty");
    RELOCUS_ERROR(read_labels(folder_ / "d.label"), "d.label", "No such file");
  }

  void real_labels_belong_to_their_points() {
    const auto folder = shared_folder() / "data/kitti_odometry/sequences/00";
    RELOCUS_NEED(folder / "labels/000000.label");
    QCOMPARE(read_labels(folder / "labels/000000.label").size(),
             read_bin(folder / "velodyne/000000.bin").points.size());
  }

  void damaged_files_are_errors_or_points_and_never_more() {
    std::mt19937 random(1);
    const std::string records = pcd_record(1, 2, 3, 0.5f) + pcd_record(4, 5, 6, 0.75f);
    const std::pair<const char*, std::string> whole[] = {
        {"a.pcd", pcd_header("ascii") + "1 2 3 0 0 0 0 0.5\n4 5 6 0 0 0 0 0.75\n"},
        {"b.pcd", pcd_header("binary") + records},
        {"c.pcd", pcd_header("binary_compressed") + packed(42u, 40u) + std::string("\x1f") + records +
                      std::string("\x20\x05\x06", 3)},
        {"d.ply", ply_header("ascii") + "1 2 3 50\n4 5 6 75\n3 0 1 0\n"},
        {"e.ply", ply_header("binary_big_endian") + std::string(40, '\1')},
        {"f.xyz", "1 2 3 0.5\n4 5 6 0.75\n"},
        {"g.bin", bytes_of({1, 2, 3, 0.5f, 4, 5, 6, 0.75f})},
    };
    for (const auto& [name, bytes] : whole) {
      for (int repetition = 0; repetition < 400; ++repetition) {
        std::string damaged = bytes.substr(0, repetition % 4 == 0 ? random() % bytes.size() : bytes.size());
        for (unsigned changes = random() % 4; changes > 0 && !damaged.empty(); --changes)
          damaged[random() % damaged.size()] = char(random());
        const auto path = made(name, damaged);
        std::size_t points = 0;
        error_of([&] { points = read_points(path).points.size(); });
        QVERIFY(points <= damaged.size());
      }
    }
  }
};

QTEST_APPLESS_MAIN(PointFilesTest)
#include "point_files_test.moc"
