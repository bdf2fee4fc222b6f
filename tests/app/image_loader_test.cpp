#include "app/image_loader.h"

#include <QSignalSpy>
#include <fstream>

#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

class ImageLoaderTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::shared_ptr<Sequence> sequence_ = std::make_shared<Sequence>();

 private Q_SLOTS:
  void initTestCase() {
    const fs::path folder = folder_.path().toStdString();
    for (int i = 0; i < 4; ++i) {
      QImage image(400, 100, QImage::Format_RGB32);
      image.fill(QColor(60 * i, 0, 0));
      Frame frame{.id = i, .number = 10 + i, .image = folder / (std::to_string(i) + ".png")};
      QVERIFY(image.save(QString::fromStdString(frame.image.string())));
      sequence_->frames.push_back(frame);
    }
    std::ofstream(sequence_->frames[2].image) << "no image at all";
    sequence_->frames[3].image.clear();
    sequence_->name = "made";
  }

  void images_come_in_the_size_that_was_wished_for() {
    ImageLoader loader;
    loader.show_sequence(sequence_);
    QSignalSpy loaded(&loader, &ImageLoader::loaded), idle(&loader, &ImageLoader::idle);
    loader.want({{1, 1000}, {1, 80}, {0, 80}});
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(loaded.count(), 3);
    const auto image = [&](int i) { return loaded[i][1].value<QImage>(); };
    QCOMPARE(image(0).size(), QSize(400, 100));
    QCOMPARE(image(1).size(), QSize(80, 20));
    QCOMPARE(image(1).pixelColor(40, 10).red(), 60);
    QCOMPARE(image(2).pixelColor(40, 10).red(), 0);
    loader.want({{1, 80}});  // at hand: told at once
    QCOMPARE(loaded.count(), 4);
  }

  void what_cannot_be_read_is_told_and_the_rest_goes_on() {
    ImageLoader loader;
    loader.show_sequence(sequence_);
    QSignalSpy loaded(&loader, &ImageLoader::loaded), failed(&loader, &ImageLoader::failed);
    loader.want({{2, 80}, {3, 80}, {0, 80}});
    QTRY_COMPARE(loaded.count(), 1);
    QCOMPARE(failed.count(), 2);
    QVERIFY(failed[0][1].toString().contains("2.png"));
    QVERIFY(failed[1][1].toString().contains("frame 13 of made has no image"));
  }

  void a_folder_that_goes_away_is_told() {
    auto gone = std::make_shared<Sequence>(*sequence_);
    gone->frames[0].image = "/nowhere/000000.png";
    ImageLoader loader;
    loader.show_sequence(gone);
    QSignalSpy failed(&loader, &ImageLoader::failed);
    loader.want({{0, 80}});
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][1].toString().contains("/nowhere/000000.png"));
  }

  void without_a_sequence_nothing_is_read() {
    ImageLoader loader;
    loader.want({{0, 80}});
    QVERIFY(!loader.is_busy());
  }
};

QTEST_GUILESS_MAIN(ImageLoaderTest)
#include "image_loader_test.moc"
