#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "core/ground_truth.h"
#include "core/image.h"
#include "core/progress.h"
#include "core/simulator/random.h"
#include "core/types.h"

namespace relocus {

/// Sequences of images to learn from. Throws, naming it, when one cannot be opened, has no images, or neither poses nor
/// another ground truth.
std::vector<Sequence> open_image_sequences(const std::vector<std::filesystem::path>& folders);

/// Decoded pictures of sequences, each read but once as far as they fit into memory. May be asked by several threads.
class PictureStore {
 public:
  PictureStore(std::vector<Sequence> sequences, double gigabytes);

  const std::vector<Sequence>& sequences() const { return sequences_; }
  std::shared_ptr<const Picture> picture(int sequence, FrameId frame) const;

 private:
  std::vector<Sequence> sequences_;
  double bytes_left_;
  mutable double bytes_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::vector<std::shared_ptr<const Picture>>> kept_;
};

/// An image among those of all sequences.
struct ImageFrame {
  int sequence = 0;
  FrameId frame = 0;
};

/// Who asks, and who answers, of sequences that have a database of their own.
enum class ImageRoles {
  Alike,     ///< all images do both
  Apart,     ///< queries ask, the database answers
  Database,  ///< the database alone, which does both
};

struct ImagePlaceOptions {
  double positive_radius = 10;  ///< [m] in the plane, the border included; 0: as the data set says
  double positive_turn = 30;    ///< [deg]; of images without headings 180
  double negative_radius = 25;  ///< [m]; 0: whatever is not right is another place
  ImageRoles roles = ImageRoles::Alike;
};

/// All images of some sequences in a row, and which of them show the same place.
class ImagePlaces {
 public:
  /// Throws when none has another one of the same place, or when all may show the same.
  ImagePlaces(const std::vector<Sequence>& sequences, const ImagePlaceOptions& options);

  int size() const { return int(frames_.size()); }
  const ImageFrame& frame(int number) const { return frames_[std::size_t(number)]; }
  const std::vector<int>& positives(int number) const { return positives_[std::size_t(number)]; }  ///< other images
  /// Of those the ones of another visit.
  const std::vector<int>& revisits(int number) const { return revisits_[std::size_t(number)]; }
  const std::vector<int>& of_sequence(int sequence) const { return of_sequence_[std::size_t(sequence)]; }
  const std::vector<int>& revisited(int sequence) const { return revisited_[std::size_t(sequence)]; }
  const std::vector<int>& queries() const { return queries_; }  ///< that ask and have positives
  const std::vector<int>& answers() const { return answers_; }  ///< that may answer
  int num_sequences() const { return int(of_sequence_.size()); }
  /// They may show the same place: no farther than `negative_radius` in one sequence.
  bool may_be_same(int a, int b) const;
  std::string name(int number) const;  ///< "401/12"

 private:
  bool is_right(std::size_t sequence, FrameId a, FrameId b) const;

  ImagePlaceOptions options_;
  std::vector<std::string> names_;
  std::vector<KnownTruth> truths_;
  std::vector<Trajectory> trajectories_;
  std::vector<ImageFrame> frames_;
  std::vector<std::vector<int>> positives_, revisits_, of_sequence_, revisited_;
  std::vector<int> queries_, answers_;
};

/// A place in two views.
struct ImagePair {
  int first = 0, second = 0;  ///< numbers among the places; the same: two views of one picture
};

/// `count` places, about four of a sequence, as far apart as `may_be_same` wants if it can be; of each an image and
/// another one of the same place, rather of another visit; a share of them twice the same.
std::vector<ImagePair> draw_pairs(const ImagePlaces& places, int count, double twin_share, Random& random);

}  // namespace relocus
