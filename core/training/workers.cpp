#include "core/training/workers.h"

#include <unistd.h>

#include <cstring>
#include <exception>

#include "core/error.h"

#ifdef RELOCUS_HAS_GLOO
#ifndef USE_C10D_GLOO  // CMake's target of some releases says so
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#if RELOCUS_HAS_NCCL
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace relocus {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using Store = c10::intrusive_ptr<c10d::TCPStore>;

constexpr std::size_t kBucketBytes = 25u << 20;  // of tensors that travel together
constexpr Milliseconds kBeat = 250ms;
constexpr Milliseconds kShortSilence = 8 * kBeat;  // enough for a loss when somebody's connection broke
constexpr Milliseconds kFarewell = 5s;             // for the others to finish, too
constexpr Milliseconds kAlways = std::chrono::hours(24 * 7);
constexpr const char* kLost = "lost";

Milliseconds milliseconds(double seconds) { return Milliseconds(std::int64_t(seconds * 1e3)); }

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string get(const Store& store, const std::string& key) {
  const std::vector<std::uint8_t> bytes = store->get(key);
  return {bytes.begin(), bytes.end()};
}

std::string own_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}, process {}", host, ::getpid());
}

/// The first line of what LibTorch says, without the C++ places behind it.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

Store open_store(const WorkerPlace& place, bool serve, double wait) {
  c10d::TCPStoreOptions options;
  options.port = std::uint16_t(place.port);
  options.isServer = serve;
  options.numWorkers = std::size_t(place.count);
  options.waitWorkers = false;
  options.timeout = milliseconds(wait);
  try {
    return c10::make_intrusive<c10d::TCPStore>(place.address, options);
  } catch (const std::exception& error) {
    if (serve)
      throw Error("rank 0 of {} cannot listen at port {}: {}. Set MASTER_PORT to a free one for all workers",
                  place.count, place.port, first_line(error));
    throw Error(
        "rank {} of {} does not reach rank 0 at {}:{} within {:.0f} s: {}. Start all {} workers, with the "
        "MASTER_ADDR and MASTER_PORT of rank 0's machine",
        place.rank, place.count, place.address, place.port, wait, first_line(error), place.count);
  }
}

/// Signs of life. Each worker counts up a number of its own that rank 0 keeps; rank 0 sees whose stands still and
/// writes down who is lost first, for all to read. It has connections and a thread of its own: long work is no loss.
class Pulse {
 public:
  Pulse(WorkerPlace place, const WorkerOptions& options, std::vector<std::string> names)
      : place_(std::move(place)),
        silence_(milliseconds(options.silence)),
        names_(std::move(names)),
        store_(open_store(place_, false, options.join)),
        beats_(std::size_t(place_.count), {0, Clock::now()}),
        heard_(Clock::now()),
        thread_([this](std::stop_token stop) { run(stop); }) {}

  /// Who is lost and why, as a sentence; empty while all live.
  std::string loss() const {
    const std::lock_guard lock(mutex_);
    if (!loss_.empty()) return loss_;
    if (Clock::now() - heard_ > silence_ + kShortSilence) return sentence(0, "nothing is heard of it");
    return {};
  }

  /// After a broken connection: who it was. Waits a little for rank 0 to find out.
  std::string loss_after(const std::string& problem) {
    suspicion_ = true;
    for (const auto until = Clock::now() + 2 * kShortSilence; Clock::now() < until; std::this_thread::sleep_for(20ms)) {
      if (const std::string found = loss(); !found.empty()) return found;
    }
    return fmt::format("the connection to another worker broke ({})", problem);
  }

  /// This one ends with an error.
  void give_up() {
    leaving_ = true;
    std::this_thread::sleep_for(2 * kBeat);
  }

 private:
  struct Beat {
    std::int64_t count;
    Clock::time_point changed;
  };

  std::string sentence(int rank, const std::string& what) const {
    return fmt::format("rank {} of {} ({}) is lost: {}", rank, place_.count, names_[std::size_t(rank)], what);
  }

  void tell(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (loss_.empty()) loss_ = what;
  }

  void run(const std::stop_token& stop) {
    try {
      while (!stop.stop_requested()) {
        beat();
        std::this_thread::sleep_for(kBeat);
      }
    } catch (const std::exception&) {  // the store is gone, and who kept it
      if (!stop.stop_requested()) tell(sentence(0, "its connection broke"));
    }
  }

  void beat() {
    store_->add(fmt::format("beat/{}", place_.rank), 1);
    if (leaving_.exchange(false)) propose(sentence(place_.rank, "it ended with an error, which it tells itself"));
    if (suspicion_) store_->set("suspicion", std::vector<std::uint8_t>{1});
    if (place_.rank == 0) watch();
    if (store_->check({kLost})) tell(get(store_, kLost));
    const std::lock_guard lock(mutex_);
    heard_ = Clock::now();
  }

  void watch() {
    const bool suspicion = store_->check({"suspicion"});
    for (int rank = 1; rank < place_.count; ++rank) {
      Beat& last = beats_[std::size_t(rank)];
      const std::int64_t count = store_->add(fmt::format("beat/{}", rank), 0);
      if (count != last.count) last = {count, Clock::now()};
      const auto silent = Clock::now() - last.changed;
      const bool too_long = silent > (suspicion ? std::min(kShortSilence, silence_) : silence_);
      if (too_long && !store_->check({fmt::format("signed/{}", rank)})) {
        const double seconds = std::chrono::duration<double>(silent).count();
        propose(sentence(rank, fmt::format("nothing was heard of it for {:.0f} s", seconds)));
      }
    }
  }

  /// The first loss is the one that counts; who ends because of it is no other.
  void propose(const std::string& what) { store_->compareSet(kLost, {}, bytes_of(what)); }

  const WorkerPlace place_;
  const Milliseconds silence_;
  const std::vector<std::string> names_;
  Store store_;
  std::vector<Beat> beats_;
  std::atomic<bool> suspicion_ = false, leaving_ = false;
  mutable std::mutex mutex_;  ///< guards what follows
  std::string loss_;
  Clock::time_point heard_;
  std::jthread thread_;
};

/// Of a task that another thread finishes, whether or not anybody still waits.
struct Ticket {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::string problem;

  void finish(const std::string& with = {}) {
    const std::lock_guard lock(mutex);
    done = true;
    problem = with;
    changed.notify_all();
  }
};

/// Tells all, then waits for all to tell: nobody leaves while another still needs it.
std::vector<std::string> meet(const Store& store, const WorkerPlace& place, double wait) {
  const auto key = [](int rank) { return fmt::format("name/{}", rank); };
  std::vector<std::string> keys, names;
  for (int rank = 0; rank < place.count; ++rank) keys.push_back(key(rank));
  try {
    store->set(key(place.rank), bytes_of(own_name()));
    store->wait(keys, milliseconds(wait));
    for (const std::string& each : keys) names.push_back(get(store, each));
    return names;
  } catch (const std::exception&) {
    std::vector<int> missing;
    try {
      for (int rank = 0; rank < place.count; ++rank) {
        if (!store->check({key(rank)})) missing.push_back(rank);
      }
    } catch (const std::exception&) {
      missing = {0};
    }
    throw Error(
        "of {} workers rank {} did not appear within {:.0f} s: start all of them, with the same MASTER_ADDR "
        "and MASTER_PORT",
        place.count, fmt::join(missing, ", "), wait);
  }
}

std::shared_ptr<::gloo::transport::Device> network_device(const WorkerPlace& place) {
  using Gloo = c10d::ProcessGroupGloo;
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME"); interface && *interface)
    return Gloo::createDeviceForInterface(interface);
  if (place.local_count == place.count) return Gloo::createDeviceForHostname("127.0.0.1");
  return Gloo::createDefaultDevice();
}

}  // namespace

struct Workers::Impl {
  WorkerPlace place;
  Store store;
  std::unique_ptr<Pulse> pulse;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
#if RELOCUS_HAS_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
  int exceptions = std::uncaught_exceptions();
  bool failed = false;

  Impl(const WorkerPlace& where, const WorkerOptions& options)
      : place(where), store(open_store(where, where.rank == 0, options.join)) {
    pulse = std::make_unique<Pulse>(place, options, meet(store, place, options.join));
    connect(options);
  }

  /// What hangs on a lost worker stays where it is until the program ends.
  ~Impl() {
    if (!failed && std::uncaught_exceptions() > exceptions) {
      pulse->give_up();
      failed = true;
    }
    if (failed) {
      if (place.rank == 0) std::this_thread::sleep_for(4 * kBeat);  // the others ask it who was lost
      static_cast<void>(pulse.release());
      static_cast<void>(gloo.release());
      static_cast<void>(store.release());
      return;
    }
    const auto until = Clock::now() + kFarewell;
    sign_off();
    wait_for("finished", until);
    pulse.reset();
    gloo.reset();
    wait_for("gone", until);
  }

  /// Whose work is done is not missed.
  void sign_off() {
    try {
      store->set(fmt::format("signed/{}", place.rank), std::vector<std::uint8_t>{1});
    } catch (const std::exception&) {
    }
  }

  /// Until all say so; never an error: who is not there any more has no need of us.
  void wait_for(const std::string& key, Clock::time_point until) {
    try {
      store->add(key, 1);
      const bool all_wait = key == "finished" || place.rank == 0;
      while (all_wait && store->add(key, 0) < place.count && Clock::now() < until && (!pulse || pulse->loss().empty()))
        std::this_thread::sleep_for(5ms);
    } catch (const std::exception&) {
    }
  }

  /// The connections are made by another thread, so that a loss meanwhile is seen.
  void connect(const WorkerOptions& options) {
    const auto ticket = std::make_shared<Ticket>();
    const auto made = std::make_shared<c10::intrusive_ptr<c10d::ProcessGroupGloo>>();
    const auto settings = c10d::ProcessGroupGloo::Options::create(kAlways);
    settings->devices.push_back(network_device(place));
    settings->threads = 2;
    std::thread([=, where = place,
                 prefixed = c10::make_intrusive<c10d::PrefixStore>("gloo", open_store(place, false, options.join))] {
      try {
        *made = c10::make_intrusive<c10d::ProcessGroupGloo>(prefixed, where.rank, where.count, settings);
        ticket->finish();
      } catch (const std::exception& error) {
        ticket->finish(first_line(error));
      }
    }).detach();
    wait(*ticket);
    gloo = *made;
#if RELOCUS_HAS_NCCL
    nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::make_intrusive<c10d::PrefixStore>("nccl", store),
                                                       place.rank, place.count);
#endif
  }

  [[noreturn]] void fail(const std::string& loss) {
    failed = true;
    throw Error("{}. All workers end; start all {} of them again with the same command: what is on disk is kept", loss,
                place.count);
  }

  void wait(Ticket& ticket) {
    std::unique_lock lock(ticket.mutex);
    while (!ticket.changed.wait_for(lock, kBeat / 2, [&] { return ticket.done; })) {
      if (const std::string loss = pulse->loss(); !loss.empty()) fail(loss);
    }
    if (!ticket.problem.empty()) fail(pulse->loss_after(ticket.problem));
  }

  void wait(const c10::intrusive_ptr<c10d::Work>& work) {
    const auto ticket = std::make_shared<Ticket>();
    work->getFuture()->addCallback([ticket](c10::ivalue::Future& future) {
      ticket->finish(future.hasError() ? future.tryRetrieveErrorMessage() : std::string());
    });
    wait(*ticket);
  }

  /// One exchange of a flat tensor, where it is or by way of the processor.
  template <class Exchange>
  void exchange(torch::Tensor& flat, const Exchange& call) {
    if (const std::string loss = pulse->loss(); !loss.empty()) fail(loss);
    try {
#if RELOCUS_HAS_NCCL
      if (flat.is_cuda()) {
        std::vector<torch::Tensor> tensors{flat};
        const auto work = call(*nccl, tensors);
        while (!work->isCompleted()) {
          if (const std::string loss = pulse->loss(); !loss.empty()) fail(loss);
          std::this_thread::sleep_for(200us);
        }
        work->synchronize();
        return;
      }
#endif
      std::vector<torch::Tensor> tensors{flat.to(torch::kCPU)};
      wait(call(*gloo, tensors));
      if (!flat.is_cpu()) flat.copy_(tensors.front());
    } catch (const c10::Error& error) {
      fail(pulse->loss_after(first_line(error)));
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail(pulse->loss_after(first_line(error)));
    }
  }

  void sum(torch::Tensor& flat) {
    exchange(flat, [](auto& group, std::vector<torch::Tensor>& tensors) { return group.allreduce(tensors); });
  }
  void copy_of_first(torch::Tensor& flat) {
    exchange(flat, [](auto& group, std::vector<torch::Tensor>& tensors) { return group.broadcast(tensors); });
  }

  /// Joins tensors of one type and device to flat ones of about kBucketBytes, exchanges these, and copies back.
  template <class Exchange>
  void in_buckets(const std::vector<torch::Tensor>& tensors, const Exchange& call) {
    const torch::NoGradGuard no_gradients;
    std::map<std::pair<int, std::string>, std::vector<torch::Tensor>> kinds;
    for (const torch::Tensor& tensor : tensors) {
      if (!tensor.defined()) throw Error("a tensor that the workers should exchange was never computed");
      if (tensor.numel() > 0) kinds[{int(tensor.scalar_type()), tensor.device().str()}].push_back(tensor);
    }
    for (const auto& [kind, members] : kinds) {
      for (std::size_t first = 0, last = 0; first < members.size(); first = last) {
        std::size_t bytes = 0;
        std::vector<torch::Tensor> parts;
        for (; last < members.size() && (parts.empty() || bytes < kBucketBytes); ++last) {
          bytes += members[last].nbytes();
          parts.push_back(members[last].detach().reshape({-1}));
        }
        torch::Tensor flat = torch::cat(parts);
        call(flat);
        std::int64_t at = 0;
        for (std::size_t i = first; i < last; ++i) {
          const torch::Tensor target = members[i].detach();
          target.copy_(flat.narrow(0, at, target.numel()).view(target.sizes()));
          at += target.numel();
        }
      }
    }
  }

  std::vector<std::string> gather(const std::string& own) {
    torch::Tensor sizes = torch::zeros({place.count}, torch::kInt64);
    sizes[place.rank] = std::int64_t(own.size());
    sum(sizes);
    const auto longest = std::max<std::int64_t>(sizes.max().item<std::int64_t>(), 1);
    torch::Tensor texts = torch::zeros({place.count, longest}, torch::kUInt8);
    auto* const letters = texts.data_ptr<std::uint8_t>();
    if (!own.empty()) std::memcpy(letters + place.rank * longest, own.data(), own.size());
    sum(texts);
    std::vector<std::string> all;
    for (int rank = 0; rank < place.count; ++rank) {
      const auto* const begin = reinterpret_cast<const char*>(letters + rank * longest);
      all.emplace_back(begin, std::size_t(sizes[rank].item<std::int64_t>()));
    }
    return all;
  }
};

}  // namespace relocus

#else  // this LibTorch brings no c10d with Gloo

namespace relocus {

struct Workers::Impl {
  Impl(const WorkerPlace& place, const WorkerOptions&) {
    throw Error(
        "{} say that this is one of {} processes, but this LibTorch was built without c10d or Gloo, by which "
        "they would meet: run one process, or build Relocus with a LibTorch that has them",
        place.told_by, place.count);
  }
  std::vector<std::string> gather(const std::string& own) { return {own}; }
  template <class Exchange>
  void in_buckets(const std::vector<torch::Tensor>&, const Exchange&) {}
  void sum(torch::Tensor&) {}
  void copy_of_first(torch::Tensor&) {}
  struct {
    std::string loss() const { return {}; }
  } const own, * const pulse = &own;
  void fail(const std::string&) {}
};

}  // namespace relocus

#endif

namespace relocus {
namespace {

std::string shapes_of(const std::vector<torch::Tensor>& tensors) {
  std::string text;
  for (const torch::Tensor& tensor : tensors)
    text += fmt::format("{} [{}]; ", c10::toString(tensor.scalar_type()), fmt::join(tensor.sizes().vec(), ", "));
  return text;
}

}  // namespace

Workers Workers::from_environment(const WorkerOptions& options) { return Workers(worker_place(), options); }

Workers::Workers(const WorkerPlace& place, const WorkerOptions& options) : place_(place) {
  if (place_.count > 1) impl_ = std::make_unique<Impl>(place_, options);
}

Workers::Workers(Workers&&) noexcept = default;
Workers::~Workers() = default;

const WorkerPlace& Workers::place() const { return place_; }

void Workers::barrier() { gather({}); }

std::vector<std::string> Workers::gather(const std::string& own) {
  return impl_ ? impl_->gather(own) : std::vector<std::string>{own};
}

void Workers::check() const {
  if (!impl_) return;
  if (const std::string loss = impl_->pulse->loss(); !loss.empty()) impl_->fail(loss);
}

void Workers::add_up(const std::vector<torch::Tensor>& tensors) {
  if (impl_) impl_->in_buckets(tensors, [this](torch::Tensor& flat) { impl_->sum(flat); });
}

void Workers::broadcast(const std::vector<torch::Tensor>& tensors) {
  if (!impl_) return;
  const std::vector<std::string> shapes = gather(shapes_of(tensors));
  for (std::size_t rank = 1; rank < shapes.size(); ++rank) {
    if (shapes[rank] != shapes[0])
      throw Error("rank {} of {} works on another network than rank 0: start all with the same options", rank, count());
  }
  impl_->in_buckets(tensors, [this](torch::Tensor& flat) { impl_->copy_of_first(flat); });
}

std::vector<double> Workers::gather_numbers(double own) {
  std::string bytes(sizeof own, '\0');
  std::memcpy(bytes.data(), &own, sizeof own);
  std::vector<double> numbers;
  for (const std::string& each : gather(bytes)) {
    double number = 0;
    std::memcpy(&number, each.data(), sizeof number);
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace relocus
