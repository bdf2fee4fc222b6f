#include "tests/fuzz/readers.h"

#include "core/calibration.h"
#include "core/candidate_lists.h"
#include "core/datasets/registry.h"
#include "core/encodings.h"
#include "core/error.h"
#include "core/experiment.h"
#include "core/experiment_tables.h"
#include "core/files.h"
#include "core/frame_list.h"
#include "core/image.h"
#include "core/mat_file.h"
#include "core/numpy.h"
#include "core/object_arrays.h"
#include "core/patch_config.h"
#include "core/point_files.h"
#include "core/poses.h"
#include "core/reviews.h"
#include "core/train_log.h"
#include "core/weights/foreign_model.h"
#include "core/weights/torch_file.h"
#include "tests/fuzz/seeds.h"

namespace relocus::fuzz {
namespace {

namespace fs = std::filesystem;

/// Several readers of one kind of file: each has its try.
template <class... Reads>
auto each(Reads... reads) {
  return [=](const fs::path& file) {
    const auto attempt = [&](const auto& read) {
      try {
        read(file);
      } catch (const Error&) {
      }
    };
    (attempt(reads), ...);
  };
}

void read_tables(const fs::path& file) {
  each(
      [](const fs::path& path) {
        Experiment experiment;
        read_candidates_csv(read_text(path), "file", experiment);
      },
      [](const fs::path& path) { read_trajectory_csv(read_text(path), "file"); },
      [](const fs::path& path) { read_overlaps_csv(read_text(path), "file"); },
      [](const fs::path& path) { read_train_csv(path); })(file);
}

}  // namespace

std::span<const Reader> readers() {
  static const std::vector<Reader> all = {
      {"bin", "000000.bin", [](const fs::path& file) { read_bin(file); }},
      {"labels", "000000.label", [](const fs::path& file) { read_labels(file); }},
      {"pcd", "cloud.pcd", [](const fs::path& file) { read_pcd(file); }},
      {"ply", "cloud.ply", [](const fs::path& file) { read_ply(file); }},
      {"xyz", "cloud.xyz", [](const fs::path& file) { read_xyz(file); }},
      {"poses", "poses.txt",
       each([](const fs::path& file) { read_poses(file); }, [](const fs::path& file) { read_times(file); })},
      {"calib", "calib.txt",
       each([](const fs::path& file) { read_camera_from_lidar(file); },
            [](const fs::path& file) { read_rigid_calibration(file); })},
      {"npy", "array.npy",
       each([](const fs::path& file) { read_npy(file); }, [](const fs::path& file) { read_object_npy(file); })},
      {"npz", "arrays.npz",
       each([](const fs::path& file) { read_npz(file); }, [](const fs::path& file) { open_sequence(file); })},
      {"mat", "data.mat",
       each([](const fs::path& file) { open_sequence(file); }, [](const fs::path& file) { read_matlab_model(file); })},
      {"picture", "picture.jpg", [](const fs::path& file) { read_picture(file); }},
      {"torch", "weights.pth", [](const fs::path& file) { read_torch_file(file); }},
      {"safetensors", "weights.safetensors", [](const fs::path& file) { read_safetensors(file); }},
      {"bundle", "model.index", [](const fs::path& file) { read_tensorflow_model(file); }, prepare_bundle},
      {"results", "results.txt", [](const fs::path& file) { read_results(file); }},
      {"results_json", "results.json", [](const fs::path& file) { read_results(file); }},
      {"tables", "table.csv", read_tables},
      {"experiment", "experiment.json", [](const fs::path& file) { load_experiment(file.parent_path()); },
       prepare_experiment},
      {"reviews", "reviews.json",
       [](const fs::path& file) {
         read_reviews(file, {1, 2, 3, 4, 5});
       }},
      {"config", "speed.ini", [](const fs::path& file) { read_patch_config(file); }},
      {"store", "encodings.bin",
       [](const fs::path& file) { EncodingStore(file, store_key(), EncodingStore::Access::Read); }},
  };
  return all;
}

}  // namespace relocus::fuzz
