#include "core/datasets/registry.h"
#include "core/point_files.h"
#include "core/posed_files.h"

namespace relocus {
namespace {

/// Names under which recorders put scans beside their pose file.
constexpr std::string_view kDataFolders[] = {
    "scans",       "Scans",        "clouds", "lidar",  "LiDAR",           "pcd", "pcds", "PCDs", "bin", "ply", "points",
    "pointclouds", "point_clouds", "ouster", "Ouster", "velodyne_points", "data"};

const std::initializer_list<std::string_view> kScans = {".bin", ".pcd", ".ply", ".xyz"};

const ReadingKind& scans() {
  static const ReadingKind kind{
      .format = "scan_folder", .word = "scan", .extensions = kScans, .folders = kDataFolders, .file = &Frame::cloud};
  return kind;
}

using Path = std::filesystem::path;
std::vector<Path> sequences(const Path& path) { return sequences_of_readings(path, scans()); }
bool recognises(const Path& path) { return !sequences(path).empty(); }
Sequence open(const Path& path) { return open_readings(path, scans()); }

}  // namespace

DatasetFormat make_scan_folder() {
  return {"scan_folder",
          "Folder of scans",
          ".bin (KITTI), .pcd, .ply or .xyz files, numbered or named by time, with poses.txt, .csv or .tum beside them "
          "(KITTI, TUM or a "
          "table with a header)",
          recognises,
          sequences,
          open,
          read_points};
}

}  // namespace relocus
