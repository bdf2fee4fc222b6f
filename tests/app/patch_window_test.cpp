// A database and its queries as images, with Patch-NetVLAD, in the window.

#include <cmath>

#include "app/frame_title.h"
#include "core/datasets/registry.h"
#include "core/network_library.h"
#include "core/pipeline.h"
#include "core/png.h"
#include "core/sequence_protocol.h"
#include "tests/app/desk.h"
#include "tests/made_files.h"
#include "tests/support.h"
#include "widgets/images_view.h"
#include "widgets/patch_bar.h"

using namespace relocus;
using test::Desk;

namespace {

constexpr ImageWidths narrow{
    .block1 = 4, .block2 = 4, .block3 = 8, .block4 = 8, .block5 = 16, .clusters = 4, .descriptor = 24};

/// Waves whose length tells the place, 160 x 128.
std::string picture(int place, int shift) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < 128; ++y)
    for (int x = 0; x < 160; ++x)
      for (int c = 0; c < 3; ++c)
        pixels.push_back(
            std::uint8_t(128 + 100 * std::sin((x + shift) / (3. + 2 * place) + c) * std::cos(y / (4. + place))));
  return png_of(pixels, 160, 128);
}

}  // namespace

class PatchWindowTest : public QObject {
  Q_OBJECT
  test::MadeFolder folder_;

 private Q_SLOTS:
  void initTestCase() {
    for (int place = 0; place < 3; ++place) {
      const std::string name = fmt::format("@{}@0@{}.png", 100 * place, place);
      test::write_file(folder_ / "places/database" / name, picture(place, 0));
      test::write_file(folder_ / "places/queries" / name, picture(place, 2));
    }
    network_library().write_golden_image_weights(folder_ / "golden", {}, narrow, "torch");
    const Sequence sequence = open_sequence(folder_ / "places");
    Job job;
    job.method = "patch_netvlad";
    const std::shared_ptr<Options> options = method(job.method).options();
    for (const char* setting : {"image_width=160", "image_height=128"}) set_option(*options, setting);
    job.options = options;
    job.resources = {folder_ / "golden", "cpu", 1};
    job.protocol = suggested_protocol(sequence);
    job.out = folder_ / "experiment";
    relocus::run(sequence, job);
  }

  void frames_of_both_sets_have_titles_of_their_own() {
    const Sequence sequence = open_sequence(folder_ / "places");
    QStringList titles;
    for (const Frame& frame : sequence.frames) titles << frame_title(sequence, frame.id);
    QCOMPARE(titles, (QStringList{"database 0", "database 1", "database 2", "query 0", "query 1", "query 2"}));
    Sequence drive;
    drive.frames.resize(2);
    drive.frames[1].number = 7;
    QCOMPARE(frame_title(drive, 1), QStringLiteral("frame 7"));
    QCOMPARE(frame_number(drive, 1), QStringLiteral("7"));
  }

  void the_window_is_idle_when_the_patches_are_compared() {
    Desk desk({1280, 800});
    QVERIFY(desk.open(folder_ / "experiment"));
    desk.raise("images");
    QVERIFY(desk.idle());
    desk.session.select_query(4);
    QVERIFY(desk.idle());
    QVERIFY(desk.session.candidate());
    PatchBar* const bar = desk.view<ImagesView>()->patches();
    QVERIFY2(bar->scene(), qPrintable(bar->text()));
    QVERIFY(bar->scene()->scale.query.count() > 0);
    QVERIFY2(desk.dock("query")->windowTitle().endsWith("query 1"), qPrintable(desk.dock("query")->windowTitle()));
    QVERIFY(desk.dock("candidate")->windowTitle().contains("database "));
  }
};

QTEST_MAIN(PatchWindowTest)
#include "patch_window_test.moc"
