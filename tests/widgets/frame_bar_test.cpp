#include "widgets/frame_bar.h"

#include <QLabel>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>

#include "tests/support.h"

namespace relocus {
namespace {

Sequence sequence_of(int frames, double period) {
  Sequence sequence;
  for (int i = 0; i < frames; ++i) {
    Frame frame;
    frame.id = i;
    frame.number = i;
    frame.stamp = period * i;
    sequence.frames.push_back(frame);
  }
  return sequence;
}

}  // namespace

class FrameBarTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void showing_tells_nothing() {
    FrameBar bar;
    QSignalSpy selected(&bar, &FrameBar::frame_selected);
    bar.show_sequence(sequence_of(500, 0.1));
    bar.show_frame(42);
    QCOMPARE(bar.frame(), 42);
    QCOMPARE(selected.count(), 0);
    bar.clear();
    QCOMPARE(bar.frame(), -1);
    QCOMPARE(selected.count(), 0);
  }

  void slider_number_and_keys_select() {
    FrameBar bar;
    bar.show_sequence(sequence_of(500, 0.1));
    QSignalSpy selected(&bar, &FrameBar::frame_selected);
    bar.findChild<QSlider*>()->setValue(77);
    QCOMPARE(selected.takeLast()[0].toInt(), 77);
    bar.findChild<QSpinBox*>()->setValue(300);
    QCOMPARE(selected.takeLast()[0].toInt(), 300);
    QCOMPARE(bar.findChild<QSlider*>()->value(), 300);
    const std::vector<std::pair<Qt::Key, int>> keys = {{Qt::Key_Right, 301},    {Qt::Key_Left, 300},
                                                       {Qt::Key_PageDown, 400}, {Qt::Key_End, 499},
                                                       {Qt::Key_PageUp, 399},   {Qt::Key_Home, 0}};
    for (const auto& [key, frame] : keys) {
      QTest::keyClick(&bar, key);
      QCOMPARE(selected.takeLast()[0].toInt(), frame);
      QVERIFY(selected.isEmpty());
    }
    QTest::keyClick(&bar, Qt::Key_Left);  // there is none before the first
    QVERIFY(selected.isEmpty());
  }

  void it_plays_to_the_end_and_stops() {
    FrameBar bar;
    bar.show_sequence(sequence_of(6, 0.02));
    QSignalSpy selected(&bar, &FrameBar::frame_selected);
    QTest::keyClick(&bar, Qt::Key_Space);
    QVERIFY(bar.is_playing());
    QTRY_COMPARE(bar.frame(), 5);
    QVERIFY(!bar.is_playing());
    QCOMPARE(selected.count(), 5);  // at its own pace no frame is left out
    bar.play(true);                 // from the end it begins anew
    QCOMPARE(bar.frame(), 0);
    bar.play(false);
    QVERIFY(!bar.is_playing());
  }

  void a_pause_in_the_recording_is_not_waited_for() {
    Sequence sequence = sequence_of(3, 0.02);
    sequence.frames[2].stamp = -1e9;  // broken stamps neither
    FrameBar bar;
    bar.show_sequence(sequence);
    bar.play(true);
    QTRY_COMPARE_WITH_TIMEOUT(bar.frame(), 2, 3000);
  }

  void another_sequence_stops_the_playback() {
    FrameBar bar;
    bar.show_sequence(sequence_of(100, 0.1));
    bar.play(true);
    bar.show_sequence(sequence_of(10, 0.1));
    QVERIFY(!bar.is_playing());
    QCOMPARE(bar.frame(), 0);
  }

  void time_and_file_number_are_told() {
    Sequence sequence = sequence_of(10, 0.1);
    sequence.frames[5].number = 720;
    FrameBar bar;
    bar.show_sequence(sequence);
    bar.show_frame(5);
    const QString text = bar.findChild<QLabel*>()->text();
    QVERIFY(text.contains(QStringLiteral("0.5 s")));
    QVERIFY(text.contains(QStringLiteral("000720")));
  }

  void without_frames_nothing_happens() {
    FrameBar bar;
    QSignalSpy selected(&bar, &FrameBar::frame_selected);
    bar.play(true);
    bar.step(1);
    QTest::keyClick(&bar, Qt::Key_End);
    QVERIFY(!bar.is_playing());
    QCOMPARE(selected.count(), 0);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::FrameBarTest)
#include "frame_bar_test.moc"
