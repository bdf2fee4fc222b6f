#include "app/session_file.h"

#include <QDockWidget>
#include <QDropEvent>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <fstream>

#include "app/autosave.h"
#include "app/errand.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/shelter.h"
#include "core/datasets/registry.h"
#include "core/files.h"
#include "tests/app/home.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

class SessionFileTest : public QObject {
  Q_OBJECT

  test::Home home_;
  fs::path root_ = home_.path(), laps_ = home_.two_laps();

  static std::vector<std::int64_t> numbers_of(const fs::path& sequence) {
    return trajectory(open_sequence(sequence)).numbers;
  }
  void write(const char* name, const std::string& text) { std::ofstream(root_ / name) << text; }

 private Q_SLOTS:
  void initTestCase() {
    QApplication::setOrganizationName("relocus");
    QApplication::setApplicationName("relocus");
  }
  void init() { fs::remove_all(root_ / "data"); }

  void what_is_written_is_read() {
    SessionFile file;
    file.sequence = laps_;
    file.experiments = {root_ / "one", root_ / "two"};
    file.protocol.positive_radius = 17;
    file.method = {"scan_context", {{"rings", 12}}, {"/some/weights", "cpu", 3}};
    file.query = 90;
    file.candidate = 30;
    file.threshold = 0.25;
    file.layout = "evaluate";
    file.docks = QByteArray("\0\1binary", 8);
    write("round.relocus", to_text(file));
    const SessionFile read = read_session_file(root_ / "round.relocus");
    QCOMPARE(to_text(read), to_text(file));
    QCOMPARE(read.docks, file.docks);
    QVERIFY(read.problems.empty());
  }

  void bad_files_are_named_and_tell_why() {
    const auto refusal = [&](const char* name) {
      return QString::fromStdString(test::error_of([&] { read_session_file(root_ / name); }));
    };
    QVERIFY(refusal("absent.relocus").contains("absent.relocus"));
    for (const auto& [name, text] : std::map<const char*, std::string>{
             {"empty.relocus", ""},
             {"broken.relocus", "{\"relocus_session\": 1, \"seq"},
             {"list.relocus", "[1, 2]"},
             {"foreign.relocus", "{\"hello\": 1}"},
             {"later.relocus", "{\"relocus_session\": 99}"},
             {"types.relocus", "{\"relocus_session\": 1, \"sequence\": [3]}"},
             {"number.relocus", "{\"relocus_session\": 1, \"query\": \"x\"}"},
             {"long.relocus", "{\"relocus_session\": 1, \"sequence\": \"" + std::string(9000, 'x') + "\"}"},
             {"binary.relocus", std::string("\x7f\0\xff{", 4)}}) {
      write(name, text);
      QVERIFY2(refusal(name).contains(name), name);
    }
    QVERIFY(refusal("later.relocus").contains("later Relocus"));
    write("huge.relocus", std::string(5 << 20, ' '));
    QVERIFY(!refusal("huge.relocus").isEmpty());
  }

  void what_is_not_known_here_is_left_out_and_named() {
    write("odd.relocus",
          R"({"relocus_session": 1, "sequence": "/x", "method": {"name": "magic"}, "protocol": {"positive_radius": -4},
              "layout": {"name": 3}, "of a later time": true})");
    const SessionFile file = read_session_file(root_ / "odd.relocus");
    QCOMPARE(file.problems.size(), std::size_t(3));
    QCOMPARE(file.sequence, fs::path("/x"));
    QVERIFY(file.method.name.empty());
    QCOMPARE(file.protocol.positive_radius, Protocol().positive_radius);
  }

  void a_session_comes_back_as_it_was() {
    {
      Session session;
      MainWindow window(session, false);
      window.resize(1280, 800);
      window.show();
      session.open(laps_);
      QTRY_VERIFY(session.opened() && session.is_idle());
      Protocol protocol = session.protocol();
      protocol.positive_radius = 12;
      session.choose_protocol(protocol);
      session.choose_method({"scan_context", nullptr, {"", "cpu", 2}});
      session.run();
      QTRY_VERIFY_WITH_TIMEOUT(session.experiment() && session.is_idle(), 60000);
      session.save_experiment(root_ / "experiment");
      QTRY_VERIFY(session.is_idle());
      session.choose_threshold(0.125);
      session.select_query(100);
      session.step_candidate(3);
      window.choose_layout("evaluate");
      window.findChild<QDockWidget*>("run")->hide();
      window.save_session(root_ / "mine.relocus");
    }
    Session session;
    MainWindow window(session, false);
    window.resize(1280, 800);
    window.show();
    QVERIFY(window.open_session(root_ / "mine.relocus"));
    QTRY_COMPARE(session.query(), 100);
    QTRY_VERIFY(session.is_idle());
    QVERIFY(session.experiment());
    QCOMPARE(session.protocol().positive_radius, 12.);
    QCOMPARE(session.method_choice().resources.threads, 2);
    QCOMPARE(session.threshold(), 0.125);
    QCOMPARE(*session.candidate(), session.retrieval()->candidates[3].frame);
    QCOMPARE(session.undo_stack().count(), 0);
    QTRY_VERIFY(window.findChild<QDockWidget*>("run")->isHidden());
    QVERIFY(window.findChild<QAction*>("layout.evaluate")->isChecked());
  }

  void several_folders_are_dropped_together() {
    fs::copy(root_ / "experiment", root_ / "another", fs::copy_options::recursive);
    Session session;
    MainWindow window(session, false);
    window.show();
    QMimeData data;
    data.setUrls(
        {QUrl::fromLocalFile((root_ / "experiment").c_str()), QUrl::fromLocalFile((root_ / "another").c_str())});
    QDragEnterEvent enter(window.rect().center(), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(window.rect().center(), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&window, &drop);
    QTRY_VERIFY(session.experiment() && session.is_idle());
    QVERIFY(!session.experiments().all().empty());
    QTRY_COMPARE(session.experiments().current()->folder, root_ / "another");
  }

  void a_damaged_session_is_told_and_the_window_goes_on() {
    write("damaged.relocus", "{\"relocus_session\": 1,");
    Session session;
    MainWindow window(session, false);
    window.show();
    QVERIFY(!window.open_session(root_ / "damaged.relocus"));
    auto* messages = window.findChild<MessageBar*>();
    QVERIFY(messages->isVisible() && messages->text().contains("damaged.relocus"));
    QVERIFY(fs::exists(root_ / "damaged.relocus"));
    session.open(laps_);
    QTRY_VERIFY(session.opened());
  }

  void two_programs_keep_two_places() {
    const auto here = root_ / "places";
    auto first = std::make_unique<Autosave>(here, [] { return std::string("first"); });
    auto second = std::make_unique<Autosave>(here, [] { return std::string("second"); });
    first->note_change();
    second->note_change();
    QTRY_VERIFY(fs::exists(here / "session-1.relocus") && fs::exists(here / "session-2.relocus"));
    QCOMPARE(read_text(here / "session-1.relocus"), std::string("first"));
    QCOMPARE(read_text(here / "session-2.relocus"), std::string("second"));
    QVERIFY(!first->left_over());
    first->finish();
    QVERIFY(!fs::exists(here / "session-1.relocus"));
    second.reset();  // as a crash does
    Autosave third(here, [] { return std::string(); });
    QVERIFY(third.left_over());
    QCOMPARE(read_text(*third.left_over()), std::string("second"));
    third.forget_left_over();
    QVERIFY(!third.left_over());
  }

  void the_state_before_is_kept_beside_the_newest() {
    std::string state = "one";
    Autosave autosave(root_ / "states", [&] { return state; });
    autosave.note_change();
    QTRY_VERIFY(fs::exists(root_ / "states/session-1.relocus"));
    state = "two";
    autosave.note_change();
    QTRY_VERIFY(fs::exists(root_ / "states/session-1.relocus.bak") && fs::exists(root_ / "states/session-1.relocus"));
    QCOMPARE(read_text(root_ / "states/session-1.relocus.bak"), std::string("one"));
    QCOMPARE(read_text(root_ / "states/session-1.relocus"), std::string("two"));
    autosave.finish();
  }

  void a_folder_that_cannot_be_written_keeps_nothing_and_hinders_nothing() {
    Autosave autosave("/proc/nowhere", [] { return std::string("x"); });
    autosave.note_change();
    QVERIFY(!autosave.left_over());
    autosave.finish();
  }

  void a_killed_program_offers_what_was_open() {
    const fs::path kept = root_ / "data/relocus/relocus/autosave/session-1.relocus";
    QProcess program;
    program.start(QStringLiteral(RELOCUS_BINARY_DIR "/relocus"),
                  {QString::fromStdString(laps_.string()), "--method", "scan_context", "--query", "77"});
    QVERIFY(program.waitForStarted());
    const auto run_is_kept = [&] {
      if (!fs::exists(kept)) return false;
      const SessionFile file = read_session_file(kept);
      return file.query == 77 && file.experiments.size() == 1;
    };
    QTRY_VERIFY_WITH_TIMEOUT(run_is_kept(), 30000);
    program.kill();
    program.waitForFinished();
    const fs::path shelter = read_session_file(kept).experiments.front();
    QVERIFY(is_shelter(shelter));
    write_reviews(shelter / "reviews.json", {{{77, 17}, {Opinion::Accepted, {}, "", false}}}, numbers_of(laps_));

    Session session;
    MainWindow window(session, true);
    window.show();
    auto* messages = window.findChild<MessageBar*>();
    QVERIFY2(messages->isVisible(), "it is offered, and nothing is opened without being asked");
    QVERIFY(!session.opened());
    for (auto* button : messages->findChildren<QPushButton*>())
      if (button->isVisible()) QTest::mouseClick(button, Qt::LeftButton);
    QTRY_VERIFY(session.opened());
    QTRY_COMPARE(session.query(), 77);
    QVERIFY2(session.experiment(), "a run that nobody saved");
    QCOMPARE(session.reviews().review(77, 17).opinion, Opinion::Accepted);
    QVERIFY(session.experiments().current()->folder.empty());  // it is still not saved
    QVERIFY(!window.findChild<QAction*>("file.recover")->isEnabled());
    window.close();
    QVERIFY(!fs::exists(shelter));

    Session next;
    MainWindow again(next, true);
    again.show();
    QVERIFY2(!again.findChild<MessageBar*>()->isVisible(), "a program that ends as it should leaves nothing");
    again.close();
  }
};

QTEST_MAIN(SessionFileTest)
#include "session_file_test.moc"
