#include "tests/fuzz/seeds.h"

#include <matio.h>
#include <torch/torch.h>

#include "core/experiment.h"
#include "core/files.h"
#include "core/numpy.h"
#include "core/png.h"
#include "core/reviews.h"
#include "tests/core/weights/bundle_writer.h"
#include "tests/core/weights/torch_writer.h"
#include "tests/fuzz/readers.h"

namespace relocus::fuzz {
namespace {

namespace fs = std::filesystem;

Tensors tensors() {
  return {{"pool.centroids", torch::arange(12, torch::kFloat).view({3, 4})},
          {"encoder.0.weight", torch::ones({2, 3, 3, 3})},
          {"encoder.0.bias", torch::zeros({2}, torch::kDouble)},
          {"steps", torch::arange(3)}};
}

Experiment experiment() {
  Experiment made;
  made.options = "{}";
  made.sequence = "/data/kitti/00";
  made.sequence_name = "kitti/00";
  made.descriptors = Descriptors::Random(8, 4);
  for (FrameId query = 4; query < 8; ++query) made.retrieved.push_back({query, {{query - 4, 0.1f}, {query - 3, 0.2f}}});
  made.retrievals = made.retrieved;
  made.version = "0.1.0";
  return made;
}

Trajectory trajectory() {
  Trajectory line;
  for (int i = 0; i < 8; ++i) {
    line.positions.emplace_back(i, 0, 0);
    line.headings.push_back(0);
    line.stamps.push_back(i);
    line.travelled.push_back(i);
    line.numbers.push_back(i);
  }
  return line;
}

/// A database of images as NetVLAD's programs have it.
void write_mat(const fs::path& path, mat_ft version) {
  fs::create_directories(path.parent_path());
  const auto numbers = [](std::vector<double> values, std::size_t rows) {
    std::size_t shape[] = {rows, values.size() / rows};
    return Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, shape, values.data(), 0);
  };
  const auto names = [] {
    std::size_t one[] = {1, 1}, letters[] = {1, 5};
    matvar_t* cells[] = {Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UINT8, 2, letters, const_cast<char*>("1.png"), 0)};
    return Mat_VarCreate(nullptr, MAT_C_CELL, MAT_T_CELL, 2, one, cells, 0);
  };
  const char* fields[] = {"whichSet", "dbImageFns", "utmDb",      "qImageFns",
                          "utmQ",     "numImages",  "numQueries", "posDistThr"};
  matvar_t* const values[] = {numbers({1}, 1),    names(),         numbers({0, 5}, 2), names(),
                              numbers({1, 5}, 2), numbers({1}, 1), numbers({1}, 1),    numbers({25}, 1)};
  std::size_t one[] = {1, 1};
  matvar_t* data = Mat_VarCreateStruct("dbStruct", 2, one, fields, unsigned(std::size(fields)));
  for (std::size_t i = 0; i < std::size(fields); ++i) Mat_VarSetStructFieldByName(data, fields[i], 0, values[i]);
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, version);
  Mat_VarWrite(file, data, version == MAT_FT_MAT5 ? MAT_COMPRESSION_NONE : MAT_COMPRESSION_ZLIB);
  Mat_Close(file);
  Mat_VarFree(data);
}

}  // namespace

EncodingKey store_key() { return {"method", "{}", "hash", "sequence"}; }

void prepare_bundle(const fs::path& folder) { test::write_tensor_bundle(folder / "model", tensors()); }

void prepare_experiment(const fs::path& folder) { save(experiment(), trajectory(), folder); }

void write_seeds(const fs::path& folder) {
  const auto seed = [&](const std::string& reader, const std::string& name) { return folder / reader / name; };
  const auto text = [&](const std::string& reader, const std::vector<std::string>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) test::write_file(seed(reader, std::to_string(i)), files[i]);
  };

  test::write_scan(seed("bin", "0"));
  text("labels", {std::string("\x28\0\0\0\x33\0\x01\0", 8)});
  const std::string pcd =
      "VERSION .7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 1\nHEIGHT 1\n"
      "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 1\nDATA ";
  text("pcd",
       {pcd + "ascii\n1 2 3 0.5\n", pcd + "binary\n" + test::bytes_of({1, 2, 3, 0.5}),
        pcd + "binary_compressed\n" + std::string("\x12\0\0\0\x10\0\0\0\x0f", 9) + test::bytes_of({1, 2, 3, 4})});
  const std::string properties =
      "element vertex 1\nproperty float x\nproperty float y\nproperty float z\nproperty list uchar int n\nend_header\n";
  text("ply", {"ply\nformat ascii 1.0\n" + properties + "1 2 3 2 7 8\n",
               "ply\nformat binary_little_endian 1.0\n" + properties + test::bytes_of({1, 2, 3}) + std::string("\0", 1),
               "ply\nformat binary_big_endian 1.0\n" + properties + test::bytes_of({1, 2, 3}) + std::string("\0", 1)});
  text("xyz", {"1 2 3\n4,5,6,7\n# words\n"});
  text("poses", {test::camera_poses(3), "0.5 1 2 3 0 0 0 1\n1.5 2 2 3 0 0 0 1\n", "timestamp,x,y\n1,2,3\n"});
  text("calib", {"P0: 1 0 0 0 0 1 0 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n",
                 "calib_time: 1\nR: 1 0 0 0 1 0 0 0 1\nT: 1 2 3\n"});

  fs::create_directories(folder / "npy");
  write_npy(seed("npy", "0"), Array{{2, 3}, {1, 2, 3, 4, 5, 6}});
  text("npy", {std::string("\x93NUMPY\x01\0\x76\0", 10) + "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" +
               std::string(63, ' ') + "\n\x80\x02]q\0K\x05" + "a."});
  write_npy(seed("npy", "1"), Array{{2}, {1, 2}});
  fs::create_directories(folder / "npz");
  write_npz(seed("npz", "0"), {{"utmQ", {{1, 2}, {0, 1}}}, {"utmDb", {{1, 2}, {0, 2}}}, {"posDistThr", {{}, {25}}}});
  write_mat(seed("mat", "0"), MAT_FT_MAT5);
  write_mat(seed("mat", "1"), MAT_FT_MAT73);
  text("picture", {png_of(std::vector<std::uint8_t>(2 * 2 * 3, 90), 2, 2)});

  const test::TorchWriter torch_file(tensors());
  torch_file.write_zip(seed("torch", "0"));
  torch_file.write_legacy(seed("torch", "1"));
  fs::create_directories(folder / "safetensors");
  write_safetensors(seed("safetensors", "0"), tensors(), {{"format", "pt"}});
  test::write_tensor_bundle(folder / "bundle/0", tensors());
  fs::remove(folder / "bundle/0.data-00000-of-00001");

  text("results",
       {"q/1.png, d/2.png, 0.5\n", "0 1 0.5\n2 3 0.25\n", "0\n1 2 3\n", "query,candidate,rank,distance\n5,1,1,0.5\n",
        "(1, 2)\n", "0.1 0.2 0.3 0.4 0.5\n0.5 0.4 0.3 0.2 0.1\n"});
  text("results_json", {R"({"predictions": [[1, 2], [3, 4]]})", R"({"Query": [{"id": 1, "positive": ["a/1.jpg"]}]})"});
  const fs::path made = folder / "made";
  save(experiment(), trajectory(), made);
  text("experiment", {read_text(made / "experiment.json")});
  text("tables", {read_text(made / "candidates.csv"), read_text(made / "trajectory.csv"),
                  "query,candidate,overlap\n1,2,0.5\n", "step,seconds,validation,loss\n1,2,0,3\n"});
  fs::remove_all(made);
  fs::create_directories(folder / "reviews");
  write_reviews(seed("reviews", "0"), {{{1, 2}, {Opinion::Accepted, {"wet road"}, "a note"}}}, {1, 2, 3, 4, 5});
  text("config",
       {"[feature_match]\nmatcher = RANSAC\n[global_params]\npatch_sizes = 2,5\nstrides = 1,1\nnum_pcs = 512\n"});
  fs::create_directories(folder / "store");
  EncodingStore(seed("store", "0"), store_key())
      .append(Encoding{Eigen::VectorXf::Ones(4), {Array{{2, 2}, {1, 2, 3, 4}}}});
}

}  // namespace relocus::fuzz
