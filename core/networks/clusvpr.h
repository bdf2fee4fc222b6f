#pragma once

#include "core/networks/image_netvlad.h"
#include "core/networks/opt_lad.h"

namespace relocus {

/// ClusVPR: pixels -> VGG-16 -> CWTNet blocks and OptLAD -> whitening, if it has one. The parts are named "input",
/// "base_model.base", "net_vlad" and "pca": as the published checkpoints name theirs.
class Clusvpr : public torch::nn::Module {
 public:
  explicit Clusvpr(const ClusvprWidths& widths = {}, ClusvprForm form = ClusvprForm::Fixed);

  struct Result {
    torch::Tensor map;            ///< [B, C, h, w], of the encoder
    torch::Tensor transformed;    ///< [B, C, h, w], of the blocks
    std::vector<CwtSteps> steps;  ///< of each block; empty unless asked for
    OptLadCells cells;
    torch::Tensor residuals;   ///< [B, K, d]
    torch::Tensor vlad;        ///< [B, K * d], normalised
    torch::Tensor descriptor;  ///< [B, P]; without whitening `vlad`
  };
  Result forward(const torch::Tensor& pixels /* [B, 3, H, W], 0 … 255, bytes or floats */, bool with_steps = false);
  Result describe(const torch::Tensor& map /* [B, C, h, w], of the encoder */, bool with_steps = false);

  /// Descriptors of the 21 regions of images that show so many cells that 3 x 4 parts can be made: [B, 21, K * d], that
  /// of the whole image first.
  torch::Tensor regions(const torch::Tensor& map /* [B, C, h, w], of the encoder */);

  const ClusvprWidths& widths() const { return widths_; }
  PixelNorm& input() { return *input_; }
  Vgg16& encoder() { return *encoder_; }
  OptLad& pool() { return *pool_; }

 private:
  ClusvprWidths widths_;
  std::shared_ptr<PixelNorm> input_;
  std::shared_ptr<Vgg16> encoder_;
  std::shared_ptr<OptLad> pool_;
  torch::Tensor whitening_, whitening_bias_;  // undefined: none
};

/// (pixels / 255 - mean) * 255 with the published program's mean: what its checkpoints were trained with.
void use_published_pixels(PixelNorm& input);

/// What a part of the network holds and has to multiply for one image.
struct PartCost {
  std::string name;
  double parameters = 0;
  double multiply_adds = 0;  ///< of its layers
  double products = 0;       ///< of features with features: attention, residuals; multiply-adds too
};
std::vector<PartCost> clusvpr_costs(const ClusvprWidths& widths, std::int64_t height, std::int64_t width);

}  // namespace relocus
