#include "app/manual_dialog.h"

#include <QDir>
#include <QFile>
#include <QLineEdit>
#include <QListWidget>
#include <QRegularExpression>
#include <QTest>
#include <QTextBrowser>

#include "core/exports/registry.h"
#include "core/methods/registry.h"
#include "core/protocol.h"
#include "widgets/theme.h"

using namespace relocus;

namespace {

QString page(const QString& name) {
  QFile file(":/docs/" + name);
  return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QStringList matches(const QString& text, const char* pattern) {
  QStringList found;
  for (auto all = QRegularExpression(pattern, QRegularExpression::MultilineOption).globalMatch(text); all.hasNext();)
    found += all.next().captured(1);
  return found;
}

}  // namespace

class ManualDialogTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_page_of_the_docs_is_in_the_program_and_in_the_index() {
    const QStringList files = QDir(RELOCUS_SOURCE_DIR "/resources/docs").entryList({"*.md"}, QDir::Files);
    QVERIFY(files.size() > 10);
    ManualDialog dialog;
    for (const QString& file : files) {
      QVERIFY2(!page(file).isEmpty(), qPrintable(file));
      QVERIFY2(dialog.pages().contains(file), qPrintable(file));
    }
    QCOMPARE(dialog.pages().size(), files.size());
  }

  void links_and_pictures_are_there() {
    for (const QString& name : ManualDialog().pages())
      for (const QString& target : matches(page(name), R"(\]\(([^):]+\.(?:md|png))\))"))
        QVERIFY2(QFile::exists(":/docs/" + target), qPrintable(name + " names " + target));
  }

  /// What is described is there; what is there and not described yet is told.
  void cards_and_protocols_are_those_of_the_program() {
    QStringList names;
    for (const MethodInfo& info : methods()) names += QString("method_%1.md").arg(QString::fromStdString(info.name));
    for (const QString& name : ManualDialog().pages())
      if (name.startsWith("method_")) QVERIFY2(names.removeOne(name), qPrintable(name));
    if (!names.isEmpty()) qWarning("no page yet: %s", qPrintable(names.join(", ")));

    QStringList presets;
    for (const ProtocolPreset& preset : protocol_presets()) presets += QString::fromStdString(preset.name);
    for (const QString& row : matches(page("protocols.md"), R"(^\| (`.*?) \|)"))
      for (const QString& name : matches(row, "`([a-z0-9_]+)`")) QVERIFY2(presets.removeOne(name), qPrintable(name));
    presets.removeIf([](const QString& name) { return name.startsWith("bevplace"); });  // a row for all of them
    if (!presets.isEmpty()) qWarning("not told yet: %s", qPrintable(presets.join(", ")));
  }

  void a_page_is_chosen_followed_and_left() {
    ManualDialog dialog;
    dialog.show();
    QCOMPARE(dialog.page(), QString("index.md"));
    auto* list = dialog.findChild<QListWidget*>();
    auto* browser = dialog.findChild<QTextBrowser*>();
    list->setCurrentRow(1);
    QCOMPARE(dialog.page(), dialog.pages()[1]);
    Q_EMIT browser->anchorClicked(QUrl("protocols.md"));
    QCOMPARE(dialog.page(), QString("protocols.md"));
    QCOMPARE(list->currentRow(), int(dialog.pages().indexOf("protocols.md")));
    browser->backward();
    QCOMPARE(dialog.page(), dialog.pages()[1]);
  }

  void text_is_found_through_all_pages() {
    ManualDialog dialog;
    dialog.show_page("guide.md");
    QVERIFY(dialog.find_next("librelocus-core"));
    QVERIFY(dialog.page() != "guide.md");
    const QString first = dialog.page();
    for (int i = 0; i < 200 && dialog.page() == first; ++i) QVERIFY(dialog.find_next("librelocus-core"));
    QVERIFY(dialog.page() != first);
    QVERIFY(!dialog.find_next("no page says this"));
  }

  void both_themes_are_readable() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      apply_theme(theme);
      ManualDialog dialog;
      dialog.show_page("guide.md");
      dialog.show();
      QVERIFY(QTest::qWaitForWindowExposed(&dialog));
      const QImage picture = dialog.grab().toImage();
      const QColor ground = picture.pixelColor(picture.width() - 35, picture.height() / 2);
      QCOMPARE(ground.lightness() < 128, theme == Theme::Dark);
      if (const QString folder = qEnvironmentVariable("RELOCUS_PICTURES"); !folder.isEmpty())
        for (const QString& name : dialog.pages()) {
          dialog.show_page(name);
          QTest::qWait(30);
          dialog.grab().save(QString("%1/%2-%3.png").arg(folder, name, theme == Theme::Dark ? "dark" : "light"));
        }
    }
    apply_theme(Theme::System);
  }
};

QTEST_MAIN(ManualDialogTest)
#include "manual_dialog_test.moc"
