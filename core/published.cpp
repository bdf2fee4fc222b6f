#include "core/published.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace relocus {
namespace {

int num_frames(std::string_view sequence) {
  constexpr std::pair<std::string_view, int> kLengths[] = {{"00", 4541}, {"02", 4661}, {"05", 2761},
                                                           {"06", 1101}, {"07", 1101}, {"08", 4071}};
  return std::ranges::find(kLengths, sequence, &std::pair<std::string_view, int>::first)->second;
}

PublishedFigure of_kitti(const char* method, const char* sequence, const char* figure, double value,
                         const std::string& preset, const char* source, const char* remark = "") {
  return {method, "kitti/" + std::string(sequence), figure, value, num_frames(sequence), preset, source, remark};
}

/// A published table: one row per method, one column per sequence.
struct Row {
  const char* method;
  std::vector<double> values;
  const char* remark = "";
};
void add_table(std::vector<PublishedFigure>& all, const std::vector<const char*>& sequences, const char* figure,
               const std::string& preset, const char* source, const std::vector<Row>& rows) {
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.values.size(); ++i)
      all.push_back(of_kitti(row.method, sequences[i], figure, row.values[i], preset, source, row.remark));
}

void add_pairs(std::vector<PublishedFigure>& all) {
  const std::vector<const char*> sequences{"00", "02", "05", "06", "07", "08"};
  constexpr const char* kSource = "Li et al., SSC, IROS 2021, Table I";
  constexpr const char* kBow3d = "Cui et al., BoW3D, RA-L 2023";
  constexpr const char* kSeen = "trained on sequences 03 to 10";
  constexpr const char* kLabels = "with ground-truth semantics";
  add_table(all, sequences, "max_f1", "ssc_pairs", kSource,
            {{"Scan Context", {.750, .782, .895, .968, .662, .607}},
             {"ISC", {.657, .705, .771, .842, .636, .408}},
             {"M2DP", {.708, .717, .602, .787, .560, .073}},
             {"LiDAR Iris", {.668, .762, .768, .913, .629, .478}},
             {"PointNetVLAD", {.779, .727, .541, .852, .631, .037}},
             {"OverlapNet", {.869, .827, .924, .930, .818, .374}, kSeen},
             {"SGPR", {.820, .751, .751, .655, .868, .750}},
             {"SSC-RN", {.939, .890, .941, .986, .870, .881}},
             {"SSC-SK", {.951, .891, .951, .985, .875, .940}, kLabels}});
  add_table(all, sequences, "extended_precision", "ssc_pairs", kSource,
            {{"Scan Context", {.609, .632, .797, .924, .554, .569}},
             {"ISC", {.627, .613, .727, .816, .638, .543}},
             {"M2DP", {.616, .603, .611, .681, .586, .500}},
             {"LiDAR Iris", {.626, .666, .747, .791, .651, .562}},
             {"PointNetVLAD", {.641, .691, .536, .767, .591, .500}},
             {"OverlapNet", {.555, .639, .796, .744, .586, .500}, kSeen},
             {"SGPR", {.500, .500, .531, .500, .721, .520}},
             {"SSC-RN", {.826, .745, .900, .973, .773, .732}},
             {"SSC-SK", {.849, .748, .903, .969, .805, .932}, kLabels}});
  add_table(all, sequences, "max_f1", "ssc_pairs", kBow3d, {{"BoW3D", {.977, .578, .965, .985, .906, .900}}});
  add_table(all, sequences, "extended_precision", "ssc_pairs", kBow3d,
            {{"BoW3D", {.981, .704, .969, .985, .929, .866}}});
}

/// SSC's repository holds its 25 answers to each query; Relocus counted their recalls.
void add_lists(std::vector<PublishedFigure>& all) {
  const std::vector<const char*> sequences{"00", "02", "05", "06", "07", "08"};
  constexpr const char* kSource = "the 25 answers in SSC's repository (script/*.txt), counted at 5 m and 50 frames";
  add_table(all, sequences, "recall_at_1", "ssc_recall", kSource, {{"SSC", {.9925, .9302, .9960, 1, .9672, .9681}}});
  add_table(all, sequences, "recall_at_5", "ssc_recall", kSource, {{"SSC", {.9988, .9810, 1, 1, .9754, .9971}}});
  add_table(all, sequences, "recall_at_10", "ssc_recall", kSource, {{"SSC", {1, .9937, 1, 1, .9754, 1}}});
  add_table(all, sequences, "recall_at_25", "ssc_recall", kSource, {{"SSC", {1, .9968, 1, 1, .9754, 1}}});
}

constexpr const char* kOverlapTransformer = "Ma et al., OverlapTransformer, RA-L 2022, Table II";

void add_overlap(std::vector<PublishedFigure>& all) {
  constexpr const char* kAgain = "OverlapTransformer's repository, issue 6";
  constexpr const char* kReleased = "a user's run with the released weights";
  constexpr const char* kLcrNet = "Shi et al., LCR-Net, 2023";
  const auto add = [&](const char* figure, const std::vector<Row>& rows, const char* source = kOverlapTransformer) {
    add_table(all, {"00"}, figure, "overlap_transformer", source, rows);
  };
  add("auc", {{"Histogram", {.826}},
              {"Scan Context", {.836}},
              {"LiDAR Iris", {.843}},
              {"PointNetVLAD", {.856}},
              {"OverlapNet", {.867}},
              {"NDT-Transformer", {.855}},
              {"MinkLoc3D", {.894}},
              {"OverlapTransformer", {.907}}});
  add("max_f1", {{"Histogram", {.825}},
                 {"Scan Context", {.835}},
                 {"LiDAR Iris", {.848}},
                 {"PointNetVLAD", {.846}},
                 {"OverlapNet", {.865}},
                 {"NDT-Transformer", {.853}},
                 {"MinkLoc3D", {.869}},
                 {"OverlapTransformer", {.877}}});
  add("recall_at_1", {{"Histogram", {.738}},
                      {"Scan Context", {.820}},
                      {"LiDAR Iris", {.835}},
                      {"PointNetVLAD", {.776}},
                      {"OverlapNet", {.816}},
                      {"NDT-Transformer", {.802}},
                      {"MinkLoc3D", {.876}},
                      {"OverlapTransformer", {.906}}});
  add("recall_at_1_percent", {{"Histogram", {.871}},
                              {"Scan Context", {.869}},
                              {"LiDAR Iris", {.877}},
                              {"PointNetVLAD", {.845}},
                              {"OverlapNet", {.908}},
                              {"NDT-Transformer", {.869}},
                              {"MinkLoc3D", {.920}},
                              {"OverlapTransformer", {.964}}});
  add("recall_at_1", {{"OverlapTransformer", {.883}, kReleased}}, kAgain);
  add("recall_at_1_percent", {{"OverlapTransformer", {.950}, kReleased}}, kAgain);
  add("auc", {{"LCR-Net", {.958}}}, kLcrNet);
  add("max_f1", {{"LCR-Net", {.922}}}, kLcrNet);
  add("recall_at_1", {{"LCR-Net", {.937}}}, kLcrNet);
  add("recall_at_1_percent", {{"LCR-Net", {.993}}}, kLcrNet);
}

void add_lcdnet(std::vector<PublishedFigure>& all) {
  constexpr const char* kSource = "Cattaneo et al., LCDNet, T-RO 2022";
  constexpr const char* kVariant = "protocol 1 (best answer); the paper does not say which of its two variants";
  constexpr const char* kOther = "trained on KITTI-360; protocol 1, variant not told";
  add_table(all, {"00", "08"}, "average_precision", "", kSource,
            {{"M2DP", {.93, .05}, kVariant},
             {"Scan Context", {.96, .65}, kVariant},
             {"LiDAR Iris", {.96, .64}, kVariant},
             {"OverlapNet", {.95, .32}, kVariant},
             {"LCDNet", {.97, .94}, kVariant},
             {"LCDNet (KITTI-360)", {.998, .96}, kOther}});
  add_table(all, {"00", "08"}, "average_precision", "lcdnet_p2", kSource,
            {{"M2DP", {.31, .01}},
             {"Scan Context", {.47, .21}},
             {"LiDAR Iris", {.42, .17}},
             {"OverlapNet", {.60, .20}},
             {"LCDNet", {.62, .73}},
             {"LCDNet (KITTI-360)", {.89, .76}, "trained on KITTI-360"}});
}

/// Each sequence has its own split, so its own preset.
void add_bevplace(std::vector<PublishedFigure>& all) {
  const std::vector<const char*> sequences{"00", "02", "05", "06"};
  const std::vector<Row> rows{{"Scan Context", {.897, .739, .770, .867}},
                              {"PointNetVLAD", {.916, .623, .769, .778}},
                              {"LPD-Net", {.957, .723, .836, .822}},
                              {"SOE-Net", {.950, .655, .848, .696}},
                              {"MinkLoc3Dv2", {.959, .723, .864, .804}},
                              {"BVMatch", {.938, .782, .902, .938}},
                              {"OverlapTransformer", {.967, .801, .919, .956}},
                              {"BEVPlace", {.997, .981, .993, 1}}};
  for (std::size_t i = 0; i < sequences.size(); ++i)
    for (const Row& row : rows)
      all.push_back(of_kitti(row.method, sequences[i], "recall_at_1", row.values[i],
                             std::string("bevplace_") + sequences[i],
                             "Luo et al., BEVPlace, ICCV 2023; BEVPlace++'s repository"));
}

void add_contour(std::vector<PublishedFigure>& all) {
  constexpr const char* kSource = "the answers in Contour Context's repository, counted at 5 m and 150 frames";
  add_table(all, {"08"}, "max_f1", "contour_context", kSource, {{"Contour Context", {.956}}});
  add_table(all, {"08"}, "extended_precision", "contour_context", kSource, {{"Contour Context", {.670}}});
}

/// Benchmarks of images: one row per method, recalls at 1, 5, 10 and 20 as far as they are told.
void add_recalls(std::vector<PublishedFigure>& all, const char* sequence, int frames, const char* preset,
                 const char* source, const std::vector<Row>& rows) {
  constexpr const char* kFigures[] = {"recall_at_1", "recall_at_5", "recall_at_10", "recall_at_20"};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.values.size(); ++i)
      all.push_back({row.method, sequence, kFigures[i], row.values[i], frames, preset, source, row.remark});
}

void add_images(std::vector<PublishedFigure>& all) {
  constexpr const char* kR2Former = "Zhu et al., R2Former, CVPR 2023, Table 1";
  constexpr const char* kPredictions = "the predictions in MultiRes-NetVLAD's repository, counted here";
  add_recalls(all, "vpr/pitts30k_test", 16816, "vpr_25m", kR2Former, {{"NetVLAD", {.819, .912, .937}}});
  add_recalls(all, "vpr/pitts30k_test", 16816, "patch_netvlad", kR2Former,
              {{"SuperPoint + SuperGlue", {.872, .948, .964}}, {"Patch-NetVLAD", {.887, .945, .959}}});
  add_recalls(all, "vpr/tokyo247", 76299, "tokyo247", kR2Former,
              {{"NetVLAD", {.648, .784, .816}},
               {"SuperPoint + SuperGlue", {.882, .902, .902}},
               {"Patch-NetVLAD", {.860, .886, .905}}});
  add_recalls(all, "vpr/tokyo247", 76299, "tokyo247", kPredictions,
              {{"NetVLAD (Pittsburgh)", {.6698, .7905, .8254, .8667}}});
  add_recalls(all, "vpr/berlin", 594, "berlin_kudamm", kPredictions,
              {{"NetVLAD (Pittsburgh)", {.4464, .5929, .7071, .7893}}});
  constexpr const char* kMatrices = "the matrices in VPR-Bench's repository, counted here";
  add_recalls(all, "image_folder/corridor", 222, "listed", kMatrices,
              {{"HybridNet", {.901}},
               {"AMOSNet", {.847}},
               {"DenseVLAD", {.703}},
               {"AlexNet", {.685}},
               {"NetVLAD", {.676}},
               {"CoHOG", {.622}},
               {"AP-GeM", {.532}},
               {"HOG", {.477}},
               {"RegionVLAD", {.432}},
               {"CALC", {.324}}});
  all.push_back(of_kitti("NetVLAD (Pittsburgh)", "00", "average_precision", .933396, "netvlad_tf",
                         "uzh-rpg/netvlad_tf_open, KITTI 00 test",
                         "grey images, the first 128 numbers; the area of steps without that of the first frame"));
}

std::vector<PublishedFigure> make_all() {
  std::vector<PublishedFigure> all;
  add_pairs(all);
  add_lists(all);
  add_overlap(all);
  add_lcdnet(all);
  add_bevplace(all);
  add_contour(all);
  add_images(all);
  return all;
}

}  // namespace

std::span<const PublishedFigure> published_figures() {
  static const std::vector<PublishedFigure> all = make_all();
  return all;
}

std::vector<PublishedFigure> published_on(const std::string& sequence) {
  std::vector<PublishedFigure> found;
  std::ranges::copy_if(published_figures(), std::back_inserter(found),
                       [&](const PublishedFigure& figure) { return figure.sequence == sequence; });
  return found;
}

bool same_protocol(const PublishedFigure& published, const Protocol& protocol) {
  return !published.preset.empty() && stamped(protocol).preset == published.preset;
}

int recall_rank(const PublishedFigure& published) {
  constexpr std::string_view kPrefix = "recall_at_";
  const std::string_view figure = published.figure;
  if (!figure.starts_with(kPrefix)) return 0;
  const std::string_view digits = figure.substr(kPrefix.size());
  int rank = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  return error == std::errc() && end == digits.data() + digits.size() ? rank : 0;
}

}  // namespace relocus
