#include <matio.h>

#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "core/methods/registry.h"
#include "core/numpy.h"
#include "core/pipeline.h"
#include "core/png.h"
#include "core/readable.h"
#include "core/sequence_protocol.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

/// A small PNG of one colour.
fs::path write_image(const fs::path& path, std::uint8_t grey = 100) {
  return write_file(path, png_of(std::vector<std::uint8_t>(8 * 6 * 3, grey), 8, 6));
}

Eigen::Vector3d position(const Frame& frame) { return frame.world_from_sensor->translation(); }

/// A list with its ground truth: 3 images 10 m apart, and 2 queries at the first and the last.
void write_lists(const MadeFolder& folder) {
  write_file(folder / "toy_imageNames_index.txt", "db/a.png\ndb/b.png\ndb/c.png");
  write_file(folder / "toy_imageNames_query.txt", "q/a.png\nq/b.png\n");
  write_npz(folder / "toy.npz",
            {{"utmDb", {{3, 2}, {0, 0, 10, 0, 20, 0}}}, {"utmQ", {{2, 2}, {0, 0, 20, 0}}}, {"posDistThr", {{}, {10}}}});
}

// ---- .mat ----

matvar_t* text_of(const std::string& text) {
  std::size_t dims[] = {1, text.size()};
  return Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT8, 2, dims, const_cast<char*>(text.data()), 0);
}
matvar_t* numbers_of(std::vector<double> values, std::size_t rows) {
  std::size_t dims[] = {rows, values.size() / rows};
  return Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, values.data(), 0);
}
matvar_t* cells_of(const std::vector<std::string>& texts) {
  std::size_t dims[] = {texts.size(), 1};
  std::vector<matvar_t*> cells;
  for (const std::string& text : texts) cells.push_back(text_of(text));
  return Mat_VarCreate(nullptr, MAT_C_CELL, MAT_T_CELL, 2, dims, cells.data(), 0);
}

/// NetVLAD's struct, with or without TokyoTM's time stamps.
fs::path write_struct(const fs::path& path, mat_ft version, bool stamped, double num_queries = 2) {
  std::vector<std::pair<const char*, matvar_t*>> fields{{"whichSet", text_of("test")},
                                                        {"dbImageFns", cells_of({"d/1.png", "d/2.png", "d/3.png"})},
                                                        {"utmDb", numbers_of({0, 5, 10, 5, 20, 5}, 2)}};
  if (stamped) fields.emplace_back("dbTimeStamp", numbers_of({201001, 201002, 201003}, 1));
  fields.emplace_back("qImageFns", cells_of({"q/1.png", "q/2.png"}));
  fields.emplace_back("utmQ", numbers_of({0, 5, 20, 5}, 2));
  if (stamped) fields.emplace_back("qTimeStamp", numbers_of({201101, 201102}, 1));
  fields.emplace_back("numImages", numbers_of({3}, 1));
  fields.emplace_back("numQueries", numbers_of({num_queries}, 1));
  fields.emplace_back("posDistThr", numbers_of({25}, 1));
  fields.emplace_back("posDistSqThr", numbers_of({625}, 1));
  fields.emplace_back("nonTrivPosDistSqThr", numbers_of({100}, 1));
  std::vector<const char*> names;
  for (const auto& field : fields) names.push_back(field.first);
  std::size_t dims[] = {1, 1};
  matvar_t* data = Mat_VarCreateStruct("dbStruct", 2, dims, names.data(), unsigned(names.size()));
  for (const auto& [name, value] : fields) Mat_VarSetStructFieldByName(data, name, 0, value);
  fs::remove(path);
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, version);
  Mat_VarWrite(file, data, version == MAT_FT_MAT5 ? MAT_COMPRESSION_NONE : MAT_COMPRESSION_ZLIB);
  Mat_Close(file);
  Mat_VarFree(data);
  return path;
}

}  // namespace

class ImageFormatsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void images_in_a_folder_come_in_the_order_of_their_numbers() {
    const MadeFolder folder;
    for (const char* name : {"frame10.png", "frame2.jpg", "frame9.png"}) write_image(folder / name);
    write_file(folder / "poses.txt", lidar_poses(11, 0));
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(sequence.format, std::string("image_folder"));
    QCOMPARE(sequence.frames.size(), std::size_t(3));
    QCOMPARE(sequence.frames[2].image.filename().string(), std::string("frame10.png"));
    QCOMPARE(position(sequence.frames[2]).x(), 10.);
    QVERIFY(sequence.frames[0].cloud.empty());
    QCOMPARE(read_picture(sequence, 1).width, 8);
    QVERIFY(error_of([&] { read_cloud(sequence, 1); }).find("no scan") != std::string::npos);
    QCOMPARE(sequence.num_database, std::size_t(0));
  }

  void names_tell_where_images_were_taken() {
    const MadeFolder folder;
    write_image(folder / "database/@585001.07@4477245.93@17@T@40.4@-79.9@p@0@90@@@@2015@@.png");
    write_image(folder / "database/@585101.00@4477245.93@17@T@40.4@-79.9@p@0@0@@@@2015@@.png");
    write_image(folder / "queries/@585003.07@4477245.93@.png");
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(sequence.num_database, std::size_t(2));
    QCOMPARE(position(sequence.frames[0]).x(), 585001.07);
    QCOMPARE(position(sequence.frames[2]).y(), 4477245.93);
    QVERIFY(std::abs(trajectory(sequence).headings[0]) < 1e-9);             // to the east
    QVERIFY(std::abs(trajectory(sequence).headings[1] - M_PI / 2) < 1e-9);  // to the north
    const Protocol protocol = suggested_protocol(sequence);
    QCOMPARE(protocol.preset, std::string("vpr_25m"));
    QCOMPARE(revisits(trajectory(sequence), protocol)[2].num_right, 1);
  }

  void two_folders_are_a_database_and_its_queries() {
    const MadeFolder folder;
    for (int i = 0; i < 4; ++i) {
      write_image(folder / fmt::format("ref/{}.png", i));
      if (i < 3) write_image(folder / fmt::format("query/{}.png", i + 7));
    }
    write_file(folder / "ground_truth.txt", "0 0 1\n1 1\n2 3 2\n");
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(sequence.num_database, std::size_t(4));
    QCOMPARE(sequence.truth.listed[6], (std::vector<FrameId>{2, 3}));
    const Trajectory truth = trajectory(sequence);
    const Protocol protocol = suggested_protocol(sequence);
    QCOMPARE(revisits(truth, protocol)[4].num_right, 2);
    QCOMPARE(judge(truth, protocol, nullptr, 6, 3), Verdict::Right);
    QCOMPARE(judge(truth, protocol, nullptr, 6, 1), Verdict::Wrong);
    write_file(folder / "ground_truth.txt", "0 4\n");
    QVERIFY(error_of([&] { open_sequence(folder.path()); }).find("database image 4") != std::string::npos);
    fs::remove(folder / "ground_truth.txt");
    const Sequence unjudged = open_sequence(folder.path());
    QVERIFY(any_contains(unjudged.remarks, "cannot be judged"));
  }

  void drives_that_show_the_same_frame_by_frame_are_judged_by_number() {
    const MadeFolder folder;
    for (int i = 0; i < 5; ++i) {
      write_image(folder / fmt::format("summer/images-{:05}.png", 10 * i));
      write_image(folder / fmt::format("winter/images-{:05}.png", 10 * i));
    }
    const Sequence sequence = open_sequence(folder.path());
    const Protocol protocol = suggested_protocol(sequence);
    QCOMPARE(protocol.preset, std::string("frame_tolerance"));
    QCOMPARE(revisits(trajectory(sequence), protocol)[7].num_right, 3);
  }

  void the_real_collections_open() {
    const fs::path vpr = shared_folder() / "data/vpr";
    RELOCUS_NEED(vpr / "corridor");
    const Sequence corridor = open_sequence(vpr / "corridor");
    QCOMPARE(corridor.frames.size(), std::size_t(222));
    QCOMPARE(corridor.truth.listed[111], (std::vector<FrameId>{0, 1, 2}));
    QVERIFY(any_contains(corridor.remarks, "ground_truth_new.npy"));
    const Sequence toy = open_sequence(vpr / "toy_dataset");
    QCOMPARE(toy.num_database, std::size_t(17));
    QCOMPARE(toy.frames[9].image.filename().string(), std::string("db10.jpg"));
    const Sequence nordland = open_sequence(vpr / "nordland_64x32");
    QCOMPARE(nordland.num_database, std::size_t(3576));
    QCOMPARE(nordland.truth.frame_tolerance, 1);
    const Sequence real = open_sequence(shared_folder() / "data/kitti_odometry/sequences/00");
    QCOMPARE(real.format, std::string("kitti"));
  }

  void a_path_chooses_kittis_camera() {
    const MadeFolder folder;
    for (int i = 0; i < 3; ++i) {
      write_image(folder / fmt::format("00/image_0/{:06}.png", i), 10);
      write_image(folder / fmt::format("00/image_2/{:06}.png", i), 20);
    }
    write_file(folder / "00/poses.txt", camera_poses(3));
    const Sequence usual = open_sequence(folder / "00");
    QCOMPARE(usual.format, std::string("kitti"));
    QCOMPARE(read_picture(usual, 0).pixels[0], std::uint8_t(20));
    const Sequence gray = open_sequence(folder / "00/image_0");
    QCOMPARE(gray.name, std::string("kitti/00"));
    QCOMPARE(read_picture(gray, 0).pixels[0], std::uint8_t(10));
    QVERIFY(gray.frames[2].world_from_sensor.has_value());
    QCOMPARE(read_picture(open_sequence(gray.folder), 0).pixels[0], std::uint8_t(10));
  }

  void lists_find_their_images_and_their_ground_truth() {
    const MadeFolder folder;
    write_lists(folder);
    for (const char* name : {"db/a.png", "db/b.png", "db/c.png", "q/a.png"}) write_image(folder / name);
    for (const char* name : {"toy_imageNames_index.txt", "toy_imageNames_query.txt", "toy.npz", ""}) {
      const Sequence sequence = open_sequence(folder / name);
      QCOMPARE(sequence.format, std::string("image_lists"));
      QCOMPARE(sequence.name, std::string("vpr/toy"));
      QCOMPARE(sequence.num_database, std::size_t(3));
      QCOMPARE(sequence.truth.radius, 10.);
      QCOMPARE(position(sequence.frames[4]).x(), 20.);
      QCOMPARE(read_picture(sequence, 3).width, 8);
      QCOMPARE(revisits(trajectory(sequence), suggested_protocol(sequence))[3].num_right, 2);  // the border is right
    }
    const DataCheck found = check(open_sequence(folder.path()));
    QCOMPARE(found.num_images, std::size_t(4));
    QCOMPARE(found.problems.size(), std::size_t(1));
    QVERIFY(any_contains(found.problems, "1 of 5 images are missing"));
  }

  void lists_that_do_not_fit_are_named() {
    const MadeFolder folder;
    write_lists(folder);
    const auto error = [&] { return error_of([&] { open_sequence(folder / "toy_imageNames_index.txt"); }); };
    QVERIFY(error().empty());
    write_npz(folder / "toy.npz", {{"utmDb", {{3, 2}, {0, 0, 10, 0, 20, 0}}}, {"utmX", {{2, 2}, {0, 0, 20, 0}}}});
    QVERIFY2(error().find("holds no \"utmQ\"") != std::string::npos, error().c_str());
    QVERIFY(error().find("utmX") != std::string::npos);
    write_npz(folder / "toy.npz",
              {{"utmDb", {{2, 2}, {0, 0, 10, 0}}}, {"utmQ", {{2, 2}, {0, 0, 20, 0}}}, {"posDistThr", {{}, {10}}}});
    QVERIFY2(error().find("names 3 images, but there are 2 positions") != std::string::npos, error().c_str());
    write_npz(folder / "toy.npz", {{"utmDb", {{3, 2}, {0, 0, 10, 0, 20, 0}}}, {"utmQ", {{4}, {0, 0, 20, 0}}}});
    QVERIFY(error().find("two columns") != std::string::npos);
    write_file(folder / "toy.npz", "no zip");
    QVERIFY(error().find("toy.npz") != std::string::npos);
    fs::remove(folder / "toy.npz");
    QVERIFY(any_contains(open_sequence(folder / "toy_imageNames_index.txt").remarks, "without ground truth"));
    fs::remove(folder / "toy_imageNames_query.txt");
    QVERIFY(error().find("toy_imageNames_query.txt") != std::string::npos);
  }

  void databases_of_matlab_open_in_every_version() {
    const MadeFolder folder;
    for (const mat_ft version : {MAT_FT_MAT5, MAT_FT_MAT73}) {
      for (const bool stamped : {false, true}) {
        const Sequence sequence = open_sequence(write_struct(folder / "small_test.mat", version, stamped));
        QCOMPARE(sequence.format, std::string("dbstruct"));
        QCOMPARE(sequence.num_database, std::size_t(3));
        QCOMPARE(sequence.frames.size(), std::size_t(5));
        QCOMPARE(position(sequence.frames[2]), Eigen::Vector3d(20, 5, 0));
        QCOMPARE(sequence.frames[4].image.filename().string(), std::string("2.png"));
        QCOMPARE(sequence.truth.radius, 25.);
        if (stamped) QCOMPARE(sequence.frames[3].stamp, 201101.);
      }
    }
    const auto error = [&] { return error_of([&] { open_sequence(folder / "small_test.mat"); }); };
    write_struct(folder / "small_test.mat", MAT_FT_MAT5, false, 3);
    QVERIFY2(error().find("says that it has 3 queries, but names 2") != std::string::npos, error().c_str());
  }

  void heaputils_cells_open_without_their_padding() {
    const fs::path lists = shared_folder() / "data/vpr_lists";
    RELOCUS_NEED(lists / "heaputil_berlin.mat");
    const Sequence berlin = open_sequence(lists / "heaputil_berlin.mat");
    QCOMPARE(berlin.name, std::string("vpr/berlin"));
    QCOMPARE(berlin.num_database, std::size_t(314));
    QCOMPARE(berlin.frames.size(), std::size_t(594));
    QVERIFY(berlin.frames[0].image.string().ends_with("Reference_resized/Image_(2).jpg"));
    QVERIFY(berlin.frames[314].image.string().ends_with("Query_resized/seq2Image_1.jpg"));
    QCOMPARE(berlin.truth.radius, 50.);
    QVERIFY(any_contains(check(berlin).problems, "594 of 594 images are missing"));
  }

  void damaged_databases_of_matlab_are_named() {
    const fs::path whole = shared_folder() / "data/vpr_lists/heaputil_berlin.mat";
    RELOCUS_NEED(whole);
    std::ifstream file(whole, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const MadeFolder folder;
    for (const std::size_t size :
         {std::size_t(0), std::size_t(40), std::size_t(128), std::size_t(300), bytes.size() / 2, bytes.size() - 100}) {
      write_file(folder / "cut.mat", bytes.substr(0, size));
      const std::string error = error_of([&] { open_sequence(folder / "cut.mat"); });
      QVERIFY2(error.find("cut.mat") != std::string::npos, qPrintable(QString("cut at %1").arg(size)));
    }
  }

  void mapillarys_cities_open_without_their_panoramas() {
    const MadeFolder root;
    for (const char* set : {"query", "database"}) {
      const std::string folder = fmt::format("train_val/cph/{}/", set);
      write_file(
          root / (folder + "postprocessed.csv"),
          ",key,easting,northing,night,view_direction\n0,aa,100.5,200,False,Forward\n1,bb,130,200,True,Sideways\n"
          "2,cc,500,200,False,Forward\n");
      write_file(root / (folder + "raw.csv"), ",key,pano\n0,aa,False\n1,bb,False\n2,cc,True\n");
      write_file(root / (folder + "seq_info.csv"), ",key,sequence_key,frame_number\n0,aa,s,0\n1,bb,s,1\n2,cc,t,0\n");
      write_image(root / (folder + "images/aa.jpg"));
    }
    for (const char* folder : {"", "train_val", "train_val/cph"}) {
      const Sequence sequence = open_sequence(root / folder);
      QCOMPARE(sequence.format, std::string("mapillary"));
      QCOMPARE(sequence.name, std::string("msls/cph"));
      QCOMPARE(sequence.num_database, std::size_t(2));
      QCOMPARE(position(sequence.frames[2]).x(), 100.5);
      QCOMPARE(sequence.frames[2].image, root / "train_val/cph/query/images/aa.jpg");
      QVERIFY(any_contains(sequence.remarks, "1 Forward, 1 Sideways, 1 at night; 1 panoramas are left out"));
      QCOMPARE(revisits(trajectory(sequence), suggested_protocol(sequence))[2].num_right, 1);
    }
    write_file(root / "train_val/cph/query/postprocessed.csv", ",key,easting,northing\n0,aa,x,200\n");
    QVERIFY(error_of([&] { open_sequence(root / "train_val/cph"); }).find("postprocessed.csv") != std::string::npos);
  }

  void a_subtask_or_a_side_of_mapillarys_cities_is_named_behind_the_city() {
    const MadeFolder root;
    const fs::path city = root / "train_val/cph";
    for (const char* set : {"query", "database"}) {
      const bool asks = std::string_view(set) == "query";
      write_file(city / set / "postprocessed.csv",
                 ",key,easting,northing,night,view_direction\n0,aa,100,200,False,Forward\n1,bb,110,200,True,Sideways\n"
                 "2,cc,120,200,False,Sideways\n3,dd,130,200,False,Backward\n");
      write_file(city / set / "subtask_index.csv",
                 asks ? ",all,s2w,d2n\n0,True,False,False\n1,True,False,True\n2,True,True,False\n3,True,False,False\n"
                      : ",all,s2w,d2n\n0,True,True,True\n1,True,False,False\n2,True,True,True\n3,True,True,False\n");
      write_image(city / set / "images/aa.jpg");
    }
    const auto names = [&](const fs::path& path) {
      std::string text;
      const Sequence sequence = open_sequence(path);
      for (const Frame& frame : sequence.frames) {
        if (std::size_t(frame.id) == sequence.num_database) text += '|';
        text += frame.image.stem().string();
      }
      return text;
    };
    QCOMPARE(names(city), std::string("aabbccdd|aabbccdd"));
    QCOMPARE(names(city / "all"), std::string("aabbccdd|aabbccdd"));
    QCOMPARE(names(city / "d2n"), std::string("aacc|bb"));
    QCOMPARE(names(city / "day2night"), std::string("aacc|bb"));
    QCOMPARE(names(city / "s2w/"), std::string("aaccdd|cc"));
    QCOMPARE(names(city / "sideways"), std::string("bbcc|bbcc"));
    const Sequence night = open_sequence(city / "d2n");
    QCOMPARE(night.name, std::string("msls/cph/d2n"));
    QCOMPARE(names(night.folder), std::string("aacc|bb"));  // an experiment finds it again
    QVERIFY(any_contains(night.remarks, "day2night") && any_contains(night.remarks, "2 are not selected"));
    QCOMPARE(position(night.frames[2]).x(), 110.);
    QVERIFY(error_of([&] { open_sequence(city / "n2d"); }).find("no column \"n2d\"") != std::string::npos);
    QVERIFY(error_of([&] { open_sequence(city / "dusk2dawn"); }).find("does not exist") != std::string::npos);
    write_file(city / "query/subtask_index.csv", ",all,d2n\n0,True,False\n");
    QVERIFY(error_of([&] { open_sequence(city / "d2n"); }).find("same release") != std::string::npos);
  }

  void frames_that_cannot_be_read_can_be_left_out() {
    const MadeFolder folder;
    write_lists(folder);
    for (const char* name : {"db/a.png", "db/b.png", "q/a.png", "q/b.png"}) write_image(folder / name);
    write_file(folder / "db/b.png", "no image");
    const Sequence sequence = open_sequence(folder.path());
    const std::vector<FrameId> bad = unreadable_frames(sequence, Modality::Image);
    QCOMPARE(bad, (std::vector<FrameId>{1, 2}));
    Sequence listed = sequence;
    listed.truth.listed = {{}, {}, {}, {0, 1}, {2}};
    const Sequence rest = without_frames(listed, bad);
    QCOMPARE(rest.frames.size(), std::size_t(3));
    QCOMPARE(rest.num_database, std::size_t(1));
    QCOMPARE(rest.truth.listed, (std::vector<std::vector<FrameId>>{{}, {0}, {}}));
    QCOMPARE(rest.frames[2].number, std::int64_t(1));
    QVERIFY(!error_of([&] { without_frames(sequence, std::vector<FrameId>{3, 4}); }).empty());
  }
};

QTEST_APPLESS_MAIN(ImageFormatsTest)
#include "image_formats_test.moc"
