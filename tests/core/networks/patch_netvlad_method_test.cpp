// Patch-NetVLAD as the pipeline sees it, with weights of the golden rule (which recognise nothing).

#include <cmath>

#include "core/encoding_codec.h"
#include "core/methods/registry.h"
#include "core/networks/image_widths.h"
#include "core/patch_matching.h"
#include "core/reranking.h"
#include "core/weights/golden_rule.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr ImageWidths narrow{
    .block1 = 4, .block2 = 4, .block3 = 8, .block4 = 8, .block5 = 16, .clusters = 4, .descriptor = 24};

/// A picture of noise that is the same every time, seen `shift` pixels further to the left.
Picture noise(int width, int height, unsigned seed, int shift = 0) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto where = unsigned((y / 8) * 977 + ((x + shift) / 8) * 131 + c * 17) + seed * 7919;
        picture.pixels.push_back(std::uint8_t((where * 2654435761u) >> 24));
      }
  return picture;
}

Reading reading(Picture picture) { return {{}, std::move(picture)}; }

}  // namespace

class PatchNetvladMethodTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Resources resources_;
  const MethodInfo& info_ = method("patch_netvlad");

  std::unique_ptr<Method> create(std::initializer_list<const char*> settings = {}) {
    const auto options = info_.options();
    for (const char* setting : {"image_width=160", "image_height=128"}) set_option(*options, setting);
    for (const char* setting : settings) set_option(*options, setting);
    return info_.create(*options, resources_);
  }
  static std::vector<std::shared_ptr<const Prepared>> prepared(Method& method, const std::vector<Encoding>& encodings) {
    std::vector<std::shared_ptr<const Prepared>> result;
    for (const Encoding& encoding : encodings) result.push_back(method.prepare(encoding));
    return result;
  }

 private Q_SLOTS:
  void initTestCase() {
    resources_.weights = folder_.filePath("golden").toStdString();
    resources_.device = "cpu";
    write_golden_image_weights(resources_.weights, {}, narrow);
  }

  void an_image_is_told_by_one_descriptor_and_by_its_patches() {
    const std::vector<Reading> readings{reading(noise(160, 128, 1)), reading(noise(300, 200, 2))};
    const auto speed = create()->encode(readings);
    for (const Encoding& encoding : speed) {
      QCOMPARE(encoding.global.size(), Eigen::Index(24));
      QVERIFY(std::abs(encoding.global.norm() - 1) < 1e-5f);
      QCOMPARE(encoding.local.size(), std::size_t(1));
      QCOMPARE(encoding.local[0].shape, (std::vector<std::int64_t>{4, 6, 24}));  // of a map of 8 x 10 cells
    }
    const auto short_ones = create({"configuration=performance", "length=8"})->encode(readings);
    QCOMPARE(short_ones[0].local.size(), std::size_t(3));  // of 2, 5 and 8 cells
    QCOMPARE(short_ones[0].local[2].shape, (std::vector<std::int64_t>{1, 3, 24}));
    const auto custom = create({"configuration=custom", "length=8"})->encode(readings);
    QCOMPARE(custom[0].global.size(), Eigen::Index(8));
    QVERIFY((custom[0].global - speed[0].global.head(8).normalized()).norm() < 1e-5f);
  }

  void an_image_is_most_like_itself() {
    const std::vector<Reading> readings{reading(noise(160, 128, 1)), reading(noise(160, 128, 1, 16)),
                                        reading(noise(160, 128, 9))};
    for (const char* scorer : {"scorer=spatial", "scorer=ransac"}) {
      const auto method = create({"configuration=custom", scorer});
      const auto images = prepared(*method, method->encode(readings));
      const std::vector<Method::Score> scores = method->rerank(*images[0], images);
      const bool spatial = std::string(scorer) == "scorer=spatial";
      QVERIFY2(std::abs(scores[0].similarity - (spatial ? 5 * 5 + 3 * 3 : 1)) < 1e-4f,
               qPrintable(QString::number(double(scores[0].similarity))));
      QVERIFY(scores[0].similarity > scores[1].similarity);
      QVERIFY(scores[0].similarity > scores[2].similarity);
    }
  }

  void similarities_of_several_sizes_belong_together_and_of_one_do_not() {
    QVERIFY(!dynamic_cast<const ComparesTogether&>(*create()).compares_together());
    const auto method = create({"configuration=performance"});
    QVERIFY(dynamic_cast<const ComparesTogether&>(*method).compares_together());
    const std::vector<Reading> readings{reading(noise(160, 128, 1)), reading(noise(160, 128, 1, 16))};
    const auto images = prepared(*method, method->encode(readings));
    const auto alone = method->rerank(*images[0], std::vector{images[0]});
    // As the published program says of a pair of equal images; three patches of 8 cells are too few for a homography.
    QVERIFY(std::abs(alone[0].similarity - (0.45f + 0.15f)) < 1e-5f);
  }

  void matches_of_every_size_can_be_seen() {
    const auto method = create({"configuration=performance"});
    const std::vector<Reading> readings{reading(noise(160, 128, 1)), reading(noise(160, 128, 1, 16))};
    const auto images = prepared(*method, method->encode(readings));
    std::vector<ScaleMatches> seen;
    method->rerank(*images[0], std::vector{images[0]}, [&](const TraceLabel& label, const Array& array) {
      if (label.name == kPatchMatches) seen.push_back(scale_matches(array));
    });
    QCOMPARE(seen.size(), std::size_t(3));
    QCOMPARE(seen[1].query.size, 5);
    QCOMPARE(int(seen[0].pairs.size()), seen[0].query.count());
    QCOMPARE(seen[0].num_agreeing(), seen[0].query.count());
    QVERIFY(std::abs(seen[0].pairs[0].similarity - 1) < 1e-5f);
  }

  void quantised_patches_take_less_room_and_say_nearly_the_same() {
    const std::vector<Reading> readings{reading(noise(160, 128, 1)), reading(noise(160, 128, 1, 16))};
    const auto half = create(), quantised = create({"storage=quantised"});
    const auto whole = half->encode(readings), codes = quantised->encode(readings);
    QVERIFY(encode_arrays(codes[0].local).size() < 0.6 * double(encode_arrays(whole[0].local).size()));
    const auto images = prepared(*quantised, codes);
    const auto scores = quantised->rerank(*images[0], images);
    QVERIFY(std::abs(scores[0].similarity - 34) < 1e-3f);
    QVERIFY(!test::error_of([&] { half->prepare(codes[0]); }).empty());
    QVERIFY(!test::error_of([&] { quantised->prepare(whole[0]); }).empty());
  }

  void what_is_missing_is_named() {
    QVERIFY(test::error_of([&] { create()->encode(std::vector<Reading>(1)); }).find("images") != std::string::npos);
    Resources none = resources_;
    none.weights = folder_.filePath("none").toStdString();
    const std::string error = test::error_of([&] { info_.create(*info_.options(), none); });
    QVERIFY2(error.find("none") != std::string::npos, error.c_str());
    const auto method = create();
    struct Other : Prepared {};
    const auto image = prepared(*method, method->encode(std::vector{reading(noise(160, 128, 1))}));
    QVERIFY(!test::error_of([&] { method->rerank(Other(), image); }).empty());
  }
};

QTEST_APPLESS_MAIN(PatchNetvladMethodTest)
#include "patch_netvlad_method_test.moc"
