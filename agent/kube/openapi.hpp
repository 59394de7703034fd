#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kube/status_error.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// One field, or the items of a list or map, as a server's schema describes them.
struct SchemaNode {
  enum class List : std::uint8_t { none, atomic, set, keyed };
  static constexpr std::uint32_t nowhere = 0xFFFF'FFFF;

  std::vector<std::pair<std::string, std::uint32_t>> fields;  ///< by name
  std::uint32_t items = nowhere;                              ///< of a list, or of a map with any keys
  std::uint32_t same_as = nowhere;                            ///< described there
  List list = List::none;
  std::vector<std::string> keys;  ///< x-kubernetes-list-map-keys
  std::string default_json;       ///< empty: none
};

/// What the schema of one group and version says about lists and defaults; everything else is left out. Immutable.
class SchemaDocument {
 public:
  /// From the OpenAPI v3 document of `/openapi/v3/…`. At most 200,000 fields.
  [[nodiscard]] static Result<std::shared_ptr<const SchemaDocument>> parse(std::string_view json);

  /// The node of a kind; nullptr when it is not described.
  [[nodiscard]] const SchemaNode* kind(std::string_view group, std::string_view version, std::string_view kind) const;
  /// What a node says of a key, or of its items; nullptr when nothing is known. Either may be nullptr in.
  [[nodiscard]] const SchemaNode* field(const SchemaNode* node, std::string_view key) const;
  [[nodiscard]] const SchemaNode* items(const SchemaNode* node) const;
  /// The node that `node` stands for.
  [[nodiscard]] const SchemaNode* resolved(const SchemaNode* node) const;
  /// About what it takes in memory.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  class Reader;
  std::vector<SchemaNode> nodes_;
  std::vector<std::pair<std::string, std::uint32_t>> kinds_;  ///< `group/version/Kind`
  std::size_t bytes_ = 0;
};

/// The schemas of a server, fetched when they are asked for and kept: four of them in memory, all of them in
/// `cache_directory` (empty: nowhere) by the hash that the server gives them. Thread-safe: one thread asks.
class OpenApi {
 public:
  /// Gives the body of a document.
  using Fetch = std::function<KubeResult<std::string>(const std::string& path, const Interrupt& interrupt)>;
  OpenApi(Fetch fetch, std::string server, std::string cache_directory);
  ~OpenApi();
  OpenApi(const OpenApi&) = delete;
  OpenApi& operator=(const OpenApi&) = delete;

  /// The schema of a group and version; null when it cannot be had now: then less is known, and that is all. A failure is
  /// remembered for a minute.
  [[nodiscard]] std::shared_ptr<const SchemaDocument> find(std::string_view group, std::string_view version, Clock& clock,
                                                           const Interrupt& interrupt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
