#include "widgets/colour_map.h"

#include <QTest>
#include <limits>
#include <set>

namespace relocus {

class ColourMapTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void viridis_and_cividis_grow_lighter_from_end_to_end() {
    for (const ColourMap map : {ColourMap::Viridis, ColourMap::Cividis}) {
      double last = -1;
      for (int i = 0; i < 256; i += 5) {
        const QRgb rgb = colour_table(map)[std::size_t(i)];
        const double lightness = 0.299 * qRed(rgb) + 0.587 * qGreen(rgb) + 0.114 * qBlue(rgb);
        QVERIFY2(lightness > last, qPrintable(QStringLiteral("%1 at %2").arg(title(map)).arg(i)));
        last = lightness;
      }
    }
  }

  void the_published_ends_are_met() {
    const auto near = [](QRgb a, int red, int green, int blue) {
      return std::abs(qRed(a) - red) < 10 && std::abs(qGreen(a) - green) < 10 && std::abs(qBlue(a) - blue) < 16;
    };
    QVERIFY(near(colour_table(ColourMap::Viridis).front(), 68, 1, 84));
    QVERIFY(near(colour_table(ColourMap::Viridis).back(), 253, 231, 37));
    QVERIFY(near(colour_table(ColourMap::Turbo).front(), 64, 62, 156));  // at 0.05: the near-black end is left out
    QVERIFY(near(colour_table(ColourMap::Turbo).back(), 144, 12, 0));    // of the fit; the table ends 122, 4, 3
    QVERIFY(near(colour_table(ColourMap::Cividis).front(), 0, 34, 78));
    QVERIFY(near(colour_table(ColourMap::Cividis).back(), 254, 232, 56));
  }

  void values_outside_take_the_ends_and_nothing_is_transparent() {
    const auto& table = colour_table(ColourMap::Turbo);
    QCOMPARE(colour(ColourMap::Turbo, -5, 0, 1), table.front());
    QCOMPARE(colour(ColourMap::Turbo, 7, 0, 1), table.back());
    QCOMPARE(colour(ColourMap::Turbo, std::numeric_limits<float>::infinity(), 0, 1), table.back());
    QCOMPARE(colour(ColourMap::Turbo, 1, 1, 1), table[128]);  // a range of nothing: the middle
    QCOMPARE(qAlpha(colour(ColourMap::Turbo, std::numeric_limits<float>::quiet_NaN(), 0, 1)), 0);
  }

  void twenty_categories_differ_and_any_number_has_one() {
    std::set<QRgb> colours;
    for (int i = 0; i < 20; ++i) colours.insert(category_colour(i));
    QCOMPARE(colours.size(), std::size_t(20));
    QCOMPARE(category_colour(20), category_colour(0));
    QCOMPARE(category_colour(-1), category_colour(19));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::ColourMapTest)
#include "colour_map_test.moc"
