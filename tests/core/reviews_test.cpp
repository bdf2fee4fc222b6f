#include "core/reviews.h"

#include <fstream>
#include <numeric>

#include "core/files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

std::vector<std::int64_t> numbers(int count, std::int64_t first = 0) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

Reviews some() {
  return {{{120, 20}, {Opinion::Accepted, {"wet road", "lorry"}, "the lorry \"hides\" a wall\nü, 店", false}},
          {{130, 5}, {Opinion::Rejected, {}, "", false}},
          {{140, 7}, {Opinion::Accepted, {}, "", true}}};
}

}  // namespace

class ReviewsTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::filesystem::path file() const { return folder_.filePath("reviews.json").toStdString(); }

 private Q_SLOTS:
  void what_is_written_is_read_again() {
    write_reviews(file(), some(), numbers(200, 1000));
    QCOMPARE(read_reviews(file(), numbers(200, 1000)), some());
    QVERIFY(read_text(file()).find("\"query\": 1120") != std::string::npos);  // file numbers for people
  }

  void empty_reviews_are_not_written() {
    Reviews reviews = some();
    reviews[{1, 2}] = {};
    write_reviews(file(), reviews, numbers(200));
    QCOMPARE(read_reviews(file(), numbers(200)), some());
  }

  void damaged_and_foreign_files_are_named() {
    const auto why = [&](std::string_view text) {
      write_atomically(file(), text);
      return test::error_of([&] { read_reviews(file(), numbers(200)); });
    };
    for (const std::string text :
         {"", "{", "[]", "{\"a\": 1}", "{\"reviews_format\": 99, \"reviews\": []}",
          "{\"reviews_format\": 1, \"reviews\": [{\"query\": 1}]}", "{\"reviews_format\": 1, \"reviews\": 7}",
          "{\"reviews_format\": 1, \"reviews\": [{\"query\": 1, \"candidate\": 0, \"query_frame\": 1, "
          "\"candidate_frame\": 0, \"verdict\": \"perhaps\", \"tags\": [], \"note\": \"\", \"added_by_hand\": "
          "false}]}"})
      QVERIFY2(why(text).find("reviews.json") != std::string::npos, text.c_str());
    QVERIFY(!test::error_of([&] { read_reviews(file().parent_path() / "absent.json", numbers(3)); }).empty());
  }

  void reviews_of_another_sequence_are_refused() {
    write_reviews(file(), some(), numbers(200));
    QVERIFY(test::error_of([&] { read_reviews(file(), numbers(50)); }).find("120") != std::string::npos);
    QVERIFY(!test::error_of([&] { read_reviews(file(), numbers(200, 7)); }).empty());
  }

  void tags_are_trimmed_and_stand_once() {
    QCOMPARE(tags_of(" wet road, lorry ,, lorry,"), (std::vector<std::string>{"wet road", "lorry"}));
    QVERIFY(tags_of(" , ").empty());
    QVERIFY(tags_of("").empty());
  }
};

QTEST_APPLESS_MAIN(ReviewsTest)
#include "reviews_test.moc"
