#pragma once

#include <chrono>
#include <string>
#include <vector>

// The names of Gloo that the headers of LibTorch's c10d mention, for where LibTorch brings Gloo but not its headers
// (CMake makes the files of their names, which include this one). Only LibTorch itself makes and uses such objects.
namespace gloo {

class Context;

namespace transport {
class Device;
class UnboundBuffer {
 public:
  virtual ~UnboundBuffer();
};
}  // namespace transport

namespace rendezvous {
class Store {
 public:
  static constexpr std::chrono::milliseconds kDefaultTimeout = std::chrono::seconds(30);
  virtual ~Store();
  virtual void set(const std::string& key, const std::vector<char>& data) = 0;
  virtual std::vector<char> get(const std::string& key) = 0;
  virtual void wait(const std::vector<std::string>& keys) = 0;
  virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};
}  // namespace rendezvous

}  // namespace gloo
