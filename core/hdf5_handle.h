#pragma once

// For the files that include <hdf5.h>; hdf5_file.h and mat_file.h are what others use.
#include <hdf5.h>

#include <string>
#include <vector>

namespace relocus {

/// An HDF5 identifier that is closed with its owner.
class Hdf5Handle {
 public:
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Keeps the library from printing its errors. Whoever makes one holds hdf5_lock().
class Hdf5Quiet {
 public:
  Hdf5Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Hdf5Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  Hdf5Quiet(const Hdf5Quiet&) = delete;
  Hdf5Quiet& operator=(const Hdf5Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// The members of a group, as they were made if the file kept that order; links into other files are left out.
inline std::vector<std::string> hdf5_names(hid_t group) {
  std::vector<std::string> names;
  const auto take = [](hid_t, const char* name, const H5L_info_t* info, void* all) -> herr_t {
    if (info->type == H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(all)->emplace_back(name);
    return 0;
  };
  if (H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, take, &names) < 0) {
    names.clear();
    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, take, &names);
  }
  return names;
}

/// Whether a dataset's numbers lie in other files.
inline bool hdf5_lies_elsewhere(hid_t dataset) {
  const Hdf5Handle making(H5Dget_create_plist(dataset), H5Pclose);
  return H5Pget_layout(making) == H5D_VIRTUAL || H5Pget_external_count(making) > 0;
}

}  // namespace relocus
