#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTest>

#include "tests/made_files.h"
#include "tests/support.h"

namespace {

QString text_of(const QString& program, const QStringList& arguments) {
  QProcess process;
  process.start(program, arguments);
  process.waitForFinished(20000);
  return QString::fromUtf8(process.readAllStandardOutput() + process.readAllStandardError());
}

QString cli(const QStringList& arguments) { return text_of(RELOCUS_BINARY_DIR "/relocus-cli", arguments); }

}  // namespace

/// Man pages and completion are made of the command line's own definition: what --help knows, they know.
class ManualTest : public QObject {
  Q_OBJECT

 private:
  relocus::test::MadeFolder folder_;

  QString path(const char* name) const { return QString::fromStdString((folder_ / name).string()); }

  QString read(const char* name) const {
    QFile file(path(name));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
  }

  /// What bash offers when the last word is to be completed.
  QStringList offered(const char* script, const char* function, const QStringList& words) const {
    const QString code = QString("source %1; COMP_WORDS=(%2); COMP_CWORD=%3; %4; printf '%s\\n' \"${COMPREPLY[@]}\"")
                             .arg(path(script), words.join(' '))
                             .arg(words.size() - 1)
                             .arg(function);
    return text_of("bash", {"--norc", "-c", code}).split('\n', Qt::SkipEmptyParts);
  }

  QStringList offered(const QStringList& words) const {
    return offered("relocus-cli.bash", "_relocus_cli", QStringList("relocus-cli") + words);
  }

 private Q_SLOTS:
  void initTestCase() { QCOMPARE(cli({"manual", "--out", path("")}), QString()); }

  void the_man_page_knows_every_command_and_flag() {
    const QString page = read("relocus-cli.1").remove('\\');
    QVERIFY(page.startsWith(".TH RELOCUS-CLI 1"));
    int num_flags = 0;
    for (const char* command : {"run", "simulate", "evaluate", "export", "train", "bench"}) {
      QVERIFY2(page.contains(QString("fB%1fR").arg(command)), command);
      auto flags = QRegularExpression("^  .*?(--[a-z-]+)", QRegularExpression::MultilineOption)
                       .globalMatch(cli({command, "--help"}));
      while (flags.hasNext()) {
        const QString flag = flags.next().captured(1);
        QVERIFY2(page.contains(flag), qPrintable(flag));
        QVERIFY2(read("relocus-cli.fish").contains("-l " + flag.mid(2)), qPrintable(flag));
        QVERIFY2(read("relocus-cli.zsh").contains("*" + flag + "["), qPrintable(flag));
        ++num_flags;
      }
    }
    QVERIFY(num_flags > 60);
    QVERIFY(!cli({"--help"}).contains("manual"));
  }

  void bash_completes_commands_flags_and_values() {
    QCOMPARE(offered({"si"}), QStringList("simulate"));
    QCOMPARE(offered({"run", "x", "--meth"}), QStringList("--method"));
    QVERIFY(offered({"run", "x", "--method", "''"}).contains("scan_context"));
    QCOMPARE(offered({"run", "x", "--method", "sc"}), QStringList("scan_context"));
    QCOMPARE(offered({"evaluate", "x", "--planar", "o"}), QStringList({"on", "off"}));
    QVERIFY(offered({"export", "x", "--format", "''"}).contains("kapture"));
    QVERIFY(offered({"run", "x", "--threads", "''"}).isEmpty());
    QVERIFY(offered({"run", path("relocus-c")}).contains(path("relocus-cli.1")));
  }

  void the_window_has_them_too() {
    QVERIFY(read("relocus.1").remove('\\').contains("--screenshot"));
    QCOMPARE(offered("relocus.bash", "_relocus", {"relocus", "--theme", "d"}), QStringList("dark"));
    QVERIFY(offered("relocus.bash", "_relocus", {"relocus", "--s"}).contains("--size"));
  }
};

QTEST_GUILESS_MAIN(ManualTest)
#include "manual_test.moc"
