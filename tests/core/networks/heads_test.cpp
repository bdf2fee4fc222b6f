// What the heads promise beyond numbers: inventories, symmetry, order, few cells.

#include "core/networks/bev_backbone.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr Widths narrow{.height_layers = 16, .base = 64, .features = 32, .overlap = 16, .clusters = 4, .descriptor = 8};

/// One scan of `size` active cells on the coarse grid, in row-major order.
SparseMap scan(int size, int channels = narrow.features) {
  torch::Tensor cells = torch::zeros({size, 3}, torch::kLong);
  const torch::Tensor places = std::get<0>(torch::randperm(32 * 32).slice(0, 0, size).sort());
  cells.select(1, 1).copy_(torch::div(places, 32, "floor"));
  cells.select(1, 2).copy_(places % 32);
  return {torch::randn({size, channels}), std::make_shared<ActiveSet>(cells, 1, 32, 32)};
}

OverlapHead::Overlap compare(OverlapHead& head, const SparseMap& a, const SparseMap& b) {
  const OverlapHead::Prepared first = head.prepare(a), second = head.prepare(b);
  const OverlapHead::Prepared* const candidates[] = {&second};
  return head.compare(first, candidates).at(0);
}

template <class Network>
void check_inventory(std::size_t entries, std::int64_t scalars, std::int64_t buffers = -1) {
  const Network network;
  std::int64_t parameters = 0, others = 0;
  for (const auto& parameter : network.parameters()) parameters += parameter.numel();
  for (const auto& buffer : network.buffers()) others += buffer.numel();
  QCOMPARE(state_of(network, "").size(), entries);
  QCOMPARE(parameters, scalars);
  if (buffers >= 0) QCOMPARE(others, buffers);
}

}  // namespace

class HeadsTest : public QObject {
  Q_OBJECT
  torch::NoGradGuard no_gradient_;

 private Q_SLOTS:
  void init() { torch::manual_seed(3); }

  void inventories_are_the_published_ones() {
    check_inventory<BevBackbone>(170, 1758272, 4504);
    check_inventory<OverlapHead>(21, 3807745);
    check_inventory<ConvolutionalHead>(23, 22582336);
    check_inventory<AttentionHead>(31, 20487744);
  }

  void overlap_is_symmetric() {
    OverlapHead head(narrow);
    const SparseMap a = scan(90), b = scan(120);
    const OverlapHead::Overlap forward = compare(head, a, b), backward = compare(head, b, a);
    QVERIFY(std::abs(forward.score - backward.score) < 1e-5);
    QVERIFY((forward.query - backward.candidate).abs().max().item<double>() < 1e-4);
    QVERIFY(forward.score > 0 && forward.score < 1);
  }

  void overlap_does_not_depend_on_the_order_of_cells() {
    OverlapHead head(narrow);
    const SparseMap a = scan(90), b = scan(120);
    const torch::Tensor order = torch::randperm(90);
    const SparseMap shuffled{a.features.index_select(0, order),
                             std::make_shared<ActiveSet>(a.cells->cells().index_select(0, order), 1, 32, 32)};
    const OverlapHead::Overlap first = compare(head, a, b), second = compare(head, shuffled, b);
    QVERIFY(std::abs(first.score - second.score) < 1e-5);
    QVERIFY((first.query.index_select(0, order) - second.query).abs().max().item<double>() < 1e-4);
  }

  void a_candidate_does_not_depend_on_the_others() {
    OverlapHead head(narrow);
    const OverlapHead::Prepared query = head.prepare(scan(80)), a = head.prepare(scan(70)), b = head.prepare(scan(33));
    const OverlapHead::Prepared* const both[] = {&a, &b};
    const OverlapHead::Prepared* const one[] = {&b};
    QCOMPARE(head.compare(query, both).at(1).score, head.compare(query, one).at(0).score);
  }

  void nothing_overlaps_with_an_empty_scan_and_one_cell_is_enough() {
    OverlapHead head(narrow);
    const SparseMap none = scan(0), one = scan(1), many = scan(50);
    QCOMPARE(compare(head, none, many).score, 0.f);
    QCOMPARE(compare(head, many, none).score, 0.f);
    QCOMPARE(compare(head, none, none).score, 0.f);
    const float lonely = compare(head, one, many).score;
    QVERIFY(lonely > 0 && lonely < 1);
    const float least = compare(head, one, one).score;
    QVERIFY(least > 0 && least < 1);
  }

  void pooled_statistics_would_mix_candidates() {
    OverlapHead head(narrow);
    const OverlapHead::Prepared query = head.prepare(scan(8));
    const OverlapHead::Prepared* const candidates[] = {&query};
    QVERIFY(test::error_of([&] { head.compare(query, candidates, Statistics::Pooled); }).find("per pair") !=
            std::string::npos);
  }

  void one_token_for_all_empty_cells_equals_one_for_each() {
    // With every cell active, none is merged: zero features must give what empty cells give.
    AttentionHead head(narrow);
    head.eval();
    const SparseMap sparse = scan(300);
    const torch::Tensor dense = sparse.cells->dense(sparse.features).view({narrow.features, -1}).t().contiguous();
    const torch::Tensor all = torch::ones({1, 32, 32}).nonzero();
    const SparseMap full{dense, std::make_shared<ActiveSet>(all, 1, 32, 32)};
    const GlobalHead::Result merged = head.describe(sparse), single = head.describe(full);
    QVERIFY((merged.descriptor - single.descriptor).abs().max().item<double>() < 1e-4);
    QVERIFY((merged.assignment - single.assignment).abs().max().item<double>() < 1e-4);
    QVERIFY((merged.assignment.sum(2) - 1).abs().max().item<double>() < 1e-5);
  }

  void both_heads_describe_an_empty_scan() {
    ConvolutionalHead v1(narrow);
    AttentionHead v2(narrow);
    v1.eval(), v2.eval();
    for (GlobalHead* head : {static_cast<GlobalHead*>(&v1), static_cast<GlobalHead*>(&v2)}) {
      const torch::Tensor descriptor = head->describe(scan(0)).descriptor;
      QCOMPARE(descriptor.numel(), std::int64_t(narrow.descriptor));
      QVERIFY(torch::isfinite(descriptor).all().item<bool>());
    }
  }

  void the_attention_of_a_cell_is_the_softmax_of_its_products() {
    FeatureFuse fuse(32);
    const auto parameters = fuse.named_parameters();
    const auto projected = [&](const char* name, const torch::Tensor& tokens) {
      const std::string prefix = std::string("mutihead_attention.attn.proj.") + name;
      return torch::addmm(parameters[prefix + ".bias"], tokens, parameters[prefix + ".weight"].squeeze(2).t());
    };
    const torch::Tensor x = torch::randn({12, 32}), y = torch::randn({9, 32});
    const torch::Tensor logits = torch::mm(projected("0", x), projected("1", y).t()) / std::sqrt(32.);
    const torch::Tensor wanted = torch::softmax(logits, 1);  // [12, 9]
    for (const bool with_gradients : {false, true}) {        // two ways of computing
      const torch::AutoGradMode gradients(with_gradients);
      const auto a = fuse.project(x), b = fuse.project(y);
      for (std::int64_t token = 0; token < 12; ++token) {
        const torch::Tensor attention = fuse.attention(a, token, b);
        QCOMPARE(attention.numel(), std::int64_t(9));
        QVERIFY(std::abs(attention.sum().item<double>() - 1) < 1e-5);
        QVERIFY((attention - wanted[token]).abs().max().item<double>() < 1e-5);
      }
    }
  }

  void attention_learns_through_its_fused_matrices() {
    const torch::AutoGradMode gradients(true);
    FeatureFuse fuse(16);
    const torch::Tensor x = torch::randn({12, 16}), y = torch::randn({9, 16});
    const auto a = fuse.project(x), b = fuse.project(y);
    fuse.update(x, instance_norm_relu(fuse.hidden(a, b), {0, 12})).square().sum().backward();
    for (const auto& item : fuse.named_parameters()) QVERIFY2(item.value().grad().defined(), item.key().c_str());
  }
};

QTEST_APPLESS_MAIN(HeadsTest)
#include "heads_test.moc"
