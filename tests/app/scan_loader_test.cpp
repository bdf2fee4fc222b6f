#include "app/scan_loader.h"

#include <QSignalSpy>
#include <fstream>

#include "core/datasets/registry.h"
#include "tests/app/made_sequence.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

std::vector<FrameId> frames_of(const QSignalSpy& loaded) {
  std::vector<FrameId> frames;
  for (const auto& signal : loaded) frames.push_back(signal[0].value<std::shared_ptr<const Scan>>()->frame);
  return frames;
}

void write_labels(const fs::path& path, std::size_t count) {
  fs::create_directories(path.parent_path());
  const std::vector<std::uint32_t> labels(count, (7u << 16) | 40u);  // instance 7 of class 40
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(labels.data()), std::streamsize(count * sizeof(std::uint32_t)));
}

}  // namespace

class ScanLoaderTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::shared_ptr<const Sequence> sequence_;

 private Q_SLOTS:
  void initTestCase() {
    const fs::path laps = folder_.filePath("laps").toStdString();
    test::write_two_laps(laps, {.frames_per_lap = 10});
    const auto num_points = fs::file_size(laps / "velodyne/000003.bin") / 16;
    write_labels(laps / "labels/000003.label", num_points);
    write_labels(laps / "labels/000004.label", 5);
    sequence_ = std::make_shared<Sequence>(open_sequence(laps));
  }

  void what_is_wanted_first_arrives_first() {
    ScanLoader loader;
    loader.show_sequence(sequence_);
    QSignalSpy loaded(&loader, &ScanLoader::loaded);
    QSignalSpy idle(&loader, &ScanLoader::idle);
    loader.want({7, 2, 5});
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(frames_of(loaded), (std::vector<FrameId>{7, 2, 5}));
    QVERIFY(!loader.is_busy());
  }

  void wishes_that_were_replaced_are_not_read() {
    ScanLoader loader;
    loader.show_sequence(sequence_);
    QSignalSpy loaded(&loader, &ScanLoader::loaded);
    for (FrameId frame = 0; frame < 20; ++frame) loader.want({frame});
    QTRY_VERIFY(!loader.is_busy());
    QCOMPARE(frames_of(loaded), (std::vector<FrameId>{0, 19}));  // the one begun, and the last
  }

  void a_scan_at_hand_is_told_at_once() {
    ScanLoader loader;
    loader.show_sequence(sequence_);
    loader.want({3});
    QTRY_VERIFY(!loader.is_busy());
    QSignalSpy loaded(&loader, &ScanLoader::loaded);
    loader.want({3});
    QCOMPARE(loaded.count(), 1);
    QVERIFY(!loader.is_busy());
  }

  void old_scans_are_forgotten_when_memory_is_short() {
    ScanLoader loader(nullptr, 1);  // byte: all but the last two
    loader.show_sequence(sequence_);
    loader.want({0, 1, 2});
    QTRY_VERIFY(!loader.is_busy());
    QVERIFY(!loader.find(0));
    QVERIFY(loader.find(1) && loader.find(2));
  }

  void labels_come_along_where_they_fit() {
    ScanLoader loader;
    loader.show_sequence(sequence_);
    loader.want({3, 4});
    QTRY_VERIFY(!loader.is_busy());
    const auto labelled = loader.find(3);
    QCOMPARE(labelled->labels.size(), labelled->cloud.points.size());
    QCOMPARE(labelled->labels.front(), std::uint16_t(40));
    QVERIFY(loader.find(4)->labels.empty());
    QVERIFY(!loader.find(4)->cloud.points.empty());
  }

  void a_bad_scan_is_told_and_the_next_is_read() {
    auto broken = std::make_shared<Sequence>(*sequence_);
    broken->frames[5].cloud = folder_.filePath("nowhere.bin").toStdString();
    ScanLoader loader;
    loader.show_sequence(broken);
    QSignalSpy loaded(&loader, &ScanLoader::loaded), failed(&loader, &ScanLoader::failed);
    loader.want({5, 6});
    QTRY_COMPARE(loaded.count(), 1);
    QCOMPARE(failed.count(), 1);
    QCOMPARE(failed[0][0].toInt(), 5);
    QVERIFY(failed[0][1].toString().contains("nowhere.bin"));
  }
};

QTEST_GUILESS_MAIN(ScanLoaderTest)
#include "scan_loader_test.moc"
