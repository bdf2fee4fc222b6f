#include "widgets/theme.h"

#include <QApplication>
#include <QTest>
#include <cmath>

namespace relocus {
namespace {

double luminance(const QColor& colour) {  // WCAG 2.1
  const auto linear = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

double contrast(const QColor& a, const QColor& b) {
  const double brighter = std::max(luminance(a), luminance(b)), darker = std::min(luminance(a), luminance(b));
  return (brighter + 0.05) / (darker + 0.05);
}

}  // namespace

class ThemeTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void cleanup() { apply_theme(Theme::System); }

  void applied_themes_are_light_and_dark() {
    apply_theme(Theme::Dark);
    QVERIFY(is_dark(QApplication::palette()));
    apply_theme(Theme::Light);
    QVERIFY(!is_dark(QApplication::palette()));
  }

  void the_system_theme_gives_the_desktops_palette_back() {
    apply_theme(Theme::System);
    const QColor before = QApplication::palette().color(QPalette::Window);
    apply_theme(is_dark(QApplication::palette()) ? Theme::Light : Theme::Dark);
    QVERIFY(QApplication::palette().color(QPalette::Window) != before);
    apply_theme(Theme::System);
    QCOMPARE(QApplication::palette().color(QPalette::Window), before);
  }

  void words_can_be_read_on_every_ground() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      apply_theme(theme);
      const QPalette palette = QApplication::palette();
      const ViewColours colours = view_colours(palette);
      QVERIFY(contrast(colours.text, colours.canvas) >= 7);
      QVERIFY(contrast(colours.muted_text, colours.canvas) >= 4.5);
      QVERIFY(contrast(palette.color(QPalette::Text), palette.color(QPalette::Base)) >= 7);
      QVERIFY(contrast(palette.color(QPalette::WindowText), palette.color(QPalette::Window)) >= 7);
      QVERIFY(contrast(palette.color(QPalette::PlaceholderText), palette.color(QPalette::Base)) >= 4.5);
      QVERIFY(contrast(palette.color(QPalette::HighlightedText), palette.color(QPalette::Highlight)) >= 4.5);
    }
  }

  void marks_stand_out_from_the_canvas() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      apply_theme(theme);
      const ViewColours colours = view_colours(QApplication::palette());
      for (const QColor& mark :
           {colours.right, colours.wrong, colours.missed, colours.query, colours.candidate, colours.path})
        QVERIFY2(contrast(mark, colours.canvas) >= 3, qPrintable(mark.name()));
    }
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::ThemeTest)
#include "theme_test.moc"
