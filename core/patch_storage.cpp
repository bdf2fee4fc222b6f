#include "core/patch_storage.h"

#include "core/error.h"
#include "core/patch_codes.h"

namespace relocus {
namespace {

Error misfit(const char* what) { return Error("an encoding does not fit Patch-NetVLAD: {}", what); }

}  // namespace

PatchStorage::PatchStorage(const PatchNetvladOptions& options) : storage_(options.storage) {
  if (storage_ != "codebook") return;
  if (options.codebook.empty())
    throw Error(
        "storage=codebook needs a codebook: write it of an experiment (relocus-cli export EXPERIMENT --format "
        "patch_codebook --out FILE.npy) and name it with codebook=FILE.npy");
  codebook_.emplace(PatchCodebook::read(options.codebook));
}

void PatchStorage::add(Array patches, const PatchGrid& grid, Encoding& encoding) const {
  std::vector<Array> arrays;
  if (codebook_)
    arrays.push_back(codebook_->codes(patches));
  else if (storage_ == "quantised")
    arrays = quantised(patches);
  else
    arrays.push_back(std::move(patches));
  arrays[0].shape = {grid.rows, grid.columns, arrays[0].shape[1]};
  for (Array& array : arrays) encoding.local.push_back(std::move(array));
}

std::vector<Array> PatchStorage::patches_in(const Encoding& encoding, std::size_t sizes) const {
  const std::size_t each = storage_ == "quantised" ? 2 : 1;
  if (encoding.local.size() != sizes * each) throw misfit("it has other sizes of patches");
  std::vector<Array> result;
  for (std::size_t size = 0; size < sizes; ++size) {
    Array patches = encoding.local[each * size];
    if (patches.shape.size() != 3) throw misfit("its patches lie on no grid");
    const std::int64_t rows = patches.shape[0], columns = patches.shape[1];
    patches.shape = {rows * columns, patches.shape[2]};
    if (codebook_)
      patches = codebook_->patches(patches);
    else if (each == 2)
      patches = dequantised(patches, encoding.local[each * size + 1]);
    patches.shape = {rows, columns, patches.shape[1]};
    result.push_back(std::move(patches));
  }
  return result;
}

}  // namespace relocus
