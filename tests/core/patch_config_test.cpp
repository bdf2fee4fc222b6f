#include "core/patch_config.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/methods/patch_netvlad.h"
#include "tests/support.h"

using namespace relocus;

class PatchConfigTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;

  std::filesystem::path write(const std::string& text) const {
    const std::filesystem::path path = folder_.filePath("some.ini").toStdString();
    std::ofstream(path) << text;
    return path;
  }

 private Q_SLOTS:
  void the_published_ones_are_known() {
    const PatchConfig performance = published_patch_config("performance");
    QCOMPARE(performance.sizes, (std::vector<int>{2, 5, 8}));
    QCOMPARE(performance.weights, (std::vector<double>{0.45, 0.15, 0.4}));
    QCOMPARE(performance.length, 4096);
    QVERIFY(performance.ransac);
    QCOMPARE(published_patch_config("speed").length, 512);
    QCOMPARE(published_patch_config("storage").length, 128);
    QVERIFY(!published_patch_config("storage").ransac);
    QVERIFY(test::error_of([] { published_patch_config("fast"); }).find("performance, speed and storage") !=
            std::string::npos);
  }

  void files_of_the_published_program_can_be_opened() {
    const auto file = test::golden_folder() / "image/toyset_speed128.ini";
    RELOCUS_NEED(file);
    const PatchConfig config = read_patch_config(file);
    QCOMPARE(config.length, 128);
    QCOMPARE(config.image_width, 320);
    QCOMPARE(config.image_height, 240);
    QCOMPARE(config.sizes, std::vector<int>{5});
    QVERIFY(!config.ransac);
  }

  void keys_are_read_in_any_case_with_comments_between_them() {
    const PatchConfig config = read_patch_config(
        write("# note\n[Feature_Match]\nMatcher: RANSAC\npatchWeights2Use = 0.5, 0.5\n\n[global_params]\npatch_sizes = "
              "3,6\nstrides=1,2\nNUM_PCS = 64\n"));
    QCOMPARE(config.sizes, (std::vector<int>{3, 6}));
    QCOMPARE(config.strides, (std::vector<int>{1, 2}));
    QCOMPARE(config.weights, (std::vector<double>{0.5, 0.5}));
    QCOMPARE(config.length, 64);
    QVERIFY(config.ransac);
  }

  void what_does_not_fit_is_named() {
    const auto error = [&](const std::string& text) { return test::error_of([&] { read_patch_config(write(text)); }); };
    QVERIFY(error("[global_params]\npatch_sizes = 2,5\n").find("2 sizes of patches have 2 strides and 1 weights") !=
            std::string::npos);
    QVERIFY(error("[global_params]\npatch_sizes = two\n").find("\"two\" should be numbers") != std::string::npos);
    QVERIFY(error("[global_params]\npooling = netvlad\n").find("describes no patches") != std::string::npos);
    QVERIFY(error("[feature_match]\nmatcher = best\n").find("no matcher \"best\"") != std::string::npos);
    QVERIFY(error("patch_sizes = 2\n").find("some.ini:1") != std::string::npos);
    QVERIFY(!test::error_of([&] { read_patch_config("/nowhere.ini"); }).empty());
  }

  void options_take_over_a_file_and_stand_for_themselves_then() {
    PatchNetvladOptions options;
    set_option(options, "config=" + write("[global_params]\npatch_sizes = 2,5,8\nstrides = 1,1,1\nnum_pcs = 256\n"
                                          "[feature_match]\npatchWeights2Use = 0.45,0.15,0.4\nmatcher = RANSAC\n")
                                        .string());
    QCOMPARE(options.configuration, "custom");
    QVERIFY(options.config.empty());
    PatchNetvladOptions again;
    set_options(again, to_json(options));
    const PatchConfig config = again.settings();
    QCOMPARE(config.sizes, (std::vector<int>{2, 5, 8}));
    QCOMPARE(config.weights, (std::vector<double>{0.45, 0.15, 0.4}));
    QCOMPARE(config.length, 256);
    QVERIFY(config.ransac);
  }

  void a_bad_file_leaves_the_options_as_they_were() {
    PatchNetvladOptions options;
    const auto before = to_json(options);
    QVERIFY(!test::error_of([&] { set_option(options, "config=/nowhere.ini"); }).empty());
    QVERIFY(to_json(options) == before);
  }

  void custom_options_are_checked() {
    PatchNetvladOptions options;
    set_option(options, "configuration=custom");
    set_option(options, "patch_sizes=2,5");
    QVERIFY(test::error_of([&] { options.settings(); }).find("each needs one") != std::string::npos);
    set_option(options, "configuration=performance");
    set_option(options, "image_width=320");
    QCOMPARE(options.settings().image_width, 320);
    QCOMPARE(options.settings().sizes.size(), std::size_t(3));
  }
};

QTEST_APPLESS_MAIN(PatchConfigTest)
#include "patch_config_test.moc"
