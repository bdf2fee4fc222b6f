#include "app/review_book.h"

#include <QSignalSpy>
#include <numeric>

#include "core/files.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

std::vector<std::int64_t> numbers(int count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

const Review kWrong{Opinion::Rejected, {}, "", false};

struct Desk {
  QUndoStack undo;
  ReviewBook book{undo};
};

}  // namespace

class ReviewBookTest : public QObject {
  Q_OBJECT

  QTemporaryDir root_;
  fs::path folder(const char* name) const {
    const fs::path path = root_.filePath(name).toStdString();
    fs::create_directories(path);
    return path;
  }

 private Q_SLOTS:
  void changes_are_undone_and_done_again() {
    Desk desk;
    desk.book.open(numbers(50));
    QSignalSpy changed(&desk.book, &ReviewBook::changed);
    desk.book.edit(40, 3, kWrong);
    desk.book.edit(41, 4, {Opinion::Accepted, {}, "", true});
    QCOMPARE(changed.count(), 2);
    QCOMPARE(desk.book.loops(), (std::vector<FramePair>{{41, 4}}));
    desk.undo.undo();
    QVERIFY(desk.book.loops().empty());
    QCOMPARE(desk.book.review(40, 3), kWrong);
    desk.undo.undo();
    QVERIFY(desk.book.all().empty());
    desk.undo.redo();
    QCOMPARE(desk.book.review(40, 3), kWrong);
    desk.book.edit(40, 3, kWrong);  // nothing new
    QCOMPARE(desk.undo.count(), 2);
  }

  void typing_is_one_step() {
    Desk desk;
    desk.book.open(numbers(50));
    for (const char* words : {"t", "tr", "tre", "tree"}) desk.book.edit(40, 3, {Opinion::Undecided, {}, words, false});
    QCOMPARE(desk.undo.count(), 1);
    desk.book.edit(40, 3, {Opinion::Accepted, {}, "tree", false});
    QCOMPARE(desk.undo.count(), 2);
    desk.undo.undo();
    desk.undo.undo();
    QVERIFY(desk.book.all().empty());
  }

  void reviews_are_saved_with_the_experiment_a_moment_later() {
    const fs::path at = folder("experiment");
    {
      Desk desk;
      desk.book.open(numbers(50));
      desk.book.turn_to(1, at);
      desk.book.edit(40, 3, {Opinion::Rejected, {"bridge"}, "hm", false});
      QTRY_VERIFY(fs::exists(at / "reviews.json"));
      desk.book.edit(41, 3, kWrong);
    }  // what is not written yet is written now
    Desk again;
    again.book.open(numbers(50));
    again.book.turn_to(1, at);
    QCOMPARE(again.book.all().size(), 2u);
    QCOMPARE(again.book.review(40, 3).tags, std::vector<std::string>{"bridge"});
    QCOMPARE(again.book.known_tags(), QStringList{"bridge"});
  }

  void without_a_folder_they_wait_until_the_experiment_is_saved() {
    const fs::path at = folder("saved_later");
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.turn_to(1, {});
    desk.book.edit(40, 3, kWrong);
    desk.book.flush();
    desk.book.save_in(1, at);
    QCOMPARE(read_reviews(at / "reviews.json", numbers(50)).size(), 1u);
    const fs::path copy = folder("copy");
    desk.book.save_in(1, copy);  // saved as: the words go along
    QCOMPARE(read_reviews(copy / "reviews.json", numbers(50)).size(), 1u);
  }

  void each_experiment_has_its_own() {
    const fs::path a = folder("a"), b = folder("b");
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.turn_to(1, a);
    desk.book.edit(40, 3, kWrong);
    desk.book.turn_to(2, {});  // another run on the same sequence
    QVERIFY(desk.book.all().empty());
    desk.book.edit(41, 3, kWrong);
    desk.book.turn_to(3, {});  // and one more: neither is saved
    QVERIFY(desk.book.all().empty());
    desk.book.turn_to(4, b);
    desk.book.edit(42, 3, kWrong);
    desk.book.turn_to(1, a);
    QVERIFY(desk.book.all().contains({40, 3}));
    QCOMPARE(desk.book.all().size(), 1u);
    desk.book.turn_to(2, {});
    QVERIFY(desk.book.all().contains({41, 3}));  // not saved, and not lost
    QCOMPARE(desk.book.all().size(), 1u);
    QCOMPARE(read_reviews(b / "reviews.json", numbers(50)).size(), 1u);
    write_atomically(a / "experiment.json", "{}");
    desk.book.turn_to(1, a / "experiment.json");
    QVERIFY(desk.book.all().contains({40, 3}));
    desk.book.save_in(2, folder("two"));  // while another one is looked at
    QVERIFY(read_reviews(root_.filePath("two/reviews.json").toStdString(), numbers(50)).contains({41, 3}));
  }

  void what_was_said_before_any_run_is_said_of_the_first() {
    Desk desk;
    connect(&desk.book, &ReviewBook::experiment_wanted, &desk.book, [&](int id) { desk.book.turn_to(id, {}); });
    desk.book.open(numbers(50));
    desk.book.edit(41, 4, {Opinion::Accepted, {}, "", true});
    desk.book.begin(1, {});
    QCOMPARE(desk.book.loops(), (std::vector<FramePair>{{41, 4}}));
    desk.book.begin(2, {});
    QVERIFY(desk.book.loops().empty());
    desk.undo.undo();
    QVERIFY(desk.book.all().empty());
    desk.undo.redo();
    QCOMPARE(desk.book.loops(), (std::vector<FramePair>{{41, 4}}));
  }

  void a_change_is_undone_in_the_experiment_that_it_was_made_in() {
    Desk desk;
    desk.book.open(numbers(50));
    int wanted = 0;
    connect(&desk.book, &ReviewBook::experiment_wanted, &desk.book, [&](int id) {
      wanted = id;
      if (id != 3) desk.book.turn_to(id, {});  // 3 was closed
    });
    for (const int experiment : {1, 2, 3}) {
      desk.book.turn_to(experiment, {});
      desk.book.edit(40 + experiment, 3, kWrong);
    }
    desk.book.forget(3);
    desk.book.turn_to(2, {});
    desk.undo.undo();  // of 3: nothing is left of it
    QCOMPARE(wanted, 3);
    QCOMPARE(desk.book.all().size(), 1u);
    desk.undo.undo();
    QVERIFY(desk.book.all().empty());
    desk.undo.undo();
    QCOMPARE(wanted, 1);
    QVERIFY(desk.book.all().empty());
    desk.undo.redo();
    desk.undo.redo();
    QVERIFY(desk.book.all().contains({42, 3}));
    QCOMPARE(desk.undo.count(), 2);
  }

  void damaged_files_are_named_and_kept() {
    const fs::path at = folder("damaged");
    write_atomically(at / "reviews.json", "{ half of it");
    Desk desk;
    QSignalSpy failed(&desk.book, &ReviewBook::failed), logged(&desk.book, &ReviewBook::logged);
    desk.book.open(numbers(50));
    desk.book.turn_to(1, at);
    QCOMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains("reviews.json"));
    QCOMPARE(read_text(at / "reviews.json"), "{ half of it");  // opening changes nothing
    desk.book.edit(40, 3, kWrong);
    desk.book.flush();
    QCOMPARE(read_text(at / "reviews.json.bak"), "{ half of it");
    QCOMPARE(read_reviews(at / "reviews.json", numbers(50)).size(), 1u);
    QCOMPARE(logged.count(), 1);
  }

  void reviews_of_another_experiment_are_not_overwritten() {
    const fs::path at = folder("taken");
    write_reviews(at / "reviews.json", {{{7, 1}, kWrong}}, numbers(50));
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.turn_to(1, {});
    desk.book.edit(40, 3, kWrong);
    desk.book.save_in(1, at);
    QVERIFY(read_reviews(at / "reviews.json", numbers(50)).contains({40, 3}));
    QVERIFY(read_reviews(at / "reviews.json.bak", numbers(50)).contains({7, 1}));
  }

  void a_folder_that_is_gone_is_said_and_loses_nothing() {
    const fs::path at = folder("gone");
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.turn_to(1, at);
    fs::remove_all(at);
    QSignalSpy failed(&desk.book, &ReviewBook::failed);
    desk.book.edit(40, 3, kWrong);
    desk.book.flush();
    QCOMPARE(failed.count(), 1);
    QCOMPARE(desk.book.review(40, 3), kWrong);
    fs::create_directories(at);
    desk.book.flush();  // tries again
    QVERIFY(fs::exists(at / "reviews.json"));
  }

  void undo_of_a_closed_sequence_changes_nothing() {
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.edit(40, 3, kWrong);
    desk.book.open(numbers(50));
    desk.book.edit(41, 3, kWrong);
    desk.undo.undo();
    desk.undo.undo();
    QVERIFY(desk.book.all().empty());
    desk.undo.redo();
    QVERIFY(!desk.book.all().contains({40, 3}));
  }

  void frames_beyond_the_sequence_are_refused() {
    Desk desk;
    desk.book.open(numbers(50));
    desk.book.edit(50, 3, kWrong);
    desk.book.edit(3, -1, kWrong);
    QVERIFY(desk.book.all().empty());
  }
};

QTEST_GUILESS_MAIN(ReviewBookTest)
#include "review_book_test.moc"
