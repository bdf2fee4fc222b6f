#include "core/files.h"

#include <cerrno>

#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

namespace relocus {

namespace fs = std::filesystem;
using test::error_of;

class FilesTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  fs::path path(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }

 private Q_SLOTS:
  void come_back_as_they_were_written() {
    const std::string bytes("a\0b\nc", 5);
    write_atomically(path("file"), bytes);
    QCOMPARE(read_text(path("file")), bytes);
    write_atomically(path("file"), "new");
    QCOMPARE(read_text(path("file")), std::string("new"));
  }

  void leave_no_temporary_behind_when_the_target_cannot_be() {
    fs::create_directories(path("taken/inside"));
    const std::string said = error_of([&] { write_atomically(path("taken"), "x"); });
    QVERIFY2(said.find("taken") != std::string::npos, said.c_str());
    for (const auto& entry : fs::directory_iterator(folder_.path().toStdString()))
      QVERIFY(entry.path().string().find(".tmp") == std::string::npos);
  }

  void name_what_cannot_be_read() {
    QVERIFY(error_of([&] { read_text(path("absent")); }).find("absent") != std::string::npos);
    QVERIFY(error_of([&] { read_text(folder_.path().toStdString()); }).find("is a folder") != std::string::npos);
    write_atomically(path("large"), std::string(100, 'x'));
    QVERIFY(error_of([&] { read_text(path("large"), 99); }).find("100 bytes") != std::string::npos);
    QVERIFY(error_of([&] { write_atomically(path("absent/file"), "x"); }).find("absent") != std::string::npos);
  }

  void stay_as_they_were_when_the_disk_is_full() {
    write_atomically(path("kept"), "old");
    std::string said;
    {
      const test::FullDisk full(1000);
      said = error_of([&] { write_atomically(path("kept"), std::string(5000, 'x')); });
      write_atomically(path("small"), "there is room for this");
    }
    QVERIFY2(test::contains(said, "kept") && test::contains(said, "make room"), said.c_str());
    QCOMPARE(read_text(path("kept")), std::string("old"));
    for (const auto& entry : fs::directory_iterator(folder_.path().toStdString()))
      QVERIFY(entry.path().string().find(".tmp") == std::string::npos);
  }

  void appear_together_or_not_at_all() {
    write_atomically(path("first"), "old");
    {
      FileSet files;
      files.add(path("first"), "new");
      files.add(path("second"), "new");
    }  // dropped
    QCOMPARE(read_text(path("first")), std::string("old"));
    QVERIFY(!fs::exists(path("second")));
    FileSet files;
    files.add(path("first"), "new");
    files.add(path("second"), "new");
    files.commit();
    QCOMPARE(read_text(path("first")) + read_text(path("second")), std::string("newnew"));
  }

  void a_device_that_is_full_says_so() {
    try {
      fail_to_write("/mnt/drive/file", ENOSPC);
    } catch (const Error& error) {
      QVERIFY(test::contains(error.what(), "No space left") && test::contains(error.what(), "make room"));
    }
  }

  void have_known_hashes() {
    // FIPS 180-2, appendix B.1
    const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    QCOMPARE(sha256("abc"), abc);
    write_atomically(path("abc"), "abc");
    QCOMPARE(sha256_of_file(path("abc")), abc);
  }
};

}  // namespace relocus

QTEST_APPLESS_MAIN(relocus::FilesTest)
#include "files_test.moc"
