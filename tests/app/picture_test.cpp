#include <QImage>
#include <QProcess>

#include "tests/app/made_sequence.h"
#include "tests/support.h"

using namespace relocus;

/// The program itself, as scripts call it.
class PictureTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;

  struct Outcome {
    int code;
    QString errors;
  };
  Outcome relocus(const QStringList& arguments, bool display = true) {
    QProcess process;
    auto environment = QProcessEnvironment::systemEnvironment();
    if (!display)
      for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) environment.remove(name);
    environment.insert("XDG_CACHE_HOME", folder_.filePath("cache"));
    environment.insert("XDG_CONFIG_HOME", folder_.filePath("config"));
    process.setProcessEnvironment(environment);
    process.start(QStringLiteral(RELOCUS_BINARY_DIR "/relocus"), arguments);
    if (!process.waitForFinished(120000)) return {-1, "it did not end: " + process.errorString()};
    const int code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
    return {code, QString::fromUtf8(process.readAllStandardError())};
  }

 private Q_SLOTS:
  void initTestCase() { test::write_two_laps(folder_.filePath("laps").toStdString()); }

  void a_picture_shows_the_sequence_with_a_methods_answers() {
    const QString picture = folder_.filePath("window.png");
    const auto [code, errors] = relocus({folder_.filePath("laps"), "--method", "scan_context", "--query", "100",
                                         "--screenshot", picture, "--size", "1300x820", "--theme", "light"});
    QVERIFY2(code == 0, qPrintable(errors));
    const QImage image(picture);
    QCOMPARE(image.size(), QSize(1300, 820));
    QSet<QRgb> colours;
    for (int y = 0; y < image.height(); y += 2)
      for (int x = 0; x < image.width(); x += 2) colours.insert(image.pixel(x, y));
    QVERIFY2(colours.size() > 300, "scans, curves and ground plans have many colours");
  }

  void an_empty_window_can_be_drawn() {
    const QString picture = folder_.filePath("empty.png");
    QCOMPARE(relocus({"--screenshot", picture, "--size", "1280x800"}).code, 0);
    QCOMPARE(QImage(picture).size(), QSize(1280, 800));
  }

  void what_cannot_be_drawn_ends_with_a_reason() {
    const QString picture = folder_.filePath("never.png");
    const auto missing = relocus({folder_.filePath("absent"), "--screenshot", picture});
    QCOMPARE(missing.code, 1);
    QVERIFY(missing.errors.contains("absent"));
    const auto unknown = relocus({folder_.filePath("laps"), "--method", "magic", "--screenshot", picture});
    QCOMPARE(unknown.code, 1);
    QVERIFY(unknown.errors.contains("scan_context"));
    const auto outside = relocus({folder_.filePath("laps"), "--query", "5000", "--screenshot", picture});
    QCOMPARE(outside.code, 1);
    QVERIFY(outside.errors.contains("5000"));
    const auto unwritable = relocus({folder_.filePath("laps"), "--screenshot", "/no/such/folder/x.png"});
    QCOMPARE(unwritable.code, 1);
    QVERIFY(!QFile::exists(picture));
  }

  void without_a_display_it_says_so_and_still_helps() {
    const auto [code, errors] = relocus({folder_.filePath("laps")}, /*display=*/false);
    QCOMPARE(code, 1);
    QVERIFY2(errors.contains("there is no display"), qPrintable(errors));
    QCOMPARE(relocus({"--help"}, /*display=*/false).code, 0);
  }

  void misuse_is_told_apart() {
    QCOMPARE(relocus({"--size", "big"}).code, 2);
    QCOMPARE(relocus({"--query", "3"}).code, 2);
  }
};

QTEST_MAIN(PictureTest)
#include "picture_test.moc"
