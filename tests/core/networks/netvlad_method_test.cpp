// NetVLAD of images as the pipeline sees it, with weights of the golden rule (which recognise nothing).

#include <cmath>
#include <map>

#include "core/methods/registry.h"
#include "core/weights/golden_rule.h"
#include "tests/core/networks/image_golden.h"

using namespace relocus;

namespace {

constexpr ImageWidths narrow{
    .block1 = 4, .block2 = 4, .block3 = 8, .block4 = 8, .block5 = 16, .clusters = 4, .descriptor = 24};

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

class NetvladMethodTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Resources resources_;
  const MethodInfo& info_ = method("netvlad");

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
    write_golden_image_weights(resources_.weights, {}, narrow);
  }

  void without_weights_it_says_so_and_how_to_get_them() {
    Resources none = resources_;
    none.weights = folder_.filePath("none").toStdString();
    const std::string error = test::error_of([&] { info_.create(*info_.options(), none); });
    for (const char* part : {"netvlad needs weights", "none", "--weights"})
      QVERIFY2(error.find(part) != std::string::npos, error.c_str());
    QVERIFY(!test::error_of([&] { info_.weights_hash(*info_.options(), none); }).empty());
    none.weights = folder_.filePath("lidar").toStdString();
    write_golden_weights(
        none.weights, {},
        {.height_layers = 2, .base = 16, .features = 16, .overlap = 16, .clusters = 2, .descriptor = 4});
    const std::string other = test::error_of([&] { info_.create(*info_.options(), none); });
    QVERIFY2(other.find("holds weights of overlap_netvlad, not of netvlad") != std::string::npos, other.c_str());
  }

  void a_descriptor_has_unit_length_and_does_not_depend_on_companions() {
    const auto method = create();
    const std::vector<Reading> mixed{reading(stripes(64, 48, 3)), reading(stripes(80, 48, 5)),
                                     reading(stripes(64, 48, 7))};
    const auto encodings = method->encode(mixed);
    QCOMPARE(encodings.size(), std::size_t(3));
    for (std::size_t i = 0; i < mixed.size(); ++i) {
      QVERIFY(encodings[i].local.empty());
      QCOMPARE(encodings[i].global.size(), Eigen::Index(narrow.descriptor));
      QVERIFY(std::abs(encodings[i].global.norm() - 1) < 1e-5f);
      QCOMPARE(method->encode(std::span(mixed).subspan(i, 1)).at(0).global, encodings[i].global);
    }
    QVERIFY((encodings[0].global - encodings[2].global).norm() > 1e-4f);
    QVERIFY(method->encode({}).empty());
  }

  void a_shorter_descriptor_is_the_first_numbers() {
    const Picture picture = stripes(64, 48, 3);
    const Eigen::VectorXf whole = descriptor(picture);
    const Eigen::VectorXf plain = descriptor(picture, {"length=8", "renormalise=false"});
    QCOMPARE(plain, Eigen::VectorXf(whole.head(8)));
    QVERIFY((descriptor(picture, {"length=8"}) - plain.normalized()).norm() < 1e-6f);
    QCOMPARE(descriptor(picture, {"length=4000"}), whole);
  }

  void images_are_resized_as_is_asked() {
    const Picture picture = stripes(200, 100, 3);
    QCOMPARE(descriptor(picture, {"image_width=64", "image_height=48"}), descriptor(resized(picture, 64, 48)));
    QCOMPARE(descriptor(picture, {"max_size=80"}), descriptor(resized(picture, 80, 40)));
    QCOMPARE(descriptor(picture, {"max_size=400"}), descriptor(picture));
    const std::string small = test::error_of([&] { descriptor(stripes(15, 40, 3)); });
    QVERIFY2(small.find("15 x 40") != std::string::npos, small.c_str());
    QVERIFY(!test::error_of([&] { descriptor({}); }).empty());
  }

  void the_weights_tell_their_flavour_and_the_hash_tells_flavours_apart() {
    const Picture picture = stripes(64, 48, 3);
    const auto hash = [&] { return info_.weights_hash(*info_.options(), resources_); };
    const Eigen::VectorXf torch = descriptor(picture), as_matlab = descriptor(picture, {"flavour=matlab"});
    const std::string first = hash();
    const auto kept = resources_.weights;
    resources_.weights = folder_.filePath("matlab").toStdString();
    write_golden_image_weights(resources_.weights, {}, narrow, "matlab");
    const Eigen::VectorXf matlab = descriptor(picture);
    QCOMPARE(descriptor(picture, {"flavour=matlab"}), matlab);
    QVERIFY((matlab - torch).norm() > 1e-3f);  // other means of the pixels
    QVERIFY((as_matlab - torch).norm() < 1e-3f);
    QVERIFY(hash() != first);
    resources_.weights /= "weights.safetensors";  // alone
    QCOMPARE(descriptor(picture), matlab);
    resources_.weights = kept;
  }

  void every_intermediate_is_offered_the_right_way_up() {
    Picture picture = stripes(70, 50, 3);  // cells cover 64 x 48 pixels
    for (int c = 0; c < 3; ++c) picture.pixels[std::size_t(c)] = 255;
    picture.pixels[3] = 17;  // right of the upper left pixel
    std::map<std::string, std::pair<TraceLabel, Array>> seen;
    const Reading readings[] = {reading(picture)};
    create()->encode(readings, [&](const TraceLabel& label, const Array& array) { seen[label.name] = {label, array}; });
    using Shape = std::vector<std::int64_t>;
    QCOMPARE(seen.at("input").second.shape, (Shape{50, 70, 3}));
    QCOMPARE(seen.at("features").second.shape, (Shape{3, 4, 16}));
    const auto& [label, assignment] = seen.at("assignment");
    QCOMPARE(assignment.shape, (Shape{3, 4, 4}));
    QVERIFY(label.is_share);
    for (std::size_t cell = 0; cell < 12; ++cell) {
      float sum = 0;
      for (std::size_t k = 0; k < 4; ++k) sum += assignment.values[4 * cell + k];
      QVERIFY(std::abs(sum - 1) < 1e-5f);
    }
    QCOMPARE(cell_at(*label.grid, 3, 4, 24.5, 34.5), std::optional(std::pair(2, 3)));  // the upper left
    QVERIFY(!cell_at(*label.grid, 3, 4, -24, 0));                                      // below what cells cover
    const Array& input = seen.at("input").second;
    const auto value = [&](double x, double y) {
      const auto cell = cell_at(*seen.at("input").first.grid, 50, 70, x, y).value();
      return input.values[std::size_t(3 * (cell.first * 70 + cell.second))];
    };
    QCOMPARE(value(24.5, 34.5), 1.f);
    QCOMPARE(value(24.5, 33.5), 17 / 255.f);
  }
};

QTEST_APPLESS_MAIN(NetvladMethodTest)
#include "netvlad_method_test.moc"
