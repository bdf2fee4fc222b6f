#include "app/candidate_details.h"

#include <QSignalSpy>
#include <cmath>

#include "core/datasets/registry.h"
#include "tests/app/made_sequence.h"
#include "tests/support.h"

namespace relocus {

class CandidateDetailsTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<const OpenedSequence> opened_;

 private Q_SLOTS:
  void init() {
    const std::filesystem::path path = folder_.filePath("laps").toStdString();
    test::write_two_laps(path, {.frames_per_lap = 20});
    auto opened = std::make_shared<OpenedSequence>();
    opened->sequence = open_sequence(path);
    opened_ = opened;
  }

  void pictures_and_overlaps_arrive_for_every_candidate() {
    CandidateDetails details;
    QSignalSpy pictures(&details, &CandidateDetails::picture_ready),
        overlaps(&details, &CandidateDetails::overlap_ready), idle(&details, &CandidateDetails::idle);
    details.show_sequence(opened_);
    details.want(true);
    details.show_candidates(25, {5, 15});
    QTRY_VERIFY(!idle.isEmpty());
    QCOMPARE(pictures.count(), 2);
    QCOMPARE(pictures[0][0].toInt(), 5);  // the best first
    const auto picture = pictures[0][1].value<QImage>();
    bool drawn = false;
    for (int x = 0; x < picture.width(); ++x)
      for (int y = 0; y < picture.height(); ++y) drawn |= qAlpha(picture.pixel(x, y)) == 255;
    QVERIFY(drawn);
    QVERIFY(overlaps[0][2].toDouble() > 0.99);  // the same place
    QVERIFY(overlaps[1][2].toDouble() < 0.9);   // the other side of the lap
  }

  void what_is_known_is_told_at_once() {
    CandidateDetails details;
    QSignalSpy pictures(&details, &CandidateDetails::picture_ready);
    details.show_sequence(opened_);
    details.want(true);
    details.show_candidates(25, {5});
    QTRY_VERIFY(!details.is_busy());
    details.show_candidates(25, {5});
    QCOMPARE(pictures.count(), 2);
    QVERIFY(!details.is_busy());
  }

  void nothing_is_read_that_nobody_wants_to_see() {
    CandidateDetails details;
    QSignalSpy pictures(&details, &CandidateDetails::picture_ready);
    details.show_sequence(opened_);
    details.show_candidates(25, {5});
    QTest::qWait(300);
    QCOMPARE(pictures.count(), 0);
    QVERIFY(!details.is_busy());
  }

  void a_scan_that_is_gone_stops_nothing() {
    std::filesystem::remove(opened_->sequence.frames[5].cloud);
    CandidateDetails details;
    QSignalSpy overlaps(&details, &CandidateDetails::overlap_ready), idle(&details, &CandidateDetails::idle);
    details.show_sequence(opened_);
    details.want(true);
    details.show_candidates(25, {5, 6});
    QTRY_VERIFY(!idle.isEmpty());
    QCOMPARE(overlaps.count(), 2);
    QVERIFY(std::isnan(overlaps[0][2].toDouble()));
    QVERIFY(overlaps[1][2].toDouble() > 0);
  }
};

}  // namespace relocus

QTEST_GUILESS_MAIN(relocus::CandidateDetailsTest)
#include "candidate_details_test.moc"
