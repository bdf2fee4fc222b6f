#pragma once

#include "core/networks/vgg16.h"

namespace relocus {

/// The programs differ in how they keep a division by a length of 0 from happening, which shows where a cluster has
/// next to no residual, and in the order of the numbers of a descriptor.
enum class Flavour {
  Torch,   ///< the PyTorch programs: x / max(|x|, e); cluster by cluster
  Matlab,  ///< the original: x / sqrt(|x|^2 + e), the whole descriptor x / (|x| + e); channel by channel
  TfMat,   ///< netvlad_tf's reader of MATLAB's networks (net_from_mat): always x / sqrt(|x|^2 + e)
  Tf,      ///< netvlad_tf itself (nets): x / sqrt(max(|x|^2, e)) before the assignment and at the end
};

/// What a cell of an image says of its clusters, for NetVLAD and for whoever pools in another way.
struct VladCells {
  torch::Tensor map;         ///< [B, C, h, w]: what the encoder gave
  torch::Tensor features;    ///< [B, C, h * w]: of unit length in each cell
  torch::Tensor assignment;  ///< [B, K, h * w]: shares of the clusters, add up to 1 in each cell
};

/// The NetVLAD layer. Arandjelović et al.: "NetVLAD: CNN architecture for weakly supervised place recognition", CVPR
/// 2016. Parameters "conv.weight" [K, C, 1, 1], "conv.bias" [K] of the second version, "centroids" [K, C].
class VladPool : public torch::nn::Module {
 public:
  explicit VladPool(const ImageWidths& widths = {});

  VladCells cells(const torch::Tensor& map /* [B, C, h, w] */, Flavour flavour = Flavour::Torch) const;

  /// Residuals of all cells together: [B, K, C], not normalised.
  torch::Tensor residuals(const VladCells& cells) const;

  /// Normalised cluster by cluster, then whole: [..., K, C] -> [..., K * C], number k * C + c, in every flavour.
  torch::Tensor normalised(const torch::Tensor& residuals, Flavour flavour = Flavour::Torch) const;

  const torch::Tensor& centroids() const { return centroids_; }

 private:
  torch::Tensor weight_, bias_, centroids_;  // bias_ undefined: first version
};

/// x -> W x + b, of unit length. Parameters "0.weight" [P, K * C, 1, 1], columns k * C + c in every flavour, and
/// "0.bias" [P].
class Whitening : public torch::nn::Module {
 public:
  Whitening(std::int64_t input, std::int64_t output);
  torch::Tensor forward(const torch::Tensor& rows /* [N, K * C] */, Flavour flavour = Flavour::Torch) const;

 private:
  torch::Tensor weight_, bias_;
};

/// (pixels / scale - mean) / deviation, in this order, as the programs round. Buffers "scale" [1], "mean" and
/// "deviation" [3]: 255 and ImageNet's, or 1, the network's own mean and 1.
class PixelNorm : public torch::nn::Module {
 public:
  PixelNorm();

  /// (pixels - mean), as MATLAB's and TensorFlow's programs have it; `mean` [3] of 0 … 255.
  void subtract(const torch::Tensor& mean);
  torch::Tensor forward(const torch::Tensor& pixels /* [B, 3, H, W], 0 … 255 */) const;

 private:
  torch::Tensor scale_, mean_, deviation_;
};

/// NetVLAD of images: pixels -> VGG-16 -> NetVLAD layer -> whitening, if it has one. The parts are named "input",
/// "encoder", "pool" and "WPCA".
class ImageNetVlad : public torch::nn::Module {
 public:
  explicit ImageNetVlad(const ImageWidths& widths = {}, Flavour flavour = Flavour::Torch);

  struct Result {
    VladCells cells;
    torch::Tensor vlad;        ///< [B, K * C], number k * C + c
    torch::Tensor descriptor;  ///< [B, P]; without whitening `vlad`, in MATLAB's flavours with number c * K + k
  };
  Result forward(const torch::Tensor& pixels /* [B, 3, H, W], 0 … 255, bytes or floats */);
  Result describe(const torch::Tensor& map /* [B, C, h, w], of the encoder */) const;

  const ImageWidths& widths() const { return widths_; }
  Flavour flavour() const { return flavour_; }
  PixelNorm& input() { return *input_; }
  Vgg16& encoder() { return *encoder_; }
  const VladPool& pool() const { return *pool_; }
  const Whitening* whitening() const { return whitening_.get(); }  ///< null: none

 private:
  ImageWidths widths_;
  Flavour flavour_;
  std::shared_ptr<PixelNorm> input_;
  std::shared_ptr<Vgg16> encoder_;
  std::shared_ptr<VladPool> pool_;
  std::shared_ptr<Whitening> whitening_;
};

}  // namespace relocus
