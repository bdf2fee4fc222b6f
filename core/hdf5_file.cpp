#include "core/hdf5_file.h"

#include <fstream>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/files.h"
#include "core/hdf5_handle.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
constexpr double max_expansion = 8 * 1032;  // a double stored as one byte, deflated as far as that goes

/// Nothing for whatever holds no numbers of its own.
std::optional<Doubles> numbers_of(hid_t file, const std::string& name, double most, const fs::path& path) {
  const auto damaged = [&](const char* how) {
    return Error("{} is cut off or damaged: its \"{}\" {}; get it again", path.string(), name, how);
  };
  const Hdf5Handle object(H5Oopen(file, name.c_str(), H5P_DEFAULT), H5Oclose);
  if (object < 0) throw damaged("cannot be opened");
  if (H5Iget_type(object) != H5I_DATASET) return std::nullopt;
  const Hdf5Handle space(H5Dget_space(object), H5Sclose), type(H5Dget_type(object), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  if (hdf5_lies_elsewhere(object))
    throw Error("{}: its \"{}\" lies in other files, which are not read", path.string(), name);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > H5S_MAX_RANK) throw damaged("has no shape");
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  if (rank > 0) H5Sget_simple_extent_dims(space, lengths.data(), nullptr);
  double count = 1;
  for (const hsize_t length : lengths) count *= double(length);
  if (count * double(H5Tget_size(type)) > most) throw damaged("claims more numbers than the file can hold");
  Doubles numbers{{lengths.begin(), lengths.end()}, std::vector<double>(std::size_t(count))};
  if (count > 0 && H5Dread(object, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.values.data()) < 0)
    throw damaged("cannot be read");
  return numbers;
}

}  // namespace

std::mutex& hdf5_lock() {
  static std::mutex lock;
  return lock;
}

bool is_hdf5_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string start(signature.size(), '\0');
  stream.read(start.data(), std::streamsize(start.size()));
  return stream && start == signature;
}

std::map<std::string, Doubles> read_hdf5(const fs::path& path) {
  if (!fs::is_regular_file(path)) throw Error("there is no file {}", path.string());
  if (!is_hdf5_file(path)) throw Error("{} is no HDF5 file", path.string());
  const double most = double(fs::file_size(path)) * max_expansion;
  const std::lock_guard lock(hdf5_lock());
  const Hdf5Quiet quiet;
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (file < 0) throw Error("{} is cut off or damaged: HDF5 cannot open it; get it again", path.string());
  std::map<std::string, Doubles> datasets;
  for (const std::string& name : hdf5_names(file))
    if (std::optional<Doubles> numbers = numbers_of(file, name, most, path)) datasets[name] = std::move(*numbers);
  return datasets;
}

void write_hdf5(const fs::path& path, const std::map<std::string, Array>& datasets) {
  const auto check = [&](hid_t status) {
    if (status < 0) throw Error("cannot make {}: HDF5 gives no reason", path.string());
  };
  std::string bytes;
  {
    const std::lock_guard lock(hdf5_lock());
    const Hdf5Quiet quiet;
    // In memory first, so that it is written as every other file is.
    const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    constexpr std::size_t step = 1 << 20;
    check(H5Pset_fapl_core(access, step, /*backing_store=*/0));
    const Hdf5Handle file(H5Fcreate(path.filename().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
    check(file);
    for (const auto& [name, array] : datasets) {
      const std::vector<hsize_t> lengths(array.shape.begin(), array.shape.end());
      const Hdf5Handle space(H5Screate_simple(int(lengths.size()), lengths.data(), nullptr), H5Sclose);
      check(space);
      const Hdf5Handle dataset(
          H5Dcreate2(file, name.c_str(), H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
      check(dataset);
      check(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()));
    }
    check(H5Fflush(file, H5F_SCOPE_GLOBAL));
    const ssize_t size = H5Fget_file_image(file, nullptr, 0);
    if (size <= 0) check(-1);
    bytes.resize(std::size_t(size));
    if (H5Fget_file_image(file, bytes.data(), bytes.size()) < 0) check(-1);
  }
  write_atomically(path, bytes);
}

}  // namespace relocus
