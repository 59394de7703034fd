#include "agent/kube/openapi.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>

#include "base/crypto/digest.hpp"
#include "base/files/private_directory.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_in_memory = 4;
constexpr std::size_t max_on_disk = 64;
constexpr Millis failure_kept{60'000};
/// A definition that is changed shows in the index a second later; it is asked again after so long.
constexpr Millis index_kept{60'000};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

struct OpenApi::State {
  Fetch fetch;
  std::string server;
  std::string directory;
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> paths;  ///< `apis/apps/v1` to its path with the hash
  Millis paths_until{-1};
  Millis failed_until{-1};
  struct Kept {
    std::string path;
    std::shared_ptr<const SchemaDocument> document;  ///< null: no such one can be had
  };
  std::deque<Kept> kept;  ///< the one asked for last in front

  bool read_index(const Interrupt& interrupt);
  std::shared_ptr<const SchemaDocument> load(const std::string& path, const Interrupt& interrupt);
  [[nodiscard]] std::string file_of(const std::string& path) const {
    return directory + '/' + sha256_hex(server + '\n' + path).substr(0, 32) + ".json";
  }
  void store(const std::string& file, const std::string& body) const;
};

bool OpenApi::State::read_index(const Interrupt& interrupt) {
  const auto answer = fetch("/openapi/v3", interrupt);
  const auto index = answer.ok() ? parse_json(*answer) : Result<Value>(Value());
  const Value* listed = index.ok() ? index->find("paths") : nullptr;
  if (listed == nullptr) return false;
  paths.clear();
  for (const auto& path : listed->as_map()) {
    const auto url = path.value.string_at({"serverRelativeURL"});
    if (url.starts_with("/openapi/v3/")) paths.emplace(path.key.view(), url);
  }
  return true;
}

/// A file is complete or not there. What cannot be kept is fetched again.
void OpenApi::State::store(const std::string& file, const std::string& body) const {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::ignore = make_private_directory(directory);
  std::vector<std::pair<fs::file_time_type, fs::path>> old;
  for (fs::directory_iterator at(directory, failed); !failed && at != fs::directory_iterator(); at.increment(failed)) {
    old.emplace_back(at->last_write_time(failed), at->path());
  }
  std::ranges::sort(old);
  for (std::size_t i = 0; i + max_on_disk <= old.size(); ++i) fs::remove(old[i].second, failed);
  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << body;
  out.close();
  if (out.good()) {
    fs::rename(part, file, failed);
  } else {
    fs::remove(part, failed);
  }
}

std::shared_ptr<const SchemaDocument> OpenApi::State::load(const std::string& path, const Interrupt& interrupt) {
  const std::string file = directory.empty() ? std::string() : file_of(path);
  if (!file.empty()) {
    if (auto document = SchemaDocument::parse(read_file(file)); document.ok()) return *std::move(document);
  }
  const auto body = fetch(path, interrupt);
  if (!body.ok()) return nullptr;
  auto document = SchemaDocument::parse(*body);
  if (!document.ok()) return nullptr;
  if (!file.empty()) store(file, *body);
  return *std::move(document);
}

OpenApi::OpenApi(Fetch fetch, std::string server, std::string cache_directory) : state_(std::make_unique<State>()) {
  state_->fetch = std::move(fetch);
  state_->server = std::move(server);
  state_->directory = std::move(cache_directory);
}
OpenApi::~OpenApi() = default;

std::shared_ptr<const SchemaDocument> OpenApi::find(std::string_view group, std::string_view version, Clock& clock,
                                                    const Interrupt& interrupt) {
  const std::string name =
      group.empty() ? "api/" + std::string(version) : "apis/" + std::string(group) + '/' + std::string(version);
  const std::lock_guard lock(state_->mutex);
  const Millis now = clock.monotonic();
  if (now < state_->failed_until) return nullptr;
  if (now >= state_->paths_until) {
    if (!state_->read_index(interrupt)) {
      state_->failed_until = now + failure_kept;
      return nullptr;
    }
    state_->paths_until = now + index_kept;
  }
  const auto path = state_->paths.find(name);
  if (path == state_->paths.end()) return nullptr;
  auto& kept = state_->kept;
  auto known = std::ranges::find(kept, path->second, &State::Kept::path);
  if (known == kept.end()) {
    State::Kept fresh{path->second, state_->load(path->second, interrupt)};
    if (fresh.document == nullptr) {
      state_->failed_until = now + failure_kept;
      return nullptr;
    }
    kept.push_front(std::move(fresh));
    if (kept.size() > max_in_memory) kept.pop_back();
  } else if (known != kept.begin()) {
    std::rotate(kept.begin(), known, known + 1);
  }
  return kept.front().document;
}

}  // namespace gitopsctl::agent
