#pragma once

#include "core/networks/attention.h"
#include "core/networks/submanifold.h"
#include "core/networks/widths.h"

namespace relocus {

/// NetVLAD with context gating. Arandjelović et al. 2016; gating: Miech et al. 2017. While the module is training the
/// norms use statistics of the batch: that of the assignment those of all cells together, that of the gate those of the
/// descriptors; else the running ones.
class NetVlad : public torch::nn::Module {
 public:
  explicit NetVlad(const Widths& widths = {});

  struct Result {
    torch::Tensor descriptors;  ///< [B, D]; not normalised: compared by Euclidean distance
    torch::Tensor assignment;   ///< [N, K], rows sum to 1
  };
  /// `starts`: the cells of scan b are the rows starts[b] … starts[b + 1]. `copies` [N], if defined, tells how many
  /// identical cells each row stands for.
  Result forward(const torch::Tensor& cells /* [N, F] */, const std::vector<std::int64_t>& starts,
                 const torch::Tensor& copies = {});

 private:
  torch::Tensor cluster_weights_, cluster_weights2_, hidden1_weights_, gating_weights_;
  std::shared_ptr<BatchNorm> assignment_norm_, gating_norm_;
};

/// Makes one descriptor of a scan's features.
class GlobalHead : public torch::nn::Module {
 public:
  struct Batch {
    torch::Tensor descriptors;  ///< [B, D]
    torch::Tensor assignment;   ///< [N, K]: how far each token goes to each cluster
    torch::Tensor tokens;       ///< [B, H, W] int64: the token of each cell
  };
  virtual Batch describe_all(const SparseMap& scans) = 0;

  struct Result {
    torch::Tensor descriptor;  ///< [D]
    torch::Tensor assignment;  ///< [H, W, K]: to which cluster each cell goes
  };
  Result describe(const SparseMap& scan /* one scan */);

  virtual double multiply_adds() const = 0;  ///< as published: on all cells of the grid
};

/// "v1": two dense 3 x 3 convolutions over all cells, empty ones included, then NetVLAD. arXiv 2303.06881v1.
class ConvolutionalHead : public GlobalHead {
 public:
  explicit ConvolutionalHead(const Widths& widths = {});
  Batch describe_all(const SparseMap& scans) override;
  double multiply_adds() const override;

 private:
  Widths widths_;
  std::shared_ptr<SubmanifoldConv> first_, second_;
  std::shared_ptr<NetVlad> vlad_;
  std::shared_ptr<const ActiveSet> all_cells_;  ///< of the batch and grid that were seen last
};

/// "v2", CFPR: attention among all cells, then NetVLAD. arXiv 2303.06881v3. Empty cells are tokens too, all alike: one
/// row stands for all of them.
class AttentionHead : public GlobalHead {
 public:
  explicit AttentionHead(const Widths& widths = {});
  Batch describe_all(const SparseMap& scans) override;
  double multiply_adds() const override;

 private:
  Widths widths_;
  std::shared_ptr<FeatureFuse> attention_;
  std::shared_ptr<NetVlad> vlad_;
};

}  // namespace relocus
