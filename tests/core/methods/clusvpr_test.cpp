// ClusVPR as the pipeline sees it, with weights of the golden rule (which recognise nothing).

#include <cmath>
#include <map>

#include "core/complexity.h"
#include "core/methods/clusvpr.h"
#include "core/methods/registry.h"
#include "core/network_library.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr ClusvprWidths narrow{.block1 = 4,
                               .block2 = 4,
                               .block3 = 8,
                               .block4 = 8,
                               .block5 = 16,
                               .blocks = 2,
                               .hidden = 8,
                               .mlp = 16,
                               .expansion = 2,
                               .groups = 4,
                               .clusters = 4,
                               .exponent_rows = 3,
                               .exponent_columns = 4,
                               .descriptor = 24};

/// A picture of stripes.
Picture stripes(int width, int height, int step) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) picture.pixels.push_back(std::uint8_t((x * (step + c) + y * 3 * step) % 251));
  return picture;
}

Reading reading(Picture picture) { return {{}, std::move(picture)}; }

}  // namespace

class ClusvprTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Resources resources_;
  const MethodInfo& info_ = method("clusvpr");

  std::unique_ptr<Method> create(std::initializer_list<const char*> settings = {}) {
    const auto options = info_.options();
    set_option(*options, "image_width=0");
    for (const char* setting : settings) set_option(*options, setting);
    return info_.create(*options, resources_);
  }
  Eigen::VectorXf descriptor(const Picture& picture, std::initializer_list<const char*> settings = {}) {
    const Reading readings[] = {reading(picture)};
    return create(settings)->encode(readings).at(0).global;
  }

 private Q_SLOTS:
  void initTestCase() {
    resources_.weights = folder_.filePath("golden").toStdString();
    resources_.device = "cpu";
    network_library().write_golden_clusvpr_weights(resources_.weights, {}, narrow);
  }

  void without_weights_it_says_so_and_how_to_get_them() {
    Resources none = resources_;
    none.weights = folder_.filePath("none").toStdString();
    const std::string error = test::error_of([&] { info_.create(*info_.options(), none); });
    for (const char* part : {"clusvpr needs weights", "none", "--weights"})
      QVERIFY2(error.find(part) != std::string::npos, error.c_str());
    none.weights = folder_.filePath("netvlad").toStdString();
    network_library().write_golden_image_weights(
        none.weights, {},
        {.block1 = 2, .block2 = 2, .block3 = 2, .block4 = 2, .block5 = 2, .clusters = 2, .descriptor = 0}, "torch");
    const std::string other = test::error_of([&] { info_.create(*info_.options(), none); });
    QVERIFY2(other.find("holds weights of netvlad, not of clusvpr") != std::string::npos, other.c_str());
  }

  void a_descriptor_has_unit_length_and_does_not_depend_on_companions() {
    const auto method = create();
    const std::vector<Reading> mixed{reading(stripes(64, 48, 3)), reading(stripes(90, 50, 5)),
                                     reading(stripes(64, 48, 7))};
    const auto encodings = method->encode(mixed);
    QCOMPARE(encodings.size(), std::size_t(3));
    for (std::size_t i = 0; i < mixed.size(); ++i) {
      QCOMPARE(encodings[i].global.size(), Eigen::Index(narrow.descriptor));
      QVERIFY(std::abs(encodings[i].global.norm() - 1) < 1e-5f);
      QCOMPARE(method->encode(std::span(mixed).subspan(i, 1)).at(0).global, encodings[i].global);
    }
    QVERIFY((encodings[0].global - encodings[2].global).norm() > 1e-4f);
    QVERIFY(method->encode({}).empty());
    const Picture picture = stripes(64, 48, 3);
    QVERIFY((descriptor(picture, {"length=8"}) - descriptor(picture).head(8).normalized()).norm() < 1e-6f);
  }

  void the_published_form_knows_one_size_and_agrees_there() {
    const Picture fitting = stripes(64, 48, 3);
    QCOMPARE(descriptor(fitting, {"form=reference"}), descriptor(fitting));
    const std::string error = test::error_of([&] { descriptor(stripes(90, 50, 5), {"form=reference"}); });
    for (const char* part : {"64 x 48 pixels", "form=fixed"})
      QVERIFY2(error.find(part) != std::string::npos, error.c_str());
    const std::string small = test::error_of([&] { descriptor(stripes(15, 40, 3)); });
    QVERIFY2(small.find("15 x 40") != std::string::npos, small.c_str());
    const std::string none = test::error_of([&] { descriptor({}); });
    QVERIFY2(none.find("ClusVPR describes images") != std::string::npos, none.c_str());
  }

  void every_intermediate_is_offered_the_right_way_up() {
    std::map<std::string, std::pair<TraceLabel, Array>> seen;
    const Reading readings[] = {reading(stripes(90, 50, 3))};  // cells cover 80 x 48 pixels, tokens 96 x 64
    const auto encoded = create()->encode(readings, [&](const TraceLabel& label, const Array& array) {
      seen[label.name] = {label, array};
    });
    QCOMPARE(encoded.at(0).global, create()->encode(readings).at(0).global);
    using Shape = std::vector<std::int64_t>;
    QCOMPARE(seen.at("input").second.shape, (Shape{50, 90, 3}));
    QCOMPARE(seen.at("features").second.shape, (Shape{3, 5, 16}));
    QCOMPARE(seen.at("transformed").second.shape, (Shape{3, 5, 16}));
    QCOMPARE(seen.at("attention").second.shape, (Shape{3, 5, 4}));
    QCOMPARE(seen.at("contribution").second.shape, (Shape{3, 5}));
    QCOMPARE(seen.at("token_weights").second.shape, (Shape{2, 3, 2}));
    QCOMPARE(seen.at("token_attention").second.shape, (Shape{2, 3, 2}));
    for (const float weight : seen.at("token_weights").second.values) QVERIFY(weight >= 0.5f && weight <= 1.5f);
    for (const float attention : seen.at("attention").second.values) QVERIFY(attention >= 0.5f && attention < 1);
    const auto& [label, assignment] = seen.at("assignment");
    QCOMPARE(assignment.shape, (Shape{3, 5, 4}));
    QVERIFY(label.is_share);
    for (std::size_t cell = 0; cell < 15; ++cell) {
      float sum = 0;
      for (std::size_t k = 0; k < 4; ++k) sum += assignment.values[4 * cell + k];
      QVERIFY(std::abs(sum - 1) < 1e-5f);
    }
    // Both grids begin at the upper left pixel, which is left and ahead.
    const auto corner = [&](const char* name, int rows, int columns) {
      return cell_at(*seen.at(name).first.grid, rows, columns, 24.5, 44.5);
    };
    QCOMPARE(corner("attention", 3, 5), std::optional(std::pair(2, 4)));
    QCOMPARE(corner("token_weights", 2, 3), std::optional(std::pair(1, 2)));
  }

  void what_it_costs_is_counted_measured_and_compared_with_the_papers_claim() {
    ClusvprOptions options;
    options.image_width = 64, options.image_height = 48;
    const Complexity measured = complexity_of(info_, options, resources_, true);
    QVERIFY(measured.milliseconds.value() > 0);
    QCOMPARE(measured.descriptor_length, narrow.descriptor);
    const std::string text = describe(measured);
    for (const char* part : {"VGG-16", "CWTNet", "OptLAD", "whitening", "claimed", "53.12", "92.14", "ms per image"})
      QVERIFY2(text.find(part) != std::string::npos, text.c_str());
    const std::string error =
        test::error_of([&] { complexity_of(method("netvlad"), *method("netvlad").options(), resources_, false); });
    QVERIFY2(error.find("known: clusvpr") != std::string::npos, error.c_str());
  }
};

QTEST_APPLESS_MAIN(ClusvprTest)
#include "clusvpr_test.moc"
