#include "core/folder_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <QTest>
#include <csignal>
#include <optional>

#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::error_of;

class FolderLockTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;

 private Q_SLOTS:
  void a_second_one_is_told_who_has_the_folder() {
    const auto place = folder_ / "new" / "experiment";
    {
      const FolderLock lock(place);
      const std::string error = error_of([&] { FolderLock second(place); });
      QVERIFY2(contains(error, place.string()) && contains(error, "folder_lock_test, process"), error.c_str());
      QVERIFY(contains(error, std::to_string(::getpid())));
      const FolderLock elsewhere(folder_ / "other");
    }
    const FolderLock again(place);
  }

  void nothing_is_left_behind() {
    const auto place = folder_ / "clean";
    { const FolderLock lock(place); }
    QVERIFY(std::filesystem::is_empty(place));
  }

  void it_ends_with_a_program_that_is_killed() {
    const auto place = folder_ / "killed";
    int ready[2];
    QCOMPARE(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const FolderLock lock(place);
      static_cast<void>(!::write(ready[1], "x", 1));
      while (true) ::pause();
    }
    char byte;
    QCOMPARE(::read(ready[0], &byte, 1), 1);
    QVERIFY(contains(error_of([&] { FolderLock lock(place); }), std::to_string(child)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const FolderLock lock(place);
  }

  void where_nothing_can_be_written_it_does_nothing() {
    const FolderLock lock("/proc/self");
    const FolderLock second("/proc/self");
  }
};

QTEST_APPLESS_MAIN(FolderLockTest)
#include "folder_lock_test.moc"
