// relocus-fuzz READER [options of libFuzzer] [CORPUS …]: throws bytes at one reader.
// relocus-fuzz --seeds FOLDER: writes valid files for all. relocus-fuzz --list: names the readers.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "core/error.h"
#include "tests/fuzz/readers.h"

using namespace relocus;

namespace {

const fuzz::Reader* reader = nullptr;
std::filesystem::path folder;  // in memory, where the machine has such a thing

void remove_folder() {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::string first = *argc > 1 ? (*argv)[1] : "";
  if (first == "--list") {
    for (const fuzz::Reader& each : fuzz::readers()) std::puts(each.name.c_str());
    std::exit(0);
  }
  if (first == "--seeds" && *argc > 2) {
    fuzz::write_seeds((*argv)[2]);
    std::exit(0);
  }
  const auto found = std::ranges::find(fuzz::readers(), first, &fuzz::Reader::name);
  if (found == fuzz::readers().end()) {
    std::fputs("usage: relocus-fuzz READER [options of libFuzzer] [CORPUS …] | --list | --seeds FOLDER\n", stderr);
    std::exit(2);
  }
  reader = &*found;
  std::copy(*argv + 2, *argv + *argc, *argv + 1);
  --*argc;
  const std::filesystem::path memory = "/dev/shm";
  folder = (is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
           ("relocus-fuzz-" + std::to_string(getpid()));
  create_directories(folder);
  std::atexit(remove_folder);
  if (reader->prepare) reader->prepare(folder);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::filesystem::path file = folder / reader->file;
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes), std::streamsize(size));
  try {
    reader->read(file);
  } catch (const Error&) {  // the only answer to what cannot be read
  }
  return 0;
}
